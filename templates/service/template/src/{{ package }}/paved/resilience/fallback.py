"""What is served where the dependency has no answer. It cannot wait, and so cannot call the dependency."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from sys import getsizeof
from typing import Any

from .model import Dependency, DependencyError, Reason, Request, Response, StaleIfError, to_json

# Of an entry besides its body and headers, in bytes: key, objects, references, the table's share.
OVERHEAD = 1024
GONE = (404, 410)


class Fallback:
    """What a dependency declares: a value, a function that makes one, the last good answer before either.

    The oldest answers are forgotten first where they take more than `max_bytes`.
    """

    def __init__(self, dependency: Dependency, clock: Callable[[], float]) -> None:
        declared = dependency.fallback
        self._stale = declared if isinstance(declared, StaleIfError) else None
        self._value = self._stale.otherwise if self._stale else declared
        self._clock = clock
        # In the order of their times, since a new answer goes to the end.
        self._kept: dict[bytes, tuple[float, int, Response]] = {}
        self.bytes = 0

    def answered(self, request: Request, response: Response) -> None:
        """Keep a good answer, and forget what is gone. Any other answer says nothing about the last."""
        if self._stale is None or request.method != "GET":
            return
        good = response.status == 200 and "no-store" not in response.headers.get("cache-control", "").lower()
        if not good and response.status not in GONE:
            return
        key = _key(request)
        self._forget(key)
        parts = (response.body, response.headers, *response.headers, *response.headers.values())
        size = OVERHEAD + sum(map(getsizeof, parts))
        if good and size <= self._stale.max_bytes:
            self._kept[key] = (self._clock(), size, response)
            self.bytes += size
            while self.bytes > self._stale.max_bytes:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: bytes) -> None:
        if kept := self._kept.pop(key, None):
            self.bytes -= kept[1]

    def serve(self, request: Request, error: DependencyError, decode: Callable[[Response], Any]) -> Any:
        """The fallback, decoded; None where there is nothing to serve."""
        if error.response and error.response.status in GONE:
            self.answered(request, error.response)
        if self._stale and (kept := self._kept.get(_key(request))):
            age = self._clock() - kept[0]
            if age <= self._stale.max_age:
                with suppress(DependencyError):  # it was good to another call, which asked for less
                    return decode(replace(kept[2], fallback=error.reason, age=age))
        return self.declared(request, error.reason, decode)

    def declared(self, request: Request, reason: Reason, decode: Callable[[Response], Any]) -> Any:
        """Raises TypeError where what is declared is not what the call does: a programming error."""
        value = self._value(request, reason) if callable(self._value) else self._value
        if value is None:
            return None
        try:
            return decode(Response(status=200, body=to_json(value), fallback=reason))
        except DependencyError as error:
            raise TypeError(f"the fallback of {error.dependency} does not fit: {error.detail}") from None


def _key(request: Request) -> bytes:
    # With the headers that the call was made with: they may say for whom it was made. A digest, because they
    # may also be long, and secret.
    asked = repr((request.method, request.path, sorted(request.headers.items())))
    return blake2b(asked.encode(), digest_size=16).digest()
