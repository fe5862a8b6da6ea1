"""Planning an update: everything is computed, in a scratch repository, before the first file of the service changes.

`Planner` reads from top to bottom as an update goes: the service as it starts, the merge base, the new release, what of
the three can be compared, their sides, the merge, what is decided around it, and the summary:

    start, base, new -> inputs -> sides -> merge -> decided -> summary

Each stage is a frozen value that one function of one module makes from those before it.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from paved_road import git
from paved_road.errors import PavedError, UntrustedTemplate
from paved_road.git import Commit, Scratch, address
from paved_road.git.entries import Snapshot, TreeEntry
from paved_road.road.model import Release, Template
from paved_road.road.releases import release
from paved_road.service import origin
from paved_road.service.model import Service
from paved_road.service.origin import Origin
from paved_road.settings.config import Config
from paved_road.text.redaction import redact
from paved_road.update import decisions, preconditions
from paved_road.update.base import Base, find_base
from paved_road.update.decide import Decided, decide
from paved_road.update.decisions import ConflictReason, Decision
from paved_road.update.inputs import make_inputs
from paved_road.update.merge.trees import Merged, merge_trees
from paved_road.update.model import Context, Dialogue, Summary, UpdateRequest
from paved_road.update.prepared import Prepared
from paved_road.update.running import with_the_next
from paved_road.update.sides import align
from paved_road.update.start import Start, find_start
from paved_road.update.summary import summarise
from paved_road.update.target import New, render_new

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """An update, computed and not yet applied. Valid while its scratch repository exists."""

    prepared: Prepared
    merged: Merged
    decided: Decided
    summary: Summary

    @property
    def request(self) -> UpdateRequest:
        """What the person asked for."""
        return self.prepared.context.request

    @property
    def service(self) -> Service:
        """The service to update."""
        return self.prepared.start.service

    @property
    def new(self) -> New:
        """The new release, rendered for the service."""
        return self.prepared.new

    @property
    def release(self) -> Release:
        """The release that the service goes to."""
        return self.prepared.new.release

    @property
    def old_version(self) -> str:
        """The version that the service comes from."""
        return self.prepared.inputs.base.version

    @property
    def ours(self) -> Snapshot:
        """The service as it is committed."""
        return self.prepared.start.head

    @property
    def scratch(self) -> Scratch:
        """The repository that has the new objects."""
        return self.prepared.context.scratch

    @property
    def is_empty(self) -> bool:
        """Whether the service is as the release wants it already."""
        return not self.needs_a_person and self.decided.files == self.ours

    @property
    def needs_a_person(self) -> bool:
        """Whether anything is left to decide."""
        return bool(self.decided.conflicts or self.decided.obstacles)

    @property
    def stages(self) -> dict[str, Mapping[int, TreeEntry]]:
        """What git's index will hold of each path that a person has to decide."""
        conflicts = {path: conflict.stages for path, conflict in self.decided.conflicts.items()}
        return conflicts | {path: obstacle.stages for path, obstacle in self.decided.obstacles.items()}

    @property
    def reasons(self) -> dict[str, ConflictReason]:
        """Why each of these paths is a conflict."""
        decided = self.decided
        return decisions.explain_conflicts(
            decided.conflicts, decided.obstacles, old=self.old_version, new=self.release.version
        )

    def decisions(self) -> tuple[Decision, ...]:
        """The conflicts, each with the file as its sides have it."""
        return tuple(decisions.describe_conflicts(self.stages, self.reasons, self.scratch.read))

    def stat(self, width: int) -> str:
        """The lines added to and removed from each file, as `git diff --stat` draws them."""
        return git.diff_stat(self.scratch.folder, self.ours.tree, self._written(), width)

    def patch(self) -> str:
        """The exact difference the update makes to tracked files, without a password in the road's address."""
        patch = git.diff_patch(self.scratch.folder, self.ours.tree, self._written())
        lock, source = self.service.lock, self.service.source[0]
        for named in {lock.road if lock else "", source or ""} - {""}:
            patch = patch.replace(named, redact(named))
        return patch

    def _written(self) -> str:
        """Write the result as a branch of the scratch repository, and return the branch."""
        files = self.decided.files.holding({**self.decided.files, **self.decided.submodules})
        self.scratch.commit([Commit(branch="result", files=files)])
        return "result"


BATCH = 50
"""Services that share a scratch repository; more of them behind one make every look-up of an object slow."""


@contextlib.contextmanager
def planning(
    service: Service, request: UpdateRequest, config: Config, *, dialogue: Dialogue | None = None
) -> Iterator[Plan]:
    """The plan of an update. The service, its index and its repository are only read.

    Raises `UsageError` if the service is not ready for an update (see `preconditions`), and other `PavedError`s if its
    road cannot be read or its update cannot be computed.
    """
    with Planner(config).plans([service], request, dialogue=dialogue, compare_files=True) as (plan,):
        if isinstance(plan, PavedError):
            raise plan
        yield plan


