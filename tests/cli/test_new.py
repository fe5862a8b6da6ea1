from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from paved_road import git
from paved_road.testing import PATIENCE, evolve, make_road, run, write_files
from tests.terminal import on_a_terminal

Paved = Callable[..., CompletedProcess[str]]
PavedJson = Callable[..., dict[str, Any]]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def test_a_service_is_stamped_committed_and_told_about(paved: Paved, work: Path, greeter: Path) -> None:
    done = paved("new", "hi", "--road", greeter)
    assert (done.returncode, done.stderr) == (0, "")
    assert "stamped hi from greeter 1.0.0: 5 files" in done.stdout
    assert "  cd hi\n" in done.stdout
    service = work / "hi"
    assert (service / "hello.txt").read_text() == "Hello, world!\n"
    assert os.access(service / "run.sh", os.X_OK)
    assert git.process.text("status", "--porcelain", cwd=service) == ""
    assert git.process.text("log", "--format=%s", cwd=service) == "Stamp hi from greeter 1.0.0"
    assert [path.name for path in work.iterdir()] == ["hi"]


def test_the_lock_names_the_release_and_every_pristine_file(paved: Paved, work: Path, greeter: Path) -> None:
    paved("new", "hi", "--road", greeter)
    lock = json.loads((work / "hi" / ".paved-road.lock").read_text())
    assert (lock["template"], lock["version"], lock["commit"]) == ("greeter", "1.0.0", git.resolve(greeter, "HEAD"))
    listed = {path: f"{entry.mode} {entry.blob}" for path, entry in git.list_tree(work / "hi", "HEAD").items()}
    own = {".paved-road.lock", ".copier-answers.yml"}
    assert lock["files"] == {path: f"{facts} shared" for path, facts in listed.items() if path not in own}


def test_answers_are_copiers_and_plain_copier_can_update_the_service(paved: Paved, work: Path, greeter: Path) -> None:
    paved("new", "hi", "--road", greeter, "--data", "name=Ada")
    record = yaml.safe_load((work / "hi" / ".copier-answers.yml").read_text())
    assert record == {"_src_path": str(greeter), "_commit": "v1.0.0", "name": "Ada"}
    evolve(greeter, {"template/hello.txt.jinja": "Hi, {{ name }}!\n"}, tag="v1.1.0")
    copier = [sys.executable, "-m", "copier", "update", "--defaults", "--quiet"]
    subprocess.run(copier, cwd=work / "hi", check=True, env=git.environment(), capture_output=True)
    assert (work / "hi" / "hello.txt").read_text() == "Hi, Ada!\n"


def test_a_remote_road_is_fetched_and_its_url_recorded(paved: Paved, work: Path, greeter: Path) -> None:
    assert paved("new", "hi", "--road", f"file://{greeter}").returncode == 0
    record = yaml.safe_load((work / "hi" / ".copier-answers.yml").read_text())
    assert record["_src_path"] == f"git+file://{greeter}"
    assert (work / "hi" / "hello.txt").read_text() == "Hello, world!\n"


def test_a_pinned_release_that_is_in_the_cache_needs_no_road(paved: Paved, work: Path, greeter: Path) -> None:
    evolve(greeter, {"template/hello.txt.jinja": "New\n"}, tag="v2.0.0")
    url = f"file://{greeter}"
    assert paved("new", "a", "--road", url).returncode == 0
    greeter.rename(greeter.with_name("unplugged"))
    done = paved("new", "b", "--road", url, "--ref", "1.0.0")
    assert done.returncode == 0
    assert (work / "b" / "hello.txt").read_text() == "Hello, world!\n"


def test_answers_come_from_a_file_and_data_goes_before_it(paved: Paved, work: Path, greeter: Path) -> None:
    (work / "answers.yml").write_text("_src_path: elsewhere\nname: File\n---\nname: Second document\n")
    paved("new", "a", "--road", greeter, "--answers", "answers.yml")
    assert (work / "a" / "hello.txt").read_text() == "Hello, Second document!\n"
    paved("new", "b", "--road", greeter, "--answers", "answers.yml", "--data", "name=Flag")
    assert (work / "b" / "hello.txt").read_text() == "Hello, Flag!\n"


