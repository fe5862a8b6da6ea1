"""What `paved off-road check` asks: the standing, the history of the approvals, and (when asked) the confirmations."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.offroad import approval, evaluation
from paved_road.offroad.evaluation import Finding, Standing, State
from paved_road.offroad.formats import Checked
from paved_road.process import child

if TYPE_CHECKING:
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

PATIENCE = 60.0
"""Seconds that a confirmation may take."""


def check(
    service: Service, config: Config, *, today: date, strict: bool = False, base: str | None = None,
    confirm: bool = False,
) -> Checked:  # fmt: skip
    """Everything that is to be said about a service's records."""
    stands = evaluation.find(service, config, today=today)
    findings = [*approval.check(service, stands.ledger, base=base or _base(service))]
    if confirm:
        findings += _unconfirmed(service, stands)
    order = list(State)
    everything = sorted((*findings, *stands.findings), key=lambda one: (order.index(one.state), one.path, one.line))
    # What a change approved for itself is not approved.
    void = {one.record.id for one in findings if one.record}
    excused = tuple(one for one in stands.excused if one.record.id not in void)
    return Checked(
        name=service.path.name,
        prefix=service.prefix,
        standing=replace(stands, findings=tuple(everything), excused=excused),
        strict=strict,
    )


def _base(service: Service) -> str | None:
    """Where the change under review begins, as the CI server says; None outside of one, or without its history."""
    branch = os.environ.get("GITHUB_BASE_REF")
    base = f"origin/{branch}" if branch else os.environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    return base if base and git.resolve(service.top, base) else None


def _unconfirmed(service: Service, stands: Standing) -> Iterator[Finding]:
    for record in stands.ledger.records.values():
        command = record.deviation.confirmation
        if not record.is_accepted or not command:
            continue
        if said := _fails(service, command):
            yield Finding(
                state=State.UNCONFIRMED, path=record.path, line=record.line("confirmation"), record=record,
                text=f"the mitigation is not confirmed: {command}: {said}",
            )  # fmt: skip


def _fails(service: Service, command: str) -> str | None:
    """Why a command does not confirm; None when it does. It is the service's own, as its tests are."""
    try:
        ended = child.run(command, cwd=service.path, env=os.environ, seconds=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"it took longer than {PATIENCE:.0f} s"
    if ended.code == 0:
        return None
    return f"exit code {ended.code}" + (f", {ended.said[-1]}" if ended.said else "")
