"""What strangers wrote is shown, and nothing obeys it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paved_road.text.escape import inert, visible, visible_lines

ESC = "\x1b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve 日本 👍 \xa0 \u3000", "naïve 日本 👍 \xa0 \u3000"),
        (f"{ESC}[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        (f"{ESC}]52;c;cm0gLXJm\x07", "\\x1b]52;c;cm0gLXJm\\x07"),
        ("a\rb\bc\td\ne", "a\\rb\\x08c\\td\\ne"),
        ("cod\u202egpj.exe", "cod\\u202egpj.exe"),
        ("pay\u200bpal\ufeff", "pay\\u200bpal\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_obeys_or_hides_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_has_a_character_left_that_is_obeyed_or_hidden(text: str) -> None:
    shown = visible(text)
    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(shown) & set("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_lines_and_tabs_stay_in_a_block_of_text() -> None:
    assert visible_lines(f"-\told\n+\tnew{ESC}[1m\n") == ["-\told", "+\tnew\\x1b[1m", ""]


@pytest.mark.parametrize(
    "line",
    [
        "::set-output name=x::y", "  ::stop-commands::x", " \t::error::x", ":::set-env name=a::b", "###[x]",
        "##[add-mask]x", "said ##[group]x", "##vso[task.setvariable]x", "text ##VSO[build.addtag]x",
    ],
)  # fmt: skip
def test_a_runner_takes_no_command_from_text(line: str) -> None:
    shown = inert(line)
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    assert "##vso[" not in shown.lower()
    assert shown.replace("\\x3a", ":").replace("\\x23", "#") == line


@pytest.mark.parametrize("line", ["a::b", "# Title", "## [1.2] title", "std::vector", "deploy: done"])
def test_other_lines_are_as_they_were(line: str) -> None:
    assert inert(line) == line
