"""The client of one dependency."""

import asyncio
import math
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import urlencode

from .. import context
from .breaker import CircuitBreaker
from .budget import RetryBudget
from .bulkhead import Bulkhead
from .decode import Decoder
from .fallback import Fallback
from .model import (
    Answer,
    Dependency,
    DependencyError,
    Observer,
    Reason,
    Request,
    Response,
    State,
    Transport,
    TransportError,
)

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")
Pairs = Mapping[str, str] | None

SHARE = 0.9  # of what the caller has left; the rest is for answering with the fallback
# What is no answer to the request, below 500; a call without a model gets it all the same.
REFUSALS = {401: Reason.UNAUTHORIZED, 403: Reason.UNAUTHORIZED, 408: Reason.TIMEOUT, 429: Reason.RATE_LIMITED}
# Without Retry-After, and unless it is a write that the dependency may have seen.
RETRIABLE = (Reason.CONNECT_ERROR, Reason.TRANSPORT_ERROR, Reason.SERVER_ERROR, Reason.TIMEOUT)


class Client:
    """Calls one dependency under its policy: `answer = await inventory.get("/items/42", Stock)`.

    A model is any type that pydantic validates. With one, right answers are a 2xx with JSON that fits and,
    where the model admits None, 204, 404 and 410; any other is a contract failure. Without one, a response
    below 500 is returned as it is. Everything else ends within the deadline, in the fallback or, where there
    is none, in a DependencyError. A fallback that does not fit the model is a TypeError at the first call.
    """

    def __init__(
        self,
        dependency: Dependency,
        transport: Transport,
        *,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        policy = dependency.policy
        self.dependency = dependency
        self._policy = policy
        self._transport = transport
        self._observer = observer or Observer()
        self._clock = clock
        self._uniform = uniform
        self._failing: Reason | None = None
        self._decoders: dict[Any, Callable[[Response], Any]] = {None: lambda response: response}
        self.bulkhead = Bulkhead(policy.max_concurrency, policy.max_waiting)
        self.budget = RetryBudget(policy, clock)
        self.breaker = CircuitBreaker(
            policy, clock=clock, uniform=uniform, on_change=self._observer.breaker_changed
        )
        self.fallback = Fallback(dependency, clock)

    @overload
    async def get(self, path: str, *, params: Pairs = None, headers: Pairs = None) -> Response: ...
    @overload
    async def get(
        self, path: str, model: "TypeForm[T]", *, params: Pairs = None, headers: Pairs = None
    ) -> Answer[T]: ...
    def get(self, path: str, model: Any = None, *, params: Pairs = None, headers: Pairs = None) -> Any:
        path = f"{path}?{urlencode(params)}" if params else path
        return self._request(Request("GET", path, headers or {}), model)

    @overload
    async def request(
        self, method: str, path: str, *, headers: Pairs = None, body: bytes = b""
    ) -> Response: ...
    @overload
    async def request(
        self, method: str, path: str, model: "TypeForm[T]", *, headers: Pairs = None, body: bytes = b""
    ) -> Answer[T]: ...
    def request(
        self, method: str, path: str, model: Any = None, *, headers: Pairs = None, body: bytes = b""
    ) -> Any:
        return self._request(Request(method, path, headers or {}, body), model)

    async def _request(self, request: Request, model: Any) -> Any:
        started = self._clock()
        outcome = "defect"  # of this service, or of a fallback: neither an answer nor a reason
        try:
            decode = self._decoders.get(model) or self._new_decoder(model, request)
            response = await self._call(request, started)
            answer = decode(response)
            outcome = "success"
            self.fallback.answered(request, response)
            return answer
        except DependencyError as error:
            outcome = error.reason
            if error.detail:  # it answered
                self._observer.unexpected(error.reason, error.detail)
                if model is None:
                    return error.response
            if error.reason is Reason.CONTRACT_FAILURE:
                self._failing = error.reason
            fallback = self.fallback.serve(request, error, decode)
            if fallback is None:
                raise
            self._observer.fell_back(error.reason, fallback.age)
            return fallback
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._observer.finished(outcome, self._clock() - started)

    def _new_decoder(self, model: Any, request: Request) -> Decoder:
        decoder = Decoder(model, self.dependency.name)
        self.fallback.declared(request, Reason.CONNECT_ERROR, decoder)  # now, and not when it is needed
        self._decoders[model] = decoder
        return decoder

    async def check(self) -> None:
        """Raise DependencyError when the dependency is down.

        A critical one is asked, through the breaker, so that a service without traffic because it is unready
        can find its way back. One that is not critical is never asked: how its last call ended says enough.
        """
        if self.dependency.critical:
            probe = Request(method="GET", path=self.dependency.probe)
            await self._attempt(probe, self._clock() + self._policy.attempt_timeout, refusals={})
        elif self._failing is not None:
            raise self._error(self._failing)

    async def _call(self, request: Request, started: float) -> Response:
        policy = self._policy
        deadline = started + policy.deadline
        if (caller := context.deadline.get()) is not None:
            deadline = min(deadline, started + SHARE * (caller - started))
        if not await self.bulkhead.acquire(deadline - started):
            raise self._error(Reason.BULKHEAD_FULL)
        send = self._attempt if policy.hedge_after is None or not request.idempotent else self._hedged
        try:
            self.budget.called()
            attempt = 1
            while True:
                try:
                    return await send(request, deadline)
                except DependencyError as error:
                    pause = self._pause(attempt, request, error)
                    if self._clock() + pause >= deadline or not self._may_send_more():
                        raise
                self._observer.decided("retry")
                await asyncio.sleep(pause)
                attempt += 1
        finally:
            self.bulkhead.release()

    async def _hedged(self, request: Request, deadline: float) -> Response:
        """The first good answer of two attempts, the second made when the first is slow.

        Dean and Barroso, "The Tail at Scale", 2013. Whichever is not needed is cancelled before this returns.
        """
        attempts = [asyncio.create_task(self._attempt(request, deadline))]
        failure: DependencyError | None = None
        try:
            done, _ = await asyncio.wait(attempts, timeout=self._policy.hedge_after)
            if not done and self._may_send_more():
                self._observer.decided("hedge")
                attempts.append(asyncio.create_task(self._attempt(request, deadline)))
            for first in asyncio.as_completed(attempts):
                try:
                    return await first
                except DependencyError as error:
                    failure = failure or error
            raise failure or AssertionError("no attempt ended")
        finally:
            for attempt in attempts:
                attempt.cancel()
            await asyncio.gather(*attempts, return_exceptions=True)

    async def _attempt(
        self, request: Request, deadline: float, refusals: Mapping[int, Reason] = REFUSALS
    ) -> Response:
        timeout = min(deadline - self._clock(), self._policy.attempt_timeout)
        if timeout <= 0:
            raise self._error(Reason.DEADLINE_EXCEEDED)
        ticket = self.breaker.acquire()
        if ticket is None:
            raise self._error(Reason.BREAKER_OPEN)
        outcome, ok = "defect", None  # as the breaker counts it
        try:
            async with asyncio.timeout(timeout):
                response = await self._transport.send(request, timeout)
            reason = Reason.SERVER_ERROR if response.status >= 500 else refusals.get(response.status)
            if reason is None:
                outcome, ok = "success", True
                return response
            # Who refuses us is up; who asks us for less is spared, as by Microsoft.Extensions.Http.Resilience
            outcome, ok = reason, reason is Reason.UNAUTHORIZED
            detail = f"status {response.status}" if response.status < 500 else ""
            raise DependencyError(self.dependency.name, reason, response, detail)
        except TimeoutError as error:
            # A caller who left the dependency hardly any time says nothing about the dependency.
            outcome, ok = Reason.TIMEOUT, False if timeout >= self._policy.attempt_timeout / 2 else None
            raise self._error(Reason.TIMEOUT) from error
        except TransportError as error:
            outcome = reason = Reason.TRANSPORT_ERROR if error.sent else Reason.CONNECT_ERROR
            ok = False
            raise self._error(reason) from error
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self.breaker.release(ticket, ok)
            if ok is not None:
                self._failing = None if outcome == "success" else Reason(outcome)
            self._observer.attempted(outcome)

    def _may_send_more(self) -> bool:
        """Whether the dependency can take more than one attempt of a call."""
        if self.breaker.state is not State.CLOSED:
            return False
        if self.budget.spend():
            return True
        self._observer.decided("retry budget exhausted")
        return False

    def _pause(self, attempt: int, request: Request, error: DependencyError) -> float:
        """Seconds until the next attempt, infinite where there may be none.

        Full jitter (AWS Architecture Blog, 2015), on top of what the dependency asks for.
        """
        asked = _retry_after(error.response)
        safe = error.reason in RETRIABLE and (request.idempotent or error.reason is Reason.CONNECT_ERROR)
        if attempt == self._policy.attempts or not (safe or asked is not None):
            return math.inf
        backoff: float = min(self._policy.backoff_max, self._policy.backoff * 2 ** (attempt - 1))
        return (asked or 0.0) + self._uniform() * backoff

    def _error(self, reason: Reason) -> DependencyError:
        return DependencyError(self.dependency.name, reason)


def _retry_after(response: Response | None) -> float | None:
    """Seconds to wait as asked by a 429 or 503, if Retry-After is well-formed (RFC 9110, section 10.2.3)."""
    if response is None or response.status not in (429, 503):
        return None
    value = response.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):  # malformed, a date without a zone, or one out of range
        return None
