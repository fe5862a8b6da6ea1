"""Logs: one JSON object per line on standard output, whoever writes it. Never headers, never bodies.

A log line never breaks a request: no logger raises, and none waits for who reads the lines (sink.py).
"""

import itertools
import logging
import reprlib
import sys
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from . import context
from .sink import Sink

LONGEST = 16 * 1024  # bytes of a line: more than that, container runtimes split
CUT = 4096  # characters that a long value keeps in a line that is too long
NODES = 1000  # dicts and lists in an event, where one of them cannot be encoded

_METHODS = ("debug", "info", "msg", "warning", "warn", "error", "exception", "critical", "fatal", "log")
# Fields of these names get another, since every line has its own, or structlog a parameter.
_NAMED = frozenset({"timestamp", "level", "event", "service", "self", "method_name"})
# Their warnings quote what strangers sent in headers: logged are the words around it.
_QUOTING = ("opentelemetry.baggage", "opentelemetry.trace")

_short = reprlib.Repr()  # never raises, and bounds what it returns
_short.maxstring = _short.maxother = _short.maxlong = CUT


def get_logger() -> FilteringBoundLogger:
    """A logger for `log.info("what happened", key=value)`, which adds the request's and the trace's id."""
    return cast(FilteringBoundLogger, structlog.get_logger())


def configure(service: str, level: str, *, console: bool = False) -> None:
    """Send everything, the standard library's logging included, through one pipe to standard output."""

    def identify(_logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
        now = datetime.now(UTC).isoformat()
        ours = {"timestamp": now, "level": level, "event": event.pop("event", None), "service": service}
        if identifier := context.request_id.get():
            ours["request_id"] = identifier
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            ours["trace_id"] = trace.format_trace_id(span.trace_id)
            ours["span_id"] = trace.format_span_id(span.span_id)
        return {**ours, **event, **ours}

    # Closed, its number is that of the next file or connection.
    sink = Sink(sys.stdout.fileno() if sys.stdout else -1)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            identify,
            structlog.processors.format_exc_info,
            _to_console() if console else _to_json,
        ],
        wrapper_class=_logger_class(level),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    # At INFO, libraries log URLs; their warnings are enough. The server's start and stop are worth a line.
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)
    logging.getLogger("uvicorn").setLevel(level)


def _logger_class(level: str) -> type[FilteringBoundLogger]:
    """structlog's logger, whose methods take fields of every name and never raise."""
    base: Any = structlog.make_filtering_bound_logger(level)

    def safe(name: str) -> dict[str, Any]:
        method = getattr(base, name)

        def log(self: Any, /, *args: Any, **fields: Any) -> None:
            for clash in _NAMED & fields.keys():
                fields[f"{clash}_"] = fields.pop(clash)
            try:
                method(self, *args, **fields)
            except Exception as error:
                broken = {"args": args, "fields": fields, "error": error}
                base.error(self, "log line failed", **_plain(broken))

        async def alog(self: Any, /, *args: Any, **fields: Any) -> None:
            log(self, *args, **fields)

        return {name: log, f"a{name}": alog}

    methods = {name: method for each in _METHODS for name, method in safe(each).items()}
    return cast(type[FilteringBoundLogger], type("Logger", (base,), methods))


def _to_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    try:
        line = orjson.dumps(event, default=repr, option=orjson.OPT_APPEND_NEWLINE)
        if len(line) <= LONGEST and b"null" not in line:  # NaN becomes null
            return line
    except TypeError:
        pass
    return orjson.dumps(_bounded(_plain(event)), option=orjson.OPT_APPEND_NEWLINE)


def _to_console() -> Processor:
    render = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)

    def to_console(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        return f"{render(logger, method, _bounded(_plain(event)))}\n".encode()

    return to_console


def _plain(value: Any) -> Any:
    """The value in what JSON can hold. Anything else is its repr, and what is endless ends in "..."."""
    nodes = itertools.count()

    def plain(value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return value.encode(errors="backslashreplace").decode()
        if isinstance(value, dict | list | tuple | set | frozenset):
            if depth == 0 or next(nodes) > NODES:
                return "..."
            if not isinstance(value, dict):
                return [plain(each, depth - 1) for each in itertools.islice(value, NODES)]
            texts = {key if isinstance(key, str) else _short.repr(key): each for key, each in value.items()}
            return {plain(key, 0): plain(each, depth - 1) for key, each in texts.items()}
        try:
            if value is None or orjson.dumps(value) != b"null":  # NaN becomes null
                return value
        except TypeError:
            pass
        return _short.repr(value)

    return plain(value, 8)


def _bounded(event: EventDict) -> EventDict:
    """As much of the event as a line may hold: long values lose their middle, then the longest go."""
    if len(orjson.dumps(event)) < LONGEST:
        return event
    kept: EventDict = {"truncated": True}
    for key, value in event.items():
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        kept[key] = value if len(text) <= CUT else f"{text[: CUT // 2]} ... {text[-CUT // 2 :]}"
    while len(orjson.dumps(kept)) >= LONGEST:
        del kept[max(kept, key=lambda key: len(orjson.dumps({key: kept[key]})))]
    return {key: kept[key] for key in (*event, "truncated") if key in kept}


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = str(record.msg) if record.name.startswith(_QUOTING) else record.getMessage()
        except Exception:
            text = _short.repr((record.msg, record.args))
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)  # libraries have others
        get_logger().log(level, text.rstrip(), logger=record.name, exc_info=record.exc_info)
