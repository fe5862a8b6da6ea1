"""The states of a deviation, by the day, the road and the team."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from paved_road import git, offroad
from paved_road.errors import RecordError, UsageError
from paved_road.findings import Severity
from paved_road.git.entries import SHA1, File
from paved_road.offroad import evaluation, fingerprint, lifecycle, moves
from paved_road.offroad.deviations import Deviation
from paved_road.offroad.evaluation import Evaluation, State
from paved_road.practices.known import KnownSlugs
from paved_road.service import drift
from paved_road.service.lock import LOCK, Lock, Locked
from paved_road.service.model import Service, open_service
from paved_road.settings.config import Config
from paved_road.testing import commit
from tests.offroad.world import OWN_IMAGE, TODAY, argue, change, dockerfile

Accepted = Callable[..., Deviation]


def stand(service: Service, settings: Config, today: date = TODAY, **more: object) -> Evaluation:
    return evaluation.evaluate(open_service(service.path), settings, today=today, **more)  # type: ignore[arg-type]


def states(service: Service, settings: Config, today: date = TODAY) -> list[State]:
    return [State(one.rule) for one in stand(service, settings, today).findings]


def test_drift_without_a_deviation_is_uncovered(service: Service, settings: Config) -> None:
    change(service, {"Dockerfile": None, "README.md": "shared, and so no drift\n"})
    (found,) = stand(service, settings).findings
    assert (found.rule, found.path, found.severity) == (State.UNCOVERED, "Dockerfile", Severity.ERROR)
    assert "paved off-road new --path Dockerfile" in found.text


def test_a_proposed_deviation_covers_nothing(service: Service, settings: Config) -> None:
    change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
    draft = lifecycle.Draft(slug="own", paths=("Dockerfile",), requested_by="ann")
    lifecycle.propose(service, [draft], today=TODAY)
    found = stand(service, settings)
    assert [one.rule for one in found.findings] == [State.UNCOVERED]
    assert "docs/off-road/own.md is only proposed" in found.findings[0].text
    assert not found.accepted


def test_an_accepted_deviation_covers_the_approved_difference(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    deviation = accepted()
    found = stand(service, settings)
    assert found.findings == ()
    assert found.accepted.keys() == {"Dockerfile"}
    assert found.covering("Dockerfile") == deviation.summary


@pytest.mark.parametrize(
    ("left", "expected"),
    [(15, []), (14, [State.EXPIRING]), (0, [State.EXPIRING]), (-1, [State.EXPIRED]), (-400, [State.EXPIRED])],
)
def test_time_passes(accepted: Accepted, service: Service, settings: Config, left: int, expected: list[State]) -> None:
    deviation = accepted()
    found = stand(service, settings, deviation.fields.review_by - timedelta(days=left))
    assert [one.rule for one in found.findings] == expected
    assert bool(found.accepted) is (left >= 0), "expired, it covers nothing"


@pytest.mark.parametrize(
    "files",
    [
        {"Dockerfile": "FROM scratch\n"},
        {"Dockerfile": None},
        {"Dockerfile*": "FROM registry.acme.example/python:3.14\n"},
    ],
)
def test_another_difference_than_the_approved_one_fails(
    accepted: Accepted, service: Service, settings: Config, files: dict[str, str | bytes | None]
) -> None:
    accepted()
    change(service, files)
    found = stand(service, settings)
    assert [one.rule for one in found.findings] == [State.DRIFTED_FURTHER]
    assert not found.accepted


def test_one_more_line_in_a_covered_file_fails(accepted: Accepted, service: Service, settings: Config) -> None:
    accepted()
    change(service, {"Dockerfile": dockerfile(service, **{"RUN step 20": "RUN anything"})})
    assert states(service, settings) == [State.DRIFTED_FURTHER]


def test_a_second_file_is_not_covered_by_the_first(accepted: Accepted, service: Service, settings: Config) -> None:
    accepted()
    change(service, {"deploy/hpa.yaml": "min: 1\n"})
    assert [(one.rule, one.path) for one in stand(service, settings).findings] == [(State.UNCOVERED, "deploy/hpa.yaml")]


def test_a_folder_covers_the_files_that_were_approved_in_it(service: Service, settings: Config) -> None:
    change(service, {"deploy/hpa.yaml": "min: 1\n"})
    draft = lifecycle.Draft(slug="deploy", paths=("deploy/**",), requested_by="ann", risk="low")
    lifecycle.propose(service, [draft], today=TODAY)
    argue(service, "deploy")
    lifecycle.accept(service, "deploy", settings, today=TODAY)
    assert states(service, settings) == []
    change(service, {"deploy/base.yaml": "replicas: 1\n"})
    found = stand(service, settings)
    assert [(one.rule, one.deviation and one.deviation.slug) for one in found.findings] == [
        (State.DRIFTED_FURTHER, "deploy")
    ]
    assert list(found.accepted) == ["deploy/hpa.yaml"]


def test_a_deviation_whose_drift_is_gone_is_stale(accepted: Accepted, service: Service, settings: Config) -> None:
    accepted()
    git.process.run("checkout", "--quiet", "HEAD~3", "--", "Dockerfile", cwd=service.top)
    commit(service.top)
    assert states(service, settings) == [State.STALE]


def test_a_deviation_of_what_the_road_no_longer_has_is_orphaned(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    accepted()
    lock = service.lock
    assert lock is not None
    relock(service, {path: one for path, one in lock.files.items() if path != "Dockerfile"})
    assert states(service, settings) == [State.ORPHANED]


def test_a_practice_that_nobody_knows_is_an_error(service: Service, settings: Config) -> None:
    draft = lifecycle.Draft(slug="slow-start", practice="ready-in-time", requested_by="ann", risk="low")
    lifecycle.propose(service, [draft], today=TODAY)
    argue(service, "slow-start")
    lifecycle.accept(service, "slow-start", settings, today=TODAY)
    assert states(service, settings) == []
    found = stand(service, settings, practices=KnownSlugs(slugs={"ready-in-due-time"}))
    assert [(one.rule, one.line, one.severity) for one in found.findings] == [
        (State.UNKNOWN_PRACTICE, 5, Severity.ERROR)
    ]
    assert "did you mean ready-in-due-time?; paved off-road rename ready-in-time NEW" in found.findings[0].remedy


def test_a_practice_that_may_be_an_unread_roads_is_a_note_and_fails_nothing(service: Service, settings: Config) -> None:
    draft = lifecycle.Draft(slug="slow-start", practice="acme-ticket", requested_by="ann", risk="low")
    lifecycle.propose(service, [draft], today=TODAY)
    assert states(service, settings) == [State.UNKNOWN_PRACTICE], "the road has no practices of its own"
    found = stand(service, settings, practices=KnownSlugs(unread="you do not trust it"))
    assert found.findings == ()
    assert found.notes == ("cannot tell whether acme-ticket exists: you do not trust it",)


def test_a_practice_that_nobody_knows_is_neither_accepted_nor_a_new_name(service: Service, settings: Config) -> None:
    draft = lifecycle.Draft(slug="slow-start", practice="ready-in-tme", requested_by="ann", risk="low")
    lifecycle.propose(service, [draft], today=TODAY)
    argue(service, "slow-start")
    with pytest.raises(UsageError, match="there is no practice 'ready-in-tme'") as caught:
        lifecycle.accept(service, "slow-start", settings, today=TODAY)
    assert caught.value.hint == "did you mean ready-in-time? List them: paved explain"
    with pytest.raises(UsageError, match="there is no practice 'ready-in-tim'"):
        moves.rename(service, "ready-in-tme", "ready-in-tim", settings, today=TODAY)
    moves.rename(service, "ready-in-tme", "ready-in-time", settings, today=TODAY)
    assert states(service, settings) == []


def relock(service: Service, files: dict[str, Locked]) -> None:
    """The lock as after an update."""
    old = service.lock
    assert old is not None
    facts = {name: getattr(old, name) for name in ("road", "template", "version", "commit", "answers_file", "offroad")}
    (service.path / LOCK).write_bytes(Lock(**facts, files=files).dump())
    commit(service.top)


def move_road(service: Service, content: str) -> None:
    """The road changed the Dockerfile: the lock says so, and the repository has the new pristine file."""
    git.write_blobs(service.repository.objects, [content.encode()])
    lock = open_service(service.path).lock
    assert lock is not None
    moved = Locked(entry=File(content.encode()).entry(SHA1), owner=lock.files["Dockerfile"].owner)
    relock(service, {**lock.files, "Dockerfile": moved})


def test_the_road_moved_under_an_unchanged_file(accepted: Accepted, service: Service, settings: Config) -> None:
    pristine = (service.path / "Dockerfile").read_text()
    accepted()
    move_road(service, pristine.replace("python:3.14", "python:3.15"))
    found = stand(service, settings)
    assert [one.rule for one in found.findings] == [State.ROAD_MOVED]
    assert list(found.accepted) == ["Dockerfile"]


def test_a_difference_that_a_merge_carried_along_is_the_approved_one(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    pristine = (service.path / "Dockerfile").read_text()
    accepted()
    moved = {"RUN step 20": "RUN step 20 better", "RUN step 25": "RUN step 25\nRUN one more"}
    change(service, {"Dockerfile": dockerfile(service, **moved)})
    new = pristine
    for old, better in moved.items():
        new = new.replace(f"{old}\n", f"{better}\n")
    move_road(service, new)
    assert states(service, settings) == [State.ROAD_MOVED]
    change(service, {"Dockerfile": dockerfile(service, **{"RUN step 10": "RUN mine"})})
    assert states(service, settings) == [State.DRIFTED_FURTHER]


def test_without_history_an_unchanged_difference_is_still_known(
    accepted: Accepted, service: Service, settings: Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    accepted()
    shallow = tmp_path_factory.mktemp("ci") / "orders"
    git.process.run("clone", "--quiet", "--depth=1", f"file://{service.path}", shallow, role=git.PERSON)
    assert evaluation.evaluate(open_service(shallow), settings, today=TODAY).findings == ()


def test_without_history_and_road_a_changed_one_cannot_be_compared(
    accepted: Accepted, service: Service, settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted()
    (difference,) = drift.find_drift(open_service(service.path))
    monkeypatch.setattr(drift, "pristine", lambda *_: {})
    with pytest.raises(RecordError) as caught:
        fingerprint.fingerprints(service, [difference], settings)
    assert "git fetch --unshallow" in caught.value.hint


def test_line_ends_that_git_converts_are_no_part_of_the_difference(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    deviation = accepted()
    approved = (deviation.fields.fingerprint or {})["Dockerfile"]
    git.process.run("config", "core.autocrlf", "true", cwd=service.top)
    path = service.path / "Dockerfile"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    differences = drift.find_drift(open_service(service.path))
    assert fingerprint.fingerprints(service, differences, settings) == {"Dockerfile": approved}


def test_a_broken_deviation_is_reported_before_anything_is_accepted(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    accepted()
    (service.path / "docs" / "off-road" / "photo.png").write_bytes(b"\x89PNG\0")
    with pytest.raises(RecordError, match=r"docs/off-road/photo.png:1: is a binary file"):
        stand(service, settings)


def test_the_readme_and_hidden_files_are_no_deviations(accepted: Accepted, service: Service, settings: Config) -> None:
    accepted()
    (service.path / "docs" / "off-road" / "README.md").write_text("# How to\n")
    (service.path / "docs" / "off-road" / ".DS_Store").write_bytes(b"\0")
    assert states(service, settings) == []


@pytest.mark.parametrize("make", ["folder", "link"])
def test_folders_and_links_are_no_deviations(service: Service, settings: Config, make: str) -> None:
    folder = service.path / "docs" / "off-road"
    folder.mkdir(parents=True)
    if make == "folder":
        (folder / "x.md").mkdir()
    else:
        (folder / "x.md").symlink_to("../../../secret.md")
    with pytest.raises(RecordError, match=rf"x.md:1: is a {make}"):
        stand(service, settings)


@pytest.mark.parametrize("link", ["docs", "docs/off-road"])
def test_a_folder_that_leads_elsewhere_is_refused(
    service: Service, settings: Config, tmp_path: Path, link: str
) -> None:
    (tmp_path / "elsewhere" / "off-road").mkdir(parents=True)
    (service.path / link).parent.mkdir(exist_ok=True)
    (service.path / link).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecordError, match=r"docs/off-road:1: is a link"):
        stand(service, settings)


def test_a_fingerprint_names_both_files(accepted: Accepted, service: Service) -> None:
    approved = (accepted().fields.fingerprint or {})["Dockerfile"]
    content = (service.path / "Dockerfile").read_bytes()
    assert approved.service == fingerprint.identity(File(content).entry(SHA1))
    assert service.lock is not None
    assert approved.road.endswith(service.lock.files["Dockerfile"].entry.blob)
    assert offroad.FOLDER == "docs/off-road"
