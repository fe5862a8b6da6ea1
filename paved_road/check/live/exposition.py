"""Metrics in Prometheus' text format or OpenMetrics, read as strictly as Prometheus reads them.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics specification 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = ("counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset", "gaugehistogram")
SUFFIXES = ("_total", "_bucket", "_count", "_sum", "_created", "_info", "_max")

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(
    rf'({_NAME}|(?={{"))(?:{{((?:"(?:[^"\\\n]|\\.)*"|[^"}}])*)}})?[ \t]+(\S+)(?:[ \t]+(-?[0-9.]+(?:e[+-]?\d+)?))?[ \t]*'
    r"(?:[ \t]*#[ \t].*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*|"(?:[^"\\\n]|\\.)*")\s*=\s*"((?:[^"\\\n]|\\["\\n])*)"\s*(?:,|$)')
_TYPE = re.compile(r"#\s*TYPE\s+(\S+)\s+(\S+)\s*")

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]
"""A metric's name and its labels, sorted."""


class MalformedMetrics(ValueError):
    """Prometheus would refuse these metrics; the text names the line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposition:
    """What one scrape found."""

    values: Mapping[Series, float] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The declared type of each family."""

    @property
    def names(self) -> set[str]:
        """Every name that a query can select, those of declared families without a sample included."""
        found = {name for name, _ in self.values}
        for family, kind in self.kinds.items():
            found.add(family)
            if kind == "counter":
                found.add(f"{family.removesuffix('_total')}_total")
            if kind in ("histogram", "summary"):
                found |= {f"{family}_count", f"{family}_sum", *([f"{family}_bucket"] if kind == "histogram" else [])}
        return found

    def kind(self, name: str) -> str:
        """The type of a sample's family, by its name; `untyped` if none is declared."""
        for family in (name, *(name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix))):
            if family in self.kinds:
                return self.kinds[family]
        return "untyped"

    def since(self, before: Exposition) -> dict[Series, float]:
        """How far each series has moved; those that did not are left out, new ones began at 0."""
        moved = {series: value - before.values.get(series, 0.0) for series, value in self.values.items()}
        return {series: step for series, step in moved.items() if step and step == step}  # noqa: PLR0124 (no NaN)


def parsed(text: str) -> Exposition:
    """Read a scrape. Raises `MalformedMetrics` if Prometheus would not."""
    values: dict[Series, float] = {}
    kinds: dict[str, str] = {}
    if text and not text.endswith("\n"):
        raise MalformedMetrics("the last line has no line feed")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if line.startswith("#"):
            _declare(kinds, line, number)
            continue
        series, value = _sample(line, number)
        if series in values:
            raise MalformedMetrics(f"line {number}: the series {line[:100]} is there twice")
        values[series] = value
    return Exposition(values=values, kinds=kinds)


def _declare(kinds: dict[str, str], line: str, number: int) -> None:
    match = _TYPE.fullmatch(line)
    if match is None:
        return
    name, kind = match[1].strip('"'), match[2]
    if kind not in KINDS:
        raise MalformedMetrics(f"line {number}: {kind} is no type of metric")
    if name in kinds:
        raise MalformedMetrics(f"line {number}: the type of {name} is there twice")
    kinds[name] = kind


def _sample(line: str, number: int) -> tuple[Series, float]:
    match = _SAMPLE.fullmatch(line)
    if match is None:
        raise MalformedMetrics(f"line {number}: {line[:100]!r} is no sample")
    labels: dict[str, str] = {}
    position, text = 0, (match[2] or "").strip()
    while position < len(text):
        label = _LABEL.match(text, position)
        if label is None:
            raise MalformedMetrics(f"line {number}: the labels {text[:100]!r} are malformed")
        if label[1] in labels:
            raise MalformedMetrics(f"line {number}: the label {label[1]} is there twice")
        labels[label[1]] = label[2]
        position = label.end()
    try:
        value = float(match[3])
    except ValueError:
        raise MalformedMetrics(f"line {number}: {match[3][:40]!r} is no number") from None
    return (match[1], tuple(sorted(labels.items()))), value
