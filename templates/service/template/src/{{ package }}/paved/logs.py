"""Logs: one JSON object per line on standard output, whoever writes it. Never headers, never bodies."""

import logging
import sys
from datetime import UTC, datetime
from typing import cast

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from . import context


def get_logger() -> FilteringBoundLogger:
    """A logger for `log.info("what happened", key=value)`, which adds the request's and the trace's id."""
    return cast(FilteringBoundLogger, structlog.get_logger())


def configure(service: str, level: str, *, console: bool = False) -> None:
    """Send everything, the standard library's logging included, through one pipe to standard output."""

    def identify(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        level, text = event.pop("level"), event.pop("event")
        now = datetime.now(UTC).isoformat()
        event = {"timestamp": now, "level": level, "event": text, "service": service, **event}
        if identifier := context.request_id.get():
            event["request_id"] = identifier
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            event["trace_id"] = trace.format_trace_id(span.trace_id)
            event["span_id"] = trace.format_span_id(span.span_id)
        return event

    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        identify,
    ]
    if console:
        processors.append(structlog.dev.ConsoleRenderer())
    else:
        processors += [structlog.processors.format_exc_info, _to_json]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory()
        if console
        else structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    # At INFO, libraries log URLs; their warnings are enough. The server's start and stop are worth a line.
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)
    logging.getLogger("uvicorn").setLevel(level)


def _to_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    return orjson.dumps(event, default=repr)


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        get_logger().log(
            record.levelno, record.getMessage().rstrip(), logger=record.name, exc_info=record.exc_info
        )
