"""The global options -C, --verbose, --quiet and -h, and hints for misspelt words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import git
from paved_road.cli import main
from paved_road.testing import evolve
from tests.cli.test_commands import commands

Here = Callable[..., CompletedProcess[str]]


@pytest.fixture
def fleet(greeter: Path, tmp_path: Path, here: Here) -> Path:
    """A folder with two services, `a` and `b`; `a` has drift."""
    evolve(greeter, {"paved-road.yml": "owners: {road: [hello.txt]}\n"}, tag="v1.0.1")
    for name in ("a", "b"):
        assert here("new", tmp_path / "fleet" / name, "--road", greeter, "--defaults").returncode == 0
    (tmp_path / "fleet/a/hello.txt").write_text("ours\n")
    return tmp_path / "fleet"


@pytest.mark.parametrize(
    "words",
    [
        "-C {fleet}/a drift",
        "drift -C {fleet}/a",
        "-C {fleet} drift a",
        "drift a -C {fleet}",
        "-C {fleet} drift -C a",
        "-C {fleet} -C a drift",
        "-C {fleet}/b drift ../a",
    ],
)
def test_the_folder_may_come_before_or_after_the_command(words: str, fleet: Path, here: Here) -> None:
    before = Path.cwd()
    done = here(*words.format(fleet=fleet).split())
    assert (done.returncode, done.stdout) == (1, "edited   hello.txt\n")
    assert here("-C", fleet / "b", "drift").stdout == "no drift\n"
    assert Path.cwd() == before


def test_other_paths_are_relative_to_the_folder(fleet: Path, greeter: Path, here: Here) -> None:
    (fleet / "given.yml").write_text("name: Ann\n")
    done = here("-C", fleet, "new", "c", "--answers", "given.yml", "--road", "../greeter")
    assert done.returncode == 0, done.stderr
    assert (fleet / "c/hello.txt").read_text() == "Hello, Ann!\n"
    # What to type next is for the folder that the person is in.
    assert "  cd ../fleet/c" in done.stdout.splitlines()
    assert here("off-road", "-C", fleet / "c", "list").returncode == 0
    assert here("config", "show", "-C", fleet).returncode == 0


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [("gone/c", "no such folder", "."), ("fleet/given.yml", "not a folder", "fleet"), ("", "", "")],
)
def test_a_folder_that_cannot_be_entered_is_an_error(
    name: str, said: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/given.yml").touch()
    monkeypatch.chdir(tmp_path)
    for words in (["-C", name, "status"], ["status", "-C", name], ["off-road", "-C", name, "list"]):
        assert main(words) == 2
        lines = capsys.readouterr().err.splitlines()
        assert lines[0] == (f"error: -C {name}: {said}" if name else "error: -C is blank")
        assert lines[-1].endswith(f"-C {hint}" if name else "--help")
        assert Path.cwd() == tmp_path


@pytest.mark.parametrize("words", ["-v drift {a}", "drift {a} -v", "--debug drift {a}", "drift {a} --verbose"])
def test_verbose_shows_the_git_commands(words: str, fleet: Path, here: Here) -> None:
    done = here(*words.format(a=fleet / "a").split())
    assert "debug: git " in done.stderr
    assert "debug: git " not in here("drift", fleet / "a").stderr, "nobody listens any more"


def test_quiet_prints_only_the_result_and_the_errors(fleet: Path, greeter: Path, here: Here) -> None:
    evolve(greeter, {"template/plain.txt": "new\n"}, tag="v1.1.0")
    loud = here("update", fleet / "b", "--dry-run")
    assert "note: " in loud.stderr
    for words in (["-q", "update", fleet / "b", "--dry-run"], ["update", fleet / "b", "--dry-run", "--quiet"]):
        quiet = here(*words)
        assert (quiet.returncode, quiet.stdout, quiet.stderr) == (loud.returncode, loud.stdout, "")
    assert here("-q", "drift", fleet / "nowhere").stderr.startswith("error: ")
    assert "note: " in here("update", fleet / "b", "--dry-run").stderr


@pytest.mark.parametrize("group", [[], ["off-road"], ["config"]], ids=" ".join)
def test_a_group_alone_prints_its_help(group: list[str], here: Here) -> None:
    done = here(*group)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == here(*group, "--help").stdout
    assert len(done.stdout.splitlines()) > 15


@pytest.mark.parametrize("words", [[], ["off-road"], ["config"], *commands()], ids=" ".join)
def test_every_way_to_ask_for_help_prints_the_same(words: list[str], here: Here) -> None:
    done = here("help", *words)
    assert (done.returncode, done.stdout) == (0, here(*words, "-h").stdout)
    assert done.stdout == here(*words, "--help").stdout


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_the_help_is_readable_at_every_width(width: int, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for words in ([], ["off-road"], ["config"], *commands()):
        text = here(*words, "--help").stdout
        assert not re.search(r"<\w|[{}]|list\[", text), "the words of a person, not of a type checker"
        # What is typed is never broken; everything else fits (Typer makes no help narrower than 50).
        typed = re.compile(r"    (paved|\w+=\S+ paved) ")
        assert [line for line in text.splitlines() if len(line) > max(width, 52) and not typed.match(line)] == []
        for name in ("-C DIR", "-v, --verbose", "-q, --quiet", "-h, --help"):
            assert name in text


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_help_names_the_value_of_each_option(words: list[str]) -> None:
    import typer.main

    from paved_road.cli import app

    found: Any = typer.main.get_command(app)
    for word in words:
        found = found.commands[word]
    for one in found.params:
        assert one.metavar or one.is_flag, one.name
        assert one.help, one.name


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("stauts", "paved has no command 'stauts'", "did you mean status? List them: paved --help"),
        ("off-raod list", "paved has no command 'off-raod'", "did you mean off-road? List them: paved --help"),
        ("off-road lst", "paved off-road has no command 'lst'", "did you mean list"),
        ("help updat", "paved has no command 'updat'", "did you mean update"),
        ("accept x", "paved has no command 'accept'", "did you mean paved off-road accept?"),
        ("new x --dryrun", "paved new has no option --dryrun", "did you mean --dry-run? List them: paved new --help"),
        ("update --comit", "paved update has no option --comit", "did you mean --commit"),
        ("off-road new --resaon x", "paved off-road new has no option --resaon", "did you mean --reason"),
        ("--jsno status", "paved has no option --jsno", "options of a command come after its name: paved --help"),
        ("new", "paved new needs the argument [TEMPLATE] DEST", "paved new [OPTIONS] [TEMPLATE] DEST"),
        ("update --to", "--to needs a value", "--to VERSION"),
        ("status --json=1", "--json takes no value", "paved status --help"),
        ("status a b", "paved status takes no 'b'", "paved status [OPTIONS] [SERVICE]"),
        ("off-road check --format sarfi", "--format cannot be 'sarfi'", "did you mean sarif?"),
        ("off-road renew x --days 0", "--days needs a whole number from 1 to 3650, not '0'", "paved off-road renew"),
        ("off-road renew x --days two", "--days needs a whole number from 1 to 3650, not 'two'", "paved off-road"),
        ("off-road baseline --days -1", "--days needs a whole number of at least 1, not '-1'", "paved off-road"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_right_one(words: str, error: str, hint: str, here: Here) -> None:
    done = here(*words.split())
    first, *_, last = done.stderr.splitlines()
    assert (done.returncode, done.stdout, first) == (2, "", f"error: {error}")
    assert last.startswith(f"hint: {hint}")


def test_an_envelope_names_the_command_after_a_folder(here: Here, tmp_path: Path) -> None:
    git.process.run("init", "--quiet", cwd=tmp_path)
    done = here("-C", tmp_path, "off-road", "show", "x", "--json")
    assert '"command": "off-road show"' in done.stdout
