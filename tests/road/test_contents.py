"""Submodules of a road: their files are in their place, as in the clone that Copier makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import RoadError
from paved_road.road import contents
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template, templates
from paved_road.settings import config
from paved_road.testing import evolve, make_road, paved, run
from tests.road.roads import only, opened


def borrow(road: Path, library: Path | str, path: str, tag: str) -> None:
    """A submodule of a road, which git will not fetch from a folder unless it is told to."""
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--", str(library), path)
    git.process.run(*add, cwd=road, role=git.PERSON)
    evolve(road, {}, tag=tag)


@pytest.fixture
def open_transports() -> None:
    git.process.run("config", "--global", "protocol.file.allow", "always")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_road(
        tmp_path / "library",
        {"questions.yml": "owner: {type: str, default: nobody}\n", "copier.yml": "x: 1\n", "shared.txt": "shared\n"},
    )


@pytest.fixture
def road(tmp_path: Path, library: Path) -> Path:
    """A road whose questions and one of whose files lie in a submodule."""
    made = make_road(
        tmp_path / "road",
        {
            "copier.yml": "---\n!include common/questions.yml\n---\nname: x\n",
            "b.txt.jinja": "{{ owner }}\n",
            "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
        },
        tag=None,
    )
    borrow(made, library, "common", "v1.0.0")
    return made


@pytest.mark.usefixtures("open_transports")
@pytest.mark.parametrize("remote", [True, False])
def test_questions_and_files_of_a_submodule_are_as_copier_has_them(road: Path, tmp_path: Path, remote: bool) -> None:
    source = f"file://{road}" if remote else str(road)
    done = paved("new", tmp_path / "ours", "--road", source, "--data", "owner=me", "--json")
    assert done.returncode == 0, done.stderr
    assert done.envelope["notes"] == []
    assert (tmp_path / "ours" / "b.txt").read_text() == "me\n"
    assert (tmp_path / "ours" / "common" / "shared.txt").read_text() == "shared\n"
    words = ("copy", "--quiet", "--defaults", "--data", "owner=me", f"git+{source}" if remote else source, "theirs")
    theirs = run("copier", *words, cwd=tmp_path, env={"COPIER_CACHE_DIR": str(tmp_path / "copiers")})
    assert theirs.returncode == 0, theirs.stderr
    for file in (tmp_path / "theirs").rglob("*"):
        if file.is_file() and file.name != ".copier-answers.yml":
            assert file.read_bytes() == (tmp_path / "ours" / file.relative_to(tmp_path / "theirs")).read_bytes()


@pytest.mark.usefixtures("open_transports")
def test_a_submodule_is_fetched_once_and_only_for_a_commit_that_is_not_there(road: Path, library: Path) -> None:
    url = f"file://{road}"
    assert "common/shared.txt" in release(only(url)).files()
    evolve(library, {"shared.txt": "newer\n"})
    git.process.run("pull", "--quiet", "origin", "main", cwd=road / "common", role=git.PERSON)
    evolve(road, {}, tag="v1.1.0")
    assert release(only(url)).files()["common/shared.txt"].data == b"newer\n"
    shutil.rmtree(library)
    assert release(only(url)).files()["common/shared.txt"].data == b"newer\n"
    assert release(only(url), "1.0.0").files()["common/shared.txt"].data == b"shared\n"


def test_a_submodule_that_is_on_disk_needs_no_fetching(road: Path, library: Path) -> None:
    shutil.rmtree(library)
    assert release(only(road)).files()["common/shared.txt"].data == b"shared\n"
    assert release(only(road), "HEAD").files()["common/shared.txt"].data == b"shared\n"


def test_what_git_does_not_fetch_for_a_repository_is_not_fetched(road: Path) -> None:
    with pytest.raises(RoadError, match="cannot fetch the submodule") as caught:
        release(only(f"file://{road}")).files()
    assert "protocol.file.allow" in caught.value.hint


@pytest.mark.parametrize("url", ["ext::sh -c touch% pwned", "--upload-pack=touch pwned", "fd::17"])
def test_a_submodule_cannot_make_git_run_a_command(road: Path, url: str) -> None:
    git.process.run("config", "--file", ".gitmodules", "submodule.common.url", url, cwd=road)
    evolve(road, {}, tag="v1.1.0")
    with pytest.raises(RoadError, match="no road at"):
        release(only(f"file://{road}")).files()


def test_a_folder_that_no_gitmodules_names_is_empty(road: Path) -> None:
    evolve(road, {"copier.yml": "name: x\n", ".gitmodules": None}, tag="v1.1.0")
    assert not any(path.startswith("common") for path in release(only(f"file://{road}")).files())


@pytest.mark.usefixtures("open_transports")
def test_a_submodule_inside_of_a_submodule_is_followed(tmp_path: Path, library: Path) -> None:
    middle = make_road(tmp_path / "middle", {"m": "1"})
    borrow(middle, library, "inner", "v1.1.0")
    outer = make_road(tmp_path / "outer", {"copier.yml": "x: 1\n"})
    borrow(outer, middle, "outer", "v1.1.0")
    assert "outer/inner/shared.txt" in release(only(f"file://{outer}")).files()


@pytest.mark.usefixtures("open_transports")
@pytest.mark.parametrize("remote", [True, False])
def test_a_template_may_be_a_submodule(tmp_path: Path, library: Path, remote: bool) -> None:
    road = make_road(tmp_path / "several", {"templates/own/copier.yml": "x: 1\n"}, tag=None)
    borrow(road, library, "templates/lib", "v1.0.0")
    found = opened(f"file://{road}" if remote else road)
    assert [template.name for template in templates(found)] == ["lib", "own"]
    assert "shared.txt" in release(find_template(found, "lib")).files()
    evolve(road, {"templates/own/o": "2"})
    found = opened(f"file://{road}" if remote else road)
    assert "shared.txt" in release(find_template(found, "lib"), "main").files()


def test_a_submodule_that_cannot_be_had_is_no_template(tmp_path: Path, library: Path) -> None:
    road = make_road(tmp_path / "several", {"templates/own/copier.yml": "x: 1\n"}, tag=None)
    borrow(road, library, "templates/lib", "v1.0.0")
    assert [template.name for template in templates(opened(f"file://{road}"))] == ["own"]


@pytest.mark.usefixtures("open_transports")
def test_offline_nothing_is_fetched(road: Path) -> None:
    url = f"file://{road}"
    opened(url)
    found = find_template(open_road(config.load_config({"road": url}), refresh=False), None)
    with pytest.raises(RoadError, match="not in the cache"):
        release(found).files()


@pytest.mark.parametrize(
    ("url", "base", "right"),
    [
        ("../lib.git", "https://example.com/acme/road.git", "https://example.com/acme/lib.git"),
        ("../../other/lib", "https://example.com/acme/road/", "https://example.com/other/lib"),
        ("./lib", "ssh://git@example.com:22/acme/road", "ssh://git@example.com:22/acme/road/lib"),
        ("../lib", "git@example.com:acme/road", "git@example.com:acme/lib"),
        ("../lib", "/srv/road", "/srv/lib"),
        ("https://example.com/lib", "/srv/road", "https://example.com/lib"),
        ("../../../../lib", "https://example.com/acme/road", "https://example.com/lib"),
    ],
)
def test_a_relative_url_starts_at_that_of_its_repository(url: str, base: str, right: str) -> None:
    assert contents.absolute(url, base) == right


def test_a_road_that_lacks_a_files_content_says_so(tmp_path: Path) -> None:
    """A template without one of its files would stamp services without it."""
    road = make_road(tmp_path / "road", {"copier.yml": "x: 1\n", "f": "content\n"})
    git.process.run("config", "uploadpack.allowFilter", "true", cwd=road)
    clone = ("clone", "--quiet", "--no-checkout", "--filter=blob:none", "--", f"file://{road}", tmp_path / "partial")
    git.process.run(*clone, role=git.PERSON)
    (tmp_path / "partial" / "copier.yml").write_text("x: 1\n")
    with pytest.raises(RoadError, match="lacks files of"):
        release(only(tmp_path / "partial")).files()
