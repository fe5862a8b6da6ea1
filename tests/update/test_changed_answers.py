"""A changed answer reaches the files that the service owns; what a release changes in them does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road.testing import Evolution, contents, evolve, paved
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]

OWNED = "owners: {service: ['*.py']}\n"
PORT = "port: {type: int, default: 8080}\n"
SETTINGS = f"port = {{{{ port }}}}\n{LINES}"


def settings(port: int, **changed: str) -> str:
    """The settings as they come out, with these lines (`_3`) changed."""
    return f"port = {port}\n" + with_lines({int(key[1:]): text for key, text in changed.items()})


@pytest.mark.parametrize("how", [{"manifest": OWNED}, {"seeded": "_skip_if_exists: ['*.py']\n"}])
def test_a_changed_answer_reaches_a_file_that_nobody_edited(begin: Begin, how: dict[str, str]) -> None:
    evolution = begin(
        {"m.py.jinja": SETTINGS, "README.md.jinja": "{{ port }}\n"},
        questions=how.pop("seeded", "") + PORT, **how,
    )  # fmt: skip
    done = evolution.update("--data", "port=9000")
    assert (done.code, done.files) == (0, {"m.py": settings(9000), "README.md": "9000\n"})
    assert done.outcomes["m.py"] == "updated"


def test_it_is_merged_with_what_the_team_wrote(begin: Begin) -> None:
    evolution = begin({"m.py.jinja": SETTINGS}, questions=PORT, manifest=OWNED)
    evolution.edit({"m.py": settings(8080, _9="mine")})
    done = evolution.update("--data", "port=9000")
    assert (done.code, done.files, done.outcomes["m.py"]) == (0, {"m.py": settings(9000, _9="mine")}, "merged")


def test_it_is_a_conflict_where_the_team_changed_the_same_line(begin: Begin) -> None:
    evolution = begin({"m.py.jinja": SETTINGS}, questions=PORT, manifest=OWNED)
    evolution.edit({"m.py": settings(8081)})
    done = evolution.update("--data", "port=9000")
    assert (done.code, done.conflicts) == (1, ("m.py",))
    assert "port = 8081\n" in done.files["m.py"]
    assert "port = 9000\n" in done.files["m.py"]


def test_a_release_that_comes_at_once_brings_the_answer_alone(begin: Begin) -> None:
    evolution = begin({"m.py.jinja": SETTINGS, "n.py": LINES, "a.txt": "1\n"}, questions=PORT, manifest=OWNED)
    evolution.edit({"m.py": settings(8080, _9="mine")})
    roads = with_lines({3: "the road's", 15: "the road's"})
    evolution.release({"m.py.jinja": f"port = {{{{ port }}}}\n{roads}", "n.py": roads, "a.txt": "2\n"})
    done = evolution.update("--data", "port=9000")
    assert (done.code, done.files) == (0, {"m.py": settings(9000, _9="mine"), "n.py": LINES, "a.txt": "2\n"})
    assert (done.outcomes["m.py"], done.outcomes["n.py"]) == ("merged", "kept")


@pytest.mark.parametrize("given", [[], ["--data", "port=8080"]])
def test_without_a_changed_answer_a_release_changes_nothing_in_it(begin: Begin, given: list[str]) -> None:
    """A new question is no changed answer."""
    evolution = begin({"m.py.jinja": SETTINGS}, questions=PORT, manifest=OWNED)
    evolve(evolution.road, {"copier.yml": f"_subdirectory: template\n{PORT}more: new\n"})
    evolution.release({"m.py.jinja": f"{SETTINGS}{{{{ more }}}}\n"})
    done = evolution.update("--defaults", *given)
    assert (done.code, done.files, done.outcomes["m.py"]) == (0, {"m.py": settings(8080)}, "kept")


def test_a_file_that_the_team_deleted_stays_deleted(begin: Begin) -> None:
    evolution = begin({"m.py.jinja": SETTINGS, "a.txt": "1\n"}, questions=PORT, manifest=OWNED)
    evolution.edit({"m.py": None})
    done = evolution.update("--data", "port=9000")
    assert (done.code, done.files) == (0, {"a.txt": "1\n"})


PACKAGE = "package: {type: str, default: orders}\n"
CODE = {
    "src/{{ package }}/api.py.jinja": f"import {{{{ package }}}}\n{LINES}",
    "tests/test_api.py.jinja": f"from {{{{ package }}}} import api\n{LINES}",
}


@pytest.mark.parametrize("released", [{}, {"src/{{ package }}/api.py.jinja": "the road's\n", "tests/b.py": "b\n"}])
def test_the_teams_files_follow_a_package_to_its_new_name(begin: Begin, released: dict[str, str]) -> None:
    evolution = begin(CODE, questions=PACKAGE, manifest=OWNED)
    evolution.edit({"src/orders/api.py": f"import orders\n{with_lines({9: 'mine'})}", "src/orders/own.py": "own\n"})
    if released:
        evolution.release(released)
    done = evolution.update("--data", "package=billing")
    added = {path: text for path, text in released.items() if path == "tests/b.py"}
    assert (done.code, done.files) == (0, {
        "src/billing/api.py": f"import billing\n{with_lines({9: 'mine'})}", "src/billing/own.py": "own\n",
        "tests/test_api.py": f"from billing import api\n{LINES}", **added,
    })  # fmt: skip


def test_a_file_that_the_team_renamed_has_the_answer_too(begin: Begin) -> None:
    evolution = begin(CODE, questions=PACKAGE, manifest=OWNED)
    evolution.edit({
        "tests/test_api.py": None, "tests/test_mine.py": f"from orders import api\n{LINES}",
        "src/orders/api.py": None, "src/orders/mine.py": f"import orders\n{LINES}",
    })  # fmt: skip
    done = evolution.update("--data", "package=billing")
    assert (done.code, done.files) == (0, {
        "src/billing/mine.py": f"import billing\n{LINES}", "tests/test_mine.py": f"from billing import api\n{LINES}",
    })  # fmt: skip


CACHE = "cache: {type: bool, default: true}\n"
CACHED = {"{{ 'cache.py' if cache else '' }}.jinja": LINES, "a.txt": "1\n"}


@pytest.mark.parametrize("edited", [False, True])
def test_a_file_that_the_answer_takes_away_goes_unless_the_team_edited_it(begin: Begin, edited: bool) -> None:
    evolution = begin(CACHED, questions=CACHE, manifest=OWNED)
    mine = with_lines({9: "mine"})
    if edited:
        evolution.edit({"cache.py": mine})
    done = evolution.update("--data", "cache=false")
    kept = {"cache.py": mine} if edited else {}
    assert (done.code, done.files) == (int(edited), {"a.txt": "1\n", **kept})


def test_what_comes_out_differently_every_time_is_no_effect_of_an_answer(begin: Begin) -> None:
    once = "{{ 99999999999 | ans_random }} {{ port }}\n"
    evolution = begin({"key.py.jinja": once, "m.py.jinja": SETTINGS}, questions=PORT, manifest=OWNED)
    key = contents(evolution.service)["key.py"]
    done = evolution.update("--data", "port=9000")
    assert (done.code, done.files) == (0, {"key.py": key, "m.py": settings(9000)})


def test_a_secret_answer_stays_unless_it_is_given(begin: Begin) -> None:
    evolution = begin(
        {"m.py.jinja": f"{SETTINGS}token = '{{{{ token }}}}'\n"},
        questions=f"{PORT}token: {{type: str, secret: true, default: ''}}\n",
        manifest=OWNED, answers={"token": "t0p"},
    )  # fmt: skip
    done = evolution.update("--data", "port=9000", "--commit")
    assert (done.code, done.files["m.py"]) == (0, f"{settings(9000)}token = 't0p'\n")
    done = evolution.update("--data", "token=t0p", "--data", "port=9001")
    assert (done.code, done.files["m.py"]) == (0, f"{settings(9001)}token = 't0p'\n")


def test_an_answer_that_the_old_release_does_not_take_is_told(begin: Begin) -> None:
    choice = "size: {type: str, default: s, choices: [s%s]}\n"
    evolution = begin({"m.py.jinja": "size = '{{ size }}'\n"}, questions=choice % "", manifest=OWNED)
    evolve(evolution.road, {"copier.yml": "_subdirectory: template\n" + choice % ", xl"})
    evolution.release({"a.txt": "1\n"})
    done = evolution.update("--data", "size=xl")
    assert (done.code, done.files["m.py"]) == (0, "size = 's'\n")
    assert "service-owned files keep the old answers" in done.notes
    assert "m.py" in done.notes


@pytest.mark.parametrize("answer", ["package=billing", "port=9000"])
def test_a_service_of_the_built_in_road_is_as_if_it_had_been_stamped_so(tmp_path: Path, answer: str) -> None:
    service, fresh = tmp_path / "old" / "shop", tmp_path / "new" / "shop"
    for path, given in ((service, []), (fresh, ["--data", answer])):
        path.parent.mkdir()
        said = paved("new", path, "--defaults", *given)
        assert said.returncode == 0, said.stderr
    assert paved("update", service, "--data", answer).returncode == 0
    assert contents(service) == contents(fresh)


def test_a_question_of_another_type_is_no_changed_answer(begin: Begin) -> None:
    evolution = begin(
        {"m.py.jinja": SETTINGS}, questions="port: {type: str, default: '8080', choices: ['8080']}\n", manifest=OWNED
    )
    evolve(evolution.road, {"copier.yml": f"_subdirectory: template\n{PORT}"})
    evolution.release({"a.txt": "1\n"})
    done = evolution.update()
    assert (done.code, done.files["m.py"]) == (0, settings(8080))
    assert "service-owned files" not in done.notes


def test_without_the_old_release_the_files_that_may_have_the_old_answer_are_named(begin: Begin) -> None:
    evolution = begin({"m.py.jinja": SETTINGS}, questions=PORT, manifest=OWNED)
    done = evolution.update("--no-base", "--data", "port=9000")
    assert done.files == {"m.py": settings(8080)}
    assert "service-owned files keep the old answers (1.0.0 cannot be rendered); review m.py" in done.notes
