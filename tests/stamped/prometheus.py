"""A real Prometheus that scrapes services on the loopback, evaluates rules and answers queries.

with prometheus(tmp_path, {"orders": world.internal_port}) as server:
    server.scraped(3)
    server.value('sum(rate(http_server_request_duration_seconds_count{job="orders"}[5m]))')
"""

from __future__ import annotations

import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paved_road.process.ports import free_port
from paved_road.testing import PATIENCE, ask_until, running
from tests.tools import tool

INTERVAL = 0.5  # seconds between scrapes, and between evaluations of the rules; a scrape that takes longer is lost


class QueryError(Exception):
    """Prometheus refused the query, with its own words."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    port: int
    targets: int

    def query(self, expression: str) -> list[Sample]:
        """What an instant query finds now: empty where nothing matches. A scalar is one sample without labels."""
        data = self._get("query", query=expression)
        if data["resultType"] == "scalar":
            return [Sample(labels={}, value=float(data["result"][1]))]
        return [Sample(labels=each["metric"], value=float(each["value"][1])) for each in data["result"]]

    def value(self, expression: str) -> float:
        """The one value that it finds; a scrape that was lost meanwhile is waited for."""
        samples = self.eventually(expression)
        assert len(samples) == 1, f"{expression}: {samples}"
        return samples[0].value

    def eventually(self, expression: str, *, within: float = PATIENCE) -> list[Sample]:
        """What it finds once it finds something that is a number: `eventually('up == 1')`."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            found = [sample for sample in self.query(expression) if not math.isnan(sample.value)]
            if found:
                return found
            time.sleep(INTERVAL)
        raise AssertionError(f"{expression} found nothing in {within} s; scraped are {self._get('targets')}")

    def scraped(self, times: int = 2, *, within: float = PATIENCE) -> None:
        """Wait until every target has been scraped so often again; rate() needs two."""
        after = time.time() + times * INTERVAL
        self.eventually(f"count((timestamp(up) > {after}) and up == 1) == {self.targets}", within=within)

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that are pending or firing, as the API tells them."""
        found: list[dict[str, Any]] = self._get("alerts")["alerts"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """All rules with their health and last error."""
        groups = self._get("rules")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise QueryError(json.load(error)["error"]) from None


@contextmanager
def prometheus(
    folder: Path,
    targets: Mapping[str, int],
    *,
    rules: Sequence[Path] = (),
    labels: Mapping[str, str] | None = None,
    metrics_path: str = "/metrics",
) -> Iterator[Prometheus]:
    """Scrape the port of each job until the block ends; `labels` go on every target, as service discovery does."""
    program, port, log = tool("prometheus"), free_port(), folder / "prometheus.log"
    interval = f"{INTERVAL * 1000:.0f}ms"
    config = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [
            {
                "job_name": job,
                "metrics_path": metrics_path,
                "static_configs": [{"targets": [f"127.0.0.1:{target}"], "labels": dict(labels or {})}],
            }
            for job, target in targets.items()
        ],
    }
    (folder / "prometheus.json").write_text(json.dumps(config))  # JSON is YAML
    with running(
        program, f"--config.file={folder}/prometheus.json", f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn", cwd=folder, env={}, log=log,
    ):  # fmt: skip
        assert ask_until(port, "/-/ready", 200).status == 200, log.read_text()
        yield Prometheus(port=port, targets=len(targets))
