"""A program that gets a share of one core."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from paved_road.process import running, throttle

BUSY = [sys.executable, "-c", "while True: pass"]


def test_a_busy_program_uses_no_more_than_its_share_and_goes_on_afterwards(tmp_path: Path) -> None:
    async def shares() -> tuple[float, float]:
        program = await running.start(BUSY, cwd=tmp_path, env=os.environ)
        try:
            async with throttle.throttled(program, 0.1):
                before, began = throttle.used(program.pid), time.monotonic()
                await asyncio.sleep(1.0)
                held = (throttle.used(program.pid) - before) / (time.monotonic() - began)
            before = throttle.used(program.pid)
            until = time.monotonic() + 30
            while throttle.used(program.pid) - before < 0.2 and time.monotonic() < until:
                await asyncio.sleep(0.05)
            return held, throttle.used(program.pid) - before
        finally:
            await program.stop()

    held, afterwards = asyncio.run(shares())
    assert held < 0.3
    assert afterwards >= 0.2


def test_a_program_that_ends_meanwhile_is_no_error(tmp_path: Path) -> None:
    async def ended() -> int | None:
        program = await running.start([sys.executable, "-c", "pass"], cwd=tmp_path, env=os.environ)
        async with throttle.throttled(program, 0.5):
            code = await program.wait(60)
        await program.stop()
        return code

    assert asyncio.run(ended()) == 0
