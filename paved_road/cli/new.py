"""`paved new`."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.ask import asking
from paved_road.cli import completion, options, where
from paved_road.errors import UsageError
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from paved_road.cli import results
    from paved_road.create import Created, CreatePlan


def new(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="[TEMPLATE] DEST",
            autocompletion=completion.template,
            show_default=False,
            help="The folder to create. Name the template before it if the road has several.",
        ),
    ],
    data: options.Data = None,
    answers: options.AnswersFile = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Ask nothing; use the defaults of answers that you do not give.")
    ] = False,
    road: options.Road = None,
    ref: options.Ref = None,
    answers_file: options.ServiceAnswersFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the files that would be written; write nothing.")
    ] = False,
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Create a service from a template.

    \b
    Examples:
      paved new orders                                 of the built-in road; asks questions on a terminal
      paved new orders --defaults --data port=9000     without questions
      paved new orders --dry-run                       show the files, write nothing
      paved new library-py libs/money --road gh:acme/road --ref 2.1.0
    """
    from paved_road import create
    from paved_road.settings.config import load_config

    if len(names) > 2:
        raise UsageError(f"too many arguments: {' '.join(names)}", hint="paved new [TEMPLATE] DEST")
    *template, destination = names
    request = create.CreateRequest(
        destination=Path(destination),
        template=template[0] if template else None,
        ref=ref,
        answers=options.answers(data, answers),
        answers_file=answers_file,
        trust=trust,
        dry_run=dry_run,
        greet=(lambda _: None) if json else ui.greet,
    )
    review = "Show it?" if dry_run else "Write it?"
    with asking("new", wanted=not (defaults or json), review=review, dry_run=dry_run) as interviewer:
        plan = create.plan(request, load_config({"road": road}), interview=interviewer)
        plan = replace(plan, notes=(*plan.notes, *_author_notes(plan)))
        if dry_run:
            _show_plan(plan, json=json)
            return
        with contextlib.nullcontext() if plan.tasks else ui.working("stamping"):  # tasks print what they do
            created = create.create(plan, tell=ui.talk)
        if interviewer:
            interviewer.forget()
    _show_created(created, json=json)


def _author_notes(plan: CreatePlan) -> list[str]:
    """Notes for someone who stamps from a road's working tree: its author."""
    if not plan.release.working_tree:
        return []
    from paved_road import lint

    template = plan.release.template
    if not (findings := lint.check(template)):
        return []
    mistakes, road = counted(len(findings), "possible mistake"), shlex.quote(template.road.source)
    return [f"{mistakes} in the template: paved templates --check --road {road}"]


def _facts(plan: CreatePlan) -> results.StampedJson:
    release = plan.release
    return {
        "destination": str(plan.destination),
        "road": release.template.road.source,
        "template": release.template.name,
        "version": release.version,
        "release_commit": release.commit,
        "renderer": plan.pristine.renderer,
        "answers": {key: value for key, value in plan.pristine.answers.items() if not key.startswith("_")},
        "tasks": [str(task) for task in plan.tasks],
        "files": {
            path: {"mode": file.mode, "blob": file.blob_in(plan.object_format)}
            for path, file in sorted(plan.tree.items())
        },
        "repository": str(plan.repository.top) if plan.repository else None,
    }


def _show_plan(plan: CreatePlan, *, json: bool) -> None:
    if json:
        facts: results.NewDryRunJson = {**_facts(plan), "dry_run": True}
        ui.envelope("new", 0, facts, notes=plan.notes)
        return
    for text in plan.notes:
        ui.note(text)
    for task in plan.tasks:
        ui.note(f"a dry run does not run tasks, so changes by this task are not shown: {task}")
    owners = {path: str(locked.owner) for path, locked in plan.lock.files.items()}
    ui.files(
        {path: owners.get(path, "") for path in plan.tree} | dict.fromkeys(plan.derived, "derived"),
        f"{plan.destination.name}/",
    )
    files = counted(len(plan.tree), "file")
    ui.data(f"{files} from {plan.release.template.name} {plan.release.version}; nothing was written")


def _show_created(created: Created, *, json: bool) -> None:
    plan = created.plan
    if json:
        facts: results.NewJson = {**_facts(plan), "commit": created.commit, "derived": list(created.derived)}
        ui.envelope("new", 0, facts, notes=created.notes)
        return
    release = plan.release
    shown = where.shown(plan.destination)
    name = plan.destination.name if shown == "." else shown
    files = counted(len(plan.tree) + len(created.derived), "file")
    ui.good(f"stamped {name} from {release.template.name} {release.version}: {files}")
    if plan.repository:
        ui.data(f"not committed: it is inside the repository {plan.repository.top}")
    elif created.commit:
        ui.data(f"committed as {created.commit[:10]} in a new git repository")
    for text in created.notes:
        ui.note(text)
    steps = [f"cd {shown}"] * (shown != ".") + plan.pristine.message.splitlines()
    for line in ["next:", *(f"  {step}" for step in steps)] if steps else []:
        ui.data(line)
