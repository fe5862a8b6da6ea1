"""The answer to a secret question is in the service's files and in no record: an update must not lose it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paved_road import git
from paved_road.errors import AnswerError
from paved_road.render.prompts import Prompt
from paved_road.service.model import open_service
from paved_road.settings.config import load_config
from paved_road.testing import Evolution, evolve, paved
from paved_road.update.model import Dialogue, UpdateRequest
from paved_road.update.plan import planning
from tests.update.texts import with_lines

Begin = Callable[..., Evolution]

QUESTIONS = "token: {type: str, secret: true, default: changeme}\n"
MANIFEST = "owners: {road: [a.txt]}\n"
SEEN = with_lines({10: "token: {{ token }}"})
MINE = "token: hunter2"


def spread(begin: Begin, **options: Any) -> Evolution:
    """A service with its secret in a file of the road's and in a shared one."""
    files = {"a.txt.jinja": SEEN, "shared.txt.jinja": SEEN, "plain.txt": "plain\n"}
    return begin(files, **{"questions": QUESTIONS, "manifest": MANIFEST, "answers": {"token": "hunter2"}, **options})


def ask_again(evolution: Evolution, questions: str) -> None:
    """The next release's questions; it is tagged by what follows."""
    evolve(evolution.road, {"copier.yml": f"_subdirectory: template\n{questions}"})


@pytest.mark.parametrize("asked", [QUESTIONS, QUESTIONS.replace("changeme", "renewed")], ids=["same", "other default"])
@pytest.mark.parametrize(
    "roads", [{15: "the road's"}, {10: "token: {{ token }}\nmore: 1"}, {2: "", 18: "again {{ token }}"}]
)
def test_it_stays(begin: Begin, asked: str, roads: dict[int, str]) -> None:
    evolution = spread(begin)
    ask_again(evolution, asked)
    text = with_lines(roads, SEEN)
    evolution.release({"a.txt.jinja": text, "shared.txt.jinja": text, "plain.txt": "new\n"})
    done = evolution.update()
    assert MINE in done.files["a.txt"].splitlines()
    assert MINE in done.files["shared.txt"].splitlines()
    if done.code == 0:
        assert "--data token=VALUE" in done.notes
        assert paved("drift", evolution.service).returncode == 0
        evolution.edit({})
        assert evolution.update().outcomes == {}


def test_it_stays_where_only_other_files_change(begin: Begin) -> None:
    evolution = spread(begin)
    evolution.release({"plain.txt": "new\n"})
    done = evolution.update()
    assert (done.code, done.outcomes["plain.txt"]) == (0, "updated")
    assert done.files["a.txt"] == done.files["shared.txt"] == with_lines({10: MINE})
    assert "a.txt" not in done.outcomes
    assert paved("drift", evolution.service).returncode == 0


def test_it_stays_where_the_same_release_is_taken_again(begin: Begin) -> None:
    evolution = spread(begin)
    done = evolution.update()
    assert (done.code, done.outcomes) == (0, {})


def test_it_stays_beside_an_edit_and_in_a_file_that_moved(begin: Begin) -> None:
    evolution = spread(begin)
    evolution.edit({"shared.txt": with_lines({3: "mine", 10: MINE})})
    evolution.release({"shared.txt.jinja": None, "moved/shared.txt.jinja": with_lines({16: "the road's"}, SEEN)})
    done = evolution.update()
    assert (done.code, done.files["moved/shared.txt"]) == (0, with_lines({3: "mine", 10: MINE, 16: "the road's"}))


def test_it_stays_over_two_updates(begin: Begin) -> None:
    evolution = spread(begin)
    for number, line in ((1, 15), (2, 5)):
        evolution.release({"a.txt.jinja": with_lines({line: "the road's"}, SEEN)}, tag=f"v1.{number}.0")
        assert evolution.update("--commit").code == 0
    assert with_lines({10: MINE, 5: "the road's"}) == (evolution.service / "a.txt").read_text()


def test_it_stays_in_what_plain_copier_made(begin: Begin) -> None:
    evolution = spread(begin)
    evolution.edit({".paved-road.lock": None})
    ask_again(evolution, QUESTIONS.replace("changeme", "renewed"))
    evolution.release({"shared.txt.jinja": with_lines({15: "the road's"}, SEEN)})
    done = evolution.update()
    assert (done.code, done.files["shared.txt"]) == (0, with_lines({10: MINE, 15: "the road's"}))
    assert done.files["a.txt"] == with_lines({10: MINE})


def test_a_change_right_beside_it_is_a_conflict_that_the_secret_decides(begin: Begin) -> None:
    evolution = spread(begin)
    text = with_lines({11: "the road's"}, SEEN)
    evolution.release({"a.txt.jinja": text, "shared.txt.jinja": text})
    done = evolution.update("--dry-run")
    assert (done.code, done.conflicts) == (1, ("a.txt", "shared.txt"))
    assert "--data token=VALUE" in done.notes
    done = evolution.update("--data", "token=hunter2")
    assert (done.code, done.files["a.txt"]) == (0, with_lines({10: MINE, 11: "the road's"}))
    assert paved("drift", evolution.service).returncode == 0


@pytest.mark.parametrize("value", ["hunter2", "rotated"])
def test_one_that_is_given_again_is_taken(begin: Begin, value: str) -> None:
    evolution = spread(begin)
    evolution.release({"a.txt.jinja": with_lines({15: "the road's"}, SEEN)})
    done = evolution.update("--data", f"token={value}")
    assert (done.code, done.files["a.txt"]) == (0, with_lines({10: f"token: {value}", 15: "the road's"}))
    assert done.files["shared.txt"] == with_lines({10: f"token: {value}"})
    assert paved("drift", evolution.service).returncode == 0


