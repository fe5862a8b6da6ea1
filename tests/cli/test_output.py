"""Output that cannot be written: characters that the encoding does not have, a reader that has gone, a full disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from paved_road import git
from paved_road.cli import main
from paved_road.testing import evolve, make_road

Paved = Callable[..., CompletedProcess[str]]

ENCODINGS: dict[str, Mapping[str, str]] = {
    "C": {"LC_ALL": "C"},
    "C without UTF-8 mode": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "strict ASCII": {"PYTHONIOENCODING": "ascii:strict"},
}


@pytest.fixture
def road(tmp_path: Path) -> Path:
    return make_road(
        tmp_path / "tpl",
        {
            "copier.yml": "_subdirectory: template\nname: {type: str, default: 日本}\n",
            "template/héllo.txt.jinja": "{{ name }} 1\n",
            "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
        },
    )


# Without UTF-8 mode Python cannot name the file.
@pytest.mark.parametrize("encoding", sorted(ENCODINGS.keys() - {"C without UTF-8 mode"}))
def test_every_command_ends_as_it_would_in_utf8(encoding: str, road: Path, tmp_path: Path, paved: Paved) -> None:
    env = ENCODINGS[encoding]
    service = tmp_path / "svc"
    assert paved("new", service, "--road", road, "--defaults", **env).returncode == 0
    evolve(road, {"template/héllo.txt.jinja": "{{ name }} 2\n"}, tag="v1.1.0")
    for words in (["update", service, "--dry-run"], ["update", service, "--dry-run", "--json"], ["update", service]):
        done = paved(*words, **env)
        assert (done.returncode, done.stdout != "") == (0, True), done.stderr
    (service / "héllo.txt").write_text("ours\n")
    for words in (
        ["drift", service, "--all", "--diff"],
        ["drift", service, "--all", "--json"],
        ["templates", "--road", road],
    ):
        assert paved(*words, **env).returncode == 0
    found = json.loads(paved("drift", service, "--all", "--json", **env).stdout)
    assert found["result"]["drift"][0]["path"] == "héllo.txt"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_error_is_printed_in_every_encoding(encoding: str, tmp_path: Path, paved: Paved) -> None:
    for words in (["--json"], [], ["--dry-run"]):
        done = paved("new", "x", "--road", tmp_path / "nö-røad-日本", *words, **ENCODINGS[encoding])
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    assert paved("--debug", "drift", tmp_path / "日本", **ENCODINGS[encoding]).returncode == 2


@pytest.fixture
def drifting(greeter: Path, tmp_path: Path, here: Paved) -> Path:
    """A service with an edited file of the road: `paved drift` exits 1."""
    evolve(greeter, {"paved-road.yml": "owners: {road: [hello.txt]}\n"}, tag="v1.0.1")
    service = tmp_path / "svc"
    assert here("new", service, "--road", greeter, "--defaults").returncode == 0
    (service / "hello.txt").write_text("ours\n")
    return service


def spoken(service: Path, *words: str, stdout: int, stderr: int = subprocess.PIPE) -> CompletedProcess[bytes]:
    command = [sys.executable, "-m", "paved_road", *words, str(service)]
    return subprocess.run(command, env=git.environment(), stdout=stdout, stderr=stderr, check=False)


@pytest.mark.parametrize("words", [["drift"], ["drift", "--diff"], ["drift", "--json"], ["status"]])
def test_a_reader_that_has_gone_causes_no_failure(words: list[str], drifting: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = spoken(drifting, *words, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b""), "the answer is still no"


GONE = [
    ("--help", 0), ("", 0), ("off-road", 0), ("help update", 0), ("update -h", 0), ("--version", 0), ("schema", 0),
    ("templates", 0), ("config show", 0), ("config path", 0), ("off-road schema", 0), ("nonsense", 2), ("status", 2),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code"), GONE)
def test_a_reader_of_either_stream_that_has_gone_causes_no_failure(line: str, code: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "paved_road", *line.split()]
    read, write = os.pipe()
    os.close(read)
    whole = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path)
    unheard = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    unseen = subprocess.run(command, stdout=subprocess.PIPE, stderr=write, check=False, cwd=tmp_path)
    os.close(write)
    assert (unheard.returncode, unheard.stderr) == (code, whole.stderr)
    assert (unseen.returncode, unseen.stdout) == (code, whole.stdout)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["drift"], ["drift", "--json"]])
def test_a_full_disk_causes_one_message(words: list[str], drifting: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = spoken(drifting, *words, stdout=full.fileno())
    said = done.stderr.decode()
    assert done.returncode == 2
    assert said.splitlines()[:2] == ["error: cannot write to standard output", "cause: No space left on device"]
    assert "the command ended with exit code 1" in said
    assert len(said.splitlines()) == 3


def test_closed_streams_do_not_change_the_exit_code(drifting: Path) -> None:
    command = f"exec '{sys.executable}' -m paved_road drift '{drifting}' <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], env=git.environment(), check=False).returncode == 1


def test_the_log_of_a_bug_is_private_and_contains_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("hunter2-secret at https://ann:pa55word@road.example/x.git")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("paved_road.cli.preflight.check_machine", broken)
    assert main(["new", "x", "-d", "token=hunter2-secret"]) == 3
    (log,) = tmp_path.glob("paved-bug-*.log")
    said = log.read_text() + capfd.readouterr().err
    assert "ZeroDivisionError" in said
    assert "hunter2" not in said
    assert "pa55word" not in said
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_bug_is_reported_even_if_its_log_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("paved_road.cli.preflight.check_machine", broken)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    assert main(["drift"]) == 3
    assert "this is a bug in paved (ZeroDivisionError)" in capfd.readouterr().err
