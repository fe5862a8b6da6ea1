"""The gate of a stamped service passes on every Python that it promises, where that Python can be had."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stamped.delivered import pairs, spelled, stamped
from tests.stamped.world import gate, stamp

MINORS = (11, 12, 13, 14)


def found(minor: int) -> str | None:
    """A Python 3.`minor` of this machine: on PATH, or beside the others of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    name = f"python3.{minor}"
    candidates = [shutil.which(name), *sorted(str(path) for path in pyenv.glob(f"3.{minor}.*/bin/{name}"))]
    return next((path for path in candidates if path and _runs(path, minor)), None)


def _runs(path: str, minor: int) -> bool:
    """Whether it is one: a shim of pyenv on PATH need not be."""
    said = subprocess.run(
        [path, "-c", "import sys; print(sys.version_info[1])"], check=False, capture_output=True, text=True
    )
    return said.stdout.strip() == str(minor)


def gate_on(minor: int, folder: Path) -> None:
    python = found(minor)
    if python is None:
        pytest.skip(f"this machine has no Python 3.{minor}")
    done = gate(stamp(folder / "orders"), whole=True, UV_PYTHON=python)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"python 3.{minor}." in done.stdout, "coverage names the Python that ran the tests"


@pytest.mark.soak
@pytest.mark.parametrize("minor", MINORS)
def test_the_gate_passes_on_every_python(minor: int, tmp_path: Path) -> None:
    gate_on(minor, tmp_path)


@pytest.mark.parametrize("answers", [pytest.param(row, id=spelled(row)) for row in pairs()])
def test_one_file_names_the_python_of_all(answers: dict[str, object]) -> None:
    files = stamped(**answers)
    stated = files[".python-version"].strip()
    assert re.fullmatch(r"3\.\d+", stated)
    assert int(stated.removeprefix("3.")) in MINORS
    named = {
        path: set(re.findall(r"\bpython:(\d+\.\d+)", text))
        for path, text in files.items()
        if path.rpartition("/")[2] in ("Dockerfile", ".gitlab-ci.yml", "compose.yaml") or path.startswith(".github/")
    }
    assert named["Dockerfile"] == {stated}
    assert set().union(*named.values()) == {stated}
    if ".gitlab-ci.yml" in files:
        assert named[".gitlab-ci.yml"] == {stated}
