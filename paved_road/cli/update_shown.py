"""What `paved update` shows: the summary first, then each file, then the details that the options ask for.

Standard output may become the body of a pull request: its first line is `OLD -> NEW`, the changelog is Markdown as the
road wrote it, and aligned text is indented by four spaces, so that Markdown keeps the alignment.
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
    from paved_road.update.model import Change
    from paved_road.update.plan import Plan

INDENT = "    "

MOST_CHANGELOG = 20
"""Lines of a changelog that a terminal shows without `--changelog`."""

MOST_FILES = 40
"""Files that an update lists on a terminal; a dry run lists all of them."""

_PAINT = {
    "added": Paint.GREEN,
    "moved": Paint.CYAN,
    "updated": Paint.CYAN,
    "merged": Paint.CYAN,
    "migrated": Paint.CYAN,
    "deleted": Paint.RED,
    "kept": Paint.YELLOW,
    "derived": Paint.DIM,
    "conflict": Paint.ERROR,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How much a person wants to see."""

    dry_run: bool = False
    changelog: bool = False
    """The whole changelog, also on a terminal."""
    stat: bool = False
    diff: bool = False
    pager: bool = True


def show(plan: Plan, wanted: Wanted) -> None:
    """Show the releases, each file, what will run and what stays off-road; then the statistics and the patch."""
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
    counts = Counter(_word(change) for change in plan.summary.changes)
    parts: list[tuple[str, Paint]] = []
    for name in [name for name in _PAINT if name in counts]:
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
    """A line of Markdown, wrapped; further lines start below the text of the first."""
    import textwrap

    if len(line) <= width:
        return [line]
    begins = re.match(r"\s*(?:[-*+]\s+|\d+[.)]\s+)?", line)
    below = " " * (begins.end() if begins else 0)
    return textwrap.wrap(line, max(width, 20), subsequent_indent=below, break_on_hyphens=False) or [line]


def _files(plan: Plan, *, dry_run: bool) -> None:
    """What becomes of each file, the conflicts last. After a real update, the conflicts are explained further below."""
    if not plan.summary.changes:
        return
    ui.data()
    others = [change for change in plan.summary.changes if change.outcome != "conflict"]
    conflicts = [change for change in plan.summary.changes if change.outcome == "conflict"]
    is_folded = not dry_run and ui.width() is not None and len(others) > MOST_FILES + 1
    shown = others[:MOST_FILES] if is_folded else others
    column = min(max((len(change.path) for change in (*shown, *conflicts) if _detail(change)), default=0), 40)
    for change in shown:
        _file(change, _detail(change), column)
    if left := len(others) - len(shown):
        ui.spans((f"{INDENT}... {left} more files: git diff --cached --stat", Paint.DIM))
    why = {path: reason.why for path, reason in plan.reasons.items()} if dry_run else {}
    for change in conflicts:
        _file(change, why.get(change.path, ""), column)


def _word(change: Change) -> str:
    """The outcome for a reader: a file that is "regenerated" is not made yet while the update is only planned."""
    return "derived" if change.outcome == "regenerated" else str(change.outcome)


def _name(change: Change) -> str:
    """The path; of a moved file the old one, too."""
    return f"{change.detail.removeprefix('from ')} -> {change.path}" if change.outcome == "moved" else change.path


def _detail(change: Change) -> str:
    """What is to be said of the file beside its path."""
    if change.outcome == "regenerated":
        return f"made by: {change.detail}"
    return "" if change.outcome == "moved" else change.detail


def _file(change: Change, detail: str, column: int) -> None:
    """An outcome, a path and a detail; the detail goes to a line below if it does not fit beside the path."""
    outcome, name = f"{_word(change):<11} ", _name(change)
    width = ui.width() or 200
    paint = _PAINT[_word(change)]
    start = len(INDENT) + len(outcome)
    beside = start + max(column, len(name)) + 2 + len(detail)
    if not detail or beside <= width:
        padded = f"{name:<{column}}  " if detail else name
        ui.spans((INDENT, Paint.NONE), (outcome, paint), (padded, Paint.NONE), (detail, Paint.DIM))
        return
    ui.spans((INDENT, Paint.NONE), (outcome, paint), (name, Paint.NONE))
    for line in _wrapped(" " * (start + 2) + detail, width):
        ui.spans((line, Paint.DIM))


def _commands(plan: Plan) -> None:
    """What the update runs once the merged files are in place."""
    if plan.new.migrations:
        ui.data()
        ui.data("Runs after the files are in place:")
        for migration in plan.new.migrations:
            ui.data(f"{INDENT}migration   {migration}")


def _off_road(plan: Plan) -> None:
    """The files that a deviation keeps as they are, and what the road changed in them."""
    for kept in plan.decided.off_road:
        ui.data()
        ui.data(f"{kept.path} stays as it is, because it is off-road ({kept.record}). The road changed:")
        _patch(kept.patch, INDENT)
        ui.note(f"check whether the reason still holds, then renew or close it: paved off-road show {kept.record}")


def _patch(text: str, indent: str) -> None:
    """A patch in git's colours."""
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
    """Show notes on standard error."""
    for text in found:
        ui.note(text)
