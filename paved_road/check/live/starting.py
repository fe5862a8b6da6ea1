"""How a service starts: ready in time, and not at all with settings that it cannot work with."""

from __future__ import annotations

from paved_road.check.live.lab import PATIENCE, Lab
from paved_road.check.registry import live_check


@live_check("ready-in-time")
async def ready_in_time(lab: Lab) -> None:
    """The service says that it is ready within the time that its contract states, and answers its sample."""
    instance = await lab.start()
    try:
        limit = lab.contract.ready_within
        seconds = await instance.until(ready=True, within=max(PATIENCE, 2 * limit))
        observed = "never" if seconds is None else f"after {seconds:.1f} s"
        lab.require(
            seconds is not None and seconds <= limit, did=f"started it, and asked {lab.contract.ready}",
            observed=f"ready {observed}", expected=f"ready within {limit:g} s", excerpt=instance.process.said[-500:],
        )  # fmt: skip
        if lab.contract.samples:
            answer = await instance.ask(lab.sample)
            lab.expect(
                200 <= answer.status < 300, did=str(lab.sample), observed=str(answer), expected="an answer of 2xx",
                excerpt=answer.text[:300],
            )  # fmt: skip
    finally:
        await instance.process.stop()
