"""A change does not approve itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paved_road import git
from paved_road.errors import UsageError
from paved_road.offroad import baseline, checking, lifecycle
from paved_road.offroad.deviations import Deviation
from paved_road.offroad.evaluation import State
from paved_road.service.model import Service
from paved_road.settings.config import Config
from paved_road.testing import commit
from tests.offroad.world import OWN_IMAGE, TODAY, argue, change, dockerfile

Accepted = Callable[..., Deviation]


def states(service: Service, settings: Config, base: str | None = None) -> list[State]:
    found = checking.check_off_road(service, settings, today=TODAY, base=base)
    return [State(one.rule) for one in found.problems]


def start(service: Service) -> str:
    return git.process.text("rev-parse", "HEAD", cwd=service.top)


def test_change_proposal_and_approval_in_three_commits_are_fine(
    accepted: Accepted, service: Service, settings: Config
) -> None:
    base = start(service)
    accepted()
    assert states(service, settings, base) == []


def squash(service: Service, base: str) -> None:
    git.process.run("reset", "--quiet", "--soft", base, cwd=service.top)
    commit(service.top)


def test_the_change_and_its_approval_in_one_commit_fail(accepted: Accepted, service: Service, settings: Config) -> None:
    base = start(service)
    accepted()
    squash(service, base)
    found = checking.check_off_road(service, settings, today=TODAY, base=base)
    assert [one.rule for one in found.problems] == [State.APPROVED_WITH_CHANGE]
    assert found.exit_code == 1
    assert found.accepted == (), "what approved itself is not approved"
    assert states(service, settings) == [], "without a base nobody asks how the history came about"


def test_a_low_risk_may_come_in_one_commit(accepted: Accepted, service: Service, settings: Config) -> None:
    base = start(service)
    accepted(risk="low")
    squash(service, base)
    assert states(service, settings, base) == []


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("lowered", [True, False])
def test_widening_and_editing_the_deviation_in_one_change_fails(
    accepted: Accepted, service: Service, settings: Config, *, committed: bool, lowered: bool
) -> None:
    deviation = accepted()
    base = start(service)
    # What somebody in a hurry does: more changes, and the deviation made to fit, by its own command.
    change(service, {"Dockerfile": dockerfile(service, **{"RUN step 9": "RUN mine"})})
    if lowered:
        path = service.path / deviation.path
        path.write_text(path.read_text().replace("risk: medium", "risk: low"))
    lifecycle.accept(service, deviation.id, settings, today=TODAY, by="bo@acme.example")
    git.process.run("reset", "--quiet", "--soft", base, cwd=service.top)
    if committed:
        commit(service.top)
    assert states(service, settings, base) == [State.APPROVED_WITH_CHANGE]


def test_widening_first_and_approving_after_it_is_fine(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    base = start(service)
    change(service, {"Dockerfile": dockerfile(service, **{"RUN step 9": "RUN mine"})})
    assert states(service, settings, base) == [State.DRIFTED_FURTHER]
    lifecycle.accept(service, deviation.id, settings, today=TODAY, by="bo@acme.example")
    commit(service.top)
    assert states(service, settings, base) == []


def test_approving_ahead_of_the_change_fails(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    base, before = start(service), dockerfile(service)
    widened = dockerfile(service, **{"RUN step 9": "RUN mine"})
    change(service, {"Dockerfile": widened})
    lifecycle.accept(service, deviation.id, settings, today=TODAY, by="bo@acme.example")
    fitting = (service.path / deviation.path).read_text()
    git.process.run("reset", "--quiet", "--hard", base, cwd=service.top)
    assert dockerfile(service) == before
    change(service, {deviation.path: fitting})
    change(service, {"Dockerfile": widened})
    assert states(service, settings, base) == [State.APPROVED_WITH_CHANGE]


def test_editing_only_the_deviation_does_not_widen_it(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    path = service.path / deviation.path
    path.write_text(path.read_text().replace("    - Dockerfile\n", "    - Dockerfile\n    - run.sh\n"))
    change(service, {"run.sh*": "#!/bin/sh\n"})
    assert states(service, settings, "HEAD~1") == [State.DRIFTED_FURTHER], "the fingerprint does not have the new file"


def test_a_baseline_that_grew_by_hand_fails(service: Service, settings: Config) -> None:
    change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
    baseline.update_baseline(service, settings, today=TODAY)
    commit(service.top)
    base = start(service)
    change(service, {"run.sh*": "#!/bin/sh\n"})
    lifecycle.propose(
        service, [lifecycle.Draft(slug="x", paths=("run.sh",), risk="low", requested_by="ann")], today=TODAY
    )
    argue(service, "x")
    lifecycle.accept(service, "x", settings, today=TODAY)
    folder = service.path / "docs" / "off-road"
    own = (folder / "x.md").read_text()
    grown = (folder / "baseline.md").read_text()
    grown = grown.replace("    - Dockerfile\n", "    - Dockerfile\n    - run.sh\n")
    entry = own[own.index("  run.sh:") : own.index("\n---\n\n")]
    (folder / "baseline.md").write_text(grown.replace("\n---\n\n", f"\n{entry}\n---\n\n", 1))
    (folder / "x.md").unlink()
    commit(service.top)
    assert states(service, settings) == []
    assert states(service, settings, base) == [State.BASELINE_GREW]


def test_the_ci_server_says_where_the_change_begins(
    accepted: Accepted, service: Service, settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = start(service)
    accepted()
    squash(service, base)
    git.process.run("update-ref", "refs/remotes/origin/main", base, cwd=service.top)
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert states(service, settings) == [State.APPROVED_WITH_CHANGE]
    monkeypatch.delenv("GITHUB_BASE_REF")
    monkeypatch.setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", base)
    assert states(service, settings) == [State.APPROVED_WITH_CHANGE]
    monkeypatch.setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", "0" * 40)
    assert states(service, settings) == []


def test_a_base_that_does_not_exist_is_reported(accepted: Accepted, service: Service, settings: Config) -> None:
    accepted()
    with pytest.raises(UsageError, match="there is no commit nowhere here") as caught:
        states(service, settings, "nowhere")
    assert "--base origin/main" in caught.value.hint
    head = git.process.text("rev-parse", "HEAD", cwd=service.path)
    (service.repository.folder / "shallow").write_text(f"{head}\n")
    with pytest.raises(UsageError, match="there is no commit nowhere here") as caught:
        states(service, settings, "nowhere")
    assert "fetch-depth: 0" in caught.value.hint


def test_a_mitigation_is_confirmed_by_its_command(accepted: Accepted, service: Service, settings: Config) -> None:
    deviation = accepted()
    path = service.path / deviation.path
    for command, expected in (("test -f Dockerfile", []), ("echo no image >&2; exit 3", [State.UNCONFIRMED])):
        path.write_text(deviation.document.text.replace("confirmation:", f"confirmation: {command}"))
        found = checking.check_off_road(service, settings, today=TODAY, confirm=True)
        assert [one.rule for one in found.problems] == expected
        assert checking.check_off_road(service, settings, today=TODAY).problems == (), "nothing runs unasked"
    assert (
        "exit code 3, no image"
        in checking.check_off_road(service, settings, today=TODAY, confirm=True).problems[0].text
    )


def test_a_confirmation_that_takes_too_long_ends_with_all_that_it_started(
    accepted: Accepted, service: Service, settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    deviation = accepted()
    path = service.path / deviation.path
    path.write_text(deviation.document.text.replace("confirmation:", "confirmation: sleep 600 & sleep 600"))
    monkeypatch.setattr(checking, "PATIENCE", 0.2)
    (found,) = checking.check_off_road(service, settings, today=TODAY, confirm=True).problems
    assert "it took longer than" in found.text
