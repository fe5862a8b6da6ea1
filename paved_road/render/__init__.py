"""A release and answers become a pristine tree. Callers see one function for each half: `settle`, `render`.

Copier is the reference. An in-process renderer covers its common features, and is trusted because it is verified:
the built-in road's templates by this project's tests, a release of a foreign road by rendering it both ways the
first time it is seen. What it does not cover, or where the two differ, goes through Copier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road.config import BUILT_IN
from paved_road.errors import TemplateError, UntrustedTemplate
from paved_road.render import config as configs
from paved_road.render import context, environment, inprocess, reference, verified
from paved_road.render.config import TemplateConfig
from paved_road.render.context import AnswerBook, External, Surroundings
from paved_road.render.questions import Ask
from paved_road.render.questions import settle as _settle
from paved_road.road import Release
from paved_road.tree import File, Tree

if TYPE_CHECKING:
    import jinja2

__all__ = ["Pristine", "Questionnaire", "Renderer", "prepare", "render"]


class Renderer(StrEnum):
    """Who rendered a tree."""

    OURS = "in-process"
    COPIER = "copier"


@dataclass(frozen=True, kw_only=True, slots=True)
class Questionnaire:
    """A release read and compiled once: its configuration, files and Jinja environment."""

    release: Release
    config: TemplateConfig
    files: Tree
    environment: jinja2.Environment
    trust: bool
    cache: Path

    def settle(
        self,
        destination: Path,
        *,
        given: Mapping[str, Any],
        recorded: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
        ask: Ask | None = None,
    ) -> AnswerBook:
        """Answer every question; see `paved_road.render.questions.settle`."""
        return _settle(
            self.config,
            self.environment,
            self.around(destination),
            metadata=self._metadata(),
            given=given,
            recorded=recorded,
            defaults=defaults,
            ask=ask,
        )

    def around(self, destination: Path) -> Surroundings:
        """What the template may ask about this run."""
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
        return described | {"_src_path": self.release.template.road.source}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pristine:
    """What a release renders for given answers."""

    release: Release
    answers: Mapping[str, Any]
    """Those that are recorded."""
    answers_file: str
    tree: Tree
    """Every file, the answers file among them."""
    renderer: Renderer
    message: str = ""
    """What the template says when a service was created (`_message_after_copy`)."""
    differences: tuple[str, ...] = ()
    """Paths on which the in-process renderer and Copier were seen to differ; Copier's files are used."""


def prepare(release: Release, *, cache: Path, trust: bool = False) -> Questionnaire:
    """Read a release. A template that wants to run code is refused unless its road is trusted or `trust` is given."""
    files = release.files()
    config = configs.load(files)
    trusted = trust or release.template.road.trusted
    if config.wants_to_run and not trusted:
        raise UntrustedTemplate(
            f"the template {release.template.name!r} wants to run code of its own",
            cause="; ".join(config.wants_to_run),
            hint="read it first; to let it run, add --trust",
        )
    made = environment.make(config, files, compiled=cache / "jinja")
    return Questionnaire(release=release, config=config, files=files, environment=made, trust=trusted, cache=cache)


def render(form: Questionnaire, book: AnswerBook, destination: Path) -> Pristine:
    """The pristine tree. Nothing is written to `destination`; its name is what the template may see of it."""
    answers_file = _answers_file(form, book, destination)
    tree, renderer, differences = _render(form, book, destination, answers_file)
    record = book.to_record(form.config)
    if answers_file not in tree:
        tree = {**tree, answers_file: File(_answers_text(record))}
    return Pristine(
        release=form.release,
        answers=record,
        answers_file=answers_file,
        tree=dict(sorted(tree.items())),
        renderer=renderer,
        message=_string(form, book, destination, answers_file, "message_after_copy").strip(),
        differences=tuple(differences),
    )


def _render(
    form: Questionnaire, book: AnswerBook, destination: Path, answers_file: str
) -> tuple[Tree, Renderer, list[str]]:
    if form.release.template.road.source == BUILT_IN:
        return _ours(form, book, destination, answers_file), Renderer.OURS, []
    agreed = None if form.config.settings.get("tasks") else verified.recall(form.cache, form.release)
    if agreed:
        return _ours(form, book, destination, answers_file), Renderer.OURS, []
    theirs = _copiers(form, book, destination, answers_file)
    if agreed is not None or form.config.settings.get("tasks"):
        return theirs, Renderer.COPIER, []
    differences = _compare(form, book, destination, answers_file, theirs)
    verified.remember(form.cache, form.release, differences=differences)
    return theirs, Renderer.COPIER, differences


def _compare(form: Questionnaire, book: AnswerBook, destination: Path, answers_file: str, theirs: Tree) -> list[str]:
    """Where the two renderers differ, by path; ["*"] when ours does not cover the template."""
    try:
        ours = _ours(form, book, destination, answers_file)
    except TemplateError:
        return ["*"]
    return sorted(path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path))


def _ours(form: Questionnaire, book: AnswerBook, destination: Path, answers_file: str) -> Tree:
    return inprocess.render(
        form.config, form.environment, form.files, _variables(form, book, destination, answers_file, "render")
    )


def _copiers(form: Questionnaire, book: AnswerBook, destination: Path, answers_file: str) -> Tree:
    answers = {**book.given, **{key: value for key, value in book.answered.items() if key not in book.hidden}}
    return reference.render(
        form.release, answers, folder_name=destination.name, answers_file=answers_file, trust=form.trust
    )


def _variables(
    form: Questionnaire, book: AnswerBook, destination: Path, answers_file: str, phase: str
) -> dict[str, Any]:
    around = replace(form.around(destination), answers_file=answers_file)
    paths = form.config.settings.get("external_data", {})
    variables: dict[str, Any] = {}
    external = External(paths, destination, lambda text: form.environment.from_string(text).render(variables))
    variables |= context.build(book, form.config, around, phase=phase, external=external)
    return variables


def _answers_file(form: Questionnaire, book: AnswerBook, destination: Path) -> str:
    return _string(form, book, destination, "", "answers_file") or ".copier-answers.yml"


def _string(form: Questionnaire, book: AnswerBook, destination: Path, answers_file: str, setting: str) -> str:
    """A setting of the template with its Jinja rendered; "" when it is not set."""
    text = str(form.config.settings.get(setting, ""))
    try:
        return form.environment.from_string(text).render(_variables(form, book, destination, answers_file, "render"))
    except Exception as error:
        raise TemplateError(f"the template's _{setting} cannot be evaluated", cause=str(error)) from error


def _answers_text(record: Mapping[str, Any]) -> bytes:
    import yaml

    text = yaml.safe_dump(dict(record), allow_unicode=True, sort_keys=True, width=2**31)
    return f"# Changes here will be overwritten by Copier; NEVER EDIT MANUALLY\n{text}".encode()
