"""`paved schema`."""

from __future__ import annotations

import json as jsons
from typing import Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options


def schema(
    name: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            autocompletion=completion.schema,
            help="A file, a command, or error. For example: paved-road.yml, update, off-road check.",
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Print the JSON Schema of a file that you write, or of what a command prints with --json.

    Without a NAME, list all schemas.

    \b
    Examples:
      paved schema
      paved schema paved-road.yml > paved-road.schema.json     for your editor
      paved schema update                                      for the output of paved update --json
    """
    from paved_road.cli import schemas

    if name:
        text = schemas.text(" ".join(name))
        if json:
            ui.envelope("schema", 0, jsons.loads(text))
        else:
            ui.json_text(text.rstrip("\n"))
    elif json:
        ui.envelope("schema", 0, {"schemas": list(schemas.NAMES)})
    else:
        for schema_name in schemas.NAMES:
            ui.data(schema_name)
