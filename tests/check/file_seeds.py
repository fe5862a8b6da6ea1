"""Faults seeded in the stamped service's files, apart from its manifests for Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Callable

Texts = dict[str, str]
Break = Callable[[Texts], Texts]


def replaced(path: str, old: str, new: str) -> Break:
    """One text of one file is another."""

    def broken(texts: Texts) -> Texts:
        assert old in texts[path], f"{path} has no {old}"
        return texts | {path: texts[path].replace(old, new)}

    return broken


def without(*starts: str) -> Break:
    """Files are missing: those whose paths begin so."""
    return lambda texts: {path: text for path, text in texts.items() if not path.startswith(starts)}


def everywhere(*words: str) -> Break:
    """Each first word of a pair is the second in every file, however it is written."""

    def broken(texts: Texts) -> Texts:
        for old, new in zip(words[::2], words[1::2], strict=True):
            texts = {path: re.sub(old, new, text, flags=re.IGNORECASE) for path, text in texts.items()}
        return texts

    return broken


def both(first: Break, second: Break) -> Break:
    """One fault, for which two changes are needed."""
    return lambda texts: second(first(texts))


def added(path: str, text: str) -> Break:
    """One more file, or more lines of one."""
    return lambda texts: texts | {path: texts.get(path, "") + text}


CI, RELEASE = ".github/workflows/ci.yml", ".github/workflows/release.yml"
RULES, DASHBOARD = "deploy/observability/rules.yaml", "deploy/observability/dashboard.json"
CATALOGUE = "catalog-info.yaml"
V1 = "apiVersion: v1\n"

FILES: dict[str, list[Break]] = {
    "immutable-image": [
        replaced("Dockerfile", "python:3.13-slim-trixie", "python"),
        replaced("Dockerfile", "python:3.13-slim-trixie", "python:latest"),
        replaced("Dockerfile", "USER 10001:10001\n", ""),
        replaced("Dockerfile", "USER 10001:10001\n", "USER root\n"),
        replaced("Dockerfile", "ARG UV=0.13.9", "ARG UV=0.13.9\nARG INDEX_TOKEN"),
        replaced("Dockerfile", "EXPOSE 8080", "ENV DB_PASSWORD=hunter22\nEXPOSE 8080"),
        replaced("deploy/base/deployment.yaml", "image: orders:local", "image: registry.example.com/orders:latest"),
    ],
    "secrets": [
        added("deploy/overlays/prod/settings.env", "DATABASE_PASSWORD=k3yb0ardC4t\n"),
        added("src/orders/settings.py", 'TOKEN = "ghp_' + "16C7e42F292c6912E7710c838347Ae178B4a" + '"\n'),
        added("deploy/base/key.pem", "-----BEGIN RSA " + "PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAx4Uh" * 3 + "\n"),
        added(".env", "API_KEY=9f8e7d6c5b4a\n"),
        added("deploy/more.yaml", f"{V1}kind: ConfigMap\ndata: {{DB_URL: 'postgres://orders:k3yb0ardC4t@db.acme.io/x'}}\n"),
        added("deploy/more.yaml", f"{V1}kind: Secret\nmetadata: {{name: x}}\nstringData: {{password: k3yb0ardC4t}}\n"),
    ],
    "pipeline": [
        replaced(CI, "- run: make check\n", "- run: make sync\n"),
        replaced(CI, "- run: make check\n", "- run: make check\n        continue-on-error: true\n"),
        replaced(CI, "- run: make check\n", "- run: make check || true\n"),
        replaced("Makefile", "check: sync lint types deps test ##", "check: sync test ##"),
        replaced(RELEASE, "    needs: ci\n", ""),
        replaced(RELEASE, "    needs: [image]\n", ""),
    ],
    "supply-chain": [
        without("uv.lock"),
        without(".github/dependabot.yml"),
        replaced(CI, "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@main"),
        replaced(CI, "@20cfd1bf945f4377ade1205e4dbc17946fc9a30d # v10.0.1", "@v10"),
        replaced(CI, "permissions: {}\n", "permissions: write-all\n"),
        added(".github/workflows/x.yml", "on: push\njobs: {a: {runs-on: x, steps: [{run: make check}]}}\n"),
    ],
    "alerts": [
        without(RULES),
        replaced(RULES, "{severity: page, ", "{"),
        replaced(RULES, "            summary: ", "            note: "),
        replaced(RULES, "            runbook_url: ", "            see: "),
        replaced(RULES, "for: 5m", "for: 5 minutes"),
        replaced(RULES, "for: 5m", "for: 3h"),
        replaced(RULES, "[5m]", "[20s]"),
        replaced(RULES, "            and job:http_server_", "            unless job:http_server_not_"),
        replaced(RULES, "spec:\n", "spec: [\n"),
        without("docs/runbooks/breaker-open.md"),
    ],
    "alert-metrics": [
        replaced(RULES, "log_lines_dropped_total", "log_lines_lost_total"),
        replaced(RULES, "dependency_fallbacks_total", "dependency_fallen_back_total"),
        replaced(DASHBOARD, "event_loop_lag_seconds_bucket", "event_loop_delay_seconds_bucket"),
        replaced("src/orders/paved/metrics.py", "http_server_shed_requests", "http_server_refused_requests"),
        replaced(RULES, "record: job:http_server_slow:rate1h", "record: job:http_server_late:rate1h"),
    ],
    "dashboards": [
        without(DASHBOARD),
        replaced(DASHBOARD, '"panels": [', '"panels": [,'),
        replaced(DASHBOARD, '"targets": [', '"asks": ['),
        replaced(DASHBOARD, '{job=', '{instance=\\"10.0.0.7:8081\\", job='),
    ],
    "ownership": [
        without("CODEOWNERS"),
        without("catalog-info.yaml"),
        without("docs/on-call.md", "docs/runbooks/"),
        replaced("CODEOWNERS", "* @orders-team", "/src/ @orders-team"),
        replaced("CODEOWNERS", "@", "#"),
        replaced(CATALOGUE, 'owner: "group:orders-team"', "owner: guest"),
        replaced(CATALOGUE, "  lifecycle: production\n", ""),
        replaced(CATALOGUE, "spec:\n", "spec: [\n"),
    ],
    "consistent-naming": [
        replaced(CATALOGUE, "  name: orders\n", "  name: shop\n"),
        replaced("pyproject.toml", 'name = "orders"', 'name = "order-api"'),
        replaced("deploy/base/deployment.yaml", "image: orders:local", "image: shop:local"),
        replaced(RULES, 'job="orders"', 'job="shop"'),
    ],
    "observability": [
        without("deploy/base/service-monitor.yaml", "dev/prometheus.yaml"),
        everywhere("otlp", "none", "exporter", "sender"),
        everywhere("log_format", "log_style", "structlog", "logs"),
    ],
    "squeeze-testing": [without("dev/squeeze."), replaced("dev/squeeze.js", '"k6', '"x6')],
    "chaos-testing": [
        both(without("tests/chaos/", "tests/paved/test_faults.py"), everywhere(r"(paved\)?) check", r"\1 drift")),
    ],
}  # fmt: skip
