"""The published JSON Schemas, and the check of what commands print against them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import jsonschema
import pytest

from paved_road import ui
from paved_road.cli import results, schemas
from paved_road.errors import UsageError
from tests import published
from tests.cli.test_commands import commands

Here = Callable[..., CompletedProcess[str]]


def test_every_command_has_a_schema() -> None:
    assert {" ".join(words) for words in commands()} - {"help"} == results.RESULTS.keys()


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_schema_is_printed_and_valid(name: str, here: Here) -> None:
    said = here("schema", *name.split(" "))
    schema = json.loads(said.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == schemas.DRAFT
    assert schema["$id"].startswith("urn:paved-road:")
    assert schema["title"]
    assert json.loads(here("schema", *name.split(" "), "--json").stdout)["result"] == schema


def test_the_names_are_listed_and_a_wrong_one_is_an_error(here: Here) -> None:
    assert here("schema").stdout.splitlines() == list(schemas.NAMES)
    done = here("schema", "updat")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean update?" in done.stderr
    with pytest.raises(UsageError, match="no schema"):
        schemas.text("off-road")


def _envelopes(here: Here, greeter: Path) -> dict[str, Any]:
    told = {
        "new": here("new", "hello", "--road", greeter, "--defaults", "--json"),
        "status": here("status", "hello", "--json"),
        "update": here("update", "nowhere", "--json"),
    }
    return {name: json.loads(done.stdout) for name, done in told.items()}


def test_a_missing_field_an_unknown_one_and_a_wrong_type_are_found(here: Here, greeter: Path) -> None:
    for name, good in _envelopes(here, greeter).items():
        assert published.faults(json.dumps(good)) == [], name
        part = "result" if good["result"] else "error"
        for key in good[part]:
            bad = copy.deepcopy(good)
            del bad[part][key]
            assert published.faults(json.dumps(bad)), f"{name} without {key}"
            bad[part][key] = {"of": "another type"}
            if key not in ("answers", "files"):
                assert published.faults(json.dumps(bad)), f"{name} with another {key}"
        assert published.faults(json.dumps({**good, part: {**good[part], "more": 1}})), name
        assert published.faults(json.dumps({**good, "more": 1})), name


def test_a_result_and_an_error_exclude_each_other(here: Here, greeter: Path) -> None:
    found = _envelopes(here, greeter)
    both = {**found["new"], "error": found["update"]["error"]}
    neither = {**found["new"], "result": None}
    assert published.faults(json.dumps(both))
    assert published.faults(json.dumps(neither))


@pytest.mark.parametrize("line", [["--json"], ["updat", "--json"], ["off-road", "lst", "--json"]])
def test_an_error_without_a_command_has_a_schema(here: Here, line: list[str]) -> None:
    found = json.loads(here(*line).stdout)
    schema = json.loads(here("schema", "error").stdout)
    jsonschema.validate(found, schema)
    for bad in ({**found, "result": {}}, {**found, "error": None}, {**found, "command": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_descriptions_come_from_docstrings_including_inherited_ones() -> None:
    found = schemas.envelope("update")["$defs"]
    assert found["Planned"]["properties"]["changelog"]["description"]
    assert found["Updated"]["properties"]["changelog"] == found["Planned"]["properties"]["changelog"]


def test_published_names_leave_out_the_suffix_of_the_types() -> None:
    for name in results.RESULTS:
        definitions = schemas.envelope(name)["$defs"]
        titles = [one["title"] for one in definitions.values() if "title" in one]
        assert not [word for word in (*definitions, *titles) if word.endswith("Json")]


def test_an_answer_without_a_schema_is_found() -> None:
    assert published.faults(json.dumps({"schema": ui.SCHEMA, "command": "juggle", "result": {}, "error": None}))
