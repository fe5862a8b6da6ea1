from __future__ import annotations

from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import UnknownRelease, UnknownTemplate
from paved_road.git.entries import Mode
from paved_road.road.releases import goes_back, is_news, release, releases
from paved_road.road.templates import find_template, templates
from paved_road.testing import evolve, make_road, write_files
from tests.road.roads import ONE, only, opened


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


def test_the_working_tree_is_a_release_only_when_asked_for(greeter: Path) -> None:
    (greeter / "template" / "new.txt").write_text("uncommitted")
    assert "template/new.txt" not in release(only(greeter)).files()
    dirty = release(only(greeter), "HEAD")
    assert dirty.files()["template/new.txt"].data == b"uncommitted"
    assert dirty.version.endswith("+dirty")
    assert ".git/HEAD" not in dirty.files()


def test_modes_are_gits(greeter: Path) -> None:
    assert release(only(greeter)).files()["template/run.sh"].mode is Mode.EXECUTABLE


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("1.0.0", "v1.0.0"), ("v1.0.0", "1.0.0"), ("v1.0", "v1"), ("v1", "v1.0")])
def test_of_two_tags_of_one_version_the_exact_name_wins(tmp_path: Path, names: tuple[str, str]) -> None:
    road = make_road(tmp_path / "road", ONE, tag=names[0])
    evolve(road, {"a": "2"}, tag=names[1])
    for name in names:
        found = release(only(road), name)
        assert (found.tag, found.commit) == (name, git.resolve(road, name))


