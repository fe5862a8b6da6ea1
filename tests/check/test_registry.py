"""A check belongs to the module that defines it; nothing else has to be told of it."""

from __future__ import annotations

from types import ModuleType

from paved_road.check.live import starting
from paved_road.check.live.lab import Lab
from paved_road.check.registry import LiveCheck, built_in_checks, checks_in, live_check


def test_a_check_carries_its_slug_and_is_found_in_its_module() -> None:
    assert "ready-in-time" in [check.slug for check in checks_in(starting)]


def test_a_module_that_imports_a_check_does_not_have_it() -> None:
    importing = ModuleType("importing")
    vars(importing)["ready_in_time"] = starting.ready_in_time
    assert checks_in(importing) == []


def test_a_function_that_becomes_a_check_elsewhere_is_no_built_in_one() -> None:
    @live_check("of-a-road", alone=True)
    async def of_a_road(lab: Lab) -> None: ...

    own = ModuleType(__name__)
    vars(own)["of_a_road"] = of_a_road
    assert checks_in(own) == [LiveCheck(slug="of-a-road", function=of_a_road, alone=True)]
    assert "of-a-road" not in built_in_checks()
