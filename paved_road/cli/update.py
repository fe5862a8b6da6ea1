"""`paved update`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from paved_road import ui
from paved_road.ask import asking
from paved_road.cli import completion, options, where
from paved_road.errors import UsageError

if TYPE_CHECKING:
    from paved_road.cli import results
    from paved_road.cli.update_shown import Wanted
    from paved_road.service.model import Service
    from paved_road.update.apply import Applied
    from paved_road.update.decisions import Decision
    from paved_road.update.model import UpdateRequest
    from paved_road.update.plan import Plan


To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="VERSION", autocompletion=completion.release, help="Update to this release, not the latest."
    ),
]
Defaults = Annotated[bool, typer.Option("--defaults", help="Ask nothing; use the defaults of new questions.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Stat = Annotated[bool, typer.Option("--stat", help="Also show how many lines change in each file.")]
Diff = Annotated[bool, typer.Option("--diff", help="Also show the exact difference, as a patch.")]
Changelog = Annotated[bool, typer.Option("--changelog", help="Show the whole changelog on a terminal.")]
NoPager = Annotated[bool, typer.Option("--no-pager", help="Print a long dry run without git's pager.")]
Continue = Annotated[bool, typer.Option("--continue", help="Finish an update after you resolved its conflicts.")]
Abort = Annotated[bool, typer.Option("--abort", help="Undo an update in progress.")]
NoBase = Annotated[
    bool,
    typer.Option("--no-base", help="Merge without the old release if it is gone: every difference is a conflict."),
]
Commit = Annotated[bool, typer.Option("--commit", help="Commit the update if it has no conflicts.")]
Branch = Annotated[
    str | None,
    typer.Option("--branch", metavar="NAME", help="Commit the update on a new branch if it has no conflicts."),
]
TemplateName = Annotated[
    str | None,
    typer.Option("--template", metavar="NAME", help="The name that the service's template has on the road now."),
]


def update(
    path: options.Service = Path(),
    to: To = None,
    data: options.Data = None,
    answers: options.AnswersFile = None,
    defaults: Defaults = False,
    dry_run: DryRun = False,
    stat: Stat = False,
    diff: Diff = False,
    changelog: Changelog = False,
    no_pager: NoPager = False,
    resume: Continue = False,
    abort: Abort = False,
    no_base: NoBase = False,
    commit: Commit = False,
    branch: Branch = None,
    template: TemplateName = None,
    road: options.Road = None,
    answers_file: options.ServiceAnswersFile = None,
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Update a service to a newer release of its template, and keep every line that a person wrote.

    \b
    Examples:
      paved update                        update the service here to the latest release
      paved update orders --dry-run       show what becomes of each file, and the conflicts to expect
      paved update --dry-run --diff       also show the exact difference
      paved update --to 1.2.0 --commit    update to this release, and commit if there is no conflict
      paved update --continue             finish after you resolved and added the conflicting files
      paved update --abort                undo the update
    """
    from paved_road.cli.update_shown import Wanted
    from paved_road.update.model import UpdateRequest

    _check_options(resume=resume, abort=abort, dry_run=dry_run, commit=commit, branch=branch)
    if abort or resume:
        _end_update(path, road, commit=commit, branch=branch, abort=abort, json=json)
    service = where.open_service(path, answers_file=answers_file, road=road)
    request = UpdateRequest(
        to=to, template=template, answers=options.answers(data, answers), trust=trust, no_base=no_base, commit=commit,
        branch=branch, dry_run=dry_run,
    )  # fmt: skip
    wanted = Wanted(dry_run=dry_run, changelog=changelog, stat=stat, diff=diff, pager=not no_pager)
    _update(service, request, road, wanted, defaults=defaults, json=json)


def _update(
    service: Service, request: UpdateRequest, road: str | None, wanted: Wanted, *, defaults: bool, json: bool
) -> None:
    """Plan the update, and apply it unless it is a dry run."""
    from paved_road.settings.config import load_config
    from paved_road.update import apply
    from paved_road.update.model import Dialogue
    from paved_road.update.plan import planning

    config = load_config({"road": road}, directory=service.path)
    greet: Callable[[str], None] = (lambda _: None) if json else ui.greet
    review = "Show it?" if request.dry_run else "Update with these answers?"
    with (
        asking("update", wanted=not (defaults or json), review=review, dry_run=request.dry_run) as interviewer,
        planning(service, request, config, dialogue=Dialogue(interview=interviewer, greet=greet)) as plan,
    ):
        if plan.is_empty:
            _show_current(plan, json=json)
            return
        if request.dry_run:
            apply.check_files_on_disk(plan)
            _show_dry_run(plan, wanted, json=json)
            raise typer.Exit(int(plan.needs_a_person))
        facts = _facts(plan)
        if not json:
            from paved_road.cli import update_shown

            update_shown.show(plan, wanted)
        applied = apply.apply_plan(plan)
        if interviewer:
            interviewer.forget()
        _show_applied(service, applied, facts, message=plan.new.rendition.pristine.message, json=json)


def _end_update(path: Path, road: str | None, *, commit: bool, branch: str | None, abort: bool, json: bool) -> NoReturn:
    """Continue or undo an update in progress, or resolve two updated branches that git merged."""
    from paved_road.service.model import locate
    from paved_road.update import recover
    from paved_road.update.branches import resolve

    service = locate(where.folder_of(path))
    if lock := resolve.find_conflicted_lock(service):
        _resolve_branches(service, lock, road, abort=abort, json=json)
    if abort:
        _show_aborted(recover.abort(service), json=json)
        raise typer.Exit
    _show_applied(service, recover.resume(service, commit=commit, branch=branch), None, json=json)


