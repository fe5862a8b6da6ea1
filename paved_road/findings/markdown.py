"""Markdown, for a pull request or the summary of a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from paved_road.findings import CheckResult, Finding


def render(result: CheckResult) -> str:
    """What fails, what to review, what is accepted."""
    word = "failed" if result.failures else "passed"
    counts = f"{len(result.failures)} failing, {len(result.warnings)} to review, {len(result.accepted)} excused."
    parts = [
        f"### {result.check.capitalize()}: {cell(result.name)}",
        cell(result.summary) if result.summary else f"The {result.check} check **{word}**: {counts}",
    ]
    for title, problems in (("Fails", result.failures), ("To review", result.warnings)):
        rows = [[one.rule, cell(_place(result, one)), cell(one.text)] for one in problems]
        parts += [_table([title, "where", "what"], rows)] if rows else []
    if result.accepted:
        rows = [
            [
                cell(one.subject),
                f"[{deviation.slug}]({_link(result.prefix + deviation.path)})",
                cell(deviation.reason),
                cell(deviation.owner),
                str(deviation.review_by),
            ]
            for one, deviation in result.accepted
        ]
        parts.append(_table(["Excused", "record", "reason", "owner", "until"], rows))
    return "\n\n".join(parts)


def _place(result: CheckResult, one: Finding) -> str:
    return f"{result.prefix}{one.path}:{one.line}" if one.path else ""


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; `rows` hold escaped text."""
    lines = [f"| {' | '.join(line)} |" for line in (headings, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(headings), *lines[1:]])


def _link(path: str) -> str:
    """A path as a link's target: no address of another kind, and nothing that ends the link."""
    return quote(path, errors="surrogateescape")


def cell(text: str) -> str:
    """Text that stays in its cell and is no markup of its own."""
    return " ".join(text.translate(_ESCAPES).split())


# A backslash makes any punctuation plain (CommonMark); GitHub looks for mentions after that, and for tags before.
_ESCAPES = {ord(one): f"\\{one}" for one in "\\`*_[]|#~$!"} | {ord(one): f"&#{ord(one)};" for one in "&<>@"}
