"""Repositories as people have them, and as git refuses them: each refusal is told with git's own reason and remedy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import GitError
from paved_road.testing import Ran, evolve, make_road, paved, write_files

READERS = ("status", "drift", "drift --diff", "off-road list", "off-road check", "update --dry-run")


@pytest.fixture
def service(greeter: Path, tmp_path: Path) -> Path:
    """A service of the greeter, committed."""
    path = tmp_path / "hi"
    assert paved("new", path, "--road", greeter, "--defaults").returncode == 0
    return path


def told(said: Ran, *words: str) -> None:
    """It could not answer, and says why."""
    assert said.returncode == 2, said.stderr
    for word in words:
        assert word in said.stderr
    assert "git init" not in said.stderr


@pytest.fixture
def of_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git believes that every repository belongs to another user (as its own tests make it)."""
    plain = git.process.environment

    def assuming() -> dict[str, str]:
        return plain() | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}

    monkeypatch.setattr(git.process, "environment", assuming)


@pytest.mark.parametrize("command", [*READERS, "update", "adopt"])
def test_a_service_that_git_does_not_trust(command: str, service: Path, of_another_user: None) -> None:
    told(paved(*command.split(), service), "does not trust", f"safe.directory '{service}'")


def test_a_service_is_not_made_in_a_repository_that_git_does_not_trust(
    greeter: Path, tmp_path: Path, of_another_user: None
) -> None:
    git.process.run("init", "--quiet", tmp_path / "mono")
    told(paved("new", tmp_path / "mono" / "hi", "--road", greeter, "--ref", "HEAD", "--defaults"), "safe.directory")
    assert not (tmp_path / "mono" / "hi").exists()


def test_a_road_that_git_does_not_trust(greeter: Path, tmp_path: Path, of_another_user: None) -> None:
    told(paved("new", tmp_path / "hi", "--road", greeter, "--defaults"), "does not trust", "safe.directory")


def test_a_repository_of_a_newer_format(service: Path) -> None:
    git.process.run("config", "core.repositoryFormatVersion", "9", cwd=service)
    told(paved("status", service), "cannot read the repository's format", "found 9")


def test_a_repository_with_an_unknown_extension(service: Path) -> None:
    git.process.run("config", "core.repositoryFormatVersion", "1", cwd=service)
    git.process.run("config", "extensions.fromTheFuture", "true", cwd=service)
    told(paved("drift", service), "cannot read the repository's format", "fromthefuture")


def test_a_git_file_that_leads_nowhere(service: Path, tmp_path: Path) -> None:
    (service / ".git").rename(tmp_path / "elsewhere")
    (service / ".git").write_text(f"gitdir: {tmp_path / 'gone'}\n")
    told(paved("drift", service), "leads nowhere", str(tmp_path / "gone"))


def test_a_configuration_that_is_broken(service: Path) -> None:
    with (service / ".git" / "config").open("a") as stream:
        stream.write("[core\n")
    told(paved("drift", service), "bad config line")


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    told(paved("drift", tmp_path / "nowhere"), "does not exist")


def test_a_file_in_place_of_a_folder(greeter: Path) -> None:
    told(paved("drift", greeter / "copier.yml"), "is not a folder")


def test_only_where_there_is_no_repository_git_init_is_the_remedy(tmp_path: Path) -> None:
    said = paved("drift", tmp_path)
    assert said.returncode == 2
    assert "git init" in said.stderr


