"""The report as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paved_road.findings.markdown import cell
from paved_road.offroad.report import Exit, Report
from paved_road.text.counts import counted


def render(report: Report) -> str:
    """Desire paths first, then the other places, the teams, and what could not be read."""
    parts = ["# Off-road report", f"{report.summary}."]
    if report.desire_paths:
        parts += ["## Desire paths", "Places that more than one service leaves: what the road should look at next."]
        for place in report.desire_paths:
            parts += [
                f"### {cell(place.name)}: {place.services} of {counted(report.read, 'service')}",
                _table(_HEADINGS, (_row(one) for one in place.exits)),
            ]
    single = [place for place in report.places if place.services == 1]
    if single:
        rows = ([place.name, *_row(one)] for place in single for one in place.exits)
        parts += ["## Left by one service", _table(["place", *_HEADINGS], rows)]
    if report.teams:
        rows = ([team.name, str(team.records), str(team.expired), f"{team.oldest_days} days"] for team in report.teams)
        parts += ["## Teams", _table(["team", "records", "expired", "oldest"], rows)]
    if report.unread:
        parts += ["## Not read", _table(["service", "why"], report.unread)]
    return "\n\n".join(parts)


_HEADINGS = ["service", "status", "why", "risk", "owner", "age", "review by"]


def _row(one: Exit) -> list[str]:
    status = " ".join([one.status, *(f"({state})" for state in one.states)])
    why = f"{one.kind}: {one.reason}" if one.reason else one.kind
    return [one.service, status, why, one.risk, one.owner, f"{one.age_days} days" if one.record else "", one.review_by]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *([cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
