from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from paved_road import rules
from paved_road.errors import TemplateError
from paved_road.manifest import parse
from paved_road.owners import Owner
from paved_road.service import owner_of
from paved_road.stated import stated_version
from paved_road.tree import File


def test_a_template_without_a_manifest_has_the_defaults() -> None:
    found = parse(None)
    assert found.version is None
    assert owner_of(rules.of(found))("anything") is Owner.SHARED


def test_a_version_is_the_text_that_was_written() -> None:
    assert parse(b"version: 1.2.0").version == "1.2.0"
    assert parse(b"version: 2").version == "2"
    assert stated_version(b"version: 3\nowners: nonsense") == "3"
    assert stated_version(b"] not yaml") is None
    assert stated_version(b"- a list") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"] no", "not YAML"),
        (b"owner: {}", "owner: Extra inputs"),
        (b"owners: {road: 3}", "owners.road"),
        (b"owners: {derived: [uv.lock]}", "derived must map paths to commands"),
        (b"owners: {road: {a: b}}", "road must list patterns"),
        (b"owners: {nobody: [a]}", "owners.nobody"),
        (b"offroad: {longest: 3 weeks}", "offroad.longest"),
    ],
)
def test_a_fault_is_named_with_its_place(content: bytes, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(content)
    assert said in f"{caught.value.message} {caught.value.cause}"


def test_owners_are_found_by_gitignore_patterns() -> None:
    found = parse(b"""
owners:
  shared: [deploy/overlays/**]
  road: [src/*/paved/**, Dockerfile, deploy/**]
  service: [src/*/api/**]
  derived: {uv.lock: uv lock}
""")
    owner = owner_of(rules.of(found))
    assert owner("src/orders/paved/health.py") is Owner.ROAD
    assert owner("Dockerfile") is Owner.ROAD
    assert owner("deploy/base/x.yaml") is Owner.ROAD
    assert owner("deploy/overlays/x.yaml") is Owner.SHARED  # written first
    assert owner("src/orders/api/orders.py") is Owner.SERVICE
    assert owner("uv.lock") is Owner.DERIVED
    assert owner("README.md") is Owner.SHARED


def test_the_rules_of_a_content_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"paved-road.yml": File(b"owners: {road: [a], derived: {b: make b}}\nmoves: {1.0.0: {x: y}}\n")}
    first = rules.read(files, tmp_path)
    monkeypatch.setattr("paved_road.manifest.parse", None)
    assert rules.read(files, tmp_path) == first
    assert first.derived == {"b": "make b"}
    assert first.moves == {"1.0.0": {"x": "y"}}


def test_rules_that_are_not_valid_are_refused_every_time(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(TemplateError):
            rules.read({"paved-road.yml": File(b"owners: {nobody: [a]}")}, tmp_path)


def test_a_broken_memory_of_rules_is_read_again(tmp_path: Path) -> None:
    first = rules.read({}, tmp_path)
    (remembered,) = (tmp_path / "rules").iterdir()
    remembered.write_text("{}")
    assert rules.read({}, tmp_path) == first


def test_rules_need_no_cache_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("in the way")
    assert rules.read({}, tmp_path).derived == {}


@pytest.mark.parametrize("name", ["copier.yml", "paved-road.yml"])
def test_the_built_in_template_says_nothing_twice(name: str) -> None:
    """YAML's parser takes the last of two equal keys, and nobody notices."""
    text = (Path(__file__).parent.parent / "templates" / "service" / name).read_text()
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
