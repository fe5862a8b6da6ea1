"""A key is changed in the text of a file; nothing else of it is."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from paved_road.files import toml_edit

FILE = """\
# My settings.
road = "gh:acme/road"  # ours

trust = [
    "gh:acme/", # all of it
    "/srv/roads/",
]

# Answers that are the same for every service.
[answers]
team = "payments"   # not "orders"
port = 8080

[limits]
seconds = 20
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("road",), "../x", '"gh:acme/road"', '"../x"'),
        (("trust",), ["gh:b/"], FILE[FILE.index("[\n") : FILE.index("]\n") + 1], '["gh:b/"]'),
        (("answers", "team"), 'a "b" #c', '"payments"', '"a \\"b\\" #c"'),
        (("answers", "port"), 9000, "8080", "9000"),
        (("answers", "debug"), True, "8080\n", "8080\ndebug = true\n"),
        (("answers", "a b"), "é", "8080\n", '8080\n"a b" = "é"\n'),
        (("limits", "files"), 5, "seconds = 20\n", "seconds = 20\nfiles = 5\n"),
        (("template",), "service", "# My settings.\n", 'template = "service"\n\n# My settings.\n'),
    ],
)
def test_one_key_changes_and_nothing_else(path: tuple[str, ...], value: Any, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert toml_edit.with_value(FILE, path, value) == FILE.replace(old, new)
    windows = FILE.replace("\n", "\r\n")
    assert toml_edit.with_value(windows, path, value) == FILE.replace(old, new).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("", ("road",), "road = 1\n"),
        ("", ("limits", "files"), "[limits]\nfiles = 1\n"),
        ("a = 1", ("road",), "a = 1\nroad = 1\n"),
        ("a = 1\n", ("limits", "files"), "a = 1\n\n[limits]\nfiles = 1\n"),
        ("# only a comment\n", ("road",), "# only a comment\nroad = 1\n"),
        ("limits = {files = 2}\n", ("limits", "files"), "limits = {files = 1}\n"),
        ('"limits" = { files = 2 } # x\n', ("limits", "seconds"), '"limits" = { files = 2, seconds = 1} # x\n'),
        ("[limits]\n", ("limits", "files"), "[limits]\nfiles = 1\n"),
        ("# of limits\n[limits]\nfiles = 2\n", ("road",), "road = 1\n\n# of limits\n[limits]\nfiles = 2\n"),
        ("limits.files = 2 # few\n", ("limits", "files"), "limits.files = 1 # few\n"),
        ("'road' = 'a # b' # c\n", ("road",), "'road' = 1 # c\n"),
        ('road = """\na\n"""\nx = 2\n', ("road",), "road = 1\nx = 2\n"),
    ],
)
def test_a_key_finds_its_place(before: str, path: tuple[str, ...], after: str) -> None:
    assert toml_edit.with_value(before, path, 1) == after


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        (("road",), 'road = "gh:acme/road"  # ours\n'),
        (("trust",), FILE[FILE.index("trust") : FILE.index("]\n") + 2]),
        (("answers", "port"), "port = 8080\n"),
        (("limits", "seconds"), "seconds = 20\n"),
    ],
)
def test_a_key_is_taken_out_and_nothing_else(path: tuple[str, ...], gone: str) -> None:
    assert toml_edit.without(FILE, path) == FILE.replace(gone, "")
    with pytest.raises(KeyError):
        toml_edit.without(FILE, ("template",))


def test_a_file_of_more_than_paved_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than"):
        toml_edit.with_value("x = 1\n" * 20000, ("limits", "seconds"), 1)


VALUES = st.one_of(st.text(), st.booleans(), st.integers(-(2**60), 2**60), st.lists(st.text(), max_size=3))
KEYS = st.text("ab- é#=\"'.", min_size=1, max_size=4)


@given(st.dictionaries(KEYS, VALUES, max_size=4), KEYS, VALUES)
def test_any_key_and_any_value_are_what_they_were(data: dict[str, Any], key: str, value: Any) -> None:
    text = "".join(
        f"{tomlkit.key(name).as_string()} = {tomlkit.item(one).as_string()} # {name}\n" for name, one in data.items()
    )
    after = toml_edit.with_value(text, (key,), value)
    assert tomllib.loads(after) == {**data, key: value}
    again = toml_edit.without(after, (key,))
    assert tomllib.loads(again) == {name: one for name, one in data.items() if name != key}
