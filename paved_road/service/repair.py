"""Hints for a lock or an answers file that cannot be read. None of them discards what somebody wrote."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from paved_road.settings.whereabouts import git_in


def has_markers(content: bytes) -> bool:
    """Whether a file has git's conflict markers."""
    return re.search(rb"^(<{7}|={7}|>{7})( |\r?$)", content, flags=re.MULTILINE) is not None


def hint_to_restore(folder: Path, name: str, content: bytes = b"") -> str:
    """Which command restores a lock or an answers file that is missing, in conflict or edited."""
    at, file = git_in(folder), shlex.quote(name)
    if not os.path.lexists(folder / name):
        return f"{at} checkout -- {file} restores it; if its removal is committed: {at} log -- {file}"
    if has_markers(content):
        return "paved update --continue resolves it"
    return f"{at} diff HEAD -- {file} shows the edits; {at} stash push -- {file} sets them aside"
