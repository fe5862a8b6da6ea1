"""What healthy dependencies answer: the contract's `answer`, or what the service's own stub of them says."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from paved_road.check.contract.model import ContractDependency
from paved_road.check.live.standin import Healthy, NoHealthyAnswer
from paved_road.process import ports, running
from paved_road.process.ask import Reply, ask
from paved_road.process.listen import Call
from paved_road.process.running import RunningProgram

PATIENCE = 60.0
"""Seconds that a stub has to accept its first request."""
ANSWER_PATIENCE = 20.0
"""Seconds that a running stub has for an answer."""
SAFE = ("GET", "HEAD")
"""What a stub answers alike each time, so that its answer is kept."""


class HealthyDependencies:
    """Healthy answers, remembered by method and target; `start` starts the stubs, which run until `stop`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        """The service's folder, in which stubs run."""
        self._stubs: dict[str, tuple[RunningProgram, int]] = {}
        self._kept: dict[tuple[str, str, str, bytes], asyncio.Task[Healthy]] = {}

    async def start(self, dependencies: Iterable[ContractDependency]) -> None:
        """Start the stubs, and wait until each one answers. Raises `NoHealthyAnswer` if one does not."""
        stubbed = [each for each in dependencies if each.stub is not None]
        for dependency in stubbed:
            await self._start(dependency)
        for dependency in stubbed:
            await self._first_answer(dependency)

    async def __call__(self, dependency: ContractDependency, call: Call) -> Healthy:
        """Return what a dependency answers to a call. Raises `NoHealthyAnswer` if its stub does not work."""
        if dependency.stub is None:
            target = call.target.removeprefix(dependency.suffix)
            body = dependency.answers.get(f"{call.method} {target}", dependency.answer)
            return Healthy(status=200, content_type=dependency.content_type, body=body)
        if call.method not in SAFE:
            return await self._of_stub(dependency, call)
        key = dependency.name, call.method, call.target, call.body
        if key not in self._kept:
            self._kept[key] = asyncio.ensure_future(self._of_stub(dependency, call))
        return await asyncio.shield(self._kept[key])  # a caller that leaves must not end it for the others

    async def stop(self) -> None:
        """End the stubs."""
        for task in self._kept.values():
            task.cancel()
        await asyncio.gather(*self._kept.values(), return_exceptions=True)
        for process, _ in self._stubs.values():
            await process.stop()
        self._stubs.clear()

    async def _start(self, dependency: ContractDependency) -> None:
        port = ports.free_port()
        command = [sys.executable, str(dependency.stub), "--port", str(port)]
        process = await running.start(command, cwd=self._path, env=os.environ)
        self._stubs[dependency.name] = process, port

    async def _first_answer(self, dependency: ContractDependency) -> None:
        process, port = self._stubs[dependency.name]
        asked = dependency.sample
        method, target = (asked.method, asked.target) if asked and asked.method in SAFE else ("GET", "/")
        reply = Reply(error="refused")
        for _ in range(int(PATIENCE / 0.02)):
            reply = await ask(port, method, target, within=ANSWER_PATIENCE)
            if reply.error != "refused" or process.code is not None:
                break
            await asyncio.sleep(0.02)
        if not reply.status:
            raise self._no_answer(dependency, f"{method} {target}", reply)
        if asked and reply.status >= 500 and asked.method in SAFE:
            message = f"the stub {dependency.stub} of {dependency.name} answers {asked} with {reply.status}"
            raise NoHealthyAnswer(f"{message}: {reply.text[:200]}")

    async def _of_stub(self, dependency: ContractDependency, call: Call) -> Healthy:
        if dependency.name not in self._stubs:
            raise NoHealthyAnswer(f"the stub {dependency.stub} of {dependency.name} does not run")
        headers = {name: value for name, value in call.headers.items() if name in ("accept", "content-type")}
        port = self._stubs[dependency.name][1]
        reply = await ask(port, call.method, call.target, headers=headers, body=call.body, within=ANSWER_PATIENCE)
        if not reply.status:
            raise self._no_answer(dependency, f"{call.method} {call.target}", reply)
        content_type = reply.headers.get("content-type", dependency.content_type)
        return Healthy(status=reply.status, content_type=content_type, body=reply.body)

    def _no_answer(self, dependency: ContractDependency, asked: str, reply: Reply) -> NoHealthyAnswer:
        process, _ = self._stubs[dependency.name]
        how = f"gives no answer to {asked} ({reply.error})"
        if process.code is not None:
            how = f"ended with exit code {process.code}"
        elif reply.error == "refused":
            how = "does not listen on the port of --port"
        said = " | ".join([line for line in process.said.splitlines() if line.strip()][-3:]) or "it wrote nothing"
        return NoHealthyAnswer(f"the stub {dependency.stub} of {dependency.name} {how}: {said}")
