"""Writing a new practice into a road: its files, and the key of `paved-road.yml` that names their folder."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road.errors import DestinationError, UsageError
from paved_road.files import whole
from paved_road.practices import skeleton
from paved_road.practices.built_in import built_in_slugs
from paved_road.practices.of_road import practices_folder
from paved_road.practices.reading import LONGEST_SLUG, is_slug
from paved_road.render import config as configs
from paved_road.road.manifest import FILENAME, Manifest, manifest_of, validate_manifest
from paved_road.road.model import WORKING_TREE
from paved_road.road.releases import release

if TYPE_CHECKING:
    from paved_road.git.entries import Tree
    from paved_road.practices.model import CheckKind, Level
    from paved_road.road.model import Template

USUAL_FOLDER = "practices"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPractice:
    """What a person asked for."""

    slug: str
    kind: CheckKind
    level: Level
    source_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenPractice:
    """The files that were written."""

    page: Path
    code: Path | None
    """None for an attested practice."""
    manifest: Path | None
    """`paved-road.yml`, if the key was added to it."""
    is_rendered: bool
    """Whether every service would get the folder, because the template is its own root and does not exclude it."""


def write_practice(new: NewPractice, template: Template, *, today: date) -> WrittenPractice:
    """Write a practice into the template of a local road.

    Raises `UsageError` for a name that cannot be a practice's, for a source that is no address and for a road that is
    not on this machine; `DestinationError` if a file is there already or `paved-road.yml` cannot take the key.
    """
    _check(new)
    road = template.road
    if not road.local:
        raise UsageError(f"{road.source} is not a folder on this machine", hint="clone it, and name it: --road PATH")
    root = road.location / template.folder
    current = release(template, WORKING_TREE)
    files = current.files()
    stated = manifest_of(files, template.folder).practices
    folder = practices_folder(stated) if stated is not None else USUAL_FOLDER
    if folder.startswith("..") or posixpath.isabs(folder) or folder == ".":
        raise UsageError(
            f"{FILENAME}: practices is {stated!r}", hint="name a folder of the template, such as practices/"
        )
    page, code = root / folder / f"{new.slug}.md", root / folder / f"{new.slug}.py"
    for path in (page, code):
        if path.exists() or path.is_symlink():
            raise DestinationError(f"{path} exists already", hint="choose another name, or edit it")
    manifest = None if stated is not None else root / FILENAME
    if manifest is not None:
        text = manifest.read_text() if manifest.exists() else ""
        whole.replace_file(manifest, _with_key(text, manifest).encode())
    page.parent.mkdir(parents=True, exist_ok=True)
    since = found[0] if (found := re.match(r"\d+(\.\d+)*", current.version)) else "0.1.0"
    text = skeleton.page(
        new.slug, kind=new.kind, level=new.level, since=since, source_url=new.source_url, today=today
    )  # fmt: skip
    whole.replace_file(page, text.encode())
    source = skeleton.code(new.slug, new.kind)
    if source:
        whole.replace_file(code, source.encode())
    return WrittenPractice(
        page=page, code=code if source else None, manifest=manifest, is_rendered=_is_rendered(files, folder)
    )


def _check(new: NewPractice) -> None:
    if not is_slug(new.slug):
        raise UsageError(
            f"{new.slug!r} cannot be a practice's name",
            cause=f"a name is lower-case letters, digits and single hyphens, {LONGEST_SLUG} characters at most",
        )
    if new.slug in built_in_slugs():
        raise UsageError(
            f"the built-in catalogue has a practice {new.slug}",
            hint=f"choose another name; see: paved explain {new.slug}",
        )
    if not re.fullmatch(r"https?://[^\s/]+\S*", new.source_url):
        raise UsageError(
            f"--from-incident takes the address of a page, not {new.source_url!r}",
            hint="--from-incident https://wiki.example.com/incidents/12",
        )


def _with_key(text: str, path: Path) -> str:
    """The manifest with the key at its end. Raises `DestinationError` if it cannot stand there."""
    added = f"{text.rstrip(chr(10))}\npractices: {USUAL_FOLDER}/\n".lstrip("\n")
    found = validate_manifest(added.encode())
    if not isinstance(found, Manifest) or found.practices is None:
        raise DestinationError(
            f"cannot add a key to {path}",
            cause=str(found[0].text) if isinstance(found, list) and found else "",
            hint=f"write it yourself, and run this again: practices: {USUAL_FOLDER}/",
        )
    return added


def _is_rendered(files: Tree, folder: str) -> bool:
    config = configs.load(files)
    excluded = {str(pattern).strip("/") for pattern in config.exclude}
    return posixpath.normpath(config.subdirectory or ".") == "." and folder not in excluded