def test_a_persons_own_defaults_are_used(paved: Paved, work: Path, greeter: Path) -> None:
    (work / ".paved.toml").write_text('[answers]\nname = "Configured"\nunrelated = "x"\n')
    assert paved("new", "a", "--road", greeter).returncode == 0
    assert (work / "a" / "hello.txt").read_text() == "Hello, Configured!\n"


def test_a_dry_run_shows_the_tree_and_writes_nothing(paved: Paved, work: Path, greeter: Path) -> None:
    done = paved("new", "hi", "--road", greeter, "--dry-run")
    assert done.returncode == 0
    assert "hello.txt" in done.stdout
    assert "nothing was written" in done.stdout
    assert list(work.iterdir()) == []


def test_json_has_the_same_facts_dry_or_real(paved_json: PavedJson, work: Path, greeter: Path) -> None:
    dry = paved_json("new", "hi", "--road", greeter, "--dry-run")["result"]
    real = paved_json("new", "hi", "--road", greeter)["result"]
    assert dry["files"] == real["files"]
    assert dry["version"] == real["version"] == "1.0.0"
    assert real["commit"] == git.resolve(work / "hi", "HEAD")
    assert real["answers"] == {"name": "world"}


def test_inside_a_repository_files_are_written_but_not_committed(paved: Paved, work: Path, greeter: Path) -> None:
    make_road(work, {"README": "monorepo\n"}, tag=None)
    before = git.resolve(work, "HEAD")
    done = paved("new", "services/hi", "--road", greeter)
    assert done.returncode == 0
    assert f"not committed: it is inside the repository {work}" in done.stdout
    assert (work / "services" / "hi" / "hello.txt").is_file()
    assert not (work / "services" / "hi" / ".git").exists()
    assert git.resolve(work, "HEAD") == before


def test_a_folder_that_the_repository_ignores_is_not_a_part_of_it(paved: Paved, work: Path, greeter: Path) -> None:
    make_road(work, {".gitignore": "/scratch/\n"}, tag=None)
    paved("new", "scratch/hi", "--road", greeter)
    found = git.repository(work / "scratch" / "hi")
    assert found is not None
    assert found.top == work / "scratch" / "hi"


def test_an_empty_folder_and_a_fresh_clone_can_be_stamped_in_place(paved: Paved, work: Path, greeter: Path) -> None:
    (work / "empty").mkdir()
    assert paved("new", ".", "--road", greeter, cwd=work / "empty").returncode == 0
    assert (work / "empty" / "hello.txt").is_file()
    git.process.run("init", "--quiet", work / "clone")
    done = paved("new", "clone", "--road", greeter)
    assert "not committed" in done.stdout
    assert (work / "clone" / "hello.txt").is_file()


def test_a_road_of_several_templates_offers_each(paved: Paved, work: Path, tmp_path: Path) -> None:
    files = {
        "templates/api/copier.yml": "name: a\n",
        "templates/api/f.txt.jinja": "api {{ name }}\n",
        "templates/job/copier.yml": "name: j\n",
        "templates/job/f.txt.jinja": "job {{ name }}\n",
    }
    road = make_road(tmp_path / "road", files)
    assert paved("new", "job", "x", "--road", road).returncode == 0
    assert (work / "x" / "f.txt").read_text() == "job j\n"
    done = paved("new", "x2", "--road", road)
    assert done.returncode == 2
    assert "api, job" in done.stderr


