"""What an expression in PromQL asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    """Everything that it selects. Raises ValueError when it is no PromQL."""
    return list(_selectors(promql_parser.parse(expression)))


def names(expression: str) -> set[str]:
    """The metrics that it needs."""
    return {str(selector.name) for selector in selectors(expression)}


def _selectors(node: Any) -> Iterator[promql_parser.VectorSelector]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for field in ("lhs", "rhs", "expr", "param", "vector_selector", "args"):
        inner = getattr(node, field, [])
        for each in inner if isinstance(inner, list) else [inner]:
            yield from _selectors(each)
