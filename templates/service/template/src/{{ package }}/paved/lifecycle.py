"""The life of the process: settings, logs, application, server; and the drain that ends it."""

import faulthandler
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from . import logs
from .health import State
from .protocol import BoundedProtocol
from .runtime import Runtime
from .settings import STOP_SECONDS, RoadSettings, S, load
from .watchdog import watch

log = logs.get_logger()


class DrainingServer(uvicorn.Server):
    """Becomes unready at the signal, and stops listening only when the load balancers have noticed.

    uvicorn closes the listener at the signal and so refuses the clients that have not noticed yet. It also
    ends a graceful stop by raising the signal again, and so with the exit code of a crash.
    """

    def __init__(self, config: uvicorn.Config, runtime: Runtime) -> None:
        super().__init__(config)
        self._health = runtime.health
        self._lag = runtime.metrics.loop_lag
        self._settings = runtime.settings
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        watch(self._lag)
        await super().startup(sockets)
        log.info("listening", ports=[each.getsockname()[1] for each in sockets or ()])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._health.state is State.DRAINING:  # the second signal: end as a process that handles none
            signal.signal(sig, signal.SIG_DFL)
            with suppress(OSError):
                os.write(2, b"second signal: ending now\n")
            signal.raise_signal(sig)
        self._health.state = State.DRAINING
        # Whatever hangs then is named on stderr, and the exit code is 1.
        seconds = self._settings.drain_seconds + self._settings.grace_seconds + STOP_SECONDS
        faulthandler.dump_traceback_later(seconds, exit=True, file=2)

    async def on_tick(self, counter: int) -> bool:
        if self._health.state is State.DRAINING:
            if self._stop_at is None:  # logged here, since a signal handler may not wait for the log's lock
                self._stop_at = time.monotonic() + self._settings.drain_seconds
                log.info("draining", seconds=self._settings.drain_seconds)
            self.should_exit = time.monotonic() >= self._stop_at
        return await super().on_tick(counter)


def run(service: str, settings_class: type[S], create_app: Callable[[S], FastAPI]) -> None:
    """Serve the application until SIGTERM or SIGINT, then drain. Call it in the main thread, which it blocks.

    Ends the process with one line on stderr, and exit code 2 if a setting is wrong, 1 if a port is taken.
    """
    settings = load(service, settings_class)
    console = settings.log_format == "console" and sys.stdout is not None and sys.stdout.isatty()
    logs.configure(service, settings.log_level, console=console)
    sockets = listen(service, settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        lifespan="on",
        http=BoundedProtocol,
        ws_max_size=settings.max_body_bytes,
        log_config=None,
        access_log=False,
        server_header=False,
        # Longer than load balancers keep idle connections (60 s): we must not close one that they still use.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=settings.grace_seconds,
    )
    DrainingServer(config, app.state.runtime).run(sockets)


def listen(service: str, settings: RoadSettings) -> list[socket.socket]:
    """The public socket and the internal one; end the process with exit code 1 and one line without them."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    sockets = []
    for name, port in {"PORT": settings.port, "INTERNAL_PORT": settings.internal_port}.items():
        try:
            if port:
                sockets.append(socket.create_server((settings.host, port), family=family))
        except OSError as error:
            sys.stderr.write(f"{service}: {name} cannot be used: {error.strerror}\n")
            raise SystemExit(1) from None
    return sockets
