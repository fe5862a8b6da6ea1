from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.errors import UnknownRelease, UnknownTemplate
from paved_road.road.releases import offer, release
from paved_road.road.templates import find_template, templates
from paved_road.settings import config
from paved_road.testing import evolve, make_road, paved, write_files
from tests.road.roads import opened


def test_an_unknown_template_names_the_nearest() -> None:
    with pytest.raises(UnknownTemplate) as caught:
        find_template(opened(config.BUILT_IN), "servise")
    assert "service" in caught.value.hint


def test_a_file_beside_the_templates_is_no_template(tmp_path: Path) -> None:
    road = make_road(
        tmp_path / "road", {"templates/README.md": "", "templates/one/copier.yml": "", "templates/two/other.yml": ""}
    )
    assert [template.name for template in templates(opened(road))] == ["one"]


def test_a_road_whose_templates_are_a_file_has_none(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates": "not a folder"})
    assert templates(opened(road)) == []


@pytest.mark.parametrize("folder", ["", "templates/only/"])
def test_a_template_that_the_road_gave_up_has_the_releases_it_had(folder: str, tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {f"{folder}copier.yml": "q: x\n", f"{folder}a": "1\n"}, tag="v1.0.0")
    evolve(road, {f"{folder}a": "2\n"}, tag="v1.1.0")
    evolve(road, {f"{folder}copier.yml": None}, tag="v1.2.0")
    evolve(road, {"README.md": "an application now\n"}, tag="v2.0.0")
    template = find_template(opened(road), None)
    assert release(template).tag == "v1.1.0"
    assert template.notes == ("the road no longer has a template; its last release with one is v1.1.0",)
    with pytest.raises(UnknownRelease):
        release(template, "v2.0.0")


def test_a_service_of_a_road_that_was_given_up_is_up_to_date_and_told_so(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": "q: x\n", "a": "1\n"}, tag="v1.0.0")
    service = tmp_path / "service"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    evolve(road, {"a": "2\n"}, tag="v1.1.0")
    evolve(road, {"copier.yml": None}, tag="v2.0.0")
    said = paved("status", service, "--json")
    assert (said.returncode, said.envelope["result"]["latest"]) == (1, "1.1.0")
    done = paved("update", service, "--defaults", "--commit")
    assert done.returncode == 0
    assert "no longer has a template" in done.stderr
    assert paved("status", service).returncode == 0


def test_a_template_is_offered_with_the_releases_that_hold_it(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates/old/copier.yml": "x: 1\n"})
    evolve(road, {"templates/new/copier.yml": "x: 1\n"}, tag="v1.1.0")
    write_files(road, {"templates/next/copier.yml": "x: 1\n"})
    found = {template.name: offer(template) for template in templates(opened(road))}
    listed = {name: (latest.version, [one.version for one in every]) for name, (latest, every) in found.items()}
    assert listed == {
        "new": ("1.1.0", ["1.1.0"]),
        "next": ("0.0.0+dirty", []),
        "old": ("1.1.0", ["1.1.0", "1.0.0"]),
    }


@pytest.mark.parametrize("tag", ["v1.0.0", None])
def test_a_template_that_is_not_committed_is_no_trouble_to_the_others(tmp_path: Path, tag: str | None) -> None:
    road = make_road(tmp_path / "road", {"templates/old/copier.yml": "x: 1\n"}, tag=tag)
    write_files(road, {"templates/next/copier.yml": "x: 1\n"})
    done = paved("templates", "--road", road)
    assert done.returncode == 0, done.stderr
    assert "next" in done.stdout
    assert "0.0.0+dirty" in done.stdout


@pytest.mark.parametrize("is_git", [True, False])
@pytest.mark.parametrize("files", [{"a.txt": "a\n"}, {"cookiecutter.json": "{}\n"}])
def test_what_is_no_road_is_refused_the_same_way_by_all(files: dict[str, str], is_git: bool, tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", files) if is_git else write_files(tmp_path / "road", files)
    sources = [str(road), *([f"file://{road}"] if is_git else [])]
    for source in sources:
        for words in (("templates",), ("templates", "--json"), ("new", tmp_path / "hi", "--defaults")):
            done = paved(*words, "--road", source)
            assert done.returncode == 2
            assert "is not a road" in done.stdout + done.stderr
            assert ("Cookiecutter" in done.stdout + done.stderr) == ("cookiecutter.json" in files)
            assert "docs/" not in done.stdout + done.stderr
        assert "is not a road" in paved("doctor", "--road", source).stdout


def test_a_hint_with_what_is_available_is_two_sentences(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates/one/copier.yml": "x: 1\n", "templates/two/copier.yml": "x: 1\n"})
    release = paved("new", "one", tmp_path / "hi", "--road", road, "--ref", "77")
    assert f"hint: Available: 1.0.0, main. List them: paved templates --releases --road {road}\n" in release.stderr
    template = paved("new", "zzz", tmp_path / "hi", "--road", road)
    assert f"hint: Available: one, two. List them: paved templates --road {road}\n" in template.stderr