def test_a_service_outside_of_its_work_tree(service: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    git.process.run("config", "core.worktree", tmp_path / "other", cwd=service)
    told(paved("drift", service), "core.worktree")


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who has git open bare repositories only when they are named."""
    git.process.run("config", "--global", "safe.bareRepository", "explicit")


def test_a_road_from_a_url(greeter: Path, tmp_path: Path, careful: None) -> None:
    service = tmp_path / "hi"
    assert paved("new", service, "--road", f"file://{greeter}", "--defaults").returncode == 0
    evolve(greeter, {"template/plain.txt": "more\n"}, tag="v1.1.0")
    assert paved("status", service).returncode == 1
    assert paved("update", service, "--defaults").returncode == 0


def test_a_bare_road(greeter: Path, tmp_path: Path, careful: None) -> None:
    git.process.run("clone", "--quiet", "--bare", greeter, tmp_path / "bare.git", role=git.PERSON)
    for name, road in (("path", str(tmp_path / "bare.git")), ("url", f"file://{tmp_path}/bare.git")):
        assert paved("new", tmp_path / name, "--road", road, "--defaults").returncode == 0
        assert paved("templates", "--road", road).returncode == 0


ODD = ("line\nbreak", "quo\"te's", "tab\tand\\back", "ümlaut", "-dash", os.fsdecode(b"\xff"))


@pytest.mark.parametrize("name", ODD)
def test_a_repository_in_a_folder_with_an_odd_name(name: str, tmp_path: Path) -> None:
    top = make_road(tmp_path / name, {"file": "x\n"})
    found = git.repository(top)
    assert found is not None
    assert (found.top, found.folder, found.objects) == (top, top / ".git", top / ".git" / "objects")
    assert found.head == git.resolve(top, "v1.0.0")


def test_a_refusal_is_no_answer(service: Path, of_another_user: None) -> None:
    with pytest.raises(GitError, match="does not trust"):
        git.is_ignored(service / "x")
    with pytest.raises(GitError, match="does not trust"):
        git.resolve(service, "HEAD")


# -- what is no service for a reason of its own ------------------------------------------------------------------------


@pytest.mark.parametrize("command", [*READERS, "update", "update --abort"])
def test_a_bare_repository(command: str, service: Path, tmp_path: Path) -> None:
    git.process.run("clone", "--quiet", "--bare", service, tmp_path / "bare.git", role=git.PERSON)
    told(paved(*command.split(), tmp_path / "bare.git"), "is a bare repository", "clone it, and name the clone")


@pytest.mark.parametrize("command", [*READERS, "update", "update --abort"])
@pytest.mark.parametrize("folder", [".git", ".git/refs", ".git/objects"])
def test_a_folder_of_gits_own(command: str, folder: str, service: Path) -> None:
    told(paved(*command.split(), service / folder), "git's own folder", "name a folder of a work tree")


@pytest.mark.parametrize("command", [*READERS, "update", "adopt"])
def test_a_worktree_whose_repository_was_moved(command: str, service: Path, tmp_path: Path) -> None:
    git.process.run("worktree", "add", "--quiet", tmp_path / "linked", "-b", "linked", cwd=service, role=git.PERSON)
    service.rename(tmp_path / "moved")
    told(paved(*command.split(), tmp_path / "linked"), "leads nowhere", "git worktree repair")


@pytest.mark.parametrize("command", [*READERS, "update", "adopt"])
def test_references_that_this_git_cannot_read(command: str, service: Path) -> None:
    """As `git init --ref-format=reftable` of git 2.45 writes it."""
    if git.version() >= (2, 45):
        pytest.skip("this git can read reftables")
    git.process.run("config", "core.repositoryFormatVersion", "1", cwd=service)
    git.process.run("config", "extensions.refStorage", "reftable", cwd=service)
    told(paved(*command.split(), service), "cannot read the repository's format", "install a newer git")


def test_a_folder_that_cannot_be_entered(service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may enter every folder: the kernel's answer is made up, to git as it starts."""
    import subprocess

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(service))

    monkeypatch.setattr(subprocess, "Popen", refused)
    told(paved("status", service), "Permission denied", str(service))


@pytest.mark.parametrize("command", [*READERS, "update", "templates", "new x --defaults"])
def test_without_git_that_is_said(command: str, service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(service)
    monkeypatch.setenv("PATH", str(service / "nowhere"))
    told(paved(*command.split()), "git is not installed", git.INSTALL)


def test_a_git_that_is_too_old_is_told_by_its_version(
    service: Path, greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not know an option of the newest that paved uses, whatever the command."""
    real = shutil.which("git")
    script = (
        '#!/bin/sh\ncase "$*" in\n--version) echo git version 2.30.2;;\n'
        f'*cat-file*-z*|*merge-tree*) echo "error: unknown option" >&2; exit 129;;\n*) exec {real} "$@";;\nesac\n'
    )
    write_files(tmp_path, {"old/git*": script})
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}{os.pathsep}{os.environ['PATH']}")
    git.version.cache_clear()
    try:
        evolve(greeter, {"paved-road.yml": "owners: {road: [hello.txt]}\n"}, tag="v1.1.0")
        told(paved("update", service, "--defaults"), "git 2.30.2 is too old", git.INSTALL)
        (service / "hello.txt").write_text("mine\n")
        told(paved("drift", service, "--all", "--diff"), "git 2.30.2 is too old", git.INSTALL)
    finally:
        git.version.cache_clear()
