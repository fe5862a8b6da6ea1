"""Drift wherever a service lies and whatever lies in it: exact, in bounded time, and without running anything."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.git.entries import blob_id, file_id
from paved_road.testing import Link, evolve, make_road, paved, write_files

RECORD = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}"}
ODD = ("line\nbreak", '"quoted"', "it's", "ends in\r", " space ", "tab\t", "-dash", "ümlaut", os.fsdecode(b"\xff\xfe"))


@pytest.fixture
def road(tmp_path: Path) -> Path:
    own = {"copier.yml": "_subdirectory: template\n", "paved-road.yml": "owners: {road: ['**']}\n"}
    stamped = {**RECORD, "a.txt": "1\n", "docs/b.txt": "2\n", "run.sh*": "#!/bin/sh\n"}
    return make_road(tmp_path / "road", own | {f"template/{path}": content for path, content in stamped.items()})


@pytest.fixture
def service(road: Path, tmp_path: Path) -> Path:
    return new(tmp_path / "service", road)


def new(path: Path, road: Path) -> Path:
    assert paved("new", path, "--road", road, "--defaults").returncode == 0
    return path


def drift(service: Path) -> dict[str, str]:
    """Every file that differs, and how."""
    said = paved("drift", service, "--all", "--json")
    assert said.returncode in (0, 1), said.stderr
    found = {one["path"]: str(one["kind"]) for one in said.envelope["result"]["drift"]}
    assert said.returncode == int(bool(found))
    return found


def test_nothing_differs_in_a_new_service(service: Path) -> None:
    assert drift(service) == {}


def test_a_touched_file_is_the_same(service: Path) -> None:
    os.utime(service / "a.txt", (1, 1))
    assert drift(service) == {}


def test_an_edit_of_the_same_size_and_time_is_seen(service: Path) -> None:
    before = (service / "a.txt").stat()
    (service / "a.txt").write_text("9\n")
    os.utime(service / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert drift(service) == {"a.txt": "edited"}


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_an_edit_that_git_was_told_not_to_look_at_is_seen(flag: str, service: Path) -> None:
    git.process.run("update-index", flag, "a.txt", cwd=service)
    assert drift(service) == {}
    (service / "a.txt").write_text("mine\n")
    assert drift(service) == {"a.txt": "edited"}


@pytest.mark.parametrize(
    "chosen", ["--cone --sparse-index nowhere", "--cone --no-sparse-index nowhere", "--no-cone /* !/docs"]
)
def test_what_a_sparse_checkout_leaves_out_is_not_deleted(chosen: str, service: Path) -> None:
    git.process.run("sparse-checkout", "set", *chosen.split(), cwd=service, role=git.PERSON)
    assert not (service / "docs").exists()
    assert drift(service) == {}
    write_files(service, {"docs/b.txt": "mine\n"})
    assert drift(service) == {"docs/b.txt": "edited"}


def test_a_file_that_git_shall_only_add_later(service: Path) -> None:
    git.process.run("rm", "--quiet", "--cached", "a.txt", cwd=service)
    git.process.run("add", "--intent-to-add", "a.txt", cwd=service)
    assert drift(service) == {}


def test_a_split_index_in_the_newest_format(service: Path) -> None:
    git.process.run("update-index", "--split-index", "--index-version", "4", cwd=service)
    assert drift(service) == {}
    (service / "a.txt").write_text("mine\n")
    git.process.run("add", "a.txt", cwd=service)
    assert drift(service) == {"a.txt": "edited"}


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    # Such a name has a limit of about a hundred letters.
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)


@pytest.mark.parametrize("make", [fifo, unix_socket, Path.mkdir])
def test_what_is_no_file_is_not_opened(make: Callable[[Path], None], service: Path) -> None:
    (service / "a.txt").unlink()
    make(service / "a.txt")
    assert drift(service) == {"a.txt": "deleted"}
    assert paved("status", service).returncode == 1


@pytest.mark.parametrize("target", ["/dev/zero", "/dev", "/proc/self/mem", "nowhere", "a.txt", "/"])
def test_a_link_is_not_followed(target: str, service: Path) -> None:
    write_files(service, {"a.txt": None})
    write_files(service, {"a.txt": Link(target)})
    assert drift(service) == {"a.txt": "edited"}


def test_a_folder_that_is_a_link_is_not_followed(service: Path, tmp_path: Path) -> None:
    (service / "docs").rename(tmp_path / "elsewhere")
    (service / "docs").symlink_to(tmp_path / "elsewhere")
    assert drift(service) == {"docs/b.txt": "deleted"}


def test_attributes_that_never_end_are_not_read(service: Path) -> None:
    os.mkfifo(service / ".gitattributes")
    (service / "a.txt").write_text("mine\n")
    assert drift(service) == {"a.txt": "edited"}


def test_a_large_file_is_read_in_pieces(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    (tmp_path / "large").write_bytes(data)
    for name in ("sha1", "sha256"):
        assert file_id(tmp_path / "large", name) == blob_id(data, name)
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(100 * 2**20)
    assert file_id(tmp_path / "huge") == git.process.run("hash-object", tmp_path / "huge").decode().strip()


@pytest.mark.parametrize("edited", ["service", "root", "both"])
def test_a_file_of_a_subfolder_is_not_taken_for_that_of_the_root(edited: str, road: Path, tmp_path: Path) -> None:
    top = make_road(tmp_path / "mono", {"a.txt": "1\n", "docs/b.txt": "2\n"}, tag=None)
    service = new(top / "services" / "one", road)
    evolve(top, {})
    if edited in ("service", "both"):
        write_files(service, {"a.txt": "mine\n"})
    if edited in ("root", "both"):
        write_files(top, {"a.txt": "mine\n", "docs/b.txt": "mine\n"})
    assert drift(service) == ({} if edited == "root" else {"a.txt": "edited"})


def test_a_subfolder_whose_files_the_root_does_not_have(road: Path, tmp_path: Path) -> None:
    top = make_road(tmp_path / "mono", {"README": "x"}, tag=None)
    service = new(top / "one", road)
    assert drift(service) == {}  # nothing of it is in the index yet
    evolve(top, {"one/a.txt": "mine\n"})
    (service / "docs" / "b.txt").write_text("mine\n")
    assert drift(service) == {"a.txt": "edited", "docs/b.txt": "edited"}


def test_a_linked_work_tree(service: Path, tmp_path: Path) -> None:
    git.process.run("worktree", "add", "--quiet", "-b", "side", tmp_path / "linked", cwd=service)
    (tmp_path / "linked" / "a.txt").write_text("mine\n")
    assert drift(tmp_path / "linked") == {"a.txt": "edited"}
    assert drift(service) == {}


@pytest.mark.parametrize("name", ODD)
def test_a_file_with_an_odd_name(name: str, tmp_path: Path) -> None:
    service = make_road(tmp_path / "service", {name: "1\n", "other": "2\n"})
    os.utime(service / name, (1, 1))
    (service / "other").write_text("3\n")
    expected = [blob_id(data) for data in (b"1\n", b"3\n")]
    assert git.hash_files(service, [name, "other"]) == expected
    repository = git.repository(service)
    assert repository is not None
    assert git.read_index(repository, service).files[name].entry.blob == expected[0]
    assert git.read_objects(service, [f"HEAD:{name}", f"HEAD:{name}\n", f"HEAD:{name}"]) == [b"1\n", None, b"1\n"]
    assert git.log_files(service, "HEAD") == [(git.resolve(service, "HEAD"), sorted([name, "other"]))]


@pytest.mark.parametrize("setting", ["core.autocrlf", "core.eol"])
def test_line_ends_that_git_converts_are_no_edit(setting: str, service: Path) -> None:
    git.process.run("config", setting, "true" if setting == "core.autocrlf" else "crlf", cwd=service)
    (service / ".git" / "info").mkdir(exist_ok=True)
    (service / ".git" / "info" / "attributes").write_text("*.txt text\n" if setting == "core.eol" else "")
    write_files(service, {"a.txt": "1\r\n"})
    assert drift(service) == {}
    write_files(service, {"a.txt": "1\r\nmine\r\n"})
    assert drift(service) == {"a.txt": "edited"}


def test_the_executable_bit_counts_where_the_file_system_has_one(service: Path) -> None:
    (service / "run.sh").chmod(0o644)
    assert drift(service) == {"run.sh": "mode"}
    git.process.run("config", "core.fileMode", "false", cwd=service)
    assert drift(service) == {}
