"""`paved off-road show`."""

from __future__ import annotations

from pathlib import Path

from paved_road import ui
from paved_road.cli import options, where
from paved_road.cli.off_road import common


def show(
    slug: common.Slug,
    service: common.ServiceOption = Path(),
    today: common.Today = None,
    json: options.Json = False,
) -> None:
    """One record: what it says, what became of it, and the difference it excuses.

    \b
    Examples:
      paved off-road show own-base-image
      paved off-road show own-base-image --json
    """
    from paved_road.offroad import evaluation
    from paved_road.service import drift
    from paved_road.settings.config import load_config

    found = where.open_service(service)
    config = load_config(directory=found.path)
    stands = evaluation.find(found, config, today=common.day(today))
    record = stands.ledger.find(slug)
    differences = drift.find_drift(found)
    covered = set(record.covers([one.path for one in differences]))
    mine = [one for one in differences if one.path in covered]
    patch = drift.patch(found, mine, config) if mine else ""
    findings = [one for one in stands.findings if one.record is record]
    if json:
        said = [{"state": str(one.state), "text": one.text, "line": one.line} for one in findings]
        more = {"service": str(found.path), "findings": said, "prose": record.document.prose, "diff": patch}
        facts = common.facts(record, stands) | more
        ui.envelope("off-road show", 0, facts)
        return
    ui.block(record.document.text.rstrip("\n"))
    for one in findings:
        ui.data()
        ui.data(f"{one.state}: {one.text}")
    if patch:
        ui.block(f"\n{patch}".rstrip("\n"))
