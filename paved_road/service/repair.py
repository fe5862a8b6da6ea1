"""What helps with a lock or an answers file that cannot be read. Nothing that throws away what somebody wrote."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from paved_road.settings.whereabouts import git_in


def has_markers(content: bytes) -> bool:
    """Whether git left a conflict in a file."""
    return re.search(rb"^(<{7}|={7}|>{7})( |\r?$)", content, flags=re.MULTILINE) is not None


def hint_to_restore(folder: Path, name: str, content: bytes = b"") -> str:
    """What helps with a record that cannot be read. Nothing that throws away what somebody wrote."""
    at, file = git_in(folder), shlex.quote(name)
    if not os.path.lexists(folder / name):
        return f"{at} checkout -- {file} brings it back; when its removal is committed: {at} log -- {file}"
    if has_markers(content):
        return "paved update --continue resolves it"
    return f"{at} diff HEAD -- {file} shows what was edited; {at} stash push -- {file} sets that aside"
