"""What the resilience client is told (Dependency, Policy) and what it says (Response, Reason)."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")
to_json = TypeAdapter[Any](Any).dump_json
"""JSON of anything that pydantic can serialise. Raises ValueError."""

# RFC 9110, section 9.2.2.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})


class Reason(StrEnum):
    """Why a call has no answer of the dependency. Closed, because it is a metric label."""

    CONNECT_ERROR = "connect_error"  # it cannot have seen the request
    TRANSPORT_ERROR = "transport_error"  # the connection broke, or what came is not HTTP
    SERVER_ERROR = "server_error"  # 5xx
    TIMEOUT = "timeout"  # of an attempt; or 408
    RATE_LIMITED = "rate_limited"  # 429
    UNAUTHORIZED = "unauthorized"  # 401, 403
    CONTRACT_FAILURE = "contract_failure"  # it answered, and not with what the call declares
    DEADLINE_EXCEEDED = "deadline_exceeded"  # of the call
    BREAKER_OPEN = "breaker_open"
    BULKHEAD_FULL = "bulkhead_full"


class State(StrEnum):
    """Of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How long and how hard to try. Times are in seconds. Raises ValueError for what cannot be.

    The defaults are those of Hystrix (breaker), Google SRE (retry budget) and dotnet/extensions#7686 (two
    attempts: in a large production service a second retry succeeded 3 % of the time).
    """

    deadline: float = 2.0  # all attempts and pauses together
    attempt_timeout: float = 1.0
    attempts: int = 2
    backoff: float = 0.05  # before the first retry; doubles with each, fully jittered
    backoff_max: float = 1.0
    retry_ratio: float = 0.1  # retries and hedges per call, over `window`
    retry_floor: int = 3  # as many are allowed per `window` however few the calls
    hedge_after: float | None = None  # then a slow read is sent a second time, and the first good answer wins
    window: float = 10.0
    failure_rate: float = 0.5  # of the calls in `window` that opens the breaker
    min_calls: int = 20  # in `window`, below which the breaker stays closed
    open_seconds: float = 5.0
    max_concurrency: int = 50
    max_waiting: int = 50
    max_body: int = 1_048_576  # bytes

    def __post_init__(self) -> None:
        if not 0 < self.attempt_timeout <= self.deadline:
            raise ValueError("attempt_timeout must be positive and at most the deadline")
        if self.attempts < 1 or self.max_concurrency < 1 or self.window <= 0:
            raise ValueError("attempts, max_concurrency and window must be positive")
        if not (0 < self.failure_rate <= 1 and 0 <= self.retry_ratio <= 1):
            raise ValueError("failure_rate and retry_ratio are shares, from 0 to 1")
        if self.hedge_after is not None and not 0 < self.hedge_after < self.attempt_timeout:
            raise ValueError("hedge_after must be positive and below attempt_timeout")


class Request(NamedTuple):  # one is made for each call, in half the time of a frozen dataclass
    method: str
    path: str  # with its query; joined to the dependency's base URL
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def idempotent(self) -> bool:
        return self.method in IDEMPOTENT or any(name.lower() == "idempotency-key" for name in self.headers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What a call without a model returns. Its `fallback` tells whether the dependency answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    fallback: Reason | None = None  # why this is the fallback and not the dependency's answer
    age: float | None = None  # of a fallback that is the last good answer, in seconds

    def json(self) -> Any:
        """Raises ValueError where the body is not JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer(Generic[T]):
    """What a call with a model returns: a value that is valid, the dependency's or the fallback's."""

    value: T
    fallback: Reason | None = None  # why this is the fallback and not the dependency's answer
    age: float | None = None  # of a fallback that is the last good answer, in seconds

    @property
    def degraded(self) -> bool:
        return self.fallback is not None


# Not a coroutine function: a fallback that cannot wait cannot call what it protects (EVCache's lesson).
MakeFallback = Callable[[Request, Reason], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleIfError:
    """The last good answer to the same read (RFC 5861); where none is young enough, `otherwise`.

    `max_age` is in seconds. Good is a 200 without `Cache-Control: no-store`; a 404 or 410 makes the last one
    bad. The answers that are kept take at most `max_bytes` of memory.
    """

    max_age: float
    max_bytes: int = 4 * 1_048_576
    otherwise: MakeFallback | object = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """A service this one calls. Its name is a metric label, and the audience that faults are signed for.

    A critical dependency that is down makes this service unready. One that is not critical has a fallback: a
    value that can be JSON (a pydantic model, too), a function that makes one, or StaleIfError. Raises
    ValueError for a fallback that is neither.
    """

    name: str
    base_url: str
    critical: bool = False
    policy: Policy = Policy()
    fallback: StaleIfError | MakeFallback | object = None
    probe: str = "/livez"  # asked by the readiness probe of a critical dependency; any status below 500 is up

    def __post_init__(self) -> None:
        value = self.fallback.otherwise if isinstance(self.fallback, StaleIfError) else self.fallback
        if inspect.iscoroutinefunction(value):
            raise ValueError("a fallback that waits could call what it protects: use a plain function")
        if not callable(value):
            to_json(value)


class Transport(Protocol):
    """Sends one request and tells the dependency how many seconds are `left` for it.

    Raises TransportError; is cancelled when time is up.
    """

    async def send(self, request: Request, left: float) -> Response: ...


class TransportError(Exception):
    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent  # False: the dependency cannot have seen the request, so any method may be retried


class DependencyError(Exception):
    """A call failed for `reason` without a fallback. `response` is what the dependency sent.

    `detail` says why an answer below 500 is none: `status 302`, or after a colon where it is wrong.
    """

    def __init__(
        self, dependency: str, reason: Reason, response: Response | None = None, detail: str = ""
    ) -> None:
        super().__init__(f"{dependency}: {reason.value}")
        self.dependency = dependency
        self.reason = reason
        self.response = response
        self.detail = detail


class Observer:
    """Told of every decision. An outcome is `success`, a Reason, `cancelled` or `defect`."""

    def attempted(self, outcome: str) -> None: ...
    def decided(self, what: Literal["retry", "hedge", "retry budget exhausted"]) -> None: ...
    def unexpected(self, reason: Reason, detail: str) -> None: ...
    def fell_back(self, reason: Reason, age: float | None) -> None: ...
    def finished(self, outcome: str, seconds: float) -> None: ...
    def breaker_changed(self, before: State, after: State) -> None: ...
