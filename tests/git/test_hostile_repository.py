"""A repository that somebody else made: whatever its configuration names, a command that only reads does not run it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import GitError
from paved_road.testing import evolve, make_road, paved, write_files

READERS = (
    "status", "status --json", "drift", "drift --all", "drift --diff", "off-road list", "off-road check",
    "off-road report", "update --dry-run", "update --dry-run --json",
)  # fmt: skip

SETTINGS = (
    "core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.askPass", "core.pager", "core.editor",
    "core.alternateRefsCommand", "credential.helper", "diff.external", "diff.trap.textconv", "diff.trap.command",
    "filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "merge.trap.driver", "gpg.program",
    "gpg.ssh.program", "uploadpack.packObjectsHook", "remote.origin.uploadpack", "alias.status", "alias.ls-files",
    "pager.log", "pager.diff", "sequence.editor", "ssh.variant", "trailer.trap.command", "interactive.diffFilter",
)  # fmt: skip
"""Settings that make git run a program, at some time or other."""

HOOKS = (
    "fsmonitor-watchman", "post-checkout", "post-index-change", "pre-commit", "pre-auto-gc", "reference-transaction",
    "post-merge", "post-rewrite",
)  # fmt: skip


class Trap:
    """A program that leaves a word of who ran it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder

    def program(self, name: str) -> Path:
        """One that is told apart by its name."""
        place = self.folder / f"{name}.sh"
        place.write_text(f"#!/bin/sh\necho ran >'{self.folder}/{name}.ran'\ncat\n")
        place.chmod(0o755)
        return place

    def sprung(self) -> set[str]:
        """Whatever ran since it was last asked."""
        found = {file.stem for file in self.folder.glob("*.ran")}
        for name in found:
            (self.folder / f"{name}.ran").unlink()
        return found


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path / "trap")


@pytest.fixture
def service(tmp_path: Path, trap: Trap) -> Path:
    """A service whose repository names a program wherever it can, with an edit, an update to come and a record."""
    template = {
        "copier.yml": "_subdirectory: template\n", "paved-road.yml": "owners: {road: ['a.txt']}\n",
        "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
        "template/a.txt": "1\n", "template/b.txt": "1\n2\n3\n4\n5\n", "template/c.txt": "3\n",
    }  # fmt: skip
    road = make_road(tmp_path / "road", template)
    path = tmp_path / "service"
    assert paved("new", path, "--road", road, "--defaults").returncode == 0
    attributes = ".gitattributes"
    evolve(path, {attributes: "* filter=trap diff=trap merge=trap\n", "b.txt": "1\n2\n3\n4\nmine\n"})
    evolve(road, {"template/b.txt": "road\n2\n3\n4\n5\n", "template/c.txt": "4\n"}, tag="v1.1.0")
    arm(path, trap)
    return path


def arm(repository: Path, trap: Trap) -> None:
    """Every setting and hook of the repository names a program, directly or from an included file."""
    half = len(SETTINGS) // 2
    for key in SETTINGS[:half]:
        git.process.run("config", key, trap.program(key), cwd=repository)
    included = repository / ".git" / "more"
    for key in SETTINGS[half:]:
        git.process.run("config", "--file", included, key, trap.program(key), cwd=repository)
    for key, value in (
        ("include.path", "more"), ("core.hooksPath", str(trap.folder / "hooks")), ("log.showSignature", "true"),
        ("protocol.ext.allow", "always"), ("remote.origin.url", f"ext::{trap.program('transport')}"),
        ("remote.origin.promisor", "true"), ("extensions.partialClone", "origin"), ("submodule.recurse", "true"),
        ("core.repositoryFormatVersion", "1"), ("status.submoduleSummary", "true"), ("filter.trap.required", "true"),
    ):  # fmt: skip
        git.process.run("config", key, value, cwd=repository)
    (trap.folder / "hooks").mkdir()
    for hook in HOOKS:
        trap.program(hook).rename(trap.folder / "hooks" / hook)


