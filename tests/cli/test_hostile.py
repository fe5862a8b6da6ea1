"""A service that a stranger filled: what only reads it runs nothing, leaves it by no link, and ends.

Every command runs as a process of its own with a limit of time, so that one that waits for ever is a failed test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paved_road import git
from paved_road.cli import main
from paved_road.errors import GitError, PavedError
from paved_road.service.lock import parse_lock
from paved_road.settings import config
from paved_road.testing import PATIENCE, Link, Ran, evolve, make_road, write_files
from paved_road.testing import paved as in_process
from tests.offroad.world import PROSE

SECRET = "aws_secret_access_key"
READERS = (
    ("drift", "--diff"), ("drift", "--all", "--json"), ("status",), ("off-road", "check"), ("off-road", "list"),
    ("off-road", "report"), ("check", "--static", "--baseline-ref", "HEAD"),
)  # fmt: skip
RECORD = """\
---
id: own-image
status: proposed
scope: {paths: [hello.txt]}
kind: operational-need
reason:
risk: low
support: team
owner: orders
requested_by: ann
created: 2026-01-01
review_by: 2026-02-01
release: 1.0.0
---
"""


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service whose road owns two files, one of them in a folder; stamped once."""
    folder = tmp_path_factory.mktemp("stamped")
    road = make_road(
        folder / "road",
        {
            "copier.yml": "_subdirectory: template\nowner: {type: str, default: team}\n",
            "paved-road.yml": "owners: {road: [hello.txt, conf/**]}\n",
            "template/hello.txt": "hello\n",
            "template/conf/credentials": "none\n",
            "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
        },
    )
    assert in_process("new", folder / "orders", "--road", road, "--defaults").returncode == 0
    return folder / "orders"


@pytest.fixture
def service(stamped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stamped, tmp_path / "orders", symlinks=True))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Somebody's home, with a secret in it."""
    write_files(tmp_path / "home", {".aws/credentials": f"{SECRET} = x\n"})
    return tmp_path / "home"


def ask(*words: str | Path, seconds: float = PATIENCE) -> Ran:
    """A command in a process of its own, which has to end, and to end in an answer."""
    command = [sys.executable, "-m", "paved_road", *map(str, words)]
    done = subprocess.run(
        command, env=git.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
    )
    said = Ran(command, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert said.returncode in (0, 1, 2), said.stderr
    assert "Traceback" not in said.stderr
    return said


def edit_lock(service: Path, change: Callable[[dict[str, Any]], object]) -> None:
    lock = json.loads((service / ".paved-road.lock").read_text())
    change(lock)
    (service / ".paved-road.lock").write_text(json.dumps(lock))


# -- links -------------------------------------------------------------------------------------------------------------


def test_a_file_that_became_a_link_shows_where_it_leads_and_not_what_is_there(service: Path, home: Path) -> None:
    (service / "hello.txt").unlink()
    write_files(service, {"hello.txt": Link(str(home / ".aws" / "credentials"))})
    said = [ask(*words, service) for words in READERS]
    assert str(home) in said[0].stdout
    assert not [one for one in said if SECRET in one.stdout + one.stderr]


@pytest.mark.parametrize("committed", [False, True])
def test_a_folder_that_became_a_link_is_gone_as_it_is_for_git(service: Path, home: Path, committed: bool) -> None:
    shutil.rmtree(service / "conf")
    write_files(service, {"conf": Link(str(home / ".aws"))})
    if committed:
        evolve(service, {})
    said = [ask(*words, service) for words in READERS]
    assert said[0].stdout == "deleted  conf/credentials\n"
    assert not [one for one in said if SECRET in one.stdout + one.stderr]


def test_a_lock_cannot_name_a_device(service: Path) -> None:
    shutil.rmtree(service / "conf")
    write_files(service, {"conf": Link("/dev")})
    edit_lock(service, lambda lock: lock["files"].update({"conf/zero": lock["files"].pop("conf/credentials")}))
    for words in READERS:
        ask(*words, service)


RECORDS = (".paved-road.lock", ".copier-answers.yml", ".paved.toml", "docs/off-road/own-image.md")


@pytest.mark.parametrize("path", RECORDS)
def test_a_record_that_is_a_link_is_not_read(path: str, service: Path, home: Path) -> None:
    secret = home / ".aws" / "credentials"
    secret.write_text(f"{SECRET}: [unclosed\n")
    (service / path).unlink(missing_ok=True)
    write_files(service, {path: Link(str(secret))})
    said = [ask(*words, service) for words in (*READERS, ("update", "--dry-run"))]
    assert [one for one in said if one.returncode == 2], "somebody has to read it"
    assert not [one for one in said if SECRET in one.stdout + one.stderr]


# -- what never ends ---------------------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    # Bound by a short name: an address has room for a hundred bytes.
    with socket.socket(socket.AF_UNIX) as one:
        folder = os.open(path.parent, os.O_RDONLY)
        one.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("path", "make"),
    [
        *((path, fifo) for path in (*RECORDS, ".gitignore", ".gitattributes", "conf/.gitattributes", "hello.txt")),
        *((path, make) for path in (".paved-road.lock", "docs/off-road/own-image.md") for make in (listening, endless)),
    ],
)
def test_nothing_that_lies_in_a_service_is_waited_for(path: str, make: Callable[[Path], None], service: Path) -> None:
    (service / path).parent.mkdir(parents=True, exist_ok=True)
    (service / path).unlink(missing_ok=True)
    make(service / path)
    for words in (("drift", "--diff"), ("off-road", "check"), ("update", "--dry-run")):
        ask(*words, service)


