"""Making text that strangers wrote safe to print.

File names, changelogs, reasons and git's messages come from strangers. On a terminal, an escape sequence in them can
move the cursor, overwrite earlier lines or fill the clipboard; a bidirectional override shows other words than the text
contains; a newline in a name forges a line of ours. In a CI log, a line may be a command to the runner.
"""

from __future__ import annotations

import os
import re

# C0 and C1 controls, the invisible format characters (zero-width, bidirectional, tags), line separators, and lone
# surrogates: they stand for the bytes of a name that is not UTF-8.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""`text` on one line, with every character that a terminal would interpret or hide written as an escape.

    >>> print(visible("a\nb\x1b[31m"))
    a\nb\x1b[31m
    """
    return text if text.isprintable() else _UNSAFE.sub(_escaped, text)


def visible_lines(text: str) -> list[str]:
    """The lines of a text, each made `visible`; tabs stay."""
    return ["\t".join(map(visible, line.split("\t"))) for line in text.split("\n")]


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # Python's stand-in for a byte that is not UTF-8
        code -= 0xDC00
    return _SHORT.get(match[0]) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def in_a_runner() -> bool:
    """Whether a CI server runs commands that it finds in our output: GitHub Actions and Azure Pipelines do.

    GitLab's section markers need an escape character, which `visible` removes.
    """
    return bool(os.environ.get("GITHUB_ACTIONS") or os.environ.get("TF_BUILD"))


# https://github.com/actions/runner, ActionCommand.cs: `::` counts after white space at the start of a line, `##[`
# anywhere in it. https://github.com/microsoft/azure-pipelines-agent, Command.cs: `##vso[` anywhere.
_AT_START = re.compile(r"^(\s*):(?=:)")
_ANYWHERE = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)


def inert(line: str) -> str:
    r"""`line` changed so that a CI server finds no command in it.

    >>> print(inert("::stop-commands::x"))
    \x3a:stop-commands::x
    """
    return _ANYWHERE.sub(r"\\x23", _AT_START.sub(r"\1\\x3a", line))
