"""The deviations compared with the service as it is: what they cover, what they do not, and what needs a review.

None of this is ever written down: it follows from the deviations, the lock, the files and the date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from paved_road.findings import DeviationSummary, Finding, Outcome, Rule, Severity
from paved_road.offroad import fingerprint, practice_names
from paved_road.offroad.deviations import load_deviations, road_files
from paved_road.road.owners import Owner
from paved_road.service import drift
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Deviation, Deviations
    from paved_road.offroad.front_matter import Approved
    from paved_road.practices.known import KnownSlugs
    from paved_road.service.drift import Difference
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

SOON = timedelta(days=14)
"""How long before its review a deviation is expiring."""


class State(StrEnum):
    """What is wrong with a deviation, or with drift that none covers."""

    UNCOVERED = "uncovered"
    EXPIRED = "expired"
    DRIFTED_FURTHER = "drifted-further"
    APPROVED_WITH_CHANGE = "approved-with-change"
    BASELINE_GREW = "baseline-grew"
    UNKNOWN_PRACTICE = "unknown-practice"
    UNCONFIRMED = "unconfirmed"
    EXPIRING = "expiring"
    STALE = "stale"
    ORPHANED = "orphaned"
    ROAD_MOVED = "road-moved"


COVERED = "drift"
"""The rule of a finding about drift that a deviation covers."""
RULES = (
    Rule(State.UNCOVERED, "A file of the road differs, and no deviation covers it.", Severity.ERROR),
    Rule(State.EXPIRED, "A deviation's review is overdue, so it covers nothing any more.", Severity.ERROR),
    Rule(State.DRIFTED_FURTHER, "The difference is not the one that was approved.", Severity.ERROR),
    Rule(State.APPROVED_WITH_CHANGE, "One change both widened a deviation and approved it.", Severity.ERROR),
    Rule(State.BASELINE_GREW, "The baseline covers one more file than before; it may only shrink.", Severity.ERROR),
    Rule(State.UNKNOWN_PRACTICE, "A deviation names a practice that does not exist.", Severity.ERROR),
    Rule(State.UNCONFIRMED, "The command that confirms a deviation's mitigation failed.", Severity.ERROR),
    Rule(State.EXPIRING, "A deviation's review is due soon.", Severity.WARNING),
    Rule(State.STALE, "The difference that a deviation covers is gone.", Severity.WARNING),
    Rule(State.ORPHANED, "The road no longer has the files of a deviation.", Severity.WARNING),
    Rule(State.ROAD_MOVED, "The road changed a file that a deviation covers.", Severity.WARNING),
    Rule(COVERED, "A file of the road differs, and a deviation covers it."),
)
"""The rules of the off-road check, the most urgent first."""
_RULE = {rule.id: (urgency, rule) for urgency, rule in enumerate(RULES)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What a service's deviations cover, and what is wrong with them or with the drift that none covers."""

    deviations: Deviations
    today: date
    findings: tuple[Finding, ...] = ()
    """The problems, the most urgent first."""
    accepted: Mapping[str, Finding] = field(default_factory=dict)
    """The drift that deviations cover, by path."""
    notes: tuple[str, ...] = ()
    """What could not be found out."""

    def states(self, deviation: Deviation) -> list[State]:
        """What is wrong with a deviation."""
        return sorted({State(one.rule) for one in self.about(deviation)})

    def about(self, deviation: Deviation) -> list[Finding]:
        """The problems of a deviation."""
        return [one for one in self.findings if one.deviation and one.deviation.slug == deviation.id]

    def covered_by(self, deviation: Deviation) -> list[str]:
        """The paths whose drift a deviation covers now."""
        return [path for path, one in self.accepted.items() if one.deviation and one.deviation.slug == deviation.id]

    def covering(self, path: str) -> DeviationSummary | None:
        """The deviation that covers a path's drift."""
        return self.accepted[path].deviation if path in self.accepted else None


def evaluate(service: Service, config: Config, *, today: date, practices: KnownSlugs | None = None) -> Evaluation:
    """Compare a service with its deviations.

    Nothing is rendered unless the road changed an edited file and the service's history is too short to have both.
    `practices` are those that exist; by default the built-in ones and those of the road, if the person trusts it.
    """
    return evaluate_drift(service, drift.find_drift(service), config, today=today, practices=practices)


def evaluate_drift(
    service: Service,
    differences: Sequence[Difference],
    config: Config,
    *,
    today: date,
    practices: KnownSlugs | None = None,
) -> Evaluation:
    """`evaluate`, for a service whose drift is known already."""
    deviations = load_deviations(service, today=today)
    drifted = {one.path: one for one in differences if one.owner is Owner.ROAD}
    practices = practices or practice_names.known_to(service, config, deviations.open)
    problems: list[Finding] = list(_unknown_practices(deviations, practices)) if practices else []
    accepted: dict[str, Finding] = {}
    decided: set[str] = set()
    """The paths that an accepted deviation says something about, good or bad."""
    for deviation in deviations:
        if not deviation.is_accepted:
            continue
        problems += _review(deviation, today)
        if deviation.fields.scope.practice:
            continue
        states = {path: _compare(deviation, drifted[path], service, config) for path in deviation.matches(drifted)}
        problems += _changed(deviation, states) if states else _without_drift(deviation, service)
        decided |= states.keys()
        if today <= deviation.fields.review_by:
            approved = [path for path, state in states.items() if state is not State.DRIFTED_FURTHER]
            accepted |= {path: _accepted(deviation, drifted[path]) for path in approved}
    problems += [_uncovered(one, deviations) for path, one in drifted.items() if path not in decided]
    return Evaluation(
        deviations=deviations, today=today, findings=most_urgent_first(problems), accepted=accepted,
        notes=_notes(deviations, practices),
    )  # fmt: skip


