from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from paved_road import config, git
from paved_road.errors import RoadError, UnknownRelease, UnknownTemplate
from paved_road.road import Road, Template, find_template, git_url, open_road, release, releases, templates
from paved_road.testing import evolve, make_road
from paved_road.tree import Mode

ONE = {"copier.yml": "name: x\n"}


def opened(source: str | Path) -> Road:
    return open_road(config.load({"road": str(source)}))


def only(source: str | Path) -> Template:
    return find_template(opened(source), None)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("gh:acme/road", "https://github.com/acme/road.git"),
        ("gl:/acme/road.git", "https://gitlab.com/acme/road.git"),
        ("git+https://example.com/road", "https://example.com/road"),
        ("git@example.com:acme/road", "git@example.com:acme/road"),
        ("ssh://example.com/road", "ssh://example.com/road"),
        ("some/folder", None),
        ("/some/folder", None),
    ],
)
def test_sources_are_written_as_copier_writes_them(source: str, url: str | None) -> None:
    assert git_url(source) == url


def test_the_built_in_road_is_recorded_under_a_name_that_is_no_path() -> None:
    found = opened(config.BUILT_IN)
    assert found.source == "paved:built-in"
    assert found.trusted
    assert [template.name for template in templates(found)] == ["service"]


def test_the_newest_tag_is_the_latest_release_in_versions_not_letters(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", ONE, tag="v1.9.0")
    evolve(road, {"a": "1"}, tag="v1.10.0")
    evolve(road, {"a": "2"}, tag="v2.0.0rc1")
    evolve(road, {"a": "3"}, tag="nightly")
    evolve(road, {"a": "4"})
    assert [found.version for found in releases(only(road))] == ["2.0.0rc1", "1.10.0", "1.9.0"]
    assert release(only(road)).version == "1.10.0"


def test_only_prereleases_are_better_than_nothing(tmp_path: Path) -> None:
    assert release(only(make_road(tmp_path / "road", ONE, tag="v1.0.0a1"))).version == "1.0.0a1"


def test_a_road_of_several_templates_tags_each_by_its_name(tmp_path: Path) -> None:
    road = make_road(
        tmp_path / "road", {"templates/a/copier.yml": "x: 1\n", "templates/b/copier.yaml": "x: 1\n"}, tag="a/v1.0.0"
    )
    evolve(road, {"f": "1"}, tag="b/v3.0.0")
    found = opened(road)
    assert [template.name for template in templates(found)] == ["a", "b"]
    assert release(find_template(found, "a")).version == "1.0.0"
    assert release(find_template(found, "b")).version == "3.0.0"
    with pytest.raises(UnknownTemplate, match="several templates"):
        find_template(found, None)


def test_a_tag_beats_the_stated_version_and_the_stated_one_a_derived_one(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", ONE | {"paved-road.yml": "version: 7.0.0\n"}, tag="v1.0.0")
    assert release(only(road)).version == "1.0.0"
    evolve(road, {"a": "1"})
    assert release(only(road), "main").version == "7.0.0"
    evolve(road, {"paved-road.yml": None, "b": "1"})
    assert release(only(road), "main").version.startswith("1.0.0.post2.dev0+")


def test_without_tags_main_is_the_release_and_old_versions_are_found_in_history(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", ONE | {"paved-road.yml": "version: 1.0.0\n"}, tag=None)
    evolve(road, {"fix": "still 1.0.0"})
    last_of_1 = git.resolve(road, "HEAD")
    evolve(road, {"paved-road.yml": "version: 1.1.0\n"})
    evolve(road, {"more": "1"})
    latest = release(only(road))
    assert (latest.version, latest.commit) == ("1.1.0", git.resolve(road, "HEAD"))
    assert [found.version for found in releases(only(road))] == ["1.1.0", "1.0.0"]
    old = release(only(road), "1.0.0")
    assert old.commit == last_of_1
    assert old.files()["fix"].data == b"still 1.0.0"


@pytest.mark.parametrize("ref", ["1.0.0", "v1.0.0", "main", "HEAD~0"])
def test_a_ref_is_a_version_a_tag_a_branch_or_a_commit(greeter: Path, ref: str) -> None:
    assert release(only(greeter), ref).commit == git.resolve(greeter, "HEAD")


def test_an_unknown_ref_names_the_nearest(greeter: Path) -> None:
    with pytest.raises(UnknownRelease) as caught:
        release(only(greeter), "1.0.1")
    assert "1.0.0" in caught.value.hint


def test_a_ref_cannot_be_an_option_of_git(greeter: Path) -> None:
    with pytest.raises(UnknownRelease):
        release(only(greeter), "--upload-pack=evil")


def test_an_unknown_template_names_the_nearest() -> None:
    with pytest.raises(UnknownTemplate) as caught:
        find_template(opened(config.BUILT_IN), "servise")
    assert "service" in caught.value.hint


def test_a_folder_without_templates_is_not_a_road(tmp_path: Path) -> None:
    with pytest.raises(RoadError, match="is not a road"):
        find_template(opened(tmp_path), None)


def test_the_working_tree_is_a_release_only_when_asked_for(greeter: Path) -> None:
    (greeter / "template" / "new.txt").write_text("uncommitted")
    assert "template/new.txt" not in release(only(greeter)).files()
    dirty = release(only(greeter), "HEAD")
    assert dirty.files()["template/new.txt"].data == b"uncommitted"
    assert dirty.version.endswith("+dirty")
    assert ".git/HEAD" not in dirty.files()


def test_a_plain_folder_is_a_road_without_history(tmp_path: Path) -> None:
    (tmp_path / "copier.yml").write_text("name: x\n")
    found = release(only(tmp_path))
    assert (found.commit, found.version) == (None, "0.0.0")
    assert set(found.files()) == {"copier.yml"}
    with pytest.raises(UnknownRelease):
        release(only(tmp_path), "v1")


def test_modes_are_gits(greeter: Path) -> None:
    assert release(only(greeter)).files()["template/run.sh"].mode is Mode.EXECUTABLE


def test_a_remote_road_is_fetched_once_and_then_kept_fresh(greeter: Path) -> None:
    url = f"file://{greeter}"
    first = opened(url)
    assert first.source == f"git+{url}"
    assert first.location.is_relative_to(config.load().cache_dir)
    evolve(greeter, {"a": "1"}, tag="v1.1.0")
    assert release(only(url)).version == "1.1.0"


def test_a_git_bundle_is_a_road(greeter: Path, tmp_path: Path) -> None:
    git.run("bundle", "create", "--quiet", tmp_path / "road.bundle", "--all", cwd=greeter)
    assert opened(tmp_path / "road.bundle").source == str(tmp_path / "road.bundle")
    assert release(only(tmp_path / "road.bundle")).version == "1.0.0"


def test_an_unreachable_road_is_served_from_the_cache_and_says_so(greeter: Path) -> None:
    url = f"file://{greeter}"
    opened(url)
    shutil.move(greeter, greeter.with_name("gone"))
    found = opened(url)
    assert "gone" not in found.stale
    assert found.stale
    assert release(find_template(found, None)).version == "1.0.0"


def test_an_unreachable_road_without_a_copy_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RoadError, match="cannot fetch"):
        opened(f"file://{tmp_path}/nowhere")
    assert list((config.load().cache_dir / "roads").iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RoadError, match="no road at"):
        opened(tmp_path / "nowhere")


def test_a_road_without_commits(tmp_path: Path) -> None:
    git.run("init", "--quiet", tmp_path)
    with pytest.raises(RoadError):
        find_template(opened(tmp_path), None)


def test_a_file_beside_the_templates_is_no_template(tmp_path: Path) -> None:
    road = make_road(
        tmp_path / "road", {"templates/README.md": "", "templates/one/copier.yml": "", "templates/two/other.yml": ""}
    )
    assert [template.name for template in templates(opened(road))] == ["one"]


def test_a_road_whose_templates_are_a_file_has_none(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates": "not a folder"})
    assert templates(opened(road)) == []
