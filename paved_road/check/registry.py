"""Which checks exist: each decides one practice, and carries the practice's slug.

    @static_check("autoscaling")
    def autoscaling(files: ServiceFiles) -> Iterator[Fault]: ...

    @live_check("graceful-shutdown")
    async def graceful_shutdown(lab: Lab) -> None: ...

A static check yields what is wrong. A live check tells its lab what it expects and what it saw. Both raise
`NotApplicable` when the practice says nothing about the service. A practice that no machine can check is attested; its
function only says, by `NotApplicable`, which services need no statement:

    @attested_check("stateful-redundancy")
    def stateful_redundancy(files: ServiceFiles) -> None: ...

The decorators mark their functions and keep no list. So what is loaded decides nothing: the built-in checks are those
in our modules, and a road's checks are those in its files (`own.py`).
"""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from paved_road.check.live.lab import Lab
    from paved_road.check.model import Fault
    from paved_road.check.static.files import ServiceFiles

StaticFunction = Callable[["ServiceFiles"], Iterable["Fault"]]
LiveFunction = Callable[["Lab"], Awaitable[None]]
AttestedFunction = Callable[["ServiceFiles"], None]


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


@dataclass(frozen=True, kw_only=True, slots=True)
class AttestedCheck:
    """A check that reads what the team states in `docs/attested/<slug>.md`."""

    slug: str
    function: AttestedFunction


Check = StaticCheck | LiveCheck | AttestedCheck
_Function = TypeVar("_Function", StaticFunction, LiveFunction, AttestedFunction)

_MARK = "__paved_check__"
"""The attribute of a function that holds its check."""


def static_check(slug: str) -> Callable[[StaticFunction], StaticFunction]:
    """Make a function the static check of a practice."""
    return lambda function: _marked(function, StaticCheck(slug=slug, function=function))


def live_check(slug: str, *, alone: bool = False) -> Callable[[LiveFunction], LiveFunction]:
    """Make a coroutine function the live check of a practice."""
    return lambda function: _marked(function, LiveCheck(slug=slug, function=function, alone=alone))


def attested_check(slug: str) -> Callable[[AttestedFunction], AttestedFunction]:
    """Make a function say which services need no statement about a practice."""
    return lambda function: _marked(function, AttestedCheck(slug=slug, function=function))


def _marked(function: _Function, check: Check) -> _Function:
    setattr(function, _MARK, check)
    return function


def checks_in(module: ModuleType) -> list[Check]:
    """The checks that a module defines, and not those that it imports."""
    functions = [one for one in vars(module).values() if getattr(one, "__module__", None) == module.__name__]
    return [check for one in functions if isinstance(check := getattr(one, _MARK, None), Check)]


@functools.cache
def _built_in() -> dict[str, Check]:
    from paved_road.check import attested, live, static

    checks: dict[str, Check] = {}
    modules = (attested, *_modules_of(static), *_modules_of(live))
    for check in (check for module in modules for check in checks_in(module)):
        if check.slug in checks:
            raise ValueError(f"the practice {check.slug} has two checks")
        checks[check.slug] = check
    return checks


def built_in_checks() -> dict[str, Check]:
    """Every built-in check by its practice's slug. Raises `ValueError` if a practice has two."""
    return dict(_built_in())


def _modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)
