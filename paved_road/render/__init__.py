"""A release and answers become a pristine tree. Callers see one function for each half: `settle`, `render`.

Copier is the reference. An in-process renderer covers its common features, and is trusted because it is verified:
the built-in road's templates by this project's tests, a release of a foreign road by rendering it both ways the
first time it is seen. What it does not cover, or where the two differ, goes through Copier.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road import debug
from paved_road.errors import (
    ForbiddenPath,
    PavedError,
    TemplateError,
    UnsupportedTemplate,
    UntrustedTemplate,
    nearest,
)
from paved_road.git import address, trees
from paved_road.git.entries import File, Tree
from paved_road.process.limits import USUAL, Limits, evaluating, watched
from paved_road.render import commands, context, discreet, environment, foreseen, inprocess, reference, verified
from paved_road.render import config as configs
from paved_road.render.commands import Command, Evaluation
from paved_road.render.config import TemplateConfig
from paved_road.render.context import External, Operation, SettledAnswers, Surroundings
from paved_road.render.foreseen import Foreseen
from paved_road.render.prompts import Ask, Interview, Topic
from paved_road.render.questions import settle as _settle
from paved_road.render.questions import to_bool, written, written_defaults
from paved_road.road.model import Release
from paved_road.road.version_file import FILENAME
from paved_road.settings.config import BUILT_IN
from paved_road.settings.whereabouts import quoted

if TYPE_CHECKING:
    import jinja2

__all__ = [
    "CompiledTemplate",
    "Operation",
    "Pristine",
    "Renderer",
    "Told",
    "empty_folders",
    "prepare",
    "render",
    "sources",
    "untrusted",
]


class Renderer(StrEnum):
    """Who rendered a tree."""

    OURS = "in-process"
    COPIER = "copier"


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledTemplate:
    """A release read and compiled once: its configuration, files and Jinja environment."""

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
        """Answer every question; see `paved_road.render.questions.settle`.

        `first` are the questions that the template wants asked before the others, should a person be asked.
        """
        topic = self._topic(destination, {**(recorded or {}), **given}, first)

        def settle(ask: Ask | None) -> SettledAnswers:
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

        with discreet.about(self.config.secret, given, defaults or {}), watched("the questions", self.limits):
            if interview is None:
                return settle(None)
            if self.release.template.road.source != BUILT_IN:
                configs.check_parser(self.config, self.files)
            return interview(topic, settle)

    def _topic(self, destination: Path, answered: Collection[str], first: tuple[str, ...]) -> Topic:
        questions = self.config.questions
        for name in first:
            if name not in questions:
                raise TemplateError(
                    f"{FILENAME}: questions.first names {name!r}, and the template asks no such question",
                    hint=nearest(name, questions),
                )
        own = {name: details for name, details in questions.items() if name not in answered and _may_be_asked(details)}
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

    def greeting(self, destination: Path, operation: Operation) -> str:
        """What the template says before it asks anything (`_message_before_copy`, `_message_before_update`)."""
        return (
            _Rendering(self, SettledAnswers(), destination, "", operation)
            .setting(f"message_before_{operation}")
            .strip()
        )

    def tasks_ahead(self, operation: Operation) -> list[Foreseen]:
        """The tasks that will or may run, before the questions are answered."""
        return foreseen.tasks(self.config.tasks, operation, self.environment)

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
        return described | {"_src_path": self.release.template.source}


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
    seeded: tuple[str, ...] = ()
    """Patterns (gitignore's syntax) of files that are written once and then left alone (`_skip_if_exists`)."""
    message: str = ""
    """What the template says when it is done (`_message_after_copy`, `_message_after_update`)."""
    differences: tuple[str, ...] = ()
    """Paths on which the in-process renderer and Copier were seen to differ; Copier's files are used."""
    left_alone: Callable[[str], bool] = field(default=lambda _: False, compare=False)
    """Whether the template leaves a path to the service in updates: its `_exclude` takes it out of those alone."""

    def without(self, paths: Collection[str]) -> Pristine:
        """The same without these files."""
        return replace(self, tree={path: file for path, file in self.tree.items() if path not in paths})


def _may_be_asked(details: Mapping[str, Any]) -> bool:
    """Whether a question is put to a person, as far as that is certain before any is answered."""
    flags = (details.get(key, True) for key in ("when", "ask"))
    return all(to_bool(flag) for flag in flags if not isinstance(flag, str) or "{" not in flag)


def prepare(release: Release, *, cache: Path, trust: bool = False, limits: Limits = USUAL) -> CompiledTemplate:
    """Read a release. Jinja extensions run whenever it is read, so they are refused here without trust.

    A committed release never changes, so a process reads it once.
    """
    fixed = release.commit is not None and not release.working_tree
    return (_prepare_once if fixed else _prepare)(release, cache, trust, limits)


def _prepare(release: Release, cache: Path, trust: bool, limits: Limits) -> CompiledTemplate:
    files = release.files()
    limits.check("the template", files=len(files), size=sum(len(file.data) for file in files.values()))
    with watched("the template's copier.yml", limits):
        config = configs.load(files, release.template.folder)
    road = release.template.road
    trusted = trust or (road.trusted and road.source != BUILT_IN)  # the built-in road needs none of it
    if config.extensions and not trusted:
        extensions = (f"Jinja extension: {name}" for name in config.extensions)
        raise untrusted(release, [*extensions, *foreseen.everything(config)])
    made = environment.make(config, files, compiled=cache, trust=trusted, folder=release.template.folder)
    return CompiledTemplate(
        release=release,
        config=config,
        files=files,
        environment=made,
        trust=trusted,
        derives=trust or road.trusted,
        cache=cache,
        limits=limits,
    )


_prepare_once = functools.lru_cache(maxsize=16)(_prepare)


def untrusted(release: Release, wanted: Iterable[str]) -> UntrustedTemplate:
    """What to raise when a template wants to run these commands and extensions, and nobody trusts it."""
    road = release.template.road
    known_as = str(road.location) if address.is_relative(road.source) else road.source
    return UntrustedTemplate(
        f"the template {release.template.name!r} wants to run code of its own",
        cause="; ".join(wanted),
        hint=f"read it first; to let it run, add --trust; in a pipeline: PAVED_TRUST={quoted(known_as)}",
    )


def render(
    form: CompiledTemplate,
    book: SettledAnswers,
    destination: Path,
    *,
    operation: Operation = Operation.COPY,
    tasks: bool = False,
    renderer: Renderer | None = None,
    answers_file: str | None = None,
) -> Pristine:
    """The pristine tree. Nothing is written to `destination`; its name is what the template may see of it.

    No path in it leaves the service. The layout is that of `operation`. With `tasks` the tree is as the template's
    tasks for an update leave it, run in a folder of their own, and `UntrustedTemplate` says that they may not run;
    else none runs. `answers_file` is where a person wants it, whatever the template says. `renderer` is for those who
    compare the two; without it the release gets the one that may be trusted with it.
    """
    rendering = _Rendering(form, book, destination, "", operation)
    rendering = replace(rendering, answers_file=answers_file or answers_file_of(form, book, destination))
    tree, by, differences = rendering.tree(renderer)
    debug.tell(form.release.template.name, form.release.version, "rendered by", by)
    record = book.to_record(form.config)
    if rendering.answers_file not in tree:
        tree = {**tree, rendering.answers_file: File(_answers_text(record))}
    if tasks and form.config.tasks:
        tree = rendering.shaped(tree)
    beyond = book.beyond_record(form.config)
    tree = _with_more(tree, rendering.answers_file, beyond)
    trees.check_paths(tree)
    return Pristine(
        release=form.release,
        answers=record | beyond,
        answers_file=rendering.answers_file,
        tree=dict(sorted(tree.items())),
        renderer=by,
        seeded=tuple(rendering.text(f"_skip_if_exists ({one})", str(one)) for one in form.config.seeded),
        message=rendering.setting(f"message_after_{operation}").strip(),
        differences=tuple(differences),
        left_alone=rendering.left_alone(),
    )


def answers_file_of(form: CompiledTemplate, book: SettledAnswers, destination: Path) -> str:
    """Where the template puts its answers file."""
    return _Rendering(form, book, destination, "", Operation.COPY).text("_answers_file", form.config.answers_file)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What commands of a template see of a run: the answers, where they run, and what is being done."""

    form: CompiledTemplate
    book: SettledAnswers
    answers_file: str
    destination: Path
    source: Path
    """A folder that has the template's own files when they run."""
    operation: Operation

    def tasks(self) -> list[Command]:
        """The tasks that run."""
        wanted = self.form.config.tasks
        return list(commands.tasks(wanted, self.evaluation("tasks"))) if wanted else []

    def evaluation(self, phase: str) -> Evaluation:
        """What decides about them in a phase of Copier's (`tasks`, `migrate`)."""
        own = _Rendering(self.form, self.book, self.destination, self.answers_file, self.operation)
        variables = own.variables(phase, source=self.source)
        return Evaluation(environment=self.form.environment, variables=variables, operation=self.operation)


def empty_folders(
    form: CompiledTemplate, book: SettledAnswers, destination: Path, rendered: Iterable[str]
) -> list[str]:
    """The folders that the template makes and puts no file in, as far as our renderer can tell; no tree has them."""
    variables = _Rendering(form, book, destination, "", Operation.COPY).variables()
    try:
        return inprocess.empty_folders(form.config, form.environment, form.files, variables, rendered)
    except TemplateError:
        return []


def sources(form: CompiledTemplate, book: SettledAnswers, destination: Path) -> dict[str, str]:
    """The template's source of each rendered path, as far as our renderer can tell; {} where it cannot."""
    rendering = _Rendering(form, book, destination, "", Operation.COPY)
    try:
        with rendering.evaluation():
            return inprocess.sources(form.config, form.environment, form.files, rendering.variables())
    except TemplateError:
        return {}


@dataclass(frozen=True, slots=True)
class _Rendering:
    """One rendering, by whichever renderer may be trusted with it."""

    form: CompiledTemplate
    book: SettledAnswers
    destination: Path
    answers_file: str
    operation: Operation

    def tree(self, renderer: Renderer | None) -> tuple[Tree, Renderer, list[str]]:
        """The files, who rendered them, and where the two renderers were just seen to differ."""
        release, cache = self.form.release, self.form.cache
        if renderer is Renderer.COPIER:
            return self.copiers(), Renderer.COPIER, []
        if renderer is Renderer.OURS or release.template.road.source == BUILT_IN:
            return self.ours(), Renderer.OURS, []
        if self.form.config.foreign_extensions:
            return self.copiers(), Renderer.COPIER, []
        agreed = verified.recall(cache, release)
        if agreed is None:
            theirs, differences = self.compare()
            verified.remember(cache, release, agree=differences == [])
            return theirs, Renderer.COPIER, differences or []
        return (self.ours(), Renderer.OURS, []) if agreed else (self.copiers(), Renderer.COPIER, [])

    def compare(self) -> tuple[Tree, list[str] | None]:
        """Copier's files, and the paths on which ours differ; None when ours does not cover the template.

        A path that leaves the service is refused whoever renders it. Where both fail ours says more: file and line.
        """
        try:
            ours = self.ours()
        except ForbiddenPath:
            raise
        except TemplateError as fault:
            debug.tell("not rendered in-process:", fault.message, fault.cause)
            try:
                return self.copiers(), None
            except TemplateError:
                if isinstance(fault, UnsupportedTemplate):
                    raise
                raise fault from None
        theirs = self.copiers()
        differences = sorted(path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path))
        if differences:
            debug.tell("the in-process renderer and Copier differ in", ", ".join(differences))
        return theirs, differences

    def ours(self) -> Tree:
        """Rendered in process."""
        form = self.form
        with self.evaluation():
            return inprocess.render(
                form.config, form.environment, form.files, self.variables(), self.operation, form.limits
            )

    def copiers(self) -> Tree:
        """Rendered by Copier."""
        book = self.book
        job = reference.Job(
            answers=written(book, self.form.config),
            assumed=written_defaults(book),
            external=self.lent(),
            destination=self.destination,
            answers_file=self.answers_file,
            exclude=self.exclude_again(),
            trust=self.form.trust,
            limits=self.form.limits,
        )
        with self.discreet():
            return reference.render(self.form.release, job)

    def lent(self) -> dict[str, bytes]:
        """The service's files that the template reads as data."""
        with self.evaluation():
            files: dict[str, bytes] = self.variables()["_external_data"].files()
            return files

    def discreet(self) -> AbstractContextManager[None]:
        """No error quotes a secret answer of this rendering."""
        own = {key: value for key, value in self.book.answered.items() if key not in self.book.assumed}
        return discreet.about(self.form.config.secret, own, self.book.given, self.book.defaults)

    @contextlib.contextmanager
    def evaluation(self) -> Iterator[None]:
        """What the template's Jinja may cost, and say."""
        with self.discreet(), watched("the template", self.form.limits):
            yield

    def exclude_again(self) -> tuple[str, ...]:
        """What to tell Copier beside the template's `_exclude`, which it evaluates for a creation: start over."""
        if self.operation is Operation.COPY or not self.form.config.excludes_by_operation:
            return ()
        return ("!*", *self.excludes(self.operation))

    def excludes(self, operation: Operation) -> tuple[str, ...]:
        """The lines of `_exclude` for an operation."""
        with self.evaluation():
            return inprocess.excludes(self.form.config, self.form.environment, self.variables(), operation)

    def left_alone(self) -> Callable[[str], bool]:
        """Whether a path is taken out of updates alone."""
        if not self.form.config.excludes_by_operation:
            return lambda _: False
        new, update = (inprocess.matcher(self.excludes(operation)) for operation in Operation)
        return lambda path: update(path) and not new(path)

    def shaped(self, tree: Tree) -> Tree:
        """The tree as the tasks of an update leave it."""
        with tempfile.TemporaryDirectory(prefix="paved-tasks-") as folder:
            shop = commands.workshop(Path(folder), self.destination)
            wanted = Told(
                form=self.form, book=self.book, answers_file=self.answers_file, operation=Operation.UPDATE,
                destination=shop.place, source=commands.source_below(shop.scratch),
            ).tasks()  # fmt: skip
            if wanted and not self.form.trust:
                raise untrusted(self.form.release, [f"task: {one}" for one in wanted])
            return shop.shaped(tree, self.form.files, wanted) if wanted else tree

    def setting(self, name: str) -> str:
        """A setting of the template with its Jinja rendered; "" when it is not set."""
        template = str(self.form.config.settings.get(name) or "")
        return self.text(f"_{name}", template) if template else ""

    def text(self, name: str, template: str) -> str:
        """A text of the template's configuration with its Jinja rendered; `name` says where it stands."""
        with self.evaluation():
            evaluating(f"the template's {name}")
            try:
                return self.form.environment.from_string(template).render(self.variables())
            except PavedError:
                raise
            except Exception as error:
                raise TemplateError(f"the template's {name} cannot be evaluated", cause=str(error)) from error

    def variables(self, phase: str = "render", *, source: Path | None = None) -> dict[str, Any]:
        """What the template sees in a phase of Copier's; `source` is where its own files are then."""
        config = self.form.config
        around = replace(self.form.around(self.destination), answers_file=self.answers_file)
        around = replace(around, source=source) if source else around
        found: dict[str, Any] = {}
        external = External(
            config.settings.get("external_data", {}),
            around,
            lambda text: self.form.environment.from_string(text).render(found),
        )
        found |= context.build(self.book, config, around, phase=phase, external=external)
        return found


def _with_more(tree: Tree, answers_file: str, more: Mapping[str, Any]) -> Tree:
    """The tree with answers added to its answers file that Copier's record has no type for."""
    if not more or answers_file not in tree:
        return tree
    file = tree[answers_file]
    end = b"" if file.data.endswith(b"\n") else b"\n"
    return {**tree, answers_file: replace(file, data=file.data + end + _yaml(more))}


def _answers_text(record: Mapping[str, Any]) -> bytes:
    return b"# Changes here will be overwritten by Copier; NEVER EDIT MANUALLY\n" + _yaml(record)


def _yaml(record: Mapping[str, Any]) -> bytes:
    import yaml

    return yaml.safe_dump(dict(record), allow_unicode=True, sort_keys=True, width=2**31).encode()