def test_one_that_was_changed_by_hand_stays_too(begin: Begin) -> None:
    evolution = spread(begin)
    evolution.edit({"shared.txt": with_lines({10: "token: by hand"})})
    evolution.release({"shared.txt.jinja": with_lines({15: "the road's"}, SEEN)})
    done = evolution.update()
    assert (done.code, done.files["shared.txt"]) == (0, with_lines({10: "token: by hand", 15: "the road's"}))


def test_a_person_is_asked_only_for_a_secret_that_is_new(begin: Begin) -> None:
    evolution = spread(begin)
    ask_again(evolution, QUESTIONS + "key: {type: str, secret: true, default: none}\n")
    evolution.release({"plain.txt": "new\n", "key.txt.jinja": "{{ key }}"})
    asked: list[str] = []

    def ask(prompt: Prompt) -> Any:
        asked.append(prompt.name)
        return "typed"

    service = open_service(evolution.service)
    config = load_config({}, directory=service.path)
    with planning(
        service, UpdateRequest(answers={}), config, dialogue=Dialogue(interview=lambda _, settle: settle(ask))
    ) as plan:
        (key,) = plan.scratch.read([plan.decided.files["key.txt"]])
        assert (asked, key, plan.decided.conflicts) == (["key"], b"typed", {})
        assert plan.decided.files["a.txt"] == plan.ours["a.txt"]


def test_a_deleted_file_goes_and_a_new_one_has_the_default(begin: Begin) -> None:
    evolution = spread(begin)
    evolution.release({"a.txt.jinja": None, "new.txt.jinja": "{{ token }}\nnothing like the others\n"})
    done = evolution.update()
    assert (done.code, done.outcomes["a.txt"], done.outcomes["new.txt"]) == (0, "deleted", "added")
    assert done.files["new.txt"].startswith("changeme")


# -- where it cannot be told, the person is asked for it and nothing changes ---------------------------------------


def refused(evolution: Evolution, *options: str) -> str:
    before = (evolution.service / "a.txt").read_text() if (evolution.service / "a.txt").exists() else ""
    said = paved("update", evolution.service, "--defaults", *options)
    assert said.returncode == AnswerError("").exit_code
    assert not before or (evolution.service / "a.txt").read_text() == before
    return said.stderr


def test_an_old_release_that_is_gone(begin: Begin) -> None:
    evolution = spread(begin)
    evolution.release({"a.txt.jinja": with_lines({15: "the road's"}, SEEN)})
    lock = evolution.service / ".paved-road.lock"
    commit = open_service(evolution.service).lock.commit  # type: ignore[union-attr]
    evolution.edit({".paved-road.lock": lock.read_text().replace(str(commit), "0" * 40)})
    assert "--data token=VALUE" in refused(evolution)
    done = evolution.update("--data", "token=hunter2")
    assert (done.code, done.files["a.txt"]) == (0, with_lines({10: MINE, 15: "the road's"}))


def test_given_it_the_old_release_is_rendered_again_for_a_shallow_clone(begin: Begin, tmp_path: Path) -> None:
    evolution = spread(begin)
    evolution.edit(dict.fromkeys(("a.txt", "shared.txt"), with_lines({3: "mine", 10: MINE})))
    evolution.release({"shared.txt.jinja": with_lines({15: "the road's"}, SEEN)})
    full = evolution.service
    evolution.service = tmp_path / "shallow" / full.name
    git.process.run("clone", "--quiet", "--depth", "1", full.as_uri(), evolution.service, role=git.PERSON)
    said = paved("update", evolution.service, "--defaults")
    assert (said.returncode, "--data token=VALUE" in said.stderr) == (2, True)
    done = evolution.update("--data", "token=hunter2")
    assert (done.code, done.files["shared.txt"]) == (0, with_lines({3: "mine", 10: MINE, 15: "the road's"}))


def test_a_road_without_history(begin: Begin) -> None:
    """The only release there is may not be the one that the service comes from."""
    evolution = spread(begin)
    lock = evolution.service / ".paved-road.lock"
    evolution.edit({".paved-road.lock": re.sub(r'"commit": "[0-9a-f]+"', '"commit": null', lock.read_text())})
    assert "--data token=VALUE" in refused(evolution)


def test_one_of_two_given(begin: Begin) -> None:
    both = QUESTIONS + "key: {type: str, secret: true, default: none}\n"
    evolution = begin({"a.txt.jinja": SEEN + "{{ key }}\n"}, questions=both, answers={"token": "hunter2", "key": "k"})
    assert "--data key=VALUE" in refused(evolution, "--data", "token=rotated")


def test_one_that_decides_which_files_there_are(begin: Begin) -> None:
    evolution = begin({"{{ token }}.txt.jinja": SEEN}, questions=QUESTIONS, answers={"token": "hunter2"})
    assert "--data token=VALUE" in refused(evolution)


def test_one_that_is_to_be_recorded_from_now_on(begin: Begin) -> None:
    evolution = spread(begin)
    ask_again(evolution, QUESTIONS.replace("secret: true, ", ""))
    evolution.release({"plain.txt": "new\n"})
    assert "--data token=VALUE" in refused(evolution)
