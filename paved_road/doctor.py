"""Examine whether this machine is ready for paved. Each diagnosis that does not pass says what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paved_road import git
from paved_road.errors import PavedError, ServiceError
from paved_road.files import cached, private
from paved_road.process import child
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import offers
from paved_road.service.model import Service, open_service, unreadable_answers_file
from paved_road.settings import whereabouts
from paved_road.settings.config import Config

OLDEST_PYTHON = (3, 11)
ROOM = 100 * 2**20
"""Bytes that a disk has to have left: a road, a service and their copies are smaller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """What doctor says about one thing that paved needs."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    """What to type."""
    needed: bool = True
    """Whether paved itself needs it: a finding that is not needed is a warning where it is not `ok`."""


def examine(config: Config | PavedError) -> list[Diagnosis]:
    """Examine everything. Only a remote road needs the network. `config` may be why it cannot be read."""
    findings = [_git(), _identity(), _python(), _tool("uv", _UV), _tool("make", _MAKE), _settings(config)]
    if isinstance(config, Config):
        findings += [_cache(config), _road(config)]
    findings += [_temporary_folder(), _write_access(Path.cwd()), _encoding()]
    return [*findings, *_here(Path.cwd())]


def fix(config: Config) -> list[str]:
    """Fix what can be fixed without asking, and return what was done.

    That is: make the cache's folder, close it to others, remove broken copies of roads and old files.
    """
    done = []
    cache = config.cache_dir
    if not cache.is_dir():
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        done.append(f"made {cache}")
    if private.why_not_private(cache) and private.make_private(cache):
        for name in _FOLDERS:
            shutil.rmtree(cache / name, ignore_errors=True)
        done.append(f"closed {cache} to others, and emptied it")
    if _unsafe(cache):
        return done
    return [*done, *_clean(cache)]


def _clean(cache: Path) -> Iterator[str]:
    """Remove what is broken, unfinished or old in the cache; a sentence about each removal."""
    for folder in _unusable(cache):
        folder.unlink()
        yield f"removed {folder}, which is not a folder"
    for copy in sorted((cache / "roads").glob("*.git")):
        if not git.is_sound(copy):
            shutil.rmtree(copy)
            yield f"removed the broken copy {copy}"
    for scratch in sorted((cache / "roads").glob(".clone-*")):
        shutil.rmtree(scratch, ignore_errors=True)
        yield f"removed the unfinished copy {scratch}"
    for name in cached.DAYS:
        if removed := cached.evict(cache / name):
            yield f"removed {removed} old {'file' if removed == 1 else 'files'} from {cache / name}"


# -- what paved runs ---------------------------------------------------------------------------------------------------


def _git() -> Diagnosis:
    try:
        found = git.version()
    except PavedError as error:
        return Diagnosis(name="git", ok=False, detail=error.message, remedy=git.INSTALL)
    oldest = ".".join(map(str, git.OLDEST))
    ok = found >= git.OLDEST
    detail = ".".join(map(str, found)) + ("" if ok else f", which is older than {oldest}")
    return Diagnosis(name="git", ok=ok, detail=detail, remedy=git.INSTALL)


def _identity() -> Diagnosis:
    name = "git identity"
    try:
        who = git.committing(Path.cwd())
    except PavedError as error:
        return Diagnosis(name=name, ok=False, detail=error.message, remedy=error.hint)
    if who.made_up is None:
        return Diagnosis(name=name, ok=True, detail=str(who.author))
    guess = f"; git would commit as {who.made_up}" if who.is_known else ""
    return Diagnosis(name=name, ok=False, detail=f"user.name and user.email are not set{guess}", remedy=git.REMEDY)


def _python() -> Diagnosis:
    return Diagnosis(
        name="python",
        ok=sys.version_info >= OLDEST_PYTHON,
        detail=f"{platform.python_version()} ({sys.executable})",
        remedy=f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer",
    )


_UV = "python3 -m pip install --user uv"
_MAKE = "sudo apt install make (Debian, Ubuntu), or xcode-select --install (macOS)"


def _tool(name: str, remedy: str) -> Diagnosis:
    """A program that stamped services need and paved itself does not."""
    found = shutil.which(name)
    if found is None:
        detail, ok = "not on PATH; services of the built-in road need it", False
    else:
        ok, detail = _version_of(found)
        detail = f"{detail} ({found})"
    return Diagnosis(name=name, ok=ok, detail=detail, remedy=remedy, needed=False)


def _version_of(program: str) -> tuple[bool, str]:
    try:
        done = child.run([program, "--version"], cwd=Path.cwd(), env=os.environ, seconds=30)
    except (OSError, child.OutOfTime) as error:
        return False, f"cannot be run: {error}"
    return done.code == 0, done.last_lines[0] if done.last_lines else done.why


# -- where paved writes ------------------------------------------------------------------------------------------------


def _fault(folder: Path) -> str:
    """Why a folder cannot be written to, or ""."""
    try:
        with tempfile.NamedTemporaryFile(prefix=".paved-", dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return error.strerror or str(error)
    return f"only {free // 2**20} MiB are left on its disk" if free < ROOM else ""


def _with_fault(folder: Path, fault: str) -> str:
    return f"{folder} ({fault})" if fault else str(folder)


_FOLDERS = tuple(folder.name for folder in cached.FOLDERS)


def _unsafe(cache: Path) -> str:
    """Why somebody else could have written what the cache holds, or ""."""
    folders = [cache, *(cache / name for name in _FOLDERS), *(cache / "roads").glob("*.git")]
    return next((why for folder in folders if (why := private.why_not_private(folder))), "")


def _unusable(cache: Path) -> list[Path]:
    """What is in the place of the cache's folders and is none."""
    return [cache / name for name in _FOLDERS if (cache / name).exists() and not (cache / name).is_dir()]


