"""What `paved update` shows: the summary first, then each file, then the details that were asked for.

Standard output may become the body of a pull request, so its first line is `OLD -> NEW`, the changelog is Markdown as
the road wrote it, and everything that is aligned is indented by four spaces, which Markdown leaves as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road import ui
from paved_road.text.counts import counted
from paved_road.ui import Paint

if TYPE_CHECKING:
    from paved_road.update.model import Change, Plan

INDENT = "    "

MOST_CHANGELOG = 20
"""Lines of a changelog that a terminal shows before the rest is folded."""

MOST_FILES = 40
"""Files that an update lists on a terminal before the rest is folded; a dry run lists all of them."""

_PAINT = {
    "added": Paint.GREEN,
    "moved": Paint.CYAN,
    "updated": Paint.CYAN,
    "merged": Paint.CYAN,
    "migrated": Paint.CYAN,
    "deleted": Paint.RED,
    "kept": Paint.YELLOW,
    "regenerated": Paint.DIM,
    "conflict": Paint.ERROR,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How much a person wants to see."""

    dry_run: bool = False
    changelog: bool = False
    """The changelog whole, on a terminal, too."""
    stat: bool = False
    diff: bool = False


def show(plan: Plan, wanted: Wanted) -> None:
    """The releases, what becomes of each file, what runs, what stays off-road; then the statistics and the patch."""
    _head(plan)
    _changelog(plan.summary.changelog, whole=wanted.changelog)
    _files(plan, dry_run=wanted.dry_run)
    _commands(plan)
    _off_road(plan)
    if wanted.stat:
        ui.data()
        for line in plan.stat(ui.width() or 100).rstrip("\n").split("\n"):
            _stat_line(line)
    if wanted.diff:
        ui.data()
        _patch(plan.patch(), "")


def _head(plan: Plan) -> None:
    ui.data(f"{plan.old_version} -> {plan.release.version}")  # plain, even with FORCE_COLOR: scripts read it
    if plan.summary.answers_changed:
        name = plan.release.template.name
        ui.data(f"{name} {plan.release.version}, answers changed: {', '.join(plan.summary.answers_changed)}")
    counts = Counter(str(change.outcome) for change in plan.summary.changes)
    ordered = [name for name in _PAINT if name in counts]
    parts: list[tuple[str, Paint]] = []
    for name in ordered:
        parts += [(", ", Paint.NONE)] if parts else []
        parts.append((f"{counted(counts[name], name, '' if name == 'conflict' else name)}", _PAINT[name]))
    ui.spans(*parts)


def _changelog(text: str, *, whole: bool) -> None:
    if not text:
        return
    ui.data()
    width = ui.width()
    if width is None:
        ui.block(text)
        return
    lines = [piece for line in text.split("\n") for piece in _wrapped(line, width)]
    shown = lines if whole or len(lines) <= MOST_CHANGELOG + 1 else lines[:MOST_CHANGELOG]
    for line in shown:
        ui.spans((line, Paint.BOLD if line.startswith("#") else Paint.NONE), tabs=True)
    if left := len(lines) - len(shown):
        ui.spans((f"... {left} more lines: paved update --dry-run --changelog", Paint.DIM))


def _wrapped(line: str, width: int) -> list[str]:
    """A line of Markdown on as many lines as it takes, each below the first one's text."""
    import textwrap

    if len(line) <= width:
        return [line]
    begins = re.match(r"\s*(?:[-*+]\s+|\d+[.)]\s+)?", line)
    below = " " * (begins.end() if begins else 0)
    return textwrap.wrap(line, max(width, 20), subsequent_indent=below, break_on_hyphens=False) or [line]


def _files(plan: Plan, *, dry_run: bool) -> None:
    """What becomes of each file, the conflicts last. After a real update, each of them is told with its reason."""
    changes = sorted(plan.summary.changes, key=lambda one: one.outcome == "conflict")
    if not changes:
        return
    ui.data()
    conflicts = [one for one in changes if one.outcome == "conflict"]
    others = changes[: len(changes) - len(conflicts)]
    is_folded = not dry_run and ui.width() is not None and len(others) > MOST_FILES + 1
    shown = others[:MOST_FILES] if is_folded else others
    why = {path: reason.why for path, reason in plan.reasons.items()} if dry_run else {}
    widths = [len(one.path) for one in (*shown, *conflicts) if one.detail]
    column = min(max(widths, default=0), 40)
    for change in shown:
        _file(change, change.detail, column)
    if left := len(others) - len(shown):
        ui.spans((f"{INDENT}... {left} more files: git diff --cached --stat", Paint.DIM))
    for change in conflicts:
        _file(change, why.get(change.path, ""), column)


def _file(change: Change, detail: str, column: int) -> None:
    """An outcome, a path and why; on a line below where that does not fit beside it."""
    outcome = f"{change.outcome!s:<11} "
    width = ui.width() or 200
    paint = _PAINT[str(change.outcome)]
    start = len(INDENT) + len(outcome)
    beside = start + max(column, len(change.path)) + 2 + len(detail)
    if not detail or beside <= width:
        path = f"{change.path:<{column}}  " if detail else change.path
        ui.spans((INDENT, Paint.NONE), (outcome, paint), (path, Paint.NONE), (detail, Paint.DIM))
        return
    ui.spans((INDENT, Paint.NONE), (outcome, paint), (change.path, Paint.NONE))
    for line in _wrapped(" " * (start + 2) + detail, width):
        ui.spans((line, Paint.DIM))


def _commands(plan: Plan) -> None:
    """What the update runs once the merged files are in place."""
    if plan.new.migrations:
        ui.data()
        ui.data("Runs when the files are in place:")
        for migration in plan.new.migrations:
            ui.data(f"{INDENT}migration   {migration}")


def _off_road(plan: Plan) -> None:
    """The files that a deviation keeps as they are, and what the road changed in them."""
    for kept in plan.decided.off_road:
        ui.data()
        ui.data(f"{kept.path} stays as it is, because it is off-road ({kept.record}). The road changed:")
        _patch(kept.patch, INDENT)
        ui.note(f"is the reason still true? paved off-road show {kept.record}, then renew or close it")


def _patch(text: str, indent: str) -> None:
    """A patch in the colours that git gives it."""
    in_hunk = False
    for line in text.rstrip("\n").split("\n"):
        in_hunk = line.startswith("@@") or (in_hunk and not line.startswith("diff "))
        within = {"@": Paint.CYAN, "+": Paint.GREEN, "-": Paint.RED}.get(line[:1], Paint.NONE)
        ui.spans((indent + line, within if in_hunk else Paint.BOLD), tabs=True)


def _stat_line(line: str) -> None:
    """A line of `git diff --stat`, its graph coloured."""
    found = re.fullmatch(r"(.* \|\s+\d+ )(\+*)(-*)", line)
    if found is None:
        ui.data(line)
    else:
        ui.spans((found[1], Paint.NONE), (found[2], Paint.GREEN), (found[3], Paint.RED))


def notes(found: Iterable[str]) -> None:
    """What the person should know, on standard error."""
    for text in found:
        ui.note(text)
