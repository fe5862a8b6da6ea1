"""`paved off-road new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options, where
from paved_road.cli.off_road import common
from paved_road.errors import UsageError
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from datetime import date

    from paved_road.offroad.deviations import Deviation
    from paved_road.service.model import Service


_Slug = Annotated[
    str | None, typer.Argument(metavar="SLUG", help="The deviation's slug. Default: derived from the path.")
]
_PATH = "A file that the road owns. You can repeat it."
_PRACTICE = "A practice instead of files; paved explain lists them."
_KIND = "operational-need, accepted-risk, not-applicable, ..."
_FROM_DRIFT = "A deviation for each file that drifts and has none."


def new(
    slug: _Slug = None,
    path: Annotated[list[str] | None, common.option("--path", "PATH", _PATH, completion.road_file)] = None,
    practice: Annotated[str | None, common.option("--practice", "SLUG", _PRACTICE, completion.practice)] = None,
    from_drift: Annotated[bool, typer.Option("--from-drift", help=_FROM_DRIFT)] = False,
    reason: Annotated[str, common.option("--reason", "TEXT", "Why; you can write it into the file later.")] = "",
    kind: Annotated[str, common.option("--kind", "KIND", _KIND, completion.kind)] = "operational-need",
    risk: common.Risk = "medium",
    support: Annotated[
        str, common.option("--support", "WHO", "Who supports it: team or platform.", completion.support)
    ] = "team",
    owner: common.Owner = None,
    requested_by: Annotated[
        str | None, common.option("--requested-by", "WHO", "Who requests it. Default: git's user.email.")
    ] = None,
    days: common.Days = None,
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """Propose a deviation: write its file, with everything but the argument. On a terminal, your editor opens it.

    \b
    Examples:
      paved off-road new --from-drift                          for each file that drifts
      paved off-road new own-base-image --path Dockerfile      for one file, with a name of its own
      paved off-road new no-hpa --practice autoscaling --risk low --kind not-applicable
    """
    from paved_road.offroad import lifecycle
    from paved_road.practices.reading import is_slug

    if sum(map(bool, (path, practice, from_drift))) != 1:
        raise UsageError("say what the deviation covers", hint="one of --path PATH, --practice SLUG and --from-drift")
    common.check_words(kind=kind, risk=risk, support=support)
    opened = where.open_service(service)
    today = common.day()
    note = _check_practice(opened, practice) if practice and is_slug(practice) else ""  # else `propose` refuses it
    scopes = [tuple(where.to_service(name, opened) for name in path or ())]
    if from_drift:
        scopes = _drifting(opened, slug, today)
    drafts = [
        lifecycle.Draft(
            slug=slug or lifecycle.slug_for(paths[0] if paths else str(practice)), paths=paths, practice=practice,
            kind=kind, risk=risk, support=support, owner=owner, requested_by=requested_by, reason=reason, days=days,
        )
        for paths in scopes
    ]  # fmt: skip
    written = lifecycle.propose(opened, drafts, today=today)
    if json:
        records = [common.facts(deviation) for deviation in written]
        ui.envelope("off-road new", 0, {"service": str(opened.path), "records": records}, notes=[note] if note else [])
        return
    if note:
        ui.note(note)
    _print_text(opened, written, today)


def _check_practice(service: Service, practice: str) -> str:
    from paved_road.offroad.practice_names import require_practice
    from paved_road.settings.config import load_config

    return require_practice(service, load_config(directory=service.path), practice)


def _drifting(service: Service, slug: str | None, today: date) -> list[tuple[str, ...]]:
    """The paths of each deviation to propose. Raises `UsageError` if one slug would name several."""
    from paved_road.offroad import lifecycle
    from paved_road.settings.config import load_config

    paths = lifecycle.uncovered_drift(service, today=today, config=load_config(directory=service.path))
    if slug and len(paths) > 1:
        raise UsageError(
            "a deviation covers one thing",
            cause=f"these files drift: {', '.join(paths)}",
            hint=f"paved off-road new {slug} --path {paths[0]}",
        )
    return [(path,) for path in paths]


def _print_text(service: Service, written: list[Deviation], today: date) -> None:
    for deviation in written:
        ui.data(where.from_service(deviation.path))
    if not written:
        ui.good(f"every file that drifts has a deviation{_proposed(service, today)}")
        return
    if ui.interactive():
        ui.edit([service.path / deviation.path for deviation in written])
    ui.note(where.elsewhere(f"write the reason and the argument, then: paved off-road accept {written[0].id}"))


def _proposed(service: Service, today: date) -> str:
    """How many deviations cover nothing yet; "" if none."""
    from paved_road.offroad.deviations import load_deviations

    proposed = [each.id for each in load_deviations(service, today=today) if each.fields.status == "proposed"]
    are = counted(len(proposed), "deviation is", "deviations are")
    return where.elsewhere(f"; {are} only proposed: paved off-road accept {proposed[0]}") if proposed else ""
