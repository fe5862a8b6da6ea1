"""Every JSON that a command prints in a test is what its published schema says."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from paved_road import ui
from paved_road.cli import results, schemas


def faults(printed: str) -> list[str]:
    """Where an envelope is not as published; none for other texts."""
    try:
        document = json.loads(printed)
    except ValueError:
        return []
    if not isinstance(document, dict) or document.get("schema") != ui.SCHEMA:
        return []
    command = document["command"]
    if command not in results.RESULTS:  # the command line named no command that answers
        return [f"no command: {_told(error)}" for error in _validator(schemas.ERROR).iter_errors(document)]
    return [f"{command}: {_told(error)}" for error in _validator(command).iter_errors(document)]


def _told(error: Any) -> str:
    """The fault that lies deepest, which tells more than that no alternative fits."""
    deepest = jsonschema.exceptions.best_match([error])
    return f"{deepest.json_path}: {deepest.message[:300]}"


@functools.cache
def _validator(command: str) -> Any:
    schema = schemas.without_a_command() if command == schemas.ERROR else schemas.envelope(command)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)
