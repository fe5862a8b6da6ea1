"""What goes into the merge of an update: base, service and new release, comparable with each other.

The three differ in more than what the road and the team changed: some tasks run only for new services, secret answers
are not recorded, a date in a file is another one each day. Here such differences are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from paved_road import git
from paved_road.errors import AnswerError, GitError, TemplateError
from paved_road.git.entries import Files, Snapshot
from paved_road.render import Pristine
from paved_road.road.model import Release
from paved_road.service.lock import Lock, lock_of
from paved_road.update import changed_answers, mentions, secret_lines, task_changes
from paved_road.update import moves as aligning
from paved_road.update.base import Base
from paved_road.update.changed_answers import Effect
from paved_road.update.model import Context
from paved_road.update.moves import Moves
from paved_road.update.start import Start, entries
from paved_road.update.steady import steady
from paved_road.update.target import New


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """The three versions of the service's files, at the paths that each of them has."""

    base: Base
    ours: Snapshot
    pristine: Pristine
    """The new release's files, secret answers among them."""
    theirs: Files
    """The same as tree entries."""
    lock: Lock
    """Of every pristine file, ignored or not."""
    moves: Moves
    """Files whose path the road changed."""
    effect: Effect
    """What changed answers make of the files that the service owns."""
    secret_notes: tuple[str, ...]


def make_inputs(context: Context, start: Start, new: New, base: Base) -> Inputs:
    """Take out of the three versions what neither the road nor the team changed."""
    undone, gone = task_changes.undone(context, start, new, base)
    rendered = new.rendition.pristine.without(gone - new.ours.keys())
    moves = _moves(start, new, undone, rendered)
    effect = changed_answers.effect_of_answers(context, start, new, undone, rendered, moves)
    theirs = entries(rendered, start.service)
    filled = secret_lines.fill(context, start, new, steady(undone, start, new, theirs, moves), theirs, moves)
    pristine = replace(rendered, tree={**rendered.tree, **filled.files})
    base_files, ours = _with_mentions(context, start, new, filled.base)
    return Inputs(
        base=replace(filled.base, files=base_files),
        ours=ours,
        pristine=pristine,
        theirs=entries(pristine, start.service) if filled.files else theirs,
        lock=lock_of(pristine, new.manifest, start.service.repository.object_format),
        moves=moves,
        effect=effect,
        secret_notes=filled.notes,
    )


def _moves(start: Start, new: New, base: Base, rendered: Pristine) -> Moves:
    """Files whose path changes: by their source in the template, or because the template says so."""
    by_source: Moves = {}
    if start.old is not None and not _same_layout(start, new):
        try:
            renamed = _renamed_sources(start.old.template.release, new.release)
            by_source = aligning.by_source(start.old.sources, new.rendition.sources, renamed)
        except (TemplateError, AnswerError):
            by_source = {}
    return by_source | aligning.declared(new.manifest.moves, base.version, base.files, rendered.tree)


def _same_layout(start: Start, new: New) -> bool:
    """Whether no file can have moved: the same names in the template, the same configuration, the same answers."""
    if start.old is None:
        return False
    old, answers = start.old.template, new.rendition.pristine.answers
    public = {key: value for key, value in answers.items() if not key.startswith("_")}
    same_files = old.files.keys() == new.template.files.keys()
    return public == start.service.answers and old.config == new.template.config and same_files


def _renamed_sources(old: Release, new: Release) -> list[tuple[str, str]]:
    """Renames in the road's history between two releases."""
    template = new.template
    if not (template.road.is_git and old.commit and new.commit):
        return []
    try:
        return git.renames_in_history(template.road.location, old.commit, new.commit, template.folder)
    except GitError:
        return []


def _with_mentions(context: Context, start: Start, new: New, base: Base) -> tuple[Files, Snapshot]:
    """Base and service with the words replaced that the road declares for the releases passed through."""
    replaced = list(mentions.replacements(new.manifest.mentions, base.version, new.release.version))
    if not replaced:
        return base.files, new.ours
    skipped = (start.service.lock_file, start.service.answers_file)
    return mentions.replace_mentions(context.scratch, base.files, new.ours, replaced, skipped=skipped)
