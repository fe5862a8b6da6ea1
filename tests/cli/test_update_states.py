"""`paved update` in every state a repository, its records and its road can be in: the result and the exit code."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from paved_road import git
from paved_road.git.entries import Mode
from paved_road.testing import evolve, make_road, run, write_files
from tests.terminal import on_a_terminal

Paved = Callable[..., CompletedProcess[str]]

HELLO = "template/hello.txt.jinja"
QUESTIONS = "_subdirectory: template\nname: {type: str, default: world}\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def service(here: Paved, work: Path, greeter: Path) -> Path:
    """A service at release 1.0.0 of a road that has a 1.1.0."""
    assert here("new", "hi", "--road", greeter).returncode == 0
    evolve(greeter, {HELLO: "Hi, {{ name }}!\n", "template/new.txt": "new\n"}, tag="v1.1.0")
    return work / "hi"


def status(directory: Path) -> list[str]:
    return git.process.run("status", "--porcelain", cwd=directory).decode().splitlines()


def is_updated(service: Path) -> bool:
    return (service / "hello.txt").read_text() == "Hi, world!\n" and (service / "new.txt").exists()


def refused(done: CompletedProcess[str], *said: str) -> None:
    """One message, exit 2."""
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    for text in said:
        assert text in done.stderr


# -- the work tree and the repository ------------------------------------------------------------------------------


@pytest.mark.parametrize("staged", [False, True])
def test_a_dirty_tree_is_refused_and_left_alone(here: Paved, service: Path, staged: bool) -> None:
    write_files(service, {"hello.txt": "mine\n"})
    if staged:
        git.process.run("add", "hello.txt", cwd=service)
    refused(here("update", service), "the service has uncommitted changes", "cause: hello.txt", "git stash")
    assert (service / "hello.txt").read_text() == "mine\n"
    assert not (service / "new.txt").exists()


def test_untracked_files_are_in_nobodys_way(here: Paved, service: Path) -> None:
    write_files(service, {"notes.txt": "mine\n"})
    assert here("update", service).returncode == 0
    assert "?? notes.txt" in status(service)


def test_a_detached_head_is_updated_where_it_is(here: Paved, service: Path) -> None:
    git.process.run("checkout", "--quiet", "--detach", cwd=service)
    main = git.resolve(service, "main")
    assert here("update", service, "--commit").returncode == 0
    assert is_updated(service)
    assert git.resolve(service, "main") == main == git.resolve(service, "HEAD~1")
    assert git.process.maybe("symbolic-ref", "--quiet", "HEAD", cwd=service) is None


def test_a_shallow_clone_of_an_edited_service_is_updated(here: Paved, service: Path, work: Path) -> None:
    evolve(service, {"plain.txt": "team\n"})
    git.process.run("clone", "--quiet", "--depth", "1", f"file://{service}", work / "shallow", role=git.PERSON)
    done = here("update", work / "shallow")
    assert done.returncode == 0, done.stderr
    assert is_updated(work / "shallow")
    assert (work / "shallow" / "plain.txt").read_text() == "team\n"


def test_a_linked_worktree_is_updated_and_the_main_one_is_not(here: Paved, service: Path, work: Path) -> None:
    git.process.run("worktree", "add", "--quiet", "-b", "side", work / "linked", cwd=service)
    evolve(work / "linked", {"hello.txt": "Hello, team!\n"})
    assert here("update", work / "linked").returncode == 1
    assert here("status", service).stdout.count("in progress") == 0
    assert here("update", work / "linked", "--abort").returncode == 0
    assert status(work / "linked") == status(service) == []


def test_a_service_that_is_a_submodule_is_updated(here: Paved, service: Path, work: Path) -> None:
    make_road(work / "super", {"README": "super\n"}, tag=None)
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git.process.run(*add, service, "hi", cwd=work / "super", role=git.PERSON)
    evolve(work / "super", {})
    assert here("update", work / "super" / "hi", "--commit").returncode == 0
    assert is_updated(work / "super" / "hi")
    assert status(work / "super") == [" M hi"]


def test_a_service_that_contains_a_submodule_keeps_it(here: Paved, service: Path, work: Path) -> None:
    library = make_road(work / "library", {"README": "library\n"}, tag=None)
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git.process.run(*add, library, "vendor/lib", cwd=service, role=git.PERSON)
    evolve(service, {})
    write_files(service / "vendor" / "lib", {"README": "dirty inside\n"})
    before = git.process.text("ls-tree", "HEAD", "vendor/lib", cwd=service)
    assert here("update", service, "--commit").returncode == 0
    assert git.process.text("ls-tree", "HEAD", "vendor/lib", cwd=service) == before
    assert (service / "vendor" / "lib" / "README").read_text() == "dirty inside\n"
    assert is_updated(service)


def test_a_hook_that_fails_leaves_an_update_that_can_be_continued_or_undone(here: Paved, service: Path) -> None:
    write_files(service, {".git/hooks/pre-commit*": "#!/bin/sh\necho 'lint says no' >&2\nexit 1\n"})
    refused(
        here("update", service, "--commit"),
        "the update is in place, but its commit was refused",
        "cause: lint says no",
        "--continue; or paved update --abort",
    )
    assert is_updated(service)
    (service / ".git/hooks/pre-commit").unlink()
    assert here("update", service, "--continue").returncode == 0
    assert git.process.text("log", "-1", "--format=%s", cwd=service) == "Update hi from 1.0.0 to 1.1.0"


def test_a_commit_that_was_refused_can_be_undone(here: Paved, service: Path) -> None:
    before = git.resolve(service, "HEAD")
    write_files(service, {".git/hooks/commit-msg*": "#!/bin/sh\nexit 1\n"})
    assert here("update", service, "--commit").returncode == 2
    assert here("update", service, "--abort").returncode == 0
    assert (status(service), git.resolve(service, "HEAD")) == ([], before)
    assert not (service / "new.txt").exists()


def test_other_hooks_do_not_run_when_a_branch_is_made(here: Paved, service: Path) -> None:
    write_files(service, {".git/hooks/post-checkout*": "#!/bin/sh\nexit 1\n"})
    assert here("update", service, "--branch", "up").returncode == 0


def test_without_an_identity_a_commit_is_refused_beforehand(
    here: Paved, service: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nobody").write_text("[user]\n    useConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "nobody"))
    refused(here("update", service, "--commit"), "git does not know who commits", "git config --global user.name")
    assert status(service) == []
    assert here("update", service).returncode == 0
    assert is_updated(service)


def test_in_a_monorepo_what_is_dirty_or_staged_elsewhere_stays_so(here: Paved, work: Path, greeter: Path) -> None:
    make_road(work, {"README": "monorepo\n", "other/a": "1\n", "other/b": "1\n"}, tag=None)
    assert here("new", "services/hi", "--road", greeter).returncode == 0
    assert here("new", "services/hi2", "--road", greeter).returncode == 0
    evolve(work, {})
    evolve(greeter, {HELLO: "Hi, {{ name }}!\n", "template/new.txt": "new\n"}, tag="v1.1.0")
    write_files(work, {"other/a": "dirty\n", "other/b": "staged\n", "services/hi2/hello.txt": "dirty\n"})
    git.process.run("add", "other/b", cwd=work)
    elsewhere = [" M other/a", "M  other/b", " M services/hi2/hello.txt"]
    assert status(work) == elsewhere
    assert here("update", work / "services" / "hi", "--commit").returncode == 0
    assert is_updated(work / "services" / "hi")
    assert status(work) == elsewhere
    committed = git.process.text("show", "--name-only", "--format=", "HEAD", cwd=work).splitlines()
    assert all(path.startswith("services/hi/") for path in committed)


def test_two_services_of_a_monorepo_can_be_in_an_update_at_once(here: Paved, work: Path, greeter: Path) -> None:
    make_road(work, {"README": "monorepo\n"}, tag=None)
    for name in ("a", "a%2Fb", "a/b"):
        assert here("new", name, "--road", greeter).returncode == 0
    evolve(work, {"a/hello.txt": "A!\n", "a%2Fb/hello.txt": "AB!\n", "a/b/hello.txt": "B!\n"})
    evolve(greeter, {HELLO: "Hi, {{ name }}!\n"}, tag="v1.1.0")
    assert here("update", work / "a%2Fb").returncode == 1
    assert here("update", work / "a/b").returncode == 1
    for name in ("a%2Fb", "a/b"):
        assert here("update", work / name, "--abort").returncode == 0
    assert status(work) == []


# -- the records ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: [\n", ("is not YAML", "stash push -- .copier-answers.yml")),
        ("- a list\n", ("does not map questions to answers", "diff HEAD -- .copier-answers.yml")),
        ("", ("does not map questions to answers", "it is empty")),
        (
            "<<<<<<< HEAD\nx: 1\n=======\nx: 2\n>>>>>>> b\n",
            ("markers of a merge conflict", "--continue"),
        ),
        (None, ("cannot read", "checkout -- .copier-answers.yml restores it")),
    ],
)
def test_answers_edited_into_nonsense_are_refused(
    here: Paved, service: Path, content: str | None, said: tuple[str, ...]
) -> None:
    evolve(service, {".copier-answers.yml": content})
    refused(here("update", service), *said)
    assert not (service / "new.txt").exists()


@pytest.mark.parametrize("content", [None, "", "<<<<<<< HEAD\n_src_path: x\n=======\n_src_path: y\n>>>>>>> b\n"])
def test_status_has_no_answer_without_readable_answers_and_drift_says_so(
    here: Paved, service: Path, content: str | None
) -> None:
    evolve(service, {".copier-answers.yml": content})
    refused(here("status", service), str(service / ".copier-answers.yml"), "hint: ")
    drift = here("drift", service)
    assert (drift.returncode, f"{service / '.copier-answers.yml'}" in drift.stderr) == (0, True), drift.stderr


def test_every_answer_that_the_release_refuses_is_named_at_once_and_why(
    here: Paved, service: Path, greeter: Path
) -> None:
    more = f"{QUESTIONS}port: {{type: int, default: 80}}\nkind: {{type: str, default: a, choices: [a, b]}}\n"
    evolve(greeter, {"copier.yml": more}, tag="v1.2.0")
    assert here("update", service, "--commit").returncode == 0
    stricter = more.replace("default: 80", "default: 9000, validator: '{% if port < 1024 %}too low{% endif %}'")
    stricter = stricter.replace("default: a, choices: [a, b]", "default: c, choices: [c, d]")
    evolve(greeter, {"copier.yml": stricter}, tag="v1.3.0")
    said = ("release 1.3.0 does not take the recorded answers to 'port': 80, 'kind': 'a'", "port: too low")
    refused(here("update", service), *said, "kind: choose from c, d", "--data port=VALUE --data kind=VALUE")
    refused(here("update", service, "--data", "port=8000"), "the recorded answer to 'kind': 'a'", "cause: choose from")
    assert here("update", service, "--data", "port=8000", "--data", "kind=d").returncode == 0


def test_a_refused_answer_to_a_question_without_a_default_is_told_as_such(
    here: Paved, service: Path, greeter: Path
) -> None:
    evolve(greeter, {"copier.yml": f"{QUESTIONS}kind: {{type: str, default: a}}\n"}, tag="v1.2.0")
    assert here("update", service, "--commit").returncode == 0
    evolve(greeter, {"copier.yml": f"{QUESTIONS}kind: {{type: str, choices: [c, d]}}\n"}, tag="v1.3.0")
    refused(here("update", service), "the recorded answer is no longer valid: choose from c, d", "--data kind=VALUE")


def test_an_answer_that_is_none_any_more_is_not_silently_the_default(here: Paved, service: Path, greeter: Path) -> None:
    more = f"{QUESTIONS}port: {{type: int, default: 80}}\n"
    evolve(greeter, {"copier.yml": more}, tag="v1.2.0")
    assert here("update", service, "--commit").returncode == 0
    answers = (service / ".copier-answers.yml").read_text()
    evolve(service, {".copier-answers.yml": answers.replace("port: 80", "port: eighty")})
    refused(here("update", service), "'port'", "eighty", "--data port=VALUE")
    assert here("update", service, "--data", "port=81", "--commit").returncode == 0
    assert "port: 81" in (service / ".copier-answers.yml").read_text()


LOCKS: dict[str, Callable[[dict[str, object]], object]] = {
    "no JSON": lambda _: "{",
    "merge markers": lambda lock: f"<<<<<<< a\n{json.dumps(lock)}\n=======\n>>>>>>> b\n",
    "a list": lambda _: [],
    "another format": lambda lock: lock | {"lock": 99},
    "no version": lambda lock: {key: value for key, value in lock.items() if key != "version"},
    "a version that is none": lambda lock: lock | {"version": 1.0},
    "files that are none": lambda lock: lock | {"files": {"hello.txt": "nonsense"}},
    "a blob that is none": lambda lock: lock | {"files": {"hello.txt": "100644 zz shared"}},
    "a path outside": lambda lock: lock | {"files": {"../x": f"100644 {'0' * 40} shared"}},
    "answers outside": lambda lock: lock | {"answers": "../../etc/passwd"},
}


@pytest.mark.parametrize("nonsense", LOCKS)
@pytest.mark.parametrize("command", ["update", "status", "drift"])
def test_a_lock_edited_into_nonsense_is_refused(here: Paved, service: Path, nonsense: str, command: str) -> None:
    content = LOCKS[nonsense](json.loads((service / ".paved-road.lock").read_text()))
    evolve(service, {".paved-road.lock": content if isinstance(content, str) else json.dumps(content)})
    refused(here(command, service), ".paved-road.lock", "hint: ")


def test_a_lock_with_other_blobs_is_found_out_and_that_file_has_no_base(here: Paved, service: Path) -> None:
    lock = json.loads((service / ".paved-road.lock").read_text())
    lock["files"]["hello.txt"] = f"100644 {'1' * 40} shared"
    evolve(service, {".paved-road.lock": json.dumps(lock)})
    done = here("update", service)
    assert (done.returncode, git.unmerged_files(service)) == (1, ["hello.txt"])
    assert "1.0.0 no longer renders hello.txt as it did" in done.stderr


@pytest.mark.parametrize("where", ["nothing here", "no service", "no repository"])
def test_a_folder_that_is_no_service_is_refused(here: Paved, work: Path, where: str) -> None:
    path = work / "x"
    if where == "no service":
        make_road(path, {"README": "x\n"}, tag=None)
    elif where == "no repository":
        write_files(path, {"README": "x\n"})
    refused(here("update", path), "hint: ")


# -- the road ------------------------------------------------------------------------------------------------------


def test_an_unknown_version_names_the_nearest(here: Paved, service: Path) -> None:
    refused(here("update", service, "--to", "1.1.1"), "no release '1.1.1'", "did you mean 1.1.0")
    assert status(service) == []


def test_a_downgrade_is_refused_with_the_way_back(here: Paved, service: Path) -> None:
    assert here("update", service, "--commit").returncode == 0
    refused(here("update", service, "--to", "1.0.0"), "1.0.0 comes before 1.1.0", "git revert")


def test_a_service_ahead_of_the_latest_release_is_not_taken_back(here: Paved, work: Path, greeter: Path) -> None:
    evolve(greeter, {HELLO: "Main, {{ name }}!\n"})
    assert here("new", "ahead", "--road", greeter, "--ref", "main").returncode == 0
    done = here("update", work / "ahead")
    assert (done.returncode, "up to date" in done.stdout) == (0, True)
    assert here("status", work / "ahead").returncode == 0
    assert here("update", work / "ahead", "--data", "name=x").returncode == 0
    assert (work / "ahead" / "hello.txt").read_text() == "Main, x!\n"


def test_a_deleted_road_is_told(here: Paved, service: Path, greeter: Path) -> None:
    greeter.rename(greeter.with_name("elsewhere"))
    refused(here("update", service), "no road at", "--road URL")
    assert status(service) == []


def test_a_road_that_moved_and_lost_its_past_needs_only_the_services_own_objects(
    here: Paved, service: Path, greeter: Path, tmp_path: Path
) -> None:
    moved = reborn(greeter, tmp_path / "moved")
    done = here("update", service, "--road", moved)
    assert done.returncode == 0, done.stderr
    assert is_updated(service)
    assert json.loads((service / ".paved-road.lock").read_text())["road"] == str(moved)


def test_a_base_that_is_gone_is_told_and_every_difference_becomes_a_conflict(
    here: Paved, service: Path, greeter: Path, work: Path, tmp_path: Path
) -> None:
    evolve(service, {"hello.txt": "Hello, team!\n"})
    git.process.run("clone", "--quiet", "--depth", "1", f"file://{service}", work / "shallow", role=git.PERSON)
    moved = reborn(greeter, tmp_path / "moved")
    done = here("update", work / "shallow", "--road", moved)
    refused(done, "the release 1.0.0 that the service comes from is gone", "paved update --no-base")
    done = here("update", work / "shallow", "--road", moved, "--no-base")
    assert done.returncode == 1
    assert git.unmerged_files(work / "shallow") == ["hello.txt"]
    assert "Hello, team!" in (work / "shallow" / "hello.txt").read_text()
    assert (work / "shallow" / "new.txt").exists()


def reborn(road: Path, directory: Path) -> Path:
    """The road's files as they are, in a repository without their history."""
    files: dict[str, str | bytes | None] = {}
    for path, entry in git.list_tree(road, "HEAD").items():
        files[path + ("*" if entry.mode is Mode.EXECUTABLE else "")] = (road / path).read_bytes()
    return make_road(directory, files, tag="v1.1.0")


