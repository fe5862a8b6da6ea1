"""Deviations that name a practice: an accepted one turns its failure into accepted, and an overdue one into expired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from paved_road.findings import Outcome
from paved_road.offroad.deviations import Deviation, files_in, read_deviations

if TYPE_CHECKING:
    from datetime import date

    from paved_road.check.model import Subject
    from paved_road.check.readiness import PracticeResult
    from paved_road.service.model import Service


class Cover:
    """The open deviations of a service by the practice that they name."""

    def __init__(self, subject: Subject, service: Service | None, *, today: date) -> None:
        """Read them. Raises `RecordError` if one is not valid."""
        found = read_deviations(files_in(subject.path), service.lock if service else None, today=today)
        self._today = today
        self._proposed: dict[str, Deviation] = {}
        self._accepted: dict[str, Deviation] = {}
        for deviation in found.open:
            known = self._accepted if deviation.is_accepted else self._proposed
            if practice := deviation.fields.scope.practice:
                known[practice] = deviation

    def applied(self, result: PracticeResult) -> PracticeResult:
        """The result, with a failure accepted or expired where a deviation says so. Nothing ever becomes a pass."""
        if result.outcome is not Outcome.FAILED:
            return result
        slug, verdict = result.practice.slug, result.verdict
        if deviation := self._accepted.get(slug):
            is_current = self._today <= deviation.fields.review_by
            outcome = Outcome.ACCEPTED if is_current else Outcome.EXPIRED
            return replace(result, verdict=replace(verdict, outcome=outcome), deviation=deviation.summary)
        return result

    def notes(self, results: tuple[PracticeResult, ...]) -> Iterator[str]:
        """What to do about deviations that cover nothing: those only proposed, and those no longer needed."""
        for one in results:
            slug = one.practice.slug
            if one.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE) and (deviation := self._accepted.get(slug)):
                how = "is passed" if one.outcome is Outcome.PASSED else "does not apply"
                yield f"{slug} {how}, so its deviation is no longer needed: paved off-road close {deviation.id}"
            elif one.outcome is Outcome.EXPIRED and one.deviation:
                due = f"the review of {one.deviation.path} was due on {one.deviation.review_by}"
                yield f"{due}, so {slug} counts as failed: paved off-road renew {one.deviation.slug}"
            elif one.outcome is Outcome.FAILED and (proposed := self._proposed.get(slug)):
                why = f"{proposed.path} is only proposed, so {slug} counts as failed"
                yield f"{why}: paved off-road accept {proposed.id}"
