"""The pages that docs/hooks.py makes of the code."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.git.entries import File
from paved_road.lint import rules
from paved_road.practices.built_in import built_in_slugs
from paved_road.road import manifest

HOOKS = Path(__file__).parents[2] / "docs" / "hooks.py"


@pytest.fixture(scope="module")
def hooks() -> dict[str, Any]:
    pytest.importorskip("mkdocs")
    return runpy.run_path(str(HOOKS))


def test_the_example_of_a_paved_road_yml_is_valid_and_has_every_key(hooks: dict[str, Any]) -> None:
    example = hooks["EXAMPLE"].encode()
    found = manifest.validate_manifest(example)
    assert isinstance(found, manifest.Manifest)
    assert tuple(yaml.safe_load(example)) == manifest.Manifest.__struct_fields__
    files = {"paved-road.yml": File(example), "practices/README.md": File(b"")}
    assert list(rules.findings(files, None, [], list)) == []


@pytest.mark.parametrize(
    "page", ["reference/paved-road-yml.md", "reference/run-contract.md", "reference/off-road-record.md"]
)
def test_a_page_about_a_file_names_keys_and_no_class_and_its_links_lead_somewhere(
    hooks: dict[str, Any], page: str
) -> None:
    text = hooks["PAGES"][page]()
    assert not re.search("DependencyContract|Probes|Variable|## Approved|mapping to", text)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
    assert set(re.findall(r"\(#([^)]+)\)", text)) <= anchors
    assert len(anchors) == len(headings)


def test_every_practice_has_a_place_that_findings_can_link_to(hooks: dict[str, Any]) -> None:
    text = hooks["PAGES"]["reference/practices.md"]()
    anchors = re.findall(r"^## .* \{ #([a-z0-9-]+) \}$", text, re.MULTILINE)
    assert sorted(anchors) == sorted(built_in_slugs())
    assert set(re.findall(r"\(#([^)]+)\)", text)) == set(anchors)
