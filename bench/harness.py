"""Whole processes timed in turn (A B C, A B C, ...), so that a machine that slows down slows every peer alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A command, as a function so that it may be several processes; `prepare` is not timed."""

    name: str
    run: Callable[[], None]
    prepare: Callable[[], None] = lambda: None


@dataclass(kw_only=True)
class Timing:
    """Seconds of each run."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def interleave(peers: Sequence[Peer], *, runs: int, warmups: int = 1) -> dict[str, Timing]:
    """Time the peers in turn. CPU is that of the child processes, user and system."""
    timings = {peer.name: Timing() for peer in peers}
    for turn in range(-warmups, runs):
        for peer in peers:
            peer.prepare()
            before, start = os.times(), time.perf_counter()
            peer.run()
            wall, after = time.perf_counter() - start, os.times()
            if turn >= 0:
                cpu = after.children_user + after.children_system - before.children_user - before.children_system
                timings[peer.name].wall.append(wall)
                timings[peer.name].cpu.append(cpu)
    return timings


def table(timings: dict[str, Timing]) -> str:
    """Medians, and the median of the ratios of paired runs against the first peer."""
    first = next(iter(timings.values()))
    lines = ["| what | wall s | CPU s | wall, against the first |", "|---|---|---|---|"]
    for name, timing in timings.items():
        ratio = statistics.median(mine / base for mine, base in zip(timing.wall, first.wall, strict=True))
        spread = f"{min(timing.wall):.3f}-{max(timing.wall):.3f}"
        wall = f"{statistics.median(timing.wall):.3f} ({spread})"
        lines.append(f"| {name} | {wall} | {statistics.median(timing.cpu):.3f} | {ratio:.2f} |")
    return "\n".join(lines)


def process(*command: str, cwd: str | os.PathLike[str] | None = None, env: dict[str, str] | None = None) -> None:
    """Run a command to its end; a failure ends the benchmark."""
    subprocess.run(command, cwd=cwd, env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
