"""A circuit breaker on the failure rate (Hystrix's model), right where the usual libraries are wrong.

One probe passes when it is half open, however many calls are waiting for it; a cancelled call says nothing; a
result from before the last change of state says nothing either; the clock is monotonic.
"""

from collections.abc import Callable

from .budget import RollingCount
from .model import Policy, State


class CircuitBreaker:
    def __init__(
        self,
        policy: Policy,
        *,
        clock: Callable[[], float],
        uniform: Callable[[], float],
        on_change: Callable[[State, State], None] = lambda before, after: None,
    ) -> None:
        self.state = State.CLOSED
        self._policy = policy
        self._clock = clock
        self._uniform = uniform
        self._on_change = on_change
        self._calls = RollingCount(policy.window, clock)
        self._failures = RollingCount(policy.window, clock)
        self._generation = 0  # of the state; a call's result counts only in the one it started in
        self._probe_at = 0.0
        self._probing = False

    def acquire(self) -> int | None:
        """A ticket for one call, to be given back to `release`; None when the call may not be made."""
        if self.state is not State.CLOSED:
            if self.state is State.OPEN and self._clock() >= self._probe_at:
                self._change(State.HALF_OPEN)
            if self.state is State.OPEN or self._probing:
                return None
            self._probing = True
        return self._generation

    def release(self, ticket: int, ok: bool | None) -> None:
        """The result of the call; None when it says nothing about the dependency, such as a cancellation."""
        if ticket != self._generation:
            return
        if self.state is State.HALF_OPEN:
            self._probing = False
            if ok is not None:
                self._change(State.CLOSED if ok else State.OPEN)
        elif ok is not None:
            self._calls.add()
            if not ok:
                self._failures.add()
            calls = self._calls.total
            if calls >= self._policy.min_calls and self._failures.total >= self._policy.failure_rate * calls:
                self._change(State.OPEN)

    def _change(self, state: State) -> None:
        before, self.state = self.state, state
        self._generation += 1
        self._probing = False
        self._calls.clear()
        self._failures.clear()
        if state is State.OPEN:
            # Jitter, so that the instances of this service do not all probe at the same moment.
            self._probe_at = self._clock() + self._policy.open_seconds * (0.8 + 0.4 * self._uniform())
        self._on_change(before, state)
