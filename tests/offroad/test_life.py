"""The life of a deviation, whatever Hypothesis does: drift is accepted exactly when it was approved, and in time."""

from __future__ import annotations

import functools
import shutil
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from paved_road import git, offroad
from paved_road.errors import PavedError
from paved_road.offroad import checking, lifecycle
from paved_road.offroad.evaluation import State
from paved_road.service.model import Service, open_service
from paved_road.settings.config import Config
from paved_road.testing import commit
from tests.offroad.world import ROAD, TODAY, argue

PRISTINE = ROAD["template/Dockerfile"]
CONTENTS = [PRISTINE, PRISTINE.replace("3.14", "3.13"), PRISTINE.replace("step 7", "mine"), "FROM scratch\n", None]
ANN, BO = "ann", "bo"


class Life(RuleBasedStateMachine):
    """A team, an approver and the calendar work on one file and its one deviation."""

    def __init__(self, stamped: Path, scratch: Path, config: Config) -> None:
        super().__init__()
        self.path = scratch / str(len(list(scratch.iterdir())))
        shutil.copytree(stamped, self.path, symlinks=True)
        self.config = config
        self.today = TODAY
        self.content: str | None = PRISTINE
        self.committed: str | None = PRISTINE
        self.status = ""
        self.approved: str | None = PRISTINE
        self.review_by = TODAY

    @property
    def service(self) -> Service:
        return open_service(self.path)

    def attempt(self, step: object) -> bool:
        """Whether paved took it; what it refuses changes nothing."""
        before = self.content_of_file()
        try:
            step()  # type: ignore[operator]
        except PavedError:
            assert self.content_of_file() == before
            return False
        return True

    def content_of_file(self) -> bytes | None:
        file = self.path / offroad.FOLDER / "own.md"
        return file.read_bytes() if file.exists() else None

    @rule(days=st.sampled_from([80, 15, 100]))
    def time_passes(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule(content=st.sampled_from(CONTENTS))
    def the_team_edits(self, content: str | None) -> None:
        file = self.path / "Dockerfile"
        self.content = content
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(content)

    @rule()
    def the_team_commits(self) -> None:
        if git.process.run("status", "--porcelain", cwd=self.path):
            commit(self.service.top)
        self.committed = self.content

    @initialize(risk=st.sampled_from(["low", "medium", "high"]), accepted=st.booleans())
    def the_team_proposes(self, risk: str, *, accepted: bool) -> None:
        self.the_team_edits(CONTENTS[1])
        self.the_team_commits()
        draft = lifecycle.Draft(slug="own", paths=("Dockerfile",), risk=risk, requested_by=ANN)
        lifecycle.propose(self.service, [draft], today=self.today)
        argue(self.service, "own")
        self.status, self.risk = "proposed", risk
        self.review_by = self.today + timedelta(days=90)
        if accepted:
            self.somebody_accepts(BO, 90)

    @rule(by=st.sampled_from([ANN, BO]), days=st.sampled_from([10, 90, 121]))
    def somebody_accepts(self, by: str, days: int) -> None:
        done = self.attempt(
            lambda: lifecycle.accept(self.service, "own", self.config, today=self.today, by=by, days=days)
        )
        approved = self.risk == "low" or (by == BO and self.committed == self.content)
        expected = self.status in ("proposed", "accepted") and self.content != PRISTINE and approved and days <= 120
        assert done is expected
        if done:
            self.status, self.approved, self.review_by = "accepted", self.content, self.today + timedelta(days=days)

    @rule(by=st.sampled_from([ANN, BO]), days=st.sampled_from([10, 90]))
    def somebody_renews(self, by: str, days: int) -> None:
        done = self.attempt(
            lambda: lifecycle.renew(self.service, "own", self.config, today=self.today, by=by, days=days)
        )
        approved = self.risk == "low" or (by == BO and self.committed == self.content)
        unchanged = self.content == self.approved != PRISTINE
        longer = self.today + timedelta(days=days) >= self.review_by
        assert done is (self.status == "accepted" and unchanged and approved and longer)
        if done:
            self.review_by = self.today + timedelta(days=days)

    @rule(status=st.sampled_from(["resolved", "revoked", "rejected"]))
    def somebody_closes(self, status: str) -> None:
        done = self.attempt(lambda: lifecycle.close(self.service, "own", status, today=self.today))
        allowed = {"resolved": ("proposed", "accepted"), "revoked": ("accepted",), "rejected": ("proposed",)}[status]
        assert done is (self.status in allowed and (status != "resolved" or self.content == PRISTINE))
        if done:
            self.status = status

    @precondition(lambda self: self.status)
    @invariant()
    def drift_is_accepted_exactly_when_it_was_approved_in_time(self) -> None:
        drifts = self.content != PRISTINE
        in_time = self.today <= self.review_by
        found = checking.check_off_road(self.service, self.config, today=self.today)
        accepted = self.status == "accepted"
        states = {one.rule for one in found.problems}
        covered = drifts and accepted and in_time and self.content == self.approved
        void = State.APPROVED_WITH_CHANGE in states
        assert bool(found.accepted) is (covered and not void)
        assert (State.EXPIRED in states) is (accepted and not in_time)
        assert (State.DRIFTED_FURTHER in states) is (accepted and drifts and self.content != self.approved)
        assert (State.UNCOVERED in states) is (drifts and not accepted)
        assert (State.STALE in states) is (accepted and not drifts)
        assert not drifts or covered or found.exit_code == 1, "drift that nothing covers never passes"


def live(lives: int, service: Service, config: Config, scratch: Path) -> None:
    scratch.mkdir()
    run_state_machine_as_test(
        functools.partial(Life, service.path, scratch, config),  # type: ignore[arg-type]
        settings=hypothesis_settings(
            max_examples=lives, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_life_of_a_deviation(service: Service, settings: Config, tmp_path: Path) -> None:
    live(12, service, settings, tmp_path / "lives")


@pytest.mark.soak
def test_many_lives(service: Service, settings: Config, tmp_path: Path) -> None:
    live(200, service, settings, tmp_path / "lives")
