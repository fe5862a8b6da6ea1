from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import git
from paved_road.testing import evolve, make_road

Paved = Callable[..., CompletedProcess[str]]
PavedJson = Callable[..., dict[str, Any]]


def finding(envelope: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in envelope["result"]["findings"] if one["name"] == name)


def test_a_ready_machine_passes(paved_json: PavedJson) -> None:
    envelope = paved_json("doctor")
    assert envelope["exit_code"] == 0, envelope
    assert {one["name"] for one in envelope["result"]["findings"]} == {
        "git", "git identity", "python", "uv", "make", "settings", "cache", "road", "temporary folder", "write access",
        "encoding",
    }  # fmt: skip


def fake(folder: Path, name: str, script: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)
    return str(folder)


def test_an_old_git_fails_with_a_remedy(paved: Paved, tmp_path: Path) -> None:
    real = shutil.which("git")
    path = fake(tmp_path / "bin", "git", f'[ "$1" = --version ] && echo "git version 2.30.2" || exec {real} "$@"')
    done = paved("doctor", PATH=f"{path}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "install git 2.39 or newer" in done.stdout


def test_without_uv_or_git_every_other_line_is_still_shown(paved: Paved, tmp_path: Path) -> None:
    done = paved("doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    outcomes = {" ".join(line.split()[1:3]): line.split()[0] for line in done.stdout.splitlines()[1:] if line}
    assert [name.split()[0] for name, outcome in outcomes.items() if outcome == "fail"] == ["git", "git", "road"]
    assert [name.split()[0] for name, outcome in outcomes.items() if outcome == "warn"] == ["uv", "make"]
    assert "pip install --user uv" in done.stdout


def test_an_unknown_identity_fails(paved_json: PavedJson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    assert not finding(paved_json("doctor"), "git identity")["ok"]


def test_an_unreachable_road_fails(paved_json: PavedJson, tmp_path: Path) -> None:
    envelope = paved_json("doctor", "--road", f"file://{tmp_path}/nowhere")
    assert envelope["exit_code"] == 1
    assert "cannot fetch" in finding(envelope, "road")["detail"]


def test_a_broken_copy_is_found_and_fixed(paved_json: PavedJson, greeter: Path) -> None:
    road = ("--road", f"file://{greeter}")
    assert paved_json("doctor", *road)["exit_code"] == 0
    (copy,) = (Path(os.environ["PAVED_CACHE"]) / "roads").glob("*.git")
    (copy / "HEAD").write_text("garbage")
    assert "paved doctor --fix" in finding(paved_json("doctor", *road), "cache")["remedy"]
    fixed = paved_json("doctor", "--fix", *road)
    assert fixed["exit_code"] == 0, fixed
    assert str(copy) in fixed["result"]["fixed"][0]


def test_the_size_of_the_cache_is_shown_and_old_files_are_removed(paved_json: PavedJson, greeter: Path) -> None:
    assert paved_json("doctor", "--road", f"file://{greeter}")["exit_code"] == 0
    cache = Path(os.environ["PAVED_CACHE"])
    (cache / "jinja").mkdir(mode=0o700, exist_ok=True)
    old = cache / "jinja" / "old"
    old.write_bytes(bytes(2_000_000))
    os.utime(old, (0, 0))
    detail = finding(paved_json("doctor"), "cache")["detail"]
    assert detail.startswith(f"{cache}: ")
    assert "jinja 2.0 MB" in detail
    assert detail.endswith("all of which can be deleted")
    fixed = paved_json("doctor", "--fix")["result"]["fixed"]
    assert fixed == [f"removed 1 old file from {cache / 'jinja'}"]
    assert not old.exists()


def test_an_unwritable_cache_fails(paved_json: PavedJson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAVED_CACHE", "/proc/nowhere/cache")
    assert not finding(paved_json("doctor"), "cache")["ok"]


def test_what_only_stamped_services_need_is_a_warning(paved: Paved, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(str(shutil.which("git")))
    done = paved("doctor", PATH=str(tmp_path / "bin"))
    assert done.returncode == 0, done.stdout
    assert "uv: python3 -m pip install --user uv\n" in done.stdout
    assert "warn  make" in done.stdout


def test_a_tool_that_cannot_be_run_is_no_tool(paved_json: PavedJson, tmp_path: Path, monkeypatch: Any) -> None:
    path = fake(tmp_path / "bin", "uv", "exit 3")
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")
    found = finding(paved_json("doctor"), "uv")
    assert (found["ok"], found["needed"]) == (False, False)
    (tmp_path / "bin/uv").write_bytes(b"\x7fELF")
    assert "cannot be run" in finding(paved_json("doctor"), "uv")["detail"]


def test_a_fault_of_the_settings_is_a_finding_and_the_others_are_told(paved_json: PavedJson) -> None:
    Path(os.environ["PAVED_CONFIG"]).write_text("rood = 1\n")
    envelope = paved_json("doctor")
    assert envelope["exit_code"] == 1
    assert "'rood', which is not a setting" in finding(envelope, "settings")["detail"]
    assert finding(envelope, "git")["ok"]


@pytest.mark.parametrize("folder", ["roads", "answers", "verified", "jinja"])
def test_a_folder_of_the_cache_that_is_none_is_found_and_fixed(folder: str, paved_json: PavedJson) -> None:
    cache = Path(os.environ["PAVED_CACHE"])
    cache.mkdir(mode=0o700)
    (cache / folder).write_text("no folder\n")
    (cache / folder).chmod(0o600)
    assert f"broken: {folder}" in finding(paved_json("doctor"), "cache")["detail"]
    fixed = paved_json("doctor", "--fix")
    assert (fixed["exit_code"], fixed["result"]["fixed"]) == (0, [f"removed {cache / folder}, which is not a folder"])


def test_a_full_disk_fails(paved_json: PavedJson, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil._ntuple_diskusage(10, 10, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    envelope = paved_json("doctor")
    for name in ("cache", "temporary folder", "write access"):
        assert "only 0 MiB are left" in finding(envelope, name)["detail"]


def test_what_git_refuses_here_is_told(paved_json: PavedJson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_road(tmp_path / "mono", {"x": "x\n"}, tag=None)
    git.process.run("config", "core.repositoryFormatVersion", "9", cwd=made)
    monkeypatch.chdir(made)
    found = finding(paved_json("doctor"), "repository")
    assert "cannot read the repository's format" in found["detail"]
    assert found["remedy"] == "install a newer git"


def test_the_service_here_is_told_with_what_is_wrong_with_it(
    paved_json: PavedJson, greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paved_json("new", "hi", "--road", greeter, "--defaults")["exit_code"] == 0
    service = tmp_path / "work/hi"
    (service / "src").mkdir()
    monkeypatch.chdir(service / "src")
    assert finding(paved_json("doctor"), "service") == {
        "name": "service", "ok": True, "detail": f"{service}, stamped from greeter 1.0.0", "remedy": "", "needed": True,
    }  # fmt: skip
    lock = (service / ".paved-road.lock").read_bytes()
    (service / ".paved-road.lock").write_bytes(b"<<<<<<< ours\n" + lock)
    found = finding(paved_json("doctor"), "service")
    assert (found["ok"], "conflict" in found["detail"]) == (False, True)
    (service / ".paved-road.lock").write_bytes(lock)
    evolve(service, {"hello.txt": "mine\n"})
    evolve(greeter, {"template/hello.txt.jinja": "Good day, {{ name }}!\n"}, tag="v1.1.0")
    assert paved_json("update", "--defaults")["exit_code"] == 1
    found = finding(paved_json("doctor"), "service")
    assert (found["ok"], found["needed"]) == (False, False)
    assert found["remedy"] == "paved update --continue, or paved update --abort"


def test_a_remedy_says_where_it_is_to_be_typed(paved_json: PavedJson, greeter: Path, tmp_path: Path) -> None:
    assert paved_json("new", "hi", "--road", greeter, "--defaults")["exit_code"] == 0
    service = tmp_path / "work/hi"
    found = {}
    for name in (".paved-road.lock", ".copier-answers.yml"):
        content = (service / name).read_bytes()
        (service / name).write_bytes(b"<<<<<<< ours\n" + content + b"=======\n" + content + b">>>>>>> theirs\n")
        found[name] = finding(paved_json("-C", service, "doctor"), "service")["remedy"]
        (service / name).write_bytes(content)
    evolve(service, {"hello.txt": "mine\n"})
    evolve(greeter, {"template/hello.txt.jinja": "Good day, {{ name }}!\n"}, tag="v1.1.0")
    assert paved_json("update", service, "--defaults")["exit_code"] == 1
    found["update"] = finding(paved_json("-C", service, "doctor"), "service")["remedy"]
    assert found == {
        ".paved-road.lock": "paved update --continue resolves it (in hi)",
        ".copier-answers.yml": "paved update --continue resolves it (in hi)",
        "update": "paved update --continue, or paved update --abort (in hi)",
    }


def test_an_identity_that_git_would_guess_fails_with_a_remedy_to_paste(
    paved_json: PavedJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    found = finding(paved_json("doctor"), "git identity")
    assert not found["ok"]
    assert found["remedy"].startswith("git config --global user.name ")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ann")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Ann")
    monkeypatch.setenv("EMAIL", "ann@acme.example")
    assert finding(paved_json("doctor"), "git identity")["detail"] == "Ann <ann@acme.example>"
