"""A service with settings that it cannot work with ends at once, and says which one is wrong."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.live.secrecy import planted_settings
from paved_road.check.registry import live_check
from paved_road.process import ports

UP = 2.0
"""Fair seconds for which a service that is not ready must listen before it counts as started."""
TRIES_AGAIN = 10.0
"""Fair seconds in which a service whose port is taken must end: gunicorn tries six times, a second apart."""
NO_PORT = "no-port"
NOTHING = "it neither ended nor listened"
IN_USE = re.compile(r"in use|EADDRINUSE|already bound|\b98\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """How one start went."""

    code: int | None
    """Its exit code; None if it did not end."""
    up: str
    """What it did instead of ending: it gets ready, it listens, or nothing; empty if it ended."""
    said: str
    secrets: tuple[str, ...]
    """Which secrets it showed."""

    @property
    def observed(self) -> str:
        """In a few words."""
        return self.up or f"it ended with exit code {self.code}"


@live_check("settings-fail-fast")
async def settings_fail_fast(lab: Lab) -> None:
    """A missing or malformed setting, and a port in use, end the start with a message that names it."""
    secrets = {f"the value of {name}": value for name, value in planted_settings(lab).items()}
    trials = (_missing(lab, secrets), _malformed(lab, secrets), _port_in_use(lab, secrets))
    if lab.contract.port_env is None:  # they would take each other's port
        for trial in trials:
            await trial
    else:
        await asyncio.gather(*trials)


async def _missing(lab: Lab, secrets: Mapping[str, str]) -> None:
    """Start it with nothing set, and set what it asks for, until it starts: the rest has defaults."""
    names = [standin.dependency.env for standin in lab.standins.values()] + list(lab.contract.settings)
    left = [name for name in dict.fromkeys(names) if name not in os.environ]
    while left:
        attempt = await _attempt(lab, secrets, without=left)
        did = f"started it without {_listed(left)}"
        if attempt.up and attempt.up != NOTHING:
            lab.expect(
                holds=True, did=did, observed=f"{attempt.up}: each has a default",
                expected="an end that names what is missing, or a default for it",
            )  # fmt: skip
            return
        named = _refused(lab, attempt, did, left)
        if not named:
            return
        left = [name for name in left if name not in named]


async def _malformed(lab: Lab, secrets: Mapping[str, str]) -> None:
    """Start it with every address and its port malformed, and correct what it names: it must name each."""
    contract, wrong = lab.contract, dict[str, str]()
    passwords = dict(secrets)
    addresses = [standin.dependency.env for standin in lab.standins.values()]
    addresses += [
        name for name, value in contract.settings.items() if re.match(r"https?://", value) and name not in addresses
    ]  # fmt: skip
    for name in addresses:
        password = f"planted{lab.random.getrandbits(160):040x}"
        passwords[f"the password in {name}"] = password
        wrong[name] = f"http://paved:{password}@no such host:{NO_PORT}"
    wrong |= {name: NO_PORT for name in (contract.port_env, contract.probe_port_env) if name is not None}
    while wrong:
        attempt = await _attempt(lab, passwords, settings=wrong)
        shown = [f"{name}=http://user:password@no such host:{NO_PORT}" if name in addresses else f"{name}={NO_PORT}"
                 for name in wrong]  # fmt: skip
        named = _refused(lab, attempt, f"started it with {_listed(shown)}", list(wrong))
        if not named:
            return
        wrong = {name: value for name, value in wrong.items() if name not in named}


async def _port_in_use(lab: Lab, secrets: Mapping[str, str]) -> None:
    with _taken(lab.contract.port if lab.contract.port_env is None else None) as port:
        attempt = await _attempt(lab, secrets, port=port)
    told = IN_USE.search(attempt.said) is not None or str(port) in attempt.said
    lab.expect(
        bool(attempt.code) and told, did=f"started it on port {port}, which another program listens on",
        observed=attempt.observed + ("" if attempt.up or told else ", and does not say that the port is in use"),
        expected="an end with an exit code that is not 0, and a message about the port", excerpt=attempt.said[-500:],
    )  # fmt: skip


async def _attempt(
    lab: Lab, secrets: Mapping[str, str], *, settings: Mapping[str, str] | None = None, without: Collection[str] = (),
    port: int | None = None,
) -> Attempt:  # fmt: skip
    """Start it, and wait until it has ended, is ready, or listens and stays."""
    own = {name: value for name, value in planted_settings(lab).items() if name not in without}
    instance = await lab.start(settings={**own, **(settings or {})}, without=without, port=port)
    try:
        up = await _up(instance, probing=port is None)
        said, code = instance.process.said, instance.process.code
    finally:
        await instance.process.stop()
    shown = tuple(what for what, value in secrets.items() if value in said)
    return Attempt(code=code, up="" if code is not None else up, said=_without(said, secrets), secrets=shown)


async def _up(instance: Instance, *, probing: bool) -> str:
    """Wait until a service has ended, or is up in some way; the way in words. Its probes may be on another's port."""
    watch, listening = instance.stopwatch(), None
    patience = instance.contract.ready_within if probing else TRIES_AGAIN
    while instance.process.code is None:
        if watch.seconds > patience:
            return NOTHING
        if probing and (await instance.probe(instance.contract.ready, within=UP)).status == 200:
            return "it gets ready"
        if listening is None and ports.listening(instance.process.pids()):
            listening = instance.stopwatch()
        if listening is not None and listening.seconds > UP:
            return "it keeps running, and listens"
        await instance.process.wait(POLL)
    return ""


def _refused(lab: Lab, attempt: Attempt, did: str, wrong: list[str]) -> list[str]:
    """Judge a start that has to end. The settings that it names, when it does."""
    named = [name for name in wrong if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", attempt.said, re.IGNORECASE)]
    good = bool(attempt.code) and bool(named)
    observed = attempt.observed
    if attempt.code is not None:
        observed += f", and names {', '.join(named)}" if named else ", and names no setting"
    lab.expect(
        good, did=did, observed=observed, excerpt=attempt.said[-500:],
        expected="an end with an exit code that is not 0, and the name of what is wrong",
    )  # fmt: skip
    if attempt.secrets:
        lab.expect(
            holds=False, did=f"{did}, and read what it wrote", excerpt=attempt.said[-500:],
            observed=f"it shows {', '.join(attempt.secrets)}", expected="that it shows no secret",
        )  # fmt: skip
    return named if good else []


def _without(said: str, secrets: Mapping[str, str]) -> str:
    """What it wrote, with the secrets covered: evidence is kept and shown to others."""
    for value in secrets.values():
        said = said.replace(value, "******")
    return said


def _listed(names: list[str], most: int = 6) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


@contextmanager
def _taken(fixed: int | None) -> Iterator[int]:
    """A port on which another program listens."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = fixed or ports.free_port()
        other.bind(("", port))
        other.listen(16)
        yield port
