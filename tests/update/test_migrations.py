"""Migrations: commands of the template that run when a service passes a release."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from paved_road import git
from paved_road.cli import main
from paved_road.testing import evolve, make_road, run
from tests.renderers import assume_agreement

ANSWERS = {"template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}


def config(*migrations: object, **questions: object) -> str:
    return str(yaml.safe_dump({"_subdirectory": "template", "_migrations": list(migrations), **questions}))


def says(version: str, stage: str = "after") -> dict[str, str]:
    return {"version": version, "when": f"{{{{ _stage == '{stage}' }}}}", "command": f"echo {stage} {version} >> log"}


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests compare the renderers."""
    assume_agreement(monkeypatch)


@pytest.fixture
def road(tmp_path: Path) -> Path:
    files = {"copier.yml": config(name="world"), "template/a.txt": "1\n", "template/log": "made\n", **ANSWERS}
    return make_road(tmp_path / "road", files)


@pytest.fixture
def service(tmp_path: Path, road: Path) -> Path:
    assert main(["new", str(tmp_path / "hi"), "--road", str(road)]) == 0
    return tmp_path / "hi"


def update(service: Path, *words: str) -> int:
    return main(["update", str(service), "--trust", *words])


def log(service: Path) -> list[str]:
    return (service / "log").read_text().splitlines()


def status(service: Path) -> list[str]:
    return git.process.run("status", "--porcelain", cwd=service).decode().splitlines()


def test_those_of_the_releases_passed_through_run_before_and_after(service: Path, road: Path) -> None:
    passed = [
        says(version, stage) for version in ("1.0.0", "v1.1.0", "1.2.0", "2.0.0") for stage in ("before", "after")
    ]
    evolve(road, {"copier.yml": config(*passed, name="x"), "template/a.txt": "2\n"}, tag="v1.3.0")
    assert update(service, "--commit") == 0
    assert log(service) == ["made", "before v1.1.0", "before 1.2.0", "after v1.1.0", "after 1.2.0"]
    assert status(service) == []


def test_they_run_once(service: Path, road: Path) -> None:
    evolve(road, {"copier.yml": config(says("1.1.0"), name="x")}, tag="v1.1.0")
    assert update(service, "--commit") == 0
    evolve(road, {"template/a.txt": "3\n"}, tag="v1.2.0")
    assert update(service, "--commit") == 0
    assert log(service) == ["made", "after 1.1.0"]


