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
    """Show one deviation: its file, its state, and the difference that it covers.

    \b
    Examples:
      paved off-road show own-base-image
      paved off-road show own-base-image --json
    """
    from paved_road.offroad.evaluation import evaluate_drift
    from paved_road.service import drift
    from paved_road.settings.config import load_config

    opened = where.open_service(service)
    config = load_config(directory=opened.path)
    differences = {one.path: one for one in drift.find_drift(opened)}
    evaluation = evaluate_drift(opened, list(differences.values()), config, today=common.day(today))
    deviation = evaluation.deviations.find(slug)
    covered = [differences[path] for path in deviation.matches(differences)]
    patch = drift.patch(opened, covered, config) if covered else ""
    problems = evaluation.about(deviation)
    if json:
        findings = [{"state": one.rule, "text": one.text, "line": one.line} for one in problems]
        more = {"service": str(opened.path), "findings": findings, "prose": deviation.document.prose, "diff": patch}
        ui.envelope("off-road show", 0, common.facts(deviation, evaluation) | more, notes=evaluation.notes)
        return
    for text in evaluation.notes:
        ui.note(text)
    ui.block(deviation.document.text.rstrip("\n"))
    for one in problems:
        ui.data()
        ui.data(f"{one.rule}: {one.text}")
    if patch:
        ui.block(f"\n{patch}".rstrip("\n"))