GITS_OWN = (
    "HEAD", "config", "index", "packed-refs", "refs/heads/main", "commondir", "shallow", "objects/info/alternates",
    "info/exclude", "info/attributes", "config.worktree", "info/sparse-checkout",
)  # fmt: skip
COMMANDS = (
    ("status",), ("drift", "--diff"), ("off-road", "check"), ("update", "--dry-run"), ("check", "--static"),
)  # fmt: skip


@pytest.mark.parametrize("path", GITS_OWN)
def test_a_pipe_in_gits_own_folder_is_refused_at_once(path: str, service: Path) -> None:
    file = service / ".git" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    fifo(file)
    for words in COMMANDS:
        said = in_process(*words, service)
        assert said.returncode == 2
        assert f"git would hang: {file} is a FIFO, not a file" in said.stderr


@pytest.mark.parametrize("make", [fifo, listening, endless])
def test_so_is_one_behind_a_link_a_socket_and_a_device(make: Callable[[Path], None], service: Path) -> None:
    make(service / "pipe")
    (service / ".git" / "info").mkdir(exist_ok=True)
    (service / ".git" / "info" / "exclude").unlink(missing_ok=True)
    (service / ".git" / "info" / "exclude").symlink_to(service / "pipe")
    said = in_process("status", service)
    assert (said.returncode, "git would hang" in said.stderr) == (2, True)


@pytest.mark.parametrize("path", ["index", "../../config", "../../info/attributes"])
def test_a_pipe_that_a_linked_work_tree_would_wait_for_is_refused(path: str, service: Path) -> None:
    git.process.run("worktree", "add", "-q", service.parent / "linked", cwd=service, role=git.PERSON)
    file = service / ".git" / "worktrees" / "linked" / path
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    fifo(file)
    said = in_process("status", service.parent / "linked")
    assert (said.returncode, "git would hang" in said.stderr) == (2, True)


def test_a_folder_that_looks_like_a_bare_repository_is_not_waited_for(service: Path) -> None:
    for name in ("objects", "refs"):
        (service / "conf" / name).mkdir()
    fifo(service / "conf" / "HEAD")
    said = in_process("status", service / "conf")
    assert (said.returncode, said.stdout) == (0, "orders is at road 1.0.0 (the latest)\n")


def test_git_files_that_are_links_to_files_or_to_nothing_are_read(service: Path) -> None:
    (service / ".git" / "info").mkdir(exist_ok=True)
    (service / ".git" / "info" / "exclude").unlink(missing_ok=True)
    (service / ".git" / "info" / "exclude").symlink_to(os.devnull)
    (service / ".git" / "config").rename(service.parent / "config")
    (service / ".git" / "config").symlink_to(service.parent / "config")
    assert in_process("drift", service).returncode == 0


