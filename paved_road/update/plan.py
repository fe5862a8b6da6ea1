"""Planning an update: everything is computed, in a scratch repository, before the first file of the service changes."""

from __future__ import annotations

import contextlib
import itertools
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from paved_road import git
from paved_road.errors import (
    AnswerError,
    GitError,
    PavedError,
    ServiceError,
    TemplateError,
    UntrustedTemplate,
    UsageError,
)
from paved_road.files import contained
from paved_road.git import Commit, Scratch, TreeEntry, address
from paved_road.git.entries import Files, Mode, Snapshot, TreeId
from paved_road.offroad.clock import today
from paved_road.render import CompiledTemplate, Operation, Pristine, message_before, prepare, render, sources
from paved_road.render.commands import Command
from paved_road.render.context import SettledAnswers
from paved_road.render.prompts import Interview
from paved_road.road import rules
from paved_road.road.model import Release, Template
from paved_road.road.owners import Owner
from paved_road.road.releases import goes_back, is_news, release
from paved_road.road.rules import Rules
from paved_road.road.signatures import demand
from paved_road.service import derived as derive
from paved_road.service import origin
from paved_road.service.lock import Lock, lock_of
from paved_road.service.model import Service
from paved_road.service.origin import Origin
from paved_road.service.owners import owner_of
from paved_road.service.stored import as_stored
from paved_road.settings.config import Config
from paved_road.settings.whereabouts import git_in
from paved_road.text.redaction import redact
from paved_road.update import (
    answers_place,
    changed_answers,
    collisions,
    decisions,
    deviations,
    disk,
    ignored,
    mentions,
    preconditions,
    renames,
    running,
    secrets,
    summary,
    task_changes,
)
from paved_road.update import base as bases
from paved_road.update import moves as align
from paved_road.update.answers import ask_only_new, refuse_lost_answers, without_address_only_change
from paved_road.update.base import Base, leaves
from paved_road.update.changed_answers import Effect
from paved_road.update.collisions import Obstacle
from paved_road.update.decisions import ConflictReason, Decision
from paved_road.update.deviations import Excuses, Kept
from paved_road.update.merge import attributes
from paved_road.update.merge.answers import differ_only_in_order
from paved_road.update.merge.trees import Conflict, Merged, Sides, merge_trees
from paved_road.update.migrations import Migrations
from paved_road.update.summary import Change, Outcome

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateRequest:
    """What the person asked for."""

    to: str | None = None
    template: str | None = None
    """The template's name on its road now, where that has changed."""
    answers: Mapping[str, Any]
    trust: bool = False
    no_base: bool = False
    commit: bool = False
    """Whether to commit the update when it is clean."""
    branch: str | None = None
    """The new branch to commit it on."""
    dry_run: bool = False
    """Whether nothing of the template's may run: its tasks and migrations are told instead."""
    greet: Callable[[str], None] = field(default=lambda _: None, compare=False)
    """Hears what the template says before it asks anything."""
    today: date = field(default_factory=today)
    """The day that decides which deviations still hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """An update, computed and not yet applied. Valid while its scratch repository exists."""

    service: Service
    request: UpdateRequest
    old_version: str
    release: Release
    form: CompiledTemplate
    derived: Mapping[str, str]
    """Derived files and the commands that make them; none when the road is not trusted with that."""
    trust: bool
    """Whether the person trusts what is run to make them, whoever wrote it."""
    changelog: str
    changes: tuple[Change, ...]
    conflicts: Mapping[str, Conflict]
    obstacles: Mapping[str, Obstacle]
    """Files of the road whose place something of the service's takes that is in no commit, or is no file."""
    ours: Snapshot
    """The service as it is committed."""
    result: Snapshot
    """What is written: every tracked file of the service after the update."""
    scratch: Scratch
    submodules: Files
    """The submodules of the service, which no update touches."""
    message: str = ""
    """What the template says after an update."""
    migrations: tuple[Command, ...] = ()
    """Those to run when the merged files are in place."""
    not_run: tuple[str, ...] = ()
    """Tasks and migrations, in words, that the update runs while it is planned and a dry run does not."""
    answers_changed: tuple[str, ...] = ()
    """The questions answered anew, where that is all that the update is about: it is to the same release."""
    off_road: tuple[Kept, ...] = ()
    """Files that stay as the service has them because a deviation excuses them, and what the road changed."""
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the service is as the release wants it already."""
        return not self.conflicts and not self.obstacles and self.result == self.ours

    @property
    def needs_a_person(self) -> bool:
        """Whether anything is left to decide."""
        return bool(self.conflicts or self.obstacles)

    @property
    def stages(self) -> dict[str, Mapping[int, TreeEntry]]:
        """What git's index will hold of each path that a person has to decide."""
        found = {path: conflict.stages for path, conflict in self.conflicts.items()}
        return found | {path: obstacle.stages for path, obstacle in self.obstacles.items()}

    @property
    def reasons(self) -> dict[str, ConflictReason]:
        """Why each of these paths is a conflict."""
        return decisions.explain_conflicts(
            self.conflicts, self.obstacles, old=self.old_version, new=self.release.version
        )

    def decisions(self) -> tuple[Decision, ...]:
        """The conflicts, each with the file as its sides have it."""
        return tuple(decisions.describe_conflicts(self.stages, self.reasons, self.scratch.read))

    def stat(self, width: int) -> str:
        """The lines added to and removed from each file, as `git diff --stat` draws them."""
        return git.stat(self.scratch.folder, self.ours.tree, self._written(), width)

    def patch(self) -> str:
        """The exact difference the update makes to tracked files, without a password in what names the road."""
        found = git.patch(self.scratch.folder, self.ours.tree, self._written())
        lock, source = self.service.lock, self.service.source[0]
        for recorded in {lock.road if lock else "", source or ""} - {""}:
            found = found.replace(recorded, redact(recorded))
        return found

    def _written(self) -> str:
        """The result as a branch of the scratch repository."""
        self.scratch.commit([Commit(branch="result", files=self.result.holding({**self.result, **self.submodules}))])
        return "result"


