"""Fair time: what a program could use."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paved_road.process import fair

pytestmark = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux tells who waited")

SPIN = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass"


@contextlib.contextmanager
def pinned_to_this_core(spinning: int) -> Iterator[None]:
    """This process, and what it starts, on one core, together with so many busy processes."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    busy = [subprocess.Popen([sys.executable, "-c", SPIN.format(60)]) for _ in range(spinning)]
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        for process in busy:
            process.kill()
            process.wait()


def test_a_program_that_competes_for_its_core_took_about_as_long_as_it_worked() -> None:
    with pinned_to_this_core(spinning=2), subprocess.Popen([sys.executable, "-c", SPIN.format(0.3)]) as program:
        watch, began = fair.Stopwatch(lambda: [program.pid]), time.monotonic()
        while program.poll() is None:
            seconds = watch.seconds
            time.sleep(0.01)
        passed = time.monotonic() - began
    assert passed > 0.5  # seconds: three programs share a core, and one of them worked for 0.3 of them
    assert seconds < passed * 0.75


def test_time_in_which_a_program_sleeps_is_its_own() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3)"]) as program:
        watch = fair.Stopwatch(lambda: [program.pid])
        program.wait()
        assert watch.seconds > 0.2


def test_the_wait_of_this_process_does_not_count_either() -> None:
    with pinned_to_this_core(spinning=2):
        watch, began, end = fair.Stopwatch(list), time.monotonic(), time.process_time() + 0.2
        while time.process_time() < end:
            pass
        passed = time.monotonic() - began
        assert watch.seconds < passed * 0.8


def test_a_wait_for_fair_seconds_comes_to_an_end_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = fair.Stopwatch(list)
    monkeypatch.setattr(fair, "own_wait", lambda: 1e9)
    time.sleep(0.02)
    assert watch.seconds > 0


def test_a_program_that_has_ended_costs_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as program:
        program.wait()
        assert fair.Stopwatch(lambda: [program.pid, 2**22 + 1]).seconds < 60
