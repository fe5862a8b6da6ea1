from __future__ import annotations

import pytest

from paved_road.errors import TemplateError
from paved_road.manifest import parse
from paved_road.owners import Owner
from paved_road.service import owner_of
from paved_road.stated import stated_version


def test_a_template_without_a_manifest_has_the_defaults() -> None:
    found = parse(None)
    assert found.version is None
    assert owner_of(found)("anything") is Owner.SHARED


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
    owner = owner_of(found)
    assert owner("src/orders/paved/health.py") is Owner.ROAD
    assert owner("Dockerfile") is Owner.ROAD
    assert owner("deploy/base/x.yaml") is Owner.ROAD
    assert owner("deploy/overlays/x.yaml") is Owner.SHARED  # written first
    assert owner("src/orders/api/orders.py") is Owner.SERVICE
    assert owner("uv.lock") is Owner.DERIVED
    assert owner("README.md") is Owner.SHARED
