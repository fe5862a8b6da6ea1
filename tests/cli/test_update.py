"""`paved update`: the commands as a stranger types them, and the states a repository can be in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import git
from paved_road.testing import evolve, write_files

Paved = Callable[..., CompletedProcess[str]]
PavedJson = Callable[..., dict[str, Any]]

HELLO = "template/hello.txt.jinja"


@pytest.fixture
def service(here: Paved, tmp_path: Path, greeter: Path) -> Path:
    """A service stamped from release 1.0.0 of the greeter."""
    evolve(greeter, {"template/long.txt": lines(), "CHANGELOG.md": "# Changes\n\n## 1.0.0\n\nThe first.\n"})
    git.process.run("tag", "--force", "v1.0.0", cwd=greeter)
    assert here("new", "hi", "--road", greeter).returncode == 0
    return tmp_path / "work" / "hi"


@pytest.fixture
def newer(greeter: Path, service: Path) -> Path:
    """The greeter with a release 1.1.0, and a 1.2.0 that says more about it."""
    first = {
        HELLO: "Hi, {{ name }}!\n",
        "CHANGELOG.md": "# Changes\n\n## 1.1.0\n\n- Shorter greetings.\n\n## 1.0.0\n\nThe first.\n",
    }
    second = {
        "template/new.txt": "new\n",
        "CHANGELOG.md": "# Changes\n\n## [1.2.0] - 2026-11-01\n\n- A new file.\n\n" + first["CHANGELOG.md"][11:],
    }
    evolve(greeter, first, tag="v1.1.0")
    return evolve(greeter, second, tag="v1.2.0")


def lines(**changed: str) -> str:
    """Twenty lines; `line3="x"` changes the third."""
    return "".join(changed.get(f"line{number}", f"line {number}") + "\n" for number in range(1, 21))


def read(service: Path, path: str = "hello.txt") -> str:
    return (service / path).read_text()


def status(directory: Path) -> list[str]:
    return git.process.run("status", "--porcelain", cwd=directory).decode().splitlines()


def fingerprint(*directories: Path) -> str:
    """Every path, mode and content below these folders."""
    digest = hashlib.sha256()
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            facts = path.lstat()
            digest.update(f"{path} {facts.st_mode} {facts.st_mtime_ns}".encode())
            digest.update(os.readlink(path).encode() if path.is_symlink() else b"")
            digest.update(path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
    return digest.hexdigest()


# -- what is told --------------------------------------------------------------------------------------------------


def test_an_update_shows_the_releases_it_passes_and_what_became_of_each_file(
    paved: Paved, service: Path, newer: Path
) -> None:
    done = paved("update", service)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout
    assert said.startswith("1.0.0 -> 1.2.0\n")
    assert said.index("- A new file.") < said.index("- Shorter greetings.")
    assert "The first." not in said
    assert "  updated     hello.txt\n" in said
    assert "  added       new.txt\n" in said
    assert "updated to 1.2.0; review it with git diff --cached, then git commit" in said
    assert read(service) == "Hi, world!\n"
    assert status(service) == ["M  .copier-answers.yml", "M  .paved-road.lock", "M  hello.txt", "A  new.txt"]


def test_an_update_again_has_nothing_to_do(here: Paved, service: Path, newer: Path) -> None:
    assert here("update", service, "--commit").returncode == 0
    done = here("update", service)
    assert (done.returncode, done.stdout) == (0, "up to date with greeter 1.2.0\n")
    assert status(service) == []


def test_an_update_goes_to_the_named_release(here: Paved, service: Path, newer: Path) -> None:
    done = here("update", service, "--to", "1.1.0")
    assert done.returncode == 0
    assert done.stdout.startswith("1.0.0 -> 1.1.0\n")
    assert "A new file" not in done.stdout
    assert not (service / "new.txt").exists()


def test_a_team_edit_and_the_roads_change_are_merged(here: Paved, service: Path, greeter: Path) -> None:
    evolve(service, {"long.txt": lines(line2="team")})
    evolve(greeter, {"template/long.txt": lines(line18="road")}, tag="v1.1.0")
    done = here("update", service)
    assert done.returncode == 0
    assert "  merged      long.txt\n" in done.stdout
    assert read(service, "long.txt") == lines(line2="team", line18="road")


def test_an_update_commits_when_asked_to(here: Paved, service: Path, newer: Path) -> None:
    done = here("update", service, "--commit")
    assert done.returncode == 0
    assert git.process.text("log", "-1", "--format=%s", cwd=service) == "Update hi from 1.0.0 to 1.2.0"
    assert git.process.text("rev-parse", "--short=10", "HEAD", cwd=service) in done.stdout
    assert status(service) == []


def test_an_update_commits_on_a_new_branch(here: Paved, service: Path, newer: Path) -> None:
    before = git.resolve(service, "main")
    assert here("update", service, "--branch", "paved/1.2.0").returncode == 0
    assert git.process.text("symbolic-ref", "--short", "HEAD", cwd=service) == "paved/1.2.0"
    assert git.resolve(service, "main") == before == git.resolve(service, "HEAD~1")
    assert status(service) == []


@pytest.mark.parametrize(
    ("branch", "said"), [("main", "the branch 'main' already exists"), ("a..b", "not a valid branch name")]
)
def test_a_branch_that_cannot_be_made_is_refused_before_anything_happens(
    here: Paved, service: Path, newer: Path, branch: str, said: str
) -> None:
    done = here("update", service, "--branch", branch)
    assert done.returncode == 2
    assert said in done.stderr
    assert status(service) == []


def test_json_has_what_the_text_shows(paved_json: PavedJson, service: Path, newer: Path) -> None:
    result = paved_json("update", service)["result"]
    assert (result["from"], result["to"], result["conflicts"], result["commit"]) == ("1.0.0", "1.2.0", [], None)
    assert {"path": "new.txt", "outcome": "added", "detail": ""} in result["changes"]
    assert "Shorter greetings" in result["changelog"]


def test_an_answer_changes_on_the_way_and_edits_move_along(here: Paved, service: Path, greeter: Path) -> None:
    evolve(greeter, {"template/{{ name }}/long.txt": lines(), "template/long.txt": None}, tag="v1.1.0")
    assert here("update", service, "--commit").returncode == 0
    evolve(service, {"world/long.txt": lines(line5="team")})
    done = here("update", service, "--data", "name=moon")
    assert done.returncode == 0, done.stderr
    assert not (service / "world").exists()
    assert read(service, "moon/long.txt") == lines(line5="team")
    assert "name: moon" in read(service, ".copier-answers.yml")


# -- the dry run ---------------------------------------------------------------------------------------------------


def test_a_dry_run_leaves_not_one_byte(here: Paved, service: Path, newer: Path, tmp_path: Path) -> None:
    evolve(service, {"hello.txt": "Hello, team!\n"})
    cache = Path(os.environ["PAVED_CACHE"])
    here("update", service, "--dry-run")  # the first look at a release is remembered in the cache
    before = fingerprint(service, newer, cache)
    assert here("update", service, "--dry-run").returncode == 1
    assert fingerprint(service, newer, cache) == before


def test_a_dry_run_shows_the_exact_difference_and_ends_as_the_real_run(here: Paved, service: Path, newer: Path) -> None:
    dry = here("update", service, "--dry-run", "--diff")
    assert "-Hello, world!\n+Hi, world!\n" in dry.stdout
    assert "note: nothing was changed" in dry.stderr
    real = here("update", service)
    assert dry.returncode == real.returncode == 0
    diff = git.process.run("diff", "--cached", "--no-color", "-M", "--full-index", cwd=service).decode()
    assert dry.stdout.startswith("1.0.0 -> 1.2.0\n1 added, 3 updated\n")
    shown = dry.stdout[dry.stdout.index("diff --git") :]
    assert [line for line in shown.splitlines() if line[:1] in "+-"] == [
        line for line in diff.splitlines() if line[:1] in "+-"
    ]


def test_a_dry_run_predicts_the_conflicts(paved_json: PavedJson, service: Path, newer: Path) -> None:
    evolve(service, {"hello.txt": "Hello, team!\n"})
    dry, real = paved_json("update", service, "--dry-run"), paved_json("update", service)
    assert dry["exit_code"] == real["exit_code"] == 1
    assert dry["result"]["conflicts"] == real["result"]["conflicts"] == ["hello.txt"]
    assert "+<<<<<<< hi" in dry["result"]["diff"]


# -- conflicts, on and back ----------------------------------------------------------------------------------------


@pytest.fixture
def conflict(here: Paved, service: Path, newer: Path) -> Path:
    """A service in whose update there is something to decide."""
    evolve(service, {"hello.txt": "Hello, team!\n"})
    done = here("update", service)
    assert done.returncode == 1
    assert done.stdout.endswith("\nTo undo the update instead: paved update hi --abort\n")
    return service


def test_a_conflict_is_an_unmerged_file_as_git_knows_it(conflict: Path) -> None:
    assert "UU hello.txt" in status(conflict)
    assert read(conflict).splitlines() == [
        "<<<<<<< hi",
        "Hello, team!",
        "||||||| greeter-1.0.0",
        "Hello, world!",
        "=======",
        "Hi, world!",
        ">>>>>>> greeter-1.2.0",
    ]


def test_an_update_continues_after_a_conflict_is_resolved(here: Paved, conflict: Path) -> None:
    write_files(conflict, {"hello.txt": "Hi, team!\n"})
    done = here("update", conflict, "--continue")
    assert (done.returncode, "    hi/hello.txt\n      not added yet\n" in done.stdout) == (1, True)
    git.process.run("add", "hello.txt", cwd=conflict)
    done = here("update", conflict, "--continue", "--commit")
    assert done.returncode == 0, done.stderr
    assert read(conflict) == "Hi, team!\n"
    assert git.process.text("log", "-1", "--format=%s", cwd=conflict) == "Update hi from 1.0.0 to 1.2.0"
    assert here("update", conflict).stdout == "up to date with greeter 1.2.0\n"


def test_a_file_added_with_markers_is_not_resolved(here: Paved, conflict: Path) -> None:
    git.process.run("add", "hello.txt", cwd=conflict)
    assert here("update", conflict, "--continue").returncode == 1


@pytest.mark.parametrize("marker", ["<<<<<<< ", "||||||| ", ">>>>>>> "])
def test_a_single_marker_that_is_left_is_found(here: Paved, conflict: Path, marker: str) -> None:
    lines = read(conflict).splitlines(keepends=True)
    left = next(line for line in lines if line.startswith(marker))
    write_files(conflict, {"hello.txt": f"Hi, team!\n{left}"})
    git.process.run("add", "hello.txt", cwd=conflict)
    done = here("update", conflict, "--continue")
    assert done.returncode == 1
    assert "hello.txt:2" in done.stdout + done.stderr


def test_options_are_remembered_over_a_conflict(here: Paved, service: Path, newer: Path) -> None:
    evolve(service, {"hello.txt": "Hello, team!\n"})
    assert here("update", service, "--branch", "up").returncode == 1
    write_files(service, {"hello.txt": "Hi, team!\n"})
    git.process.run("add", "hello.txt", cwd=service)
    assert here("update", service, "--continue").returncode == 0
    assert git.process.text("symbolic-ref", "--short", "HEAD", cwd=service) == "up"
    assert status(service) == []


def test_an_abort_puts_everything_back_and_keeps_what_a_person_did(here: Paved, conflict: Path) -> None:
    write_files(conflict, {"hello.txt": "an hour of work\n", "mine.txt": "untracked\n"})
    done = here("update", conflict, "--abort")
    assert done.returncode == 0
    assert status(conflict) == ["?? mine.txt"]
    assert read(conflict) == "Hello, team!\n"
    kept = done.stderr.split("git show ")[1].strip()
    assert git.process.run("show", f"{kept}:hello.txt", cwd=conflict) == b"an hour of work\n"
    assert here("update", conflict, "--abort").returncode == 2


def test_an_update_in_progress_is_reported_and_blocks_others(here: Paved, conflict: Path) -> None:
    done = here("update", conflict)
    assert done.returncode == 2
    assert "an update is in progress" in done.stderr
    assert f"cause: it was started in {conflict} and is not finished" in done.stderr
    assert "hint: paved update --continue, or paved update --abort" in done.stderr
    told = here("status", conflict)
    assert told.returncode == 1
    assert "an update to 1.2.0 is in progress" in told.stdout
    assert "the latest" not in told.stdout


def test_drift_of_a_service_that_is_being_updated_is_no_clean_answer(here: Paved, conflict: Path) -> None:
    for words in ((), ("--all",), ("--json",)):
        done = here("drift", conflict, *words)
        assert done.returncode == 1
        assert "an update to 1.2.0 is in progress: paved update hi --continue, or --abort" in done.stdout + done.stderr
        assert "no drift" not in done.stdout
    assert here("update", conflict, "--abort").returncode == 0
    assert here("drift", conflict).stdout == "no drift\n"


@pytest.mark.parametrize("word", ["--continue", "--abort"])
def test_there_is_nothing_to_continue_or_abort(here: Paved, service: Path, word: str) -> None:
    done = here("update", service, word)
    assert (done.returncode, "no update is in progress" in done.stderr) == (2, True)


def test_an_update_that_was_committed_by_hand_is_ended_by_continue(here: Paved, conflict: Path) -> None:
    write_files(conflict, {"hello.txt": "Hi, team!\n"})
    git.process.run("add", "hello.txt", cwd=conflict)
    git.process.run("commit", "--quiet", "-m", "by hand", cwd=conflict)
    done = here("update", conflict, "--abort")
    assert (done.returncode, "--continue ends the update" in done.stderr) == (2, True)
    assert here("update", conflict, "--continue").returncode == 0
    assert status(conflict) == []


def test_an_untracked_file_in_the_way_is_left_alone(here: Paved, service: Path, newer: Path) -> None:
    write_files(service, {"new.txt": "mine\n"})
    done = here("update", service)
    assert done.returncode == 1
    assert "new.txt" in done.stdout
    assert read(service, "new.txt") == "mine\n"
    assert here("update", service, "--abort").returncode == 0
    assert read(service, "new.txt") == "mine\n"
    assert status(service) == ["?? new.txt"]


# -- an update of answers alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["--commit", "--branch=new"])
def test_an_update_of_answers_alone_says_so(here: Paved, service: Path, newer: Path, how: str) -> None:
    assert here("update", service, "--commit").returncode == 0
    done = here("update", service, "--data", "name=moon", how)
    assert done.stdout.startswith("1.2.0 -> 1.2.0\ngreeter 1.2.0, answers changed: name\n")
    assert git.process.text("log", "-1", "--format=%s", cwd=service) == "Change answers of hi: name"


def test_an_update_to_a_release_with_another_answer_is_one_to_the_release(
    here: Paved, service: Path, newer: Path
) -> None:
    done = here("update", service, "--data", "name=moon", "--commit")
    assert "answers changed" not in done.stdout
    assert git.process.text("log", "-1", "--format=%s", cwd=service) == "Update hi from 1.0.0 to 1.2.0"


def test_another_order_of_the_answers_is_no_update(here: Paved, service: Path) -> None:
    answers = read(service, ".copier-answers.yml")
    first, *rest = answers.splitlines(keepends=True)
    head = [first] if first.startswith("#") else []
    others = rest if head else [first, *rest]
    evolve(service, {".copier-answers.yml": "".join([*head, *reversed(others)])})
    done = here("update", service, "--defaults")
    assert done.stdout.startswith("up to date"), done
    assert status(service) == []


# -- a clean update is taken back --------------------------------------------------------------------------------------


def test_the_hint_takes_a_staged_update_back(here: Paved, service: Path, newer: Path) -> None:
    write_files(service, {"untracked.txt": "mine\n"})
    assert here("update", service).returncode == 0
    done = here("update", service, "--abort")
    assert done.returncode == 2
    assert "the last one had no conflicts, so it is over; its changes are staged" in done.stderr
    command = done.stderr.partition("hint: ")[2].partition(" sets")[0]
    assert command == "git stash"
    who = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    git.process.run(*who, *command.split()[1:], cwd=service, role=git.PERSON)
    assert status(service) == ["?? untracked.txt"]
    assert here("update", service).stdout.startswith("1.0.0 -> 1.2.0\n")
    git.process.run("stash", "push", "--quiet", cwd=service, role=git.PERSON)
    assert "hint: paved update" in here("update", service, "--abort").stderr


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--offline", "--fetch"),
        ("update", "--dry-run", "--commit"),
        ("update", "--dry-run", "--branch", "new"),
    ],
)
def test_contradicting_options_are_refused(here: Paved, service: Path, words: tuple[str, ...]) -> None:
    command, *options = words
    done = here(command, service, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be combined" in done.stderr
