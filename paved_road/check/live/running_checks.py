"""Runs live checks: each in a lab of its own, several at once, and those that load the machine one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from paved_road.check.contract.model import RunContract
from paved_road.check.live.healthy import HealthyDependencies
from paved_road.check.live.lab import Lab, NoSteadyState, PromiseBroken
from paved_road.check.live.standin import NoHealthyAnswer
from paved_road.check.model import NotApplicable, Verdict
from paved_road.check.registry import LiveCheck
from paved_road.findings import Outcome
from paved_road.process import ordered

AT_ONCE = 4
"""How many checks run at the same time. Most of their time is waiting: for a start, a time limit, a breaker."""
LONGEST = 180.0
"""Seconds after which a check is given up as an error."""


def run_live(
    checks: Iterable[LiveCheck], path: Path, contract: RunContract, *, seed: int,
    begin: Callable[[str], None] | None = None, tell: Callable[[Verdict], None] | None = None,
) -> list[Verdict]:  # fmt: skip
    """Run the checks on the service in a folder.

    `begin` hears the practice of each check as it begins, and `tell` each verdict as soon as it is known. A signal that
    ends paved ends everything that the checks have started first.
    """
    return ordered.run(_run_all(list(checks), path, contract, seed, begin, tell))


async def _run_all(
    checks: list[LiveCheck], path: Path, contract: RunContract, seed: int,
    begin: Callable[[str], None] | None, tell: Callable[[Verdict], None] | None,
) -> list[Verdict]:  # fmt: skip
    answers = HealthyDependencies(path)
    places = asyncio.Semaphore(AT_ONCE)

    async def decided(check: LiveCheck) -> Verdict:
        async with places:
            if begin is not None:
                begin(check.slug)
            verdict = await _run_one(check, Lab(path=path, contract=contract, seed=seed, answers=answers))
        if tell is not None:
            tell(verdict)
        return verdict

    try:
        await answers.start(contract.dependencies)
        together = await asyncio.gather(*(decided(check) for check in checks if not check.alone))
        return [*together, *[await decided(check) for check in checks if check.alone]]
    except NoHealthyAnswer as error:
        unknown = Verdict(practice="", outcome=Outcome.ERROR, message=str(error), seed=seed)
        verdicts = [replace(unknown, practice=check.slug) for check in checks]
        if tell is not None:
            for verdict in verdicts:
                tell(verdict)
        return verdicts
    finally:
        await answers.stop()


async def _run_one(check: LiveCheck, lab: Lab) -> Verdict:
    """Run one check; whatever goes wrong in it is its own `error`, and never a pass."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST), lab:
            with contextlib.suppress(PromiseBroken):
                await check.function(lab)
        verdict = _judged(check, lab)
    except NotApplicable as error:
        verdict = Verdict(practice=check.slug, outcome=Outcome.NOT_APPLICABLE, message=str(error))
        if any(not one.held for one in lab.evidence):
            verdict = _judged(check, lab)  # what it could not look at excuses nothing that it saw
    except NoHealthyAnswer as error:
        verdict = Verdict(practice=check.slug, outcome=Outcome.ERROR, message=str(error))
    except NoSteadyState as error:
        message = f"the service does not run even when nothing hurts it: {error}"
        verdict = Verdict(practice=check.slug, outcome=Outcome.ERROR, message=message)
    except TimeoutError:
        message = f"the check did not end within {LONGEST:.0f} s"
        verdict = Verdict(practice=check.slug, outcome=Outcome.ERROR, message=message)
        if any(not one.held for one in lab.evidence):
            verdict = _judged(check, lab)  # a service that answers nothing any more has often broken a promise before
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a check's own bug must not end the run)
        message = f"the check itself failed: {type(error).__name__}: {error}"
        verdict = Verdict(practice=check.slug, outcome=Outcome.ERROR, message=message)
    return replace(
        verdict, seconds=time.monotonic() - began, seed=lab.seed, evidence=verdict.evidence or tuple(lab.evidence)
    )


def _judged(check: LiveCheck, lab: Lab) -> Verdict:
    if not lab.evidence:
        raise RuntimeError("it expected nothing")
    broken = [one for one in lab.evidence if not one.held]
    shown = broken[0] if broken else lab.evidence[-1]
    message = f"{shown.did}: {shown.observed}" + (f", expected {shown.expected}" if broken else "")
    outcome = Outcome.FAILED if broken else Outcome.PASSED
    return Verdict(practice=check.slug, outcome=outcome, message=message, evidence=tuple(lab.evidence))
