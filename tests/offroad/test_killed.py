"""A command that is killed at any step leaves valid deviations, and running it again finishes its work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from paved_road import git
from paved_road.service.model import Service
from paved_road.testing import commit, make_road, paved
from tests.offroad.world import OWN_IMAGE, ROAD, argue, change, dockerfile
from tests.update.faults import Server, server


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    with server() as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command, and what the service has to be like for it."""

    words: tuple[str, ...]
    drift: tuple[str, ...] = ("Dockerfile",)
    proposed: bool = False
    accepted: bool = False
    again: tuple[int, ...] = (0,)
    """How it may end when all of its work was done before."""


CASES = {
    "new": Case(words=("new", "--from-drift"), drift=("Dockerfile", "deploy/base.yaml", "run.sh")),
    "baseline": Case(words=("baseline",), drift=("Dockerfile", "deploy/base.yaml")),
    "accept": Case(words=("accept", "own", "--by", "bo@acme.example"), proposed=True),
    "renew": Case(words=("renew", "own", "--days", "100", "--by", "bo@acme.example"), accepted=True),
    "close": Case(words=("close", "own", "--as", "revoked"), accepted=True, again=(0, 2)),
    "rename": Case(words=("rename", "Dockerfile", "deploy/hpa.yaml"), accepted=True, again=(0, 2)),
}


def prepared(case: Case, service: Service) -> None:
    where = ("-C", service.path)
    change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
    if case.proposed or case.accepted:
        done = paved("off-road", "new", "own", "--path", "Dockerfile", "--requested-by", "ann@acme.example", *where)
        assert done.returncode == 0, done
        argue(service, "own")
        commit(service.top, "Propose")
    if case.accepted:
        assert paved("off-road", "accept", "own", "--by", "bo@acme.example", *where).returncode == 0
        commit(service.top, "Accept")
    for path in case.drift[1:]:
        change(service, {path: "ours\n"})


def records(service: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (service / "docs" / "off-road").glob("*")}


def command(case: Case, service: Path) -> tuple[str | Path, ...]:
    word, *rest = case.words
    return ("off-road", word, service, *rest) if word == "baseline" else ("off-road", word, *rest, "-C", service)


def killed(case: Case, service: Service, faults: Server, fault: str) -> None:
    prepared(case, service)
    model = service.path.with_name("model") / service.path.name
    shutil.copytree(service.path, model)
    whole = faults.run(*command(case, model))
    assert whole.code == 0, whole
    numbers = [number for number, step in enumerate(whole.steps) if step.startswith(("open", "os."))]
    assert numbers
    for number in numbers:
        hurt = service.path.with_name("hurt") / service.path.name
        shutil.rmtree(hurt.parent, ignore_errors=True)
        shutil.copytree(service.path, hurt)
        outcome = faults.run(*command(case, hurt), fault=fault, at=number)
        assert outcome.code in (None, 2), outcome
        listed = faults.run("off-road", "list", hurt)
        assert listed.code == 0, (whole.steps[number], listed)
        again = faults.run(*command(case, hurt))
        assert again.code in case.again, (whole.steps[number], again)
        assert records(hurt) == records(model), whole.steps[number]


@pytest.mark.parametrize("name", CASES)
def test_killed_at_any_step(service: Service, faults: Server, name: str) -> None:
    killed(CASES[name], service, faults, "kill")


@pytest.mark.parametrize("name", ["new", "baseline"])
def test_a_disk_that_is_full_at_any_step(service: Service, faults: Server, name: str) -> None:
    killed(CASES[name], service, faults, "disk full")


# -- adopt -------------------------------------------------------------------------------------------------------------


def test_an_adoption_that_is_killed_is_ended_by_typing_it_again(tmp_path: Path, faults: Server) -> None:
    road = make_road(tmp_path / "road", ROAD)
    legacy = make_road(tmp_path / "legacy", {"app.py": "x\n", "Dockerfile": "FROM scratch\n"}, tag=None)
    words = ("--road", road, "--defaults")
    for _ in range(2):  # the second time nothing is compiled any more
        shutil.rmtree(tmp_path / "model", ignore_errors=True)
        shutil.copytree(legacy, tmp_path / "model" / "legacy")
        whole = faults.run("adopt", tmp_path / "model" / "legacy", *words)
        assert whole.code == 0, whole
    numbers = [
        number for number, step in enumerate(whole.steps) if "legacy/" in step and step.startswith(("open", "os."))
    ]
    assert len(numbers) >= 4
    for number in numbers:
        hurt = tmp_path / "hurt" / "legacy"
        shutil.rmtree(hurt.parent, ignore_errors=True)
        shutil.copytree(legacy, hurt)
        assert faults.run("adopt", hurt, *words, fault="kill", at=number).code is None
        assert faults.run("adopt", hurt, *words).code == 0, whole.steps[number]
        found, expected = (
            git.process.text("status", "--porcelain", cwd=one) for one in (hurt, tmp_path / "model" / "legacy")
        )
        assert found == expected, whole.steps[number]
        for record in (".paved-road.lock", ".copier-answers.yml"):
            assert (hurt / record).read_bytes() == (tmp_path / "model" / "legacy" / record).read_bytes()