@pytest.mark.parametrize("setting", ["include.path", "core.excludesFile", "core.attributesFile"])
def test_a_pipe_that_the_configuration_names_is_waited_for_no_longer_than_a_reader_waits(
    setting: str, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paved_road.git.process.LONGEST", 0.3)
    git.process.run("config", setting, service.parent / "pipe", cwd=service)
    fifo(service.parent / "pipe")
    said = [in_process(*words, service) for words in COMMANDS]
    *said, checked = said
    assert {one.returncode for one in said} <= {0, 2}
    assert checked.returncode in (1, 2)  # these files do not make a service ready
    ended = [one for one in said if one.returncode == 2]
    assert ended, "somebody has to read it"
    for one in ended:
        assert "did not end within 0.3 seconds" in one.stderr
        assert ".git -type p" in one.stderr


@pytest.mark.parametrize("path", RECORDS)
def test_a_file_that_has_no_end_is_told(path: str, service: Path) -> None:
    (service / path).parent.mkdir(parents=True, exist_ok=True)
    with (service / path).open("wb") as stream:
        stream.truncate(2**40)  # a terabyte of nothing
    write_files(service, {"hello.txt": "ours\n"})
    said = ask("off-road", "report", service)
    assert "is larger than" in said.stderr or path == ".paved.toml"
    assert ask("off-road", "check", service).returncode == (1 if path == ".copier-answers.yml" else 2)


def test_a_file_of_any_size_is_drift_and_is_not_read_line_by_line(
    service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paved_road.files.contained.LIMIT", 2**20)
    with (service / "hello.txt").open("wb") as stream:
        stream.truncate(2**20 + 1)
    write_files(service, {"conf/credentials": "ours\n"})
    said = in_process("drift", "--diff", service)
    assert said.returncode == 1
    assert "hello.txt is larger than 1 MiB, so no diff is shown\n" in said.stdout
    assert "+ours" in said.stdout
    assert len(said.stdout) < 1000


# -- records with anything in them -------------------------------------------------------------------------------------

LOCKS: dict[str, Any] = {
    "deep": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "not a number": '{"lock": NaN}',
    "a huge number": '{"lock": ' + "9" * 5000 + "}",
    "a list": "[]",
    "null": "null",
    "binary": "\0",
    "longest is too long": {"offroad": {"longest": "99999999999d"}},
    "longest has too many digits": {"offroad": {"longest": "9" * 5000 + "d"}},
    "longest is a number": {"offroad": {"longest": 3}},
    "longest is nothing": {"offroad": {"longest": "0d"}},
    "a commit that is an option": {"commit": "--output=x"},
    "a version of many digits": {"version": "1" * 5000},
    "files that are a list": {"files": []},
    "a path with a null": {"files": {"a\0b": ""}},
    "a path that leaves": {"files": {"../x": "100644 " + "0" * 40 + " road"}},
    "answers elsewhere": {"answers": "../../x.yml"},
}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_of_any_content_is_an_answer(name: str, service: Path) -> None:
    content = LOCKS[name]
    if isinstance(content, dict):
        edit_lock(service, lambda lock: lock.update(content))
    else:
        (service / ".paved-road.lock").write_text(content)
    for words in (("status",), ("drift",), ("off-road", "check")):
        said = in_process(*words, service)
        assert said.returncode == 2, said
        assert "is broken" in said.stderr or "has the format" in said.stderr
        assert not re.search(r"\b[A-Z]\w+Error\b|the template writes|recursion|git checkout", said.stderr), said.stderr


ANSWERS = {
    "a date that is none": "owner: 2024-99-99\n",
    "a huge number": f"owner: {'9' * 5000}\n",
    "deep": f"owner: {'[' * 900}{']' * 900}\n",
    "deeper": f"owner: {'[' * 100_000}\n",
    "wide": f"owner: [{'1,' * 300_000}]\n",
    "aliases": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
    "merged aliases": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)),
    "an alias of itself": "owner: &a [*a]\n",
    "a tag": "owner: !!python/object/apply:os.system [true]\n",
    "a broken timestamp": "owner: !!timestamp x\n",
    "binary": "owner: \0\n",
}


