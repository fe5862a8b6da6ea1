"""`paved off-road schema`."""

from __future__ import annotations

import json as jsons

from paved_road import ui
from paved_road.cli import options


def schema(json: options.Json = False) -> None:
    """Print the JSON Schema of a deviation's front matter, for editors and other tools.

    \b
    Examples:
      paved off-road schema > off-road-record.schema.json
    """
    from paved_road.offroad.front_matter import json_schema

    if json:
        ui.envelope("off-road schema", 0, jsons.loads(json_schema()))
    else:
        ui.json_text(json_schema().rstrip("\n"))
