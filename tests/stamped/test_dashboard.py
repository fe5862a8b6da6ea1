"""The dashboard: Grafana's structure, and queries that a real Prometheus answered for this service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stamped.delivered import pairs, spelled, stamped
from tests.stamped.prometheus import prometheus
from tests.stamped.promql import selectors
from tests.stamped.world import World

EVERY = [pytest.param(row, id=spelled(row)) for row in pairs()]


def dashboard(**answers: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stamped(**answers)["deploy/observability/dashboard.json"])
    return found


def queries(content: dict[str, Any]) -> dict[str, str]:
    """Every expression by its panel, as Grafana sends it with nothing chosen."""
    found = {
        f"{panel['title']} {t['refId']}": t["expr"] for panel in content["panels"] for t in panel.get("targets", ())
    }
    found |= {annotation["name"]: annotation["expr"] for annotation in content["annotations"]["list"]}
    return {
        name: text.replace("$namespace", ".*").replace("$__rate_interval", "1m") for name, text in found.items()
    }  # fmt: skip


@pytest.mark.parametrize("answers", EVERY)
def test_every_query_is_promql_about_this_service(answers: dict[str, Any]) -> None:
    content = dashboard(**answers)
    assert len(queries(content)) > 15
    for name, text in queries(content).items():
        for selector in selectors(text):
            chosen = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
            assert chosen.items() >= {"job": answers["name"], "namespace": ".*"}.items(), name
    limit = str(answers["slo_latency_ms"] / 1000)
    assert f'le="{limit}"' in queries(content)[f"Slower than {answers['slo_latency_ms']} ms A"]


def test_the_panels_are_told_apart_and_do_not_overlap() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["targets"]
            assert panel["datasource"]["uid"] == "${source}"


def test_the_local_grafana_and_the_cluster_s_find_it() -> None:
    files = stamped()
    (provider,) = yaml.safe_load(files["dev/grafana/dashboards/road.yaml"])["providers"]
    mounts = yaml.safe_load(files["compose.yaml"])["services"]["grafana"]["volumes"]
    assert f"./deploy/observability:{provider['options']['path']}:ro" in mounts
    (generated,) = yaml.safe_load(files["deploy/observability/kustomization.yaml"])["configMapGenerator"]
    assert generated["files"] == ["dashboard.json"]
    assert generated["options"]["labels"] == {"grafana_dashboard": "1"}


def test_promql_parser_finds_a_broken_query() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        selectors("sum by (job (rate(x[1m]))")


def test_a_real_prometheus_answers_every_query(world: World, tmp_path: Path) -> None:
    with prometheus(tmp_path, {"orders": world.internal_port}, labels={"namespace": "orders-prod"}) as server:
        for _ in range(3):  # rate() sees a series from its second value on
            for _ in range(12):
                world.order()
            assert world.get("/orders/1", X_Request_Timeout_Ms="0").status == 504
            server.scraped(2)
        for name, text in queries(dashboard()).items():
            assert server.eventually(text), name
