"""Files that the template or the service renamed: edits follow, and where they cannot, a person is asked."""

from __future__ import annotations

from collections.abc import Callable

from paved_road import git
from paved_road.testing import Evolution
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]

MINE = with_lines({3: "mine"})
ROADS = with_lines({15: "the road's"})
BOTH = with_lines({3: "mine", 15: "the road's"})


def test_the_template_renames_a_file_the_service_edited(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES})
    evolution.edit({"old.txt": MINE})
    evolution.release({"old.txt": None, "new.txt": LINES})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"new.txt": MINE})
    assert done.outcomes["new.txt"] == "moved"


def test_the_template_renames_and_edits_a_file_the_service_edited(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES})
    evolution.edit({"old.txt": MINE})
    evolution.release({"old.txt": None, "new.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"new.txt": BOTH})


def test_the_template_renames_a_file_and_edits_the_line_the_service_edited(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES})
    evolution.edit({"old.txt": MINE})
    evolution.release({"old.txt": None, "new.txt": with_lines({3: "the road's"})})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("new.txt",))
    assert list(done.files) == ["new.txt"]
    assert "\nmine\n|||||||" in done.files["new.txt"]
    assert "\n=======\nthe road's\n>>>>>>> " in done.files["new.txt"]


def test_the_template_renames_a_folder_in_which_the_service_edited_a_file(begin: Begin) -> None:
    evolution = begin({"old/a.txt": LINES, "old/b.txt": "b\n" * 9})
    evolution.edit({"old/a.txt": MINE})
    evolution.release({"old/a.txt": None, "old/b.txt": None, "new/a.txt": ROADS, "new/b.txt": "b\n" * 9})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"new/a.txt": BOTH, "new/b.txt": "b\n" * 9})
    assert not (evolution.service / "old").exists()


def test_the_services_own_file_moves_with_its_folder_and_it_is_said(begin: Begin) -> None:
    evolution = begin({"old/a.txt": LINES, "old/b.txt": "b\n" * 9})
    evolution.edit({"old/own.txt": "own\n"})
    evolution.release({"old/a.txt": None, "old/b.txt": None, "new/a.txt": LINES, "new/b.txt": "b\n" * 9})
    done = evolution.update()
    assert done.code == 0
    assert done.files == {"new/a.txt": LINES, "new/b.txt": "b\n" * 9, "new/own.txt": "own\n"}
    assert "old/own.txt moved to new/own.txt with its folder" in done.notes


def test_the_services_own_file_stays_in_a_folder_that_the_template_left_in_part(begin: Begin) -> None:
    evolution = begin({"old/a.txt": LINES, "old/b.txt": "b\n" * 9})
    evolution.edit({"old/own.txt": "own\n"})
    evolution.release({"old/a.txt": None, "new/a.txt": LINES})
    done = evolution.update()
    assert (done.code, done.files["old/own.txt"]) == (0, "own\n")


def test_the_template_renames_a_tiny_file(begin: Begin) -> None:
    evolution = begin({"VERSION": "1\n"})
    evolution.edit({"VERSION": "1\nmine\n"})
    evolution.release({"VERSION": None, "version.txt": "1\n"})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"version.txt": "1\nmine\n"})


def test_a_move_that_no_similarity_shows_is_declared_by_the_template(begin: Begin) -> None:
    evolution = begin({"VERSION": "1\n"})
    evolution.edit({"VERSION": "1\nmine\n"})
    moves = "moves: {1.1.0: {VERSION: meta/version.toml}}\n"
    evolution.release({"VERSION": None, "meta/version.toml": 'version = "1"\n'}, manifest=moves)
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("meta/version.toml",))
    assert "mine\n" in done.files["meta/version.toml"]
    assert 'version = "1"\n' in done.files["meta/version.toml"]


def test_a_tiny_file_replaced_beyond_recognition_keeps_the_services_lines_before_a_person(begin: Begin) -> None:
    evolution = begin({"VERSION": "1\n"})
    evolution.edit({"VERSION": "1\nmine\n"})
    evolution.release({"VERSION": None, "version.toml": 'version = "1"\n'})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("VERSION",))
    assert done.files == {"VERSION": "1\nmine\n", "version.toml": 'version = "1"\n'}