BATCH = 50
"""Services that share a scratch repository; more of them behind one make every look-up of an object slow."""


@contextlib.contextmanager
def planning(
    service: Service, order: UpdateRequest, config: Config, *, interview: Interview | None = None
) -> Iterator[Plan]:
    """The plan of an update. The service, its index and its repository are only read.

    Raises `UsageError` if the service is not ready for an update (see `preconditions`).
    """
    with Planner(config).plans([service], order, interview=interview, compare_files=True) as (plan,):
        if isinstance(plan, PavedError):
            raise plan
        yield plan


class Planner:
    """Plans updates. What it has read of a road and its templates serves every service that comes from there."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._origins: dict[Any, Origin | PavedError] = {}
        self._targets: dict[Any, Release | PavedError] = {}

    @contextlib.contextmanager
    def plans(
        self,
        services: Sequence[Service],
        order: UpdateRequest,
        *,
        interview: Interview | None = None,
        compare_files: bool = False,
    ) -> Iterator[list[Plan | PavedError]]:
        """A plan for each service, or why there is none, by a handful of git processes for every `BATCH` of them.

        The services are as they were when they were opened; they, their indexes and repositories are only read.
        Plans are valid inside of the block. `compare_files` refuses a service with uncommitted changes before it is
        planned, for one more git process per service; applying its plan refuses it in any case.
        """
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paved-update-")))
            found: list[Plan | PavedError] = []
            for number, batch in enumerate(_batches(services)):
                borrow = dict.fromkeys(service.repository.objects for service in batch)
                object_format = batch[0].repository.object_format
                scratch = stack.enter_context(Scratch(folder / f"{number}.git", borrow, object_format))
                found += self._batch(batch, order, interview, scratch, compare_files=compare_files)
            yield found

    def _batch(
        self, services: Sequence[Service], order: UpdateRequest, interview: Interview | None, scratch: Scratch,
        *, compare_files: bool,
    ) -> list[Plan | PavedError]:  # fmt: skip
        drafts: list[_Draft | PavedError] = []
        for service in services:
            try:
                preconditions.check(
                    service, commit=order.commit, branch=order.branch, dry_run=order.dry_run, files=compare_files
                )
                drafts.append(_draft(service, self._origin(service, order), self, order, interview, scratch))
            except PavedError as error:
                drafts.append(error)
        merged = iter(merge_trees(scratch, [draft.sides for draft in drafts if isinstance(draft, _Draft)]))
        return [_finish(draft, next(merged), scratch) if isinstance(draft, _Draft) else draft for draft in drafts]

    def _origin(self, service: Service, order: UpdateRequest) -> Origin:
        lock = service.lock
        road, template = (str(service.road), lock.template) if lock else (str(service.source[0]), None)
        start = service.path if address.is_relative(road) or self.config.road.origin == "flag" else None
        return _once(
            self._origins,
            (road, start, template, order.template, order.trust, service.notes),
            lambda: origin.find(
                service,
                self.config,
                template=order.template,
                trust=order.trust,
                fetch=not order.dry_run or origin.is_known(service, self.config),
            ),
        )

    def target(self, template: Template, order: UpdateRequest) -> Release:
        """The release to update to."""
        return _once(self._targets, (template, order.to), lambda: release(template, order.to))


def _batches(services: Sequence[Service]) -> Iterator[Sequence[Service]]:
    """The services in their order, a few at a time: those whose repositories can share their objects."""
    for _, alike in itertools.groupby(services, key=lambda service: service.repository.object_format):
        some = list(alike)
        yield from (some[at : at + BATCH] for at in range(0, len(some), BATCH))


def _once(known: dict[Any, T | PavedError], key: Any, find: Callable[[], T]) -> T:
    """What was found, or refused, the first time."""
    if key not in known:
        try:
            known[key] = find()
        except PavedError as error:
            known[key] = error
    found = known[key]
    if isinstance(found, PavedError):
        raise found
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """All that is known of an update before its merge."""

    service: Service
    request: UpdateRequest
    found: Origin
    target: Release
    form: CompiledTemplate
    pristine: Pristine
    lock: Lock
    """Of every pristine file, ignored or not."""
    old: Base
    head: Snapshot
    """The service as it is committed."""
    ours: Snapshot
    """`head` as the migrations of the stage `before` leave it."""
    moves: align.Moves
    sides: Sides
    kept: Mapping[str, str]
    """Files kept by their owner, and why."""
    left_out: Mapping[str, TreeEntry | None]
    """Files that git ignores so far: they are no part of the merge. The road's version of those that it may add."""
    excuses: Excuses
    notes: tuple[str, ...]
    derived: Mapping[str, str]
    trust: bool
    migrations: tuple[Command, ...]
    not_run: tuple[str, ...]


