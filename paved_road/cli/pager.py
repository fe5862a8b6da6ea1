"""Git's pager for what is longer than the terminal.

The pager is the person's: from the environment, or from git's configuration of the person or the machine. One that the
repository's own configuration names is never run, because a command that reads runs nothing of a repository's.
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
"""What a shell ends with when it cannot start a program."""


class _Kept(io.StringIO):
    """Keeps what is printed, as if it were the terminal that it will be shown on."""

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self._encoding = terminal.encoding

    def isatty(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the terminal."""
        return self._encoding


@contextlib.contextmanager
def paging(wanted: bool, *, cwd: Path) -> Iterator[None]:
    """Around what prints a result: on a terminal that is too short for it, it is shown by git's pager."""
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
    """The person's pager, in the order in which git looks; "" for none."""
    for found in (os.environ.get("GIT_PAGER"), git.own_setting(cwd, "core.pager"), os.environ.get("PAGER"), "less"):
        if found is not None:
            return "" if found.strip() == "cat" else found.strip()
    return ""


def _paged(command: str, text: str) -> bool:
    """Show a text by the pager, as git starts it; whether there was one to show it."""
    own = {"LESS": "FRX", "LV": "-c", **os.environ}
    before = signal.getsignal(signal.SIGINT)
    try:
        with subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=own) as pager:  # noqa: S602
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the pager's while it is open
            with contextlib.suppress(BrokenPipeError):  # a pager that was closed has shown enough
                pager.communicate(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        return pager.returncode not in _NOT_FOUND
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