def test_the_template_renames_a_file_the_service_deleted(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES, "other.txt": "other\n"})
    evolution.edit({"old.txt": None})
    evolution.release({"old.txt": None, "new.txt": LINES})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"other.txt": "other\n"})


def test_the_template_renames_and_edits_a_file_the_service_deleted(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES, "other.txt": "other\n"})
    evolution.edit({"old.txt": None})
    evolution.release({"old.txt": None, "new.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("new.txt",))
    assert done.files["new.txt"] == ROADS


def test_the_service_renames_a_file_the_template_edits(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES})
    evolution.edit({"old.txt": None, "mine.txt": LINES})
    evolution.release({"old.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"mine.txt": ROADS})
    assert "mine.txt" in done.notes


def test_the_service_renames_and_edits_a_file_the_template_edits(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES})
    evolution.edit({"old.txt": None, "mine.txt": MINE})
    evolution.release({"old.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"mine.txt": BOTH})
    assert "old.txt" in done.notes
    assert "mine.txt" in done.notes


def test_both_rename_a_file_differently(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES})
    evolution.edit({"old.txt": None, "mine.txt": MINE})
    evolution.release({"old.txt": None, "new.txt": ROADS})
    done = evolution.update()
    assert done.code == 1
    assert {"mine.txt", "new.txt"} <= set(done.conflicts)
    assert "mine\n" in done.files["mine.txt"]
    assert not any("\n<<<<<<<" in text for text in done.files.values())


def test_both_rename_a_file_to_the_same_name(begin: Begin) -> None:
    evolution = begin({"old.txt": LINES})
    evolution.edit({"old.txt": None, "new.txt": MINE})
    evolution.release({"old.txt": None, "new.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"new.txt": BOTH})


def test_swapped_files(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES, "b.txt": "b\n" * 20})
    evolution.edit({"a.txt": MINE})
    swap = "moves: {1.1.0: {a.txt: b.txt, b.txt: a.txt}}\n"
    evolution.release({"a.txt": "b\n" * 20, "b.txt": ROADS}, manifest=swap)
    done = evolution.update()
    assert (done.code, done.files) == (0, {"a.txt": "b\n" * 20, "b.txt": BOTH})


def test_a_declared_swap_is_made_once(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES, "b.txt": "b\n" * 20})
    swap = "moves: {1.1.0: {a.txt: b.txt, b.txt: a.txt}}\n"
    evolution.release({"a.txt": "b\n" * 20, "b.txt": LINES}, manifest=swap)
    assert evolution.update("--commit").code == 0
    evolution.edit({"b.txt": MINE})
    evolution.release({"b.txt": ROADS}, tag="v1.2.0")
    done = evolution.update()
    assert (done.code, done.files) == (0, {"a.txt": "b\n" * 20, "b.txt": BOTH})


def test_a_file_that_was_moved_in_two_releases_arrives(begin: Begin) -> None:
    evolution = begin({"VERSION": "1\n"})
    evolution.edit({"VERSION": "1\nmine\n"})
    evolution.release({"VERSION": None, "meta": "one\n"}, manifest="moves: {1.1.0: {VERSION: meta}}\n")
    moves = "moves: {1.10.0: {meta: data/meta}, 1.1.0: {VERSION: meta}}\n"
    evolution.release({"meta": None, "data/meta": "1\ntwo\n"}, manifest=moves, tag="v1.10.0")
    done = evolution.update()
    assert list(done.files) == ["data/meta"]
    assert {"mine", "two"} <= set(done.files["data/meta"].splitlines())


def test_files_swapped_without_a_word_are_a_conflict(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES, "b.txt": "b\n" * 20})
    evolution.edit({"a.txt": MINE})
    evolution.release({"a.txt": "b\n" * 20, "b.txt": LINES})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("a.txt",))
    assert "mine\n" in done.files["a.txt"]


def test_a_file_moved_and_replaced(begin: Begin) -> None:
    evolution = begin({"app.txt": LINES})
    evolution.edit({"app.txt": MINE})
    moves = "moves: {1.1.0: {app.txt: src/app.txt}}\n"
    evolution.release({"app.txt": "see src/app.txt\n", "src/app.txt": ROADS}, manifest=moves)
    done = evolution.update()
    assert (done.code, done.files) == (0, {"app.txt": "see src/app.txt\n", "src/app.txt": BOTH})


def test_an_answer_that_is_part_of_a_path_moves_the_teams_edits_along(begin: Begin) -> None:
    evolution = begin(
        {"src/{{ package }}/app.txt.jinja": f"# {{{{ package }}}}\n{LINES}", "src/{{ package }}/b.txt": "b\n"},
        questions="package: {type: str, default: orders}\n",
    )
    evolution.edit({"src/orders/app.txt": f"# orders\n{MINE}", "src/orders/own.txt": "own\n"})
    evolution.release({"src/{{ package }}/app.txt.jinja": f"# {{{{ package }}}}\n{ROADS}"})
    done = evolution.update("--data", "package=billing")
    assert done.code == 0
    assert done.files == {
        "src/billing/app.txt": f"# billing\n{BOTH}", "src/billing/b.txt": "b\n", "src/billing/own.txt": "own\n",
    }  # fmt: skip


def test_an_answer_that_is_part_of_a_path_changes_without_a_new_release(begin: Begin) -> None:
    evolution = begin({"{{ package }}.txt": LINES}, questions="package: {type: str, default: orders}\n")
    evolution.edit({"orders.txt": MINE})
    done = evolution.update("--data", "package=billing")
    assert (done.code, done.files) == (0, {"billing.txt": MINE})


def test_a_guessed_rename_does_not_hit_the_services_own_similar_file(begin: Begin) -> None:
    """`mine.txt` was there before `old.txt` went: it is no renamed file, however much it looks like one."""
    evolution = begin({"old.txt": LINES})
    evolution.edit({"mine.txt": MINE})
    evolution.edit({"old.txt": None})
    evolution.release({"old.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("old.txt",))
    assert done.files == {"mine.txt": MINE, "old.txt": ROADS}


def test_an_edit_that_follows_a_guessed_rename_of_the_templates_is_told(begin: Begin) -> None:
    """The template dropped one file and added another, similar one: git takes that for a rename."""
    evolution = begin({"old.txt": LINES, "b.txt": "b\n"})
    evolution.edit({"old.txt": MINE})
    evolution.release({"old.txt": None, "new.txt": with_lines(dict.fromkeys(range(12, 18), "other"))})
    done = evolution.update()
    assert done.code == 0
    assert "mine\n" in done.files["new.txt"]
    assert done.outcomes["new.txt"] == "moved"


def test_a_file_split_in_two_by_the_template(begin: Begin) -> None:
    evolution = begin({"all.txt": LINES})
    evolution.edit({"all.txt": MINE})
    head, tail = "".join(LINES.splitlines(keepends=True)[:8]), "".join(LINES.splitlines(keepends=True)[8:])
    evolution.release({"all.txt": tail, "head.txt": head})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("all.txt",))
    assert "mine\n" in done.files["all.txt"]
    assert done.files["head.txt"] == head


def test_an_edit_in_the_half_that_stayed_is_merged(begin: Begin) -> None:
    evolution = begin({"all.txt": LINES})
    evolution.edit({"all.txt": with_lines({15: "mine"})})
    lines = LINES.splitlines(keepends=True)
    evolution.release({"all.txt": "".join(lines[8:]), "head.txt": "".join(lines[:8])})
    done = evolution.update()
    assert done.code == 0
    assert done.files["all.txt"] == "".join(lines[8:]).replace("line 15\n", "mine\n")


def test_names_with_spaces_quotes_and_letters_beyond_ascii(begin: Begin) -> None:
    evolution = begin({'it\'s "so" .txt': LINES, "grüße/äpfel 🍎.txt": LINES + "x\n"})
    evolution.edit({'it\'s "so" .txt': MINE, "grüße/äpfel 🍎.txt": MINE + "x\n"})
    evolution.release({'it\'s "so" .txt': ROADS, "grüße/äpfel 🍎.txt": None, "grüße/birne\t🍐.txt": ROADS + "x\n"})
    done = evolution.update()
    assert (done.code, done.files) == (0, {'it\'s "so" .txt': BOTH, "grüße/birne\t🍐.txt": BOTH + "x\n"})
    assert git.process.text("status", "--porcelain", "-z", cwd=evolution.service).count("??") == 0