class Planner:
    """Plans updates. What it has read of a road and its templates serves every service that comes from there."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._origins: dict[Any, Origin | PavedError] = {}
        self._releases: dict[Any, Release | PavedError] = {}

    @contextlib.contextmanager
    def plans(
        self,
        services: Sequence[Service],
        request: UpdateRequest,
        *,
        dialogue: Dialogue | None = None,
        compare_files: bool = False,
    ) -> Iterator[list[Plan | PavedError]]:
        """A plan for each service, or why there is none, by a handful of git processes for every `BATCH` of them.

        The services are as they were when they were opened; they, their indexes and repositories are only read.
        Plans are valid inside of the block. `compare_files` refuses a service with uncommitted changes before it is
        planned, for one more git process per service; applying its plan refuses it in any case.
        """
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paved-update-")))
            plans: list[Plan | PavedError] = []
            for number, batch in enumerate(_batches(services)):
                borrow = dict.fromkeys(service.repository.objects for service in batch)
                object_format = batch[0].repository.object_format
                scratch = stack.enter_context(Scratch(folder / f"{number}.git", borrow, object_format))
                contexts = self._contexts(batch, request, scratch, compare_files=compare_files)
                plans += _plan_batch(scratch, batch, contexts, dialogue or Dialogue())
            yield plans

    def _contexts(
        self, services: Sequence[Service], request: UpdateRequest, scratch: Scratch, *, compare_files: bool
    ) -> Iterator[Context | PavedError]:
        """For each service that is ready for an update, its road and the release to go to; else why it is not."""
        for service in services:
            try:
                preconditions.check(
                    service, commit=request.commit, branch=request.branch, dry_run=request.dry_run, files=compare_files
                )
                found = self._origin(service, request)
                wanted = self._release(found.template, request)
                yield Context(request=request, config=self.config, origin=found, wanted=wanted, scratch=scratch)
            except PavedError as error:
                yield error

    def _origin(self, service: Service, request: UpdateRequest) -> Origin:
        lock = service.lock
        road, template = (str(service.road), lock.template) if lock else (str(service.source[0]), None)
        start = service.path if address.is_relative(road) or self.config.road.origin == "flag" else None
        return _once(
            self._origins,
            (road, start, template, request.template, request.trust, service.notes),
            lambda: origin.find_origin(
                service,
                self.config,
                template=request.template,
                trust=request.trust,
                fetch=not request.dry_run or origin.is_known(service, self.config),
            ),
        )

    def _release(self, template: Template, request: UpdateRequest) -> Release:
        """The release that the request names, or the latest."""
        return _once(self._releases, (template, request.to), lambda: release(template, request.to))


def _plan_batch(
    scratch: Scratch, services: Sequence[Service], contexts: Iterable[Context | PavedError], dialogue: Dialogue
) -> list[Plan | PavedError]:
    """The plans of services that share a scratch repository: the same few processes merge all of them."""
    prepared = [
        _prepare_or_refuse(context, service, dialogue) if isinstance(context, Context) else context
        for service, context in zip(services, contexts, strict=True)
    ]
    merged = iter(merge_trees(scratch, [each.aligned.sides for each in prepared if isinstance(each, Prepared)]))
    return [_finish(each, next(merged)) if isinstance(each, Prepared) else each for each in prepared]


def _prepare_or_refuse(context: Context, service: Service, dialogue: Dialogue) -> Prepared | PavedError:
    """The stages before the merge, or why this service cannot be updated; the others of its batch still are."""
    try:
        return _prepare(context, service, dialogue)
    except PavedError as error:
        return error


def _prepare(context: Context, service: Service, dialogue: Dialogue) -> Prepared:
    """Every stage of one service's update before the merge."""
    start, base = _find_base(context, service)
    new = render_new(context, start, base, dialogue)
    inputs = make_inputs(context, start, new, base)
    aligned = align(context, start, new, inputs)
    return Prepared(context=context, start=start, new=new, inputs=inputs, aligned=aligned)


def _find_base(context: Context, service: Service) -> tuple[Start, Base]:
    """Where the update starts, and the merge base. A refusal to run the old release's code names the new one's, too."""
    try:
        start = find_start(context, service)
        return start, find_base(context, start)
    except UntrustedTemplate as refused:
        raise with_the_next(refused, context.wanted) from None


def _finish(prepared: Prepared, merged: Merged) -> Plan:
    """Every stage after the merge."""
    decided = decide(prepared, merged)
    summary = summarise(prepared, merged, decided)
    return Plan(prepared=prepared, merged=merged, decided=decided, summary=summary)


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
