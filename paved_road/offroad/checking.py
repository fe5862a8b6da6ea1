"""What `paved off-road check` finds: the evaluation, the history of the approvals and, if asked, the confirmations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.findings import CheckResult, Finding
from paved_road.offroad import approval
from paved_road.offroad.evaluation import RULES, State, evaluate, most_urgent_first, problem
from paved_road.process import child

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Deviations
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

PATIENCE = 60.0
"""Seconds that a confirmation may take."""


def check_off_road(
    service: Service, config: Config, *, today: date, strict: bool = False, base: str | None = None,
    confirm: bool = False,
) -> CheckResult:  # fmt: skip
    """Evaluate a service's deviations and report what they cover and what is wrong.

    `base` is the commit where the change under review begins. Raises `RecordError` for a deviation that is not valid
    and `UsageError` for a base that does not exist.
    """
    evaluation = evaluate(service, config, today=today)
    base_commit = base or _base_in_ci(service)
    problems = list(approval.self_approvals(service, evaluation.deviations, base=base_commit))
    if confirm:
        problems += _unconfirmed(service, evaluation.deviations)
    # A deviation that a change approved for itself, or whose mitigation is not confirmed, covers nothing.
    void = {one.deviation for one in problems}
    accepted = [one for one in evaluation.accepted.values() if one.deviation not in void]
    return CheckResult(
        check="off-road",
        name=service.path.name,
        prefix=service.prefix,
        rules=RULES,
        findings=(*most_urgent_first((*evaluation.findings, *problems)), *accepted),
        strict=strict,
        notes=evaluation.notes,
    )


def _base_in_ci(service: Service) -> str | None:
    """Where the change under review begins, according to the CI server; None elsewhere, or without its history."""
    branch = os.environ.get("GITHUB_BASE_REF")
    base = f"origin/{branch}" if branch else os.environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    return base if base and git.resolve(service.top, base) else None


def _unconfirmed(service: Service, deviations: Deviations) -> Iterator[Finding]:
    for deviation in deviations:
        command = deviation.fields.confirmation
        if deviation.is_accepted and command and (failure := _failure(service, command)):
            yield problem(
                deviation, State.UNCONFIRMED, "the mitigation is not confirmed", "confirmation",
                evidence=f"{command}: {failure}",
            )  # fmt: skip


def _failure(service: Service, command: str) -> str | None:
    """Why a command does not confirm; None if it does. The command is the service's own, as its tests are."""
    try:
        ended = child.run(command, cwd=service.path, env=os.environ, seconds=PATIENCE)
    except child.OutOfTime:
        return f"it took longer than {PATIENCE:.0f} s"
    if ended.code == 0:
        return None
    return f"exit code {ended.code}" + (f", {ended.last_lines[-1]}" if ended.last_lines else "")
