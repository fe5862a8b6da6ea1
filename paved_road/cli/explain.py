"""`paved explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options, where
from paved_road.errors import PavedError, UsageError, nearest

if TYPE_CHECKING:
    from paved_road.cli.practice import results
    from paved_road.practices.known import Catalogue
    from paved_road.practices.model import Practice


def explain(
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="PRACTICE",
            show_default=False,
            autocompletion=completion.practice,
            help="The practice's name, such as graceful-shutdown. Default: list all practices.",
        ),
    ] = None,
    service: Annotated[
        Path,
        typer.Option(
            "--service", metavar="SERVICE", help="The service. Default: the current folder.", show_default=False
        ),
    ] = Path(),
    trust: Annotated[bool, typer.Option("--trust", help="Also read the practices of the service's road.")] = False,
    json: options.Json = False,
) -> None:
    """Explain a practice: why it matters, how it is checked, and how to follow it.

    In a service, the practices of its road are among them, if you trust the road.

    \b
    Examples:
      paved explain
      paved explain graceful-shutdown
    """  # fmt: skip
    found = _catalogue(service, trust=trust)
    if slug is None:
        listed = sorted(found.practices.values(), key=lambda practice: (practice.level.rank, practice.slug))
        if json:
            facts: results.PracticesJson = {"practices": [_facts(practice, found) for practice in listed]}
            ui.envelope("explain", 0, facts, notes=found.notes)
            return
        rows = [(practice.slug, practice.level, practice.kind, practice.title) for practice in listed]
        ui.table(("practice", "level", "check", "title"), rows)
    elif slug not in found.practices:
        hint = nearest(slug, found.practices, command="paved explain")
        raise UsageError(f"there is no practice {slug!r}", cause=found.unread, hint=hint)
    elif json:
        practice = found.practices[slug]
        explained: results.ExplainedJson = {**_facts(practice, found), "prose": practice.prose}
        ui.envelope("explain", 0, explained, notes=found.notes)
        return
    else:
        _print_text(found.practices[slug], found)
    for text in found.notes:
        ui.note(text)


def _catalogue(path: Path, *, trust: bool) -> Catalogue:
    """The practices of the service that a folder is in; the built-in ones if it is in none."""
    from paved_road.practices.built_in import built_in_practices
    from paved_road.practices.known import Catalogue, catalogue_of
    from paved_road.settings import whereabouts
    from paved_road.settings.config import load_config

    if path == Path() and not whereabouts.is_service(whereabouts.service_at(path)):
        return Catalogue(practices=built_in_practices())
    try:
        service = where.open_service(path)
    except PavedError as error:
        if path != Path():
            raise
        return Catalogue(
            practices=built_in_practices(), unread=f"the practices of its road are not read: {error.message}"
        )
    return catalogue_of(service, load_config(directory=service.path), trust=trust)


def _facts(practice: Practice, found: Catalogue) -> results.PracticeJson:
    is_own = found.own is not None and practice.slug in found.own.by_slug
    return {
        "slug": practice.slug,
        "title": practice.title,
        "since": practice.since,
        "level": practice.level,
        "check": practice.kind,
        "source": practice.source,
        "source_url": practice.source_url,
        "source_date": practice.source_date,
        "remedy": practice.remedy,
        "road": found.release.template.road.source if is_own and found.release else None,
    }


def _print_text(practice: Practice, found: Catalogue) -> None:
    import textwrap

    from paved_road.check import attested
    from paved_road.offroad import clock
    from paved_road.practices.model import CheckKind, required_by

    how = {
        CheckKind.STATIC: "static: paved reads the service's files",
        CheckKind.LIVE: "live: paved runs the service and hurts it",
        CheckKind.ATTESTED: f"attested: your team states it in {attested.statement(practice.slug)}",
    }[practice.kind]
    owner = _facts(practice, found)["road"]
    ui.spans((practice.title, ui.Paint.BOLD))
    ui.data()
    ui.data(f"practice  {practice.slug}")
    ui.data(f"level     {practice.level}: services of tier {required_by(practice.level)} need it")
    ui.data(f"check     {how}")
    ui.data(f"since     {owner or 'paved'} {practice.since}")
    ui.data(f"source    {practice.source} ({practice.source_date})")
    ui.data(f"          {practice.source_url}")
    ui.data()
    ui.block(practice.prose.rstrip("\n"))
    ui.data()
    if practice.kind is CheckKind.ATTESTED:
        ui.data(f"{attested.statement(practice.slug)} begins like this:")
        ui.data()
        ui.block(textwrap.indent(attested.example(clock.today()).rstrip("\n"), "    "))
        ui.data()
    ui.data(f"Remedy: {practice.remedy}")
    ui.data(f"Check it alone: paved check --select {practice.slug}")
    ui.data(f"If the service has a reason not to follow it: paved off-road new --practice {practice.slug}")
