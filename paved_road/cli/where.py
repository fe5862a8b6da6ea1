"""The service that a command is about, and what its hints need if the person is in another folder."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road import ui
from paved_road.cli import global_options

if TYPE_CHECKING:
    from paved_road.service.model import Service

_about: list[Path] = []
"""The folder of the service that this command is about, once it is found."""


def begin() -> None:
    """Forget the service of the command before."""
    _about.clear()


def folder_of(path: Path) -> Path:
    """The folder of the service that `path` is in: itself, or the nearest one above it, which a note names."""
    from paved_road.git.address import resolved
    from paved_road.settings import whereabouts

    found, named = whereabouts.service_at(path), resolved(path)
    if found == path and not whereabouts.is_service(path):
        return path
    _about[:] = [found]
    if found != named:
        ui.note(f"{'the current folder' if path == Path() else path} is in the service {found}")
    return found


def open_service(path: Path, *, answers_file: str | None = None, road: str | None = None) -> Service:
    """Open the service that `path` is in. Raises what `model.open_service` raises."""
    from paved_road.service import model

    return model.open_service(folder_of(path), answers_file=answers_file, road=road)


_COMMAND = re.compile(
    r"\b(paved (update|drift|off-road|status)|git (add|commit|stash|restore|checkout|mv|rm|config|diff|revert))\b"
)


def person() -> Path:
    """The folder that the person is in, with links resolved; -C does not change it."""
    from paved_road.git.address import resolved

    return resolved(global_options.typed_in())


def shown(path: Path) -> str:
    """A path as the person would write it."""
    from paved_road.settings import whereabouts

    return whereabouts.shown(path, start=global_options.typed_in())


def elsewhere(text: str) -> str:
    """Add to a text the folder in which to run the commands that it names, unless the person is there."""
    if not _COMMAND.search(text) or not (folder := _away()):
        return text
    name = shown(folder)
    is_named = any(re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w-])", text) for path in (name, str(folder)))
    return text if is_named else f"{text} (in {name})"


def argument() -> str:
    """The argument for a command on the service: a blank and its path, or "" if the command finds it anyway."""
    return f" {shlex.quote(shown(folder))}" if (folder := _away()) else ""


def _away() -> Path | None:
    """The folder that this command is about, unless the person's next command finds it anyway."""
    from paved_road.git.address import resolved
    from paved_road.settings.whereabouts import service_at

    if _about:
        return _about[0] if service_at(person()) != _about[0] else None
    here = resolved(Path())
    return here if person() != here else None


def to_service(path: str, service: Service) -> str:
    """The path in the service of a file that a person names: as messages do, or relative to their own folder."""
    files = service.lock.files if service.lock else {}
    seen = os.path.relpath(person() / path, service.path)
    return seen if path not in files and seen in files else path


def from_service(path: str) -> str:
    """A path of the service as the person would write it."""
    return shown(_about[0] / path) if _about else path
