"""Which checks exist: each decides one practice, and registers itself under the practice's slug.

    @static_check("autoscaling")
    def autoscaling(files: ServiceFiles) -> Iterator[Fault]: ...

    @live_check("graceful-shutdown")
    async def graceful_shutdown(lab: Lab) -> None: ...

A static check yields what is wrong. A live check tells its lab what it expects and what it saw. Both raise
`NotApplicable` when the practice says nothing about the service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paved_road.check.live.lab import Lab
    from paved_road.check.model import Fault
    from paved_road.check.static.files import ServiceFiles

StaticFunction = Callable[["ServiceFiles"], Iterable["Fault"]]
LiveFunction = Callable[["Lab"], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class StaticCheck:
    """A check that reads files."""

    slug: str
    function: StaticFunction


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveCheck:
    """A check that runs the service."""

    slug: str
    function: LiveFunction
    alone: bool = False
    """Whether no other check may run beside it, because it loads the machine or measures how evenly calls come."""


Check = StaticCheck | LiveCheck

_CHECKS: dict[str, Check] = {}


def static_check(slug: str) -> Callable[[StaticFunction], StaticFunction]:
    """Register a function as the static check of a practice."""

    def register(function: StaticFunction) -> StaticFunction:
        _add(StaticCheck(slug=slug, function=function))
        return function

    return register


def live_check(slug: str, *, alone: bool = False) -> Callable[[LiveFunction], LiveFunction]:
    """Register a coroutine function as the live check of a practice."""

    def register(function: LiveFunction) -> LiveFunction:
        _add(LiveCheck(slug=slug, function=function, alone=alone))
        return function

    return register


def _add(check: Check) -> None:
    if check.slug in _CHECKS:
        raise ValueError(f"the practice {check.slug} has two checks")
    _CHECKS[check.slug] = check


def built_in_checks() -> dict[str, Check]:
    """Every built-in check by its practice's slug."""
    import paved_road.check.live
    import paved_road.check.static  # noqa: F401 (the two rooms import their modules, which register themselves)

    return dict(_CHECKS)
