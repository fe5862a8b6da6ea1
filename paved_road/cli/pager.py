"""Show output that is longer than the terminal in git's pager.

The pager comes from the environment, or from git's user or system configuration. A pager from the repository's own
configuration is never run, because a command that only reads runs nothing that a repository brings.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from paved_road import git

_NOT_FOUND = (126, 127)
"""Exit codes of a shell that cannot start a program."""


class _Kept(io.StringIO):
    """Collects output, and looks like the terminal that will show it."""

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self._encoding = terminal.encoding

    def isatty(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the terminal."""
        return self._encoding


@contextlib.contextmanager
def paging(wanted: bool, *, cwd: Path) -> Iterator[None]:
    """Within the block, collect the output; show it in git's pager if the terminal is too short for it."""
    terminal = sys.stdout
    if not wanted or terminal is None or not terminal.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield
        return
    sys.stdout = kept = _Kept(terminal)
    try:
        yield
    finally:
        sys.stdout = terminal
        text = kept.getvalue()
        if not (_is_long(text) and (command := _command(cwd)) and _paged(command, text)):
            with contextlib.suppress(BrokenPipeError):
                terminal.write(text)
                terminal.flush()


def _is_long(text: str) -> bool:
    """Whether a text has more lines than the terminal."""
    return text.count("\n") >= shutil.get_terminal_size().lines


def _command(cwd: Path) -> str:
    """Return the user's pager, searched for in git's order; "" for none."""
    for pager in (os.environ.get("GIT_PAGER"), git.own_setting(cwd, "core.pager"), os.environ.get("PAGER"), "less"):
        if pager is not None:
            return "" if pager.strip() == "cat" else pager.strip()
    return ""


def _paged(command: str, text: str) -> bool:
    """Show a text in the pager, started as git starts it. Returns whether the pager exists."""
    own = {"LESS": "FRX", "LV": "-c", **os.environ}
    before = signal.getsignal(signal.SIGINT)
    try:
        with subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=own) as pager:  # noqa: S602
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # while the pager is open, Ctrl-C is for the pager
            with contextlib.suppress(BrokenPipeError):  # the user closed the pager before the end of the text
                pager.communicate(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        return pager.returncode not in _NOT_FOUND
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
