"""The alerts: from the objectives that were answered, tested by Prometheus' own tools, each with a runbook."""

from __future__ import annotations

import functools
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.errors import PavedError
from paved_road.testing import run, write_files
from tests.stamped.delivered import form, pairs, spelled, stamped
from tests.stamped.prometheus import prometheus
from tests.stamped.promql import names, selectors
from tests.stamped.world import World
from tests.tools import tool

RULES = "deploy/observability/rules.yaml"
TESTS = "deploy/observability/rules_test.yaml"
OUTAGES = "deploy/observability/outages_test.yaml"
EVERY = [pytest.param(row, id=spelled(row)) for row in pairs()]

# Each burn rate with its windows: Google's SRE workbook, chapter 5, table 5-8.
SECONDS = {"1h": 3600, "6h": 21600, "1d": 86400, "3d": 259200}
BURNS = {("1h", "5m"): 14.4, ("6h", "30m"): 6, ("1d", "2h"): 3, ("3d", "6h"): 1}


def chance(least: int, expected: float) -> float:
    """Of so many events or more, where `expected` are usual (Poisson)."""
    return 1 - sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(least))


@functools.cache
def default_rules() -> str:
    return stamped(deploy="none")[RULES]


def rules(text: str) -> list[dict[str, Any]]:
    document = yaml.safe_load(text)
    groups = document.get("spec", document)["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts(text: str) -> list[dict[str, Any]]:
    return [rule for rule in rules(text) if "alert" in rule]


def judged(folder: Path, files: dict[str, str], *tests: str) -> str:
    """What `make alerts` says against them: nothing when they pass."""
    for path in (RULES, *tests, "Makefile", "dev/prometheus.yaml"):
        write_files(folder, {path: files[path]})
    done = run("make", "--no-print-directory", "alerts", f"PROMTOOL={tool('promtool')}", cwd=folder)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def only(tests: str, start: str, *, without: str = "nothing") -> str:
    """The unit tests whose names begin so: those of eight days are slow, and say nothing of most rules."""
    document = yaml.safe_load(tests)
    names_of = [each["name"] for each in document["tests"]]
    kept = [name for name in names_of if name.startswith(start) and not name.startswith(without)]
    assert 0 < len(kept) < len(names_of)
    document["tests"] = [each for each in document["tests"] if each["name"] in kept]
    return yaml.safe_dump(document)


@pytest.mark.parametrize("answers", EVERY)
def test_promtool_takes_the_rules_of_every_answer(tmp_path: Path, answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    write_files(tmp_path, {path: files[path] for path in (RULES, "Makefile", "dev/prometheus.yaml")})
    made = run("make", "dev/rules.yaml", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    done = run(tool("promtool"), "check", "config", "prometheus.yaml", cwd=tmp_path / "dev")
    assert done.returncode == 0, done.stderr
    assert "60 rules found" in done.stdout


@pytest.mark.parametrize(
    "answers",
    [
        {"slo_availability": 99.99, "slo_latency_ms": 1000},
        pytest.param({"slo_availability": 95.0, "deploy": "none"}, marks=pytest.mark.soak),
        pytest.param({"tier": "low"}, marks=pytest.mark.soak),
    ],
    ids=str,
)
def test_their_unit_tests_hold_for_every_objective(tmp_path: Path, answers: dict[str, Any]) -> None:
    assert judged(tmp_path, stamped(**answers), TESTS, OUTAGES) == ""


def with_wrong_rule(right: str, wrong: str) -> dict[str, str]:
    files = stamped(deploy="none")
    assert right in files[RULES]
    return files | {RULES: files[RULES].replace(right, wrong)}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("> 14.4 * 0.001", "> 1440 * 0.001"),
        ("> 14.4 * 0.01", "> 1440 * 0.01"),
        ("> 1 * 0.001", "> 0.4 * 0.001"),
        ("> 3 * 0.001", "> 1.5 * 0.001"),
        ("            and job:http_server_errors:ratio_rate5m", "            and job:http_server_errors:ratio_rate1h"),
        (', http_response_status_code=~"5.."', ', http_response_status_code=~"4.."'),
        (', namespace!~".+-(dev|staging)"', ""),
        ('le="0.5"', 'le="0.25"'),
        ("[30m]) > 2", "[30m]) > 0"),
        ("[1h])) > 3", "[1h])) > 0"),
        (', le="0.25"}', ', le="5"}'),
        ("> 0.85", "> 0.4"),
        ("log_lines_dropped_total", "log_lines_lost_total"),
        ("> 0.01 * sum", "> 0.001 * sum"),
        ('state="open"', 'state="closed"'),
        ("> 0.5\n", "> 0\n"),
        ("> 0.05 * sum", "> 0.005 * sum"),
        ("> 0.8 * avg", "> 0.4 * avg"),
        ("> 0.8 * dependency_bulkhead_limit", "> 1.8 * dependency_bulkhead_limit"),
        ("dependency_retry_budget_exhausted_total", "dependency_retry_budget_exhausted"),
    ],
)  # fmt: skip
def test_their_unit_tests_find_a_wrong_rule(tmp_path: Path, right: str, wrong: str) -> None:
    files = with_wrong_rule(right, wrong)
    tests = {TESTS: only(files[TESTS], "", without="traffic")}
    assert "FAILED" in judged(tmp_path, files | tests, TESTS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("h) > 100", "h) >= 0"),
        ("[2h] offset", "[5m] offset"),
        ("[2h] offset 167h", "[2h] offset 23h"),
        ("or 0 * group", "or 1000 * group"),
    ],
)
def test_the_unit_test_of_absent_traffic_finds_a_wrong_rule(tmp_path: Path, right: str, wrong: str) -> None:
    files = with_wrong_rule(right, wrong)
    tests = {TESTS: only(files[TESTS], "traffic")}
    assert "FAILED" in judged(tmp_path, files | tests, TESTS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("* 3600 >= 5", "* 3600 >= 1"),
        ("* 3600 >= 5", "* 3600 >= 50"),
        ("or rate(http_server_shed_requests_total", "or 0 * rate(http_server_shed_requests_total"),
        ("(service_ready{", "(no_such_metric{"),
        ("or on (job) absent(up", "or on (job) absent(down"),
        ("present_over_time(up", "group by (job, namespace) (up"),
        ("or up{", "or down{"),
        ("          for: 5m\n", "          for: 0m\n"),
    ],
)
def test_the_unit_tests_of_outages_find_a_wrong_rule(tmp_path: Path, right: str, wrong: str) -> None:
    assert "FAILED" in judged(tmp_path, with_wrong_rule(right, wrong), OUTAGES)