def most_urgent_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of their rules, then by place."""
    return tuple(sorted(findings, key=lambda one: (_RULE[one.rule][0], one.path, one.line)))


# -- findings ----------------------------------------------------------------------------------------------------------


def problem(
    deviation: Deviation, state: State, message: str, *where: str, evidence: str = "", remedy: str = ""
) -> Finding:
    """A finding about a deviation; `where` is the field of its front matter to look at."""
    return Finding(
        rule=state,
        outcome=Outcome.EXPIRED if state is State.EXPIRED else Outcome.FAILED,
        severity=_RULE[state][1].severity or Severity.WARNING,
        practice=deviation.fields.scope.practice or "",
        path=deviation.path,
        line=deviation.line(*where),
        message=message,
        evidence=evidence,
        remedy=remedy,
        deviation=deviation.summary,
    )


def _review(deviation: Deviation, today: date) -> Iterator[Finding]:
    due = deviation.fields.review_by
    renew = f"paved off-road renew {deviation.id}"
    if due < today:
        message = (
            f"the review was due on {due}, {counted((today - due).days, 'day')} ago, so it covers nothing any more"
        )
        yield problem(deviation, State.EXPIRED, message, "review_by", remedy=f"{renew}, or undo the change")
    elif due - today <= SOON:
        when = f"in {counted((due - today).days, 'day')}" if due > today else "today"
        yield problem(deviation, State.EXPIRING, f"the review is due on {due}, {when}", "review_by", remedy=renew)


def _unknown_practices(deviations: Deviations, known: KnownSlugs) -> Iterator[Finding]:
    """The open deviations that name what does not exist. What may be the road's, which was not read, is none of it."""
    for deviation in deviations.open if not known.unread else ():
        practice = deviation.fields.scope.practice
        if practice is not None and practice not in known.slugs:
            message, remedy = (
                f"there is no practice {practice}",
                practice_names.remedy_for(practice, known, deviation.id),
            )
            yield problem(deviation, State.UNKNOWN_PRACTICE, message, "scope", "practice", remedy=remedy)


def _notes(deviations: Deviations, known: KnownSlugs | None) -> tuple[str, ...]:
    if known is None or not known.unread:
        return ()
    named = {deviation.fields.scope.practice for deviation in deviations.open}
    unknown = {practice for practice in named if practice is not None and practice not in known.slugs}
    return (practice_names.unread_note(known, unknown),) if unknown else ()


def _without_drift(deviation: Deviation, service: Service) -> Iterator[Finding]:
    if deviation.matches(road_files(service.lock)):
        message, remedy = "its files are as the road has them again", f"paved off-road close {deviation.id}"
        yield problem(deviation, State.STALE, message, "scope", "paths", remedy=remedy)
    else:
        message, remedy = "the road no longer owns such a file", "paved off-road migrate, or close the deviation"
        yield problem(deviation, State.ORPHANED, message, "scope", "paths", remedy=remedy)


def _changed(deviation: Deviation, states: Mapping[str, State | None]) -> Iterator[Finding]:
    for path, state in states.items():
        if state is State.DRIFTED_FURTHER:
            message = f"{path} is not as it was approved"
            remedy = f"undo the change, or paved off-road accept {deviation.id}"
            yield problem(deviation, state, message, "fingerprint", path, remedy=remedy)
        elif state is State.ROAD_MOVED:
            message = f"the road has changed {path} since it was approved"
            remedy = f"if the reason is still valid, paved off-road renew {deviation.id}"
            yield problem(deviation, state, message, "fingerprint", path, remedy=remedy)


def _accepted(deviation: Deviation, one: Difference) -> Finding:
    return Finding(
        rule=COVERED,
        outcome=Outcome.ACCEPTED,
        severity=Severity.WARNING,
        path=one.path,
        message=f"{one.path} is {one.kind}; {deviation.path} covers it",
        deviation=deviation.summary,
    )


def _uncovered(one: Difference, deviations: Deviations) -> Finding:
    how = {drift.DriftKind.MODE: "of another mode"}.get(one.kind, str(one.kind))
    proposed = (each for each in deviations if each.fields.status == "proposed" and each.matches([one.path]))
    if deviation := next(proposed, None):
        message = f"{one.path} is {how}; {deviation.path} is only proposed"
        remedy = f"paved off-road accept {deviation.id}"
    else:
        message = f"{one.path} is {how} and no deviation covers it"
        remedy = f"paved off-road new --path {one.path}"
    return Finding(rule=State.UNCOVERED, outcome=Outcome.FAILED, path=one.path, message=message, remedy=remedy)


# -- is it the approved difference? ------------------------------------------------------------------------------------


def compare(approved: Approved | None, road: str, service: str, digest: Callable[[], str]) -> State | None:
    """What happened to an approved difference: `DRIFTED_FURTHER`, `ROAD_MOVED`, or None if neither file changed.

    `road` and `service` are the identities of the two files now; `digest` is called only if both have changed.
    """
    if approved is None:
        return State.DRIFTED_FURTHER
    if approved.service == service:
        return None if approved.road == road else State.ROAD_MOVED
    if approved.road == road or approved.difference != digest():
        return State.DRIFTED_FURTHER
    return State.ROAD_MOVED


def _compare(deviation: Deviation, one: Difference, service: Service, config: Config) -> State | None:
    approved = (deviation.fields.fingerprint or {}).get(one.path)
    road, ours = fingerprint.identity(one.road.entry), fingerprint.identity(one.found)
    return compare(approved, road, ours, lambda: fingerprint.fingerprints(service, [one], config)[one.path].difference)
