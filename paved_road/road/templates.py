"""The templates of a road: at its root, or in `templates/<name>/`; on its main branch, or in one of its releases."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from paved_road import debug, git
from paved_road.errors import PavedError, RoadError, UnknownTemplate, nearest
from paved_road.git.entries import Mode
from paved_road.road import versions
from paved_road.road.model import WORKING_TREE, Road, Template

CONFIG_NAMES = ("copier.yml", "copier.yaml")


def templates(road: Road) -> list[Template]:
    """What the road offers: the template at its root, or those in `templates/<name>/`, by name.

    A road whose main branch has none any more offers those of its newest release that has.
    """
    found = _templates(road, {*_on_disk(road), *(_committed(road, road.history.head) if road.is_git else ())})
    if found or not road.is_git:
        return found
    tags = {tag: commit for tag, commit in road.history.tags.items() if versions.is_version(tag.rsplit("/", 1)[-1])}
    for tag in sorted(tags, key=lambda tag: versions.parse(tag.rsplit("/", 1)[-1]), reverse=True):
        if older := _templates(road, set(_committed(road, tags[tag]))):
            return [replace(template, last=tag) for template in older]
    return []


def offers(road: Road) -> list[Template]:
    """The road's `templates`. Raises `RoadError` if there is none: then the source is no road."""
    found = templates(road)
    if found:
        return found
    cause = "it has no copier.yml at its root or in templates/<name>/"
    if _has(road, "cookiecutter.json"):
        cause = "it is a Cookiecutter template, which paved does not read: " + cause
    raise RoadError(
        f"{road.source} is not a road", cause=cause, hint="name another with --road, or put a copier.yml there"
    )


def _has(road: Road, name: str) -> bool:
    head = road.history.head if road.is_git else None
    return (road.local and (road.location / name).is_file()) or (
        head is not None and git.has_file(road.location, head, name)
    )


def _templates(road: Road, paths: set[str]) -> list[Template]:
    found = sorted(path for path in paths if re.fullmatch(r"(templates/[^/]+/)?copier\.ya?ml", path))
    if any(path in CONFIG_NAMES for path in found):
        return [Template(road=road, name=_own_name(road), folder="")]
    folders = sorted({str(PurePosixPath(path).parent) for path in found})
    return [Template(road=road, name=PurePosixPath(folder).name, folder=folder) for folder in folders]


def _own_name(road: Road) -> str:
    """A single template is called as its road."""
    text = str(road.location) if road.local else road.source
    return text.rstrip("/").removesuffix(".git").replace(":", "/").rsplit("/", 1)[-1] or "template"


def _on_disk(road: Road) -> list[str]:
    """Every `copier.yml` on the disk of a local road, committed or not."""
    return [
        path.relative_to(road.location).as_posix()
        for pattern in ("copier.y*ml", "templates/*/copier.y*ml")
        for path in (road.location.glob(pattern) if road.local else ())
    ]


def _committed(road: Road, commit: str | None) -> list[str]:
    """The files of a commit's root and of each template's root."""
    if commit is None:
        return []
    borrowed = []
    with git.Objects(road.location) as objects:
        root = objects.folder(f"{commit}:") or {}
        found = list(root)
        inside = root.get("templates")
        folders = objects.folder(inside.blob) if inside and inside.mode is Mode.FOLDER else None
        for name, entry in (folders or {}).items():
            if entry.mode is Mode.FOLDER:
                found += [f"templates/{name}/{below}" for below in objects.folder(entry.blob) or ()]
            elif entry.mode is Mode.SUBMODULE:
                borrowed.append(f"templates/{name}")
    for folder in borrowed:
        found += [f"{folder}/{name}" for name in _borrowed(road, commit, folder)]
    return found


def _borrowed(road: Road, commit: str, folder: str) -> list[str]:
    """The names in a submodule. One that cannot be had offers no template."""
    from paved_road.road import contents

    try:
        return contents.names(road, commit, folder)
    except PavedError as error:
        debug.log("no template in the submodule", folder, "-", error.message, error.cause)
        return []


def find_template(
    road: Road, name: str | None, ref: str | None = None, *, to_name_one: str = "--template NAME"
) -> Template:
    """The template called `name`; without a name the road's only one, or the one called `service`.

    With a `ref`, the road as it was at that release is searched first. `to_name_one` is how a person chooses one of
    several. Raises `UnknownTemplate` if no template has the name, or if several could be meant.
    """
    for commit in _named(road, ref):
        offered = _templates(road, set(_committed(road, commit)))
        if found := _choose(offered, name):
            return found
    offered = offers(road)
    if found := _choose(offered, name):
        return found
    names = [template.name for template in offered]
    if name is None:
        raise UnknownTemplate(f"{road.source} has several templates", cause=", ".join(names), hint=to_name_one)
    raise UnknownTemplate(
        f"no template {name!r} on {road.source}", hint=nearest(name, names, command=f"paved templates{road.option}")
    )


def _choose(offered: list[Template], name: str | None) -> Template | None:
    if name is None and len(offered) == 1:
        return offered[0]
    return next((template for template in offered if template.name == (name or "service")), None)


def _named(road: Road, ref: str | None) -> list[str]:
    """The commits that a ref may mean in a road whose templates are not known yet."""
    if ref is None or not road.is_git or (ref == WORKING_TREE and road.local):
        return []
    tags = road.history.tags
    same = [tag for tag in tags if tag == ref or versions.is_same(tag.rsplit("/", 1)[-1], ref)]
    found = [tags[tag] for tag in sorted(same, key=lambda tag: tag != ref)]
    return found or [commit for commit in [git.resolve(road.location, ref)] if commit]
