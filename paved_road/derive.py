"""Derived files: those a command regenerates, such as a lock file."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from paved_road import git

SECONDS = 120
"""How long a command may take."""


def run(commands: Mapping[str, str], directory: Path) -> tuple[list[str], list[str]]:
    """Run the command of each derived file; the files made, and a note for each that could not be."""
    made, notes = [], []
    for path, command in commands.items():
        fault = _run(shlex.split(command), directory)
        if fault or not (directory / path).exists():
            notes.append(f"{path} was not made ({fault or 'the command did not write it'}); run: {command}")
        else:
            made.append(path)
    return made, notes


def _run(command: list[str], directory: Path) -> str:
    """Run a command in the service; why it failed, or ""."""
    own = {
        key: value for key, value in git.environment().items() if key not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    except subprocess.TimeoutExpired:
        return f"it took more than {SECONDS} seconds"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return "" if done.returncode == 0 else re.sub(r"\s+", " ", said[-1] if said else f"exit status {done.returncode}")
