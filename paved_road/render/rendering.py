"""Renders a compiled template for settled answers, with the in-process renderer or with Copier.

The in-process renderer is fast, and Copier is the reference. Both render a release of a foreign road the first time it
is used. If they differ, or if the in-process renderer lacks a feature, Copier's files are used.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from paved_road import debug
from paved_road.errors import ForbiddenPath, PavedError, TemplateError, UnsupportedTemplate
from paved_road.git import trees
from paved_road.git.entries import File, Tree
from paved_road.process.limits import evaluating, watched
from paved_road.render import commands, context, inprocess, questions, redaction, reference, verified
from paved_road.render.commands import Command, CommandEvaluation
from paved_road.render.context import External, Operation, SettledAnswers
from paved_road.render.template import CompiledTemplate, untrusted
from paved_road.road.model import Release
from paved_road.settings.config import BUILT_IN


class Renderer(StrEnum):
    """Which renderer made a tree."""

    OURS = "in-process"
    COPIER = "copier"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pristine:
    """The result of rendering a release for given answers."""

    release: Release
    answers: Mapping[str, Any]
    """The answers that are recorded."""
    answers_file: str
    tree: Tree
    """Every file, including the answers file."""
    renderer: Renderer
    seeded: tuple[str, ...] = ()
    """Patterns (in gitignore's syntax) of files that are written only if they do not exist (`_skip_if_exists`)."""
    message: str = ""
    """The template's message after it is rendered (`_message_after_copy`, `_message_after_update`)."""
    differences: tuple[str, ...] = ()
    """Paths where a comparison in this run found that the two renderers differ; Copier's files are used."""
    left_alone: Callable[[str], bool] = field(default=lambda _: False, compare=False)
    """Whether updates leave a path alone because the template's `_exclude` excludes it from updates only."""

    def without(self, paths: Collection[str]) -> Pristine:
        """A copy without these files."""
        return replace(self, tree={path: file for path, file in self.tree.items() if path not in paths})


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandContext:
    """What a template's commands can read about a run: the answers, where they run, and for which operation."""

    template: CompiledTemplate
    answers: SettledAnswers
    answers_file: str
    destination: Path
    source: Path
    """A folder that has the template's own files while the commands run."""
    operation: Operation

    def tasks(self) -> list[Command]:
        """The tasks whose conditions are true. Raises `TemplateError` if one cannot be evaluated."""
        wanted = self.template.config.tasks
        return list(commands.tasks(wanted, self.evaluation("tasks"))) if wanted else []

    def evaluation(self, phase: str) -> CommandEvaluation:
        """The evaluation of commands in one of Copier's phases (`tasks`, `migrate`)."""
        rendering = Rendering(self.template, self.answers, self.destination, self.answers_file, self.operation)
        variables = rendering.variables(phase, source=self.source)
        return CommandEvaluation(environment=self.template.environment, variables=variables, operation=self.operation)


def render(
    template: CompiledTemplate,
    answers: SettledAnswers,
    destination: Path,
    *,
    operation: Operation = Operation.COPY,
    tasks: bool = False,
    renderer: Renderer | None = None,
    answers_file: str | None = None,
) -> Pristine:
    """Render the pristine tree. Nothing is written to `destination`; the template can read its name.

    `operation` decides which files are excluded. With `tasks`, the template's tasks for an update run in a scratch
    folder and change the tree; otherwise no task runs. `answers_file` overrides the path of that file. `renderer` is
    for comparing the two; by default the in-process renderer is used for releases that it is verified for.

    Raises `TemplateError` if the template fails, `ForbiddenPath` if a path leaves the service, `UntrustedTemplate` if
    tasks may not run, `LimitError` if rendering takes too much.
    """
    rendering = Rendering(template, answers, destination, "", operation)
    rendering = replace(rendering, answers_file=answers_file or answers_file_of(template, answers, destination))
    tree, by, differences = rendering.tree(renderer)
    debug.log(template.release.template.name, template.release.version, "rendered by", by)
    recorded = answers.for_answers_file(template.config)
    if rendering.answers_file not in tree:
        tree = {**tree, rendering.answers_file: File(_answers_text(recorded))}
    if tasks and template.config.tasks:
        tree = rendering.after_tasks(tree)
    omitted = answers.omitted_by_copier(template.config)
    tree = _with_answers(tree, rendering.answers_file, omitted)
    trees.check_paths(tree)
    return Pristine(
        release=template.release,
        answers=recorded | omitted,
        answers_file=rendering.answers_file,
        tree=dict(sorted(tree.items())),
        renderer=by,
        seeded=tuple(rendering.text(f"_skip_if_exists ({line})", str(line)) for line in template.config.seeded),
        message=rendering.setting(f"message_after_{operation}").strip(),
        differences=tuple(differences),
        left_alone=rendering.left_alone(),
    )


def answers_file_of(template: CompiledTemplate, answers: SettledAnswers, destination: Path) -> str:
    """The path of the template's answers file. Raises `TemplateError` if that cannot be evaluated."""
    rendering = Rendering(template, answers, destination, "", Operation.COPY)
    return rendering.text("_answers_file", template.config.answers_file)


def message_before(template: CompiledTemplate, destination: Path, operation: Operation) -> str:
    """The template's message before its questions (`_message_before_copy`, `_message_before_update`).

    Raises `TemplateError` if the message cannot be evaluated.
    """
    return (
        Rendering(template, SettledAnswers(), destination, "", operation).setting(f"message_before_{operation}").strip()
    )


def rendered_text(
    template: CompiledTemplate, answers: SettledAnswers, destination: Path, name: str, source: str
) -> str:
    """A Jinja text of the template's configuration, rendered; `name` says which. Raises `TemplateError`."""
    return Rendering(template, answers, destination, "", Operation.COPY).text(name, source)


def empty_folders(
    template: CompiledTemplate, answers: SettledAnswers, destination: Path, rendered: Iterable[str]
) -> list[str]:
    """The empty folders that the template makes, which a git tree cannot hold; [] if only Copier can render it."""
    variables = Rendering(template, answers, destination, "", Operation.COPY).variables()
    try:
        return inprocess.empty_folders(template.config, template.environment, template.files, variables, rendered)
    except TemplateError:
        return []


def sources(template: CompiledTemplate, answers: SettledAnswers, destination: Path) -> dict[str, str]:
    """The source of each rendered path; {} if only Copier can render the template, as it does not report them."""
    rendering = Rendering(template, answers, destination, "", Operation.COPY)
    try:
        with rendering.guarded():
            return inprocess.sources(template.config, template.environment, template.files, rendering.variables())
    except TemplateError:
        return {}


@dataclass(frozen=True, slots=True)
class Rendering:
    """One rendering of a template for given answers and a destination."""

    template: CompiledTemplate
    answers: SettledAnswers
    destination: Path
    answers_file: str
    operation: Operation

    def tree(self, renderer: Renderer | None) -> tuple[Tree, Renderer, list[str]]:
        """The files, the renderer that made them, and the paths where a comparison now found a difference."""
        release, cache = self.template.release, self.template.cache
        if renderer is Renderer.COPIER:
            return self.with_copier(), Renderer.COPIER, []
        if renderer is Renderer.OURS or release.template.road.source == BUILT_IN:
            return self.in_process(), Renderer.OURS, []
        if self.template.config.foreign_extensions:
            return self.with_copier(), Renderer.COPIER, []
        agreed = verified.recall(cache, release)
        if agreed is None:
            theirs, differences = self.compare()
            verified.remember(cache, release, agree=differences == [])
            return theirs, Renderer.COPIER, differences or []
        return (self.in_process(), Renderer.OURS, []) if agreed else (self.with_copier(), Renderer.COPIER, [])

    def compare(self) -> tuple[Tree, list[str] | None]:
        """Copier's files, and the paths where ours differ; None if our renderer cannot render the template.

        A path outside the service is refused whichever renderer is used. If both renderers fail, our error is raised,
        because it has the file and the line.
        """
        try:
            ours = self.in_process()
        except ForbiddenPath:
            raise
        except TemplateError as fault:
            debug.log("not rendered in-process:", fault.message, fault.cause)
            try:
                return self.with_copier(), None
            except TemplateError:
                if isinstance(fault, UnsupportedTemplate):
                    raise
                raise fault from None
        theirs = self.with_copier()
        differences = sorted(path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path))
        if differences:
            debug.log("the in-process renderer and Copier differ in", ", ".join(differences))
        return theirs, differences

    def in_process(self) -> Tree:
        """Render with the in-process renderer."""
        own = self.template
        with self.guarded():
            variables = self.variables()
            return inprocess.render(own.config, own.environment, own.files, variables, self.operation, own.limits)

    def with_copier(self) -> Tree:
        """Render with Copier."""
        job = reference.Job(
            answers=questions.written(self.answers, self.template.config),
            assumed=questions.written_defaults(self.answers),
            external=self.external_files(),
            destination=self.destination,
            answers_file=self.answers_file,
            exclude=self.extra_excludes(),
            trust=self.template.trust,
            limits=self.template.limits,
        )
        with self.redacted():
            return reference.render(self.template.release, job)

    def external_files(self) -> dict[str, bytes]:
        """The service's files that the template reads as data (`_external_data`)."""
        with self.guarded():
            files: dict[str, bytes] = self.variables()["_external_data"].files()
            return files

    def redacted(self) -> AbstractContextManager[None]:
        """A context whose errors do not quote the secret answers of this rendering."""
        answers = self.answers
        own = {key: value for key, value in answers.answered.items() if key not in answers.assumed}
        return redaction.hidden(self.template.config.secret, own, answers.given, answers.defaults)

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """A context that limits what the template's Jinja may use, and what its errors may quote."""
        with self.redacted(), watched("the template", self.template.limits):
            yield

    def extra_excludes(self) -> tuple[str, ...]:
        """Lines that override `_exclude` in an update, because Copier evaluates it as for a new service."""
        if self.operation is Operation.COPY or not self.template.config.excludes_by_operation:
            return ()
        return ("!*", *self.excludes(self.operation))

    def excludes(self, operation: Operation) -> tuple[str, ...]:
        """The rendered lines of `_exclude` for an operation."""
        with self.guarded():
            return inprocess.excludes(self.template.config, self.template.environment, self.variables(), operation)

    def left_alone(self) -> Callable[[str], bool]:
        """A function that says whether a path is excluded from updates only."""
        if not self.template.config.excludes_by_operation:
            return lambda _: False
        new, update = (inprocess.matcher(self.excludes(operation)) for operation in Operation)
        return lambda path: update(path) and not new(path)

    def after_tasks(self, tree: Tree) -> Tree:
        """Run the tasks of an update on the tree. Raises `UntrustedTemplate` if they may not run."""
        with tempfile.TemporaryDirectory(prefix="paved-tasks-") as folder:
            shop = commands.workshop(Path(folder), self.destination)
            wanted = CommandContext(
                template=self.template, answers=self.answers, answers_file=self.answers_file,
                operation=Operation.UPDATE, destination=shop.place, source=commands.source_below(shop.scratch),
            ).tasks()  # fmt: skip
            if wanted and not self.template.trust:
                raise untrusted(self.template.release, [f"task: {task}" for task in wanted])
            return shop.shaped(tree, self.template.files, wanted) if wanted else tree

    def setting(self, name: str) -> str:
        """A setting of the template with its Jinja rendered; "" if it is not set."""
        text = str(self.template.config.settings.get(name) or "")
        return self.text(f"_{name}", text) if text else ""

    def text(self, name: str, source: str) -> str:
        """Render a Jinja source from the template's configuration; `name` is its setting, for messages.

        Raises `TemplateError` if it cannot be evaluated.
        """
        with self.guarded():
            evaluating(f"the template's {name}")
            try:
                return self.template.environment.from_string(source).render(self.variables())
            except PavedError:
                raise
            except Exception as error:
                raise TemplateError(f"the template's {name} cannot be evaluated", cause=str(error)) from error

    def variables(self, phase: str = "render", *, source: Path | None = None) -> dict[str, Any]:
        """The template's variables in one of Copier's phases; `source` is the folder of its own files in that phase."""
        config = self.template.config
        around = replace(self.template.surroundings(self.destination), answers_file=self.answers_file)
        around = replace(around, source=source) if source else around
        variables: dict[str, Any] = {}
        external = External(
            config.settings.get("external_data", {}),
            around,
            lambda text: self.template.environment.from_string(text).render(variables),
        )
        variables |= context.build(self.answers, config, around, phase=phase, external=external)
        return variables


def _with_answers(tree: Tree, answers_file: str, more: Mapping[str, Any]) -> Tree:
    """The tree with more answers in its answers file: those that Copier leaves out."""
    if not more or answers_file not in tree:
        return tree
    file = tree[answers_file]
    end = b"" if file.data.endswith(b"\n") else b"\n"
    return {**tree, answers_file: replace(file, data=file.data + end + _yaml(more))}


def _answers_text(answers: Mapping[str, Any]) -> bytes:
    return b"# Changes here will be overwritten by Copier; NEVER EDIT MANUALLY\n" + _yaml(answers)


def _yaml(answers: Mapping[str, Any]) -> bytes:
    import yaml

    return yaml.safe_dump(dict(answers), allow_unicode=True, sort_keys=True, width=2**31).encode()
