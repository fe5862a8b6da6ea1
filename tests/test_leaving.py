"""Leaving another generator: what the how-to has people type is typed, in order, and each repository arrives."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from paved_road import git
from paved_road.cli import main
from paved_road.testing import evolve, make_road, run, write_files

PAGE = Path(__file__).parent.parent / "docs/how-to/leave-another-generator.md"
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))

COOKIECUTTER: dict[str, str | bytes] = {
    "cookiecutter.json": json.dumps(
        {
            "project_name": "Service",
            "package": "{{ cookiecutter.project_name.lower().replace(' ', '_') }}",
            "license": ["MIT", "none"],
            "typed": True,
            "_copy_without_render": ["*.raw"],
            "__prompts__": {"project_name": "What is it called?"},
            "__shout": "{{ cookiecutter.project_name | upper }}",
        }
    ),
    "hooks/post_gen_project.py": "",
    "{{cookiecutter.package}}/README.md": "# {{ cookiecutter.project_name }}\n\nSee cookiecutter.readme.\n\nRun it.\n",
    "{{cookiecutter.package}}/{{cookiecutter.package}}/__init__.py": 'NAME = "{{cookiecutter.__shout}}"\n',
    "{{cookiecutter.package}}/{% if cookiecutter.typed %}py.typed{% endif %}": "",
    "{{cookiecutter.package}}/ci.yml": 'run: {{ "${{" }} secrets.x {{ "}}" }}{# ours #}\n',
    "{{cookiecutter.package}}/as.raw": "{{ cookiecutter.project_name }}\n",
    "{{cookiecutter.package}}/LICENSE": "{% if cookiecutter.license == 'MIT' %}MIT{% now 'utc', '%Y' %}{% endif %}\n",
    "{{cookiecutter.package}}/logo": b"\x89{{ cookiecutter.package }}\xff",
    "{{cookiecutter.package}}/run.sh*": "#!/bin/sh\n",
    "{{cookiecutter.package}}/plain.txt": "plain\n",
}  # fmt: skip
ANSWERS = {"project_name": "Mail Tool", "package": "mail_tool", "license": "MIT", "typed": True}


@dataclass(frozen=True)
class Typing:
    """Types the console blocks of a section, with this machine's paths for those of the page."""

    section: str
    names: Mapping[str, str]

    def blocks(self) -> list[str]:
        return re.findall(r"^```console\n(.*?)^```", SECTIONS[self.section], re.MULTILINE | re.DOTALL)

    def type(self, block: str, folder: Path) -> str:
        lines = [line.removeprefix("$ ") for line in block.splitlines() if not line.startswith("$ aws ")]
        script = "\n".join(lines)
        for written, here in {"python ../": f"{sys.executable} ../", **self.names}.items():
            script = script.replace(written, here)
        done = run("bash", "-euo", "pipefail", "-c", script, cwd=folder)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout


def titled(section: str, title: str) -> str:
    (found,) = re.findall(
        rf'^```\w+ title="{re.escape(title)}"\n(.*?)^```', SECTIONS[section], re.MULTILINE | re.DOTALL
    )
    return str(found)


def baked(files: Mapping[str, str | bytes], answers: Mapping[str, Any]) -> dict[str, str | bytes]:
    """What Cookiecutter makes of its template."""
    year = run("date", "+%Y", cwd=Path()).stdout.strip()
    given = {"cookiecutter": {**answers, "__shout": answers["project_name"].upper()}}

    def rendered(text: str) -> str:
        text = re.sub(r"\{% now .*? %\}", year, text)
        return Environment(keep_trailing_newline=True, autoescape=False).from_string(text).render(given)

    made: dict[str, str | bytes] = {}
    for path, content in files.items():
        root, _, inside = path.partition("/")
        if "cookiecutter" in root and inside:
            as_it_is = isinstance(content, bytes) or path.endswith(".raw")
            made[rendered(inside)] = content if as_it_is else rendered(str(content))
    return made


@pytest.fixture
def template(tmp_path: Path) -> dict[str, str]:
    """A Cookiecutter template that went on since repositories were made from it, ported as the page says."""
    (script,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "port.py").write_text(script)
    old = make_road(tmp_path / "cookiecutter-service", COOKIECUTTER, tag="v7.0.0")
    made_from = git.process.text("rev-parse", "HEAD", cwd=old)
    readme = "{{cookiecutter.package}}/README.md"
    evolve(old, {readme: str(COOKIECUTTER[readme]) + "\nAsk the platform.\n"}, tag="v8.0.0")
    names = {"https://git.example.com/acme/cookiecutter-service": str(old), "0a1b2c3": made_from}
    typing = Typing("From Cookiecutter or Cruft: the template", names)
    typing.type("\n".join(typing.blocks()), tmp_path)
    return {"gh:acme/road": str(tmp_path / "road"), "$ cd mail\n": "", "cd mail\n": ""}