def _draft(
    service: Service,
    found: Origin,
    planner: Planner,
    order: UpdateRequest,
    interview: Interview | None,
    scratch: Scratch,
) -> _Draft:
    head = _committed(service, scratch)
    _refuse_uncommitted_records(service, head)
    service = bases.as_it_is(service, found, planner.config, order, head)
    excuses = deviations.excuses(service.lock, head, scratch.read, today=order.today)
    try:
        old = bases.find(service, found, planner.config, order, head, scratch)
    except UntrustedTemplate as refused:
        raise running.refused_with_the_next(refused, planner.target(found.template, order)) from None
    old = bases.without_missing(old, service, excuses.files)
    target = _target(service, found, old, planner.target(found.template, order), order)
    demand(target)
    form = prepare(target, cache=planner.config.cache_dir, trust=order.trust, limits=planner.config.limits.value)
    own = rules.read(form.files, planner.config.cache_dir, form.release.template.folder)
    passage = Migrations(form=form, old_version=old.version, old_described=service.stated.commit or old.version)
    before = None if order.no_base else origin.layout(service, found, planner.config, trust=order.trust)
    secret = frozenset[str]() if order.no_base else secrets.find(before, form, service, order.answers)
    stamped = service
    runs = running.Running(passage=passage, dry_run=order.dry_run)
    service, ours = runs.before(service, head)
    order.greet(message_before(form, service.path, Operation.UPDATE))
    with runs.settling(stamped):
        book = form.settle(
            service.path, given=order.answers, recorded=service.answers, defaults=planner.config.answers.value,
            interview=ask_only_new(interview, service.answers, secret),
        )  # fmt: skip
        refuse_lost_answers(form, book, service, order.answers, asked=interview is not None)
    where = answers_place.find(stamped, before, form, book, head)
    pristine = as_stored(
        render(form, book, service.path, operation=Operation.UPDATE, tasks=runs.allowed, answers_file=where),
        service.repository, prefix=service.prefix, filters=not order.dry_run,
    )  # fmt: skip
    origin.check_moved(stamped, found, target, pristine.tree.keys())
    not_run, after = runs.rest(stamped, book, pristine.answers_file)
    old, gone = task_changes.undone(old, stamped, before, pristine.tree, dry_run=order.dry_run)
    pristine = pristine.without(gone - ours.keys())
    moves = _moves(stamped, before, old, form, book, pristine, own)
    effect = changed_answers.find(
        stamped, before, old, book, pristine, moves, owner_of(own, pristine.seeded),
        given=order.answers, dry_run=order.dry_run,
    )  # fmt: skip
    old = bases.steady(old, stamped, before, form, book, pristine, moves)
    secret_notes: tuple[str, ...] = ()
    if secret:
        plain = bases.with_stand_ins(stamped, found, planner.config, order, old, secrets.stand_ins(secret, book))
        carried = secrets.carry(scratch, secret, old.files, plain, leaves(pristine, service), moves, head)
        old, secret_notes = replace(old, files=carried.base), carried.notes
        pristine = replace(pristine, tree={**pristine.tree, **carried.filled})
    if said := list(mentions.replacements(own.mentions, old.version, target.version)):
        records = (service.lock_file, service.answers_file)
        base, ours = mentions.replace_mentions(scratch, old.files, ours, said, records=records)
        old = replace(old, files=base)
    lock = lock_of(pristine, own, service.repository.object_format)
    sides, kept, left_out, notes = _sides(
        service, scratch, old, ours, head, pristine, moves, effect, lock, own, dry_run=order.dry_run
    )  # fmt: skip
    if not form.derives and lock.without(left_out) != service.lock:
        again = "derived; add --trust, or make it again"
        kept |= {path: f"{again}: {how}" for path, how in own.derived.items() if path in ours}
        notes += tuple(derive.not_made({path: how for path, how in own.derived.items() if path not in ours}))
    return _Draft(
        service=service, request=order, found=found, target=target, form=form, pristine=pristine, lock=lock, old=old,
        head=head, ours=ours, moves=moves, sides=sides, kept=kept,
        left_out=left_out, excuses=excuses,
        notes=(*bases.notes(old), *secret_notes, *effect.notes, *notes, *runs.asks_for(not_run, after)),
        derived=own.derived if form.derives else {}, trust=order.trust, migrations=after,
        not_run=not_run,
    )  # fmt: skip


