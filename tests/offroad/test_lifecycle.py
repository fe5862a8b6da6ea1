"""The life of a deviation: who changes it, when, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from paved_road import git
from paved_road.errors import RecordError, UsageError
from paved_road.offroad import baseline, deviations, evaluation, lifecycle, moves
from paved_road.offroad.deviations import Deviation
from paved_road.offroad.evaluation import State
from paved_road.offroad.lifecycle import Draft
from paved_road.service.model import Service, open_service
from paved_road.settings.config import Config
from paved_road.testing import Link, commit, write_files
from tests.offroad.test_evaluation import move_road, relock
from tests.offroad.world import OWN_IMAGE, REASON, TODAY, argue, change, dockerfile

Accepted = Callable[..., Deviation]
ANN, BO = "ann@acme.example", "bo@acme.example"


def propose(service: Service, *, risk: str = "medium", slug: str = "own", path: str = "Dockerfile") -> None:
    lifecycle.propose(service, [Draft(slug=slug, paths=(path,), risk=risk, requested_by=ANN)], today=TODAY)


def test_a_new_deviation_has_all_but_the_argument(service: Service) -> None:
    change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
    propose(service)
    fields = deviations.load_deviations(service, today=TODAY).find("own").fields
    assert (fields.status, fields.owner, fields.release) == ("proposed", "orders-team", "1.0.0")
    assert fields.review_by - fields.created == timedelta(days=90)
    assert fields.reason == ""


def test_a_slug_is_taken_once(service: Service) -> None:
    propose(service)
    with pytest.raises(RecordError, match=r"docs/off-road/own.md exists already") as caught:
        propose(service)
    assert "own-2" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "cause", "hint"),
    [("app.py", "its owner is service", ""), ("Dokerfile", "the road has no such file", "did you mean Dockerfile?")],
)
def test_what_the_road_does_not_own_needs_no_deviation(service: Service, path: str, cause: str, hint: str) -> None:
    with pytest.raises(UsageError, match="needs no deviation") as caught:
        propose(service, path=path)
    assert cause in caught.value.cause
    assert hint in caught.value.hint


@pytest.mark.parametrize("fields", [{"risk": "some"}, {"kind": "because"}, {"reason": "TODO"}, {"slug": "Own Image"},
                                    {"days": 121}, {"paths": ("*",)}])  # fmt: skip
def test_a_draft_that_is_no_deviation_is_never_written(service: Service, fields: dict[str, object]) -> None:
    facts = {"slug": "own", "paths": ("Dockerfile",), "requested_by": ANN} | fields
    with pytest.raises(RecordError):
        lifecycle.propose(service, [Draft(**facts)], today=TODAY)  # type: ignore[arg-type]
    assert not (service.path / "docs").exists() or not list((service.path / "docs").rglob("*.md"))


def test_accepting_needs_someone_else(service: Service, settings: Config) -> None:
    change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
    propose(service)
    argue(service, "own")
    with pytest.raises(RecordError, match="requested own and cannot approve it"):
        lifecycle.accept(service, "own", settings, today=TODAY, by="Ann Lee <ANN@acme.example>")
    assert lifecycle.accept(service, "own", settings, today=TODAY, by=BO).fields.approved_by == BO


def test_a_low_risk_needs_nobody(service: Service, settings: Config) -> None:
    change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
    propose(service, risk="low")
    argue(service, "own")
    assert lifecycle.accept(service, "own", settings, today=TODAY).fields.approved_by is None


def test_accepting_needs_a_reason_and_an_argument(service: Service, settings: Config) -> None:
    change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
    propose(service)
    before = (service.path / "docs/off-road/own.md").read_bytes()
    with pytest.raises(RecordError, match="the reason is empty; a good one: "):
        lifecycle.accept(service, "own", settings, today=TODAY, by=BO)
    assert (service.path / "docs/off-road/own.md").read_bytes() == before
    (service.path / "docs/off-road/own.md").write_bytes(before.replace(b"reason:", b"reason: " + REASON.encode()))
    with pytest.raises(RecordError, match="the section ## Context is empty"):
        lifecycle.accept(service, "own", settings, today=TODAY, by=BO)


def test_accepting_what_is_not_committed_is_refused(service: Service, settings: Config) -> None:
    (service.path / "Dockerfile").write_text("FROM scratch\n")
    propose(service)
    argue(service, "own")
    with pytest.raises(RecordError, match="Dockerfile is not committed yet"):
        lifecycle.accept(service, "own", settings, today=TODAY, by=BO)


def test_accepting_nothing_is_refused(service: Service, settings: Config) -> None:
    propose(service)
    argue(service, "own")
    with pytest.raises(RecordError, match="there is nothing to approve"):
        lifecycle.accept(service, "own", settings, today=TODAY, by=BO)


def test_accepting_changes_only_what_it_says(accepted: Accepted, service: Service) -> None:
    accepted()
    done = git.process.text("diff", "HEAD~1", "--unified=0", "--no-prefix", cwd=service.top)
    changed = [line for line in done.splitlines() if line[:1] in "+-" and line[:2] not in ("++", "--")]
    assert [line.split(":")[0] for line in changed] == [
        *("-status", "+status", "-approved_by", "+approved_by"),
        *("+fingerprint", "+  Dockerfile", "+    road", "+    service", "+    difference"),
    ]


def test_what_drifted_further_is_accepted_again_by_someone_else(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    accepted()
    change(service, {"Dockerfile": dockerfile(service, **{"RUN step 9": "RUN mine"})})
    with pytest.raises(RecordError, match="cannot be renewed: it is drifted-further"):
        lifecycle.renew(service, "own-base-image", settings, today=TODAY, by=BO)
    with pytest.raises(RecordError, match="cannot approve it"):
        lifecycle.accept(service, "own-base-image", settings, today=TODAY, by=ANN)
    lifecycle.accept(service, "own-base-image", settings, today=TODAY, by=BO)
    assert evaluation.evaluate(service, settings, today=TODAY).findings == ()


def test_an_expired_deviation_is_renewed_and_covers_again(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    deviation = accepted()
    later = deviation.fields.review_by + timedelta(days=30)
    assert not evaluation.evaluate(service, settings, today=later).accepted
    renewed = lifecycle.renew(service, deviation.id, settings, today=later, by=BO, days=60)
    assert renewed.fields.review_by == later + timedelta(days=60)
    assert evaluation.evaluate(service, settings, today=later).accepted
    with pytest.raises(RecordError, match="review_by is 121 days away; the road allows 120"):
        lifecycle.renew(service, deviation.id, settings, today=later, by=BO, days=121)
    with pytest.raises(RecordError, match="cannot approve it") as refused:
        lifecycle.renew(service, deviation.id, settings, today=later, by=ANN)
    assert refused.value.hint == f"someone else runs: paved off-road renew {deviation.id} --by THEIR-ADDRESS"


def test_a_renewal_never_shortens(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    left = (deviation.fields.review_by - TODAY).days
    with pytest.raises(UsageError, match=f"--days {left - 1} would shorten {deviation.id}") as caught:
        lifecycle.renew(service, deviation.id, settings, today=TODAY, by=BO, days=left - 1)
    assert caught.value.hint == f"--days {left + 1} or more"


def test_a_stale_deviation_is_closed_not_renewed(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    with pytest.raises(RecordError, match="is not resolved: Dockerfile still differs"):
        lifecycle.close(service, deviation.id, "resolved", today=TODAY)
    git.process.run("checkout", "--quiet", "HEAD~3", "--", "Dockerfile", cwd=service.top)
    with pytest.raises(RecordError, match="cannot be renewed: it is stale"):
        lifecycle.renew(service, deviation.id, settings, today=TODAY, by=BO)
    assert lifecycle.close(service, deviation.id, "resolved", today=TODAY).fields.status == "resolved"
    assert evaluation.evaluate(service, settings, today=TODAY).findings == ()


def test_a_revoked_deviation_covers_nothing(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    lifecycle.close(service, deviation.id, "revoked", today=TODAY)
    assert [one.rule for one in evaluation.evaluate(service, settings, today=TODAY).findings] == [State.UNCOVERED]
    with pytest.raises(RecordError, match="is revoked, so it cannot be accepted"):
        lifecycle.accept(service, deviation.id, settings, today=TODAY, by=BO)
    with pytest.raises(RecordError, match="is revoked already"):
        lifecycle.close(service, deviation.id, "revoked", today=TODAY)


def test_one_of_two_deviations_of_a_thing_is_superseded(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    propose(service, slug="distroless")
    argue(service, "distroless")
    commit(service.top)
    with pytest.raises(RecordError, match=r"docs/off-road/distroless.md covers Dockerfile too"):
        lifecycle.accept(service, "distroless", settings, today=TODAY, by=BO)
    closed = lifecycle.close(service, deviation.id, "superseded", today=TODAY, by="distroless")
    assert closed.fields.superseded_by == "distroless"
    lifecycle.accept(service, "distroless", settings, today=TODAY, by=BO)
    with pytest.raises(UsageError, match="which deviation supersedes it"):
        lifecycle.close(service, "distroless", "superseded", today=TODAY)


def test_a_deviation_that_is_not_there_names_the_nearest(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    accepted()
    with pytest.raises(RecordError, match="there is no deviation 'own-image'") as caught:
        lifecycle.renew(service, "own-image", settings, today=TODAY, by=BO)
    assert "own-base-image" in caught.value.hint


# -- the baseline ----------------------------------------------------------------------------------------------------


def test_a_baseline_can_only_shrink(service: Service, settings: Config) -> None:
    pristine = (service.path / "deploy/hpa.yaml").read_text()
    change(service, {"Dockerfile": "FROM scratch\n", "deploy/hpa.yaml": "min: 1\n"})
    done = baseline.update_baseline(service, settings, today=TODAY)
    assert done.recorded == ("Dockerfile", "deploy/hpa.yaml")
    assert done.deviation is not None
    assert done.deviation.fields.review_by == TODAY + timedelta(days=30)
    commit(service.top)
    assert evaluation.evaluate(service, settings, today=TODAY).findings == ()

    change(service, {"deploy/hpa.yaml": pristine, "run.sh*": "#!/bin/sh\n"})
    again = baseline.update_baseline(service, settings, today=TODAY)
    assert (again.returned, again.beyond) == (("deploy/hpa.yaml",), ("run.sh",))
    assert again.deviation is not None
    assert again.deviation.fields.scope.paths == ["Dockerfile"]
    assert [one.path for one in evaluation.evaluate(service, settings, today=TODAY).findings] == ["run.sh"]

    change(service, {"deploy/hpa.yaml": "min: 1\n"})
    assert baseline.update_baseline(service, settings, today=TODAY).beyond == ("deploy/hpa.yaml", "run.sh")


def test_a_baseline_whose_files_all_came_back_is_resolved(service: Service, settings: Config) -> None:
    pristine = (service.path / "Dockerfile").read_text()
    change(service, {"Dockerfile": "FROM scratch\n"})
    baseline.update_baseline(service, settings, today=TODAY)
    change(service, {"Dockerfile": pristine})
    done = baseline.update_baseline(service, settings, today=TODAY)
    assert done.deviation is not None
    assert done.deviation.fields.status == "resolved"
    change(service, {"Dockerfile": "FROM scratch\n"})
    with pytest.raises(RecordError, match="the baseline is resolved"):
        baseline.update_baseline(service, settings, today=TODAY)


def test_a_baseline_that_is_refused_leaves_nothing(service: Service, settings: Config) -> None:
    change(service, {"Dockerfile": "FROM scratch\n"})
    with pytest.raises(RecordError, match="cannot approve it"):
        baseline.update_baseline(service, settings, today=TODAY, risk="high")
    assert not (service.path / "docs").exists()
    with pytest.raises(UsageError, match="90 days at most"):
        baseline.update_baseline(service, settings, today=TODAY, days=91)


@pytest.mark.parametrize("link", ["docs", "docs/off-road"])
def test_no_deviation_is_written_through_a_link(service: Service, settings: Config, link: str) -> None:
    outside = service.path.with_name("outside")
    outside.mkdir()
    write_files(service.path, {link: Link(str(outside))})
    change(service, {"Dockerfile": "FROM scratch\n"})
    with pytest.raises(RecordError, match="link"):
        lifecycle.propose(service, [lifecycle.Draft(slug="own", paths=("Dockerfile",))], today=TODAY)
    with pytest.raises(RecordError, match="link"):
        baseline.update_baseline(service, settings, today=TODAY)
    assert list(outside.iterdir()) == []


def test_nothing_that_drifts_needs_no_baseline(service: Service, settings: Config) -> None:
    assert baseline.update_baseline(service, settings, today=TODAY).deviation is None


# -- the road moved --------------------------------------------------------------------------------------------------


def test_deviations_follow_a_file_of_the_same_content(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    lock = service.lock
    assert lock is not None
    git.process.run("mv", "Dockerfile", "deploy/Dockerfile", cwd=service.top)
    files = {"deploy/Dockerfile" if path == "Dockerfile" else path: one for path, one in lock.files.items()}
    relock(service, files)
    here = open_service(service.path)
    assert {one.rule for one in evaluation.evaluate(here, settings, today=TODAY).findings} == {
        State.ORPHANED,
        State.UNCOVERED,
    }
    shown = moves.migrate(here, {}, today=TODAY, dry_run=True)
    assert [(move.record, move.new) for move in shown.moves] == [(deviation.id, "deploy/Dockerfile")]
    assert evaluation.evaluate(here, settings, today=TODAY).findings, "shown, not done"
    moves.migrate(here, {}, today=TODAY)
    assert evaluation.evaluate(here, settings, today=TODAY).findings == ()
    assert moves.migrate(here, {}, today=TODAY) == moves.Migration(moves=())


def test_a_move_that_nothing_declares_is_renamed_by_hand(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    deviation = accepted()
    move_road(service, "FROM nothing-like-before\n")
    lock = open_service(service.path).lock
    assert lock is not None
    git.process.run("mv", "Dockerfile", "deploy/Dockerfile", cwd=service.top)
    files = {"deploy/Dockerfile" if path == "Dockerfile" else path: one for path, one in lock.files.items()}
    relock(service, files)
    here = open_service(service.path)
    assert moves.migrate(here, {}, today=TODAY).lost == ((deviation.id, "Dockerfile"),)
    declared = moves.migrate(here, {"Dockerfile": "deploy/Dockerfile"}, today=TODAY, dry_run=True)
    assert [move.new for move in declared.moves] == ["deploy/Dockerfile"]
    with pytest.raises(UsageError, match="the road owns no file build/Dockerfile"):
        moves.rename(here, "Dockerfile", "build/Dockerfile", settings, today=TODAY)
    with pytest.raises(RecordError, match="no open deviation names Dokerfile"):
        moves.rename(here, "Dokerfile", "deploy/Dockerfile", settings, today=TODAY)
    moves.rename(here, "Dockerfile", "deploy/Dockerfile", settings, today=TODAY)
    assert [one.rule for one in evaluation.evaluate(here, settings, today=TODAY).findings] == [State.ROAD_MOVED]


def test_a_practice_is_renamed(service: Service, settings: Config) -> None:
    lifecycle.propose(service, [Draft(slug="no-hpa", practice="start-up", requested_by=ANN)], today=TODAY)
    moves.rename(service, "start-up", "ready-in-time", settings, today=TODAY)
    assert deviations.load_deviations(service, today=TODAY).find("no-hpa").fields.scope.practice == "ready-in-time"
