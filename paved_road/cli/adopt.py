"""`paved adopt`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.ask import asking
from paved_road.cli import completion, options
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from paved_road.adopt import Adopted
    from paved_road.cli import results


def adopt(
    path: Annotated[Path, typer.Argument(metavar="SERVICE", help="The repository, or a service's folder in it.")],
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="NAME", autocompletion=completion.template, help="The template to follow."),
    ] = None,
    road: options.Road = None,
    ref: options.Ref = None,
    data: options.Data = None,
    answers: options.AnswersFile = None,
    answers_file: options.ServiceAnswersFile = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Ask nothing; use defaults for unknown answers.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the differences; write nothing.")] = False,
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Put an existing repository on the road: one that plain Copier made, or one written by hand.

    This writes the lock and the answers file and changes nothing else. It lists the files that differ from the release:
    those that the road owns are drift from now on, and the next `paved update` merges.

    \b
    Examples:
      paved adopt .                                     made by Copier: its answers file says everything
      paved adopt legacy --road gh:acme/road --ref 2.0  written by hand: compare it with release 2.0
      paved adopt legacy --road gh:acme/road --dry-run  show how it differs from the road
      paved adopt . --road gh:acme/docs                 a second template, with an answers file of its own
    """
    from paved_road import adopt as adoption
    from paved_road.settings.config import load_config

    request = adoption.AdoptRequest(
        path=path, template=template, ref=ref, answers=options.answers(data, answers), answers_file=answers_file,
        trust=trust,
    )  # fmt: skip
    config = load_config({"road": road}, directory=path.absolute())
    review = "Show it?" if dry_run else "Write it?"
    with asking("adopt", wanted=not (defaults or json), review=review, dry_run=dry_run) as interviewer:
        adopted = adoption.adopt(request, config, interview=interviewer, dry_run=dry_run)
        if interviewer and not dry_run:
            interviewer.forget()
    if json:
        ui.envelope("adopt", 0, _facts(adopted, dry_run=dry_run), notes=adopted.notes)
    else:
        _print_adopted(adopted, dry_run=dry_run)


def _facts(adopted: Adopted, *, dry_run: bool) -> results.AdoptedJson:
    return {
        "service": str(adopted.path),
        "road": adopted.lock.road,
        "template": adopted.lock.template,
        "version": adopted.lock.version,
        "answers": {key: value for key, value in adopted.answers.items() if not key.startswith("_")},
        "written": list(adopted.written),
        "missing": sorted(adopted.lock.missing),
        "differences": [options.difference_json(one) for one in adopted.differences],
        "dry_run": dry_run,
    }


def _print_adopted(adopted: Adopted, *, dry_run: bool) -> None:
    for text in adopted.notes:
        ui.note(text)
    compared = [path for path, one in adopted.lock.files.items() if one.owner != "derived"]
    same = len(compared) - len(adopted.differences)
    for one in adopted.differences:
        ui.data(f"{options.kind_in_words(one, adopted.lock):<8} {one.path}  ({one.owner})")
    kinds = Counter(options.kind_in_words(one, adopted.lock) for one in adopted.differences)
    unchanged = counted(same, "file matches the release", "files match the release")
    summary = ", ".join([unchanged, *(f"{n} {kind}" for kind, n in kinds.items())])
    name = f"{adopted.lock.template} {adopted.lock.version}"
    if dry_run:
        ui.data(f"compared with {name}: {summary}; nothing was written")
        return
    ui.good(f"adopted {adopted.path.name} at {name}: {summary}")
    ui.data(f"written: {', '.join(adopted.written)}; review and commit them")
    if adopted.lock.missing:
        ui.data(adopted.lock.missing_note)
    if any(one.owner == "road" for one in adopted.differences):
        ui.data("road-owned files that differ are drift now: paved off-road baseline accepts them for a limited time")
