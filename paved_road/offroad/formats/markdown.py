"""Markdown for a pull request or a job's summary."""

from __future__ import annotations

from urllib.parse import quote

from paved_road.offroad.formats import Checked


def render(checked: Checked) -> str:
    """What fails, what needs a look, what is excused."""
    standing = checked.standing
    failing = [one for one in standing.findings if checked.fails(one)]
    warnings = [one for one in standing.findings if not checked.fails(one)]
    parts = [f"### Off-road: {cell(checked.name)}", _verdict(len(failing), len(warnings), len(standing.excused))]
    for title, findings in (("Fails", failing), ("To review", warnings)):
        if findings:
            rows = [
                f"| {one.state} | {cell(f'{checked.prefix}{one.path}:{one.line}')} | {cell(one.text)} |"
                for one in findings
            ]
            parts.append("\n".join([f"| {title} | where | what |", "|---|---|---|", *rows]))
    if standing.excused:
        rows = [
            f"| {cell(one.difference.path)} | [{one.record.id}]({_link(checked.prefix + one.record.path)}) "
            f"| {cell(one.record.deviation.reason)} | {cell(one.record.deviation.owner)} "
            f"| {one.record.deviation.review_by} |"
            for one in standing.excused
        ]
        parts.append("\n".join(["| Excused | record | reason | owner | until |", "|---|---|---|---|---|", *rows]))
    return "\n\n".join(parts)


def _link(path: str) -> str:
    """A path as a link's target: no address of another kind, and nothing that ends the link."""
    return quote(path, errors="surrogateescape")


def _verdict(failing: int, warnings: int, excused: int) -> str:
    word = "failed" if failing else "passed"
    return f"The off-road check **{word}**: {failing} failing, {warnings} to review, {excused} excused."


def cell(text: str) -> str:
    """Text that stays in its cell and is no markup of its own."""
    return " ".join(text.translate(_ESCAPES).split())


# A backslash makes any punctuation plain (CommonMark); GitHub looks for mentions after that, and for tags before.
_ESCAPES = {ord(one): f"\\{one}" for one in "\\`*_[]|#~$!"} | {ord(one): f"&#{ord(one)};" for one in "&<>@"}
