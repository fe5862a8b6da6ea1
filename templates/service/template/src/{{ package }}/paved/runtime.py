"""The runtime of one service: what its application and its clients have in common."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import metadata
from typing import Any

from fastapi import FastAPI
from prometheus_client.exposition import choose_encoder
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from . import problems
from .background import Background
from .dependencies import DependencyMetrics, DependencyObserver
from .faults import FaultMiddleware, Faults, FaultyTransport
from .health import Health, State
from .limit import Admission
from .metrics import Metrics
from .middleware import (
    ContextMiddleware,
    ObserveMiddleware,
    ProbeMiddleware,
    RecoverMiddleware,
    ShedMiddleware,
)
from .protocol import Inbound
from .resilience.client import Client
from .resilience.model import Dependency
from .settings import RoadSettings
from .tracing import flush, tracer_provider
from .transport import HttpTransport

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Runtime:
    """What the application and the clients of one service share.

    `service` names the installed distribution, whose version and summary it takes; without one, it raises
    PackageNotFoundError.
    """

    def __init__(self, service: str, settings: RoadSettings) -> None:
        distribution = metadata(service)
        self.service = service
        self.settings = settings
        self.version = distribution["Version"]
        self.description = distribution["Summary"]
        self.health = Health()
        self.metrics = Metrics(service, self.version)
        self.admission = Admission(limit=settings.concurrency_max, patience=settings.queue_seconds)
        self.metrics.watch(self.admission)
        self.inbound = Inbound(settings, self.metrics)
        self.metrics.registry.register(self.health)
        self._background = Background(self.health, self.metrics.background_crashes)
        self.dependencies = DependencyMetrics(self.metrics.registry)
        self.tracer_provider = tracer_provider(service, self.version, settings)
        key, halt_file = settings.fault_injection_key, settings.fault_injection_halt_file
        self.faults = Faults(key.get_secret_value(), halt_file, service) if key else None
        self._transports: list[HttpTransport] = []

    def client(self, dependency: Dependency) -> Client:
        """A client of the dependency: measured, a part of readiness, closed when the service stops.

        Make it once, before the service starts. A critical dependency that is down makes the service unready.
        """
        tracer = self.tracer_provider.get_tracer(__package__)
        transport = HttpTransport(dependency, tracer, user_agent=f"{self.service}/{self.version}")
        name = dependency.name
        observer = DependencyObserver(self.dependencies, name)
        faulty = self.faults and FaultyTransport(transport, name, self.faults, observer.fault_injected)
        client = Client(dependency, faulty or transport, observer=observer)
        self._transports.append(transport)
        self.dependencies.watch(client)
        self.health.add(name, client.check, critical=dependency.critical)
        return client

    def background(self, name: str, function: Callable[[], Awaitable[None]]) -> None:
        """Run `function` beside the requests, from before the service is ready until it stops.

        It is then cancelled, and has 5 seconds to end. If it crashes, it is started again after a pause.
        While it keeps crashing, the service is unready. Raises ValueError if another task has the name.
        """
        self._background.add(name, function)

    def app(self, *, lifespan: Lifespan | None = None, **options: Any) -> FastAPI:
        """FastAPI with the probes, the middleware and the problem details.

        `lifespan` surrounds the time in which background tasks run and requests are served. `options` are
        FastAPI's; one that the road sets itself (`title`, `middleware`...) is a TypeError.
        """
        probes = {
            "/livez": self.health.live,
            "/readyz": self.health.ready,
            "/startupz": self.health.started,
            "/metrics": self._metrics,
        }
        app = FastAPI(
            title=self.service,
            version=self.version,
            description=self.description,
            responses=problems.RESPONSES,
            lifespan=self._lifespan(lifespan),
            telemetry={
                "tracer_provider": self.tracer_provider,
                "exclude": lambda scope: scope.get("path") in probes,
                "operation_spans": False,
                "metrics": False,
                "logs": False,
            },
            middleware=[
                Middleware(ProbeMiddleware, probes=probes, settings=self.settings),
                Middleware(ContextMiddleware, settings=self.settings, health=self.health),
                Middleware(ObserveMiddleware, metrics=self.metrics),
                Middleware(ShedMiddleware, admission=self.admission, metrics=self.metrics),
                Middleware(RecoverMiddleware),
                *([Middleware(FaultMiddleware, faults=self.faults)] if self.faults else []),
            ],
            **options,
        )
        app.state.runtime = self
        problems.install(app)
        return app

    async def _metrics(self, request: Request) -> Response:
        await self.health.report()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self.metrics.registry), headers={"Content-Type": content_type})

    def _lifespan(self, team: Lifespan | None) -> Lifespan:
        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(flush, self.tracer_provider)
                for transport in self._transports:
                    stack.push_async_callback(transport.aclose)
                if team is not None:
                    await stack.enter_async_context(team(app))
                await stack.enter_async_context(self._background.running())
                if self.health.state is State.STARTING:  # and not told to stop meanwhile
                    self.health.state = State.READY
                yield

        return lifespan
