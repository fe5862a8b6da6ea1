"""The run contract of one service, complete and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KNOWN_PORTS = {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "redis": 6379, "amqp": 5672, "mongodb": 27017}
"""Where a server of a scheme listens, for addresses that do not say it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A request that the service answers in its steady state."""

    method: str
    target: str
    """Path and query, as in `/orders/1?full=true`."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractDependency:
    """What the service calls."""

    name: str
    env: str
    """The environment variable that holds its base URL."""
    critical: bool
    """Whether the service is unready without it."""
    sample: Sample | None = None
    """A request that the service sends to it, when it is known."""
    answer: bytes = b"{}"
    """What it answers when it is healthy, unless `stub` answers."""
    answers: Mapping[str, bytes] = field(default_factory=dict)
    """Other healthy answers, by method and target: `GET /items/42`."""
    content_type: str = "application/json"
    stub: str | None = None
    """A Python script of the service's, run with `--port N`, that gives the healthy answers."""
    url: str | None = None
    """Where the real one is, if it speaks no HTTP, such as `postgres://user:password@127.0.0.1:5432/orders`."""
    suffix: str = ""
    """What follows `http://127.0.0.1:PORT` in the variable, such as `/api`."""
    stateful: bool = False
    """Whether it keeps data that the service cannot lose."""
    timeout: float | None = None
    """Seconds that one attempt may take, as the service states it."""
    attempts: int | None = None
    """How often the service tries at most, as it states it."""
    availability: float | None = None
    """What the dependency promises, in percent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunContract:
    """How to start a service and talk to it."""

    start: tuple[str, ...]
    """The command and its arguments, run in the service's folder without a shell."""
    port_env: str | None
    """The variable that sets the port; None when the port is fixed."""
    port: int | None
    """The fixed port; None when `port_env` sets it."""
    live: str
    """The path of the liveness probe."""
    ready: str
    startup: str | None = None
    metrics: str | None = None
    probe_port_env: str | None = None
    """The variable that sets the port of probes and metrics; None when they are on the service's port."""
    dependencies: tuple[ContractDependency, ...] = ()
    samples: tuple[Sample, ...] = ()
    """The first one is what users send most."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What every request needs."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that the service needs beyond ports and dependencies."""
    secrets: tuple[str, ...] = ()
    """The variables whose values must never be shown."""
    deadline: float = 5.0
    """Seconds in which the service answers any request, degraded or not."""
    deadline_header: str | None = None
    """The request header with which a caller says how many milliseconds it still waits."""
    ready_within: float = 30.0
    """Seconds from the start until it is ready."""
    stop_within: float = 30.0
    """Seconds from SIGTERM until it has ended."""
    crash: Sample | None = None
    """A request on which a handler raises, for services that have one."""
    source: str = "run.yml"
    """Where the contract comes from: a file, from the service's folder, or the template."""

    def dependency(self, name: str) -> ContractDependency:
        """The dependency of this name. Raises `KeyError` if there is none."""
        return {each.name: each for each in self.dependencies}[name]
