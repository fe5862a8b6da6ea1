"""A fault in a road's own files, as the people see it who stamp, update and adopt from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.testing import Files, evolve, make_road, paved
from tests.renderers import assume_agreement

GOOD: Files = {"copier.yml": "_subdirectory: template\nname: {type: str, default: x}\n", "template/a.txt": "1\n"}

FAULTS: dict[str, tuple[Files, str]] = {
    "an unknown key": (
        {"paved-road.yml": "version: 1.1.0\nonwers: {}\n"},
        "paved-road.yml:2: there is no key 'onwers'",
    ),
    "no version": ({"paved-road.yml": "version: next\n"}, "paved-road.yml:1: version must be a version such as 1.2.0"),
    "several": ({"paved-road.yml": "x: 1\nversion: next\n"}, "line 2: version must be a version"),
    "no YAML": ({"paved-road.yml": "version: 1.1.0\nowners: [\n"}, "paved-road.yml:2: it is not YAML"),
    "a setting of another shape": (
        {"copier.yml": "_subdirectory: template\nname: x\n_exclude: a\n"},
        "copier.yml:3: _exclude must be a list of texts",
    ),
    "a question of another shape": (
        {"copier.yml": "_subdirectory: template\nname:\n  type: str\n  secret: perhaps\n"},
        "copier.yml:4: the question 'name': secret must be true or false",
    ),
    "copier.yml that is no YAML": ({"copier.yml": "name: x\n_exclude: [\n"}, "line 2: did not find expected"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_command_tells_the_fault_with_its_line_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assume_agreement(monkeypatch)
    files, said = FAULTS[name]
    road, service = make_road(tmp_path / "road", GOOD), tmp_path / "service"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    evolve(road, files, tag="v1.1.0")
    old = make_road(tmp_path / "old", {"a.txt": "1\n"}, tag=None)
    for done in (
        paved("new", tmp_path / "other", "--road", road, "--defaults"),
        paved("new", tmp_path / "other", "--road", road, "--defaults", "--dry-run"),
        paved("update", service),
        paved("update", service, "--dry-run"),
        paved("adopt", old, "--road", road, "--defaults"),
    ):
        assert done.returncode == 2, done.stdout
        assert said in done.stderr
        assert not any(word in done.stderr for word in ("Input should", "Extra inputs", "pydantic", "Value error"))
    assert paved("templates", "--road", road).returncode == 0
    assert paved("status", service).returncode == 1
    checked = paved("templates", "--check", "--road", road)
    assert (checked.returncode, said.split(": ")[-1] in checked.stdout) == (1, True), checked.stdout
    assert not (tmp_path / "other").exists()
    assert not (old / ".paved-road.lock").exists()
    assert (service / "a.txt").read_text() == "1\n"


def test_what_copier_takes_is_refused_to_nobody(tmp_path: Path) -> None:
    """Misspelt keys, undefined names and patterns of no file are for the author to hear of."""
    odd: Files = {
        "copier.yml": "_subdirectory: template\n_subdirctory: x\nname: {type: str, default: x, chioces: [y]}\n",
        "paved-road.yml": "owners: {road: [nothing/**]}\n",
        "template/b.txt.jinja": "{{ nmae }}\n",
    }
    road = make_road(tmp_path / "road", {**GOOD, **odd})
    done = paved("new", tmp_path / "service", "--road", road, "--defaults")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(paved("templates", "--check", "--road", road).stdout.splitlines()) == 4


def test_an_author_who_stamps_from_the_disk_is_told_what_to_run(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {**GOOD, "paved-road.yml": "owners: {road: [nothing/**]}\n"})
    said = f"1 possible mistake in the template: paved templates --check --road {road}"
    for words in (("--dry-run",), ()):
        done = paved("new", tmp_path / "service", "--road", road, "--ref", "HEAD", "--defaults", *words)
        assert (done.returncode, said in done.stderr) == (0, True), done.stderr
    assert said not in paved("new", tmp_path / "other", "--road", road, "--defaults").stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"paved-road.yml": "onwers: {}\n"}, "templates/two/paved-road.yml:1: there is no key 'onwers'"),
        ({"copier.yml": "name: x\n_tasks: make\n"}, "templates/two/copier.yml:2: _tasks must be a list"),
    ],
)
def test_in_a_road_of_several_templates_the_file_is_named_with_its_folder(
    tmp_path: Path, files: Files, said: str
) -> None:
    several = {f"templates/{name}/{path}": text for name in ("one", "two") for path, text in GOOD.items()}
    road = make_road(tmp_path / "road", {**several, **{f"templates/two/{path}": text for path, text in files.items()}})
    done = paved("new", "two", tmp_path / "service", "--road", road, "--defaults")
    assert (done.returncode, f"error: {said}" in done.stderr) == (2, True), done.stderr
