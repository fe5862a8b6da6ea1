"""`paved practice new`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options, where
from paved_road.errors import UsageError, nearest

if TYPE_CHECKING:
    from paved_road.cli.practice import results
    from paved_road.practices.writing import WrittenPractice

_ROAD = "The folder of your road. Default: the current folder."
_TEMPLATE = "The template that gets the practice, if the road has several."
_INCIDENT = "The address of the incident, or of the text, that taught the practice."
_LEVEL = "bronze, silver or gold: the lowest level that needs it."
_ATTESTED = "No machine can check it: a team states it."


def new(
    slug: Annotated[str, typer.Argument(metavar="PRACTICE", help="The practice's name, such as ticket-queue.")],
    from_incident: Annotated[str, typer.Option("--from-incident", metavar="URL", help=_INCIDENT)],
    road: Annotated[str, typer.Option("--road", metavar="PATH", help=_ROAD, show_default=False)] = ".",
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="NAME", help=_TEMPLATE, autocompletion=completion.template),
    ] = None,
    static: Annotated[bool, typer.Option("--static", help="The check reads files. This is the default.")] = False,
    live: Annotated[bool, typer.Option("--live", help="The check runs the service, and hurts it.")] = False,
    attested: Annotated[bool, typer.Option("--attested", help=_ATTESTED)] = False,
    level: Annotated[str, typer.Option("--level", metavar="LEVEL", help=_LEVEL)] = "silver",
    json: options.Json = False,
) -> None:
    """Begin a practice of your own road: write its file, the skeleton of its check, and that of its seeded fault.

    The files go into the folder that the template's paved-road.yml names with the key `practices`. Without the key,
    it is added. Nothing is overwritten. The files say what you have to write; until then, paved practice verify
    refuses them.

    \b
    Examples:
      paved practice new ticket-queue --from-incident https://wiki.example.com/incidents/12
      paved practice new warm-cache --live --level gold --from-incident https://wiki.example.com/incidents/31
    """
    from paved_road.offroad import clock
    from paved_road.practices import writing
    from paved_road.practices.model import CheckKind, Level
    from paved_road.road.opening import open_road
    from paved_road.road.templates import find_template
    from paved_road.settings.config import load_config

    kinds = [kind for kind, chosen in zip(CheckKind, (static, live, attested), strict=True) if chosen]
    if len(kinds) > 1:
        raise UsageError("a practice has one kind of check", hint="one of --static, --live and --attested")
    if level not in list(Level):
        raise UsageError(f"--level cannot be {level!r}", hint=nearest(level, Level))
    opened = open_road(load_config({"road": road}), refresh=False, fetch=False)
    wanted = writing.NewPractice(
        slug=slug, kind=kinds[0] if kinds else CheckKind.STATIC, level=Level(level), source_url=from_incident
    )
    written = writing.write_practice(wanted, find_template(opened, template), today=clock.today())
    paths = [path for path in (written.page, written.code, written.manifest) if path is not None]
    notes = _notes(written)
    if json:
        facts: results.NewPracticeJson = {"slug": slug, "written": [str(path) for path in paths]}
        ui.envelope("practice new", 0, facts, notes=notes)
        return
    for path in paths:
        ui.data(where.shown(path))
    for text in notes:
        ui.note(text)
    at = "" if road == "." else opened.option
    wanted_code = ", write the check and break_it," if written.code else ""
    ui.talk(f"Replace every TODO{wanted_code} and then run: paved practice verify {slug}{at} --trust")


def _notes(written: WrittenPractice) -> list[str]:
    folder = written.page.parent.name
    text = f"every service would get this folder: add {folder} to _exclude in copier.yml, or use _subdirectory"
    return [text] if written.is_rendered else []