def _check_options(*, resume: bool, abort: bool, dry_run: bool, commit: bool, branch: str | None) -> None:
    """Raises `UsageError` for options that exclude each other."""
    if resume + abort + dry_run > 1:
        raise UsageError("--continue, --abort and --dry-run cannot be combined", hint="paved update --help")
    if dry_run and (commit or branch is not None):
        named = "--commit" if commit else "--branch"
        raise UsageError(f"--dry-run and {named} cannot be combined", hint=f"--dry-run shows it; {named} does it")


def _facts(plan: Plan, decisions: Sequence[Decision] = ()) -> results.PlannedJson:
    return {
        "service": str(plan.service.path),
        "from": plan.old_version,
        "to": plan.release.version,
        "changelog": plan.summary.changelog,
        "changes": list(plan.summary.changes),
        "migrations": [str(migration) for migration in plan.new.migrations],
        "not_run": list(plan.new.not_run),
        "conflicts": sorted(plan.stages),
        "decisions": list(decisions),
        "off_road": list(plan.decided.off_road),
    }


def _show_dry_run(plan: Plan, wanted: Wanted, *, json: bool) -> None:
    """Show what the update would do."""
    from paved_road.cli import update_shown
    from paved_road.cli.pager import paging

    if json:
        facts: results.UpdateDryRunJson = {**_facts(plan, plan.decisions()), "dry_run": True, "diff": plan.patch()}
        ui.envelope("update", int(plan.needs_a_person), facts, notes=plan.summary.notes)
        return
    with paging(wanted.pager, cwd=plan.service.top):
        update_shown.show(plan, wanted)
    update_shown.notes(plan.summary.notes)
    if plan.needs_a_person:
        ui.note("paved update merges the other files and leaves the conflicts to you")
    ui.note("nothing was changed")


def _show_current(plan: Plan, *, json: bool) -> None:
    from paved_road.cli import update_shown

    if json:
        ui.envelope("update", 0, _facts(plan), notes=plan.summary.notes)
    else:
        update_shown.notes(plan.summary.notes)
        ui.good(f"up to date with {plan.release.template.name} {plan.release.version}")


def _show_aborted(applied: Applied, *, json: bool) -> None:
    from paved_road.cli import update_shown

    if json:
        facts: results.AbortedJson = {"aborted": applied.journal.new_version}
        ui.envelope("update", 0, facts, notes=applied.notes)
    else:
        update_shown.notes(applied.notes)
        ui.good(f"the update to {applied.journal.new_version} was undone")


def _resolve_branches(service: Service, lock: str, road: str | None, *, abort: bool, json: bool) -> NoReturn:
    """Resolve the lock of two updated branches that git merged. Exit code 1 if git has more to merge."""
    from paved_road.cli import conflicts_shown
    from paved_road.settings.config import load_config
    from paved_road.update.branches import resolve

    if abort:
        raise resolve.refuse_abort(service, lock)
    resolved = resolve.resolve_branches(service, lock, load_config({"road": road}, directory=service.path))
    exit_code = int(bool(resolved.left))
    if json:
        facts: results.ReconciledJson = {
            "from": resolved.older,
            "to": resolved.newer,
            "records": list(resolved.records),
            "merged": list(resolved.merged),
            "conflicts": [decision.path for decision in resolved.left],
            "decisions": list(resolved.left),
        }
        ui.envelope("update", exit_code, facts)
    else:
        conflicts_shown.show_resolved_branches(service, resolved)
    raise typer.Exit(exit_code)


def _show_applied(
    service: Service, applied: Applied, facts: results.PlannedJson | None, *, message: str = "", json: bool
) -> NoReturn:
    """Show how the update ended, and the template's own message. Exit code 1 if conflicts are left."""
    from paved_road.update.apply import undecided_conflicts

    exit_code = int(bool(applied.conflicts))
    left = undecided_conflicts(service, applied) if applied.conflicts else ()
    if json:
        done: results.ContinuedJson = {
            "from": applied.journal.old_version,
            "to": applied.journal.new_version,
            "regenerated": list(applied.regenerated),
            "conflicts": [decision.path for decision in left],
            "decisions": list(left),
            "commit": applied.commit,
        }
        found: results.ContinuedJson | results.UpdatedJson = {**facts, **done} if facts else done
        ui.envelope("update", exit_code, found, notes=applied.notes)
    else:
        _show_end(service, applied, left, is_continued=not facts)
        for line in message.splitlines():
            ui.data(f"  {line}")
    raise typer.Exit(exit_code)


def _show_end(service: Service, applied: Applied, left: Sequence[Decision], *, is_continued: bool) -> None:
    from paved_road.cli import update_shown

    update_shown.notes(applied.notes)
    version = applied.journal.new_version
    if left:
        from paved_road.cli import conflicts_shown

        conflicts_shown.show(service, left, is_continued=is_continued)
        return
    if not is_continued:
        ui.data()
    if applied.commit:
        ui.good(f"updated to {version}, committed as {applied.commit[:10]}")
    else:
        ui.good(f"updated to {version}; review it with git diff --cached, then git commit")
