"""Every check fails on its seeded faults and passes without them; a check without such a twin is refused."""

from __future__ import annotations

import functools

import pytest

from paved_road.check.model import Verdict
from paved_road.check.registry import LiveCheck, built_in_checks
from paved_road.findings import Outcome
from tests.check.twin import judged
from tests.check.twins import LIVE, Seed

CHECKS = built_in_checks()


@functools.cache
def clean(slug: str) -> Verdict:
    return judged(slug)


def test_every_live_check_has_a_seeded_fault() -> None:
    assert {slug for slug, check in CHECKS.items() if isinstance(check, LiveCheck)} == LIVE.keys()


@pytest.mark.parametrize("slug", LIVE)
def test_a_live_check_passes_the_clean_twin(slug: str) -> None:
    assert clean(slug).outcome is Outcome.PASSED, clean(slug)


@pytest.mark.parametrize(("slug", "seeded"), [(slug, seeded) for slug, seeds in LIVE.items() for seeded in seeds])
def test_a_live_check_catches_its_seeded_fault(slug: str, seeded: Seed) -> None:
    verdict = judged(slug, *seeded.faults, **seeded.contract)
    assert verdict.outcome is Outcome.FAILED, verdict
