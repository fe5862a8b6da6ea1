"""Faults on purpose, after Netflix's FIT: they travel with one request and hurt no other.

With `baggage: fault.inventory=delay:300` this request's calls of the inventory take 300 ms longer;
`error:503` answers them so, and `refuse` refuses them. That needs FAULT_INJECTION_KEY to be set, and on the
request X-Fault-Signature, made with that key. While FAULT_INJECTION_HALT_FILE exists, nothing is injected.

A signature is for one service and good once, so that whoever sees it can use it neither elsewhere nor again.
Faults travel on all the same: whoever accepts them signs them anew, for the service that is called next.
"""

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from opentelemetry import baggage
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .logs import get_logger
from .resilience.model import Request, Response, Transport, TransportError

SIGNATURE = "X-Fault-Signature"
PREFIX = "fault."
LONGEST = 3600  # seconds for which a signature may hold
MOST_USED = 10_000  # signatures that hold and were used; more are not accepted

_SIGNATURE = re.compile(r"([0-9]{1,12})\.([0-9a-f]{32})\.[0-9a-f]{64}")
_FAULT = re.compile(r"[A-Za-z0-9_.-]+=(delay:[0-9]{1,5}|error:[45][0-9]{2}|refuse)")

log = get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Injection:
    """What to inject into the current request's calls: faults by dependency, and their signature."""

    faults: Mapping[str, str]
    signature: str


current: ContextVar[Injection | None] = ContextVar("injection", default=None)


def sign(key: str, faults: Mapping[str, str], expires: int, *, audience: str = "", nonce: str = "") -> str:
    """X-Fault-Signature for these faults by dependency, for one request.

    `audience` is the name of the service that gets the request; this one, unless another is named. `expires`
    is in seconds of Unix time, at most an hour away. The nonce has 32 hex digits.
    """
    audience = audience or import_module("..", __package__).SERVICE
    nonce = nonce or secrets.token_hex(16)
    members = ",".join(f"{name}={faults[name]}" for name in sorted(faults))
    signed = f"{expires},{nonce},{audience},{members}".encode()
    return f"{expires}.{nonce}.{hmac.new(key.encode(), signed, 'sha256').hexdigest()}"


class Faults:
    """Decides which requests to `service` may carry faults."""

    def __init__(self, key: str, halt_file: Path | None, service: str) -> None:
        self._key = key
        self._halt_file = halt_file
        self._service = service
        self._used: dict[str, int] = {}  # nonces, and until when their signatures hold

    @property
    def halted(self) -> bool:
        return self._halt_file is not None and self._halt_file.exists()

    def refusal(self, injection: Injection) -> str | None:
        """Why it is refused; None when it is accepted, which it is once."""
        match = _SIGNATURE.fullmatch(injection.signature)
        expires, nonce = (int(match[1]), match[2]) if match else (0, "")
        right = sign(self._key, injection.faults, expires, audience=self._service, nonce=nonce)
        if not hmac.compare_digest(right.encode(), injection.signature.encode()):
            return "signature"
        if not 0 <= expires - time.time() <= LONGEST:
            return "expired"
        if not all(_FAULT.fullmatch(f"{name}={fault}") for name, fault in injection.faults.items()):
            return "malformed"
        if self.halted:
            return "halted"
        return None if self._first_use(nonce, expires) else "used"

    def signature_for(self, service: str, injection: Injection) -> str:
        """Of the same faults, until the same time, for a request to the next service."""
        expires = int(injection.signature.partition(".")[0])
        return sign(self._key, injection.faults, expires, audience=service)

    def _first_use(self, nonce: str, expires: int) -> bool:
        if len(self._used) >= MOST_USED:
            self._used = {used: until for used, until in self._used.items() if until >= time.time()}
        if nonce in self._used or len(self._used) >= MOST_USED:
            return False
        self._used[nonce] = expires
        return True


class FaultMiddleware:
    def __init__(self, app: ASGIApp, *, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            current.set(self._accepted(Headers(scope=scope)))
        await self.app(scope, receive, send)

    def _accepted(self, headers: Headers) -> Injection | None:
        members = baggage.get_all().items()
        faults = {name.removeprefix(PREFIX): str(value) for name, value in members if name.startswith(PREFIX)}
        if not faults:
            return None
        injection = Injection(faults=faults, signature=headers.get(SIGNATURE, ""))
        if refusal := self.faults.refusal(injection):
            log.warning("faults refused", reason=refusal)
            return None
        log.warning("faults accepted", faults=faults)
        return injection


class FaultyTransport:
    """Stands in front of a transport, so that the resilience client meets real faults."""

    def __init__(
        self, transport: Transport, dependency: str, faults: Faults, injected: Callable[[str], None]
    ) -> None:
        self._transport = transport
        self._dependency = dependency
        self._faults = faults
        self._injected = injected

    async def send(self, request: Request, left: float) -> Response:
        injection = current.get()
        if injection is None or self._faults.halted:
            return await self._transport.send(request, left)
        if fault := injection.faults.get(self._dependency):
            kind, _, argument = fault.partition(":")
            self._injected(kind)
            match kind:
                case "delay":
                    await asyncio.sleep(int(argument) / 1000)
                case "error":
                    return Response(status=int(argument))
                case _:
                    raise TransportError("refused on purpose", sent=False)
        signature = self._faults.signature_for(self._dependency, injection)
        signed = request._replace(headers={**request.headers, SIGNATURE: signature})
        return await self._transport.send(signed, left)
