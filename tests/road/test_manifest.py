from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from paved_road.errors import TemplateError
from paved_road.git.entries import File
from paved_road.road import manifest
from paved_road.road.manifest import manifest_of, parse_manifest, validate_manifest
from paved_road.road.owners import Owner
from paved_road.road.version_file import stated_version
from paved_road.service.owners import owner_of


def test_a_template_without_a_manifest_has_the_defaults() -> None:
    found = parse_manifest(None)
    assert found.version is None
    assert owner_of(found)("anything") is Owner.SHARED


def test_a_version_is_the_text_that_was_written() -> None:
    assert parse_manifest(b"version: 1.2.0").version == "1.2.0"
    assert parse_manifest(b"version: 2").version == "2"
    assert stated_version(b"version: 3\nowners: nonsense") == "3"
    assert stated_version(b"] not yaml") is None
    assert stated_version(b"- a list") is None


FAULTS = {
    "version: next": ["1: version must be a version such as 1.2.0; it is 'next'"],
    "version: [1]": ["1: version must be text; it is a list"],
    "onwers: {}": ["1: there is no key 'onwers'; did you mean owners?"],
    "owners: {road: 3}": ["1: owners.road must be a list of patterns; it is 3"],
    "owners:\n  derived: [uv.lock]": ["2: owners.derived must map paths to commands; it is a list"],
    "owners:\n  road: {a: b}": ["2: owners.road must be a list of patterns; it is a mapping"],
    "owners:\n  nobody: [a]": ["2: owners has no key 'nobody'; Available: road, shared, service, derived"],
    "owners:\n  raod: [a]\n": ["2: owners has no key 'raod'; did you mean road?"],
    "owners:\n  road:\n  - a\n  - 1.0": ["4: owners.road.1 must be text; it is 1.0: put it in quotes"],
    "owners:": ["1: owners must be a mapping with the keys road, shared, service, derived; it is empty"],
    "offroad: {longest: 3 weeks}": ["1: offroad.longest must be a number of days such as 180d; it is '3 weeks'"],
    "offroad:\n  longest: 9999d": ["2: offroad.longest must be at most 3650d; it is '9999d'"],
    "offroad: {longest: 180}": ["1: offroad.longest must be text; it is 180: put it in quotes"],
    "offroad: {approval_from: huge}": ["1: offroad.approval_from must be one of low, medium, high; it is 'huge'"],
    "moves:\n  next: {a: b}": ["2: moves has the key 'next', which is not a version such as 1.2.0"],
    "moves: {1.1: {a: b}}": ["1: moves: put the version 1.1 in quotes; without them YAML reads a number"],
    "moves:\n  1.1.0: [a]": ["2: moves.1.1.0 must be a mapping; it is a list"],
    "mentions: {x: {a: b}}": ["1: mentions has the key 'x', which is not a version such as 1.2.0"],
    "mentions:\n  1.0.0:\n    '': x": [
        "3: mentions.1.0.0 has the word ''; a word must not be empty, and must be on one line"
    ],
    "run:\n  start: x\n  port: fast\n  probes: {live: /l, ready: /r}": [
        "3: run.port must be a whole number or a mapping with the key env; it is 'fast'"
    ],
    "run:\n  strat: x\n  port: {env: P}\n  probes:\n    live: /l\n": [
        "1: run.start is missing",
        "2: run has no key 'strat'; did you mean start?",
        "4: run.probes.ready is missing",
    ],
    "run:\n  start: s\n  port: {env: P}\n  probes: {live: a, ready: b}\n  dependencies:\n   a: {env: A, critical: 7}": [
        "6: run.dependencies.a.critical must be true or false; it is 7"
    ],
    "practices: {a: b}": ["1: practices must be text; it is a mapping"],
    "- a list": [
        "1: the file must be a mapping with the keys "
        + ", ".join(manifest.Manifest.__struct_fields__)
        + "; it is a list"
    ],
    "version: 1.0.0\nowners: [": ["2: it is not YAML: did not find expected node content"],
    "a: !!python/object x": [
        "1: it is not YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object'"
    ],
}
"""What an author may write, and the faults that are reported with their lines."""


@pytest.mark.parametrize("content", FAULTS)
def test_each_fault_is_described_in_plain_english_with_its_line(content: str) -> None:
    found = validate_manifest(content.encode())
    assert isinstance(found, list)
    assert [f"{fault.line}: {fault.text}" for fault in found] == FAULTS[content]
    with pytest.raises(TemplateError) as caught:
        parse_manifest(content.encode())
    said = f"{caught.value.message} {caught.value.cause} {caught.value.hint}"
    assert not re.search(
        r"Input should|Extra inputs|Value error|permitted|\[type=|pydantic|msgspec|Expected|list\[str\]", said
    ), said
    assert all(fault.text in said for fault in found)


