"""For those who test templates: roads on disk, services as processes, nothing pretended."""

from __future__ import annotations

import contextlib
import http.client
import os
import pty
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paved_road import git

Files = Mapping[str, str | bytes | None]
"""Path to content; None removes the file."""


def write_files(directory: Path, files: Files) -> Path:
    """Write (or remove) files below `directory`; a path that ends in `*` becomes executable."""
    for name, content in files.items():
        path = directory / name.removesuffix("*")
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if name.endswith("*"):
            path.chmod(0o755)
    return directory


def make_road(directory: Path, files: Files, *, tag: str | None = "v1.0.0") -> Path:
    """A git repository with one commit of `files`, tagged."""
    directory.mkdir(parents=True, exist_ok=True)
    git.run("init", "--quiet", "--template=", "-b", "main", directory)
    return evolve(directory, files, tag=tag)


def evolve(road: Path, files: Files, *, tag: str | None = None, message: str = "Evolve") -> Path:
    """One more commit on a road, tagged when `tag` is given."""
    write_files(road, files)
    identity = ("-c", "user.name=Road", "-c", "user.email=road@localhost", "-c", "commit.gpgSign=false")
    git.run("add", "--all", cwd=road)
    git.run(*identity, "commit", "--quiet", "--allow-empty", "--message", message, cwd=road)
    if tag:
        git.run(*identity, "tag", tag, cwd=road)
    return road


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command with its output captured, whatever its exit code."""
    own = git.environment() | dict(env or {})
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=own,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def on_a_terminal(command: Sequence[str | Path], cwd: Path, typed: Iterable[str]) -> tuple[int, str]:
    """Run a command on a pseudo-terminal, typing one line whenever it waits; its exit code and what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        words = [str(word) for word in command]
        os.execvpe(words[0], words, git.environment() | {"TERM": "dumb", "COLUMNS": "200"})  # noqa: S606
    shown = ""
    lines = list(typed)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                chunk = os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        elif lines and shown.endswith(": "):
            os.write(terminal, (lines.pop(0) + "\n").encode())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


# -- services that run -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a service answered, and how long that took. Status 0: nobody did."""

    status: int
    body: str
    headers: Mapping[str, str]
    seconds: float


def free_port() -> int:
    """A port on the loopback that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    *command: str | Path, cwd: Path, env: Mapping[str, str], log: Path | None = None, patience: float = 20
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has ended, one way or the other, when the block ends. What it says goes to `log`."""
    with log.open("ab") if log else contextlib.nullcontext(subprocess.DEVNULL) as output:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, env=git.environment() | dict(env), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)  # a stopped process cannot hear that it shall end
            process.terminate()
            try:
                process.wait(timeout=patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ask(port: int, path: str, *, headers: Mapping[str, str] | None = None, timeout: float = 10) -> Answer:
    """One GET request to the loopback."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, body=body, headers=found, seconds=time.monotonic() - start)
    except (OSError, http.client.HTTPException):
        return Answer(status=0, body="", headers={}, seconds=time.monotonic() - start)
    finally:
        connection.close()


def ask_until(port: int, path: str, status: int, *, within: float = 30) -> Answer:
    """Ask again and again until the answer has this status; the last answer when it never has."""
    deadline = time.monotonic() + within
    while (answer := ask(port, path)).status != status and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer
