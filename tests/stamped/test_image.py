"""The container image: what hadolint says of it, what goes into it, and who runs in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from paved_road.testing import run
from tests.stamped.delivered import pairs, spelled, stamped
from tests.tools import tool


def hadolint(folder: Path, dockerfile: str) -> str:
    (folder / "Dockerfile").write_text(dockerfile)
    done = run(tool("hadolint"), "--no-color", "Dockerfile", cwd=folder)
    assert (done.returncode == 0) is (done.stdout == "")
    return done.stdout


@pytest.mark.parametrize("answers", [pytest.param(row, id=spelled(row)) for row in pairs()])
def test_hadolint_has_nothing_to_say(tmp_path: Path, answers: dict[str, Any]) -> None:
    assert hadolint(tmp_path, stamped(**answers)["Dockerfile"]) == ""


def test_hadolint_finds_what_it_is_there_for(tmp_path: Path) -> None:
    good = stamped()["Dockerfile"]
    unpinned = good.replace('"uv==${UV}"', "uv").replace('ENTRYPOINT ["orders"]', "ENTRYPOINT orders")
    found = hadolint(tmp_path, unpinned)
    assert "DL3013" in found
    assert "DL3025" in found


def test_the_last_stage_builds_nothing_and_runs_as_a_number() -> None:
    dockerfile = stamped()["Dockerfile"]
    last = dockerfile.rpartition("\nFROM ")[2]
    assert "RUN" not in last
    assert "uv" not in re.findall(r"\w+", last)
    assert re.search(r"^USER \d{5,}:\d{5,}$", last, re.MULTILINE)
    assert "HEALTHCHECK" not in dockerfile.replace("No HEALTHCHECK", "")


def test_a_description_is_not_expanded() -> None:
    dockerfile = stamped(description="It costs $HOME & 'more'")["Dockerfile"]
    assert r"""description="It costs \$HOME & 'more'" """.rstrip() in dockerfile


def test_only_what_is_named_goes_into_the_image() -> None:
    files = stamped()
    everything, *lines = [line for line in files[".dockerignore"].splitlines() if not line.startswith("#")]
    named = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert (everything, named) == ("*", {"pyproject.toml", "uv.lock", ".python-version", "README.md", "src"})
    assert lines[-1] == "**/__pycache__", "the last match wins"
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", files["Dockerfile"], re.MULTILINE)
    assert set(" ".join(copied).split()) == named
