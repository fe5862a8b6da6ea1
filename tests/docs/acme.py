"""ACME, whose roads the pages speak of: what `gh:acme/...` is on the machine of somebody who follows a page."""

from __future__ import annotations

from pathlib import Path

from paved_road.testing import evolve, make_road

_ANSWERS = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
_QUESTIONS = """\
_subdirectory: template
_templates_suffix: .jinja
name: {type: str, help: Name of the service, default: "{{ _folder_name }}"}
owner: {type: str, help: Team that owns it, default: acme}
"""


def roads(home: Path) -> None:
    """Put them below `home`, and let git find them there instead of at the host.

    gh:acme/road   the templates `service` and `worker`: 2.0.0 and 2.1.0
    gh:acme/docs   one template, 1.0.0, with an answers file of its own
    """
    host = home / ".acme"
    service = {
        "copier.yml": _QUESTIONS,
        "paved-road.yml": "version: 2.0.0\nowners: {road: [Dockerfile]}\n",
        **_template({"README.md.jinja": "# {{ name }}\n", "Dockerfile": "FROM python:3.13\n"}),
    }
    worker = {"copier.yml": _QUESTIONS, **_template({"worker.py.jinja": 'NAME = "{{ name }}"\n'})}
    road = make_road(host / "road.git", _below("service", service) | _below("worker", worker), tag="2.0.0")
    newer = service | _template({"Dockerfile": "FROM python:3.14\n"}) | {"CHANGELOG.md": "## 2.1.0\n\n- Python 3.14\n"}
    evolve(road, _below("service", newer), tag="2.1.0")
    docs = {"copier.yml": _QUESTIONS + "_answers_file: .copier-answers.docs.yml\n"}
    make_road(host / "docs.git", docs | _template({"mkdocs.yml.jinja": "site_name: {{ name }}\n"}), tag="1.0.0")
    with (home / ".gitconfig").open("a") as config:
        config.write(f'[url "file://{host}/"]\n    insteadOf = https://github.com/acme/\n')


def _template(files: dict[str, str]) -> dict[str, str]:
    return {f"template/{path}": content for path, content in (_ANSWERS | files).items()}


def _below(name: str, files: dict[str, str]) -> dict[str, str]:
    return {f"templates/{name}/{path}": content for path, content in files.items()}
