"""Who works here: git's own rule, in everything that commits, asks or approves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Ran, evolve, make_road, paved

GIVEN: dict[str, dict[str, str]] = {
    "configuration": {"user.name": "Ann", "user.email": "ann@acme.example"},
    "author and committer": {
        "author.name": "Ann", "author.email": "ann@acme.example",
        "committer.name": "Ann", "committer.email": "ann@acme.example",
    },
    "variables": {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Ann"), ("EMAIL", "ann@acme.example"))
    },
    "EMAIL": {"user.name": "Ann", "EMAIL": "ann@acme.example"},
    "only what is configured": {"user.useConfigOnly": "true", "user.name": "Ann", "user.email": "ann@acme.example"},
    "a variable before the configuration": {
        "user.name": "Bob", "user.email": "bob@acme.example",
        "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@acme.example",
    },
}  # fmt: skip
NOBODY: dict[str, dict[str, str]] = {
    "nothing": {"user.useConfigOnly": "true"},
    "only a name": {"user.useConfigOnly": "true", "user.name": "Ann"},
    "only the committer": {
        "user.useConfigOnly": "true", "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@acme.example",
    },
    "a blank name": {"user.useConfigOnly": "true", "GIT_AUTHOR_NAME": "", "GIT_AUTHOR_EMAIL": "ann@acme.example"},
    "EMAIL where git may not guess": {"user.useConfigOnly": "true", "EMAIL": "ann@acme.example"},
}  # fmt: skip

Give = Callable[[dict[str, str]], None]


@pytest.fixture
def give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Give:
    """Configure git anew: settings have a dot in their name, variables none."""

    def given(what: dict[str, str]) -> None:
        settings = {key: value for key, value in what.items() if "." in key}
        file = tmp_path / "gitconfig"
        file.write_text("[init]\n defaultBranch = main\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
        for key, value in settings.items():
            git.process.run("config", "--file", file, key, value)
        for variable in what.keys() - settings.keys():
            monkeypatch.setenv(variable, what[variable])

    return given


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In no repository, which could have an identity of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def road(tmp_path: Path) -> Path:
    """A road whose next release updates what nobody has edited."""
    files = {
        "copier.yml": "_subdirectory: template\n",
        "paved-road.yml": "owners: {road: [hello.txt]}\n",
        "template/hello.txt": "Hello!\n",
        "template/other.txt": "other\n",
        "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    }
    return make_road(tmp_path / "road", files)


@pytest.fixture
def service(road: Path, tmp_path: Path) -> Path:
    """A service with a file of the road's that its team edited."""
    assert paved("new", tmp_path / "orders", "--road", road, "--defaults").returncode == 0
    evolve(tmp_path / "orders", {"hello.txt": "mine\n"})
    evolve(road, {"template/other.txt": "newer\n"}, tag="v1.1.0")
    return tmp_path / "orders"


def author(repository: Path) -> str:
    return git.process.text("log", "-1", "--format=%an <%ae>", cwd=repository)


def record(service: Path) -> Ran:
    return paved("off-road", "new", "own-words", "--path", "hello.txt", "--service", service)


@pytest.mark.parametrize("what", GIVEN)
def test_who_was_given_works_everywhere(what: str, give: Give, service: Path, road: Path, tmp_path: Path) -> None:
    give(GIVEN[what])
    made = paved("new", tmp_path / "mail", "--road", road, "--defaults")
    assert (made.returncode, author(tmp_path / "mail")) == (0, "Ann <ann@acme.example>")
    updated = paved("update", service, "--defaults", "--commit")
    assert (updated.returncode, author(service)) == (0, "Ann <ann@acme.example>"), updated.stderr
    assert record(service).returncode == 0
    assert "requested_by: ann@acme.example" in (service / "docs/off-road/own-words.md").read_text()
    doctor = paved("doctor", "--json").envelope["result"]["findings"]
    assert "Ann <ann@acme.example>" in [one["detail"] for one in doctor]
    assert "the commit is by" not in made.stderr + updated.stderr


@pytest.mark.parametrize("what", NOBODY)
def test_where_git_knows_nobody_every_command_says_so(
    what: str, give: Give, service: Path, road: Path, tmp_path: Path
) -> None:
    give(NOBODY[what])
    made = paved("new", tmp_path / "mail", "--road", road, "--defaults")
    assert made.returncode == 0, made.stderr
    assert author(tmp_path / "mail") == "paved <paved@localhost>"
    assert "the commit is by paved <paved@localhost>: git's user.name and user.email are not set" in made.stderr
    head = git.resolve(service, "HEAD")
    updated = paved("update", service, "--defaults", "--commit")
    assert (updated.returncode, "git does not know who commits" in updated.stderr) == (2, True)
    assert "git config --global user.name" in updated.stderr
    assert (git.resolve(service, "HEAD"), git.has_changes(service)) == (head, False)
    asked = record(service)
    assert asked.returncode == 2
    assert "cannot tell who requests this: git's user.email is not set" in asked.stderr
    assert "--requested-by you@example.com" in asked.stderr
    doctor = {one["name"]: one for one in paved("doctor", "--json").envelope["result"]["findings"]}
    assert not doctor["git identity"]["ok"]


def test_what_git_guesses_commits_is_told_and_signs_no_record(
    service: Path, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a git says on a machine whose host has a name, of which no test can be sure."""
    guess = git.Identity(name="root", email="root@host.example", is_guess=True)
    monkeypatch.setattr(git.identity, "guess_identity", lambda *_: guess)
    made = paved("new", tmp_path / "mail", "--road", road, "--defaults")
    assert "the commit is by root <root@host.example>: git's user.name" in made.stderr
    updated = paved("update", service, "--defaults", "--commit")
    assert "the commit is by root <root@host.example>: git's user.name" in updated.stderr
    asked = record(service)
    assert (asked.returncode, "git would guess root <root@host.example>" in asked.stderr) == (2, True)


def test_a_configuration_for_some_folders_counts_there_alone(
    give: Give, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give({"user.useConfigOnly": "true"})
    (tmp_path / "work-identity").write_text("[user]\n name = Ann\n email = ann@acme.example\n")
    with (tmp_path / "gitconfig").open("a") as file:
        file.write(f'[includeIf "gitdir:{tmp_path}/work/"]\n path = {tmp_path}/work-identity\n')
    for place, name in (("work", "Ann <ann@acme.example>"), ("play", "paved <paved@localhost>")):
        assert paved("new", tmp_path / place / "mail", "--road", road, "--defaults").returncode == 0
        assert author(tmp_path / place / "mail") == name


def test_without_a_home_there_is_nobody(road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for home in ("", str(tmp_path / "nowhere")):
        monkeypatch.setenv("HOME", home)
        said = paved("new", tmp_path / f"mail{len(home)}", "--road", road, "--defaults")
        assert (said.returncode, "the commit is by" in said.stderr) == (0, True), said.stderr


def test_who_approves_is_whom_git_knows(give: Give, service: Path) -> None:
    give({"user.useConfigOnly": "true"})
    assert record(service).returncode == 2
    reason = "The greeting of this service is printed on paper, whose layout takes four letters and no more."
    asked = paved(
        "off-road", "new", "own-words", "--path", "hello.txt", "--requested-by", "bob@acme.example",
        "--reason", reason, "--service", service,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    file = service / "docs/off-road/own-words.md"
    file.write_text(file.read_text().replace("<!--", "Because: ").replace("-->", ""))
    said = paved("off-road", "accept", "own-words", "--service", service)
    assert (said.returncode, "cannot tell who approves this" in said.stderr) == (2, True), said.stderr
    assert "--by you@example.com" in said.stderr
