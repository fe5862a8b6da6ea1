"""A road's own practices: `<slug>.md` and `<slug>.py` in the folder that the template's `paved-road.yml` names.

Only texts are read here, also those of untrusted roads, and nothing is run: `paved_road.check.own` runs the code of
those that a person trusts.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from paved_road.git.entries import Tree
from paved_road.practices.built_in import built_in_slugs
from paved_road.practices.model import CheckKind, Practice
from paved_road.practices.reading import InvalidPractice, PracticeFault, read_practice
from paved_road.road.manifest import manifest_of
from paved_road.road.model import Release

README = "README.md"
BREAK = "break_it"
"""The function of a practice's code that seeds the fault in a freshly stamped service."""
_DECORATORS = {
    "static_check": CheckKind.STATIC,
    "live_check": CheckKind.LIVE,
    "attested_check": CheckKind.ATTESTED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPractice:
    """A practice of a road, with its code."""

    practice: Practice
    path: str
    """Of its Markdown file, from the template's folder."""
    code_path: str
    code: str
    """The text of its Python file; "" for an attested practice that needs none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPractices:
    """The practices of one release of a template."""

    by_slug: Mapping[str, OwnPractice] = field(default_factory=dict)
    """Those without a fault."""
    slugs: frozenset[str] = frozenset()
    """The names of all of them, the faulty ones too."""
    faults: tuple[PracticeFault, ...] = ()


def practices_folder(stated: str) -> str:
    """The folder of a manifest's `practices`, without a slash at its end."""
    return posixpath.normpath(stated)


def release_practices(release: Release) -> OwnPractices:
    """The practices of a release; none if its `paved-road.yml` names no folder.

    Raises `TemplateError` if its `paved-road.yml` is not valid.
    """
    files = release.files()
    stated = manifest_of(files, release.template.folder).practices
    return OwnPractices() if stated is None else own_practices(files, practices_folder(stated))


def own_practices(files: Tree, folder: str) -> OwnPractices:
    """The practices in a folder of a template's files."""
    inside = {path: file.data for path, file in files.items() if posixpath.dirname(path) == folder}
    found: dict[str, OwnPractice] = {}
    faults: list[PracticeFault] = []
    pages = sorted(path for path in inside if path.endswith(".md") and posixpath.basename(path) != README)
    for path in pages:
        own, wrong = _own(path, inside)
        faults += wrong
        if own is not None and not wrong:
            found[own.practice.slug] = own
    for path in sorted(path for path in inside if path.endswith(".py")):
        if (page := f"{path.removesuffix('.py')}.md") not in inside:
            text = f"no practice belongs to this code: {posixpath.basename(page)} does not exist"
            faults.append(PracticeFault(path=path, line=1, text=text))
    slugs = frozenset(posixpath.basename(path).removesuffix(".md") for path in pages)
    return OwnPractices(by_slug=found, slugs=slugs, faults=tuple(faults))


def _own(path: str, inside: Mapping[str, bytes]) -> tuple[OwnPractice | None, list[PracticeFault]]:
    """The practice in a file, as far as it can be read, and its faults."""
    code_path = f"{path.removesuffix('.md')}.py"
    try:
        practice = read_practice(path, inside[path])
    except InvalidPractice as error:
        return None, error.faults
    faults = []
    if practice.slug in built_in_slugs():
        text = f"the built-in catalogue has a practice {practice.slug}: give this one another name"
        faults.append(PracticeFault(path=path, line=1, text=text))
    if code_path not in inside:
        if practice.kind is not CheckKind.ATTESTED:
            text = f"its check is missing: {posixpath.basename(code_path)} does not exist"
            faults.append(PracticeFault(path=path, line=1, text=text))
        return OwnPractice(practice=practice, path=path, code_path=code_path, code=""), faults
    try:
        code = inside[code_path].decode()
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = (error.lineno if isinstance(error, SyntaxError) else None) or 1
        text = f"is not Python: {error.msg if isinstance(error, SyntaxError) else error}"
        return None, [*faults, PracticeFault(path=code_path, line=line, text=text)]
    faults += [PracticeFault(path=code_path, line=line, text=text) for line, text in _code_faults(practice, tree)]
    return OwnPractice(practice=practice, path=path, code_path=code_path, code=code), faults


def _code_faults(practice: Practice, tree: ast.Module) -> Iterator[tuple[int, str]]:
    checks = list(_checks(tree))
    for line, kind, slug in checks:
        if slug != practice.slug:
            yield line, f"the check is of {slug!r}, and the file of {practice.slug!r}: they must be the same"
        elif kind is not practice.kind:
            yield line, f"the check is {kind}, and {practice.slug}.md says {practice.kind}"
    if not checks:
        yield 1, f'no function has the decorator @{practice.kind}_check("{practice.slug}")'
    if practice.kind is not CheckKind.ATTESTED and not any(
        isinstance(node, ast.FunctionDef) and node.name == BREAK for node in tree.body
    ):
        yield 1, f"the function {BREAK}(service: Path) is missing: it seeds the fault that the check must catch"


def _checks(tree: ast.Module) -> Iterator[tuple[int, CheckKind, str]]:
    """The checks of a module: their lines, kinds and slugs."""
    for node in tree.body:
        for each in getattr(node, "decorator_list", ()):
            name = ast.unparse(each.func).rpartition(".")[2] if isinstance(each, ast.Call) else ""
            if name in _DECORATORS:
                slug = each.args[0].value if each.args and isinstance(each.args[0], ast.Constant) else "?"
                yield each.lineno, _DECORATORS[name], str(slug)
