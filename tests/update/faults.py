"""A fault at any step of a command, without a hook in the code that is tested.

Python tells an audit hook of everything a process does to the world around it: every file opened for writing, every
rename, removal and new folder, every process started. A command is run in a child whose hook counts these steps and,
at the one asked for, kills the process (or has git's lock left behind, as a git that is killed leaves it) or makes the
step fail. What runs the children is a small server, so that nothing is imported again for each of them.
"""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.renderers import assume_agreement

EFFECTS = frozenset(
    {
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.mkdir",
        "os.link",
        "os.symlink",
        "os.truncate",
        "os.chmod",
        "subprocess.Popen",
    }
)
FAILURES = {"disk full": errno.ENOSPC, "permission denied": errno.EACCES}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a child ended: its exit code (None when it was killed), what it said, the steps it took."""

    code: int | None
    out: str
    steps: list[str]


class Server:
    """Runs `paved` commands in children, each with a fault at one step."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, *words: str | Path, fault: str = "", at: int = -1) -> Outcome:
        """`paved WORDS`; `fault` is "kill", "kill git" or a key of `FAILURES`, at the step with this number."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {"words": [str(word) for word in words], "fault": fault, "at": at}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return Outcome(**json.loads(self.process.stdout.readline()))


@contextmanager
def server() -> Iterator[Server]:
    """A server in the environment of the test."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Server(process)
        assert process.stdin is not None
        process.stdin.close()


# -- in the server -------------------------------------------------------------------------------------------------


def main() -> None:
    """Answer requests until there are no more."""
    from paved_road import adopt, status  # noqa: F401 - imported once, for all children
    from paved_road.update import apply

    assert apply
    assume_agreement(pytest.MonkeyPatch())
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)  # noqa: T201


def _serve(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command in a child. It tells its steps through a pipe, since it may not live to tell them itself."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(request, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read()
    _, ended = os.waitpid(child, 0)
    steps, _, out = said.decode(errors="replace").partition("\0")
    code = os.waitstatus_to_exitcode(ended)
    return {"code": None if code < 0 else code, "out": out, "steps": steps.splitlines()}


def _child(request: dict[str, Any], writer: int) -> None:
    from paved_road.cli import main as paved

    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        sys.addaudithook(_Fault(request["fault"], request["at"], writer).seen)
        code = paved(request["words"])
    os.write(writer, b"\0" + said.getvalue().encode())
    os._exit(code)


class _Fault:
    def __init__(self, fault: str, at: int, writer: int) -> None:
        self.fault, self.at, self.writer, self.count = fault, at, writer, 0

    def seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Called by Python before it does what `event` names."""
        if not (event in EFFECTS or (event == "open" and _writes(arguments))):
            return
        number, self.count = self.count, self.count + 1
        told = arguments[1] if event == "subprocess.Popen" else arguments[0]
        os.write(self.writer, f"{event} {told!r}\n".encode(errors="replace"))
        if number != self.at:
            return
        if (
            self.fault == "kill git"
            and event == "subprocess.Popen"
            and arguments[2] is not None
            and _locks(arguments[1])
        ):
            # Never in the folder that the tests were started in: a process without a folder touches no repository.
            index = Path((arguments[3] or {}).get("GIT_INDEX_FILE") or Path(str(arguments[2]), ".git", "index"))
            if index.parent.is_dir():
                os.close(os.open(index.with_name(f"{index.name}.lock"), os.O_CREAT | os.O_WRONLY))
        if self.fault.startswith("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if event != "subprocess.Popen":
            number = FAILURES[self.fault]
            raise OSError(number, os.strerror(number), str(arguments[0]))
        program = arguments[1][0]
        failing = f"echo 'fatal: {self.fault}' >&2; exit 128"
        # The program that was to be started meets the fault, and says so.
        arguments[1][:] = [program, "-c", f"alias.f=!{failing}", "f"] if program == "git" else [program, "-c", failing]


def _locks(command: list[str]) -> bool:
    """Whether a git command writes an index: one that only reads leaves no lock behind when it is killed."""
    return not {"rev-parse", "status", "cat-file", "ls-files", "diff-tree", "config", "check-ignore", "var"} & set(
        command
    )


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    return isinstance(path, str | bytes) and path != os.devnull and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


if __name__ == "__main__":
    main()
