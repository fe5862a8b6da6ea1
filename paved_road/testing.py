"""For those who test templates: roads on disk, services as processes, nothing pretended."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paved_road import git


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link, as the content of a file."""

    target: str


Files = Mapping[str, str | bytes | Link | None]
"""Path to content; None removes the file."""


def write_files(directory: Path, files: Files) -> Path:
    """Write (or remove) files below `directory`; a path that ends in `*` becomes executable."""
    for name, content in files.items():
        path = directory / name.removesuffix("*")
        if content is None or path.is_symlink():
            path.unlink()
        if content is None:
            with contextlib.suppress(OSError):
                path.parent.rmdir()  # so that a file can take the folder's place
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.unlink(missing_ok=True)
            path.symlink_to(content.target)
            continue
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if name.endswith("*"):
            path.chmod(0o755)
    return directory


def make_road(directory: Path, files: Files, *, tag: str | None = "v1.0.0") -> Path:
    """A git repository with one commit of `files`, tagged."""
    directory.mkdir(parents=True, exist_ok=True)
    git.start_repository(directory, branch="main")
    return evolve(directory, files, tag=tag)


def evolve(repository: Path, files: Files, *, tag: str | None = None, message: str = "Evolve") -> Path:
    """One more commit on a road or in a service, tagged when `tag` is given."""
    write_files(repository, files)
    commit(repository, message)
    if tag:
        git.create_tag(repository, tag)
    return repository


def commit(repository: Path, message: str = "Change") -> None:
    """Commit everything in a repository, also when nothing has changed."""
    git.commit_everything(repository, message)


class Ran(subprocess.CompletedProcess[str]):
    """A command that has ended: its exit code and what it printed."""

    @property
    def envelope(self) -> Any:
        """What it printed with `--json`."""
        return json.loads(self.stdout)


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """A command with its output captured, whatever its exit code."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=git.environment() | dict(env or {}),
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Ran(words, done.returncode, done.stdout, done.stderr)


def paved(*words: str | Path) -> Ran:
    """A command of paved, in this process; what the processes that it starts print is captured, too."""
    from paved_road.cli import main

    given = [str(word) for word in words]
    with _captured(1, "stdout") as out, _captured(2, "stderr") as err:
        code = main(given)
        sys.stdout.flush()
        sys.stderr.flush()
        return Ran(["paved", *given], code, _written(out), _written(err))


@contextlib.contextmanager
def _captured(descriptor: int, stream: str) -> Iterator[int]:
    """Send a standard stream to a file, for this process and those that it starts; the file's descriptor."""
    before, kept = getattr(sys, stream), os.dup(descriptor)
    with (
        tempfile.TemporaryFile() as file,
        open(file.fileno(), "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False) as text,
    ):
        os.dup2(file.fileno(), descriptor)
        setattr(sys, stream, text)
        try:
            yield file.fileno()
        finally:
            setattr(sys, stream, before)
            os.dup2(kept, descriptor)
            os.close(kept)


def _written(descriptor: int) -> str:
    """All that was written to a file."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="backslashreplace")


# -- services that are updated ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Updated:
    """What an update made of a service."""

    code: int
    files: Mapping[str, str]
    """The service's files but for its records: their text (latin-1 where it is not UTF-8), `-> target` for links."""
    outcomes: Mapping[str, str]
    """What was said about each file."""
    notes: str
    conflicts: tuple[str, ...]
    envelope: Any


class Evolution:
    """A road that evolves, and a service that was stamped from its first release.

    `template` holds the files of the first release, below the template's folder.

        evolution = Evolution(tmp_path, {"settings.toml": "retries = 2\\n"})
        evolution.edit({"settings.toml": "retries = 5\\n"})
        evolution.release({"settings.toml": "retries = 3\\n"})
        assert evolution.update().conflicts == ("settings.toml",)
    """

    def __init__(
        self, folder: Path, template: Files, *, questions: str = "", manifest: str = "", answers: Mapping[str, str] = {}
    ) -> None:
        self.road = folder / "road"
        self.service = folder / "service"
        own = {"copier.yml": f"_subdirectory: template\n{questions}"}
        if manifest:
            own["paved-road.yml"] = manifest
        make_road(self.road, {**own, **_below("template", template)})
        data = [word for key, value in answers.items() for word in ("--data", f"{key}={value}")]
        _expect_success(paved("new", self.service, "--road", self.road, "--defaults", *data))

    def release(self, template: Files, *, tag: str = "v1.1.0", manifest: str | None = None) -> None:
        """The road's next release."""
        own = {} if manifest is None else {"paved-road.yml": manifest}
        evolve(self.road, {**own, **_below("template", template)}, tag=tag)

    def edit(self, files: Files) -> None:
        """The team's work, committed; what they changed on disk before is part of it."""
        evolve(self.service, files, message="Our work")

    def update(self, *options: str) -> Updated:
        """`paved update` with these options."""
        done = paved("update", self.service, "--json", *options)
        result = done.envelope["result"] or {}
        return Updated(
            code=done.returncode,
            files=contents(self.service),
            outcomes={change["path"]: change["outcome"] for change in result.get("changes", ())},
            notes="\n".join(done.envelope["notes"]),
            conflicts=tuple(result.get("conflicts", ())),
            envelope=done.envelope,
        )


def _below(folder: str, files: Files) -> dict[str, str | bytes | Link | None]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def _expect_success(done: Ran) -> None:
    if done.returncode != 0:
        raise AssertionError(f"exit code {done.returncode}: {done.stderr or done.stdout}")


def contents(service: Path) -> dict[str, str]:
    """Every file of a service but for git's and paved's own records."""
    found = {}
    for path in sorted(service.rglob("*")):
        name = path.relative_to(service).as_posix()
        if name.split("/")[0] in (".git", ".paved-road.lock", ".copier-answers.yml"):
            continue
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[name] = _text(path.read_bytes())
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


# -- services that run -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a service answered, and how long that took. Status 0: nobody did."""

    status: int
    body: str
    headers: Mapping[str, str]
    seconds: float


PATIENCE = 300.0
"""Seconds to wait for a process. Only one that hangs takes so long, on a slow and busy machine, too."""


@contextlib.contextmanager
def running(
    *command: str | Path, cwd: Path, env: Mapping[str, str], log: Path | None = None, patience: float = PATIENCE
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


def ask(port: int, path: str, *, headers: Mapping[str, str] | None = None, timeout: float = PATIENCE) -> Answer:
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


def ask_until(
    port: int, path: str, status: int, *, within: float = PATIENCE, process: subprocess.Popen[bytes] | None = None
) -> Answer:
    """Ask until the answer has this status; the last answer if it never has, or if the process has ended."""
    deadline = time.monotonic() + within
    while (answer := ask(port, path)).status != status and time.monotonic() < deadline:
        if process and process.poll() is not None:
            break
        time.sleep(0.05)
    return answer
