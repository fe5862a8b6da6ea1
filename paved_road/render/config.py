"""Reads `copier.yml` as Copier does: includes, several documents, settings separate from questions."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from paved_road.errors import ForbiddenPath, TemplateError
from paved_road.files import yml
from paved_road.git.entries import File
from paved_road.render import shapes

DEFAULT_EXCLUDE = ("copier.yaml", "copier.yml", "~*", "*.py[co]", "__pycache__", ".git", ".DS_Store", ".svn")
"""What Copier excludes from a template without `_subdirectory`; with one, it excludes nothing."""

OLDEST_COPIER = "9.19.1"
"""The oldest Copier that can be installed with paved (the lower bound in pyproject.toml)."""

_DEEPEST_INCLUDE = 20
"""How many levels deep files may include each other."""

_ADDED_UP = ("_exclude", "_jinja_extensions", "_secret_questions", "_skip_if_exists")
"""Lists that are joined if several documents of one copier.yml set them; for other settings the last one wins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateConfig:
    """The settings and questions of a template."""

    settings: Mapping[str, Any]
    """By name, without the leading underscore."""
    questions: Mapping[str, Mapping[str, Any]]
    path: str
    """The path of the configuration file itself."""
    secret: frozenset[str] = field(default=frozenset())

    @property
    def subdirectory(self) -> str:
        """The folder of the files to render; may contain Jinja."""
        return str(self.settings.get("subdirectory", ""))

    @property
    def answers_file(self) -> str:
        """The path of the answers file; may contain Jinja."""
        return str(self.settings.get("answers_file") or ".copier-answers.yml")

    @property
    def suffix(self) -> str:
        """The suffix of file names to render; "" renders every file."""
        suffix = self.settings.get("templates_suffix")
        return ".jinja" if suffix is None else str(suffix)

    @property
    def exclude(self) -> tuple[str, ...]:
        """Patterns of paths that are not rendered."""
        bare = PurePosixPath(self.subdirectory) == PurePosixPath()
        return tuple(self.settings.get("exclude", DEFAULT_EXCLUDE if bare else ()))

    @property
    def excludes_by_operation(self) -> bool:
        """Whether an update may render a different selection of files than a new service."""
        return any("_copier_operation" in str(pattern) for pattern in self.exclude)

    @property
    def seeded(self) -> tuple[Any, ...]:
        """Patterns of files that an update leaves alone if they exist; may contain Jinja."""
        return tuple(self.settings.get("skip_if_exists", ()))

    @property
    def environment_options(self) -> dict[str, Any]:
        """Options of the Jinja environment."""
        return {"keep_trailing_newline": True, **self.settings.get("envops", {})}

    @property
    def tasks(self) -> tuple[Any, ...]:
        """Commands that run after the files are rendered."""
        return tuple(self.settings.get("tasks") or ())

    @property
    def extensions(self) -> list[str]:
        """The Jinja extensions that the template loads: their code runs whenever the template is read."""
        return [str(name) for name in self.settings.get("jinja_extensions") or ()]

    @property
    def foreign_extensions(self) -> list[str]:
        """The extensions that are not Jinja's own: what they render may depend on anything."""
        return [name for name in self.extensions if not name.startswith("jinja2.ext.")]

    @property
    def migrations(self) -> tuple[Any, ...]:
        """Commands that run when an update passes a release."""
        return tuple(self.settings.get("migrations") or ())


def load(files: Mapping[str, File], folder: str = "") -> TemplateConfig:
    """Read a template's configuration from its files; messages name `folder`, the template's place in the road.

    Raises `TemplateError` if there is not exactly one `copier.yml` or `copier.yaml`, or if it is malformed.
    """
    found = [path for path in ("copier.yml", "copier.yaml") if path in files]
    if len(found) != 1:
        raise TemplateError(
            "the template has both copier.yml and copier.yaml" if found else "the template has no copier.yml"
        )
    path = found[0]
    documents = _documents(path, files)
    merged: dict[str, Any] = {}
    for document in documents:
        merged |= document
    for key in _ADDED_UP:
        given = [document[key] for document in documents if key in document]
        if given and all(isinstance(items, list) for items in given):
            merged[key] = [item for items in given for item in items]
    settings = {key[1:]: value for key, value in merged.items() if key.startswith("_")}
    questions = {
        key: value if isinstance(value, dict) else {"default": value}
        for key, value in merged.items()
        if not key.startswith("_")
    }
    shapes.check(lambda *where: posixpath.join(folder, _place(path, files, where)), settings, questions)
    if (minimum := settings.get("min_copier_version")) is not None:
        where = posixpath.join(folder, _place(path, files, ("_min_copier_version",)))
        _check_copier(str(minimum), where)
    secret = frozenset(settings.get("secret_questions", ())) | {
        key for key, value in questions.items() if shapes.is_yes(value.get("secret", False))
    }
    return TemplateConfig(settings=settings, questions=questions, path=path, secret=frozenset(secret))


