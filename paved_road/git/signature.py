"""Verifying signatures with git."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from paved_road import debug
from paved_road.git.process import READER, ended, named


def verify_signature(repository: Path, kind: str, name: str, settings: Mapping[str, str]) -> tuple[bool, list[str]]:
    """Whether the signature of a "tag" or "commit" is good under these settings, and the verifier's output by line."""
    options = [word for setting, value in settings.items() for word in ("-c", f"{setting}={value}")]
    command = ["git", *named(repository), *options, f"verify-{kind}", "--raw", name]
    debug.log(*command)
    done = ended(command, repository, READER.environment())
    return done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace").splitlines()
