"""PromQL, as far as checks need it: which metrics an expression reads, and the same expression over shorter times.

The tokens are those of Prometheus' own lexer (promql/parser/lex.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_LABEL_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = _LABEL_LISTS | {"and", "or", "unless", "atan2", "bool", "offset", "start", "end", "inf", "nan"}


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


def metric_names(expression: str) -> set[str]:
    """The metrics that it reads, recorded ones included. Raises `PromqlError`."""
    return set(_names([token for token in tokens(expression) if token.kind != "space"]))


def _names(found: list[Token]) -> Iterator[str]:
    inside: list[str] = []
    for number, token in enumerate(found):
        before = found[number - 1].text.lower() if number else ""
        after = found[number + 1].text if number + 1 < len(found) else ""
        if token.text in ("(", "{", "["):
            inside.append("labels" if token.text == "(" and before in _LABEL_LISTS else token.text)
        elif token.text in (")", "}", "]"):
            if not inside:
                raise PromqlError(f"unexpected {token.text!r}")
            inside.pop()
        elif token.text == "__name__" and inside[-1:] == ["{"] and after == "=" and number + 2 < len(found):
            yield found[number + 2].text[1:-1]
        elif token.kind == "name" and not {"labels", "{"} & set(inside[-1:]) and token.text.lower() not in _WORDS:
            aggregates = after.lower() in ("by", "without")
            if after != "(" and not aggregates:
                yield token.text
    if inside:
        raise PromqlError("a bracket is not closed")


def compressed(expression: str, factor: float) -> str:
    """The expression with each range and offset divided by a factor; other numbers stay. Raises `PromqlError`.

    A rate over `[5m]` becomes one over 1.5 s with a factor of 200. Its value stays, since it is per second.
    """
    changed, before, in_range = [], "", False
    for token in tokens(expression):
        if token.text in ("[", "]"):
            in_range = token.text == "["
        shrinks = token.kind == "duration" and (in_range or before == "offset")
        changed.append(milliseconds(seconds(token.text) / factor) if shrinks else token.text)
        if token.kind != "space" and token.text != "-":
            before = token.text.lower()
    return "".join(changed)


def seconds(duration: str) -> float:
    """The seconds of a duration such as `1h30m`. Raises `PromqlError`."""
    parts = re.findall(r"([0-9]+)(ms|[smhdwy])", duration.strip())
    if not parts or "".join(map("".join, parts)) != duration.strip():
        raise PromqlError(f"{duration!r} is no duration")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def milliseconds(given: float) -> str:
    """A duration in Prometheus' words, of at least a millisecond."""
    return f"{max(1, round(given * 1000))}ms"
