"""An answer is parsed once: recorded as it was given, and the same at every update."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from paved_road.testing import Evolution, evolve, paved

Begin = Callable[..., Evolution]

FILES = {"a.txt.jinja": "{{ v }} {{ v is string }}\n", "b.txt": "one\n"}
SEVERAL = "{type: yaml, multiselect: true, choices: [\"'1.10'\", 2]"


@pytest.mark.parametrize(
    ("question", "given", "shown", "recorded"),
    [
        ("{type: yaml, default: 1}", "'2.20'", "2.20 True\n", "2.20"),
        ("{type: yaml, default: 1}", '"[a]"', "[a] True\n", "[a]"),
        ("{type: yaml, default: 1}", "[a, '1']", "['a', '1'] False\n", ["a", "1"]),
        ("{type: json, default: '1'}", '"x y"', "x y True\n", "x y"),
        ("{type: json, default: '1'}", '"{}"', "{} True\n", "{}"),
        ("{type: yaml, default: ''}", "2024-01-01", "2024-01-01 False\n", date(2024, 1, 1)),
        ("{type: yaml, default: ''}", "!!set {a}", "{'a'} False\n", {"a"}),
        ("{type: yaml, default: ''}", "[2024-01-01]", "[datetime.date(2024, 1, 1)] False\n", [date(2024, 1, 1)]),
        ("{type: yaml, default: 1}", ".inf", "inf False\n", float("inf")),
        (f"{SEVERAL}, default: []}}", "[\"'1.10'\"]", "['1.10'] False\n", ["1.10"]),
        ("{type: str, default: 1}", "2.20", "2.20 True\n", "2.20"),
    ],
)  # fmt: skip
def test_it_is_the_same_at_every_update(begin: Begin, question: str, given: str, shown: str, recorded: object) -> None:
    evolution = begin(FILES, questions=f"v: {question}\n", answers={"v": given})
    answers = evolution.service / ".copier-answers.yml"
    for number in range(3):
        assert (evolution.service / "a.txt").read_text() == shown
        assert yaml.safe_load(answers.read_bytes())["v"] == recorded
        evolution.release({"b.txt": f"{number}\n"}, tag=f"v1.{number + 1}.0")
        assert evolution.update("--commit").code == 0


def test_a_question_that_changes_its_type_reads_the_recorded_text(begin: Begin) -> None:
    evolution = begin({"a.txt.jinja": "{{ v + 1 }}\n"}, questions="v: {type: int, default: 1}\n", answers={"v": "8080"})
    evolve(evolution.road, {"copier.yml": "_subdirectory: template\nv: {type: float, default: 1}\n"})
    evolution.release({"a.txt.jinja": "{{ v + 1 }}!\n"})
    assert evolution.update().files["a.txt"] == "8081.0!\n"


@pytest.mark.parametrize(("own", "value"), [(True, "2.20"), (False, 2.2)])
def test_a_services_answers_file_gives_what_it_records(begin: Begin, tmp_path: Path, own: bool, value: object) -> None:
    """Any other file of answers is read as Copier reads a `--data-file`."""
    evolution = begin(FILES, questions="v: {type: yaml, default: 1}\n", answers={"v": "'2.20'"})
    file = evolution.service / ".copier-answers.yml"
    if not own:
        file = tmp_path / "answers.yml"
        file.write_text("v: '2.20'\n")
    done = paved("new", tmp_path / "again", "--road", evolution.road, "--answers", file, "--json")
    assert json.loads(done.stdout)["result"]["answers"] == {"v": value}


def test_answers_of_every_type_are_one_json_document(begin: Begin) -> None:
    odd = "{2024-01-01: .nan, ~: !!set {a}, 1: !!binary aGk=}"
    evolution = begin(FILES, questions=f"v: {{type: yaml, default: {odd}}}\n")
    done = paved("new", evolution.service.parent / "again", "--road", evolution.road, "--defaults", "--json")
    assert json.loads(done.stdout)["result"]["answers"]["v"] == {"2024-01-01": "nan", "None": ["a"], "1": "b'hi'"}


SECRET = "{type: %s, secret: true, default: %s, %s}"


@pytest.mark.parametrize(
    "question",
    [
        SECRET % ("int", 1, "help: x"),
        SECRET % ("json", "'1'", "help: x"),
        SECRET % ("str", "a", "choices: [a, b]"),
        SECRET % ("str", "a", "validator: '{% if v != \"a\" %}{{ v }} is not good{% endif %}'"),
        SECRET % ("str", "a", "validator: '{% if v != \"a\" %}{{ v | upper }}{% endif %}'"),
        SECRET % ("str", "a", "validator: '{{ v | to_datetime }}'"),
        SECRET % ("str", "[]", "multiselect: true, choices: [a]"),
    ],
)
@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_a_refused_secret_is_not_shown(begin: Begin, question: str, json_too: list[str]) -> None:
    evolution = begin({"a.txt": "a\n"}, questions="q: x\n")
    evolve(evolution.road, {"copier.yml": f"_subdirectory: template\nv: {question}\n"}, tag="v1.1.0")
    done = paved(
        "--debug", "new", evolution.service.parent / "x", "--road", evolution.road, "-d", "v=hunter2[", *json_too
    )
    assert done.returncode == 2
    assert "hunter2" not in (done.stdout + done.stderr).lower()
    assert "--data" in done.stdout + done.stderr or "to_datetime" in done.stdout + done.stderr


def test_a_secret_that_ends_up_in_an_error_of_the_template_is_not_shown(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"}, questions="q: x\n")
    questions = "_subdirectory: template\nv: {type: str, secret: true, default: ''}\nw: {type: str, default: %s}\n"
    for number, default in enumerate(("'{{ v | to_datetime }}'", "x")):
        evolve(evolution.road, {
            "copier.yml": questions % default, "template/b.txt.jinja": "{{ v and v | to_datetime }}",
        }, tag=f"v1.{number + 1}.0")  # fmt: skip
        done = paved("--debug", "new", evolution.service.parent / "x", "--road", evolution.road, "-d", "v=hunter2")
        assert done.returncode == 2
        assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize("more", [{}, {"{% yield i from [1] %}{{ i }}{% endyield %}": ""}], ids=["ours", "copier"])
def test_what_answers_no_question_any_more_is_seen_once_and_not_kept(tmp_path: Path, more: dict[str, str]) -> None:
    """As in Copier: the answers file is read into the variables, and written from the questions."""
    questions = (
        "_subdirectory: template\nv: x\nold: {type: str, default: kept}\ncomputed: {type: str, default: first}\n"
    )
    evolution = Evolution(tmp_path, {"a.txt": "", **more}, questions=questions.partition("\n")[2])
    evolution.edit({".copier-answers.yml": (evolution.service / ".copier-answers.yml").read_text() + "_own: 1\n"})
    changed = "_subdirectory: template\nv: x\ncomputed: {type: str, default: second, when: false}\n"
    evolve(evolution.road, {"copier.yml": changed})
    evolution.release({"a.txt.jinja": "{{ old }} {{ computed }} {{ _own is defined }}\n", "a.txt": None})
    done = evolution.update()
    assert (done.code, done.files["a.txt"]) == (0, "kept second False\n")
    record = yaml.safe_load((evolution.service / ".copier-answers.yml").read_text())
    assert record.keys() == {"_commit", "_src_path", "v"}
