"""Is this machine ready? Each finding passes or fails, and a failure says what to do."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from paved_road import git, private
from paved_road.config import Config
from paved_road.errors import PavedError
from paved_road.road import offers, open_road, release

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the diagnosis."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(config: Config) -> list[Finding]:
    """Every finding, none of which needs the network unless the road does."""
    return [_git(), _identity(), _python(), _uv(), _cache(config), _road(config), _write_access(Path.cwd())]


def fix(config: Config) -> list[str]:
    """Fix what can be fixed without asking: make the cache's folder, drop broken copies of roads; what was done."""
    done = []
    cache = config.cache_dir
    if not cache.is_dir():
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        done.append(f"made {cache}")
    if private.fault(cache) and private.close(cache):
        for name in _KEPT:
            shutil.rmtree(cache / name, ignore_errors=True)
        done.append(f"closed {cache} to others, and emptied it")
    if _unsafe(cache):
        return done
    for copy in sorted((cache / "roads").glob("*.git")):
        if not git.is_sound(copy):
            shutil.rmtree(copy)
            done.append(f"removed the broken copy {copy}")
    for scratch in sorted((cache / "roads").glob(".clone-*")):
        shutil.rmtree(scratch, ignore_errors=True)
        done.append(f"removed the unfinished copy {scratch}")
    return done


def _git() -> Finding:
    remedy = f"install git {'.'.join(map(str, git.OLDEST))} or newer"
    try:
        found = git.version()
    except PavedError as error:
        return Finding(name="git", ok=False, detail=error.message, remedy=remedy)
    return Finding(name="git", ok=found >= git.OLDEST, detail=".".join(map(str, found)), remedy=remedy)


def _identity() -> Finding:
    try:
        who = git.committing(Path.cwd())
    except PavedError as error:
        return Finding(name="git identity", ok=False, detail=error.message, remedy=error.hint)
    return Finding(
        name="git identity",
        ok=who.is_known and not who.note,
        detail=f"{who.author}"
        if who.is_known and not who.note
        else who.note.partition(";")[0] or "user.email is not set",
        remedy=git.REMEDY,
    )


def _python() -> Finding:
    ok = sys.version_info >= OLDEST_PYTHON
    return Finding(
        name="python",
        ok=ok,
        detail=f"{platform.python_version()} ({sys.executable})",
        remedy="install Python 3.11 or newer",
    )


def _uv() -> Finding:
    found = shutil.which("uv")
    remedy = "python3 -m pip install --user uv (stamped services are managed by uv)"
    if found is None:
        return Finding(name="uv", ok=False, detail="not on PATH", remedy=remedy)
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return Finding(name="uv", ok=done.returncode == 0, detail=f"{done.stdout.strip()} ({found})", remedy=remedy)


def _writable(folder: Path) -> str:
    """Why a file cannot be made in `folder`, or ""."""
    try:
        with tempfile.NamedTemporaryFile(prefix=".paved-", dir=folder):
            return ""
    except OSError as error:
        return error.strerror or str(error)


_KEPT = ("roads", "rules", "verified", "jinja")
"""What the cache holds."""


def _unsafe(cache: Path) -> str:
    """Why somebody else could have written what the cache holds, or ""."""
    folders = [cache, *(cache / name for name in _KEPT), *(cache / "roads").glob("*.git")]
    return next((why for folder in folders if (why := private.fault(folder))), "")


def _cache(config: Config) -> Finding:
    cache = config.cache_dir
    if why := _unsafe(cache):
        remedy = "set PAVED_CACHE to a folder of your own; paved doctor --fix closes one that is yours, and empties it"
        return Finding(name="cache", ok=False, detail=f"{cache}: {why}", remedy=remedy)
    if not cache.exists():
        parent = next(folder for folder in cache.parents if folder.exists())
        fault = _writable(parent)
        return Finding(
            name="cache",
            ok=not fault,
            detail=f"{cache} ({fault or 'made when it is needed'})",
            remedy="set PAVED_CACHE to a folder you can write",
        )
    fault = _writable(cache)
    broken = [copy.name for copy in (cache / "roads").glob("*.git") if not git.opens(copy)]
    if broken:
        return Finding(
            name="cache", ok=False, detail=f"broken copies: {', '.join(broken)}", remedy="paved doctor --fix"
        )
    return Finding(
        name="cache",
        ok=not fault,
        detail=f"{cache}{f' ({fault})' if fault else ''}",
        remedy="set PAVED_CACHE to a folder you can write",
    )


def _road(config: Config) -> Finding:
    try:
        # A `.paved.toml` came with a repository: what it names is not fetched for the first time here.
        road = open_road(config, fetch=config.is_for_readers)
        offered = ", ".join(f"{template.name} {release(template).version}" for template in offers(road))
    except PavedError as error:
        return Finding(name="road", ok=False, detail=f"{error.message}: {error.cause}".rstrip(": "), remedy=error.hint)
    if road.stale:
        return Finding(
            name="road",
            ok=False,
            detail=f"{road.source} could not be reached: {road.stale}",
            remedy="check the network; the cached copy works",
        )
    return Finding(
        name="road",
        ok=True,
        detail=f"{road.source}: {offered}",
    )


def _write_access(folder: Path) -> Finding:
    fault = _writable(folder)
    return Finding(
        name="write access",
        ok=not fault,
        detail=f"{folder}{f' ({fault})' if fault else ''}",
        remedy="go to a folder you can write",
    )