# -- questions -----------------------------------------------------------------------------------------------------

NEW_QUESTION = f"{QUESTIONS}tone: {{type: str, help: How to greet, default: warm}}\n"
NO_DEFAULT = f"{QUESTIONS}tone: {{type: str, help: How to greet}}\n"


def answers(service: Path) -> dict[str, object]:
    record = yaml.safe_load((service / ".copier-answers.yml").read_text())
    return {key: value for key, value in record.items() if not key.startswith("_")}


def test_a_new_question_with_a_default_takes_it_where_nobody_can_be_asked(
    here: Paved, service: Path, greeter: Path
) -> None:
    evolve(greeter, {"copier.yml": NEW_QUESTION}, tag="v1.2.0")
    assert here("update", service).returncode == 0
    assert answers(service) == {"name": "world", "tone": "warm"}


def test_a_new_question_without_a_default_names_the_flag(here: Paved, service: Path, greeter: Path) -> None:
    evolve(greeter, {"copier.yml": NO_DEFAULT}, tag="v1.2.0")
    said = ("'tone' has no answer (How to greet)", "cause: it has no default", "hint: --data tone=VALUE")
    refused(here("update", service), *said)
    assert status(service) == []
    assert here("update", service, "--data", "tone=cold").returncode == 0
    assert answers(service)["tone"] == "cold"


