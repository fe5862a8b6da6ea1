"""YAML of strangers: reading it stops at a number of values, and says why in plain words."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
import yaml

from paved_road.files import yml

LOADERS = (yml.Loader, yaml.SafeLoader)
WIDE = {
    "a list": f"a: [{'1,' * 400_000}]",
    "documents": "--- 1\n" * 400_000,
    "aliases": f"- &a x\n- [{'*a,' * 400_000}]",
}


@pytest.mark.parametrize("name", WIDE)
def test_too_many_values_are_refused(name: str) -> None:
    with pytest.raises(yml.YamlTooLarge, match="more than 200,000 values"):
        yml.load_all(WIDE[name])


def test_reading_stops_at_the_limit_and_not_at_the_end() -> None:
    """Twenty times the values take no more memory."""
    peaks = []
    for times in (300_000, 6_000_000):
        text = f"a: [{'1,' * times}]".encode()
        tracemalloc.start()
        with pytest.raises(yml.YamlTooLarge):
            yml.load(text)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "it is nested more than 100 deep"),
        ("[" * 500 + "]" * 500, "it is nested more than 100 deep"),
        ("9" * 5000, "a number has too many digits"),
        ("2024-99-99", "month must be in"),
        ("!!bool x", "not have the type that its tag names"),
        ("!!timestamp x", "not have the type that its tag names"),
        ("a: &a [*a]", "an alias is inside of the value that it names"),
        ("a: [}", "at line 1, column"),
    ],
)
def test_the_reason_is_in_plain_words(loader: Any, text: str, why: str) -> None:
    with pytest.raises(yaml.YAMLError) as raised:
        yml.load(text, loader)
    assert why in yml.message_of(raised.value)
    assert "Error" not in yml.message_of(raised.value)
    assert yml.what_is_wrong(raised.value) == ("is larger than paved parses" if "deep" in why else "is not YAML")