def _finish(draft: _Draft, merged: Merged, scratch: Scratch) -> Plan:
    service, old, target, head = draft.service, draft.old, draft.target, draft.head
    merged, off_road = deviations.keep(merged, draft.sides, draft.excuses, draft.moves, scratch.read)
    draft = replace(draft, kept={**draft.kept, **{one.path: f"off-road, {one.record}" for one in off_road}})
    followed = deviations.follow(draft.excuses, draft.moves, draft.lock, scratch)
    result: Files = {**merged.files, **followed}
    no_longer = ignored.no_longer(
        service, scratch, {path: leaf for path, leaf in draft.left_out.items() if leaf},
        head=head, result=result, base=old.files, theirs=leaves(draft.pristine, service),
    )  # fmt: skip
    draft = replace(draft, lock=draft.lock.without(draft.left_out.keys() - no_longer.keys()))
    result = {**result, **no_longer, **_records(draft, scratch)}
    result = without_address_only_change(result, head, service, scratch)
    submodules = scratch.objects.listing(head.tree)[1]
    obstacles = collisions.find(service, head, result, submodules)
    result = {path: leaf for path, leaf in result.items() if path not in obstacles}
    changed = summary.find(
        result, merged, obstacles, head=head, ours=draft.ours, base=old.files, theirs=leaves(draft.pristine, service),
        moves=draft.moves, kept=draft.kept,
    )  # fmt: skip
    made = (Change(path=path, outcome=Outcome.REGENERATED, detail=how) for path, how in draft.derived.items())
    return Plan(
        service=service,
        request=draft.request,
        old_version=old.version,
        release=target,
        form=draft.form,
        derived=draft.derived,
        trust=draft.trust,
        changelog=summary.changelog(draft.form, old.version, target.version),
        changes=(*changed, *made),
        conflicts={path: conflict for path, conflict in merged.conflicts.items() if path not in obstacles},
        obstacles=obstacles,
        submodules=submodules,
        ours=head,
        result=merged.files.holding(result),
        scratch=scratch,
        message=draft.pristine.message,
        migrations=draft.migrations,
        not_run=draft.not_run,
        off_road=off_road,
        answers_changed=_answers_changed(draft),
        notes=(*draft.found.notes, *draft.notes, *merged.notes, *map(running.not_shown, draft.not_run)),
    )


