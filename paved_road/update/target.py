"""The release that an update goes to, rendered for the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from paved_road.errors import AnswerError, TemplateError, UsageError
from paved_road.git.entries import Snapshot
from paved_road.render import CompiledTemplate, Operation, message_before, prepare
from paved_road.render.commands import Command
from paved_road.render.rendition import Rendition
from paved_road.road.manifest import Manifest, manifest_of
from paved_road.road.model import Release
from paved_road.road.releases import goes_back, is_news
from paved_road.road.signatures import demand
from paved_road.service import answers_file, answers_path, origin
from paved_road.service.model import Service
from paved_road.service.stored import as_stored
from paved_road.update import secrets
from paved_road.update.answers import ask_only_new, refuse_lost_answers
from paved_road.update.base import Base
from paved_road.update.migrations import Migrations
from paved_road.update.model import Context, Dialogue
from paved_road.update.running import Running
from paved_road.update.start import Start


@dataclass(frozen=True, kw_only=True, slots=True)
class New:
    """The new release with the service's answers, and what it runs."""

    rendition: Rendition
    manifest: Manifest
    recorded: Mapping[str, Any]
    """The recorded answers as the migrations of the stage `before` leave them."""
    ours: Snapshot
    """The service's committed files as these migrations leave them."""
    secret: frozenset[str]
    """Secret questions that the service has answered and that stand-ins answer here."""
    migrations: tuple[Command, ...]
    """Those to run when the merged files are in place."""
    not_run: tuple[str, ...]
    """Tasks and migrations, in words, that the update runs while it is planned and a dry run does not."""
    needs_trust: tuple[str, ...]
    """The note about the trust that the update itself takes, where this is a dry run without it."""

    @property
    def template(self) -> CompiledTemplate:
        """The release, compiled."""
        return self.rendition.template

    @property
    def release(self) -> Release:
        """The release."""
        return self.rendition.template.release

    @property
    def derived(self) -> Mapping[str, str]:
        """Derived files and the commands that make them; none when the road is not trusted with that."""
        return self.manifest.derived if self.template.derives else {}


def render_new(context: Context, start: Start, base: Base, dialogue: Dialogue) -> New:
    """Answer the new release's questions, run what comes before the merge, and render the release.

    Raises `UsageError` if the release would take the service back, `UntrustedTemplate` if it may not run its commands,
    and `AnswerError` if an answer is missing.
    """
    request, service, old = context.request, start.service, start.old
    target = _target(context, service, base)
    demand(target)
    limits = context.config.limits.value
    template = prepare(target, cache=context.config.cache_dir, trust=request.trust, limits=limits)
    own = manifest_of(template.files, target.template.folder)
    secret = frozenset[str]() if request.no_base else secrets.unrecorded(old, template, service, request.answers)
    described = service.stated.commit or base.version
    migrations = Migrations(template=template, old_version=base.version, old_described=described)
    running = Running(migrations=migrations, dry_run=request.dry_run)
    migrated, ours = running.before(service, start.head)
    dialogue.greet(message_before(template, service.path, Operation.UPDATE))
    with running.settling(service):
        answers = template.settle(
            service.path, given=request.answers, recorded=migrated.answers, defaults=context.config.answers.value,
            interview=ask_only_new(dialogue.interview, migrated.answers, secret),
        )  # fmt: skip
        refuse_lost_answers(template, answers, migrated, request.answers, asked=dialogue.interview is not None)
    rendition = Rendition(
        template=template,
        settle=lambda: answers,
        destination=service.path,
        operation=Operation.UPDATE,
        tasks=running.allowed,
        store=lambda pristine: as_stored(
            pristine, service.repository, prefix=service.prefix, filters=not request.dry_run
        ),
    )
    placed = replace(rendition, answers_file=_answers_place(start, rendition))
    origin.check_moved(service, context.origin, target, placed.tree.keys())
    not_run, after = running.rest(service, answers, placed.pristine.answers_file)
    return New(
        rendition=placed, manifest=own, recorded=migrated.answers, ours=ours, secret=secret, migrations=after,
        not_run=not_run, needs_trust=running.needed_trust(not_run, after),
    )  # fmt: skip


def _answers_place(start: Start, new: Rendition) -> str:
    """The answers file of the updated service: it stays, unless the old release put it there and the new one elsewhere.

    Raises `UsageError` if something else is in its place.
    """
    now, wanted = start.service.answers_file, new.answers_place
    if wanted == now or start.old is None or _place_before(start.old) != now:
        return now
    answers_path.check_free(start.service.path, wanted)
    if wanted in start.head:
        raise UsageError(
            f"{new.template.release.version} moves the answers file to {wanted}, which the service has already",
            cause=f"git has a file there, and {now} is the answers file",
            hint=f"git mv {wanted} elsewhere, and commit",
        )
    return wanted


def _place_before(old: Rendition) -> str | None:
    """Where the release that the service comes from puts its answers file; None where that cannot be known."""
    setting = str(old.template.config.settings.get("answers_file") or answers_file.DEFAULT)
    if "{" not in setting:
        return setting
    try:
        return old.answers_place
    except (AnswerError, TemplateError):
        return None


def _target(context: Context, service: Service, base: Base) -> Release:
    """The release to go to. Without a wish it is the latest, or the service's own when that is ahead of it."""
    target = context.wanted
    if is_news(target, base.version, base.commit):
        return target
    if context.request.to is None or not goes_back(target, base.version, base.commit):
        origin.check_not_withdrawn(service, context.origin, target)
        # Under the names it was recorded with: a tag that has moved since says nothing about the service.
        here = origin.recorded_release(service, context.origin)
        return replace(here, version=base.version, described=service.stated.commit or here.described)
    raise UsageError(
        f"{_described(target, base)} comes before {base.version}, which the service has",
        cause="an update only goes forward: what later releases changed cannot be taken back by a merge",
        hint="git revert the commit of the update",
    )


def _described(target: Release, base: Base) -> str:
    """The version of a release, and its commit where the service has another one under the same version."""
    return target.version if target.version != base.version else f"{target.version} at {str(target.commit)[:10]}"