def test_promtool_finds_what_is_no_rule(tmp_path: Path) -> None:
    files = stamped()
    broken = files | {RULES: files[RULES].replace("> 0.85", "> > 0.85")}
    assert "parse error" in judged(tmp_path, broken, TESTS)


@pytest.mark.parametrize("answers", EVERY)
def test_the_thresholds_are_those_of_the_objectives(answers: dict[str, Any]) -> None:
    text = stamped(**answers)[RULES]
    budgets = {"errors": (100 - answers["slo_availability"]) / 100, "slow": 0.01}
    burning = [rule for rule in alerts(text) if rule["alert"].endswith("BudgetBurn")]
    assert len(burning) == len(budgets) * len(BURNS)
    for rule in burning:
        sides = re.findall(r"(errors|slow):ratio_rate(\w+)\S* > (\S+) \* (\S+)", rule["expr"])
        ((kind, long, factor, budget), (_, short, _, _)) = sides
        (floor,) = re.findall(rf"{kind}:rate{long}\S+ \* (\d+) >= (\d+)", rule["expr"])
        assert SECONDS[long] == int(floor[0])
        by_chance = 30 * 86400 / SECONDS[long] * chance(int(floor[1]), int(floor[1]) / float(factor))
        assert by_chance < 0.1 or rule["labels"]["severity"] == "ticket", "a service within its objective is paged"
        assert BURNS[long, short] == float(factor)
        assert float(budget) == pytest.approx(budgets[kind])
        assert float(factor) * float(budget) < 1, "no share of failures could ever fire it"
        assert rule["labels"]["window"] == long
    limits = {
        m.value
        for rule in rules(text)
        for s in selectors(rule["expr"])
        for m in s.matchers.matchers
        if m.name == "le" and str(s.name).startswith("http_server")
    }
    assert limits == {str(answers["slo_latency_ms"] / 1000)}
    strategy = stamped(**answers).get("deploy/strategy/analysis.yaml", "")
    assert set(re.findall(r'le="(.*?)"', strategy)) <= limits, "a canary is slow by the same limit"


@pytest.mark.parametrize("answers", EVERY)
def test_every_alert_has_a_runbook_and_every_runbook_an_alert(answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in alerts(files[RULES])}
    name, owner = answers["name"], answers["owner"].split("/")[0]
    view = {"github": "github.com/{}/{}/blob/main/", "gitlab": "gitlab.com/{}/{}/-/blob/main/"}[answers["ci"]]
    base = f"https://{view.format(owner, name)}"
    assert all(link.startswith(base) for link in links.values())
    paths = {link.removeprefix(base) for link in links.values()}
    assert paths == {path for path in files if path.startswith("docs/runbooks/")}
    for alert, link in links.items():
        assert files[link.removeprefix(base)].startswith(f"# {alert}\n")


def test_kubernetes_gets_the_same_rules() -> None:
    wrapped = yaml.safe_load(stamped()[RULES])
    assert (wrapped["kind"], wrapped["metadata"]) == ("PrometheusRule", {"name": "orders"})
    assert wrapped["spec"] == yaml.safe_load(default_rules())


@pytest.mark.parametrize("value", [94.9, 100, 99.995])
def test_an_objective_that_cannot_be_watched_is_refused(value: float) -> None:
    with pytest.raises(PavedError, match="slo_availability"):
        form().settle(Path("/nowhere/orders"), given={"name": "orders", "slo_availability": value})


def test_a_critical_service_promises_more() -> None:
    assert "* 0.0005\n" in stamped(tier="critical")[RULES]
    assert "* 0.005\n" in stamped(tier="low")[RULES]


def test_a_real_prometheus_computes_them_from_the_service_s_own_metrics(world: World, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(default_rules())
    with prometheus(
        tmp_path, {"orders": world.internal_port}, labels={"namespace": "orders-prod"}, rules=[path]
    ) as server:
        for _ in range(30):
            world.order()
        server.scraped()
        for _ in range(5):
            world.order()
        assert server.value('job:http_server_errors:ratio_rate5m{job="orders"}') == 0
        assert 0 <= server.value('job:http_server_slow:ratio_rate5m{job="orders"}') <= 1
        assert server.eventually('ALERTS{alertname="BreakerOpen",alertstate="pending"}')
        assert {rule["health"] for rule in server.rules()} == {"ok"}
        wanted = {
            name for rule in rules(default_rules()) for name in names(rule["expr"]) if not name.startswith("job:")
        }
        # Counters with labels of their own begin with the first refused request, and the first background task.
        for name in ("http_server_shed_requests_total", "background_task_crashes_total"):
            wanted.remove(name)
            assert f"# TYPE {name} counter" in world.get("/metrics").body
        assert [name for name in wanted if not server.query(name)] == []
