"""The JSON Schema of a record's front matter."""

from __future__ import annotations

import json

from paved_road.offroad.deviation import Deviation


def json_schema() -> str:
    """As a JSON document; `docs/reference/off-road-record.schema.json` is made of it."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:paved-road:off-road-record:1",
        "title": "off-road record",
    }
    return json.dumps(head | {**Deviation.model_json_schema(), **head}, indent=2) + "\n"