def test_the_exact_name_wins_on_a_road_of_several_templates(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates/a/copier.yml": "", "templates/b/copier.yml": ""}, tag="a/1.0.0")
    evolve(road, {"templates/a/f": "2"}, tag="a/v1.0.0")
    template = find_template(opened(road), "a")
    for name in ("a/1.0.0", "a/v1.0.0"):
        assert release(template, name).commit == git.resolve(road, name)
        assert release(template, name.removeprefix("a/")).tag == name


@pytest.mark.parametrize("annotated", [True, False])
def test_a_tag_that_is_no_version_is_not_what_a_version_is_counted_from(tmp_path: Path, annotated: bool) -> None:
    road = make_road(tmp_path / "road", ONE, tag="v1.0.0")
    evolve(road, {"a": "1"})
    git.process.run("tag", *(("-a", "-m", "x") if annotated else ()), "nightly", cwd=road)
    assert release(only(road), "nightly").version.startswith("1.0.0.post1.dev0+")
    evolve(road, {"a": "2"})
    assert release(only(road), "main").version.startswith("1.0.0.post2.dev0+")


def test_the_version_of_a_commit_is_counted_from_its_own_templates_tags(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates/a/copier.yml": "", "templates/b/copier.yml": ""}, tag="a/v1.0.0")
    evolve(road, {"templates/b/f": "2"}, tag="b/v7.0.0")
    evolve(road, {"templates/a/f": "2"})
    assert release(find_template(opened(road), "a"), "main").version.startswith("1.0.0.post2.dev0+")


def test_tags_of_tags_and_tags_of_files_are_no_trouble(greeter: Path) -> None:
    evolve(greeter, {"a": "1"})
    git.process.run("tag", "-a", "-m", "x", "inner", cwd=greeter)
    git.process.run("tag", "-a", "-m", "x", "v1.1.0", "inner", cwd=greeter)
    git.process.run("tag", "v9.9.9", "HEAD:a", cwd=greeter)
    assert [one.version for one in releases(only(greeter))] == ["1.1.0", "1.0.0"]
    assert release(only(greeter)).commit == git.resolve(greeter, "HEAD")


# -- only what was reviewed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("remote", [True, False])
def test_a_proposal_is_no_release(greeter: Path, remote: bool) -> None:
    git.process.run("checkout", "--quiet", "--detach", cwd=greeter)
    evolve(greeter, {"template/evil": "1"})
    proposed = git.process.text("rev-parse", "HEAD", cwd=greeter)
    git.process.run("update-ref", "refs/pull/1/head", proposed, cwd=greeter)
    git.process.run("checkout", "--quiet", "main", cwd=greeter)
    road = opened(f"file://{greeter}" if remote else greeter)
    if remote:  # as a copy is that an older paved made of every ref
        git.process.run("--git-dir", road.location, "fetch", "--quiet", "origin", "+refs/*:refs/*", role=git.PERSON)
    for ref in ("refs/pull/1/head", "pull/1/head", proposed, proposed[:10]):
        with pytest.raises(UnknownRelease, match="is no release") as caught:
            release(find_template(road, None), ref)
        assert "no branch or tag" in caught.value.cause


def test_a_commit_between_releases_and_one_of_a_branch_are_releases(greeter: Path) -> None:
    evolve(greeter, {"a": "1"})
    between = git.process.text("rev-parse", "HEAD", cwd=greeter)
    evolve(greeter, {"a": "2"}, tag="v1.1.0")
    git.process.run("branch", "next", cwd=greeter)
    for ref in (between, "next", "next~1"):
        assert release(only(f"file://{greeter}"), ref).commit == git.resolve(greeter, ref)


# -- what comes after what -----------------------------------------------------------------------------------------


def test_a_service_is_never_taken_back_to_a_commit_before_its_own(greeter: Path) -> None:
    first = git.process.text("rev-parse", "HEAD", cwd=greeter)
    evolve(greeter, {"a": "1"}, tag="nightly")
    template = only(greeter)
    nightly, latest = release(template, "nightly"), release(template)
    assert goes_back(latest, nightly.version, nightly.commit)
    assert goes_back(latest, "0.0.0.post2.dev0+as-older-paved-called-it", nightly.commit)
    assert not goes_back(nightly, "1.0.0", first)
    evolve(greeter, {"a": "2"}, tag="v1.1.0")
    assert not goes_back(release(only(greeter)), nightly.version, nightly.commit)


def test_two_tagged_versions_are_ordered_by_their_numbers(greeter: Path) -> None:
    git.process.run("checkout", "--quiet", "-b", "maintenance", cwd=greeter)
    evolve(greeter, {"a": "1"}, tag="v1.0.1")
    git.process.run("checkout", "--quiet", "main", cwd=greeter)
    evolve(greeter, {"b": "1"}, tag="v2.0.0")
    template = only(greeter)
    old, new = release(template, "1.0.1"), release(template)
    assert not goes_back(new, old.version, old.commit)
    assert goes_back(old, new.version, new.commit)


def test_a_tag_that_was_moved_on_is_gone_after_and_one_moved_back_is_not(greeter: Path) -> None:
    first = git.process.text("rev-parse", "HEAD", cwd=greeter)
    evolve(greeter, {"a": "1"})
    second = git.process.text("rev-parse", "HEAD", cwd=greeter)
    assert goes_back(release(only(greeter)), "1.0.0", second)
    git.process.run("tag", "-f", "v1.0.0", second, cwd=greeter)
    assert not goes_back(release(only(greeter)), "1.0.0", first)


def test_a_main_branch_that_was_rewritten_is_what_the_road_is_now(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", ONE, tag=None)
    evolve(road, {"a": "1"})
    service = release(only(road))
    git.process.run("update-ref", "-d", "HEAD", cwd=road)
    evolve(road, {"a": "2"})
    assert not goes_back(release(only(road)), service.version, service.commit)


# -- a road that changed what it offers ----------------------------------------------------------------------------


def test_a_release_is_read_from_its_own_tree_when_the_main_branch_has_no_template_any_more(greeter: Path) -> None:
    git.process.run("rm", "--quiet", "copier.yml", cwd=greeter)
    evolve(greeter, {"README": "moved away\n"})
    assert [template.name for template in templates(opened(greeter))] == ["greeter"]
    assert "copier.yml" in release(only(greeter)).files()
    assert "copier.yml" in release(find_template(opened(greeter), None, "1.0.0"), "1.0.0").files()


def test_a_template_is_found_under_the_name_it_had_in_a_release(tmp_path: Path) -> None:
    road = make_road(
        tmp_path / "road", {"templates/a/copier.yml": "", "templates/b/copier.yml": "", "templates/a/f": "1"}
    )
    git.process.run("mv", "templates/a", "templates/c", cwd=road)
    evolve(road, {}, tag="v1.1.0")
    assert [template.name for template in templates(opened(road))] == ["b", "c"]
    for ref in ("v1.0.0", "1.0.0", "HEAD~1"):
        assert "f" in release(find_template(opened(road), "a", ref), ref).files()


def test_a_road_that_became_one_of_several_templates_has_its_old_releases(greeter: Path) -> None:
    git.process.run("rm", "-r", "--quiet", ".", cwd=greeter)
    evolve(greeter, {"templates/a/copier.yml": "x: 1\n", "templates/b/copier.yml": "x: 1\n"}, tag="v2.0.0")
    old = find_template(opened(greeter), None, "1.0.0")
    assert (old.name, old.folder) == ("greeter", "")
    assert "template/run.sh" in release(old, "1.0.0").files()


def test_a_release_that_does_not_have_the_template_says_so(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates/a/copier.yml": "", "templates/b/copier.yml": ""})
    git.process.run("rm", "-r", "--quiet", "templates/b", cwd=road)
    evolve(road, {}, tag="v2.0.0")
    template = find_template(opened(road), "b", "1.0.0")
    with pytest.raises(UnknownRelease, match=r"b is not in 2\.0\.0"):
        release(template).files()


def test_a_work_tree_has_the_version_of_its_commit(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", ONE, tag="v2")
    git.process.run("tag", "v2.0.0", cwd=road)
    clean = release(only(road), "HEAD")
    assert (clean.version, clean.described) == ("2.0.0", "v2.0.0")
    write_files(road, {"a.txt": "uncommitted\n"})
    dirty = release(only(road), "HEAD")
    assert dirty.version == "2.0.0+dirty"
    assert is_news(clean, dirty.version, dirty.commit)
    evolve(road, {"a.txt": "2\n"})
    commit = git.process.text("rev-parse", "HEAD", cwd=road)
    between = release(only(road), "HEAD")
    assert between.version == f"2.0.0.post1.dev0+{commit[:7]}"
    assert between.version == release(only(road), commit).version
    write_files(road, {"a.txt": "uncommitted\n"})
    changed = release(only(road), "HEAD")
    assert changed.version == f"{between.version}.dirty"
    assert is_news(between, changed.version, changed.commit)
    assert not goes_back(changed, clean.version, clean.commit)
