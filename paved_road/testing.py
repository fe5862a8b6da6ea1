"""For those who test templates: real roads on disk, made by functions as small as the facts they state."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
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