def _answers_changed(draft: _Draft) -> tuple[str, ...]:
    """The questions that have another answer now; none where the release is another one, too."""
    if (draft.old.version, draft.old.commit) != (draft.target.version, draft.target.commit):
        return ()
    before, now = draft.service.answers, draft.pristine.answers
    names = dict.fromkeys([*before, *(name for name in now if not name.startswith("_"))])
    return tuple(name for name in names if before.get(name) != now.get(name))


def _refuse_uncommitted_records(service: Service, head: Files) -> None:
    """An update starts from what is committed, the service's records above all: git must be able to bring them back."""
    records = [service.answers_file, *([service.lock_file] if service.lock else [])]
    if missing := [name for name in records if name not in head and disk.file_at(service.path, name)]:
        raise UsageError(
            f"not committed: {', '.join(missing)}",
            cause="git ignores it, or it was not added: another clone of the service would not have it",
            hint=f"{git_in(service.path)} add --force {shlex.join(missing)}, then git commit",
        )


def _committed(service: Service, scratch: Scratch) -> Snapshot:
    """The service as it is committed; paths are below its folder."""
    name = f"{service.repository.head}:{service.prefix.rstrip('/')}"
    (tree,) = scratch.objects.ids([name])
    if tree is None:
        raise ServiceError(f"{service.path} is not committed", hint="git add -A && git commit")
    return scratch.snapshot(TreeId(tree))


# -- where the service comes from and goes to ----------------------------------------------------------------------


def _target(service: Service, found: Origin, old: Base, target: Release, order: UpdateRequest) -> Release:
    """The release to go to. Without a wish it is the latest, or the service's own when that is ahead of it."""
    if is_news(target, old.version, old.commit):
        return target
    if order.to is None or not goes_back(target, old.version, old.commit):
        origin.check_not_withdrawn(service, found, target)
        # Under the names it was recorded with: a tag that has moved since says nothing about the service.
        here = origin.recorded_release(service, found)
        return replace(here, version=old.version, described=service.stated.commit or here.described)
    raise UsageError(
        f"{_told(target, old)} comes before {old.version}, which the service has",
        cause="an update only goes forward: what later releases changed cannot be taken back by a merge",
        hint="git revert the commit of the update",
    )


def _told(target: Release, old: Base) -> str:
    """The version of a release, and its commit where the service has another one under the same version."""
    return target.version if target.version != old.version else f"{target.version} at {str(target.commit)[:10]}"


# -- the merge and what stands around it ---------------------------------------------------------------------------


def _moves(
    service: Service, before: CompiledTemplate | None, old: Base, form: CompiledTemplate, book: SettledAnswers,
    pristine: Pristine, own: Rules,
) -> align.Moves:  # fmt: skip
    """Files whose path changes: by their source in the template, or because the template says so."""
    moves: align.Moves = {}
    if before is not None and not _same_layout(before, form, service, pristine):
        with contextlib.suppress(TemplateError, AnswerError):
            earlier = sources(before, before.settle(service.path, given={}, recorded=service.answers), service.path)
            renamed = _renamed(before.release, form.release)
            moves = align.by_source(earlier, sources(form, book, service.path), renamed)
    return moves | align.declared(own.moves, old.version, old.files, pristine.tree)


def _same_layout(old: CompiledTemplate, new: CompiledTemplate, service: Service, pristine: Pristine) -> bool:
    """Whether no file can have moved: the same names in the template, the same configuration, the same answers."""
    answers = {key: value for key, value in pristine.answers.items() if not key.startswith("_")}
    return answers == service.answers and old.config == new.config and old.files.keys() == new.files.keys()


def _renamed(old: Release, new: Release) -> list[tuple[str, str]]:
    """Renames in the road's history between two releases."""
    template = new.template
    if not (template.road.is_git and old.commit and new.commit):
        return []
    try:
        return git.renames(template.road.location, old.commit, new.commit, template.folder)
    except GitError:
        return []


