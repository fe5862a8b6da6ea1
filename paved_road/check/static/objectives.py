"""What a service promises, and what those promise that it cannot do without."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.structured import documents, items, mapping, yaml_paths

_BURN_RATE = re.compile(r"\b14\.4\s*\*\s*\(?\s*(?:(0?\.\d+)|\(?1\s*-\s*(0?\.\d+))")
"""The fastest burn rate of an alert on an objective (Google, The Site Reliability Workbook, chapter 5)."""

Objective = tuple[float, str, int]
"""A percentage, with the file and line that state it."""


@static_check("objective-arithmetic")
def objective_arithmetic(files: ServiceFiles) -> Iterator[Fault]:
    """The objective is not above what the dependencies promise together that the service cannot do without.

    Raises `NotApplicable` if no file states an objective, or a critical dependency does not say what it promises.
    """
    contract = files.contract
    if contract is None or not contract.dependencies:
        raise NotApplicable("the run contract names no dependency")
    objective = max(_objectives(files), default=None)
    if objective is None:
        raise NotApplicable(
            "no file states an objective: an alert on burn rates, an SLO of OpenSLO, Sloth or Pyrra, or"
            " slo_availability in .copier-answers.yml"
        )
    critical = [each for each in contract.dependencies if each.critical]
    if silent := [each.name for each in critical if each.availability is None]:
        raise NotApplicable(f"state the availability that {', '.join(silent)} promises in the run contract")
    promised = 100 * math.prod((each.availability or 100.0) / 100 for each in critical)
    percent, path, line = objective
    if percent > promised + _ROUNDING:
        named = ", ".join(f"{each.name} ({each.availability:g} %)" for each in critical)
        yield Fault(
            message=f"the objective is {percent:g} %, and what the service cannot do without promises"
            f" {promised:.4g} % together: {named}",
            path=path,
            line=line,
            remedy="Lower the objective, get a better promise, or answer without the dependency (a fallback, a cache).",
        )


_ROUNDING = 1e-6


def _objectives(files: ServiceFiles) -> Iterator[Objective]:
    """The percentages of requests that the service means to answer well."""
    for path in yaml_paths(files):
        content = files.texts[path]
        for rate in _BURN_RATE.finditer(content):
            budget = float(rate[1]) if rate[1] else 1 - float(rate[2])
            yield from _sane(100 * (1 - budget), path, content.count("\n", 0, rate.start()) + 1)
        if re.search(r"\b(SLO|PrometheusServiceLevel|ServiceLevelObjective)\b", content):
            yield from _of_documents(files, path)
    answers = ".copier-answers.yml"
    if found := re.search(r"(?m)^slo_availability:\s*([\d.]+)", files.texts.get(answers, "")):
        yield from _sane(float(found[1]), answers, files.line(answers, "^slo_availability:"))


def _of_documents(files: ServiceFiles, path: str) -> Iterator[Objective]:
    for document in documents(files, path):
        spec = mapping(document, "spec")
        if document.get("kind") == "SLO":  # OpenSLO
            found = [each for each in items(spec.get("objectives")) if isinstance(each, dict)]
            shares = [each.get("targetPercent", each.get("target")) for each in found]
        elif document.get("kind") == "PrometheusServiceLevel":  # Sloth
            shares = [each.get("objective") for each in items(spec.get("slos")) if isinstance(each, dict)]
        elif document.get("kind") == "ServiceLevelObjective":  # Pyrra
            shares = [spec.get("target")]
        else:
            continue
        for share in shares:
            if re.fullmatch(r"\d{1,3}(\.\d{1,9})?", str(share)):
                where = files.line(path, rf"\b(objective|target|targetPercent):\s*[\"']?{re.escape(str(share))}")
                percent = float(str(share))
                yield from _sane(percent if percent > 1 else 100 * percent, path, where)  # OpenSLO's target is a share


def _sane(percent: float, path: str, line: int) -> Iterator[Objective]:
    if 50 <= percent < 100:
        yield round(percent, 6), path, line
