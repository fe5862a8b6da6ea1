"""What an expression in PromQL asks for: the names of its metrics, its windows, its matchers.

This is a reader of tokens, not a parser: an expression that Prometheus refuses still has names. promtool, where it is
installed, says what is malformed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"#[^\n]*"
    r"|(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`)"
    r"|(?P<variable>\$\{[^}]*\}|\$\w+|\[\[\w+\]\])"
    r"|(?P<number>0x[0-9a-fA-F]+|\d[\w.]*)"
    r"|(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)"
    r"|(?P<mark>[^\s\w])"
)
_WORDS = {"and", "or", "unless", "offset", "bool", "atan2", "start", "end", "inf", "nan", "group_left", "group_right"}
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_AGGREGATIONS = {"sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk"}
_AGGREGATIONS |= {"quantile", "limitk", "limit_ratio"}
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_MATCHER = re.compile(
    r"(?P<name>[\w.]+|\"[^\"]+\")\s*(?P<how>=~|!~|!=|=)\s*(?P<value>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matcher:
    """One condition on a label, as in `job="orders"`."""

    label: str
    how: str
    """`=`, `!=`, `=~` or `!~`."""
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an expression asks for."""

    metrics: frozenset[str]
    windows: frozenset[str]
    """Of its ranges, as they are written: `5m`."""
    matchers: tuple[Matcher, ...]


@lru_cache(maxsize=8192)
def asked(expression: str) -> Asked:
    """The metrics, windows and matchers of an expression."""
    metrics: set[str] = set()
    windows: set[str] = set()
    matchers: list[Matcher] = []
    tokens = [found for found in _TOKEN.finditer(expression) if not found[0].startswith("#")]
    at = 0
    while at < len(tokens):
        text = tokens[at][0]
        following = tokens[at + 1][0] if at + 1 < len(tokens) else ""
        if text in ("{", "["):
            end = _closing(tokens, at, "}" if text == "{" else "]")
            inside = expression[tokens[at].end() : tokens[end - 1].start()]
            if text == "{":
                matchers += _matchers(inside)
            else:
                windows.add(inside.split(":")[0].strip())
            at = end
        elif text.lower() in _GROUPING and following == "(":
            at = _closing(tokens, at + 1, ")")
        else:
            aggregates = text.lower() in _AGGREGATIONS and following.lower() in ("by", "without")
            if tokens[at]["word"] and following != "(" and not aggregates and text.lower() not in _WORDS | _GROUPING:
                metrics.add(text)
            at += 1
    metrics |= {each.value for each in matchers if each.label == "__name__" and each.how == "="}
    return Asked(metrics=frozenset(metrics), windows=frozenset(windows), matchers=tuple(matchers))


def _closing(tokens: list[re.Match[str]], at: int, mark: str) -> int:
    """The position after the mark that closes what begins at a token."""
    opening, depth = tokens[at][0], 0
    for position in range(at, len(tokens)):
        depth += (tokens[position][0] == opening) - (tokens[position][0] == mark)
        if depth == 0:
            return position + 1
    return len(tokens)


def _matchers(inside: str) -> list[Matcher]:
    return [
        Matcher(label=found["name"].strip('"'), how=found["how"], value=found["value"][1:-1])
        for found in _MATCHER.finditer(inside)
    ]


def seconds(duration: str) -> float | None:
    """The seconds of a duration such as `1h30m`; None if it is none, such as `$__rate_interval`."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", duration)
    if duration in ("0", ""):
        return 0.0 if duration else None
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
