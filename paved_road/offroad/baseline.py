"""The baseline: one record of what drifted already when a service was adopted. It can only shrink."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from paved_road.errors import RecordError, UsageError
from paved_road.offroad import deviations, evaluation, lifecycle
from paved_road.offroad.deviations import BASELINE, Record
from paved_road.offroad.lifecycle import PROMPTS, Draft
from paved_road.service import drift
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.offroad.document import Path as Where
    from paved_road.settings.config import Config

DAYS = 30
"""How long a baseline holds when nobody says otherwise: it is a debt, not an arrangement."""
LONGEST_DAYS = 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """What recording did."""

    record: Record | None
    """None when nothing drifts: there is nothing to record."""
    recorded: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    """Files that are the road's again and were taken out."""
    beyond: tuple[str, ...] = ()
    """Files that drift and were not there at adoption: each needs a record of its own."""


def record(
    service: Service, config: Config, *, today: date, by: str | None = None, days: int | None = None,
    risk: str = "low", owner: str | None = None,
) -> Baseline:  # fmt: skip
    """Record today's drift, or take out of the record what has come back to the road."""
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise UsageError(f"a baseline holds for {LONGEST_DAYS} days at most", hint=f"--days {DAYS}")
    found = deviations.load(service, today=today)
    if BASELINE in found.records:
        return _shrink(service, found.records[BASELINE], config, today=today)
    paths = lifecycle.drifted(service, today=today, config=config)
    if not paths:
        return Baseline(record=None)
    draft = Draft(
        slug=BASELINE, paths=tuple(paths), kind="accepted-risk", risk=risk, owner=owner,
        days=days or min(DAYS, found.policy.days),
        reason="These files differed from the road already on the day the service joined it; each is to come back "
        "or to get a record of its own.",
    )  # fmt: skip
    content = _argued(lifecycle.drafted(service, draft, today))
    proposed = deviations.read({**deviations.files(service), _FILE: content}, service.lock, today=today).find(BASELINE)
    # Written once: what was proposed and not agreed to would be no baseline.
    content = lifecycle.agreed(service, proposed, config, today=today, by=by)
    after = lifecycle.write(service, {_FILE: content}, today=today)
    return Baseline(record=after.find(BASELINE), recorded=tuple(paths))


_FILE = f"{BASELINE}.md"


def _argued(content: bytes) -> bytes:
    """A baseline argues for itself: nobody decided these differences."""
    text = content.decode()
    said = {
        "Context": "The service was written before it joined the road.",
        "Decision": "Its differences from that day are excused for a limited time. New ones are not.",
        "Consequences": "Updates conflict in these files, and the road's checks do not hold for them.",
        "Way back": "Bring a file back, then run `paved off-road baseline` again: the list can only become shorter.",
    }
    for heading, sentence in said.items():
        text = text.replace(f"<!-- {PROMPTS[heading]} -->", sentence)
    return text.encode()


def _shrink(service: Service, before: Record, config: Config, *, today: date) -> Baseline:
    if not before.is_accepted:
        raise RecordError(
            f"the baseline is {before.deviation.status}",
            cause=f"{before.path}: what drifts now came after the service was adopted",
            hint="paved off-road new --from-drift",
        )
    differences = drift.find_drift(service)
    paths = [one.path for one in differences]
    approved = before.deviation.fingerprint or {}
    left = [path for path in approved if path in paths]
    returned = [path for path in approved if path not in paths]
    stands = evaluation.judge(service, differences, config, today=today)
    told = {*left, *(one.difference.path for one in stands.excused)}
    beyond = tuple(path for path in paths if path not in told)
    if not returned:
        return Baseline(record=before, beyond=beyond)
    changes: dict[Where, Any]
    if left:
        kept = {path: one.model_dump() for path, one in approved.items() if path in left}
        changes = {("scope", "paths"): left, ("fingerprint",): kept}
    else:
        changes = {("status",): "resolved"}
    content = lifecycle.edited(before, changes)
    after = lifecycle.write(service, {_FILE: content}, today=today)
    return Baseline(record=after.find(BASELINE), returned=tuple(returned), beyond=beyond)