def test_without_trust_nothing_of_a_foreign_road_runs(
    service: Path, road: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evolve(road, {"copier.yml": config(says("1.1.0"), name="x")}, tag="v1.1.0")
    assert main(["update", str(service)]) == 2
    assert "migration: echo after 1.1.0 >> log" in capsys.readouterr().err
    assert (log(service), status(service)) == (["made"], [])


def test_before_migrations_see_the_old_files_and_their_result_is_merged(service: Path, road: Path) -> None:
    evolve(service, {"old.ini": "port = 1\n", "a.txt": "team\n"})
    bring = "mv old.ini new.ini && sed -i s/1/2/ new.ini"
    move = {"version": "1.1.0", "when": "{{ _stage == 'before' }}", "command": bring}
    evolve(road, {"copier.yml": config(move, name="x"), "template/b.txt": "b\n"}, tag="v1.1.0")
    assert update(service) == 0
    assert git.process.text("diff", "--cached", "--name-only", cwd=service).split() == [
        ".copier-answers.yml", ".paved-road.lock", "b.txt", "new.ini", "old.ini",
    ]  # fmt: skip
    assert not (service / "old.ini").exists()
    assert (service / "new.ini").read_text() == "port = 2\n"
    assert (service / "a.txt").read_text() == "team\n"


def test_those_before_can_bring_an_answer_over(service: Path, road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", str(service), "--data", "name=Ada", "--commit"]) == 0
    rename = {
        "version": "1.1.0",
        "when": "{{ _stage == 'before' }}",
        "command": "sed -i s/^name:/whom:/ .copier-answers.yml",
    }
    required = config(rename, whom={"type": "str"})
    evolve(road, {"copier.yml": required, "template/w.txt.jinja": "{{ whom }}\n"}, tag="v1.1.0")
    assert update(service, "--dry-run") == 2
    said = capsys.readouterr().err
    assert "--data whom=" in said
    assert "a dry run runs no migration, and one may bring the answer over: sed" in said
    assert update(service) == 0
    assert (service / "w.txt").read_text() == "Ada\n"


@pytest.mark.parametrize("trust", [["--trust"], []])
def test_a_dry_run_runs_no_migration_and_says_so(
    service: Path, road: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, trust: list[str]
) -> None:
    out = {"version": "1.1.0", "when": "{{ _stage == 'before' }}", "command": f"touch {tmp_path / 'ran'}"}
    evolve(road, {"copier.yml": config(out, says("1.1.0", "before"), says("1.1.0"), name="x")}, tag="v1.1.0")
    assert main(["update", str(service), "--dry-run", *trust]) == 0
    said = capsys.readouterr()
    assert "+before 1.1.0" not in said.out
    assert "does not show what this changes: migration: echo before 1.1.0 >> log" in said.err
    assert "  migration   echo after 1.1.0 >> log" in said.out
    assert (log(service), status(service), (tmp_path / "ran").exists()) == (["made"], [], False)


def test_an_update_without_migrations_to_run_needs_no_trust(service: Path, road: Path) -> None:
    evolve(road, {"copier.yml": config(says("3.0.0"), says("1.0.0", "before"), name="x")}, tag="v1.1.0")
    assert main(["update", str(service)]) == 0
    assert main(["new", str(service.parent / "other"), "--road", str(road), "--ref", "1.1.0"]) == 0


SCRIPT = "printf '%s\\n' \"$@\" >> log\n"


@pytest.mark.parametrize("stage", ["before", "after"])
@pytest.mark.parametrize("scheme", ["", "git+file://"])
def test_they_run_the_templates_own_scripts(tmp_path: Path, road: Path, stage: str, scheme: str) -> None:
    """`_copier_conf.src_path` is a folder with the template as it is in the new release, and nothing else is there."""
    service = tmp_path / "service"
    assert main(["new", str(service), "--road", f"{scheme}{road}"]) == 0
    told = "{{ _folder_name }} {{ _copier_conf.answers_file }} {{ _copier_conf.dst_path.name }} {{ name }}"
    script = {
        "version": "1.1.0",
        "when": f"{{{{ _stage == '{stage}' }}}}",
        "command": f"sh {{{{ _copier_conf.src_path }}}}/bin/script.sh {told} $COPIER_OPERATION",
    }
    python = {**script, "command": ["{{ _copier_python }}", "-c", "open('log', 'a').write('python\\n')"]}
    evolve(road, {"copier.yml": config(script, python, name="x"), "bin/script.sh": SCRIPT}, tag="v1.1.0")
    assert update(service, "--commit") == 0
    assert log(service) == ["made", "service", ".copier-answers.yml", "service", "world", "update", "python"]
    assert status(service) == []
    assert not service.joinpath(".git/paved-update").exists()


def test_those_after_have_their_scripts_when_conflicts_were_decided(service: Path, road: Path) -> None:
    evolve(service, {"a.txt": "team\n"})
    script = {"version": "1.1.0", "command": "sh {{ _copier_conf.src_path }}/script.sh late"}
    files = {"copier.yml": config(script, name="x"), "template/a.txt": "road\n", "script.sh": SCRIPT}
    evolve(road, files, tag="v1.1.0")
    assert update(service) == 1
    (service / "a.txt").write_text("both\n")
    git.process.run("add", "a.txt", cwd=service)
    assert update(service, "--continue") == 0
    assert log(service) == ["made", "late"]


@pytest.mark.parametrize(
    ("command", "cause"),
    [(["no-such-program"], "No such file"), ("cd nowhere", "nowhere"), ("echo first; echo last >&2; exit 3", "last")],
)
def test_the_error_of_a_migration_that_cannot_run_is_shown(
    service: Path, road: Path, capsys: pytest.CaptureFixture[str], command: object, cause: str
) -> None:
    bad = {"version": "1.1.0", "when": "{{ _stage == 'before' }}", "command": command}
    evolve(road, {"copier.yml": config(bad, name="x")}, tag="v1.1.0")
    assert update(service) == 2
    assert cause in capsys.readouterr().err
    assert status(service) == []


def test_one_before_that_fails_has_touched_nothing(
    service: Path, road: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {"version": "1.1.0", "when": "{{ _stage == 'before' }}", "command": "rm a.txt; echo no >&2; exit 1"}
    evolve(road, {"copier.yml": config(bad, name="x")}, tag="v1.1.0")
    assert update(service) == 2
    said = capsys.readouterr().err
    assert "the migration failed: rm a.txt" in said
    assert "cause: no" in said
    assert status(service) == []
    assert (service / "a.txt").exists()


def failing_after(road: Path) -> None:
    """The first migration runs, the second changes files of all kinds and fails while `broken` exists."""
    hurt = "echo changed > a.txt; echo changed > mine.txt; rm -f log; echo new > made.txt; test ! -e broken"
    evolve(road, {"copier.yml": config(says("1.1.0"), {"version": "1.1.0", "command": hurt}, name="x")}, tag="v1.1.0")


def test_an_update_continues_after_a_failed_migration_is_fixed(service: Path, road: Path) -> None:
    failing_after(road)
    (service / "broken").touch()
    assert update(service) == 2
    (service / "broken").unlink()
    (service / "log").write_text("kept\n")
    assert update(service, "--continue", "--commit") == 0
    assert not (service / "log").exists(), "the failing one ran again"
    assert git.process.run("show", "HEAD:a.txt", cwd=service) == b"changed\n"


MAKES = (
    "mkdir -p sub && echo m > sub/new.txt && echo m > '*' && echo m > out.tmp && echo m >> mine.txt && echo m >> log"
)


@pytest.mark.parametrize("how", [["--commit"], ["--branch", "news"], []])
def test_files_that_those_after_make_are_part_of_the_update(service: Path, road: Path, how: list[str]) -> None:
    evolve(service, {".gitignore": "*.tmp\n"})
    (service / "mine.txt").write_text("untracked\n")
    evolve(road, {"copier.yml": config(MAKES, name="x"), "template/a.txt": "2\n"}, tag="v1.1.0")
    assert update(service, *how) == 0
    changed = ["diff", "--name-only", "HEAD~1", "HEAD"] if how else ["diff", "--name-only", "--cached"]
    assert {"*", "a.txt", "log", "sub/new.txt"} <= set(git.process.text(*changed, cwd=service).splitlines())
    assert [line for line in status(service) if line[1] != " "] == ["?? mine.txt"]


def test_a_file_that_a_person_makes_beside_a_failed_migration_stays_untracked(service: Path, road: Path) -> None:
    fails = "test ! -e broken"
    first = {"command": "echo one > one.txt"}
    evolve(road, {"copier.yml": config(first, fails, "echo two > two.txt", name="x")}, tag="v1.1.0")
    (service / "broken").touch()
    assert update(service, "--commit") == 2
    (service / "broken").unlink()
    (service / "why.txt").write_text("a person's\n")
    assert update(service, "--continue") == 0
    assert status(service) == ["?? why.txt"]
    assert {"one.txt", "two.txt"} <= set(git.process.text("ls-files", cwd=service).splitlines())


def test_in_a_monorepo_files_that_migrations_make_are_committed(tmp_path: Path, road: Path) -> None:
    service = tmp_path / "mono" / "one"
    git.start_repository(tmp_path / "mono")
    assert main(["new", str(service), "--road", str(road)]) == 0
    evolve(tmp_path / "mono", {"README": "x\n"})
    (service / "mine.txt").write_text("untracked\n")
    evolve(road, {"copier.yml": config("echo m > new.txt", name="x")}, tag="v1.1.0")
    assert update(service, "--commit") == 0
    assert status(service) == ["?? one/mine.txt"]


def test_one_after_that_fails_can_be_undone_with_all_it_did(
    service: Path, road: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing_after(road)
    (service / "broken").touch()
    (service / "mine.txt").write_text("untracked\n")
    assert update(service) == 2
    assert update(service, "--abort") == 0
    assert status(service) == ["?? broken", "?? mine.txt"]
    assert (service / "mine.txt").read_text() == "untracked\n"
    assert (service / "a.txt").read_text() == "1\n"
    assert log(service) == ["made"]
    kept = capsys.readouterr().err.split("git show ")[1].strip()
    assert git.process.run("show", f"{kept}:made.txt", cwd=service) == b"new\n"


def test_they_wait_for_conflicts_to_be_decided(service: Path, road: Path) -> None:
    evolve(service, {"a.txt": "team\n"})
    evolve(road, {"copier.yml": config(says("1.1.0"), name="x"), "template/a.txt": "road\n"}, tag="v1.1.0")
    assert update(service) == 1
    assert log(service) == ["made"]
    (service / "a.txt").write_text("both\n")
    git.process.run("add", "a.txt", cwd=service)
    assert update(service, "--continue") == 0
    assert log(service) == ["made", "after 1.1.0"]


TOLD = [
    f"${name}"
    for name in ("STAGE", *(f"VERSION_{pep}{end}" for pep in ("", "PEP440_") for end in ("FROM", "TO", "CURRENT")))
]
SHAPES = [
    "echo any >> log",
    ["sh", "-c", "echo list >> log"],
    {"version": "1.1.0", "before": ["test -e a.txt"], "after": ["echo old-after >> log", "echo two >> log"]},
    {"command": "pwd | xargs basename >> ../log", "working_directory": "{{ folder }}"},
    {"command": "echo {{ name }} {{ _version_from }} {{ _version_to }} {{ _copier_operation }} >> log"},
    {"version": "1.0.5", "command": f"echo {' '.join(TOLD)} >> log"},
    {"version": "v9", "command": "echo never >> log"},
    {"command": "echo never >> log", "when": False},
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_migrations_are_shown_and_do_what_copier_does(tmp_path: Path, road: Path, service: Path, shape: object) -> None:
    evolve(road, {"template/sub/file": "x\n", "copier.yml": config(name="world", folder="sub")}, tag="v1.0.1")
    assert main(["update", str(service), "--commit"]) == 0
    evolve(road, {"copier.yml": config(shape, name="world", folder="sub")}, tag="v1.1.0")
    git.process.run("clone", "--quiet", service, tmp_path / "copier" / "hi", role=git.PERSON)
    copier = [sys.executable, "-W", "ignore", "-m", "copier", "update", "--trust", "--defaults", "--quiet"]
    done = run(*copier, cwd=tmp_path / "copier" / "hi")
    assert done.returncode == 0, done.stderr
    assert update(service) == 0
    assert log(service) == log(tmp_path / "copier" / "hi")
    assert ("never" in str(shape)) is (log(service) == ["made"])


@pytest.mark.parametrize("stage", ["before", "after"])
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["{{ _copier_python }}", "{{ _copier_conf.src_path }}/bin/it.py", "now"], "python bin/it.py now"),
        ('"{{_copier_python}}" "{{ _copier_conf.src_path }}/bin/it.py"', '"python" "bin/it.py"'),
        ("{{ _copier_python }} {{ _copier_conf.src_path }}/bin/it.py && cd .", "python bin/it.py && cd ."),
        ("cd {{ _copier_conf.dst_path }}; {{ _copier_python }} {{ _copier_conf.src_path }}/bin/it.py", "cd .; python"),
    ],
)
def test_its_command_is_shown_as_the_template_wrote_it(
    service: Path, road: Path, capsys: pytest.CaptureFixture[str], stage: str, command: object, shown: str
) -> None:
    """Neither the interpreter nor the folder where its scripts happen to be is anything that a person has to know."""
    given = {"version": "1.1.0", "when": f"{{{{ _stage == '{stage}' }}}}", "command": command}
    fails = "import sys; sys.exit('cannot')\n"
    evolve(road, {"copier.yml": config(given, name="world"), "bin/it.py": fails}, tag="v1.1.0")
    ways = (["--dry-run"], ["--dry-run", "--json"], ["--dry-run", "--trust", "--json"], ["--json"], ["--trust"])
    for words in ways:
        assert main(["update", str(service), *words]) in (0, 2)
        said = capsys.readouterr()
        text = (said.out + said.err).replace('\\"', '"')
        assert shown in text, words
        assert not [one for one in (sys.executable, "paved-update", "/paved-") if one in text], words
