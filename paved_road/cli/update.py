"""`paved update`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paved_road import ui
from paved_road.cli import options
from paved_road.errors import UsageError

if TYPE_CHECKING:
    from paved_road.service import Service
    from paved_road.update.apply import Applied
    from paved_road.update.plan import Plan


def update(
    path: Annotated[Path, typer.Argument(help="The service.")] = Path(),
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="VERSION",
            autocompletion=options.complete_release,
            help="Not the latest release, but this one.",
        ),
    ] = None,
    data: options.Data = None,
    answers: options.AnswersFile = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing; take defaults for new questions.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")] = False,
    resume: Annotated[bool, typer.Option("--continue", help="Finish an update whose conflicts are decided.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Undo an update in progress.")] = False,
    no_base: Annotated[
        bool,
        typer.Option(
            "--no-base", help="Merge without the old release, when it is gone: every difference is a conflict."
        ),
    ] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Commit a clean update.")] = False,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="NAME", help="Commit a clean update on a new branch.")
    ] = None,
    road: options.Road = None,
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Bring a service to a newer release of its template, keeping every line a person wrote.

    \b
    Examples:
      paved update                        the service here, to the latest release
      paved update orders --dry-run       the exact difference, and the conflicts to expect
      paved update --to 1.2.0 --commit    to one release, committed when it is clean
      paved update --continue             after deciding conflicts and git add
      paved update --abort                back to how it was
    """
    from paved_road.config import load
    from paved_road.service import open_service
    from paved_road.update import apply
    from paved_road.update.plan import Order, planning

    if resume and abort:
        raise UsageError("--continue and --abort exclude each other", hint="paved update --help")
    service = open_service(path)
    if abort:
        journal = apply.abort(service)
        _say_aborted(journal.new_version, json=json)
        return
    if resume:
        _tell(service, apply.resume(service), [], json=json, commit=_message(commit, branch), branch=branch)
        return
    apply.check(service)
    order = Order(to=to, answers=options.answers(data, answers), trust=trust, no_base=no_base)
    config = load({"road": road}, directory=service.path)
    with planning(service, order, config, ask=None if defaults or json else ui.asker()) as plan:
        if dry_run:
            _show(plan, json=json)
            raise typer.Exit(1 if plan.needs_a_person else 0)
        if plan.is_empty:
            _say_current(plan, json=json)
            return
        if not json:
            _summarise(plan)
        facts = _facts(plan)
        applied = apply.apply(plan)
        _tell(service, applied, facts, json=json, commit=_message(commit, branch), branch=branch)


def _message(commit: bool, branch: str | None) -> bool:
    return commit or branch is not None


def _facts(plan: Plan) -> dict[str, Any]:
    return {
        "service": str(plan.service.path),
        "from": plan.old_version,
        "to": plan.release.version,
        "changelog": plan.changelog,
        "changes": [asdict(change) for change in plan.changes],
        "conflicts": sorted({*plan.conflicts, *plan.untracked}),
    }


def _show(plan: Plan, *, json: bool) -> None:
    if json:
        ui.envelope(
            "update", int(plan.needs_a_person), _facts(plan) | {"dry_run": True, "diff": plan.patch()}, notes=plan.notes
        )
        return
    if plan.is_empty:
        _say_current(plan, json=False)
        return
    ui.data(plan.patch().rstrip("\n"))
    _summarise(plan)
    ui.note("nothing was changed")


def _summarise(plan: Plan) -> None:
    ui.data(f"{plan.old_version} -> {plan.release.version}")
    if plan.changelog:
        ui.data(plan.changelog)
        ui.data()
    for change in plan.changes:
        ui.data(f"  {change.outcome:<9} {change.path}" + (f"  ({change.detail})" if change.detail else ""))
    counts = Counter(str(change.outcome) for change in plan.changes)
    ui.data(", ".join(f"{number} {outcome}" for outcome, number in counts.items()))


def _say_current(plan: Plan, *, json: bool) -> None:
    if json:
        ui.envelope("update", 0, _facts(plan), notes=plan.notes)
    else:
        ui.good(f"up to date with {plan.release.template.name} {plan.release.version}")


def _say_aborted(version: str, *, json: bool) -> None:
    if json:
        ui.envelope("update", 0, {"aborted": version})
    else:
        ui.good(f"the update to {version} was undone")


def _tell(service: Service, applied: Applied, facts: Any, *, json: bool, commit: bool, branch: str | None) -> None:
    """How it ended: 1 while a person has something to decide."""
    from paved_road.update import apply

    waiting = bool(applied.conflicts)
    made = None if waiting or not commit else apply.commit(service, applied, branch)
    if json:
        found = {
            **(facts or {}),
            "regenerated": list(applied.regenerated),
            "conflicts": list(applied.conflicts),
            "commit": made,
        }
        ui.envelope("update", int(waiting), found, notes=applied.notes)
    else:
        _say(applied, made)
    raise typer.Exit(int(waiting))


def _say(applied: Applied, made: str | None) -> None:
    for path in applied.regenerated:
        ui.data(f"  regenerated {path}")
    _notes(applied.notes)
    if applied.conflicts:
        ui.data("decide these, git add each, then: paved update --continue   (or: paved update --abort)")
        for path in applied.conflicts:
            ui.data(f"  {path}")
    elif made:
        ui.good(f"updated to {applied.journal.new_version}, committed as {made[:10]}")
    else:
        ui.good(f"updated to {applied.journal.new_version}; look at it with git diff --cached, then git commit")


def _notes(notes: Iterable[str]) -> None:
    for text in notes:
        ui.note(text)