def test_one_fault_is_the_message_and_several_are_the_cause() -> None:
    with pytest.raises(TemplateError, match=r"^paved-road.yml:2: there is no key 'onwers'; did you mean owners\?$"):
        parse_manifest(b"version: 1.0.0\nonwers: {}\n")
    with pytest.raises(TemplateError, match="has 7 faults") as caught:
        parse_manifest("".join(f"{letter}: 1\n" for letter in "abcdefg").encode())
    assert caught.value.cause.startswith("line 1: there is no key 'a'")
    assert caught.value.cause.endswith("and 2 more")


def test_a_version_that_yaml_takes_for_a_number_is_the_text_that_was_written() -> None:
    for text in ("1.10", "1.20.0", "2"):
        assert parse_manifest(f"version: {text}".encode()).version == text
        assert stated_version(f"version: {text}".encode()) == text
    assert stated_version(b"version:") is None
    assert parse_manifest(b"version:").version is None


def test_owners_are_found_by_gitignore_patterns() -> None:
    found = parse_manifest(b"""
owners:
  shared: [deploy/overlays/**]
  road: [src/*/paved/**, Dockerfile, deploy/**]
  service: [src/*/api/**]
  derived: {uv.lock: uv lock}
""")
    owner = owner_of(found)
    assert owner("src/orders/paved/health.py") is Owner.ROAD
    assert owner("Dockerfile") is Owner.ROAD
    assert owner("deploy/base/x.yaml") is Owner.ROAD
    assert owner("deploy/overlays/x.yaml") is Owner.SHARED  # written first
    assert owner("src/orders/api/orders.py") is Owner.SERVICE
    assert owner("uv.lock") is Owner.DERIVED
    assert owner("README.md") is Owner.SHARED


def test_the_files_of_a_template_have_a_manifest_of_their_own() -> None:
    files = {"paved-road.yml": File(b"owners: {road: [a], derived: {b: make b}}\nmoves: {1.0.0: {x: y}}\n")}
    found = manifest_of(files)
    assert found.patterns == ((Owner.ROAD, ("a",)), (Owner.DERIVED, ("b",)))
    assert found.derived == {"b": "make b"}
    assert found.moves == {"1.0.0": {"x": "y"}}
    assert manifest_of({}).derived == {}


def test_a_message_says_where_the_template_is_in_its_road() -> None:
    for _ in range(2):
        with pytest.raises(TemplateError, match=r"^templates/service/paved-road.yml:1: owners has no key 'nobody'"):
            manifest_of({"paved-road.yml": File(b"owners: {nobody: [a]}")}, "templates/service")


@pytest.mark.parametrize("name", ["copier.yml", "paved-road.yml"])
def test_the_built_in_template_says_nothing_twice(name: str) -> None:
    """YAML's parser takes the last of two equal keys, and nobody notices."""
    text = (Path(__file__).parents[2] / "templates" / "service" / name).read_text()
    assert twice(yaml.compose(text)) == []
    assert twice(yaml.compose("a: {b: 1, b: 2}\na: 3\n")) == ["a", "b"]


def twice(node: yaml.Node | None) -> list[str]:
    """Keys that a mapping has twice."""
    if isinstance(node, yaml.SequenceNode):
        return [key for item in node.value for key in twice(item)]
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [key.value for key, _ in node.value]
    return sorted({key for key in keys if keys.count(key) > 1}) + [
        key for _, value in node.value for key in twice(value)
    ]


def test_the_schema_for_editors_finds_what_paved_refuses() -> None:
    """All but what no schema can say: that a text is a version, and that there is YAML at all."""
    validator = jsonschema.Draft202012Validator(json.loads(manifest.json_schema()))
    beyond = (
        "which is not a version",
        "version must be",
        "in quotes",
        "at most 3650d",
        "not YAML",
        "must be on one line",
    )
    for content, said in FAULTS.items():
        if not any(word in line for word in beyond for line in said):
            assert list(validator.iter_errors(yaml.safe_load(content))), content
    template = Path(__file__).parents[2] / "templates/service/paved-road.yml"
    for good in (template.read_text(), "version: 1.10", "version:", "owners: {derived: {a: b}, road: [c]}"):
        assert list(validator.iter_errors(yaml.safe_load(good))) == [], good