# -- code from somebody else ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("_tasks: ['touch pwned']", "task: touch pwned"),
        ("_tasks: [[touch, pwned]]", "task: touch pwned"),
        ("_tasks: [{command: touch pwned, when: '{{ name }}'}]", "task: touch pwned"),
        ("_jinja_extensions: [jinja2.ext.do]", "Jinja extension: jinja2.ext.do"),
    ],
)
def test_a_foreign_templates_code_runs_only_with_trust(
    paved: Paved, work: Path, greeter: Path, setting: str, named: str
) -> None:
    evolve(greeter, {"copier.yml": f"_subdirectory: template\n{setting}\nname: x\n"}, tag="v1.1.0")
    done = paved("new", "hi", "--road", greeter)
    assert done.returncode == 2
    assert named in done.stderr
    assert "--trust" in done.stderr
    assert list(work.iterdir()) == []
    assert paved("new", "hi", "--road", greeter, "--trust").returncode == 0
    assert (work / "hi" / "pwned").exists() == ("task" in named)


def test_a_person_can_trust_a_road_for_good(paved: Paved, greeter: Path) -> None:
    evolve(greeter, {"copier.yml": "_subdirectory: template\n_tasks: ['touch ran']\nname: x\n"}, tag="v1.1.0")
    assert paved("new", "hi", "--road", greeter, PAVED_TRUST=str(greeter)).returncode == 0


def test_a_foreign_roads_lock_command_runs_only_with_trust(paved: Paved, work: Path, greeter: Path) -> None:
    evolve(greeter, {"paved-road.yml": "owners: {derived: {made: touch made}}\n"}, tag="v1.1.0")
    assert paved("new", "a", "--road", greeter).returncode == 0
    assert not (work / "a" / "made").exists()
    assert paved("new", "b", "--road", greeter, "--trust").returncode == 0
    assert (work / "b" / "made").exists()


def test_a_derived_file_that_cannot_be_made_is_a_note_not_a_failure(paved: Paved, work: Path, greeter: Path) -> None:
    evolve(
        greeter,
        {"paved-road.yml": "owners: {derived: {a: 'no-such-program a', b: 'false', c: 'true'}}\n"},
        tag="v1.1.0",
    )
    done = paved("new", "hi", "--road", greeter, "--trust")
    assert done.returncode == 0
    assert "a was not made (no-such-program is not installed)" in done.stderr
    assert "b was not made (exit status 1)" in done.stderr
    assert "c was not made (the command did not write it)" in done.stderr
    assert (work / "hi" / "hello.txt").is_file()


def test_a_secret_reaches_the_files_but_no_record(paved: Paved, work: Path, greeter: Path) -> None:
    evolve(
        greeter,
        {
            "copier.yml": "_subdirectory: template\nname: x\ntoken: {type: str, secret: true, default: none}\n",
            "template/secret.txt.jinja": "{{ token }}",
        },
        tag="v1.1.0",
    )
    done = paved("new", "hi", "--road", greeter, "--data", "token=hunter2", "--json")
    assert (work / "hi" / "secret.txt").read_text() == "hunter2"
    assert "hunter2" not in done.stdout + done.stderr
    for record in (".copier-answers.yml", ".paved-road.lock"):
        assert "hunter2" not in (work / "hi" / record).read_text()
    cached = [path.read_bytes() for path in (work.parent).rglob("*") if path.is_file() and "hi" not in path.parts]
    assert not any(b"hunter2" in content for content in cached)


# -- refusals: one message, exit 2, nothing left -------------------------------------------------------------------


