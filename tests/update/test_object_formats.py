"""Repositories with SHA-256 ids: as road, as service, as both; a whole life of a service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paved_road import git
from paved_road.service.model import open_service
from paved_road.settings.config import load_config
from paved_road.testing import Files, Link, evolve, paved, write_files
from paved_road.update.model import UpdateRequest
from paved_road.update.plan import Plan, Planner

LINES = "".join(f"{number}\n" for number in range(1, 20))
FIRST: Files = {
    "copier.yml": "_subdirectory: template\n", "paved-road.yml": "owners: {road: ['a.txt', 'link']}\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
    "template/a.txt": LINES, "template/b.txt": LINES, "template/c.toml": "a = 1\n", "template/run.sh*": "#!/bin/sh\n",
    "template/link": Link("a.txt"), "template/folder/gone.txt": "gone\n", "template/old.txt": LINES + "old\n",
}  # fmt: skip
SECOND: Files = {
    "template/a.txt": LINES.replace("1\n", "road\n", 1), "template/b.txt": LINES + "road\n",
    "template/c.toml": "a = 1\nb = 2\n", "template/folder/gone.txt": None, "template/new/file.txt": "new\n",
    "template/old.txt": None, "template/renamed.txt": LINES + "old\n",
}  # fmt: skip


def make(path: Path, object_format: str) -> Path:
    git.process.run("init", "--quiet", "--template=", "-b", "main", f"--object-format={object_format}", path)
    return path


@pytest.fixture(params=["sha256 sha256", "sha1 sha256", "sha256 sha1"])
def formats(request: pytest.FixtureRequest) -> tuple[str, str]:
    road, service = str(request.param).split()
    return road, service


@pytest.fixture
def road(formats: tuple[str, str], tmp_path: Path) -> Path:
    return evolve(make(tmp_path / "road", formats[0]), FIRST, tag="v1.0.0")


@pytest.fixture
def service(formats: tuple[str, str], road: Path, tmp_path: Path) -> Path:
    path = make(tmp_path / "service", formats[1])
    assert paved("new", path, "--road", road, "--defaults").returncode == 0
    return evolve(path, {})


def ids(service: Path) -> dict[str, str]:
    lock = json.loads((service / ".paved-road.lock").read_bytes())
    return {path: str(line).split(" ")[1] for path, line in lock["files"].items()}


def test_the_lock_has_the_ids_of_the_services_repository(service: Path) -> None:
    assert {path: git.object_id(service, f"HEAD:{path}") for path in ids(service)} == ids(service)


def test_drift_is_reported(service: Path) -> None:
    assert paved("drift", service, "--all").returncode == 0
    write_files(service, {"a.txt": LINES + "mine\n"})
    said = paved("drift", service, "--diff")
    assert said.returncode == 1
    assert "+mine" in said.stdout
    assert "deleted" not in said.stdout


@pytest.mark.parametrize("url", [False, True])
def test_an_update_merges(url: bool, service: Path, road: Path) -> None:
    evolve(service, {"b.txt": "mine\n" + LINES, "c.toml": "a = 1\nmine = 3\n"})
    evolve(road, SECOND, tag="v1.1.0")
    named = ("--road", f"file://{road}") if url else ()
    before = git.object_id(service, "HEAD^{tree}")
    assert paved("update", service, "--dry-run", *named).returncode == 0
    assert git.process.run("status", "--porcelain", cwd=service) == b""
    assert git.object_id(service, "HEAD^{tree}") == before
    said = paved("update", service, "--commit", *named)
    assert said.returncode == 0, said.stderr
    assert (service / "b.txt").read_text() == "mine\n" + LINES + "road\n"
    assert (service / "a.txt").read_text().startswith("road\n")
    assert not (service / "folder").exists()
    assert (service / "renamed.txt").read_text() == LINES + "old\n"
    assert git.process.run("status", "--porcelain", cwd=service) == b""
    git.process.run("fsck", "--strict", cwd=service)
    assert paved("status", service).returncode == 0


def test_a_conflict_is_decided_or_undone(service: Path, road: Path) -> None:
    evolve(service, {"a.txt": LINES.replace("1\n", "mine\n", 1)})
    evolve(road, SECOND, tag="v1.1.0")
    assert paved("update", service).returncode == 1
    assert paved("update", service, "--abort").returncode == 0
    assert git.process.run("status", "--porcelain", cwd=service) == b""
    assert paved("update", service).returncode == 1
    assert (
        "||||||| template-1.0.0" in (service / "a.txt").read_text()
        or "||||||| road-1.0.0" in (service / "a.txt").read_text()
    )
    write_files(service, {"a.txt": "decided\n"})
    git.process.run("add", "a.txt", cwd=service)
    assert paved("update", service, "--continue", "--commit").returncode == 0
    assert paved("update", service).returncode == 0


def test_a_repository_is_adopted(road: Path, formats: tuple[str, str], tmp_path: Path) -> None:
    path = make(tmp_path / "by-hand", formats[1])
    evolve(path, {"a.txt": LINES, "b.txt": "mine\n", "run.sh*": "#!/bin/sh\n", "old.txt": LINES + "old\n"})
    assert paved("adopt", path, "--road", road, "--defaults").returncode in (0, 1)
    evolve(path, {})
    assert "a.txt" not in paved("drift", path, "--all").stdout


def test_services_of_both_kinds_are_planned_together(tmp_path: Path) -> None:
    road = evolve(make(tmp_path / "road", "sha1"), FIRST, tag="v1.0.0")
    services = []
    for number, object_format in enumerate(("sha1", "sha256", "sha1")):
        path = make(tmp_path / str(number), object_format)
        assert paved("new", path, "--road", road, "--defaults").returncode == 0
        services.append(open_service(evolve(path, {})))
    evolve(road, SECOND, tag="v1.1.0")
    with Planner(load_config()).plans(services, UpdateRequest(answers={})) as plans:
        changes = [one.summary.changes for one in plans if isinstance(one, Plan)]
        assert len(changes) == 3
        assert changes[0] == changes[1] == changes[2]


def test_a_repository_that_was_made_again_with_other_ids(road: Path, service: Path, formats: tuple[str, str]) -> None:
    other = "sha1" if formats[1] == "sha256" else "sha256"
    (service / ".git").rename(service.parent / "before.git")
    evolve(make(service, other), {})
    for command in ("drift", "update"):
        said = paved(command, service)
        assert said.returncode == 2
        assert "not of the repository's object format" in said.stderr
