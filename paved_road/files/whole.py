"""Writing a file so that a reader sees either what was there before or all of the new content."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(target: Path, content: bytes) -> None:
    """Write a plain file whole: beside its place at first, as a hidden file, which is then renamed.

    A kill in between leaves the hidden file behind; the next write in the folder removes it. Raises `OSError`.
    """
    for left in target.parent.glob(_UNFINISHED.format("*")):
        if not _is_running(left.name):
            left.unlink(missing_ok=True)
    scratch = target.with_name(_UNFINISHED.format(os.getpid()))
    try:
        scratch.write_bytes(content)
        scratch.replace(target)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise


_UNFINISHED = ".paved-{}.unfinished"


def _is_running(name: str) -> bool:
    """Whether the process that writes an unfinished file still runs."""
    try:
        os.kill(int(name.split("-")[1].split(".", maxsplit=1)[0]), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
