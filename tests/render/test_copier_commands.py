"""What Copier's users type, and its counterpart here: the same where it is the same, and what is said where not."""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from copier import Settings, run_copy, run_update

from paved_road import git
from paved_road.render import prepare
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template
from paved_road.settings.config import load_config
from paved_road.testing import contents, evolve, make_road, paved, run, write_files
from tests.render.copier_features import Feature, Part, features
from tests.renderers import assume_agreement
from tests.test_docs import split_commands, unknown_words

ROWS = [row for row in features() if row.part in (Part.COMMAND, Part.OPTION, Part.SOURCE, Part.PERSON)]
OWN = "{{ _copier_conf.answers_file }}.jinja"
TEMPLATE = {
    "copier.yml": "_exclude: [copier.yml]\nname: theirs\n"
    "many: {type: str, multiselect: true, choices: [a, b], default: [a]}\n",
    OWN: "{{ _copier_answers | to_nice_yaml -}}\n",
    "a.txt.jinja": "{{ name }} {{ many }}\n",
    "b.txt": "1\n",
}


@pytest.fixture(autouse=True)
def fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renders in process what these tests compare with Copier themselves; Copier keeps its clones to itself."""
    assume_agreement(monkeypatch)
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "copiers"))
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "settings.yml"))
    (tmp_path / "settings.yml").write_text("{}")


@pytest.fixture
def road(tmp_path: Path) -> Path:
    """Two releases and a pre-release."""
    made = make_road(tmp_path / "road", TEMPLATE)
    evolve(made, {"b.txt": "2\n"}, tag="v2.0.0")
    return evolve(made, {"b.txt": "3\n"}, tag="v3.0.0a1")


def _stamped(road: Path, service: Path, *words: str | Path) -> Path:
    said = paved("new", service, "--road", road, "--defaults", *words)
    assert said.returncode == 0, said.stderr
    return service


def _copied(road: Path, service: Path, **given: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_copy(str(road), service, defaults=True, overwrite=True, quiet=True, settings=Settings(), **given)
    git.process.run("init", "--quiet", service)
    return evolve(service, {}, message="Made by Copier")


@pytest.mark.parametrize("row", [row for row in ROWS if row.typed], ids=lambda row: str(row.name))
def test_the_counterpart_exists(row: Feature) -> None:
    for command in split_commands(row.typed.split()):
        assert unknown_words(command) == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.same], ids=lambda row: str(row.name))
def test_the_option_does_the_same(row: Feature, road: Path, tmp_path: Path) -> None:
    assert row.same is not None
    given, words = row.same
    write_files(tmp_path, {"answers.yml": "name: ours\nmany: [b]\n"})
    mine = _stamped(
        road, tmp_path / "mine", *(str(tmp_path / "answers.yml") if word == "FILE" else word for word in words)
    )
    theirs = _copied(road, tmp_path / "theirs", **given)
    assert contents(mine) == contents(theirs)
    assert _answers(mine) == _answers(theirs)


def _answers(service: Path) -> str:
    return (service / ".copier-answers.yml").read_text().replace("mine", "theirs")


@pytest.mark.parametrize("command", ["copy", "recopy", "update", "check-update"])
def test_every_command_and_option_of_copier_has_a_row(command: str, tmp_path: Path) -> None:
    said = run(sys.executable, "-m", "copier", command, "--help", cwd=tmp_path, env={"COLUMNS": "200"}).stdout
    options = set(re.findall(r"^ {4}(-.*?)(?: [A-Z]+[:=]\S+.*)?(?: {2,}|$)", said, re.MULTILINE))
    names = {name for listed in options for name in listed.split(", ")}
    assert "--quiet" in names
    assert names - {name for row in ROWS for name in row.name.split(", ")} == set()
    assert command in {row.name for row in ROWS if row.part is Part.COMMAND}


def test_every_command_of_copier_has_a_row(tmp_path: Path) -> None:
    said = run(sys.executable, "-m", "copier", "--help", cwd=tmp_path, env={"COLUMNS": "200"}).stdout
    commands = re.findall(r"^ {4}([a-z-]+) {2,}", said.partition("Sub-commands:")[2], re.MULTILINE)
    assert set(commands) == {row.name for row in ROWS if row.part is Part.COMMAND}


def test_every_setting_of_a_person_has_a_row() -> None:
    assert set(Settings.__dataclass_fields__) <= {row.name for row in ROWS if row.part is Part.PERSON}


# -- where paved differs ---------------------------------------------------------------------------------------------


def test_nothing_throws_the_teams_work_away(road: Path, tmp_path: Path) -> None:
    service = _stamped(road, tmp_path / "service", "--ref", "v1.0.0")
    evolve(service, {"b.txt": "ours\n"})
    said = paved("update", service, "--no-base", "--defaults", "--json")
    assert said.returncode == 1
    assert said.envelope["result"]["conflicts"] == ["b.txt"]
    assert "ours" in contents(service)["b.txt"]


def test_status_answers_check_update(road: Path, tmp_path: Path) -> None:
    old, new = _stamped(road, tmp_path / "old", "--ref", "v1.0.0"), _stamped(road, tmp_path / "new")
    told = paved("status", old, "--json")
    assert (told.returncode, told.envelope["result"]["latest"]) == (1, "2.0.0")
    assert paved("status", new).returncode == 0


def test_the_answers_file_is_found(tmp_path: Path) -> None:
    own = {"copier.yml": "_answers_file: .config/own.yml\n_exclude: [copier.yml]\nname: x\n"}
    road = make_road(tmp_path / "road", {**TEMPLATE, **own, "a.txt.jinja": "{{ name }}\n"})
    service = _stamped(road, tmp_path / "service", "--data", "name=ours")
    evolve(road, {"b.txt": "2\n"}, tag="v2.0.0")
    assert paved("update", service, "--defaults").returncode == 0
    assert contents(service) == {
        ".config/own.yml": contents(service)[".config/own.yml"],
        "a.txt": "ours\n",
        "b.txt": "2\n",
    }


def test_a_second_template_has_an_answers_file_of_its_own(road: Path, tmp_path: Path) -> None:
    second = make_road(
        tmp_path / "second", {"copier.yml": "_exclude: [copier.yml]\n", OWN: TEMPLATE[OWN], "c.txt": "1\n"}
    )
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    _stamped(road, mine, "-a", ".first.yml")
    assert paved("adopt", mine, "--road", second, "--defaults", "-a", ".second.yml").returncode == 0
    evolve(mine, {})
    assert paved("update", mine, "--defaults", "-a", ".second.yml", "--commit").returncode == 0
    _copied(road, theirs, answers_file=".first.yml")
    _copied(second, theirs, answers_file=".second.yml")
    evolve(second, {"c.txt": "2\n"}, tag="v2.0.0")
    assert paved("status", mine, "-a", ".first.yml").returncode == 0
    assert paved("status", mine, "-a", ".second.yml").returncode == 1
    assert paved("update", mine, "--defaults", "-a", ".second.yml", "--commit").returncode == 0
    run_update(theirs, answers_file=".second.yml", defaults=True, overwrite=True, quiet=True)
    assert _without_locks(mine) == _without_locks(theirs)
    assert contents(mine)["c.txt"] == "2\n"


def _without_locks(service: Path) -> dict[str, str]:
    return {path: text for path, text in contents(service).items() if not path.endswith(".lock")}


def test_an_update_asks_only_what_is_new(road: Path, tmp_path: Path) -> None:
    service = _stamped(road, tmp_path / "service", "--ref", "v1.0.0", "--data", "name=ours")
    evolve(road, {"copier.yml": TEMPLATE["copier.yml"] + "fresh: {type: str}\n"}, tag="v2.1.0")
    said = paved("update", service, "--defaults")
    assert said.returncode == 2
    assert "'fresh' has no answer" in said.stderr
    assert paved("update", service, "--defaults", "-d", "fresh=x", "-d", "name=again").returncode == 0
    assert contents(service)["a.txt"].startswith("again")


def test_a_failed_creation_leaves_nothing(road: Path, tmp_path: Path) -> None:
    evolve(road, {"c.jinja": "{{ 1 // 0 }}\n"}, tag="v4.0.0")
    assert paved("new", tmp_path / "service", "--road", road, "--defaults").returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".paved", "service"))) == []


def test_an_answer_to_no_question_is_refused(road: Path, tmp_path: Path) -> None:
    said = paved("new", tmp_path / "service", "--road", road, "--defaults", "--data", "nmae=x")
    assert said.returncode == 2
    assert "asks no question 'nmae'" in said.stderr
    evolve(road, {"copier.yml": TEMPLATE["copier.yml"] + "silent: {default: '', when: false}\n"}, tag="v4.0.0")
    _stamped(road, tmp_path / "service", "--data", "silent=x")


def test_nothing_is_written_over(road: Path, tmp_path: Path) -> None:
    service = write_files(tmp_path / "service", {"b.txt": "ours\n"})
    said = paved("new", service, "--road", road, "--defaults")
    assert (said.returncode, contents(service)) == (2, {"b.txt": "ours\n"})
    git.process.run("init", "--quiet", service)
    evolve(service, {})
    assert paved("adopt", service, "--road", road, "--defaults").returncode == 0
    assert contents(service)["b.txt"] == "ours\n"


def test_a_file_that_the_team_deleted_stays_away(road: Path, tmp_path: Path) -> None:
    service = _stamped(road, tmp_path / "service", "--ref", "v2.0.0")
    evolve(service, {"b.txt": None})
    evolve(road, {"c.txt": "c\n", "b.txt": "2\n"}, tag="v4.0.0")
    assert paved("update", service, "--defaults").returncode == 0
    assert sorted(contents(service)) == ["a.txt", "c.txt"]


def test_a_prerelease_is_taken_when_it_is_named(road: Path, tmp_path: Path) -> None:
    service = _stamped(road, tmp_path / "service", "--ref", "v1.0.0")
    assert paved("update", service, "--to", "3.0.0a1", "--defaults").returncode == 0
    assert contents(service)["b.txt"] == "3\n"


def test_a_conflict_is_an_unmerged_file(road: Path, tmp_path: Path) -> None:
    service = _stamped(road, tmp_path / "service", "--ref", "v1.0.0")
    evolve(service, {"b.txt": "ours\n"})
    assert paved("update", service, "--defaults").returncode == 1
    assert git.process.text("diff", "--name-only", "--diff-filter=U", cwd=service) == "b.txt"
    assert sorted(contents(service)) == ["a.txt", "b.txt"]
    assert "ours" in contents(service)["b.txt"]


def test_a_persons_own_settings_are_paveds(road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yml").write_text(f"defaults: {{name: copiers}}\ntrust: ['{road}']\n")
    (tmp_path / "paved.toml").write_text(f"trust = ['{road}']\n[answers]\nname = 'paveds {{{{ 1 }}}}'\n")
    assert contents(_stamped(road, tmp_path / "one"))["a.txt"].startswith("theirs")
    assert not prepare(release(find_template(open_road(load_config({"road": str(road)})), None)), cache=tmp_path).trust
    monkeypatch.setenv("PAVED_CONFIG", str(tmp_path / "paved.toml"))
    assert contents(_stamped(road, tmp_path / "two"))["a.txt"].startswith("paveds {{ 1 }}")
    assert prepare(
        release(find_template(open_road(load_config({"road": str(road)})), None)), cache=tmp_path / "other"
    ).trust