@pytest.mark.parametrize("road", ["x" * 5000, "/" + "x" * 300, "~nobody-of-that-name/x", "./" + "a/" * 3000])
def test_a_road_of_any_name_is_an_answer(road: str, service: Path) -> None:
    edit_lock(service, lambda lock: lock.update(road=road))
    (service / ".copier-answers.yml").write_text(f"_src_path: {road}\n_commit: v1.0.0\n")
    for words in (("status",), ("update", "--dry-run"), ("drift", "--diff")):
        assert in_process(*words, service).returncode in (0, 1, 2)


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_any_content_are_an_answer(name: str, service: Path) -> None:
    (service / ".copier-answers.yml").write_text(ANSWERS[name])
    write_files(service, {"hello.txt": "ours\n"})
    said = ask("off-road", "report", service)
    larger = name in ("deep", "deeper", "wide", "aliases", "merged aliases")
    assert (said.returncode, ("is larger than paved parses" if larger else "is not YAML") in said.stderr) == (
        2,
        True,
    ), said.stderr
    assert "Error:" not in said.stderr


ACCEPTED = (
    RECORD.replace("proposed", "accepted")
    .replace("reason:", "reason: Our registry mirrors signed images only.\napproved_by: bo")
    .replace("release:", "fingerprint: {hello.txt: {road: x, service: y, difference: z}}\nrelease:")
    .replace("2026-01-01", "2026-11-01")
    .replace("2026-02-01", "2026-12-31")
)
RECORD_TRAPS = {
    "deep": RECORD.replace("owner: orders", f"owner: {'[' * 100_000}"),
    "a date that is none": RECORD.replace("2026-02-01", "2024-99-99"),
    "a day without an end": RECORD.replace("2026-02-01", "9999-12-31"),
    "created at the end of time": RECORD.replace("2026-01-01", "9999-12-31").replace("2026-02-01", "9999-12-31"),
    "aliases": RECORD.replace("owner: orders", "owner: &a orders\nimpact: *a"),
    "comments that do not end": ACCEPTED + "<!--" * 200_000,
    "a name of spaces": ACCEPTED.replace("low", "high").replace("by: bo", f"by: 'a{' ' * 100_000}b'"),
    "a reason of brackets": RECORD.replace("reason:", f"reason: {'<' * 500_000}"),
    "stars": RECORD.replace("[hello.txt]", f"['conf/{'*a' * 40}b']"),
    "folders of stars": RECORD.replace("[hello.txt]", f"['conf/{'**/a/' * 40}b']"),
    "many patterns": RECORD.replace("[hello.txt]", str([f"conf/{n}*" for n in range(20_000)])),
    "not UTF-8": RECORD.replace("orders", "\udcff"),
    "nothing": "",
}


@pytest.mark.parametrize("name", RECORD_TRAPS)
def test_a_deviation_of_any_content_is_an_answer(name: str, service: Path) -> None:
    content = (RECORD_TRAPS[name] + PROSE).encode("utf-8", "surrogateescape")
    write_files(service, {"docs/off-road/own-image.md": content, "hello.txt": "ours\n", f"conf/{'a' * 200}": "x\n"})
    edit_lock(service, lambda lock: lock["files"].update({f"conf/{'a' * 200}": lock["files"]["hello.txt"]}))
    edit_lock(service, lambda lock: lock["files"].update({f"conf/{'a/' * 500}a": lock["files"]["hello.txt"]}))
    ask("off-road", "check", service)


def test_a_folder_of_too_many_records_is_told(service: Path) -> None:
    write_files(service, {f"docs/off-road/r{n}.md": "" for n in range(2001)})
    said = ask("off-road", "list", service)
    assert (said.returncode, "holds 2001 files; paved reads 2000 at most" in said.stderr) == (2, True)


