"""TOML of strangers: whatever it is, reading it ends soon and in little memory, with a reason in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.errors import ConfigError
from paved_road.files import toml
from paved_road.service import derived
from paved_road.settings import config
from paved_road.testing import write_files

TRAPS = {
    "a dotted key": b"a." * 30_000 + b"a=1",
    "with spaces": b"a . " * 30_000 + b"a=1",
    "quoted": b"''." * 30_000 + b"a=1",
    "in a heading": b"[" + b"a." * 30_000 + b"a]",
    "in a table": b"x = {" + b"a." * 30_000 + b"a=1}",
    "brackets": b"a=" + b"[" * 100_000,
}


@pytest.mark.parametrize("name", TRAPS)
def test_what_is_nested_too_deep_is_refused(name: str) -> None:
    with pytest.raises(toml.TomlTooLarge, match="nested too deep"):
        toml.load(TRAPS[name])


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"#" * (toml.LIMIT + 1), "larger than 1 MiB"), (b"a = '\xff'", "not UTF-8"), (b"a = [", "at end of document")],
)
def test_the_reason_is_in_plain_words(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        toml.load(data)


@pytest.mark.parametrize("text", ["." * 1000, "see ... " * 100, "a.b.c.d"])
def test_a_text_may_have_dots(text: str) -> None:
    assert toml.load(f'a.b = "{text}"\n'.encode()) == {"a": {"b": text}}


@pytest.mark.parametrize("name", TRAPS)
def test_a_projects_settings_are_read_so(tmp_path: Path, name: str) -> None:
    (tmp_path / ".paved.toml").write_bytes(TRAPS[name])
    with pytest.raises(ConfigError, match=r"cannot read .*\.paved\.toml") as raised:
        config.load_config(directory=tmp_path)
    assert raised.value.cause == "it is nested too deep"


@pytest.mark.parametrize("folder", [".", "above"])
def test_a_project_that_is_to_be_locked_is_read_so(tmp_path: Path, folder: str) -> None:
    service = tmp_path / "above" / "service"
    static = '[project]\nname = "x"\nversion = "1"\n'
    write_files(service, {"pyproject.toml": static})
    trap = service / "pyproject.toml" if folder == "." else tmp_path / "above" / "pyproject.toml"
    trap.write_bytes(TRAPS["a dotted key"])
    assert "nested too deep" in derived.regenerate({"uv.lock": "uv lock --offline"}, service)[1][0]


def test_no_link_above_a_project_is_followed(tmp_path: Path) -> None:
    service = write_files(tmp_path / "above" / "service", {"pyproject.toml": '[project]\nname = "x"\nversion = "1"\n'})
    (service.parent / "pyproject.toml").symlink_to("/dev/zero")
    assert "it is a link" in derived.regenerate({"uv.lock": "uv lock --offline"}, service)[1][0]
