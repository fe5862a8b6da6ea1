"""A road with a practice of its own."""

from __future__ import annotations

OWN = "acme-ticket"
"""Its practice: every service says in TICKETS where its tickets go."""

PAGE = """\
---
title: Tickets have a queue
since: 1.0.0
level: silver
check: static
source: ACME, the lost tickets
source_url: https://wiki.acme.example/outages/12
source_date: 2026-11-24
remedy: Write the queue into TICKETS.
---
Nobody read the tickets of a service for a week, because nobody knew that they were its tickets.
"""
CODE = '''\
"""Tickets have a queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from paved_road.check.model import Fault
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles


@static_check("acme-ticket")
def acme_ticket(files: ServiceFiles) -> Iterator[Fault]:
    """The service has a queue."""
    if not files.texts.get("TICKETS", "").strip():
        yield Fault(message="the service has no queue for tickets", path="TICKETS")


def break_it(service: Path) -> None:
    """Nobody wrote the queue."""
    (service / "TICKETS").write_text("")
'''
ROAD: dict[str, str | bytes | None] = {
    "copier.yml": "_subdirectory: template\nname: {type: str, default: '{{ _folder_name }}'}\n",
    "paved-road.yml": "version: 1.0.0\npractices: practices/\nowners: {road: [Dockerfile]}\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/TICKETS.jinja": "{{ name }}-queue\n",
    "template/Dockerfile": "FROM scratch\n",
    f"practices/{OWN}.md": PAGE,
    f"practices/{OWN}.py": CODE,
}
"""A `paved_road.testing.Files`."""