@pytest.mark.parametrize("question", [NEW_QUESTION, NO_DEFAULT])
def test_on_a_terminal_only_the_new_question_is_asked(here: Paved, service: Path, greeter: Path, question: str) -> None:
    evolve(greeter, {"copier.yml": question}, tag="v1.2.0")
    code, shown = on_a_terminal([sys.executable, "-m", "paved_road", "update", service], service, ["cold", ""])
    assert code == 0, shown
    assert "How to greet" in shown
    assert "name" not in shown.split("How to greet")[0]
    assert answers(service) == {"name": "world", "tone": "cold"}


def test_an_answer_that_is_none_any_more_is_asked_for_on_a_terminal(here: Paved, service: Path, greeter: Path) -> None:
    narrower = f"{QUESTIONS.replace('default: world', 'default: you, choices: [you, me]')}"
    evolve(greeter, {"copier.yml": narrower}, tag="v1.2.0")
    code, shown = on_a_terminal([sys.executable, "-m", "paved_road", "update", service], service, ["2", ""])
    assert code == 0, shown
    assert answers(service) == {"name": "me"}


def test_what_changes_while_a_person_is_asked_is_not_written_over(here: Paved, service: Path, greeter: Path) -> None:
    evolve(greeter, {"copier.yml": NO_DEFAULT}, tag="v1.2.0")
    program = f"""
import pathlib, sys
from paved_road import cli
from paved_road.ask.lines import Lines

def edit_meanwhile(person, question):
    pathlib.Path({str(service / "hello.txt")!r}).write_text("edited meanwhile")
    return "cold" if question.prompt.name else True

Lines.ask = edit_meanwhile
sys.exit(cli.main(["update", {str(service)!r}]))
"""
    code, shown = on_a_terminal([sys.executable, "-c", program], service, [])
    assert code == 2, shown
    assert "the service has uncommitted changes" in shown
    assert (service / "hello.txt").read_text() == "edited meanwhile"
    assert not (service / ".git" / "paved-update").exists()


