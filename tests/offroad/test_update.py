"""An update of a service that is off-road somewhere: the service's side stays, and the road's change is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import RecordError
from paved_road.offroad import checking, evaluation, lifecycle
from paved_road.offroad.deviations import Deviation
from paved_road.offroad.evaluation import State
from paved_road.service.model import Service, open_service
from paved_road.settings.config import Config
from paved_road.testing import commit, evolve
from paved_road.update import apply
from paved_road.update.model import Change, FileOutcome, UpdateRequest
from paved_road.update.plan import Plan, planning
from tests.offroad.world import ROAD, TODAY, argue, change, dockerfile

Accepted = Callable[..., Deviation]
NEW_IMAGE = {"template/Dockerfile": ROAD["template/Dockerfile"].replace("python:3.14", "python:3.15")}


def order(today: date = TODAY) -> UpdateRequest:
    return UpdateRequest(answers={}, today=today)


def changes(plan: Plan) -> dict[str, Change]:
    return {one.path: one for one in plan.summary.changes}


def test_a_conflict_in_a_covered_file_keeps_the_services_side(
    accepted: Accepted, service: Service, road: Path, settings: Config
) -> None:
    accepted()
    mine = (service.path / "Dockerfile").read_bytes()
    evolve(road, {**NEW_IMAGE, "template/deploy/hpa.yaml": "min: 3\n"}, tag="v1.1.0")
    with planning(open_service(service.path), order(), settings) as plan:
        assert not plan.needs_a_person
        assert changes(plan)["Dockerfile"] == Change(
            path="Dockerfile", outcome=FileOutcome.KEPT, detail="off-road, own-base-image"
        )
        (kept,) = plan.decided.off_road
        assert "-FROM python:3.14\n+FROM python:3.15" in kept.patch
        assert apply.apply_plan(plan).conflicts == ()
    assert (service.path / "Dockerfile").read_bytes() == mine
    assert (service.path / "deploy" / "hpa.yaml").read_text() == "min: 3\n"
    commit(service.top)
    evaluated = evaluation.evaluate(open_service(service.path), settings, today=TODAY)
    assert [one.rule for one in evaluated.findings] == [State.ROAD_MOVED], "it is marked for review"
    renewed = lifecycle.renew(open_service(service.path), "own-base-image", settings, today=TODAY, by="bo")
    assert renewed.fields.release == "1.1.0"
    assert evaluation.evaluate(open_service(service.path), settings, today=TODAY).findings == ()


def test_a_change_that_does_not_conflict_is_merged(
    accepted: Accepted, service: Service, road: Path, settings: Config
) -> None:
    accepted()
    text = ROAD["template/Dockerfile"].replace("RUN step 20", "RUN step 20 --fast")
    evolve(road, {"template/Dockerfile": text}, tag="v1.1.0")
    with planning(open_service(service.path), order(), settings) as plan:
        assert plan.decided.off_road == ()
        apply.apply_plan(plan)
    merged = (service.path / "Dockerfile").read_text()
    assert merged.startswith("FROM registry.acme.example/python:3.14\n")
    assert "RUN step 20 --fast" in merged
    commit(service.top)
    evaluated = evaluation.evaluate(open_service(service.path), settings, today=TODAY)
    assert list(evaluated.accepted) == ["Dockerfile"], "the approved difference was carried along"
    assert [one.rule for one in evaluated.findings] == [State.ROAD_MOVED]


@pytest.mark.parametrize("why", ["proposed", "expired", "drifted further", "no deviation"])
def test_without_an_accepted_deviation_that_holds_it_is_a_conflict(
    accepted: Accepted, service: Service, road: Path, settings: Config, why: str
) -> None:
    deviation = accepted()
    file = service.path / deviation.path
    when = TODAY
    if why == "proposed":
        change(service, {deviation.path: file.read_text().replace("status: accepted", "status: proposed")})
    elif why == "expired":
        when = deviation.fields.review_by + timedelta(days=1)
    elif why == "drifted further":
        change(service, {"Dockerfile": dockerfile(service, **{"RUN step 25": "RUN more"})})
    else:
        change(service, {deviation.path: None})
    evolve(road, NEW_IMAGE, tag="v1.1.0")
    with planning(open_service(service.path), order(when), settings) as plan:
        assert list(plan.decided.conflicts) == ["Dockerfile"]
        assert plan.decided.off_road == ()


def test_a_deleted_file_that_is_covered_stays_deleted(service: Service, road: Path, settings: Config) -> None:
    change(service, {"deploy/hpa.yaml": None})
    draft = lifecycle.Draft(slug="no-hpa", paths=("deploy/hpa.yaml",), risk="low", requested_by="ann")
    lifecycle.propose(service, [draft], today=TODAY)
    argue(service, "no-hpa")
    lifecycle.accept(service, "no-hpa", settings, today=TODAY)
    commit(service.top)
    evolve(road, {"template/deploy/hpa.yaml": "min: 3\n"}, tag="v1.1.0")
    with planning(open_service(service.path), order(), settings) as plan:
        assert not plan.decided.conflicts
        assert [one.path for one in plan.decided.off_road] == ["deploy/hpa.yaml"]
        assert changes(plan)["deploy/hpa.yaml"].outcome is FileOutcome.KEPT
        apply.apply_plan(plan)
    assert not (service.path / "deploy" / "hpa.yaml").exists()


def test_the_deviation_follows_a_file_that_the_road_moved(
    accepted: Accepted, service: Service, road: Path, settings: Config
) -> None:
    accepted()
    git.process.run("mv", "template/Dockerfile", "template/deploy/Dockerfile", cwd=road)
    evolve(road, {}, tag="v1.1.0")
    with planning(open_service(service.path), order(), settings) as plan:
        assert not plan.needs_a_person
        apply.apply_plan(plan)
    assert (service.path / "deploy" / "Dockerfile").read_text().startswith("FROM registry.acme.example")
    commit(service.top)
    evaluated = evaluation.evaluate(open_service(service.path), settings, today=TODAY)
    assert list(evaluated.accepted) == ["deploy/Dockerfile"]
    assert evaluated.findings == ()
    checked = checking.check_off_road(open_service(service.path), settings, today=TODAY, base="HEAD~1")
    assert checked.problems == (), "what was approved moved; nothing new was approved with it"


def test_a_broken_deviation_stops_the_update_before_it_begins(service: Service, road: Path, settings: Config) -> None:
    change(service, {"docs/off-road/x.md": "no front matter\n"})
    evolve(road, NEW_IMAGE, tag="v1.1.0")
    with (
        pytest.raises(RecordError, match=r"docs/off-road/x.md:1"),
        planning(open_service(service.path), order(), settings),
    ):
        pass
