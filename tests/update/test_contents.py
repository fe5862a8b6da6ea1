"""What both sides did inside one file: lines, line ends, bytes, modes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest

from paved_road import git
from paved_road.testing import Evolution, paved
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def raw(evolution: Evolution, path: str) -> bytes:
    return (evolution.service / path).read_bytes()


def mode(evolution: Evolution, path: str) -> str:
    git.process.run("add", "--all", cwd=evolution.service)
    return git.process.text("ls-files", "-s", path, cwd=evolution.service).split()[0]


# -- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "roads", "conflict"),
    [
        ({10: "mine"}, {10: "the road's"}, True),
        ({10: "mine", 11: "mine"}, {11: "the road's", 12: "the road's"}, True),
        ({10: "mine"}, {11: "the road's"}, True),
        ({10: "mine"}, {12: "the road's"}, False),
        ({10: "line 10\nmine"}, {10: "line 10\nthe road's"}, True),
        ({10: ""}, {10: "the road's"}, True),
        ({10: ""}, {12: "the road's"}, False),
        ({10: "same"}, {10: "same"}, False),
        ({10: "same", 3: "mine"}, {10: "same", 15: "the road's"}, False),
    ],
    ids=[
        "the same line", "overlapping", "adjacent", "nearly adjacent", "two insertions", "deleted and edited",
        "deleted and nearly adjacent", "already made", "already made among others",
    ],
)  # fmt: skip
def test_edits_of_both(begin: Begin, mine: dict[int, str], roads: dict[int, str], *, conflict: bool) -> None:
    evolution = begin({"a.txt": LINES})
    evolution.edit({"a.txt": with_lines(mine)})
    evolution.release({"a.txt": with_lines(roads)})
    done = evolution.update()
    if conflict:
        assert (done.code, done.conflicts) == (1, ("a.txt",))
        written = "\n".join([*mine.values(), *roads.values()]).splitlines()
        assert {line for line in written if line} <= set(done.files["a.txt"].splitlines())
    else:
        assert (done.code, done.files) == (0, {"a.txt": with_lines(mine | roads)})


def test_conflict_markers_name_both_sides(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES})
    evolution.edit({"a.txt": with_lines({10: "mine"})})
    evolution.release({"a.txt": with_lines({10: "the road's"})})
    assert "\n".join(evolution.update().files["a.txt"].splitlines()[9:16]) == (
        "<<<<<<< service\nmine\n||||||| road-1.0.0\nline 10\n=======\nthe road's\n>>>>>>> road-1.1.0"
    )


def test_a_conflict_never_exits_zero_and_says_how_to_go_on(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES})
    evolution.edit({"a.txt": with_lines({10: "mine"})})
    evolution.release({"a.txt": with_lines({10: "the road's"})})
    dry = paved("update", evolution.service, "--dry-run")
    real = paved("update", evolution.service)
    assert (dry.returncode, real.returncode) == (1, 1)
    for said in (dry, real):
        assert re.search(r"^ +conflict +a\.txt", said.stdout, flags=re.MULTILINE)
    assert re.search(r"^After adding it: paved update \S+ --continue$", real.stdout, flags=re.MULTILINE)
    assert git.unmerged_files(evolution.service) == ["a.txt"]


def test_the_same_path_added_by_both(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"})
    evolution.edit({"same.txt": LINES, "other.txt": "mine\n"})
    evolution.release({"same.txt": LINES, "other.txt": "the road's\n"})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("other.txt",))
    assert done.files["same.txt"] == LINES
    assert {"mine", "the road's"} <= set(done.files["other.txt"].splitlines())


def test_no_newline_at_the_end(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES.rstrip("\n"), "b.txt": LINES.rstrip("\n"), "c.txt": LINES})
    evolution.edit({"a.txt": with_lines({3: "mine"}).rstrip("\n"), "b.txt": LINES, "c.txt": LINES.rstrip("\n")})
    evolution.release({path: with_lines({15: "the road's"}) for path in ("b.txt", "c.txt")})
    evolution.release({"a.txt": with_lines({15: "the road's"}).rstrip("\n")}, tag="v1.2.0")
    done = evolution.update()
    assert done.code == 0
    assert done.files["a.txt"] == with_lines({3: "mine", 15: "the road's"}).rstrip("\n")
    assert done.files["b.txt"] == with_lines({15: "the road's"})
    assert done.files["c.txt"] == with_lines({15: "the road's"}).rstrip("\n")


def test_a_conflict_in_a_last_line_without_newline_keeps_both_lines_apart(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\nlast"})
    evolution.edit({"a.txt": "a\nmine"})
    evolution.release({"a.txt": "a\nthe road's"})
    done = evolution.update()
    assert done.code == 1
    assert {"mine", "the road's"} <= set(done.files["a.txt"].splitlines())


def test_a_file_that_diverged_long_ago_and_is_not_touched_stays_and_is_still_drift(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES, "b.txt": "b\n"}, manifest="owners: {road: [a.txt]}\n")
    evolution.edit({"a.txt": "all mine\n"})
    evolution.release({"b.txt": "new\n"})
    done = evolution.update("--commit")
    assert (done.code, done.files) == (0, {"a.txt": "all mine\n", "b.txt": "new\n"})
    said = paved("drift", evolution.service, "--json")
    assert said.returncode == 1
    assert "a.txt" in said.stdout


def test_two_releases_are_taken_in_one_step(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES})
    evolution.edit({"a.txt": with_lines({3: "mine"})})
    evolution.release({"a.txt": None, "b.txt": LINES})
    evolution.release({"b.txt": None, "c.txt": with_lines({15: "the road's"})}, tag="v1.2.0")
    done = evolution.update()
    assert (done.code, done.files) == (0, {"c.txt": with_lines({3: "mine", 15: "the road's"})})


# -- line ends and encodings -----------------------------------------------------------------------------------------


def test_a_service_that_went_to_crlf_stays_there(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES})
    evolution.edit({"a.txt": crlf(LINES)})
    evolution.release({"a.txt": with_lines({15: "the road's"})})
    done = evolution.update()
    assert (done.code, raw(evolution, "a.txt")) == (0, crlf(with_lines({15: "the road's"})))


def test_a_service_that_went_to_crlf_and_edited(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES})
    evolution.edit({"a.txt": crlf(with_lines({3: "mine"}))})
    evolution.release({"a.txt": with_lines({15: "the road's"})})
    done = evolution.update()
    assert (done.code, raw(evolution, "a.txt")) == (0, crlf(with_lines({3: "mine", 15: "the road's"})))


def test_a_template_that_ships_crlf(begin: Begin) -> None:
    evolution = begin({"a.bat": crlf(LINES)})
    evolution.edit({"a.bat": crlf(with_lines({3: "mine"}))})
    evolution.release({"a.bat": crlf(with_lines({15: "the road's"}))})
    done = evolution.update()
    assert (done.code, raw(evolution, "a.bat")) == (0, crlf(with_lines({3: "mine", 15: "the road's"})))


def test_a_template_that_goes_to_crlf_takes_the_services_edit_along(begin: Begin) -> None:
    evolution = begin({"a.bat": LINES})
    evolution.edit({"a.bat": with_lines({3: "mine"})})
    evolution.release({"a.bat": crlf(with_lines({15: "the road's"}))})
    done = evolution.update()
    assert (done.code, raw(evolution, "a.bat")) == (0, crlf(with_lines({3: "mine", 15: "the road's"})))


def test_text_that_is_not_utf_8(begin: Begin) -> None:
    evolution = begin({"a.txt": f"Grüße\n{LINES}".encode("latin-1")})
    evolution.edit({"a.txt": f"Grüße\n{with_lines({3: 'größer'})}".encode("latin-1")})
    evolution.release({"a.txt": f"Grüße\n{with_lines({15: 'weiß'})}".encode("latin-1")})
    done = evolution.update()
    expected = f"Grüße\n{with_lines({3: 'größer', 15: 'weiß'})}".encode("latin-1")
    assert (done.code, raw(evolution, "a.txt")) == (0, expected)


# -- bytes -----------------------------------------------------------------------------------------------------------

PICTURE, OTHER, THIRD = (bytes([0, 255, number]) * 40 for number in (1, 2, 3))


def test_a_binary_file_replaced_by_the_service_stays(begin: Begin) -> None:
    evolution = begin({"logo.png": PICTURE, "a.txt": "a\n"})
    evolution.edit({"logo.png": OTHER})
    evolution.release({"a.txt": "b\n"})
    done = evolution.update()
    assert (done.code, raw(evolution, "logo.png")) == (0, OTHER)


def test_a_binary_file_changed_by_the_template_is_updated(begin: Begin) -> None:
    evolution = begin({"logo.png": PICTURE})
    evolution.release({"logo.png": OTHER})
    done = evolution.update()
    assert (done.code, raw(evolution, "logo.png")) == (0, OTHER)


def test_a_binary_file_changed_by_both_is_a_conflict_with_the_services_in_place(begin: Begin) -> None:
    evolution = begin({"logo.png": PICTURE})
    evolution.edit({"logo.png": OTHER})
    evolution.release({"logo.png": THIRD})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("logo.png",))
    assert raw(evolution, "logo.png") == OTHER
    assert git.process.run("show", ":3:logo.png", cwd=evolution.service) == THIRD


# -- modes -----------------------------------------------------------------------------------------------------------


def test_a_mode_bit_set_by_the_service_stays(begin: Begin) -> None:
    evolution = begin({"run.sh": LINES})
    (evolution.service / "run.sh").chmod(0o755)
    evolution.edit({})
    evolution.release({"run.sh": with_lines({15: "the road's"})})
    done = evolution.update()
    assert (done.code, done.files["run.sh"]) == (0, with_lines({15: "the road's"}))
    assert mode(evolution, "run.sh") == "100755"


def test_a_mode_bit_set_by_the_template_arrives_beside_the_services_edit(begin: Begin) -> None:
    evolution = begin({"run.sh": LINES, "untouched.sh": LINES})
    evolution.edit({"run.sh": with_lines({3: "mine"})})
    evolution.release({"run.sh*": LINES, "untouched.sh*": LINES})
    done = evolution.update()
    assert (done.code, done.files["run.sh"]) == (0, with_lines({3: "mine"}))
    assert (mode(evolution, "run.sh"), mode(evolution, "untouched.sh")) == ("100755", "100755")
    assert os.access(evolution.service / "run.sh", os.X_OK)


def test_a_mode_bit_cleared_by_the_template(begin: Begin) -> None:
    evolution = begin({"run.sh*": LINES})
    (evolution.road / "template" / "run.sh").chmod(0o644)
    evolution.release({})
    done = evolution.update()
    assert (done.code, mode(evolution, "run.sh")) == (0, "100644")
    assert not os.access(evolution.service / "run.sh", os.X_OK)
