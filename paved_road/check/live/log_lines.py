"""Log lines, as a collector of logs reads them: JSON objects or logfmt, one a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

TIMES = (
    "time",
    "timestamp",
    "ts",
    "@timestamp",
    "at",
    "t",
    "date",
    "datetime",
    "asctime",
    "eventTime",
    "@t",
    "timeMillis",
)
LEVELS = (
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "loglevel",
    "severityText",
    "severity_text",
    "@l",
    "priority",
)
MESSAGES = ("message", "msg", "event", "body", "text", "@m", "@mt")

_PAIR = re.compile(r'([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One line that a service wrote."""

    text: str
    form: str
    """json, logfmt or text."""
    fields: Mapping[str, object] = field(default_factory=dict)
    """By their names, the inner ones of objects too, as in `log.level`."""

    @property
    def missing(self) -> list[str]:
        """What every line should have and this one does not: time, level, message."""
        wanted = {"time": TIMES, "level": LEVELS, "message": MESSAGES}
        names = {name.lower() for name, value in self.fields.items() if value not in (None, "")}
        return [what for what, known in wanted.items() if not names & {name.lower() for name in known}]

    @property
    def message(self) -> str:
        """The text of the event."""
        return next((str(self.fields[name]) for name in MESSAGES if name in self.fields), "")

    @property
    def controls(self) -> bool:
        """Whether it has control characters, which can hide or forge what a terminal shows."""
        return _CONTROL.search(self.text) is not None


def log_lines(text: str) -> list[LogLine]:
    """Every line of an output that is not empty."""
    return [_parsed(line) for line in text.split("\n") if line.strip()]


def _parsed(line: str) -> LogLine:
    line = line.removesuffix("\r")
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return LogLine(text=line, form="json", fields=_flat(value))
    pairs = _logfmt(line)
    if pairs is not None:
        return LogLine(text=line, form="logfmt", fields=pairs)
    return LogLine(text=line, form="text")


def _flat(value: Mapping[str, object], prefix: str = "", depth: int = 3) -> dict[str, object]:
    """The fields of an object and of those inside it: Elastic Common Schema writes `{"log": {"level": ...}}`."""
    flat: dict[str, object] = {}
    for name, inner in value.items():
        flat[prefix + name] = inner
        if isinstance(inner, dict) and depth:
            flat |= _flat(inner, f"{prefix}{name}.", depth - 1)
    return flat


def _logfmt(line: str) -> dict[str, object] | None:
    """The pairs of a line that consists of nothing else; None for any other line."""
    pairs: dict[str, object] = {}
    position = 0
    while position < len(line):
        match = _PAIR.match(line, position)
        if match is None:
            return None
        pairs[match[1]] = match[2].strip('"')
        position = match.end()
    return pairs if len(pairs) > 1 else None