_ELSEWHERE = 'export PAVED_CACHE="$HOME/paved-cache"'


def _cache(config: Config) -> Diagnosis:
    cache = config.cache_dir
    if why := _unsafe(cache):
        remedy = "set PAVED_CACHE to a folder of your own; paved doctor --fix closes one that is yours, and empties it"
        return Diagnosis(name="cache", ok=False, detail=f"{cache}: {why}", remedy=remedy)
    if not cache.exists():
        fault = _fault(next(folder for folder in cache.parents if folder.exists()))
        detail = _with_fault(cache, fault or "made when it is needed")
        return Diagnosis(name="cache", ok=not fault, detail=detail, remedy=_ELSEWHERE)
    if fault := _fault(cache):
        return Diagnosis(name="cache", ok=False, detail=_with_fault(cache, fault), remedy=_ELSEWHERE)
    broken = [copy.name for copy in (cache / "roads").glob("*.git") if not git.opens(copy)]
    broken += [folder.name for folder in _unusable(cache)]
    if broken:
        return Diagnosis(name="cache", ok=False, detail=f"broken: {', '.join(broken)}", remedy="paved doctor --fix")
    sizes = {name: cached.size(cache / name) for name in _FOLDERS}
    parts = ", ".join(f"{name} {_megabytes(size)}" for name, size in sizes.items() if size)
    contents = f"{_megabytes(sum(sizes.values()))} ({parts}), all of which can be deleted" if parts else "empty"
    return Diagnosis(name="cache", ok=True, detail=f"{cache}: {contents}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _temporary_folder() -> Diagnosis:
    try:
        folder = Path(tempfile.gettempdir())
        fault = _fault(folder)
        detail = _with_fault(folder, fault)
    except OSError as error:  # none can be written
        fault = detail = error.strerror or str(error)
    remedy = 'mkdir -p "$HOME/tmp" && export TMPDIR="$HOME/tmp"'
    return Diagnosis(name="temporary folder", ok=not fault, detail=detail, remedy=remedy)


def _write_access(folder: Path) -> Diagnosis:
    fault = _fault(folder)
    remedy = 'go to a folder you can write: cd "$HOME"'
    return Diagnosis(name="write access", ok=not fault, detail=_with_fault(folder, fault), remedy=remedy)


# -- what paved reads --------------------------------------------------------------------------------------------------


def _settings(config: Config | PavedError) -> Diagnosis:
    if isinstance(config, PavedError):
        detail = f"{config.message}: {config.cause}".rstrip(": ")
        return Diagnosis(name="settings", ok=False, detail=detail, remedy=config.hint)
    files = ", ".join(map(str, config.files)) or "no file; defaults and variables"
    return Diagnosis(name="settings", ok=True, detail=files)


def _road(config: Config) -> Diagnosis:
    try:
        # A `.paved.toml` came with a repository: what it names is not fetched for the first time here.
        road = open_road(config, fetch=config.is_for_readers)
        offered = ", ".join(f"{template.name} {release(template).version}" for template in offers(road))
    except PavedError as error:
        return Diagnosis(
            name="road", ok=False, detail=f"{error.message}: {error.cause}".rstrip(": "), remedy=error.hint
        )
    if road.stale:
        detail = f"{road.source} could not be reached: {road.stale}"
        return Diagnosis(name="road", ok=False, detail=detail, remedy="check the network; the cached copy works")
    return Diagnosis(name="road", ok=True, detail=f"{road.source}: {offered}")


def _encoding() -> Diagnosis:
    """Whether the terminal shows every letter of a path."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return Diagnosis(
        name="encoding",
        ok=encoding.replace("-", "").replace("_", "") == "utf8",
        detail=encoding,
        remedy="export LC_ALL=C.UTF-8 (other letters are printed as escapes)",
        needed=False,
    )


def _here(folder: Path) -> Iterator[Diagnosis]:
    """The repository and the service that a folder is in, where there are any."""
    try:
        if shutil.which("git") is None or git.repository(folder) is None:
            return
        if not whereabouts.is_service(found := whereabouts.service_at(folder)):
            return
        service = open_service(found)
    except PavedError as error:
        yield _refusal("service" if isinstance(error, ServiceError) else "repository", error)
        return
    if service.journal.exists():
        detail = f"an update of {service.path} is in progress"
        remedy = "paved update --continue, or paved update --abort"
        yield Diagnosis(name="service", ok=False, detail=detail, remedy=remedy, needed=False)
    elif fault := unreadable_answers_file(service):
        yield _refusal("service", fault)
    else:
        yield _service(service)


def _refusal(name: str, error: PavedError) -> Diagnosis:
    detail = f"{error.message}: {error.cause}".rstrip(": ")
    return Diagnosis(name=name, ok=False, detail=detail, remedy=error.hint)


def _service(service: Service) -> Diagnosis:
    if service.lock is None:
        detail = f"{service.path} has no lock: plain Copier made it"
        return Diagnosis(name="service", ok=False, detail=detail, remedy="paved adopt .", needed=False)
    detail = f"{service.path}, stamped from {service.lock.template} {service.lock.version}"
    return Diagnosis(name="service", ok=True, detail=detail)
