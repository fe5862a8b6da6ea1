"""The built-in template, which is not verified when it is used, for every pair of its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from allpairspy import AllPairs

from tests.render.conftest import copiers, ours

TEMPLATE = Path(__file__).parent.parent.parent / "templates" / "service"
TEXTS: Mapping[str, tuple[Any, ...]] = {
    "name": ("orders", "a-b-c9"),
    "package": ("orders", "other_name"),
    "description": ("The orders service.", "Grüße: 'quoted' & <escaped> {{ not rendered }} # it"),
    "owner": ("orders-team", "acme/payments"),
    "platform": ("platform-team", "acme/platform"),
    "port": (8080, 65535),
    "slo_availability": (99.9, 99),
    "paved": ("paved-road==0.1.0", "paved-road@git+https://git.example.com/a/paved-road@0a1b#subdirectory=x%20y"),
    "repository": ("https://github.com/acme/orders", "https://git.example.com:8443/a/b/c"),
}
"""Answers to the questions that list none."""


def options() -> dict[str, tuple[Any, ...]]:
    """Every question that can be answered, and the answers worth trying."""
    questions = yaml.safe_load((TEMPLATE / "copier.yml").read_bytes())
    return {
        name: tuple(choices(name, details))
        for name, details in questions.items()
        if not name.startswith("_") and details.get("when") is not False
    }


def choices(name: str, details: Mapping[str, Any]) -> Iterator[Any]:
    offered = details.get("choices")
    if offered:
        yield from offered.values() if isinstance(offered, dict) else offered
    elif details["type"] == "bool":
        yield from (True, False)
    else:
        assert name in TEXTS, f"say in TEXTS what to answer to {name}"
        yield from TEXTS[name]


def combinations() -> list[dict[str, Any]]:
    """Answers in which every two answers to different questions appear together."""
    asked = options()
    return [dict(zip(asked, values, strict=True)) for values in AllPairs([list(values) for values in asked.values()])]


@pytest.mark.parametrize("answers", combinations())
def test_both_renderers_make_the_same_of_the_built_in_template(answers: dict[str, Any], tmp_path: Path) -> None:
    reference = copiers(TEMPLATE, answers, tmp_path / "reference" / "orders", trust=True)
    mine = ours(TEMPLATE, answers, tmp_path / "mine" / "orders", trust=True)
    assert mine.keys() == reference.keys()
    assert [path for path in mine if mine[path] != reference[path]] == []
