"""What a service promises against what its critical dependencies promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paved_road.check.contract.model import RunContract
from paved_road.check.model import NotApplicable
from paved_road.check.static.objectives import objective_arithmetic
from tests.check.static.kubernetes.foreign import foreign
from tests.check.twin import INVENTORY, PAYMENTS, contract

SOURCES = {
    "alerts.yaml": "groups:\n- rules:\n  - expr: errors:ratio > (14.4 * 0.0005)\n",
    "pyrra.yaml": 'apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nspec:\n  target: "99.95"\n',
    "sloth.yaml": "kind: PrometheusServiceLevel\nspec:\n  slos:\n  - objective: 99.95\n",
    "openslo.yaml": "kind: SLO\nspec:\n  objectives:\n  - target: 0.9995\n",
    "openslo-percent.yaml": "kind: SLO\nspec:\n  objectives:\n  - targetPercent: 99.95\n",
    ".copier-answers.yml": "a: 1\nslo_availability: 99.95\n",
}


def promising(*percents: float | None, critical: bool = True) -> RunContract:
    given = [replace(each, critical=critical) for each in (PAYMENTS, INVENTORY)]
    return contract(
        dependencies=tuple(replace(each, availability=percent) for each, percent in zip(given, percents, strict=False))
    )


@pytest.mark.parametrize("path", SOURCES)
def test_an_objective_is_found_wherever_teams_write_it(path: str) -> None:
    (found,) = objective_arithmetic(foreign({path: SOURCES[path]}, contract=promising(99.9)))
    assert found.path == path
    assert found.line > 1
    assert found.message.startswith("the objective is 99.95 %, and what the service cannot do without promises 99.9 %")


def test_promises_are_multiplied() -> None:
    texts = {".copier-answers.yml": "slo_availability: 99.9\n"}
    assert list(objective_arithmetic(foreign(texts, contract=promising(99.95, 99.96)))) == []
    (found,) = objective_arithmetic(foreign(texts, contract=promising(99.95, 99.94)))
    assert "payments (99.95 %), inventory (99.94 %)" in found.message
    assert list(objective_arithmetic(foreign(texts, contract=promising(90, 90, critical=False)))) == []


def test_what_is_not_said_cannot_be_compared() -> None:
    texts = {".copier-answers.yml": "slo_availability: 99.9\n"}
    for files, said in [
        (foreign(texts), "names no dependency"),
        (foreign({}, contract=promising(99.9)), "no file states an objective"),
        (foreign(texts, contract=promising(99.9, None)), "state the availability that inventory promises"),
    ]:
        with pytest.raises(NotApplicable, match=said):
            list(objective_arithmetic(files))
