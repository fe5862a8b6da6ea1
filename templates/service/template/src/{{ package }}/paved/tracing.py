"""Traces: FastAPI makes a span of each request, the transport one of each attempt."""

import asyncio
import threading
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio, SamplingResult

from .settings import RoadSettings

# They carry tokens, names and addresses; the route says where a request went.
DROPPED = frozenset({"url.path", "url.query"})
FLUSH_SECONDS = 2.0


class RouteSampler(ParentBasedTraceIdRatio):
    """Also the only place where attributes can be taken away from a span before it is one."""

    def should_sample(
        self, parent: Any, trace_id: int, name: str, kind: Any = None, attributes: Any = None, *rest: Any
    ) -> SamplingResult:
        kept = {key: value for key, value in (attributes or {}).items() if key not in DROPPED}
        return super().should_sample(parent, trace_id, name, kind, kept, *rest)


def tracer_provider(service: str, version: str, settings: RoadSettings) -> TracerProvider:
    """Without an endpoint nothing is sampled: ids are made, logged and propagated, and that is all."""
    endpoint = settings.otel_exporter_otlp_endpoint
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.version": version}),
        sampler=RouteSampler(settings.otel_traces_sampler_arg if endpoint else 0.0),
        shutdown_on_exit=False,
    )
    if endpoint:
        # Imported here because it is a quarter of the time that the service needs to start.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = OTLPSpanExporter(endpoint=f"{str(endpoint).rstrip('/')}/v1/traces", timeout=2)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


async def flush(provider: TracerProvider) -> None:
    """Send the last traces; a collector that hangs costs them, and no more than FLUSH_SECONDS.

    In a thread of its own: the end of the process would wait for one of the loop's.
    """
    thread = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
    thread.start()
    await asyncio.to_thread(thread.join, FLUSH_SECONDS)