def test_one_bad_service_is_one_line_and_the_report_is_about_the_others(service: Path, tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    write_files(service, {"hello.txt": "ours\n"})
    for name in ("good", "deep", "longest", "date", "fifo", "folder", "device"):
        shutil.copytree(service, fleet / name, symlinks=True)
    (fleet / "deep" / ".paved-road.lock").write_text(LOCKS["deep"])
    edit_lock(fleet / "longest", lambda lock: lock.update(LOCKS["longest is too long"]))
    (fleet / "date" / ".copier-answers.yml").write_text(ANSWERS["a date that is none"])
    for name in ("fifo", "folder", "device"):
        (fleet / name / ".paved-road.lock").unlink()
    fifo(fleet / "fifo" / ".paved-road.lock")
    (fleet / "folder" / ".paved-road.lock").mkdir()
    endless(fleet / "device" / ".paved-road.lock")
    (fleet / "dev").symlink_to("/dev")
    said = ask("off-road", "report", fleet, "--json")
    report = said.envelope["result"]
    assert said.returncode == 2
    assert [name for name, _ in report["unread"]] == ["date", "deep", "device", "fifo", "folder", "longest"]
    assert [exit_["service"] for exit_ in report["places"][0]["exits"]] == ["good"]


@pytest.mark.parametrize("day", ["9999-12-31", "2024-99-99", "0001-01-01", "tomorrow"])
def test_a_day_of_any_kind_is_an_answer(day: str, service: Path) -> None:
    write_files(service, {"docs/off-road/own-image.md": RECORD + PROSE})
    assert ask("off-road", "check", service, "--today", day).returncode in (1, 2)


# -- the network -------------------------------------------------------------------------------------------------------


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that git was asked to clone or fetch."""
    asked: list[str] = []

    def refuse(source: str | Path, *_: object, **__: object) -> None:
        asked.append(str(source))
        raise GitError("no network here")

    for name in ("clone_road", "fetch_road", "fetch_commit"):
        monkeypatch.setattr(f"paved_road.git.{name}", refuse)
    return asked


URL = "https://road.example/x.git"


def test_a_reader_fetches_nothing_that_a_service_names(service: Path, network: list[str]) -> None:
    edit_lock(service, lambda lock: lock.update(road=URL, commit="0" * 40))
    edit_lock(service, lambda lock: lock["files"].update({"hello.txt": "100644 " + "0" * 40 + " road"}))
    write_files(service, {"docs/off-road/own-image.md": ACCEPTED + PROSE})
    for words in (*READERS, ("off-road", "show", "own-image", "-C"), ("off-road", "migrate", "--dry-run")):
        in_process(*words, service)
    assert network == []
    said = in_process("status", service)
    assert said.returncode == 2
    assert f"error: the road {URL} has never been fetched on this machine" in said.stderr
    assert f"paved templates --road {URL}" in said.stderr


@pytest.mark.parametrize("how", ["flag", "fetch", "configured", "trusted"])
def test_a_road_that_the_person_names_is_fetched(
    how: str, service: Path, network: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_lock(service, lambda lock: lock.update(road=URL))
    if how in ("configured", "trusted"):
        value = f"road = '{URL}'\n" if how == "configured" else f"trust = ['{URL}']\n"
        config.user_file().write_text(value)
    options = {"flag": ["--road", URL], "fetch": ["--fetch"]}.get(how, [])
    in_process("status", service, *options)
    assert network == [URL]


def test_a_projects_own_settings_are_no_person(
    service: Path, network: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(service, {".paved.toml": f"road = '{URL}'\n"})
    edit_lock(service, lambda lock: lock.update(road=URL))
    monkeypatch.chdir(service)
    assert in_process("status").returncode == 2
    in_process("doctor")
    assert network == []


# -- mutations ---------------------------------------------------------------------------------------------------------


def _mutated(content: bytes) -> st.SearchStrategy[bytes]:
    """The content with a piece of it replaced by something else."""
    piece = st.one_of(
        st.binary(max_size=8),
        st.sampled_from([b"\0", b"\xff", b"[" * 200, b"9" * 5000, b"2024-99-99", b"null", b"{", b"*a", b"&a "]),
    )

    def cut(start: int, length: int, new: bytes) -> bytes:
        return content[:start] + new + content[start + length :]

    where = st.integers(0, len(content))
    return st.builds(cut, where, st.integers(0, 40), piece)


@pytest.mark.parametrize("path", RECORDS)
def test_a_mutated_record_is_never_a_bug(path: str, stamped: Path, tmp_path: Path) -> None:
    service = Path(shutil.copytree(stamped, tmp_path / "orders", symlinks=True))
    write_files(
        service,
        {"docs/off-road/own-image.md": RECORD + PROSE, "hello.txt": "ours\n", ".paved.toml": "[answers]\nx = 1\n"},
    )
    before = (service / path).read_bytes()

    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
    )
    @given(_mutated(before))
    def never(content: bytes) -> None:
        (service / path).write_bytes(content)
        for words in (("off-road", "check"), ("off-road", "report")):
            assert main([*words, str(service)]) in (0, 1, 2)

    never()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_lock_or_an_error(content: bytes) -> None:
    try:
        parse_lock(content)
    except PavedError:
        return
    raise AssertionError("no lock is as short as this")
