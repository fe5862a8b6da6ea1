"""The files of a new practice. They say what to write, and are refused until it is written."""

from __future__ import annotations

from datetime import date

from paved_road.practices.model import CheckKind, Level
from paved_road.practices.reading import TODO


def page(slug: str, *, kind: CheckKind, level: Level, since: str, source_url: str, today: date) -> str:
    """The practice's Markdown file."""
    what = {
        CheckKind.STATIC: "which files the check reads, and what it finds wrong in them",
        CheckKind.LIVE: "what the check does to the running service, and what it expects",
        CheckKind.ATTESTED: "what the team has to state, and what shows it",
    }[kind]
    return f"""\
---
title: {slug.replace("-", " ").capitalize()}
since: {since}
level: {level}
check: {kind}
source: {TODO} name the incident, and whose it was
source_url: {source_url}
source_date: {today}
remedy: {TODO} what to do when the check fails, in one line
---
{TODO} what happened, and why every service should be safe from it.

{TODO} {what}. Then what it does not see.
"""


def code(slug: str, kind: CheckKind) -> str:
    """The practice's Python file; "" for an attested practice, which needs none."""
    if kind is CheckKind.ATTESTED:
        return ""
    text = _STATIC if kind is CheckKind.STATIC else _LIVE
    name = slug.replace("-", "_")
    return text.replace("SLUG", slug).replace("NAME", name if not name[0].isdigit() else f"practice_{name}") + _BREAK


_STATIC = '''\
"""The check of SLUG: SLUG.md says why. `paved practice verify SLUG` proves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from paved_road.check.model import Fault
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles


@static_check("SLUG")
def NAME(files: ServiceFiles) -> Iterator[Fault]:
    """Yield a fault for each thing that is wrong. Raise `NotApplicable` where the practice says nothing."""
    raise NotImplementedError("write the check: yield a Fault for each thing that is wrong")
    # for path in files.needed("*Dockerfile", what="Dockerfile"):
    #     if ":latest" in files.texts[path]:
    #         yield Fault(message="the image is not pinned", path=path, line=files.line(path, ":latest"))
'''

_LIVE = '''\
"""The check of SLUG: SLUG.md says why. `paved practice verify SLUG` proves it."""

from __future__ import annotations

from pathlib import Path

from paved_road.check.live.lab import Lab
from paved_road.check.registry import live_check


@live_check("SLUG")
async def NAME(lab: Lab) -> None:
    """Hurt the service, and tell the lab what you expect of it and what you see."""
    raise NotImplementedError("write the check: start the service, hurt it, and call lab.expect")
    # async with lab.service() as service:
    #     answer = await service.ask(lab.sample)
    #     lab.expect(answer.status == 200, did=str(lab.sample), observed=str(answer), expected="an answer of 200")
'''

_BREAK = '''

def break_it(service: Path) -> None:
    """Seed the fault that the check must catch in a freshly stamped service."""
    raise NotImplementedError("write break_it: change a file of the service so that it has the fault")
    # path = service / "Dockerfile"
    # path.write_text(path.read_text() + "FROM python:latest\\\\n")
'''
