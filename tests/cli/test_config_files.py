"""`paved config set, unset, get and path`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import git

Here = Callable[..., CompletedProcess[str]]


def mine() -> Path:
    return Path(os.environ["PAVED_CONFIG"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git.process.run("init", "--quiet", "--template=", tmp_path / "repo")
    (tmp_path / "repo/src").mkdir()
    return tmp_path / "repo"


def test_a_setting_is_set_shown_and_taken_out(here: Here, paved_json: Callable[..., dict[str, Any]]) -> None:
    assert here("config", "get", "template").returncode == 1
    done = here("config", "set", "road", "gh:acme/road")
    assert (done.returncode, done.stdout) == (0, f"set road in {mine()}\n")
    assert mine().read_text() == 'road = "gh:acme/road"\n'
    assert here("config", "get", "road").stdout == "gh:acme/road\n"
    assert paved_json("config", "get", "road")["result"]["where"] == str(mine())
    assert here("config", "unset", "road").returncode == 0
    assert mine().read_text() == ""
    assert here("config", "get", "road").stdout == "paved:built-in\n"


def test_every_kind_of_setting(here: Here) -> None:
    for words in (
        ("trust", "gh:acme/", "/srv/roads/"),
        ("limits.seconds", "2.5"),
        ("answers.port", "9000"),
        ("answers.team", "payments"),
        ("answers.version", '"1.0"'),
        ("answers.yes", "yes"),
    ):
        assert here("config", "set", *words).returncode == 0, words
    assert mine().read_text() == (
        'trust = ["gh:acme/", "/srv/roads/"]\n\n[limits]\nseconds = 2.5\n\n'
        '[answers]\nport = 9000\nteam = "payments"\nversion = "1.0"\nyes = "yes"\n'
    )
    assert here("config", "get", "trust").stdout == "gh:acme/\n/srv/roads/\n"
    assert here("config", "get", "answers.port").stdout == "9000\n"
    assert here("config", "get", "limits.seconds").stdout == "2.5\n"


def test_a_path_is_where_the_person_typed_it(here: Here, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "src")
    assert here("config", "set", "road", "../../roads").returncode == 0
    assert mine().read_text() == f'road = "{repository.parent / "roads"}"\n'
    assert here("config", "set", "--project", "road", "../../roads").returncode == 0
    assert (repository / ".paved.toml").read_text() == 'road = "./../roads"\n'
    assert here("config", "get", "road").stdout == f"{repository}/../roads\n"


def test_a_project_has_a_file_of_its_own(here: Here, repository: Path, tmp_path: Path) -> None:
    where = repository / "src"
    done = here("-C", where, "config", "set", "template", "service", "--project")
    assert (done.returncode, done.stderr) == (0, "")
    assert (repository / ".paved.toml").read_text() == 'template = "service"\n'
    told = here("-C", where, "config", "path").stdout.splitlines()
    assert [line.split() for line in told[1:]] == [
        [str(mine()), "user", "does", "not", "exist"],
        [str(repository / ".paved.toml"), "project", "exists"],
    ]
    shadowed = here("-C", where, "config", "set", "template", "other")
    assert shadowed.stderr == f"note: {repository / '.paved.toml'} overrides it\n"
    assert here("-C", where, "config", "unset", "template", "--project").returncode == 0
    outside = here("-C", tmp_path, "config", "set", "template", "x", "--project")
    assert (outside.returncode, "is not in a repository" in outside.stderr) == (2, True)


@pytest.mark.parametrize("key", ["trust", "cache", "limits.seconds"])
def test_a_project_cannot_grant_what_is_a_persons(key: str, here: Here, repository: Path) -> None:
    done = here("-C", repository, "config", "set", "--project", key, "3" if "." in key else "/srv/x")
    assert done.returncode == 2
    assert "a project cannot decide whom you trust" in done.stderr
    assert not (repository / ".paved.toml").exists()


def test_a_projects_file_that_leads_elsewhere_is_not_followed(here: Here, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.toml").write_text("template = 'x'\n")
    (repository / ".paved.toml").symlink_to(tmp_path / "precious.toml")
    done = here("-C", repository, "config", "set", "--project", "template", "service")
    assert done.returncode == 2
    assert (tmp_path / "precious.toml").read_text() == "template = 'x'\n"


def test_a_persons_file_may_be_a_link_into_their_dotfiles(here: Here, tmp_path: Path) -> None:
    (tmp_path / "dotfiles.toml").write_text("# mine\n")
    (tmp_path / "dotfiles.toml").chmod(0o600)
    mine().symlink_to(tmp_path / "dotfiles.toml")
    assert here("config", "set", "template", "service").returncode == 0
    assert mine().is_symlink()
    assert (tmp_path / "dotfiles.toml").read_text() == '# mine\ntemplate = "service"\n'
    assert (tmp_path / "dotfiles.toml").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dotfiles.toml", "work"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("raod", "x"), "did you mean road?"),
        (("limits.secnds", "3"), "did you mean limits.seconds"),
        (("answers", "3"), "answers.QUESTION"),
        (("limits.seconds", "many"), "must be a number above 0"),
        (("limits.seconds", "0"), "must be a number above 0"),
        (("trust", "acme"), "trust does not name a road"),
        (("road", "a", "b"), "road takes one value"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(words: tuple[str, ...], said: str, here: Here) -> None:
    mine().write_text('road = "gh:acme/road" # ours\n')
    done = here("config", "set", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert mine().read_text() == 'road = "gh:acme/road" # ours\n'


def test_what_is_not_set_cannot_be_taken_out(here: Here) -> None:
    done = here("config", "unset", "road")
    assert (done.returncode, f"{mine()} does not set road" in done.stderr) == (2, True)
    assert not mine().exists()


def test_a_cache_that_cannot_be_used_is_not_set(here: Here, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    for folder in ("/proc/x", tmp_path / "file", tmp_path / "file/below", tmp_path / "open"):
        done = here("config", "set", "cache", folder)
        assert (done.returncode, done.stdout, mine().exists()) == (2, "", False), done
        assert "error: " in done.stderr
    assert here("config", "set", "cache", tmp_path / "new/cache").returncode == 0
    assert (tmp_path / "new/cache").is_dir()


@pytest.mark.parametrize("number", ["-1", "-0.5"])
def test_a_number_below_0_is_no_option(here: Here, number: str) -> None:
    done = here("config", "set", "limits.seconds", number)
    assert done.returncode == 2
    assert "hint: write -- before a value that begins with -" in done.stderr
    assert "must be a number above 0" in here("config", "set", "limits.seconds", "--", number).stderr


def test_what_is_not_set_is_shown_as_not_set_and_bytes_as_people_count_them(here: Here) -> None:
    shown = here("config", "show").stdout
    assert "512 MiB" in shown
    assert not {"None", "{}", "536870912"} & {*shown.split()}
    assert here("config", "set", "answers.team", "payments").returncode == 0
    assert 'team = "payments"' in here("config", "show").stdout
