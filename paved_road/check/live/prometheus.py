"""A real Prometheus that scrapes one instance many times a second and evaluates rules as often."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from paved_road.process import ports, running
from paved_road.process.ask import ask
from paved_road.process.fair import Stopwatch
from paved_road.process.running import RunningProgram

INTERVAL = 0.25
"""Seconds between scrapes, and between evaluations of the rules."""
STARTS_WITHIN = 60.0
"""Seconds until Prometheus is ready, on however busy a machine."""


class PrometheusRefuses(Exception):
    """Prometheus does not start with these rules; the text is what it says."""


class Prometheus:
    """One running Prometheus."""

    def __init__(self, process: RunningProgram, port: int) -> None:
        self._process, self._port = process, port

    async def firing(self) -> dict[str, Mapping[str, str]]:
        """The labels of each alert that fires now, by its name."""
        answer = await ask(self._port, "GET", "/api/v1/alerts")
        alerts = answer.json()["data"]["alerts"]
        return {each["labels"]["alertname"]: each["labels"] for each in alerts if each["state"] == "firing"}

    async def until(
        self, holds: Callable[[set[str]], bool], among: Collection[str], *, within: float
    ) -> set[str] | None:
        """Wait until it holds of the names of those alerts that fire. None if that takes more fair seconds."""
        watch = Stopwatch(self._process.pids)
        while True:
            firing = set(await self.firing()) & set(among)
            if holds(firing):
                return firing
            if watch.seconds > within or self._process.code is not None:
                return None
            await asyncio.sleep(0.1)

    async def scraped(self, times: int, *, within: float) -> bool:
        """Wait until it has scraped the target well so often, as its rules see it. False if that takes longer."""
        watch = Stopwatch(self._process.pids)
        query = quote(f"count_over_time(up[10m]) >= {times} and up == 1")
        while watch.seconds <= within and self._process.code is None:
            answer = await ask(self._port, "GET", f"/api/v1/query?query={query}")
            if answer.json()["data"]["result"]:
                return True
            await asyncio.sleep(0.1)
        return False


@contextlib.asynccontextmanager
async def prometheus(
    rules: Sequence[Mapping[str, Any]], *, target: int, path: str, labels: Mapping[str, str]
) -> AsyncIterator[Prometheus]:
    """A Prometheus with these rules that scrapes a port, until the block ends.

    `labels` are put on all that it finds, as service discovery does; the label `job` names the job. It begins to scrape
    some 5 s after its start, since it hands targets over in such steps. Raises `PrometheusRefuses` if it does not take
    the rules.
    """
    with tempfile.TemporaryDirectory(prefix="paved-") as scratch:
        folder, port = Path(scratch), ports.free_port()
        each = f"{INTERVAL * 1000:.0f}ms"
        group = {"name": "all", "interval": each, "rules": list(rules)}
        (folder / "rules.json").write_text(json.dumps({"groups": [group]}))  # JSON is YAML
        config: dict[str, Any] = {
            "global": {"scrape_interval": each, "scrape_timeout": each, "evaluation_interval": each},
            "rule_files": [str(folder / "rules.json")],
            "scrape_configs": [
                {
                    "job_name": labels.get("job", "service"), "metrics_path": path, "honor_labels": True,
                    "static_configs": [
                        {
                            "targets": [f"127.0.0.1:{target}"],
                            "labels": {name: value for name, value in labels.items() if name != "job"},
                        }
                    ],
                }
            ],
        }  # fmt: skip
        (folder / "prometheus.json").write_text(json.dumps(config))
        command = [
            shutil.which("prometheus") or "prometheus", f"--config.file={folder}/prometheus.json",
            f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
        ]  # fmt: skip
        process = await running.start(command, cwd=folder, env={**os.environ, "GOMAXPROCS": "2"})
        try:
            await _ready(process, port)
            yield Prometheus(process, port)
        finally:
            await process.stop()


async def _ready(process: RunningProgram, port: int) -> None:
    for _ in range(int(STARTS_WITHIN / 0.05)):
        if process.code is not None:
            raise PrometheusRefuses(process.said[-1500:])
        if (await ask(port, "GET", "/-/ready")).status == 200:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"Prometheus did not get ready: {process.said[-500:]}")
