"""How long `paved check` takes, check by check, and how often a verdict differs on a machine that is busy."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.harness import process
from bench.startup import PAVED

BUSY = 4
"""Processes that compute all the time beside the check."""
RUNS = int(os.environ.get("BENCH_CHECK_RUNS", "20"))
"""Runs beside them: the bar needs some 2,000 verdicts, which are 80 runs and more than an hour."""
WHOLE_BAR, FLAKE_BAR = 30, 2000


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of `paved check`."""

    seconds: float
    cpu: float
    """Of everything that it started, and its own."""
    outcomes: Mapping[str, str]
    """By the practice."""
    times: Mapping[str, float]
    messages: Mapping[str, str]


def main(quiet: int = 3, busy: int = RUNS) -> str:
    """The section of bench/RESULTS.md."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["PAVED_CACHE"] = str(Path(scratch) / "cache")
        service = stamp(Path(scratch))
        run(service, seed=1)  # compiles what the service is made of
        alone = [run(service, seed=seed) for seed in range(1, quiet + 1)]
        with busy_machine():
            beside = [run(service, "--live", seed=seed) for seed in range(1, busy + 1)]
        return report(alone, beside)


def stamp(scratch: Path) -> Path:
    """A stamped service with its environment."""
    service = scratch / "orders"
    process(PAVED, "new", str(service), "--ref", "HEAD", "--defaults")
    process("uv", "sync", "--locked", "--no-dev", "--quiet", cwd=service)
    return service


def run(service: Path, *options: str, seed: int) -> Run:
    """Check the service as a person does. Exit codes above 1 end the benchmark."""
    before = os.times()
    done = subprocess.run(
        [PAVED, "check", "--json", "--seed", str(seed), *options], cwd=service, capture_output=True, check=False
    )
    after = os.times()
    if done.returncode > 1:
        raise SystemExit(done.stderr.decode())
    result = json.loads(done.stdout)["result"]
    practices = {each["practice"]: each for each in result["practices"] if each["check"] != "attested"}
    return Run(
        seconds=result["seconds"],
        cpu=after.children_user + after.children_system - before.children_user - before.children_system,
        outcomes={name: each["outcome"] for name, each in practices.items()},
        times={name: each["seconds"] for name, each in practices.items() if each["check"] == "live"},
        messages={name: each["message"] for name, each in practices.items()},
    )


@contextmanager
def busy_machine() -> Iterator[None]:
    """Processes that compute until the block ends."""
    working = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        yield
    finally:
        for each in working:
            each.kill()
            each.wait()


def report(alone: list[Run], beside: list[Run]) -> str:
    """Times, and every verdict that was not the one of the quiet machine."""
    usual = alone[0].outcomes
    differing: dict[str, list[str]] = defaultdict(list)
    tried = 0
    for one in [*alone[1:], *beside]:
        for name in one.times:
            tried += one.outcomes[name] != "not applicable"
            if one.outcomes[name] != usual[name]:
                differing[name].append(f"{one.outcomes[name]}: {one.messages[name]}")
    flaky = sum(map(len, differing.values()))
    whole, cpu = (statistics.median(values) for values in ([r.seconds for r in alone], [r.cpu for r in alone]))
    lines = [
        f"Bars: the whole set at most {WHOLE_BAR} s on 2 cores; at most 1 verdict in {FLAKE_BAR:,} differs",
        f"beside {BUSY} busy processes.",
        "",
        f"The stamped service, {len(usual)} practices: {whole:.1f} s, {cpu:.1f} s of CPU (medians of {len(alone)}).",
        f"{tried} live verdicts, {len(beside)} runs of them beside busy processes: {flaky} differed.",
        "",
        f"| live check | outcome | s | s, beside {BUSY} busy processes | differing |",
        "|---|---|---|---|---|",
    ]
    for name in sorted(alone[0].times, key=lambda each: -_median(alone, each)):
        times = (
            f"{_median(alone, name):.1f} | {_median(beside, name):.1f}" if beside else f"{_median(alone, name):.1f} |"
        )
        lines.append(f"| {name} | {usual[name]} | {times} | {len(differing[name])} |")
    for name, said in sorted(differing.items()):
        lines += ["", f"{name}:", "", *(f"- {each[:300]}" for each in said)] if said else []
    return "\n".join(lines)


def _median(runs: list[Run], name: str) -> float:
    return statistics.median(each.times[name] for each in runs)