def repository(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A repository that another generator made, and its team's edit."""
    make_road(folder, files, tag=None)
    readme = (folder / "README.md").read_text()
    return evolve(folder, {"README.md": readme.replace("\n\n", "\n\nOurs.\n\n", 1)})


def test_a_repository_of_cruft_is_asked_nothing_and_gets_the_next_release(
    template: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"template": "x", "commit": "0a1b2c3", "context": {"cookiecutter": {**ANSWERS, "_template": "x"}}}
    mail = repository(tmp_path / "mail", {**baked(COOKIECUTTER, ANSWERS), ".cruft.json": json.dumps(record)})
    typing = Typing("From Cruft: each repository", template)
    (block,) = typing.blocks()
    said = typing.type(block, mail)
    assert "edited   README.md" in said
    assert re.search(r"8 files match the release, 1 edited$", said, re.MULTILINE), said
    readme = (mail / "README.md").read_text()
    assert ("Ours.\n" in readme, "See cookiecutter.readme.\n" in readme, "Ask the platform.\n" in readme) == (True,) * 3
    assert git.process.text("status", "--porcelain", cwd=mail) == ""
    assert main(["status", str(mail)]) == 0
    assert "1.1.0" in capsys.readouterr().out


def test_a_repository_of_cookiecutter_needs_the_answers_that_are_no_defaults(
    template: dict[str, str], tmp_path: Path
) -> None:
    mail = repository(tmp_path / "mail", baked(COOKIECUTTER, ANSWERS))
    typing = Typing("From Cookiecutter: each repository", {**template, "mail tool": "Mail Tool"})
    (block,) = typing.blocks()
    said = typing.type(block, mail)
    assert said.count("1 edited") == 2, said
    assert (mail / ".paved-road.lock").is_file()


@pytest.mark.parametrize("content", ["", "[]", '{"context": 1}', '{"context": {"cookiecutter": []}}', "[" * 100_000])
def test_a_record_of_cruft_that_is_none_is_no_reason_to_stop(
    greeter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    hi = make_road(tmp_path / "hi", {"hello.txt": "Hello, world!\n", ".cruft.json": content})
    assert main(["adopt", str(hi), "--road", str(greeter), "--defaults"]) == 0, capsys.readouterr().err
    assert "name: world\n" in (hi / ".copier-answers.yml").read_text()


def test_a_copy_of_use_this_template_keeps_what_was_replaced_by_hand(tmp_path: Path) -> None:
    section = 'From "Use this template"'
    files = {"README.md": "# service-template\n\nRun it.\n", "Makefile": "run:\n", "app.py": "1\n"}
    road = make_road(tmp_path / "service-template", files, tag=None)
    mail = repository(tmp_path / "mail", {**files, "README.md": "# mail\n\nRun it.\n"})
    three = ("copier.yml", "paved-road.yml", "{{ _copier_conf.answers_file }}.jinja")
    evolve(road, {name: titled(section, name) for name in three}, tag="v1.0.0")
    typing = Typing(section, {"gh:acme/service-template": str(road)})
    assert "edited   README.md" in typing.type("\n".join(typing.blocks()), mail)
    evolve(road, {"README.md": "# service-template\n\nRun it.\n\nAsk the platform.\n"}, tag="v1.1.0")
    assert main(["update", str(mail), "--commit"]) == 0
    assert (mail / "README.md").read_text() == "# mail\n\nOurs.\n\nRun it.\n\nAsk the platform.\n"
    assert not (mail / "copier.yml").exists()


def test_what_proton_deployed_is_what_the_road_renders(tmp_path: Path) -> None:
    section = "From AWS Proton"
    bundle = (
        "Name: {{service_instance.name}}\nService: {{service.name}}\nVpc: '{{environment.outputs.VPC}}'\n"
        "{% if service_instance.inputs.task_size == 'small' %}\nPort: {{service_instance.inputs.port}}\n{% endif %}\n"
    )
    files = {
        "copier.yml": titled(section, "copier.yml"),
        "template/infrastructure/cloudformation.yaml.jinja": bundle,
        "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml -}}\n",
    }
    road = make_road(tmp_path / "road", files)
    deployed = "Name: mail-prod\nService: mail\nVpc: 'vpc-0a1b'\n\nPort: 8080\n\n"
    mail = make_road(tmp_path / "mail", {"app.py": "1\n"}, tag=None)
    write_files(
        mail, {"infrastructure/cloudformation.yaml": deployed, "mail-prod.yml": titled(section, "mail-prod.yml")}
    )
    typing = Typing(section, {"gh:acme/road": str(road)})
    assert "1 file matches the release" in typing.type("\n".join(typing.blocks()), mail)
    recorded = (mail / ".copier-answers.yml").read_text()
    assert "service_instance" not in recorded
    assert "VPC: vpc-0a1b" in recorded
