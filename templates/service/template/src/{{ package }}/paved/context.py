"""What a request carries from its caller to our dependencies: its id, its deadline and its priority."""

import math
import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address, ip_network

from .limit import Priority

REQUEST_ID = "X-Request-Id"
# Milliseconds that are left, as in gRPC's grpc-timeout: a point in time would need clocks that agree.
TIMEOUT = "X-Request-Timeout-Ms"
# A header and not a mark at the route: the same route serves a purchase and a crawler, and only the edge
# knows which. The edge sets it, drops what strangers sent, and it travels with the work it stands for.
PRIORITY = "X-Request-Priority"
# What only trusted callers may set; also what injects faults.
INTERNAL = frozenset({b"x-request-timeout-ms", b"x-request-priority", b"baggage", b"x-fault-signature"})

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being served; None outside of one."""
deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""When the request's caller stops waiting, in seconds of time.monotonic(); None outside of a request."""
fallbacks: ContextVar[set[str] | None] = ContextVar("fallbacks", default=None)
"""The dependencies whose fallback was served in this request, for its log line; None outside of one."""
priority: ContextVar[Priority] = ContextVar("priority", default=Priority.NORMAL)

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_WELL_FORMED_TIMEOUT = re.compile(r"-?[0-9]{1,9}")
_PRIORITIES = {each.value: each for each in Priority}


def accept(raw_headers: Iterable[tuple[bytes, bytes]], limit: float) -> str:
    """Take over what the caller sent, where it is well-formed, and give back the request's id."""
    headers = dict(raw_headers)

    def given(name: str) -> str:
        return headers.get(name.lower().encode(), b"").decode("latin-1")

    request_id.set(identifier := accepted_id(given(REQUEST_ID)))
    deadline.set(time.monotonic() + accepted_timeout(given(TIMEOUT), limit))
    fallbacks.set(set())
    priority.set(_PRIORITIES.get(given(PRIORITY), Priority.NORMAL))
    return identifier


def trust(networks: str) -> Callable[[str], bool]:
    """Whether a host is in one of the networks, which are separated by commas; `none` trusts nobody.

    What is no IP address is no caller from a network: a test or a local socket. Raises ValueError.
    """
    known = [ip_network(each.strip()) for each in networks.split(",") if networks != "none"]

    @lru_cache(1024)
    def trusts(host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return True
        address = getattr(address, "ipv4_mapped", None) or address  # a socket of both families
        return any(address in network for network in known)

    return trusts


def time_left() -> float:
    """Seconds until the deadline of the request; infinite outside of one."""
    ends = deadline.get()
    return math.inf if ends is None else ends - time.monotonic()


def accepted_id(given: str) -> str:
    """The caller's id; a new one where it is missing or could forge a log line or a header."""
    return given if _WELL_FORMED_ID.fullmatch(given) else secrets.token_hex(16)


def accepted_timeout(given: str, limit: float) -> float:
    """Seconds that are left. The caller can shorten the limit and never extend it."""
    return min(limit, int(given) / 1000) if _WELL_FORMED_TIMEOUT.fullmatch(given) else limit


def outbound_headers(left: float) -> dict[str, str]:
    """What to send to a dependency that has `left` seconds."""
    headers = {TIMEOUT: str(int(left * 1000))}
    if identifier := request_id.get():
        headers[REQUEST_ID] = identifier
    if (important := priority.get()) is not Priority.NORMAL:
        headers[PRIORITY] = important.value
    return headers
