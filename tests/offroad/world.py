"""A small road, and what a team does to a service of it."""

from __future__ import annotations

import textwrap
from datetime import date

from paved_road.service.model import Service
from paved_road.testing import commit, write_files

TODAY = date(2026, 11, 24)
REASON = "Our registry mirrors only signed images, so the base image of the road cannot be pulled there."
PROSE = "\n# Title\n\n## Context\n\nA.\n\n## Decision\n\nB.\n\n## Consequences\n\nC.\n\n## Way back\n\nD.\n"
_ROAD = {
    "copier.yml": "_subdirectory: template\nowner: {type: str, default: orders-team}\n",
    "paved-road.yml": """\
        version: 1.0.0
        owners:
          road: [Dockerfile, deploy/**, run.sh]
          service: [app.py]
        offroad: {longest: 120d, approval_from: medium}
        """,
    "template/Dockerfile": "FROM python:3.14\n" + "".join(f"RUN step {number}\n" for number in range(30)),
    "template/deploy/base.yaml": "replicas: 2\n",
    "template/deploy/hpa.yaml": "min: 2\n",
    "template/run.sh*": "#!/bin/sh\nexec app\n",
    "template/app.py": "print('hello')\n",
    "template/README.md": "Read me.\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
}
ROAD = {path: textwrap.dedent(text) for path, text in _ROAD.items()}


def change(service: Service, files: dict[str, str | bytes | None], *, message: str = "Change") -> None:
    """Change files and commit them."""
    write_files(service.path, files)
    commit(service.top, message)


def dockerfile(service: Service, **replaced: str) -> str:
    """The road's Dockerfile with lines replaced: `dockerfile(service, **{"RUN step 9": "RUN other"})`."""
    text = (service.path / "Dockerfile").read_text()
    for old, new in replaced.items():
        assert f"{old}\n" in text
        text = text.replace(f"{old}\n", f"{new}\n")
    return text


OWN_IMAGE = {"FROM python:3.14": "FROM registry.acme.example/python:3.14"}


def argue(service: Service, slug: str, reason: str = REASON) -> None:
    """What a person writes into a deviation that was begun for them."""
    path = service.path / "docs" / "off-road" / f"{slug}.md"
    text = path.read_text()
    if "\nreason:\n" in text:
        text = text.replace("\nreason:\n", f"\nreason: {reason}\n")
    path.write_text(text.replace("<!-- ", "").replace(" -->", ""))
