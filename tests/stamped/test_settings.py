"""The reference of the settings says what the stamped service says of itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from paved_road.testing import run

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
ASK = "import json; from orders.{} as S; print(json.dumps(S.model_json_schema()))"


def test_every_setting_is_in_the_reference_with_its_default_what_is_allowed_and_what_it_means(installed: Path) -> None:
    """When this fails: a field of RoadSettings, the string below it, and a row of the page say different things."""
    schema = schema_of("paved import RoadSettings", installed)["properties"]
    expected = {name.upper(): (_default(field), _allowed(field), _meaning(field)) for name, field in schema.items()}
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    assert {name: (default, allowed, _plain(meaning)) for name, default, allowed, meaning in rows} == expected


def test_every_setting_of_a_service_is_in_its_readme(installed: Path) -> None:
    """When this fails: a row of README.md.jinja is missing, or differs from the field and the string below it."""
    schema = schema_of("settings import Settings", installed)
    required = set(schema["required"])
    expected = {
        name.upper(): ("required" if name in required else _default(field), _meaning(field))
        for name, field in schema["properties"].items()
    }
    readme = (installed / "README.md").read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = {}
    for names, defaults, meaning in re.findall(r"^\| (`[A-Z_`, ]+`) \| (.+?) \| (.+?) \|$", readme, re.MULTILINE):
        for name, default in zip(names.split(", "), defaults.split(", "), strict=True):
            rows[_plain(name)] = (default, _plain(meaning).capitalize())
    # One row has both, as in 1.1.0: a release must not change the lines beside which teams add theirs.
    expected |= {name: (expected[name][0], "Where to listen") for name in ("HOST", "PORT")}
    assert rows == {name: (default, meaning.capitalize()) for name, (default, meaning) in expected.items()}


def schema_of(which: str, installed: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(
        run(installed / ".venv/bin/python", "-c", ASK.format(which), cwd=installed).stdout
    )
    return schema


def _meaning(field: dict[str, Any]) -> str:
    return str(field.get("description", "nothing")).removesuffix(".")


def _plain(cell: str) -> str:
    """A cell's words, without links and code marks."""
    return re.sub(r"\[(.+?)\]\(.+?\)", r"\1", cell).replace("`", "")


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
