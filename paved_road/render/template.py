"""A compiled template, which can settle answers and be rendered."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road.errors import TemplateError, UntrustedTemplate, nearest
from paved_road.git import address
from paved_road.git.entries import Tree
from paved_road.process.limits import USUAL, Limits, watched
from paved_road.render import config as configs
from paved_road.render import environment, foreseen, questions, redaction
from paved_road.render.answer_types import to_bool
from paved_road.render.config import TemplateConfig
from paved_road.render.context import AnswerSources, Operation, SettledAnswers, Surroundings
from paved_road.render.foreseen import Foreseen
from paved_road.render.prompts import Ask, Interview, Topic
from paved_road.road.model import Release
from paved_road.road.version_file import FILENAME
from paved_road.settings.config import BUILT_IN
from paved_road.settings.whereabouts import quoted

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledTemplate:
    """A compiled release: its configuration, files and Jinja environment."""

    release: Release
    config: TemplateConfig
    files: Tree
    environment: jinja2.Environment
    trust: bool
    """Whether the template's tasks, migrations and extensions may run."""
    derives: bool
    """Whether the road's commands for derived files may run."""
    cache: Path
    limits: Limits = USUAL

    def settle(
        self,
        destination: Path,
        *,
        given: Mapping[str, Any],
        recorded: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
        first: tuple[str, ...] = (),
        interview: Interview | None = None,
    ) -> SettledAnswers:
        """Answer every question; see `paved_road.render.questions.settle` for the arguments and for what it raises.

        `first` names the questions to ask before the others; `interview` asks a person.
        """
        topic = self._topic(destination, {**(recorded or {}), **given}, first)

        sources = AnswerSources(
            given=given, metadata=self._metadata(), recorded=recorded or {}, defaults=defaults or {}
        )

        def settle(ask: Ask | None) -> SettledAnswers:
            return questions.settle(self.config, self.environment, self.surroundings(destination), sources, ask=ask)

        with redaction.hidden(self.config.secret, given, defaults or {}), watched("the questions", self.limits):
            if interview is None:
                return settle(None)
            if self.release.template.road.source != BUILT_IN:
                configs.check_parser(self.config, self.files)
            return interview(topic, settle)

    def _topic(self, destination: Path, answered: Collection[str], first: tuple[str, ...]) -> Topic:
        for name in first:
            if name not in self.config.questions:
                raise TemplateError(
                    f"{FILENAME}: questions.first names {name!r}, but the template has no such question",
                    hint=nearest(name, self.config.questions),
                )
        own = {
            name: details
            for name, details in self.config.questions.items()
            if name not in answered and _may_be_asked(details)
        }
        return Topic(
            destination=destination,
            road=self.release.template.road.source,
            template=self.release.template.name,
            questions=tuple(own),
            required=frozenset(name for name, details in own.items() if "default" not in details),
            secret=frozenset(self.config.secret),
            first=first,
            cache=self.cache,
        )

    def previewed_tasks(self, operation: Operation) -> list[Foreseen]:
        """The tasks that will or may run, before the questions are answered."""
        return foreseen.tasks(self.config.tasks, operation, self.environment)

    def surroundings(self, destination: Path) -> Surroundings:
        """What the template's Jinja can read about the run."""
        release = self.release
        return Surroundings(
            destination=destination,
            source=release.template.road.location / release.template.folder,
            ref=release.tag or release.commit,
            commit=release.commit,
            trust=self.trust,
        )

    def _metadata(self) -> dict[str, str]:
        described = {"_commit": self.release.described} if self.release.described else {}
        return described | {"_src_path": self.release.template.source}


def _may_be_asked(details: Mapping[str, Any]) -> bool:
    """Whether a person may be asked this question; False only if no answer can change that."""
    flags = (details.get(key, True) for key in ("when", "ask"))
    return all(to_bool(flag) for flag in flags if not isinstance(flag, str) or "{" not in flag)


def prepare(release: Release, *, cache: Path, trust: bool = False, limits: Limits = USUAL) -> CompiledTemplate:
    """Read and compile a release. A committed release never changes, so it is compiled once in a process.

    Raises `UntrustedTemplate` if the template loads Jinja extensions and is not trusted, because they run as soon as it
    is compiled; `TemplateError` if its configuration is malformed; `LimitError` if it is too large.
    """
    fixed = release.commit is not None and not release.working_tree
    return (_compile_once if fixed else _compile)(release, cache, trust, limits)


def _compile(release: Release, cache: Path, trust: bool, limits: Limits) -> CompiledTemplate:
    files = release.files()
    limits.check("the template", files=len(files), size=sum(len(file.data) for file in files.values()))
    with watched("the template's copier.yml", limits):
        config = configs.load(files, release.template.folder)
    road = release.template.road
    trusted = trust or (road.trusted and road.source != BUILT_IN)  # the built-in road needs no trust
    if config.extensions and not trusted:
        extensions = (f"Jinja extension: {name}" for name in config.extensions)
        raise untrusted(release, [*extensions, *foreseen.everything(config)])
    return CompiledTemplate(
        release=release,
        config=config,
        files=files,
        environment=environment.make(config, files, compiled=cache, trust=trusted, folder=release.template.folder),
        trust=trusted,
        derives=trust or road.trusted,
        cache=cache,
        limits=limits,
    )


_compile_once = functools.lru_cache(maxsize=16)(_compile)


def untrusted(release: Release, commands: Iterable[str]) -> UntrustedTemplate:
    """The error to raise when a template that is not trusted has commands or extensions to run."""
    road = release.template.road
    known_as = str(road.location) if address.is_relative(road.source) else road.source
    return UntrustedTemplate(
        f"the template {release.template.name!r} wants to run code of its own",
        cause="; ".join(commands),
        hint=f"read it first; to let it run, add --trust; in a pipeline: PAVED_TRUST={quoted(known_as)}",
    )
