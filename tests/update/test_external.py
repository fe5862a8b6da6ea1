"""Files of the service that a template reads as data (`_external_data`): seen whoever renders, and only inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road.testing import Evolution, evolve, paved

Begin = Callable[..., Evolution]

QUESTIONS = "_external_data: {%s}\nq: \"{{ _external_data.team.name | default('nobody') }}\"\n"
FILES = {"a.txt.jinja": "{{ _external_data.team.name | default('nobody') }} {{ q }}\n", "b.txt": "1\n"}
LOOP = {"{% yield i from [1] %}{{ i }}{% endyield %}": "x\n"}
"""What only Copier renders."""


@pytest.mark.parametrize("more", [{}, LOOP], ids=["ours", "copier"])
@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("team.yml", "name: red\n"),
        ("deep/er/team.yml", "# ours\nname: red\n"),
        ("team.yml", "\ufeffname: red\n"),
        ("{{ 'team' }}.yml", "%YAML 1.1\n---\nname: red\n"),
    ],
)
def test_they_are_seen_at_an_update(tmp_path: Path, path: str, content: str, more: dict[str, str]) -> None:
    evolution = Evolution(tmp_path, {**FILES, **more}, questions=QUESTIONS % f'team: "{path}"')
    assert (evolution.service / "a.txt").read_text() == "nobody nobody\n"
    own = path.replace("{{ 'team' }}", "team")
    evolution.edit({own: content})
    evolution.release({"b.txt": "2\n"})
    done = evolution.update("--data", "q=asked")
    assert (done.code, done.files["a.txt"]) == (0, "red asked\n")
    assert own not in done.outcomes
    assert done.files[own] == content


@pytest.mark.parametrize("more", [{}, LOOP], ids=["ours", "copier"])
def test_one_that_the_template_renders_itself_is_the_templates(tmp_path: Path, more: dict[str, str]) -> None:
    questions = QUESTIONS % "team: team.yml"
    evolution = Evolution(tmp_path, {**FILES, "team.yml": "name: red\n", **more}, questions=questions)
    assert (evolution.service / "team.yml").read_text() == "name: red\n"
    evolution.release({"b.txt": "2\n"})
    done = evolution.update("--data", "q=asked")
    assert (done.code, done.files["a.txt"], done.files["team.yml"]) == (0, "red asked\n", "name: red\n")


@pytest.mark.parametrize("kind", ["link", "path", "absolute"])
def test_one_outside_needs_trust(begin: Begin, kind: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yml"
    outside.write_text("name: hunter2\n")
    path = {"link": "team.yml", "path": "../outside.yml", "absolute": str(outside)}[kind]
    evolution = begin({"b.txt": "1\n"}, questions="q: x\n")
    if kind == "link":
        (evolution.service / "team.yml").symlink_to(outside)
        evolution.edit({})
    evolve(evolution.road, {"copier.yml": f"_subdirectory: template\n{QUESTIONS % f'team: {path}'}"})
    evolution.release(FILES)
    done = paved("update", evolution.service, "--data", "q=asked")
    assert (done.returncode, "outside the service" in done.stderr) == (2, True)
    assert "hunter2" not in done.stdout + done.stderr
    done = paved("update", evolution.service, "--data", "q=asked", "--trust")
    assert (done.returncode, (evolution.service / "a.txt").read_text()) == (0, "hunter2 asked\n")


@pytest.mark.parametrize("content", ["name: [", "a: &a [*a]", "2024-99-99"])
def test_one_that_is_no_yaml_is_named(begin: Begin, content: str) -> None:
    evolution = begin(FILES, questions=QUESTIONS % "team: team.yml")
    evolution.edit({"team.yml": content})
    evolution.release({"b.txt": "2\n"})
    done = paved("update", evolution.service)
    assert (done.returncode, "the service's team.yml is not YAML" in done.stderr) == (2, True)
