"""Values in messages are short, and none of them breaks the message."""

from __future__ import annotations

import pytest

from paved_road.text.values import short_repr, shown


@pytest.mark.parametrize(
    ("value", "text"), [(None, "empty"), (False, "false"), ({"a": 1}, "a mapping"), ([1], "a list"), ("a", "'a'")]
)
def test_a_value_of_a_file_has_the_words_of_yaml(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_long_value_is_cut() -> None:
    assert short_repr("x" * 1000, longest=10) == "'xxxxxxxxx..."


def test_a_value_that_python_cannot_write_is_left_out() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert short_repr(deep) == ""
    assert short_repr(10**5000) == ""
