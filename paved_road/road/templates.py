"""The templates of a road: at its root or in `templates/<name>/`, on its main branch or in one of its releases."""

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
    """The template at the road's root or those in `templates/<name>/`, by name.

    If the main branch no longer has a template, these are the templates of the newest release that has one.
    """
    current = _templates(road, {*_on_disk(road), *(_committed(road, road.history.head) if road.is_git else ())})
    if current or not road.is_git:
        return current
    tags = {tag: commit for tag, commit in road.history.tags.items() if versions.is_version(tag.rsplit("/", 1)[-1])}
    for tag in sorted(tags, key=lambda tag: versions.parse(tag.rsplit("/", 1)[-1]), reverse=True):
        if older := _templates(road, set(_committed(road, tags[tag]))):
            return [replace(template, last=tag) for template in older]
    return []


def offers(road: Road) -> list[Template]:
    """The road's `templates`. Raises `RoadError` if there is none, because the source is not a road then."""
    offered = templates(road)
    if offered:
        return offered
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
    configs = sorted(path for path in paths if re.fullmatch(r"(templates/[^/]+/)?copier\.ya?ml", path))
    if any(path in CONFIG_NAMES for path in configs):
        return [Template(road=road, name=_own_name(road), folder="")]
    folders = sorted({str(PurePosixPath(path).parent) for path in configs})
    return [Template(road=road, name=PurePosixPath(folder).name, folder=folder) for folder in folders]


def _own_name(road: Road) -> str:
    """The name of a template at the root of its road: that of the road."""
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
    submodules = []
    with git.Objects(road.location) as objects:
        root = objects.folder(f"{commit}:") or {}
        paths = list(root)
        inside = root.get("templates")
        folders = objects.folder(inside.blob) if inside and inside.mode is Mode.FOLDER else None
        for name, entry in (folders or {}).items():
            if entry.mode is Mode.FOLDER:
                paths += [f"templates/{name}/{below}" for below in objects.folder(entry.blob) or ()]
            elif entry.mode is Mode.SUBMODULE:
                submodules.append(f"templates/{name}")
    for folder in submodules:
        paths += [f"{folder}/{name}" for name in _names_in_submodule(road, commit, folder)]
    return paths


def _names_in_submodule(road: Road, commit: str, folder: str) -> list[str]:
    """The names in a submodule; none if it cannot be fetched."""
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

    With a `ref`, the road as it was at that release is searched first. `to_name_one` is the option that chooses one of
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
    """The commits that a ref can mean while the template, to which a tag may belong, is not known yet."""
    if ref is None or not road.is_git or (ref == WORKING_TREE and road.local):
        return []
    tags = road.history.tags
    same = [tag for tag in tags if tag == ref or versions.is_same(tag.rsplit("/", 1)[-1], ref)]
    tagged = [tags[tag] for tag in sorted(same, key=lambda tag: tag != ref)]
    return tagged or [commit for commit in [git.resolve(road.location, ref)] if commit]
