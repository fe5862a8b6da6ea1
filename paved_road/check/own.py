"""The checks of a road's own practices. They are the road's code, so they run only if the person trusts the road.

Each Python file is a module of its own, made from the text in the release: nothing of it is imported from a folder, and
no list of ours learns of it.
"""

from __future__ import annotations

import hashlib
import linecache
import posixpath
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from paved_road.check.registry import AttestedCheck, Check, LiveCheck, StaticCheck, checks_in
from paved_road.errors import TemplateError
from paved_road.practices.model import CheckKind
from paved_road.practices.of_road import BREAK
from paved_road.render import untrusted
from paved_road.road.signatures import demand

if TYPE_CHECKING:
    from paved_road.check.live.lab import Lab
    from paved_road.check.model import Fault
    from paved_road.check.static.files import ServiceFiles
    from paved_road.practices.known import Catalogue
    from paved_road.practices.of_road import OwnPractice
    from paved_road.road.model import Release

Break = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCheck:
    """The check of a road's practice, and the function that seeds the fault it must catch."""

    check: Check
    break_it: Break | None = None
    """None for an attested practice, which has no fault to seed."""


def require_trust(release: Release, paths: list[str]) -> None:
    """Raise `UntrustedTemplate` unless the person trusts the road to run the code in these files."""
    if not release.template.road.trusted:
        raise untrusted(release, [f"check: {path}" for path in paths])
    demand(release)


def load_check(own: OwnPractice, release: Release) -> OwnCheck:
    """Run the code of a practice, and return its check.

    Raises `UntrustedTemplate` if the person does not trust the road, and `TemplateError` if the code fails.
    """
    require_trust(release, [own.code_path])
    slug = own.practice.slug
    if not own.code:
        return OwnCheck(check=AttestedCheck(slug=slug, function=_needed_by_all))
    where = posixpath.join(release.template.folder, own.code_path)
    module = _module(own.code, f"{release.template.road.source}/{where}", where)
    found = [check for check in checks_in(module) if check.slug == slug]
    if not found:
        raise TemplateError(f"{where} has no check of {slug}", hint="paved templates --check")
    return OwnCheck(check=found[0], break_it=vars(module).get(BREAK))


def own_checks(found: Catalogue) -> dict[str, Check]:
    """The checks of a trusted road's practices, by slug. One whose code fails is an error when it runs, and no pass."""
    if found.own is None or found.release is None:
        return {}
    checks: dict[str, Check] = {}
    for slug, own in found.own.by_slug.items():
        try:
            checks[slug] = load_check(own, found.release).check
        except TemplateError as error:
            checks[slug] = _failing(own, TemplateError(f"{error.message}: {error.cause}"))
    return checks


def _needed_by_all(_: ServiceFiles) -> None:
    """Every service needs the statement."""


def _failing(own: OwnPractice, error: TemplateError) -> Check:
    """A check that ends with the error that its code could not be loaded for."""

    def static(_: ServiceFiles) -> list[Fault]:
        raise error

    def attested(_: ServiceFiles) -> None:
        raise error

    async def live(_: Lab) -> None:
        raise error

    slug = own.practice.slug
    if own.practice.kind is CheckKind.LIVE:
        return LiveCheck(slug=slug, function=live)
    if own.practice.kind is CheckKind.ATTESTED:
        return AttestedCheck(slug=slug, function=attested)
    return StaticCheck(slug=slug, function=static)


def _module(code: str, filename: str, where: str) -> ModuleType:
    """The module of a text. Raises `TemplateError`, which names the line, for whatever ends it."""
    digest = hashlib.sha256("\n".join((filename, code)).encode()).hexdigest()
    name = f"paved_road_own.{digest[:16]}"
    if (loaded := sys.modules.get(name)) is not None:
        return loaded
    module = ModuleType(name)
    module.__file__ = filename
    sys.modules[name] = module  # dataclasses and pickle look a class's module up there
    linecache.cache[filename] = len(code), None, code.splitlines(keepends=True), filename
    try:
        exec(compile(code, filename, "exec"), vars(module))  # noqa: S102 (the person trusts the road: `require_trust`)
    except Exception as error:
        del sys.modules[name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
        line = error.lineno if isinstance(error, SyntaxError) else next(iter(lines), 1)
        raise TemplateError(
            f"{where}:{line}: the check cannot be loaded", cause=f"{type(error).__name__}: {error}",
            hint="paved templates --check",
        ) from error  # fmt: skip
    return module
