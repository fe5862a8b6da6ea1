"""git's lock files, which a git that was killed leaves behind."""

from __future__ import annotations

import time
from pathlib import Path

from paved_road.git.query import Repository


def locks(repository: Repository, *, references: bool) -> list[Path]:
    """The lock file of the index; with `references` also those of a commit on the current branch."""
    found = [repository.folder / "index.lock"]
    if references:
        found.append(repository.folder / "HEAD.lock")
        head = (repository.folder / "HEAD").read_text(errors="replace").strip()
        if head.startswith("ref: "):
            found.append(repository.objects.parent / f"{head.removeprefix('ref: ')}.lock")
    return found


def is_held(lock: Path, *, patience: float = 1) -> bool:
    """Whether a lock file is still there after `patience` seconds: that of a working git is soon gone."""
    until = time.monotonic() + patience
    while lock.exists():
        if time.monotonic() > until:
            return True
        time.sleep(0.05)
    return False
