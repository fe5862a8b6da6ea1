"""Rules of Prometheus over shorter times, so that an alert that watches an hour can be seen in seconds.

The tokens are those of Prometheus' own lexer (promql/parser/lex.go).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from paved_road.check.static.promql import seconds

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
      | (?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![a-zA-Z0-9_]))
      | (?P<number>0[xX][0-9a-fA-F]+|[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.)
      | (?P<name>:?[a-zA-Z_][a-zA-Z0-9_:]*)
      | (?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^()\[\]{},:=<>@])
    """,
    re.VERBOSE,
)

SHORTEST, LONGEST = 1.2, 3.0
"""Seconds that a range may become: several scrapes long, and soon over."""


class PromqlError(ValueError):
    """The text is no PromQL."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token with what it is: space, text, duration, number, name or sign."""

    kind: str
    text: str


def tokens(expression: str) -> list[Token]:
    """Every token, spaces and comments included, so that joined they are the expression. Raises `PromqlError`."""
    found, position = [], 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise PromqlError(f"unexpected {expression[position]!r} at character {position + 1}")
        found.append(Token(str(match.lastgroup), match[0]))
        position = match.end()
    return found


def shortened(expression: str, factor: float) -> str:
    """The expression with each range and offset divided by a factor; other numbers stay. Raises `PromqlError`.

    A range becomes at least `SHORTEST` and at most `LONGEST`, so that no alert takes long to fire or to clear. Rates
    stay as they are, since they are per second: `rate(x[5m]) > 0.5` is as true over two seconds.
    """
    changed, before, in_range = [], "", False
    for token in tokens(expression):
        if token.text in ("[", "]"):
            in_range = token.text == "["
        text = token.text
        if token.kind == "duration" and in_range:
            least = SHORTEST if before == "[" else 0.0
            text = milliseconds(min(LONGEST, max(least, _of(text) / factor)))
        elif token.kind == "duration" and before == "offset":
            text = milliseconds(_of(text) / factor)
        changed.append(text)
        if token.kind != "space" and token.text != "-":
            before = token.text.lower()
    return "".join(changed)


def ranges(expression: str) -> list[float]:
    """The seconds of each range in an expression, without those of its subqueries' steps. Raises `PromqlError`."""
    found = [token for token in tokens(expression) if token.kind != "space"]
    pairs = itertools.pairwise(found)
    return [_of(token.text) for before, token in pairs if before.text == "[" and token.kind == "duration"]


def milliseconds(given: float) -> str:
    """A duration in Prometheus' words, of at least a millisecond."""
    return f"{max(1, round(given * 1000))}ms"


def _of(duration: str) -> float:
    return seconds(duration) or 0.0
