"""`paved config`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from paved_road import ui
from paved_road.cli import commands, options
from paved_road.limits import Limits
from paved_road.redaction import redact

if TYPE_CHECKING:
    from paved_road.cli import results

app = typer.Typer(
    cls=commands.Group,
    help="""Show paved's own settings.

    \b
    Examples:
      paved config show          every setting, and where it comes from
    """,
    rich_markup_mode=None,
)


def show(road: options.Road = None, json: options.Json = False) -> None:
    """Show every setting and where it comes from: flag, environment, project, user or default.

    \b
    Examples:
      paved config show
      PAVED_ROAD=gh:acme/road paved config show --json
    """
    from paved_road.config import load, user_file

    config = load({"road": road})
    settings = {name: getattr(config, name) for name in ("road", "template", "trust", "cache", "answers", "limits")}
    if json:
        found: dict[str, results.Setting] = {
            name: {"value": _plain(value.value), "origin": value.origin, "where": value.where}
            for name, value in settings.items()
        }
        facts: results.Settings = {
            "settings": found,
            "files": [str(path) for path in config.files],
            "user_file": str(user_file()),
        }
        ui.envelope("config show", 0, facts)
        return
    ui.table(
        ("setting", "value", "from"),
        [(name, _told(value.value), f"{value.origin} {value.where}".strip()) for name, value in settings.items()],
    )


def _plain(value: Any) -> Any:
    """A setting's value as JSON has it: trust as the file writes it, a URL without its password."""
    if isinstance(value, list):
        return [
            {"road": redact(one.road), "signed_by": list(one.signed_by)} if one.signed_by else redact(one.road)
            for one in value
        ]
    if isinstance(value, Limits):
        return asdict(value)
    return redact(value) if isinstance(value, str) else value


def _told(value: Any) -> str:
    if isinstance(value, Limits):
        return ", ".join(f"{name} = {limit}" for name, limit in asdict(value).items())
    return redact(", ".join(map(str, value)) if isinstance(value, list) else str(value))


commands.add(app, "show", show, "Show every setting and where it comes from.")


@app.callback()
def root() -> None:
    """Makes `config` a group although it has one command."""
