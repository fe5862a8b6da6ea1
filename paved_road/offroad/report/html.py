"""The report as one HTML page, which loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from paved_road.offroad.report import Exit, Place, Report
from paved_road.text.counts import counted

_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1b1f24; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #d0d7de; }
th { font-weight: 600; }
.bar { background: #bf5b04; height: .5rem; }
.expired, .uncovered, .drifted-further { color: #b00020; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6; } th, td { border-color: #3a3f45; } }
"""


def render(report: Report) -> str:
    """Desire paths, each with a bar for its share of services, then the other places, the teams, what was not read."""
    parts = [f"<h1>Off-road report</h1>\n<p>{report.summary}.</p>"]
    if report.desire_paths:
        parts.append("<h2>Desire paths</h2>\n<p>Places that more than one service leaves.</p>")
        parts += [_place(place, report.read) for place in report.desire_paths]
    single = [place for place in report.places if place.services == 1]
    if single:
        rows = ([escape(place.name), *_row(one)] for place in single for one in place.exits)
        parts.append(f"<h2>Left by one service</h2>\n{_table(['place', *_HEADINGS], rows)}")
    if report.teams:
        teams = (
            [escape(team.name), str(team.records), str(team.expired), f"{team.oldest_days} days"]
            for team in report.teams
        )
        parts.append(f"<h2>Teams</h2>\n{_table(['team', 'records', 'expired', 'oldest'], teams)}")
    if report.unread:
        rows = ([escape(name), escape(why)] for name, why in report.unread)
        parts.append(f"<h2>Not read</h2>\n{_table(['service', 'why'], rows)}")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Off-road report</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>"
    )


_HEADINGS = ["service", "status", "why", "risk", "owner", "age", "review by"]


def _place(place: Place, services: int) -> str:
    bar = f'<div class="bar" style="width: {100 * place.services // services}%"></div>'
    heading = f"<h3>{escape(place.name)}: {place.services} of {counted(services, 'service')}</h3>"
    return f"{heading}\n{bar}\n{_table(_HEADINGS, (_row(one) for one in place.exits))}"


def _row(one: Exit) -> list[str]:
    words = [one.status, *one.states]
    status = " ".join(f'<span class="{escape(word)}">{escape(word)}</span>' for word in words)
    why = escape(f"{one.kind}: {one.reason}" if one.reason else one.kind)
    age = f"{one.age_days} days" if one.record else ""
    return [escape(one.service), status, why, escape(one.risk), escape(one.owner), age, escape(one.review_by)]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    lines = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>"
