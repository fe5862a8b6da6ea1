"""What healthy dependencies answer: the contract's `answer`, or what the service's own stub of them says."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from paved_road.check.contract.model import ContractDependency
from paved_road.check.live.standin import Healthy
from paved_road.process import ports, running
from paved_road.process.ask import Reply, ask
from paved_road.process.listen import Call
from paved_road.process.running import RunningProgram

PATIENCE = 60.0
"""Seconds that a stub has to answer for the first time."""


class HealthyDependencies:
    """Healthy answers, remembered by method and target; stubs run from their first question until `stop`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        """The service's folder, in which stubs run."""
        self._stubs: dict[str, tuple[RunningProgram, int]] = {}
        self._answers: dict[tuple[str, str, str, bytes], Healthy] = {}
        self._starting = asyncio.Lock()

    async def __call__(self, dependency: ContractDependency, call: Call) -> Healthy:
        """Return what a dependency answers to a call."""
        if dependency.stub is None:
            body = dependency.answers.get(f"{call.method} {call.target}", dependency.answer)
            return Healthy(status=200, content_type=dependency.content_type, body=body)
        key = dependency.name, call.method, call.target, call.body
        if key not in self._answers:
            answer = await self._of_stub(dependency, dependency.stub, call)
            content_type = answer.headers.get("content-type", dependency.content_type)
            self._answers[key] = Healthy(status=answer.status, content_type=content_type, body=answer.body)
        return self._answers[key]

    async def stop(self) -> None:
        """End the stubs."""
        for process, _ in self._stubs.values():
            await process.stop()
        self._stubs.clear()

    async def _of_stub(self, dependency: ContractDependency, script: str, call: Call) -> Reply:
        async with self._starting:
            if dependency.name not in self._stubs:
                port = ports.free_port()
                command = [sys.executable, script, "--port", str(port)]
                process = await running.start(command, cwd=self._path, env=os.environ)
                self._stubs[dependency.name] = process, port
        process, port = self._stubs[dependency.name]
        for _ in range(int(PATIENCE / 0.02)):
            answer = await ask(port, call.method, call.target, body=call.body, within=PATIENCE)
            if answer.error != "refused" or process.code is not None:
                break
            await asyncio.sleep(0.02)
        if not answer.status:
            raise RuntimeError(f"the stub {script} gave no answer ({answer.error}): {process.said[-500:]}")
        return answer
