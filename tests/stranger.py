"""Somebody who has installed paved from its wheel, and has nothing of this checkout."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from paved_road.process.ports import free_port
from paved_road.testing import run

PROJECT = Path(__file__).parent.parent
GIT_CONFIG = """\
[user]
    name = Alex
    email = alex@acme.example
[init]
    defaultBranch = main
"""
_KEPT = ("UV_", "PIP_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
"""How this machine reaches its package index."""


def install(folder: Path) -> Path:
    """A fresh environment in `folder` with the wheel of this checkout; its `bin`."""
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    _succeed("uv", "build", "--wheel", "--no-build-isolation", "--out-dir", folder, PROJECT, cwd=folder, env=path)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    _succeed("uv", "venv", "--quiet", "--python", sys.executable, environment, cwd=folder, env=path)
    _succeed(
        "uv", "pip", "install", "--quiet", "--python", environment, "--constraints", PROJECT / "requirements/dev.txt",
        wheel, cwd=folder, env=path,
    )  # fmt: skip
    return environment / "bin"


def stranger(home: Path, wheel: Path) -> dict[str, str]:
    """The environment of a person whose home is `home` and whose paved is the one in `wheel`.

    Their services listen on free ports, `PORT`, `INTERNAL_PORT` and that of `INVENTORY_URL`, instead of 8080, 8081 and
    9090.
    """
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text(GIT_CONFIG)
    tools = home / ".local" / "bin"
    tools.mkdir(parents=True)
    for name in ("uv", "uvx"):
        found = shutil.which(name)
        assert found, f"{name} is not installed"
        (tools / name).symlink_to(found)
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT) or name.lower() in _KEPT}
    return kept | {
        "HOME": str(home),
        "PATH": os.pathsep.join(str(one) for one in (wheel, tools, *_system())),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PAGER": "cat",
        "EDITOR": "true",
        "UV_CACHE_DIR": run("uv", "cache", "dir", cwd=home).stdout.strip(),
        "PORT": str(free_port()),
        "INTERNAL_PORT": str(free_port()),
        "INVENTORY_URL": f"http://127.0.0.1:{free_port()}",
    }


def _system() -> list[str]:
    """PATH without what this checkout's environment brings."""
    own = {str(Path(sys.executable).parent), str(PROJECT / ".venv" / "bin")}
    return [one for one in os.environ["PATH"].split(os.pathsep) if one not in own]


def _succeed(*command: str | Path, cwd: Path, env: dict[str, str]) -> None:
    done = run(*command, cwd=cwd, env=env)
    assert done.returncode == 0, done.stderr
