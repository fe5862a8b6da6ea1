"""Limits for what a template or a file may use: processor time, memory, files and bytes.

A template is a program, and an untrusted one may be a bomb: nested loops, a catastrophic regular expression, a text
multiplied by ten billion, YAML with multiplying aliases. The limits cost microseconds: a timer of processor time, which
does not depend on the machine's load, and the operating system's limit for additional memory.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from paved_road.errors import LimitError


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The limits of one rendering. Generous; the user may set others (`[limits]` in the user's configuration)."""

    seconds: float = 10
    """Seconds of processor time."""
    files: int = 50_000
    """Files of a template, and files that it renders."""
    bytes: int = 512 * 2**20
    """Bytes of the same files."""

    def check(self, what: str, *, files: int, size: int) -> None:
        """Raise `LimitError` if there are more files, or more bytes in all."""
        if files > self.files:
            raise LimitError(f"{what} has more than {self.files} files", hint=_more("files", 2 * self.files))
        if size > self.bytes:
            raise LimitError(f"{what} has more than {self.bytes} bytes", hint=_more("bytes", 2 * self.bytes))


USUAL = Limits()

MEMORY = 2**30
"""Bytes that a rendering may allocate beyond what the process has."""

_GRACE = 3
"""The system kills the process after this many times the limit, in case no line of Python runs that could raise."""


class _Spent(BaseException):
    """The time is up. It is no `Exception`, so that no `except Exception` of a template's filters catches it."""


class _Watch:
    """Whether a limit is active in this process, and what is being evaluated."""

    on = False
    place = ""


def evaluating(place: str) -> None:
    """Remember what is being evaluated, for the error message."""
    _Watch.place = place


@contextlib.contextmanager
def watched(what: str, limits: Limits = USUAL) -> Iterator[None]:
    """Raise `LimitError` if the block takes more processor time or memory than the limits allow.

    Only the outermost block counts, and only the main thread has a timer.
    """
    if _Watch.on or threading.current_thread() is not threading.main_thread():
        yield
        return
    _Watch.on, _Watch.place = True, what
    before = _arm(limits.seconds)
    try:
        try:
            yield
        finally:
            _disarm(*before)
    except _Spent:
        _disarm(*before)  # the timer may have interrupted the first call
        raise out_of_time(limits.seconds, _Watch.place) from None
    except MemoryError:
        raise out_of_memory(_Watch.place) from None
    finally:
        _Watch.on = False


def confine(limits: Limits) -> None:
    """Set these limits for this whole process: SIGXCPU kills it when its time is up."""
    _lower(resource.RLIMIT_CPU, int(time.process_time() + limits.seconds) + 1)
    _lower(resource.RLIMIT_FSIZE, limits.bytes)
    if now := _memory():
        _lower(_MEMORY, now + MEMORY)


def too_large(why: str) -> LimitError:
    """The error for an evaluation that would take very long and could not be interrupted, before it begins."""
    return LimitError(f"{_Watch.place or 'the template'} {why}", cause="it would take minutes or hours")


def out_of_time(seconds: float, place: str) -> LimitError:
    """The error for an evaluation that takes too long."""
    return LimitError(
        f"{place} takes more than {seconds:g} seconds",
        cause="a template may not take longer",
        hint=_more("seconds", 60),
    )


def out_of_memory(place: str) -> LimitError:
    """The error for an evaluation that needs too much memory."""
    return LimitError(f"{place} needs too much memory", cause=f"a template may have {MEMORY // 2**20} MiB")


def _more(name: str, value: int) -> str:
    return f"if the template is correct, set {name} = {value} below [limits] in the file that `paved config show` names"


_Before = tuple[object, tuple[int, int], tuple[int, int]]


def _arm(seconds: float) -> _Before:
    before = signal.signal(signal.SIGPROF, _ring), resource.getrlimit(_MEMORY), resource.getrlimit(resource.RLIMIT_CPU)
    if now := _memory():
        _lower(_MEMORY, now + MEMORY)
    _lower(resource.RLIMIT_CPU, int(time.process_time() + _GRACE * seconds) + _GRACE)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1)
    return before


def _disarm(handler: object, memory: tuple[int, int], cpu: tuple[int, int]) -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    # None stands for a handler that was not set by Python; it cannot be restored.
    signal.signal(signal.SIGPROF, signal.SIG_DFL if handler is None else handler)  # type: ignore[arg-type]
    resource.setrlimit(_MEMORY, memory)
    resource.setrlimit(resource.RLIMIT_CPU, cpu)


def _ring(_: int, __: FrameType | None) -> None:
    raise _Spent


_MEMORY = resource.RLIMIT_DATA
"""Limits the heap and private mappings, but not mappings of files such as git's packs."""


def _memory() -> int:
    """Bytes of data that this process has; 0 if the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[5]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _lower(kind: int, wanted: int) -> None:
    soft, hard = resource.getrlimit(kind)
    allowed = [limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (min(allowed), hard))
