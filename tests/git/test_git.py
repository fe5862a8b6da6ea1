from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import GitError
from paved_road.git.entries import SHA1, File
from paved_road.testing import evolve, make_road, write_files


def test_a_caller_inside_a_git_hook_does_not_redirect_git(greeter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    found = git.repository_around(greeter / "template" / "not there yet")
    assert found is not None
    assert found.top == greeter


def test_identity_and_connection_variables_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -v")
    monkeypatch.setenv("GIT_WORK_TREE", "/nowhere")
    kept = git.environment()
    assert kept["GIT_AUTHOR_NAME"] == "Ada"
    assert kept["GIT_SSH_COMMAND"] == "ssh -v"
    assert "GIT_WORK_TREE" not in kept


def test_a_failure_says_what_git_said(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="git rev-parse failed") as caught:
        git.process.run("-c", "a.b=c", "rev-parse", "HEAD", cwd=tmp_path)
    assert "not a git repository" in caught.value.cause


def test_a_failure_keeps_the_exit_status_and_what_git_wrote(greeter: Path) -> None:
    with pytest.raises(GitError) as caught:
        git.process.run("rev-parse", "--verify", "nothing", cwd=greeter)
    assert (caught.value.status, caught.value.refused) == (128, False)
    assert caught.value.stderr == "fatal: Needed a single revision"


@pytest.mark.parametrize("ask", [git.resolve, git.object_type, git.is_branch_name])
def test_a_repository_that_git_cannot_read_is_not_no(ask: Callable[[Path, str], object], greeter: Path) -> None:
    assert not ask(greeter, "not ..there")
    (greeter / ".git" / "config").write_text("[core\n")
    with pytest.raises(GitError, match=r"git .* failed"):
        ask(greeter, "not ..there")


def test_an_empty_git_folder_makes_no_repository_and_a_damaged_one_is_an_error(greeter: Path, tmp_path: Path) -> None:
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    assert git.repository(tmp_path / "empty") is None
    (greeter / ".git" / "HEAD").write_text("nonsense\n")
    with pytest.raises(GitError, match="rev-parse failed"):
        git.repository(greeter)


def test_without_git_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git is not installed") as caught:
        git.process.maybe("--version")
    assert "install git" in caught.value.hint


def test_a_missing_directory_is_not_mistaken_for_a_missing_git(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="no such directory"):
        git.process.run("status", cwd=tmp_path / "gone")


def test_annotated_and_light_tags_name_commits(greeter: Path) -> None:
    evolve(greeter, {"new": "x"})
    git.process.run("tag", "-a", "v2", "-m", "two", cwd=greeter)
    found = git.refs(greeter, "refs/tags/")
    assert found["refs/tags/v2"] == git.resolve(greeter, "HEAD")
    assert found["refs/tags/v1.0.0"] == git.resolve(greeter, "HEAD^")


def test_odd_names_and_binary_contents_are_read_as_they_are(tmp_path: Path) -> None:
    files: dict[str, str | bytes | None] = {'a "b"\n c.bin': b"\0\xff\n", "ünïcode.txt": "ü\n", "empty": ""}
    repository = make_road(tmp_path / "road", files)
    entries = git.list_tree(repository, "HEAD")
    contents = git.read_objects(repository, [entry.blob for entry in entries.values()])
    expected = {path: content.encode() if isinstance(content, str) else content for path, content in files.items()}
    assert dict(zip(entries, contents, strict=True)) == expected


def test_reading_nothing_or_something_missing(greeter: Path) -> None:
    assert git.read_objects(greeter, []) == []
    assert git.read_objects(greeter, ["HEAD:nope", "HEAD:copier.yml"])[0] is None


def test_a_first_commit_needs_no_identity_and_runs_no_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    (tmp_path / "config").write_text(
        f"[core]\n hooksPath = {hooks}\n[commit]\n gpgSign = true\n[user]\n useConfigOnly = true\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    service = tmp_path / "service"
    service.mkdir()
    (service / "file").write_text("x")
    commit = git.commit_everything(service, "First")
    assert git.resolve(service, "main") == commit
    assert git.process.text("log", "-1", "--format=%an", cwd=service) == "paved"


def test_the_persons_own_default_branch_is_used(tmp_path: Path) -> None:
    git.process.run("config", "--global", "init.defaultBranch", "trunk")
    (tmp_path / "service").mkdir()
    assert git.commit_everything(tmp_path / "service", "First") == git.resolve(tmp_path / "service", "trunk")


def test_blobs_are_written_as_git_writes_them(greeter: Path) -> None:
    found = git.repository(greeter)
    assert found is not None
    contents = [b"new\n", b"", b"\0" * 9, b"new\n"]
    ids = [git_blob(content) for content in contents]
    git.write_blobs(found.objects, contents)
    git.write_blobs(found.objects, contents)
    assert git.read_objects(greeter, ids) == contents
    git.process.run("fsck", "--strict", cwd=greeter)
    assert not list(found.objects.rglob("tmp_obj_*"))


def test_blobs_are_shared_as_the_repository_is(greeter: Path) -> None:
    found = git.repository(greeter)
    assert found is not None
    found.objects.chmod(0o2770)
    git.write_blobs(found.objects, [b"new\n"])
    name = git_blob(b"new\n")
    folder = found.objects / name[:2]
    modes = [path.stat().st_mode & 0o7777 for path in (folder, folder / name[2:])]
    assert modes == [0o2770, 0o440]


def test_what_changed_is_told_with_the_commit_it_changed_from(greeter: Path) -> None:
    head = git.resolve(greeter, "HEAD")
    assert git.head_and_changed(greeter) == (head, [])
    write_files(greeter, {"template/plain.txt": "x\n", "untracked": "x\n", "a b": "x\n"})
    git.process.run("add", "a b", cwd=greeter)
    assert git.head_and_changed(greeter / "template") == (head, ["template/plain.txt"])
    entry = File(b"Hello, {{ name }}!\n").entry(SHA1)
    git.update_stages(greeter, {"template/run.sh": {}, "two  ways": {2: entry, 3: entry}})
    changed = ["a b", "template/plain.txt", "template/run.sh", "two  ways"]
    assert git.head_and_changed(greeter) == (head, changed)


def git_blob(content: bytes) -> str:
    return File(content).blob


def test_many_long_questions_and_large_answers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    deep = "/".join(["f" * 200] * 4)
    repository = make_road(tmp_path / "road", {f"{deep}/{number}": b"%07d\n" % number * 5000 for number in range(150)})
    names = [f"HEAD:{deep}/{number}" for number in range(150)]
    assert git.read_objects(repository, names) == [b"%07d\n" % number * 5000 for number in range(150)]


def test_an_object_that_git_waits_for_is_not_waited_for(greeter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paved_road.git.process.LONGEST", 0.3)
    blob = git_blob(b"#!/bin/sh\n")
    loose = greeter / ".git" / "objects" / blob[:2] / blob[2:]
    loose.unlink()
    os.mkfifo(loose)
    with pytest.raises(GitError, match=r"git cat-file did not end within 0\.3 seconds"):
        git.read_objects(greeter, ["HEAD", blob])


@pytest.mark.parametrize("filtered", ["blob:none", "tree:0"])
def test_what_a_partial_clone_lacks_does_not_exist(filtered: str, greeter: Path, tmp_path: Path) -> None:
    evolve(greeter, {"template/plain.txt": "changed\n"})
    git.process.run("config", "uploadpack.allowFilter", "true", cwd=greeter)
    clone = tmp_path / "clone"
    git.process.run("clone", "--quiet", f"--filter={filtered}", f"file://{greeter}", clone, role=git.PERSON)
    old = git.object_id(greeter, "HEAD~1:template/plain.txt") or ""
    names = ["HEAD:template/plain.txt", old, "HEAD:template/run.sh", old, old]
    assert git.read_objects(clone, names) == [b"changed\n", None, b"#!/bin/sh\n", None, None]
    with git.Objects(clone) as objects:
        assert objects.existing([old]) == set()


def test_a_scratch_repository_makes_no_folder_above_it(tmp_path: Path) -> None:
    gone = tmp_path / "removed meanwhile"
    with pytest.raises(GitError, match="no such directory"):
        git.Scratch(gone / "scratch.git", [])
    assert not gone.exists()


def test_the_branch_that_is_checked_out(greeter: Path, tmp_path: Path) -> None:
    assert git.checked_out_branch(greeter) == "refs/heads/main"
    git.process.run("worktree", "add", "--quiet", "--detach", tmp_path / "linked", cwd=greeter)
    assert git.checked_out_branch(tmp_path / "linked") is None
    git.process.run("checkout", "--quiet", "--detach", cwd=greeter)
    assert git.checked_out_branch(greeter) is None
