"""What every command needs of the machine, looked at before anything else: a known system, and a current folder."""

from __future__ import annotations

import os
import sys

from paved_road.errors import UnsupportedSystem, UsageError

_HELP = {"--help", "-h", "--version"}


def check(given: list[str]) -> None:
    """Refuse to begin where no command can work. Help, and the version, are told everywhere. A blank HOME is none."""
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
        del os.environ["HOME"]  # else everything takes it for the root folder; unset, the system's own record counts
    try:
        os.getcwd()  # noqa: PTH109 - as the kernel knows it, without making a Path
    except FileNotFoundError as error:
        raise UsageError(
            "the current folder does not exist any more",
            cause="it was deleted or moved after you went there",
            hint='go to a folder that exists: cd "$HOME"',
        ) from error