# -- plain Copier --------------------------------------------------------------------------------------------------


def copier(*words: str | Path, cwd: Path) -> None:
    done = run(sys.executable, "-m", "copier", *words, "--defaults", "--quiet", cwd=cwd)
    assert done.returncode == 0, done.stderr


def test_a_service_made_by_plain_copier_is_updated_and_copier_still_works_on_it(
    here: Paved, work: Path, greeter: Path
) -> None:
    work.mkdir(exist_ok=True)
    copier("copy", greeter, "plain", cwd=work)
    service = work / "plain"
    git.process.run("init", "--quiet", service)
    evolve(service, {})
    evolve(service, {"plain.txt": "{{ not rendered }}\nteam\n"})
    evolve(greeter, {HELLO: "Hi, {{ name }}!\n"}, tag="v1.1.0")
    done = here("update", service, "--commit")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1.0.0 -> 1.1.0\n")
    assert (service / "hello.txt").read_text() == "Hi, world!\n"
    assert (service / ".paved-road.lock").exists()
    assert here("status", service).returncode == 0
    evolve(greeter, {HELLO: "Hej, {{ name }}!\n"}, tag="v1.2.0")
    copier("update", cwd=service)
    assert (service / "hello.txt").read_text() == "Hej, world!\n"
    assert (service / "plain.txt").read_text() == "{{ not rendered }}\nteam\n"


