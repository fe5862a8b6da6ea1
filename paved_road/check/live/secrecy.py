"""Secrets that a service is given never come out of it: not in logs, metrics, answers or errors."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import quote

from paved_road.check.contract.model import Sample
from paved_road.check.live.exercise import exercised
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.registry import live_check
from paved_road.check.static.image import names_a_secret
from paved_road.process.ask import Reply

SHORTEST = 8
"""Characters of a setting's value below which it may be in a text by chance."""
PAGES_OF_INTERNALS = ("/actuator/env", "/debug/vars", "/debug/pprof/cmdline", "/env", "/server-status", "/config")
"""Where frameworks show their settings when nobody turned that off."""
USER = "paved"


@live_check("no-secrets-shown")
async def no_secrets_shown(lab: Lab) -> None:
    """Planted secrets appear nowhere, also when requests and dependencies fail."""
    settings = planted_settings(lab)
    headers = {"Authorization": f"Bearer {_planted(lab)}", "Cookie": f"session={_planted(lab)}"}
    urls = {standin.dependency.env: _with_password(standin.address, _planted(lab)) for standin in lab.standins.values()}
    secrets = {f"the value of {name}": value for name, value in settings.items()}
    secrets |= {f"the request's {name} header": value.split("=")[-1].split()[-1] for name, value in headers.items()}
    secrets |= {f"the password in {name}": re.split("[:@]", url)[2] for name, url in urls.items()}
    service = await lab.start(settings=settings | urls)
    try:
        if await service.until(ready=True, within=lab.contract.ready_within) is None:  # it takes no such URLs
            _nothing_in(lab, "started it with a password in each dependency's URL", service.process.said, secrets)
            await service.process.stop()
            service = await lab.start(settings=settings)
            await lab.steady(service)
        await _search(lab, service, headers, secrets)
    finally:
        await service.process.stop()


async def _search(lab: Lab, service: Instance, headers: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Make it talk, and look at all that it says."""
    async for told in exercised(lab, service, headers):
        _nothing_in(lab, told.did, _shown(told.answer), secrets)
    contract = lab.contract
    for path in (contract.live, contract.ready, contract.startup, contract.metrics):
        if path is not None:
            _nothing_in(lab, f"GET {path}", _shown(await service.probe(path)), secrets)
    for path in PAGES_OF_INTERNALS:
        answer = await service.ask(Sample(method="GET", target=path))
        _nothing_in(lab, f"GET {path}", _shown(answer), secrets)
    await service.stop()
    _nothing_in(lab, "stopped it, and read all that it wrote", service.process.said, secrets)


def planted_settings(lab: Lab) -> dict[str, str]:
    """The settings that are secret, with values of our own where the contract gives none."""
    contract = lab.contract
    named = {name for name, value in contract.settings.items() if names_a_secret(name) and len(value) >= SHORTEST}
    given = {name: contract.settings[name] for name in named}
    return given | {name: contract.settings.get(name) or _planted(lab) for name in contract.secrets}


def _nothing_in(lab: Lab, did: str, text: str, secrets: Mapping[str, str]) -> None:
    for what, value in secrets.items():
        position = next((text.find(each) for each in _spellings(value) if each in text), -1)
        shown = position >= 0
        lab.expect(
            not shown, did=did, observed=f"it shows {what}" if shown else f"it does not show {what}",
            expected="that no secret is shown", excerpt=f"{text[max(0, position - 80) : position]}..." if shown else "",
        )  # fmt: skip


def _spellings(value: str) -> set[str]:
    """A value as it is, as URLs hold it, and as basic authentication does."""
    pair = base64.b64encode(f"{USER}:{value}".encode()).decode()
    return {value, quote(value, safe=""), base64.b64encode(value.encode()).decode(), pair}


def _shown(answer: Reply) -> str:
    """The body and the headers; a cookie that is set again is its owner's."""
    headers = (f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie")
    return "\n".join([*headers, answer.text])


def _planted(lab: Lab) -> str:
    return f"planted{lab.random.getrandbits(160):040x}"


def _with_password(address: str, password: str) -> str:
    return address.replace("://", f"://{USER}:{password}@", 1)
