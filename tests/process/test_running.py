"""Programs that run until they are stopped: nothing of them is left, whatever they and their caller do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest

from paved_road.process import running
from paved_road.process.running import RunningProgram

WAITS = "import time; print('up', flush=True); time.sleep(600)"
PATIENCE = 30.0
"""Seconds for what takes milliseconds on a quiet machine."""


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


async def python(code: str) -> RunningProgram:
    return await running.start([sys.executable, "-c", code], cwd=Path.cwd(), env=os.environ)


async def until(program: RunningProgram, text: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while text not in program.output:
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process ends soon."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_what_a_program_wrote_can_be_read_while_it_runs_and_after_its_end() -> None:
    async def tried() -> None:
        program = await python("import sys; print('out', flush=True); sys.stderr.write('err'); sys.exit(3)")
        assert await program.wait(PATIENCE) == 3
        assert (program.output, program.errors, program.said) == ("out\n", "err", "out\nerr")
        await program.stop()
        assert program.said == "out\nerr"
        await program.stop()

    run(tried())


def test_a_program_that_writes_much_never_waits_for_a_reader_and_its_last_words_are_kept() -> None:
    async def tried() -> None:
        program = await python("for _ in range(5): print('x' * 1_000_000)\nprint('the end')")
        assert await program.wait(PATIENCE) == 0
        assert program.output.endswith("the end\n")
        assert len(program.output) <= running.MOST_TEXT
        await program.stop()

    run(tried())


def test_processes_that_a_program_starts_end_with_it_also_in_another_group_and_after_its_own_end() -> None:
    child = f"subprocess.Popen([sys.executable, '-c', {WAITS!r}], start_new_session={{}}).pid"
    starts = f"import subprocess, sys, time\nprint({child.format('False')}, {child.format('True')}, flush=True)\n"

    async def tried(code: str, count: int) -> None:
        program = await python(code)
        async with asyncio.timeout(PATIENCE):  # the three write as they come
            while program.output.count("up") < 2 or not any(map(str.isdigit, program.output)):
                await asyncio.sleep(0.01)
        pids = [int(pid) for line in program.output.splitlines() if line[0].isdigit() for pid in line.split()]
        assert set(program.pids()) >= {program.pid, *pids[:count]} or program.code is not None
        await program.stop()
        assert all(gone(pid) for pid in pids[:count])
        for pid in pids[count:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    run(tried(starts + "time.sleep(600)", 2))
    run(tried(starts, 1))  # an orphan in the group; one that left the group before cannot be found any more


def test_nothing_stays_open() -> None:
    async def tried() -> None:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (counted only)
        for _ in range(20):
            program = await python("")
            await program.stop()
        with pytest.raises(OSError, match="No such file"):
            await running.start(["/no/such/program"], cwd=Path.cwd(), env=os.environ)
        assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208

    if not Path("/proc/self/fd").exists():
        pytest.skip("the system does not list open files")
    run(tried())


def test_a_frozen_program_finds_the_signal_and_what_was_sent_when_it_goes_on() -> None:
    code = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('told to end', flush=True), sys.exit(0)))\n"
        "print('up', flush=True)\nwhile True: time.sleep(0.01)"
    )

    async def tried() -> None:
        program = await python(code)
        await until(program, "up")

        async def frozen() -> None:
            assert psutil.Process(program.pid).status() == psutil.STATUS_STOPPED
            assert "told to end" not in program.output

        await program.end_while_frozen(signal.SIGTERM, frozen=frozen)
        assert await program.wait(PATIENCE) == 0
        assert "told to end" in program.output
        await program.stop()

    run(tried())


def test_a_launcher_passes_the_signal_on_while_its_child_is_frozen() -> None:
    child = "import time, sys; print('up', flush=True); time.sleep(600)"
    launcher = (
        "import signal, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))\n"
        "print('launched', flush=True)\n"
        "sys.exit(7 if child.wait() == -signal.SIGTERM else 1)"
    )

    async def tried() -> None:
        program = await python(launcher)
        await until(program, "up")
        await until(program, "launched")
        await program.end_while_frozen(signal.SIGTERM, frozen=lambda: asyncio.sleep(0))
        assert await program.wait(PATIENCE) == 7
        await program.stop()

    run(tried())


CHECK = """
import asyncio, sys
from pathlib import Path
from paved_road.check.live import running_checks
from paved_road.check.registry import LiveCheck
from paved_road.cli import signals
from tests.check.twin import FOLDER, contract

async def hurts(lab):
    one = await lab.start()
    async with lab.service() as other:
        print(one.process.pid, other.process.pid, flush=True)
        {then}

running_checks.LONGEST = {longest}
with signals.raising():
    (verdict,) = running_checks.run_live([LiveCheck(slug="a", function=hurts)], FOLDER, contract(), seed=1)
print(verdict.outcome, verdict.message)
"""


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, None])
def test_no_service_outlives_a_check_that_is_interrupted_or_crashes(ended_by: signal.Signals | None) -> None:
    then = "raise RuntimeError('a bug')" if ended_by is None else "await asyncio.sleep(600)"
    command = [sys.executable, "-c", CHECK.format(then=then, longest=600)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as paved:
        assert paved.stdout is not None
        pids = [int(pid) for pid in paved.stdout.readline().split()]
        assert len(pids) == 2
        if ended_by is not None:
            paved.send_signal(ended_by)
        said, _ = paved.communicate(timeout=PATIENCE)
    assert all(gone(pid) for pid in pids)
    assert (paved.returncode == 0) is (ended_by is None)
    if ended_by is None:
        assert "error the check itself failed: RuntimeError: a bug" in said


def test_no_service_outlives_a_check_that_takes_too_long() -> None:
    for longest in (2, 8, 32):  # a busy machine may need some seconds until both services run
        code = CHECK.format(then="await asyncio.sleep(600)", longest=float(longest))
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        *pids, said = done.stdout.splitlines()
        assert said == f"error the check did not end within {longest} s"
        if pids:
            break
    assert pids
    assert all(gone(int(pid)) for pid in pids[0].split())
