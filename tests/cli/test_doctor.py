from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Paved = Callable[..., CompletedProcess[str]]
PavedJson = Callable[..., dict[str, Any]]


def finding(envelope: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in envelope["result"]["findings"] if one["name"] == name)


def test_a_ready_machine_passes(paved_json: PavedJson) -> None:
    envelope = paved_json("doctor")
    assert envelope["exit_code"] == 0, envelope
    assert {one["name"] for one in envelope["result"]["findings"]} == {
        "git", "git identity", "python", "uv", "cache", "road", "write access",
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
    assert "install git 2.38 or newer" in done.stdout


def test_without_uv_or_git_every_other_line_is_still_shown(paved: Paved, tmp_path: Path) -> None:
    done = paved("doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]].count("fail") == 4  # git, identity, uv, road
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


def test_an_unwritable_cache_fails(paved_json: PavedJson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAVED_CACHE", "/proc/nowhere/cache")
    assert not finding(paved_json("doctor"), "cache")["ok"]
