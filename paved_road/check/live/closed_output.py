"""A service goes on when nobody reads its output: a log collector that hangs or is gone costs log lines only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path

from paved_road.check.live.exercise import UNKNOWN
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.registry import live_check

REQUESTS = 20
"""Requests of each kind: one that logs and writes in small blocks has written by then."""


@live_check("closed-output")
async def closed_output(lab: Lab) -> None:
    """Requests are answered in time while the pipe of both outputs is full, and after its reader is gone."""
    with _Pipe() as pipe:
        instance = await lab.start(stdout=pipe.writer, stderr=pipe.writer)
        try:
            await lab.steady(instance)
            pipe.fill()
            await _goes_on(lab, instance, "nobody reads its output, and the pipe is full")
            pipe.close_reader()
            await _goes_on(lab, instance, "the reader of its output is gone (EPIPE)")
        finally:
            pipe.close_reader()
            await instance.process.stop()


async def _goes_on(lab: Lab, instance: Instance, when: str) -> None:
    """Send requests that are fine and requests that are not, and probes."""
    contract = lab.contract
    limit = contract.deadline
    for sample in (*(contract.samples[:1] or (UNKNOWN,)), UNKNOWN) * REQUESTS:
        answer = await instance.ask_fairly(sample, within=limit)
        fine = 0 < answer.status < 500
        if not fine:
            ended = "" if instance.process.code is None else f"; the service ended with {instance.process.code}"
            lab.require(
                fine, did=f"{sample} while {when}", observed=f"{answer}{ended}",
                expected=f"an answer below 500 within {limit:g} s", seconds=answer.seconds,
            )  # fmt: skip
    answer = await instance.probe(contract.live)
    lab.require(
        answer.status == 200, did=f"{2 * REQUESTS} requests, then {contract.live}, while {when}", observed=str(answer),
        expected="answers in time, and 200 from the probe",
    )  # fmt: skip


class _Pipe:
    """A pipe with a name, so that its ends can be opened more than once; it is read until it is filled."""

    def __enter__(self) -> _Pipe:
        self._stack = contextlib.ExitStack()
        path = Path(self._stack.enter_context(tempfile.TemporaryDirectory())) / "output"
        os.mkfifo(path)
        self._reader: int | None = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.writer = os.open(path, os.O_WRONLY)
        """What the service writes to: a write waits while the pipe is full."""
        self._filler = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._reader, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        self.close_reader()
        os.close(self.writer)
        os.close(self._filler)
        self._stack.close()

    def fill(self) -> None:
        """Read no more, and write until nothing more fits."""
        if self._reader is not None:
            asyncio.get_running_loop().remove_reader(self._reader)
        for block in (b"." * 4095 + b"\n", b"."):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(self._filler, block)

    def close_reader(self) -> None:
        """Leave, so that every write fails."""
        if self._reader is not None:
            asyncio.get_running_loop().remove_reader(self._reader)
            os.close(self._reader)
            self._reader = None

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader or 0, 1 << 20)
