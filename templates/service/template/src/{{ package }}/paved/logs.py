"""Logs: one JSON object per line on standard output, whoever writes it. Never headers, never bodies.

A log line never breaks a request: no logger raises, and none waits for who reads the lines (sink.py).
"""

import logging
import reprlib
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from . import context
from .sink import Sink

QUIET = 60.0  # seconds in which what was logged once is not logged again
LONGEST = 16 * 1024  # bytes of a line: container runtimes split longer ones

# Fields of these names get another, since every line has its own.
_NAMED = frozenset({"timestamp", "level", "event", "service"})
# Their warnings quote what strangers sent in headers: only the words around it are logged.
_QUOTING = ("opentelemetry.baggage", "opentelemetry.trace")

_short = reprlib.Repr()  # of any object: short, soon, and without an exception
_short.maxlevel, _short.maxstring, _short.maxother, _short.maxlong = 4, 1024, 1024, 1024
_short.maxdict = _short.maxlist = _short.maxtuple = _short.maxset = _short.maxfrozenset = 20


def get_logger() -> FilteringBoundLogger:
    """A logger for `log.info("what happened", key=value)`, which adds the request's and the trace's id."""
    return cast(FilteringBoundLogger, structlog.get_logger())


class Changes:
    """Tells whether what goes on and on has changed and should be logged, in at most ten lines a minute.

    What alternates is logged once a minute, and what comes back after a minute is a change.
    """

    def __init__(self) -> None:
        self._logged: dict[str, float] = {}  # when, in the last minute
        self._current = ""
        self._last = 0.0

    def __call__(self, what: str) -> bool:
        now, last = time.monotonic(), self._last
        self._last = now
        if what == self._current and now < last + QUIET:
            return False
        self._logged = {each: at for each, at in self._logged.items() if now < at + QUIET}
        if what in self._logged or len(self._logged) == 10:
            return False
        self._logged[what] = now
        self._current = what
        return True


def configure(service: str, level: str, *, console: bool = False) -> None:
    """Send everything, the standard library's logging included, through one pipe to standard output."""

    def identify(_logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
        text = event.pop("event")
        ours = {"timestamp": datetime.now(UTC), "level": level, "event": text, "service": service}
        if identifier := context.request_id.get():
            ours["request_id"] = identifier
        span = trace.get_current_span().get_span_context()
        if span.is_valid and not console:  # a person has no use for them
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
        wrapper_class=_logger_class(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    # At INFO, libraries log URLs; their warnings are enough. The server's start and stop are worth a line.
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)
    logging.getLogger("uvicorn").setLevel(level)


def _logger_class(minimum: int) -> type[FilteringBoundLogger]:
    """structlog's logger, whose methods take fields of every name, never raise, and log in one call."""

    def method(level: int) -> Callable[..., None]:
        name = logging.getLevelName(level).lower()

        def log(self: Any, event: Any = None, /, *args: Any, **fields: Any) -> None:
            if level < minimum:
                return
            try:
                fields = {f"{key}_" if key in _NAMED else key: value for key, value in fields.items()}
                text = event % (args[0] if isinstance(args[0], dict) else args) if args else event
                line: Any = {**self._context, **fields, "event": text}
                for process in self._processors:
                    line = process(self._logger, name, line)
            except structlog.DropEvent:  # by structlog's capture_logs
                return
            except Exception as error:
                log(get_logger().bind(), "log line failed", args=[event, *args], fields=fields, error=error)
            else:
                self._logger.write(line)

        return log

    def exception(self: Any, event: Any = None, /, *args: Any, **fields: Any) -> None:
        methods["error"](self, event, *args, **{"exc_info": True, **fields})

    def log(self: Any, level: int, event: Any = None, /, *args: Any, **fields: Any) -> None:
        nearest = min(max(level // 10 * 10, logging.DEBUG), logging.CRITICAL)  # libraries have others
        method(nearest)(self, event, *args, **fields)

    def asynchronous(log: Callable[..., None]) -> Callable[..., Any]:
        async def alog(*args: Any, **fields: Any) -> None:
            log(*args, **fields)

        return alog

    methods = {name.lower(): method(level) for name, level in logging.getLevelNamesMapping().items()}
    methods |= {"msg": methods["info"], "exception": exception, "log": log}
    both = methods | {f"a{name}": asynchronous(log) for name, log in methods.items()}
    return type("Logger", (structlog.make_filtering_bound_logger(minimum),), both)


def _to_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    try:
        line = orjson.dumps(event, default=repr, option=orjson.OPT_APPEND_NEWLINE)
        if len(line) <= LONGEST and b"null" not in line:  # NaN becomes null
            return line
    except TypeError:
        pass
    return orjson.dumps(_fitting(event), default=repr, option=orjson.OPT_APPEND_NEWLINE)


def _to_console() -> Processor:
    traceback = structlog.dev.plain_traceback
    render = structlog.dev.ConsoleRenderer(exception_formatter=traceback, sort_keys=False)
    return lambda logger, method, event: f"{render(logger, method, _fitting(event))}\n".encode()


def _fitting(event: EventDict) -> EventDict:
    """What can be encoded, up to the field that no longer fits into a line."""
    fields: EventDict = {}
    size = 0
    for name, value in event.items():
        field = {_encodable(name): _encodable(value)}
        size += len(orjson.dumps(field, default=repr))
        fields.update(field if size < LONGEST - 20 else {"truncated": True})
    return fields


def _encodable(value: Any) -> Any:
    """The value; as text where JSON cannot hold it, or where it would fill half a line."""
    try:
        encoded = orjson.dumps(value, default=repr)
        if len(encoded) <= LONGEST // 2 and (encoded != b"null" or value is None):
            return value
    except TypeError:
        pass
    text: str = value if isinstance(value, str) else _short.repr(value)
    text, part = text.encode(errors="backslashreplace").decode(), LONGEST // 4
    return text if len(text) <= 2 * part else f"{text[:part]} ... {text[-part:]}"


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = str(record.msg) if record.name.startswith(_QUOTING) else record.getMessage()
        except Exception:
            text = _short.repr((record.msg, record.args))
        get_logger().log(record.levelno, text.rstrip(), logger=record.name, exc_info=record.exc_info)
