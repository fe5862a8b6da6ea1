"""Files that one side deleted."""

from __future__ import annotations

from collections.abc import Callable

from paved_road import git
from paved_road.testing import Evolution, Link
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]

MINE = with_lines({3: "mine"})
ROADS = with_lines({15: "the road's"})


def test_the_template_deletes_a_file_the_service_edited(begin: Begin) -> None:
    evolution = begin({"gone.txt": LINES, "b.txt": "b\n"})
    evolution.edit({"gone.txt": MINE})
    evolution.release({"gone.txt": None})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("gone.txt",))
    assert done.files["gone.txt"] == MINE
    assert "modify/delete" in str(done.envelope)


def test_the_template_deletes_a_file_the_service_never_touched(begin: Begin) -> None:
    evolution = begin({"gone.txt": LINES, "b.txt": "b\n"})
    evolution.release({"gone.txt": None})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"b.txt": "b\n"})
    assert done.outcomes["gone.txt"] == "deleted"


def test_the_service_deleted_a_file_the_template_edits(begin: Begin) -> None:
    evolution = begin({"gone.txt": LINES, "b.txt": "b\n"})
    evolution.edit({"gone.txt": None})
    evolution.release({"gone.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("gone.txt",))


def test_the_service_deleted_a_file_the_template_left_alone(begin: Begin) -> None:
    evolution = begin({"gone.txt": LINES, "b.txt": "b\n"})
    evolution.edit({"gone.txt": None})
    evolution.release({"b.txt": "new\n"})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"b.txt": "new\n"})


def test_both_deleted_a_file(begin: Begin) -> None:
    evolution = begin({"gone.txt": LINES, "b.txt": "b\n"})
    evolution.edit({"gone.txt": None})
    evolution.release({"gone.txt": None})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"b.txt": "b\n"})


def test_a_folder_that_lost_its_last_file_is_gone(begin: Begin) -> None:
    evolution = begin({"deep/er/gone.txt": LINES, "b.txt": "b\n"})
    evolution.release({"deep/er/gone.txt": None})
    assert evolution.update().code == 0
    assert not (evolution.service / "deep").exists()


def test_the_template_puts_a_link_in_the_place_of_a_file(begin: Begin) -> None:
    evolution = begin({"conf.txt": LINES, "real.txt": "real\n"}, questions="_preserve_symlinks: true\n")
    evolution.release({"conf.txt": Link("real.txt")})
    done = evolution.update()
    assert (done.code, done.files["conf.txt"]) == (0, "-> real.txt")


def test_the_template_puts_a_link_in_the_place_of_a_file_the_service_edited(begin: Begin) -> None:
    evolution = begin({"conf.txt": LINES, "real.txt": "real\n"}, questions="_preserve_symlinks: true\n")
    evolution.edit({"conf.txt": MINE})
    evolution.release({"conf.txt": Link("real.txt")})
    done = evolution.update()
    assert done.code == 1
    assert MINE in done.files.values()
    assert not (evolution.service / "real.txt").is_symlink()
    assert (evolution.service / "real.txt").read_text() == "real\n"


def test_the_service_put_a_link_in_the_place_of_a_file_the_template_edits(begin: Begin) -> None:
    evolution = begin({"conf.txt": LINES, "real.txt": "real\n"})
    evolution.edit({"conf.txt": Link("real.txt")})
    evolution.release({"conf.txt": ROADS})
    done = evolution.update()
    assert done.code == 1
    assert "-> real.txt" in done.files.values()
    assert done.files["real.txt"] == "real\n"


def test_the_template_puts_a_file_in_the_place_of_a_folder(begin: Begin) -> None:
    evolution = begin({"conf/a.txt": LINES, "b.txt": "b\n"})
    evolution.release({"conf/a.txt": None, "conf": "one file\n"})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"conf": "one file\n", "b.txt": "b\n"})


def test_the_template_puts_a_file_in_the_place_of_a_folder_with_the_services_work(begin: Begin) -> None:
    evolution = begin({"conf/a.txt": LINES, "b.txt": "b\n"})
    evolution.edit({"conf/a.txt": MINE, "conf/own.txt": "own\n"})
    evolution.release({"conf/a.txt": None, "conf": "one file\n"})
    done = evolution.update()
    assert done.code == 1
    assert {MINE, "own\n", "one file\n"} <= set(done.files.values())


def test_the_template_puts_a_folder_in_the_place_of_a_file_the_service_edited(begin: Begin) -> None:
    evolution = begin({"conf": LINES, "b.txt": "b\n"})
    evolution.edit({"conf": MINE})
    evolution.release({"conf": None, "conf/a.txt": "a\n"})
    done = evolution.update()
    assert done.code == 1
    assert {MINE, "a\n"} <= set(done.files.values())


def test_a_conflict_between_a_file_and_a_folder_can_be_undone(begin: Begin) -> None:
    evolution = begin({"conf": LINES, "b.txt": "b\n"})
    evolution.edit({"conf": MINE})
    before = evolution.update().files
    evolution.release({"conf": None, "conf/a.txt": "a\n"})
    assert evolution.update().code == 1
    done = evolution.update("--abort")
    assert (done.code, done.files) == (0, before)
    assert git.process.text("status", "--porcelain", cwd=evolution.service) == ""


def test_the_service_put_a_folder_in_the_place_of_a_file_the_template_edits(begin: Begin) -> None:
    evolution = begin({"conf": LINES, "b.txt": "b\n"})
    evolution.edit({"conf": None, "conf/own.txt": "own\n"})
    evolution.release({"conf": ROADS})
    done = evolution.update()
    assert done.code == 1
    assert {"own\n", ROADS} <= set(done.files.values())


def test_the_service_put_a_link_in_the_place_of_a_folder_the_template_edits(begin: Begin) -> None:
    evolution = begin({"conf/a.txt": LINES, ".gitignore.jinja": "conf/a*\n", "elsewhere/b.txt": "b\n"})
    evolution.edit({"conf/a.txt": None})
    evolution.edit({"conf": Link("elsewhere")})
    evolution.release({"conf/a.txt": ROADS})
    done = evolution.update()
    assert done.code == 1
    assert "-> elsewhere" in done.files.values()
    assert (done.files["elsewhere/b.txt"], ROADS in done.files.values()) == ("b\n", True)
    assert not (evolution.service / "elsewhere" / "a.txt").exists()