def _place(path: str, files: Mapping[str, File], where: yml.Path) -> str:
    """The file and line of a key; the file alone if the key comes from an included file."""
    line = yml.key_lines(files[path].data.decode("utf-8", "replace")).get(where)
    return f"{path}:{line}" if line else path


def check_parser(config: TemplateConfig, files: Mapping[str, File]) -> None:
    """Refuse YAML that libyaml accepts but Copier's parser does not, such as `{help: Which?}`.

    It takes ten times as long as reading the file did, so it runs only when a person is about to be asked.
    """
    try:
        for _ in yaml.parse(files[config.path].data, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        raise unreadable(config.path, yml.located_message(error)) from error


def unreadable(path: str, why: str) -> TemplateError:
    """The error for a template's YAML file that Copier's parser refuses."""
    return TemplateError(
        f"Copier cannot read the template's {path}",
        cause=why,
        hint="put quotes around a text that has one of ? : # [ ] { } , in it",
    )


def _check_copier(minimum: str, where: str) -> None:
    """Refuse a template that requires a newer Copier than the one installed, whichever renderer is used."""
    from packaging.version import InvalidVersion, Version

    try:
        wanted = Version(minimum)
    except InvalidVersion as error:
        raise TemplateError(f"{where}: _min_copier_version is not a version", cause=f"it is {minimum!r}") from error
    if wanted <= Version(OLDEST_COPIER):
        return  # looking up the installed version costs more than reading the template
    from importlib.metadata import version

    installed = version("copier")
    if Version(installed) < wanted:
        raise TemplateError(
            f"{where}: the template needs Copier {minimum} or newer",
            cause=f"paved uses the Copier that is installed beside it, {installed}",
            hint="pip install --upgrade copier",
        )


def _documents(path: str, files: Mapping[str, File]) -> list[dict[str, Any]]:
    """The mappings in a YAML file of one or more documents; `!include` inserts other files of the template."""

    class Loader(yml.Loader):
        """A class of its own, because `add_constructor` changes the class."""

    def include(loader: yml.Loader, node: yaml.Node) -> list[Any]:
        """The documents in the files that `!include` names.

        Raises `TemplateError` for a circle of includes, `ForbiddenPath` for a path outside the template.
        """
        if not isinstance(node, yaml.ScalarNode):
            raise TemplateError(f"{path}: !include takes one path or pattern")
        pattern = str(loader.construct_scalar(node))
        if len(including) > _DEEPEST_INCLUDE:
            raise TemplateError(f"{path} includes {pattern!r} in a circle")
        if pattern.startswith("/") or ".." in PurePosixPath(pattern).parts:
            raise ForbiddenPath(f"{path} includes {pattern!r}", cause="an include must stay inside the template")
        including.append(pattern)
        found = []
        for name in _matches(pattern, files):
            found += _flat(yml.load_all(files[name].data, Loader))
        including.pop()
        return found

    including: list[str] = []
    Loader.add_constructor("!include", include)
    try:
        documents = _flat(yml.load_all(files[path].data, Loader))
    except yaml.YAMLError as error:
        raise TemplateError(
            f"the template's {path} {yml.what_is_wrong(error)}", cause=yml.located_message(error)
        ) from error
    for document in documents:
        if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
            raise TemplateError(f"the template's {path} must map names to settings and questions")
    return documents


def _matches(pattern: str, files: Mapping[str, File]) -> list[str]:
    """The files that match a pattern of `!include`, sorted; `**` matches any number of folders."""
    if "**" in PurePosixPath(pattern).parts:
        from pathspec import PathSpec

        return sorted(filter(PathSpec.from_lines("gitignore", [f"/{pattern}"]).match_file, files))
    depth = pattern.count("/")
    return [name for name in sorted(files) if name.count("/") == depth and PurePosixPath(name).match(pattern)]


def _flat(documents: Any) -> list[Any]:
    """The documents without empty ones, and with lists (from includes) flattened."""
    found: list[Any] = []
    for document in documents:
        if isinstance(document, list):
            found += _flat(document)
        elif document:
            found.append(document)
    return found
