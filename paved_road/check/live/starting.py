"""How a service starts: ready in time, and ended in order when it is told to stop before that."""

from __future__ import annotations

import asyncio
import signal

from paved_road.check.live.lab import Instance, Lab
from paved_road.check.registry import live_check
from paved_road.process.fair import Stopwatch

ENDED_BY_SIGTERM = (0, 143, -signal.SIGTERM)
"""Exit codes of a process that was told to end: in order, as a shell or a JVM says it, or by the signal itself."""


@live_check("ready-in-time")
async def ready_in_time(lab: Lab) -> None:
    """The service says that it is ready within the time that its contract states, and answers its sample."""
    instance = await lab.start()
    limit = lab.contract.ready_within
    seconds = await instance.until(ready=True, within=limit)
    code = instance.process.code
    observed = "not ready" if code is None else f"ended with exit code {code}"
    lab.require(
        seconds is not None and seconds <= limit, did=f"started it, and asked {lab.contract.ready}",
        observed=observed if seconds is None else f"ready after {seconds:.2f} s", expected=f"ready within {limit:g} s",
        excerpt=instance.process.said[-500:],
    )  # fmt: skip
    if lab.contract.samples:
        answer = await instance.ask(lab.sample)
        lab.expect(
            200 <= answer.status < 300, did=f"{lab.sample}, as soon as it was ready", observed=str(answer),
            expected="an answer of 2xx", excerpt=answer.text[:300],
        )  # fmt: skip
    for name, path in (("startup", lab.contract.startup), ("liveness", lab.contract.live)):
        if path is not None:
            answer = await instance.probe(path)
            lab.expect(
                answer.status == 200, did=f"asked the {name} probe, {path}, of the ready service", observed=str(answer),
                expected="200: a platform would restart it otherwise", excerpt=answer.text[:300],
            )  # fmt: skip


@live_check("stop-during-start")
async def stop_during_start(lab: Lab) -> None:
    """SIGTERM ends a service that is still starting: at once, early, and late."""
    instance = await lab.start()
    began = asyncio.get_running_loop().time()
    await lab.steady(instance)
    needed = asyncio.get_running_loop().time() - began
    await instance.process.stop()
    shares = [0.0, lab.random.uniform(0.2, 0.5), lab.random.uniform(0.6, 0.9)]
    if lab.contract.port_env is None:  # they would take each other's port
        for share in shares:
            await _stopped_after(lab, share * needed)
    else:
        await asyncio.gather(*(_stopped_after(lab, share * needed) for share in shares))


async def _stopped_after(lab: Lab, seconds: float) -> None:
    instance = await lab.start()
    await asyncio.sleep(seconds)  # the moment is any; nothing depends on how exact it is
    await _ends(lab, instance, f"{seconds:.2f} s after its start" if seconds else "at once after its start")


async def _ends(lab: Lab, instance: Instance, when: str) -> None:
    """Send SIGTERM to a service, and judge its end."""
    watch = Stopwatch(instance.process.pids)
    instance.process.signal(signal.SIGTERM)
    code, seconds = await instance.ended(watch)
    observed = f"it still ran after {seconds:.1f} s" if code is None else f"exit code {code} after {seconds:.2f} s"
    lab.expect(
        code in ENDED_BY_SIGTERM, did=f"SIGTERM {when}", observed=observed,
        expected=f"an end within {lab.contract.stop_within:g} s, with exit code 0 or that of SIGTERM",
        excerpt=instance.process.said[-500:], seconds=seconds,
    )  # fmt: skip
    await instance.process.stop()