def test_a_road_that_cannot_be_written_and_a_cache_that_cannot_be_made_do_not_matter(
    here: Paved, service: Path, greeter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAVED_CACHE", "/proc/nobody")
    assert here("update", service).returncode == 0
    assert is_updated(service)
    assert os.access(service / "run.sh", os.X_OK)
    assert stat.S_ISREG((service / "run.sh").stat().st_mode)


def test_a_sparse_partial_clone_lacks_what_an_update_needs(
    greeter: Path, here: Paved, work: Path, service: Path
) -> None:
    write_files(service, {"sub/deep.txt": "1\n2\n3\n4\nmine\n"})
    evolve(service, {})
    git.process.run("config", "uploadpack.allowFilter", "true", cwd=service)
    clone = work / "partial"
    git.process.run("clone", "--quiet", "--filter=blob:none", "--sparse", f"file://{service}", clone, role=git.PERSON)
    assert not (clone / "sub").exists()
    done = here("update", clone)
    assert done.returncode == 2
    assert "does not have the content of" in done.stderr
    assert "git archive HEAD" in done.stderr
    assert git.process.run("status", "--porcelain", cwd=clone) == b""
    git.process.run("archive", "--output", work / "all.tar", "HEAD", cwd=clone, role=git.PERSON)
    done = here("update", clone)
    assert done.returncode == 0, done.stderr
    assert git.read_objects(clone, [":sub/deep.txt"]) == [b"1\n2\n3\n4\nmine\n"]
