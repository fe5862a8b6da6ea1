"""The merge base: what the service's repository can vouch for, and what becomes of the files that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.service.model import open_service
from paved_road.testing import Evolution, evolve, make_road, paved, run, write_files
from tests.renderers import assume_agreement

Begin = Callable[..., Evolution]

RANDOM = "made {{ range(90000) | random }} {{ range(90000) | random }}\n"
"""A file that is another one at every rendering, as one with a date in it is."""

ANSWERS = {"template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}


# -- files that git ignores --------------------------------------------------------------------------------------------


@pytest.fixture
def with_env(begin: Begin) -> Evolution:
    """A service whose template stamps a file that it ignores, and one that is never the same."""
    files = {
        ".gitignore.jinja": "*.env\n/build/\n",
        "dev.env": "A=1\n",
        "build/x": "x\n",
        "L.jinja": RANDOM,
        "a.txt": "1\n",
    }
    return begin(files, manifest="owners: {road: ['**']}\n")


def clone(evolution: Evolution) -> Path:
    """The service as another machine has it."""
    there = evolution.service.with_name("clone")
    git.process.run("clone", "--quiet", evolution.service, there, role=git.PERSON)
    return there


def test_an_ignored_file_is_set_apart_in_the_lock_and_it_is_said(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": "", ".gitignore.jinja": "*.env\n", "dev.env": "A=1\n"})
    said = paved("new", tmp_path / "service", "--road", road, "--defaults")
    lock = open_service(tmp_path / "service").lock
    assert lock is not None
    assert (list(lock.files), list(lock.ignored)) == ([".gitignore"], ["dev.env"])
    assert "git ignores dev.env" in said.stderr


def test_a_clone_without_the_ignored_files_has_not_drifted(with_env: Evolution) -> None:
    assert paved("drift", clone(with_env)).returncode == 0
    write_files(with_env.service, {"dev.env": "A=mine\n"})
    assert paved("drift", with_env.service).returncode == 0


def test_a_file_that_the_team_removed_and_then_ignored_is_drift(with_env: Evolution) -> None:
    with_env.edit({"a.txt": None, ".gitignore": "*.env\n/build/\na.txt\n"})
    assert "deleted  a.txt" in paved("drift", with_env.service).stdout


@pytest.mark.parametrize("where", ["here", "in a clone"])
def test_an_ignored_file_never_blocks_an_update(with_env: Evolution, where: str) -> None:
    service = with_env.service if where == "here" else clone(with_env)
    with_env.release({"a.txt": "2\n"})
    said = paved("update", service, "--json")
    assert (said.returncode, (service / "a.txt").read_text()) == (0, "2\n")
    assert "kept" not in {change["outcome"] for change in said.envelope["result"]["changes"]}, "nothing changed there"
    lock = open_service(service).lock
    assert lock is not None
    assert set(lock.ignored) == {"dev.env", "build/x"}


def test_the_roads_change_of_an_ignored_file_is_told_once(with_env: Evolution) -> None:
    with_env.release({"dev.env": "A=2\n"})
    assert with_env.update("--commit").outcomes["dev.env"] == "kept"
    with_env.release({"a.txt": "2\n"}, tag="v1.2.0")
    assert "dev.env" not in with_env.update().outcomes


def test_a_lock_that_lists_ignored_files_is_no_obstacle(with_env: Evolution) -> None:
    """Locks were written so until files that git ignores were set apart."""
    text = (with_env.service / ".paved-road.lock").read_text()
    lines = [line for line in text.splitlines() if '"dev.env"' in line or '"build/x"' in line]
    assert len(lines) == 2
    listed = text.split(' "ignored"')[0].rstrip().rstrip(",")
    listed = listed.replace(' "files": {\n', ' "files": {\n' + "".join(f"{line.rstrip(',')},\n" for line in lines))
    with_env.edit({".paved-road.lock": listed + "\n}\n"})
    with_env.release({"a.txt": "2\n"})
    done = with_env.update()
    assert (done.code, done.files["a.txt"], done.files["dev.env"]) == (0, "2\n", "A=1\n")


def test_a_file_that_comes_with_the_rule_that_ignores_it_is_not_committed(begin: Begin) -> None:
    evolution = begin({"a.txt": "1\n", "deep/.gitignore.jinja": "*.log\n"})
    rules = {".gitignore.jinja": "*.env\n!shared.env\nkept\n", "deep/.gitignore.jinja": "*.log\n!kept\n"}
    files = {"dev.env": "A=1\n", "shared.env": "B=1\n", "deep/kept": "x\n", "deep/dev.env": "C=1\n"}
    evolution.release({**rules, **files})
    done = evolution.update("--commit")
    assert done.code == 0
    tracked = git.process.text("ls-files", cwd=evolution.service).split()
    assert {"shared.env", "deep/kept"} < set(tracked)
    assert not {"dev.env", "deep/dev.env"} & set(tracked)
    assert {done.outcomes["dev.env"], done.outcomes["deep/dev.env"]} == {"kept"}
    lock = open_service(evolution.service).lock
    assert lock is not None
    assert set(lock.ignored) == {"dev.env", "deep/dev.env"}


def test_what_a_person_ignores_everywhere_is_no_obstacle(tmp_path: Path, begin: Begin) -> None:
    git.process.run("config", "--global", "core.excludesFile", tmp_path / "everywhere", cwd=tmp_path)
    (tmp_path / "everywhere").write_text("/dev.env\n")  # not the road's template/dev.env
    evolution = begin({"a.txt": "1\n", "dev.env": "A=1\n"})
    write_files(evolution.service, {"dev.env": "A=mine\n"})
    evolution.release({"a.txt": "2\n", "dev.env": "A=2\n"})
    there = clone(evolution)
    done = evolution.update()
    assert (done.code, done.files["dev.env"], done.outcomes["dev.env"]) == (0, "A=mine\n", "kept")
    (tmp_path / "everywhere").write_text("")
    assert paved("update", there, "--commit").returncode == 0
    assert (there / "dev.env").read_text() == "A=2\n", "nobody ignores it there"


@pytest.mark.parametrize("line", ["!", "\\\\", "[", "***"])
def test_a_line_of_gitignore_that_is_no_pattern_is_no_obstacle(begin: Begin, line: str) -> None:
    evolution = begin({"a.txt": "1\n"})
    evolution.edit({".gitignore": f"{line}\n*.log\n"})
    evolution.release({"a.txt": "2\n", "b.txt": "1\n"})
    assert evolution.update().code == 0


# -- files whose base is nowhere ---------------------------------------------------------------------------------------


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evolution:
    """A service that plain Copier made of a template with a file that is never the same."""
    assume_agreement(monkeypatch)
    evolution = Evolution.__new__(Evolution)
    files = {"template/L.jinja": RANDOM, "template/by.txt.jinja": "by {{ who }}\n" + RANDOM, "template/a.txt": "1\n"}
    copier = {"copier.yml": "_subdirectory: template\nwho: us\n"}
    evolution.road = make_road(tmp_path / "road", {**copier, **ANSWERS, **files})
    evolution.service = tmp_path / "service"
    run("copier", "copy", "--defaults", evolution.road, evolution.service, cwd=tmp_path).check_returncode()
    git.process.run("init", "--quiet", evolution.service)
    return evolve_service(evolution)


def evolve_service(evolution: Evolution) -> Evolution:
    evolve(evolution.service, {}, message="What was made")
    return evolution


@pytest.fixture(params=["as it is", "adopted"])
def either(plain: Evolution, request: pytest.FixtureRequest) -> Evolution:
    if request.param == "adopted":
        assert paved("adopt", plain.service).returncode == 0
        evolve_service(plain)
    return plain


def test_a_file_that_is_never_the_same_stays_where_its_source_did_not_change(either: Evolution) -> None:
    before = (either.service / "L").read_text(), (either.service / "by.txt").read_text()
    either.release({"a.txt": "2\n"})
    done = either.update()
    assert (done.code, done.files["a.txt"]) == (0, "2\n")
    assert (done.files["L"], done.files["by.txt"]) == before


def test_a_file_that_is_never_the_same_is_a_conflict_where_its_source_changed(either: Evolution) -> None:
    either.release({"L.jinja": "more\n" + RANDOM, "a.txt": "2\n"})
    done = either.update()
    assert (done.code, done.conflicts, done.files["a.txt"]) == (1, ("L",), "2\n")
    assert "made " in done.files["L"]


def test_a_file_that_names_its_release_is_not_taken_for_one_that_did_not_change(either: Evolution) -> None:
    version = "{{ _copier_answers._commit }}\n"
    either.release({"L.jinja": version + RANDOM})
    assert either.update().code == 1
    git.process.run("checkout", "--quiet", "--theirs", "L", cwd=either.service)
    either.edit({})
    assert either.update("--continue").code == 0
    either.edit({})
    either.release({"a.txt": "2\n"}, tag="v1.2.0")
    done = either.update()
    assert done.files["L"].startswith("v1.2.0\n")


def test_an_answer_that_was_edited_by_hand_is_not_lost_in_such_a_file(plain: Evolution) -> None:
    assert paved("adopt", plain.service).returncode == 0
    evolve_service(plain)
    answers = (plain.service / ".copier-answers.yml").read_text()
    plain.edit({".copier-answers.yml": answers.replace("who: us", "who: them")})
    plain.release({"a.txt": "2\n"})
    done = plain.update()
    assert (done.code, done.conflicts) == (1, ("by.txt",))
    assert "by them" in done.files["by.txt"]


def test_a_lost_blob_that_is_rendered_again_as_it_was_is_a_base(begin: Begin) -> None:
    """A shallow clone has no blob of a file that was edited since."""
    lines = "".join(f"{number}\n" for number in range(9))
    evolution = begin({"a.txt": lines, "L.jinja": RANDOM})
    evolution.edit({"a.txt": "mine\n" + lines})
    shallow = evolution.service.with_name("shallow")
    git.process.run("clone", "--quiet", "--depth", "1", f"file://{evolution.service}", shallow, role=git.PERSON)
    evolution.release({"a.txt": lines + "the road's\n"})
    assert paved("update", shallow).returncode == 0
    assert (shallow / "a.txt").read_text() == f"mine\n{lines}the road's\n"
