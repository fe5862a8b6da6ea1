"""Check, before any command runs, what all of them need: Linux or macOS, and a current folder that exists."""

from __future__ import annotations

import os
import sys

from paved_road.errors import UnsupportedSystem, UsageError

_HELP = {"--help", "-h", "--version"}


def check_machine(given: list[str]) -> None:
    """Check that a command can work here, unless the command line asks for help or the version.

    A blank HOME is removed from the environment. Raises `UnsupportedSystem` on Windows, and `UsageError` if the current
    folder was deleted.
    """
    if not given or given[0] == "help" or not _HELP.isdisjoint(given):
        return
    # Not `sys.platform == ...`: type checkers would leave out the rest of the function.
    if sys.platform.startswith("win"):
        raise UnsupportedSystem(
            "paved runs on Linux and macOS, and this is Windows",
            cause="it needs file locks, signals and limits that Windows does not have",
            hint="use WSL, the Windows Subsystem for Linux: wsl --install, then install paved there",
        )
    if not os.environ.get("HOME", "/").strip():
        # Blank, every program would take it for the root folder. Without it, they ask the system's user database.
        del os.environ["HOME"]
    try:
        os.getcwd()  # noqa: PTH109 - asks the kernel, without making a Path
    except FileNotFoundError as error:
        raise UsageError(
            "the current folder no longer exists",
            cause="it was deleted or moved after you went there",
            hint='go to a folder that exists: cd "$HOME"',
        ) from error