@pytest.fixture
def edited(service: Path) -> Path:
    """With an edit that git has to look at."""
    return write_files(service, {"a.txt": "9\n"})


@pytest.mark.parametrize("command", READERS)
def test_a_reader_runs_nothing_that_a_repository_names(command: str, edited: Path, trap: Trap) -> None:
    assert paved(*command.split(), edited).returncode in (0, 1, 2)
    assert trap.sprung() == set()


@pytest.mark.parametrize("command", READERS)
def test_nor_in_a_repository_without_a_change(command: str, service: Path, trap: Trap) -> None:
    assert paved(*command.split(), service).returncode in (0, 1)
    assert trap.sprung() == set()


def test_the_traps_are_armed(edited: Path, trap: Trap) -> None:
    with contextlib.suppress(GitError):
        git.process.run("status", cwd=edited, role=git.PERSON)
    assert "core.fsmonitor" in trap.sprung()
    git.process.run("config", "--unset", "core.fsmonitor", cwd=edited)
    with contextlib.suppress(GitError):
        git.process.run("add", "a.txt", cwd=edited, role=git.PERSON)
    assert "filter.trap.process" in trap.sprung()
    git.process.run("update-ref", "refs/heads/new", "HEAD", cwd=edited, role=git.PERSON)
    assert "reference-transaction" in trap.sprung()


def test_drift_is_told_all_the_same(edited: Path) -> None:
    said = paved("drift", edited, "--diff")
    assert said.returncode == 1
    assert "edited   a.txt" in said.stdout
    assert "+9" in said.stdout


def test_objects_that_a_partial_clone_lacks_are_not_fetched(service: Path, trap: Trap) -> None:
    blob = git.object_id(service, "HEAD~1:b.txt")
    assert blob is not None
    (service / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert git.read_objects(service, [blob]) == [None]
    for command in READERS:
        assert paved(*command.split(), service).returncode in (0, 1, 2)
    assert trap.sprung() == set()


def bare_looking(folder: Path, trap: Trap) -> None:
    """Make a folder one that git takes for a bare repository."""
    git.process.run("init", "--quiet", "--bare", "--template=", folder / "made")
    for part in ("HEAD", "config", "objects", "refs"):
        (folder / "made" / part).rename(folder / part)
    shutil.rmtree(folder / "made")
    for key in ("core.fsmonitor", "filter.trap.clean", "core.sshCommand"):
        git.process.run("config", "--file", folder / "config", key, trap.program(key), cwd=folder)
    git.process.run("config", "--file", folder / "config", "core.bare", "false", cwd=folder)
    git.process.run("config", "--file", folder / "config", "core.worktree", folder, cwd=folder)


@pytest.mark.parametrize("where", ["", "inside"])
@pytest.mark.parametrize("command", READERS)
def test_a_folder_that_looks_like_a_bare_repository_is_none(
    command: str, where: str, service: Path, tmp_path: Path, trap: Trap
) -> None:
    cloned = tmp_path / "cloned"
    shutil.copytree(service, cloned / where, ignore=shutil.ignore_patterns(".git"))
    bare_looking(cloned / where, trap)
    if where:
        git.process.run("init", "--quiet", cloned)
    said = paved(*command.split(), cloned / where)
    assert said.returncode == 2
    assert "looks like one" in said.stderr + said.stdout
    assert trap.sprung() == set()


def test_a_merge_driver_of_the_repository_runs_in_an_update_and_not_in_its_rehearsal(service: Path, trap: Trap) -> None:
    said = paved("update", service, "--dry-run")
    assert "merge driver" in said.stderr
    assert trap.sprung() == set()
    more = service / ".git" / "more"  # filters of this kind speak a language that the trap does not
    git.process.run("config", "--file", more, "--unset", "filter.trap.process", cwd=service)
    assert paved("update", service).returncode == 0
    assert {"merge.trap.driver", "filter.trap.clean"} <= trap.sprung()
