"""Every check fails on its seeded faults and passes without them; a check without such a twin is refused."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from paved_road.check.catalogue import EXPLORING
from paved_road.check.contract.model import RunContract
from paved_road.check.contract.resolve import resolve_contract
from paved_road.check.model import Fault, NotApplicable, Subject, Verdict
from paved_road.check.registry import AttestedCheck, LiveCheck, StaticCheck, built_in_checks
from paved_road.check.static.files import ServiceFiles
from paved_road.findings import Outcome
from paved_road.practices.built_in import built_in_practices
from paved_road.practices.model import CheckKind
from tests.check.twin import all_judged, judged
from tests.check.twins import LIVE, STATIC, Seed, Texts
from tests.stamped import delivered

CHECKS = built_in_checks()
PRACTICES = built_in_practices()
ANSWERS = delivered.pairs()
EXAMPLE = {"deploy": "kubernetes", "tier": "critical", "rollout": "canary"}
"""The answers of the stamped service that faults are seeded in: it has every file."""
DERIVED = {"uv.lock": "version = 1\n"}
"""What a stamped service has that the template does not hold."""


def of_kind(kind: type[object]) -> set[str]:
    return {slug for slug, check in CHECKS.items() if isinstance(check, kind)}


# -- nothing without its twin ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "check"),
    [(CheckKind.LIVE, LiveCheck), (CheckKind.STATIC, StaticCheck), (CheckKind.ATTESTED, AttestedCheck)],
)
def test_every_practice_has_a_check_and_every_check_a_practice(kind: CheckKind, check: type[object]) -> None:
    assert {slug for slug, practice in PRACTICES.items() if practice.kind is kind} == of_kind(check)


def test_every_live_check_has_a_seeded_fault() -> None:
    assert of_kind(LiveCheck) == LIVE.keys()
    assert [slug for slug, seeds in LIVE.items() if not seeds] == []


def test_every_static_check_has_a_seeded_fault() -> None:
    assert of_kind(StaticCheck) == STATIC.keys()
    assert [slug for slug, breaks in STATIC.items() if not breaks] == []


# -- static ------------------------------------------------------------------------------------------------------------


def found(slug: str, texts: Mapping[str, str]) -> list[Fault] | str:
    """The faults that a static check finds in a service; why, if the practice says nothing about it."""
    check = CHECKS[slug]
    assert isinstance(check, StaticCheck)
    try:
        return list(check.function(service(texts)))
    except NotApplicable as error:
        return str(error)


def service(texts: Mapping[str, str]) -> ServiceFiles:
    tier = yaml.safe_load(texts[".copier-answers.yml"])["tier"]
    subject = Subject(path=Path("/orders"), name="orders", tier=tier)
    return ServiceFiles(subject=subject, texts=texts, contract=contract_of(texts["run.toml"]))


@functools.cache
def contract_of(written: str) -> RunContract:
    """What the template says of how the service is run, and the service itself."""
    run = yaml.safe_load(delivered.form().files["paved-road.yml"].data)["run"]
    run = json.loads(json.dumps(run).replace("{{ name }}", "orders"))
    with tempfile.TemporaryDirectory(prefix="paved-contract-") as folder:
        Path(folder, "run.toml").write_text(written)
        for name in ("dev/stubs/inventory.py", "dev/settings.env"):
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_text(delivered.stamped()[name])
        return resolve_contract(Path(folder), run)


def fails(slug: str, texts: Mapping[str, str]) -> bool:
    return isinstance(faults := found(slug, texts), list) and bool(faults)


@pytest.mark.parametrize("slug", STATIC)
def test_a_static_check_passes_the_stamped_service(slug: str) -> None:
    assert found(slug, example()) == []


@pytest.mark.parametrize("slug", STATIC)
def test_a_static_check_passes_whatever_is_stamped(slug: str) -> None:
    """For every two values of two questions; a practice may say nothing about some of them."""
    failed = {delivered.spelled(answers): found(slug, texts) for answers, texts in stamped() if fails(slug, texts)}
    assert failed == {}


@functools.cache
def stamped() -> list[tuple[Mapping[str, object], dict[str, str]]]:
    return [(answers, delivered.stamped(**answers) | DERIVED) for answers in ANSWERS]


def example() -> Texts:
    return delivered.stamped(**EXAMPLE) | DERIVED


SEEDED = [(slug, number) for slug, breaks in STATIC.items() for number in range(len(breaks))]


def broken(slug: str, number: int) -> Texts:
    texts = example()
    changed = STATIC[slug][number](dict(texts))
    assert changed != texts, "the seed changes nothing"
    return changed


@pytest.mark.parametrize(("slug", "number"), SEEDED)
def test_a_static_check_catches_its_seeded_fault(slug: str, number: int) -> None:
    faults = found(slug, broken(slug, number))
    assert isinstance(faults, list), faults
    assert faults
    assert all(fault.message for fault in faults)


@pytest.mark.parametrize(
    ("slug", "number"),
    [each if at < 3 else pytest.param(*each, marks=pytest.mark.soak) for at, each in enumerate(SEEDED)],
)
def test_at_most_one_other_static_check_complains_of_a_seed(slug: str, number: int) -> None:
    texts = broken(slug, number)
    assert len([other for other in STATIC if other != slug and fails(other, texts)]) <= 1


# -- live --------------------------------------------------------------------------------------------------------------


@functools.cache
def clean(slug: str) -> Verdict:
    return judged(slug)


@pytest.mark.parametrize("slug", LIVE)
def test_a_live_check_passes_the_clean_twin(slug: str) -> None:
    assert clean(slug).outcome is Outcome.PASSED, clean(slug)


@pytest.mark.parametrize(("slug", "seeded"), [(slug, seeded) for slug, seeds in LIVE.items() for seeded in seeds])
def test_a_live_check_catches_its_seeded_fault(slug: str, seeded: Seed) -> None:
    verdict = judged(slug, *seeded.faults, **seeded.contract)
    assert verdict.outcome is Outcome.FAILED, verdict


@pytest.mark.soak
@pytest.mark.parametrize(("slug", "seeded"), [(slug, seeded) for slug, seeds in LIVE.items() for seeded in seeds])
def test_at_most_one_other_live_check_complains_of_a_seed(slug: str, seeded: Seed) -> None:
    """Exploration is left out: it searches for what the others look for one by one."""
    verdicts = all_judged(LIVE.keys() - {slug} - EXPLORING, *seeded.faults, **seeded.contract)
    complain = {verdict.practice: verdict.message for verdict in verdicts if verdict.outcome is Outcome.FAILED}
    assert len(complain) <= 1, complain