def _sides(
    service: Service, scratch: Scratch, old: Base, ours: Files, committed: Snapshot, pristine: Pristine,
    moves: align.Moves, effect: Effect, new_lock: Lock, own: Rules, *, dry_run: bool,
) -> tuple[Sides, dict[str, str], dict[str, TreeEntry | None], tuple[str, ...]]:  # fmt: skip
    """What is merged; the files kept as the service has them, and why; those left out of it; notes."""
    base, theirs = dict(old.files), dict(leaves(pristine, service))
    owner = owner_of(own, pristine.seeded)
    records = {service.lock_file, service.answers_file, new_lock.answers_file}
    ours = {path: leaf for path, leaf in ours.items() if path not in records}
    moves = align.fitting({old: new for old, new in moves.items() if old in base}, set(ours) | set(theirs) & set(ours))
    guessed = renames.of_service(service, scratch, base, ours, theirs, moves)
    both = guessed.renamed.keys() - effect.files.keys()
    moves = {old: new for old, new in moves.items() if old not in both}  # both moved it: a conflict
    held = {path: ours.pop(path) for path in guessed.strangers}
    own_moves = align.own_files(align.folders(moves, theirs), [path for path in ours if path not in base])
    own_moves = {old: new for old, new in own_moves.items() if new not in ours and new not in theirs}
    base = {moves.get(path, path): leaf for path, leaf in base.items()}
    moved = {**own_moves, **moves}
    ours = {moved.get(path, path): leaf for path, leaf in ours.items()}
    renamed = {moved.get(old, old): moved.get(new, new) for old, new in guessed.renamed.items()}
    answered = effect.on(moves, {*ours, *renamed})
    unknown = [path for path in {*base, *theirs} if path not in ours]
    by_git = ignored.of(service, scratch, ours, unknown, known=old.ignored)
    by_git |= ignored.by_new_rules(scratch, base, theirs, [path for path in unknown if path not in base])
    left_out: dict[str, TreeEntry | None] = {}
    kept: dict[str, str] = {}
    for path in {*base, *theirs}:
        role = Owner.SERVICE if pristine.left_alone(path) else owner(path)
        if path in by_git:
            before, after = base.pop(path, old.ignored.get(path)), theirs.pop(path, None)
            seeded = role is Owner.SERVICE and disk.file_at(service.path, path)
            left_out[path] = None if seeded or role is Owner.DERIVED else after
            if after and before != after:
                kept[path] = "git ignores it: the road's version was not written"
        elif role is Owner.SERVICE and path not in {*base, *ours} and disk.file_at(service.path, path):
            kept[path] = "service-owned; the file that is there is not tracked"
            del theirs[path]
        elif role is Owner.DERIVED or (role is Owner.SERVICE and (path in base or path in ours)):
            if role is Owner.SERVICE and changed_answers.is_passed_over(path, answered, base, theirs):
                kept[path] = "service-owned"
            before, after = answered.get(path, (ours.get(path), ours.get(path)))
            _put(base, path, before)
            _put(theirs, path, after)
    template = pristine.release.template.name
    labels = _distinct(f"{template}-{old.version}", service.path.name, f"{template}-{pristine.release.version}")
    notes = tuple(f"{old} moved to {new} with its folder" for old, new in own_moves.items())
    contested = [path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path)]
    sides = Sides(
        base=committed.holding(base), ours=ours, theirs=theirs, labels=labels, held=held, renamed=renamed,
        attributes=attributes.read_merge_attributes(service, scratch, ours, contested, dry_run=dry_run),
    )  # fmt: skip
    return sides, kept, left_out, (*notes, *sides.attributes.notes)


def _put(files: dict[str, TreeEntry], path: str, leaf: TreeEntry | None) -> None:
    """Have the files hold another one at this path, or none."""
    files.pop(path, None)
    if leaf:
        files[path] = leaf


def _distinct(base: str, ours: str, theirs: str) -> tuple[str, str, str]:
    """Labels that conflict markers can be told apart by."""
    if base == theirs:
        base = f"{base}-before"
    if ours in (base, theirs):
        ours = f"your-{ours}"
    return base, ours, theirs


def _records(draft: _Draft, scratch: Scratch) -> Files:
    """The answers file and the lock of the new release. An order of answers that a merge has left is nobody's news."""
    answers = draft.pristine.answers_file
    data = draft.pristine.tree[answers].data
    if answers == draft.service.answers_file and contained.is_file(draft.service.path, answers):
        there = contained.read(draft.service.path, answers)
        data = there if differ_only_in_order(there, data) else data
    contents = {draft.service.lock_file: draft.lock.dump(), answers: data}
    return {path: scratch.entry(Mode.FILE, data) for path, data in contents.items()}