def test_the_choices_are_told_once(paved: Paved) -> None:
    said = paved("new", "orders", "--data", "ci=travis").stderr
    assert (said.count("gitlab"), "hint: --data ci=VALUE" in said) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new", "My Orders!"], "for example my-orders"),
        (["new", "x" * 60], "at most 40 characters"),
        (["new", "a--b"], "for example a-b"),
        (["new", "--data", "package=class", "orders"], "package"),
        (["new", "servce", "orders"], "did you mean service?"),
        (["new", "orders", "--ref", "1.0.00"], "did you mean 1.0.0"),
        (["new", "orders", "--data", "prot=1"], "did you mean port?"),
        (["new", "orders", "--data", "port"], "--data port=VALUE"),
        (["new", "orders", "--data", "port=http"], "must be of type int"),
        (["new", "orders", "--data", "ci=travis"], "choose from github, gitlab"),
        (["new", "orders", "--answers", "missing.yml"], "No such file"),
        (["new", "orders", "--road", "./missing"], "no road at"),
        (["new", "a", "b", "c"], "too many arguments"),
        (["new"], "paved new --help"),
        (["new", "orders", "--nope"], "--nope"),
        (["nwe", "orders"], "did you mean new?"),
    ],
)
def test_bad_input_is_one_message_with_a_hint(paved: Paved, work: Path, words: list[str], said: str) -> None:
    done = paved(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert "\nhint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(work.iterdir()) == []


def test_a_missing_answer_without_a_terminal_names_the_flag(paved: Paved, work: Path, greeter: Path) -> None:
    evolve(greeter, {"copier.yml": "_subdirectory: template\nname: {type: str, help: Whom to greet}\n"}, tag="v1.1.0")
    done = paved("new", "hi", "--road", greeter)
    assert done.returncode == 2
    assert "error: the question 'name' has no answer (Whom to greet)" in done.stderr
    assert "hint: --data name=VALUE" in done.stderr
    assert list(work.iterdir()) == []


def test_a_taken_destination_is_left_alone(paved: Paved, work: Path, greeter: Path) -> None:
    write_files(work, {"taken/file": "mine", "file": "mine"})
    for destination in ("taken", "file"):
        assert paved("new", destination, "--road", greeter).returncode == 2
    assert (work / "taken" / "file").read_text() == "mine"
    assert sorted(path.name for path in work.iterdir()) == ["file", "taken"]


def test_stamping_over_a_service_suggests_to_update_it(paved: Paved, greeter: Path) -> None:
    paved("new", "hi", "--road", greeter)
    assert "hint: paved update " in paved("new", "hi", "--road", greeter).stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"template/bad.txt.jinja": "line\n{{ 1 / 0 }}\n"}, "bad.txt.jinja"),
        ({"template/bad.txt.jinja": "{% if %}\n"}, "bad.txt.jinja"),
        ({"copier.yml": "name: [\n"}, "copier.yml is not YAML"),
        ({"copier.yml": "_subdirectory: nowhere\nname: x\n"}, "nowhere"),
        ({"template/{{ '..' }}/x": "escape"}, "leaves the service"),
        ({"template/{{ '.git' }}/hooks/post-commit": "escape"}, "leaves the service"),
        ({"paved-road.yml": "ownres: {}\n"}, "ownres"),
    ],
)
def test_a_template_that_raises_leaves_nothing_behind(
    paved: Paved, work: Path, greeter: Path, files: dict[str, str], said: str
) -> None:
    evolve(greeter, files, tag="v1.1.0")
    done = paved("new", "deep/down/hi", "--road", greeter)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(work.iterdir()) == []


def test_without_git_the_hint_is_to_install_it(paved: Paved, work: Path, greeter: Path, tmp_path: Path) -> None:
    done = paved("new", "hi", "--road", greeter, PATH=str(tmp_path / "empty"))
    assert done.returncode == 2
    assert "git is not installed" in done.stderr
    assert list(work.iterdir()) == []


def test_an_unwritable_folder_is_told_and_left_as_it_was(paved: Paved, greeter: Path) -> None:
    # Even root cannot make a folder in /proc.
    done = paved("new", "/proc/nobody/hi", "--road", greeter)
    assert done.returncode == 2
    assert "cannot write to /proc" in done.stderr
    assert "hint: " in done.stderr


def test_a_full_disk_while_writing_leaves_nothing_behind(paved: Paved, work: Path, greeter: Path) -> None:
    evolve(greeter, {"template/big.txt.jinja": "{{ 'x' * 100000 }}"}, tag="v1.1.0")
    assert paved("new", "first", "--road", greeter, "--dry-run").returncode == 0  # the comparison with Copier is over
    limited = ["prlimit", "--fsize=50000", sys.executable, "-m", "paved_road", "new", "hi", "--road", str(greeter)]
    done = run(*limited, cwd=work)
    assert done.returncode == 2, done.stderr
    assert "cannot write" in done.stderr
    assert list(work.iterdir()) == []


