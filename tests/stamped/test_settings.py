"""The reference of the settings says what the stamped service says of itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from paved_road.testing import run

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
ASK = "import json; from orders.paved import RoadSettings as S; print(json.dumps(S.model_json_schema()['properties']))"


def test_every_setting_is_in_the_reference_with_its_default_and_what_is_allowed(installed: Path) -> None:
    schema = json.loads(run(installed / ".venv/bin/python", "-c", ASK, cwd=installed).stdout)
    expected = {name.upper(): (_default(field), _allowed(field)) for name, field in schema.items()}
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    assert {name: (default, allowed) for name, default, allowed, _ in rows} == expected


def _default(field: dict[str, Any]) -> str:
    return "not set" if field["default"] is None else f"`{field['default']}`"


def _allowed(field: dict[str, Any]) -> str:
    field = next((each for each in field.get("anyOf", []) if each["type"] != "null"), field)
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "string":
        secret = f"at least {field.get('minLength')} characters"
        return {"uri": "URL", "path": "path", "password": secret}.get(field.get("format", ""), "text")
    low = f"above {field['exclusiveMinimum']}, up" if "exclusiveMinimum" in field else str(field["minimum"])
    return f"{low} to {field['maximum']}" if "maximum" in field else f"{low} and above"
