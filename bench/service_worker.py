"""One service in one process, as it would be deployed: `python bench/service_worker.py NAME`."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import Any

RATIO = 0.05  # of the requests are traced


def bare() -> Any:
    """FastAPI and nothing else."""
    from fastapi import FastAPI

    return add_routes(FastAPI())


def stamped() -> None:
    """FastAPI on the stamped runtime."""
    from orders.paved import Runtime, run
    from orders.settings import Settings

    run("orders", Settings, lambda settings: add_routes(Runtime("orders", settings).app()))


def loaded() -> None:
    """The stamped runtime with routes that wait or compute."""
    import asyncio

    from orders.paved import Runtime, run
    from orders.settings import Settings

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def compute(seconds: float) -> None:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass

    def create_app(settings: Settings) -> Any:
        app = Runtime("orders", settings).app()
        app.get("/sleep/{seconds}")(sleep)
        app.get("/compute/{seconds}")(compute)
        return app

    run("orders", Settings, create_app)


def usual() -> Any:
    """What the guides put together."""
    import structlog
    from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
    from fastapi import FastAPI, Request
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    from prometheus_fastapi_instrumentator import Instrumentator

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    log = structlog.get_logger()

    app = add_routes(FastAPI())

    async def access_log(request: Request, call_next: Any) -> Any:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=correlation_id.get())
        started = time.perf_counter()
        response = await call_next(request)
        seconds = time.perf_counter() - started
        log.info("request", method=request.method, path=request.url.path, status=response.status_code, seconds=seconds)
        return response

    access_log.__annotations__ = {}  # FastAPI would resolve them where Request is not known
    app.middleware("http")(access_log)
    app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-Id", validator=None)
    provider = TracerProvider(
        resource=Resource.create({"service.name": "orders"}), sampler=ParentBasedTraceIdRatio(RATIO)
    )
    exporter = OTLPSpanExporter(endpoint=f"{os.environ['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    Instrumentator().instrument(app).expose(app)
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    return app


def add_routes(app: Any) -> Any:
    """A read like that of the stamped service, which costs little, so that what is around it shows."""
    from pydantic import BaseModel

    class Order(BaseModel):
        id: int
        item: int
        stock: int
        degraded: bool

    async def read_order(order_id: int) -> Any:
        return Order(id=order_id, item=42, stock=17, degraded=False)

    read_order.__annotations__ = {"order_id": int, "return": Order}
    app.get("/orders/{order_id}")(read_order)
    return app


def serve(app: Any) -> None:
    """By uvicorn, without its own access log: who has a better one turns it off."""
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)


if __name__ == "__main__":
    match sys.argv[1]:
        case "bare":
            serve(bare())
        case "usual":
            serve(usual())
        case "stamped":
            stamped()
        case "loaded":
            loaded()