def test_killed_while_writing_the_destination_does_not_exist(work: Path, greeter: Path) -> None:
    evolve(greeter, {"paved-road.yml": "owners: {derived: {made: sleep 60}}\n"}, tag="v1.1.0")
    work.mkdir()
    command = [sys.executable, "-m", "paved_road", "new", "hi", "--road", str(greeter), "--trust"]
    process = subprocess.Popen(command, cwd=work, env=git.environment(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not list(work.glob(".paved-*/hi/hello.txt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert list(work.glob(".paved-*/hi/hello.txt"))
    assert not (work / "hi").exists()


def test_interrupted_nothing_remains_and_the_exit_code_is_130(work: Path, greeter: Path) -> None:
    evolve(greeter, {"paved-road.yml": "owners: {derived: {made: sleep 60}}\n"}, tag="v1.1.0")
    work.mkdir()
    command = [sys.executable, "-m", "paved_road", "new", "hi", "--road", str(greeter), "--trust"]
    process = subprocess.Popen(command, cwd=work, env=git.environment(), stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE
    while not list(work.glob(".paved-*/hi/hello.txt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(2)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said.decode() == "error: interrupted\n"
    assert list(work.iterdir()) == []


# -- on a terminal -------------------------------------------------------------------------------------------------


def test_on_a_terminal_questions_are_asked_and_bad_answers_asked_again(work: Path, greeter: Path) -> None:
    questions = """\
_subdirectory: template
name: {type: str, help: Whom to greet, default: world, validator: "{% if name == 'bad' %}not that one{% endif %}"}
loud: {type: bool, default: false}
tone: {type: str, choices: {Warm: warm, Cold: cold}, default: warm}
hidden: {type: str, default: computed, when: "{{ loud }}"}
"""
    evolve(greeter, {"copier.yml": questions}, tag="v1.1.0")
    work.mkdir()
    command = [sys.executable, "-m", "paved_road", "new", "hi", "--road", str(greeter)]
    code, shown = on_a_terminal(command, work, ["bad", "Ada", "", "2", ""])
    assert code == 0, shown
    assert "Whom to greet" in shown
    assert "not that one" in shown
    assert "2. Cold" in shown
    record = yaml.safe_load((work / "hi" / ".copier-answers.yml").read_text())
    assert {key: value for key, value in record.items() if not key.startswith("_")} == {
        "name": "Ada",
        "loud": False,
        "tone": "cold",
    }


def test_a_placeholder_is_shown_where_there_is_no_default(work: Path, greeter: Path) -> None:
    questions = """\
_subdirectory: template
name: {type: str, placeholder: "Ada\\nL"}
other: {type: str, default: known, placeholder: "unseen {{ name }}"}
third: {type: str, default: "", placeholder: "as {{ name }}"}
"""
    evolve(greeter, {"copier.yml": questions}, tag="v1.1.0")
    work.mkdir()
    command = [sys.executable, "-m", "paved_road", "new", "hi", "--road", str(greeter)]
    code, shown = on_a_terminal(command, work, ["Bob", "", "x", ""])
    assert code == 0, shown
    assert "name (for example Ada L): " in shown
    assert "unseen" not in shown
    assert "(for example as Bob): " in shown


def test_ci_is_never_asked(work: Path, greeter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work.mkdir()
    monkeypatch.setenv("CI", "true")
    command = [sys.executable, "-m", "paved_road", "new", "hi", "--road", str(greeter)]
    code, shown = on_a_terminal(command, work, [])
    assert code == 0, shown
    assert (work / "hi" / "hello.txt").read_text() == "Hello, world!\n"


@pytest.mark.parametrize("name", [".git", "sub/.git", ".git/sub", ".GIT", "link/sub"])
def test_a_service_is_not_put_into_gits_own_folder(paved: Paved, work: Path, greeter: Path, name: str) -> None:
    git.process.run("init", "--quiet", "--template=", work)
    (work / "link").symlink_to(".git")
    before = sorted((work / ".git").rglob("*"))
    done = paved("new", name, "--road", greeter, "--defaults")
    assert (done.returncode, "git keeps its own files there" in done.stderr) == (2, True), done.stderr
    assert (sorted((work / ".git").rglob("*")), (work / "sub").exists()) == (before, False)


# -- here --------------------------------------------------------------------------------------------------------------


def test_a_service_made_here_is_named_and_nobody_is_told_to_go_there(paved: Paved, work: Path, greeter: Path) -> None:
    (work / "orders").mkdir()
    done = paved("new", ".", "--road", greeter, "--defaults", cwd=work / "orders")
    assert done.stdout.startswith("stamped orders from greeter 1.0.0: ")
    assert "cd ." not in done.stdout


def test_one_file_is_one_file(paved: Paved, tmp_path: Path) -> None:
    road = make_road(tmp_path / "one", {"copier.yml": "_subdirectory: t\n", "t/a.txt": "x\n"})
    done = paved("new", "hi", "--road", road, "--defaults", "--dry-run")
    assert re.search(r"^\d+ files? from one 1\.0\.0; nothing was written$", done.stdout, flags=re.MULTILINE)
    assert "1 files" not in done.stdout


# -- as git would make it ----------------------------------------------------------------------------------------------


def test_the_repository_is_made_from_the_persons_own_template(paved: Paved, tmp_path: Path, greeter: Path) -> None:
    hooks = tmp_path / "company/hooks"
    write_files(hooks, {"pre-commit": "#!/bin/sh\nexit 1\n", "../info/exclude": "secrets/\n"})
    (hooks / "pre-commit").chmod(0o755)
    git.process.run("config", "--global", "init.templateDir", str(hooks.parent))
    done = paved("new", "hi", "--road", greeter, "--defaults")
    assert done.returncode == 0, done.stderr
    made = tmp_path / "work/hi"
    assert (made / ".git/info/exclude").read_text() == "secrets/\n"
    write_files(made, {"hello.txt": "ours\n"})
    done = run("git", "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-am", "x", cwd=made)
    assert done.returncode == 1, "the hook is in force from the second commit on"


def test_the_repository_has_what_git_init_makes(paved: Paved, tmp_path: Path, greeter: Path) -> None:
    git.process.run("init", "--quiet", tmp_path / "plain", role=git.PERSON)
    assert paved("new", "hi", "--road", greeter, "--defaults").returncode == 0
    names = {child.name for child in (tmp_path / "plain/.git").iterdir()}
    assert names <= {child.name for child in (tmp_path / "work/hi/.git").iterdir()}


SIGNERS = {
    "a program that signs": (
        "#!/bin/sh\ncat > /dev/null\nprintf '\\n[GNUPG:] SIG_CREATED \\n' >&2\necho signature\n",
        True,
    ),
    "a program without a key": ("#!/bin/sh\necho no secret key >&2\nexit 2\n", False),
    "no program": (None, False),
}


@pytest.mark.parametrize("signer", SIGNERS)
def test_the_commit_is_signed_as_git_would_or_a_note_says_that_it_is_not(
    paved: Paved, tmp_path: Path, greeter: Path, signer: str
) -> None:
    script, is_signed = SIGNERS[signer]
    program = tmp_path / "signer"
    if script is not None:
        program.write_text(script)
        program.chmod(0o755)
    for key, value in (("commit.gpgSign", "true"), ("gpg.program", str(program))):
        git.process.run("config", "--global", key, value)
    done = paved("new", "hi", "--road", greeter, "--defaults")
    assert done.returncode == 0, done.stderr
    commit = git.process.text("cat-file", "commit", "HEAD", cwd=tmp_path / "work/hi")
    assert ("gpgsig" in commit) == is_signed
    assert ("the commit is not signed (gpg failed to sign the data" in done.stderr) != is_signed or not script
    assert ("git commit --amend --no-edit --gpg-sign" in done.stderr) != is_signed
    assert paved("status", "hi").returncode == 0
