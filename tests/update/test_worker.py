"""An update is made in a worker process: only plain data goes in and comes out."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from paved_road import create
from paved_road.settings.config import load_config
from paved_road.testing import commit, evolve, make_road, write_files
from paved_road.update.model import UpdateRequest
from paved_road.update.worker import Ending, UpdateJob, UpdateResult, run_job
from tests.update.test_batch import NEWER, TEMPLATE

OURS = "# conflicting\n\none\ntwo, ours\nthree\nfour\n"
EDITS: dict[str, dict[str, str | bytes | None]] = {"clean": {}, "conflicting": {"README.md": OURS}, "dirty": {}}


@pytest.fixture
def fleet(tmp_path: Path) -> dict[str, Path]:
    """Services of a road that has gone on, one of them with an uncommitted edit."""
    road = make_road(tmp_path / "road", TEMPLATE)
    services = {name: tmp_path / name for name in EDITS}
    for name, path in services.items():
        request = create.CreateRequest(destination=path, answers={"name": name})
        create.create(create.plan(request, load_config({"road": str(road)})))
        write_files(path, EDITS[name])
        commit(path)
    write_files(services["dirty"], {"list.txt": "mine\n"})
    evolve(road, NEWER, tag="v1.1.0")
    return services


def in_workers(jobs: list[UpdateJob]) -> dict[str, UpdateResult]:
    with ProcessPoolExecutor(max_workers=2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return {result.path.name: result for result in pool.map(run_job, jobs)}


def test_a_pool_of_processes_updates_a_fleet(fleet: dict[str, Path]) -> None:
    request = UpdateRequest(branch="paved/update")
    results = in_workers([UpdateJob(path=path, request=request, config=load_config()) for path in fleet.values()])
    assert {name: result.ending for name, result in results.items()} == {
        "clean": Ending.UPDATED,
        "conflicting": Ending.CONFLICTS,
        "dirty": Ending.FAILED,
    }
    clean, conflicting, dirty = (results[name] for name in EDITS)
    assert (clean.old_version, clean.new_version, clean.error) == ("1.0.0", "1.1.0", None)
    assert clean.commit is not None
    assert clean.summary is not None
    assert "new.txt" in [change.path for change in clean.summary.changes]
    assert conflicting.conflicts == ("README.md",)
    assert dirty.error is not None
    assert (dirty.error.exit_code, dirty.error.message) == (2, "the service has uncommitted changes")


def test_a_dry_run_changes_nothing(fleet: dict[str, Path]) -> None:
    job = UpdateJob(path=fleet["conflicting"], request=UpdateRequest(dry_run=True), config=load_config())
    (planned,) = in_workers([job]).values()
    assert (planned.ending, planned.conflicts) == (Ending.PLANNED, ("README.md",))
    assert (fleet["conflicting"] / "README.md").read_text() == OURS
    assert not (fleet["conflicting"] / "new.txt").exists()


def test_a_service_that_is_up_to_date_stays_as_it_is(fleet: dict[str, Path]) -> None:
    job = UpdateJob(path=fleet["clean"], request=UpdateRequest(to="1.0.0"), config=load_config())
    assert run_job(job).ending is Ending.CURRENT
