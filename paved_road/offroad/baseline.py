"""The baseline: one deviation for what differed already when a service was adopted. It can only shrink."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from paved_road.errors import RecordError, UsageError
from paved_road.offroad import lifecycle
from paved_road.offroad.deviations import BASELINE, Deviation, deviation_files, load_deviations, read_deviations
from paved_road.offroad.evaluation import evaluate_drift
from paved_road.offroad.lifecycle import Draft
from paved_road.service import drift
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.offroad.document import Path as Where
    from paved_road.settings.config import Config

DAYS = 30
"""How long a baseline is valid if nobody says otherwise: it is a debt to pay back soon."""
_LONGEST_DAYS = 90
_FILE = f"{BASELINE}.md"
_REASON = (
    "These files differed from the road already on the day the service joined it. Bring each file back, "
    "or give it a deviation of its own."
)
_ARGUMENT = {
    "Context": "The service was written before it joined the road.",
    "Decision": "Its differences from that day are accepted for a limited time. New ones are not.",
    "Consequences": "Updates conflict in these files, and the road's checks do not apply to them.",
    "Way back": "Bring a file back, then run `paved off-road baseline` again: the list can only become shorter.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """What became of the baseline."""

    deviation: Deviation | None
    """None if nothing drifts, so that there is nothing to cover."""
    recorded: tuple[str, ...] = ()
    """Files that it covers from now on."""
    returned: tuple[str, ...] = ()
    """Files that are as the road has them again, and were taken out."""
    beyond: tuple[str, ...] = ()
    """Files that drift and did not at adoption: each needs a deviation of its own."""


def update_baseline(
    service: Service, config: Config, *, today: date, by: str | None = None, days: int | None = None,
    risk: str = "low", owner: str | None = None,
) -> Baseline:  # fmt: skip
    """Cover today's drift; if there is a baseline already, take out what is back on the road.

    Raises `UsageError` for too many `days` and `RecordError` for a baseline that is closed or not allowed.
    """
    if days is not None and not 1 <= days <= _LONGEST_DAYS:
        raise UsageError(f"a baseline is valid for {_LONGEST_DAYS} days at most", hint=f"--days {DAYS}")
    deviations = load_deviations(service, today=today)
    if BASELINE in deviations.by_slug:
        return _shrink(service, deviations.by_slug[BASELINE], config, today=today)
    paths = lifecycle.uncovered_drift(service, today=today, config=config)
    if not paths:
        return Baseline(deviation=None)
    draft = Draft(
        slug=BASELINE, paths=tuple(paths), kind="accepted-risk", risk=risk, owner=owner, reason=_REASON,
        days=days or min(DAYS, deviations.policy.days), argument=_ARGUMENT,
    )  # fmt: skip
    # Proposed and accepted in memory, and written once: a baseline that is refused must leave no file.
    files = {**deviation_files(service), _FILE: lifecycle.proposal(service, draft, today)}
    proposed = read_deviations(files, service.lock, today=today).find(BASELINE)
    content = lifecycle.accepted(service, proposed, config, today=today, by=by)
    after = lifecycle.write(service, {_FILE: content}, today=today)
    return Baseline(deviation=after.find(BASELINE), recorded=tuple(paths))


def _shrink(service: Service, before: Deviation, config: Config, *, today: date) -> Baseline:
    if not before.is_accepted:
        raise RecordError(
            f"the baseline is {before.fields.status}",
            cause=f"{before.path}: what drifts now came after the service was adopted",
            hint="paved off-road new --from-drift",
        )
    differences = drift.find_drift(service)
    paths = [one.path for one in differences]
    approved = before.fields.fingerprint or {}
    left = [path for path in approved if path in paths]
    returned = tuple(path for path in approved if path not in paths)
    covered = {*left, *evaluate_drift(service, differences, config, today=today).accepted}
    beyond = tuple(path for path in paths if path not in covered)
    if not returned:
        return Baseline(deviation=before, beyond=beyond)
    changes: dict[Where, Any] = {("status",): "resolved"}
    if left:
        changes = {("scope", "paths"): left, ("fingerprint",): {path: approved[path].model_dump() for path in left}}
    after = lifecycle.write(service, {_FILE: lifecycle.edited(before, changes)}, today=today)
    return Baseline(deviation=after.find(BASELINE), returned=returned, beyond=beyond)
