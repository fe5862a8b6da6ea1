"""Asking git to verify a signature."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from paved_road import debug
from paved_road.git.process import READER, named, starting


def verify(repository: Path, kind: str, name: str, settings: Mapping[str, str]) -> tuple[bool, list[str]]:
    """Whether the signature of a "tag" or "commit" is good under these settings, and what the verifier said."""
    options = [word for setting, value in settings.items() for word in ("-c", f"{setting}={value}")]
    command = ["git", *named(repository), *options, f"verify-{kind}", "--raw", name]
    debug.tell(*command)
    with starting(repository):
        done = subprocess.run(command, cwd=repository, env=READER.environment(), capture_output=True, check=False)
    return done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace").splitlines()
