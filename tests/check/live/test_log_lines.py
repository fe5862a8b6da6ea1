"""Lines of logs, in the forms that collectors read."""

from __future__ import annotations

import pytest

from paved_road.check.live.log_lines import log_lines


@pytest.mark.parametrize(
    ("line", "form", "missing"),
    [
        ('{"timestamp": "2026-01-01T00:00:00Z", "level": "info", "event": "request"}', "json", []),
        ('{"level":30,"time":1531171074631,"pid":657,"msg":"hello world"}', "json", []),  # pino
        ('{"@timestamp":"2026","log.level":"INFO","message":"x"}', "json", []),  # Elastic Common Schema
        ('{"@timestamp":"2026","log":{"level":"INFO"},"message":"x"}', "json", []),
        ('{"ts":1.5,"level":"info","msg":""}', "json", ["message"]),
        ('{"msg": "x"}', "json", ["time", "level"]),
        ('time="2026-01-01T00:00:00Z" level=info msg="a \\"b\\""', "logfmt", []),
        ("ts=2026 lvl=eror msg=x err=", "logfmt", []),
        ("INFO:     Uvicorn running on http://127.0.0.1:8000", "text", ["time", "level", "message"]),
        ('127.0.0.1 - - "GET / HTTP/1.1" 200', "text", ["time", "level", "message"]),
        ("[1, 2]", "text", ["time", "level", "message"]),
        ("key=value", "text", ["time", "level", "message"]),
    ],
)
def test_forms(line: str, form: str, missing: list[str]) -> None:
    (found,) = log_lines(f"{line}\n")
    assert (found.form, found.missing) == (form, missing)


def test_empty_lines_are_none_and_other_line_separators_are_text() -> None:
    assert [line.form for line in log_lines('\n{"a": 1}\r\n{"b": "\u2028"}\n')] == ["json", "json"]


def test_control_characters() -> None:
    assert [line.controls for line in log_lines('{"a": "\\u001b"}\n{"a": "\x1b[2K"}\na\tb\na\rb\n')] == [
        False, True, False, True,
    ]  # fmt: skip
