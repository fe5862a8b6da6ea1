"""A run of checks: each practice has its own outcome, whatever happens to the others."""

from __future__ import annotations

from pathlib import Path

from paved_road.check.catalogue import Item, Selection
from paved_road.check.engine import run_checks
from paved_road.check.readiness import NO_CONTRACT, Readiness
from paved_road.findings import Outcome
from paved_road.practices.model import CheckKind, Level
from paved_road.testing import write_files
from tests.check.practices import item, practice, run_of


def outcomes(found: Readiness) -> dict[str, Outcome]:
    return {one.practice.slug: one.outcome for one in found.results}


def test_each_practice_has_its_own_outcome(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "fine\n", "b.txt": "\nWRONG\n", "c.txt": "CRASH\n"})
    items = (item("good", "a.txt"), item("bad", "b.txt"), item("broken", "c.txt"), item("none", "d.txt"))
    found = run_checks(run_of(tmp_path, *items))
    assert outcomes(found) == {
        "good": Outcome.PASSED, "bad": Outcome.FAILED, "broken": Outcome.ERROR, "none": Outcome.NOT_APPLICABLE,
    }  # fmt: skip
    (bad,) = (one for one in found.results if one.practice.slug == "bad")
    assert [(fault.path, fault.line) for fault in bad.faults] == [("b.txt", 2)]
    assert sum(found.counts.values()) == len(items)


def test_an_error_of_a_required_practice_fails_the_run(tmp_path: Path) -> None:
    write_files(tmp_path, {"c.txt": "CRASH\n"})
    assert run_checks(run_of(tmp_path, item("broken"))).exit_code == 1


def test_a_fault_that_was_found_before_a_crash_is_kept(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "WRONG\n", "b.txt": "CRASH\n"})
    (one,) = run_checks(run_of(tmp_path, item("both"))).results
    assert one.outcome is Outcome.ERROR
    assert "RuntimeError: seeded" in one.verdict.message
    assert [fault.path for fault in one.faults] == ["a.txt"]


def test_a_check_that_ends_the_program_is_an_error_of_its_own(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "LEAVE\n", "b.txt": "fine\n"})
    found = run_checks(run_of(tmp_path, item("leaving", "a.txt"), item("good", "b.txt")))
    assert outcomes(found) == {"leaving": Outcome.ERROR, "good": Outcome.PASSED}


def test_the_level_is_the_highest_whose_practices_all_hold(tmp_path: Path) -> None:
    write_files(tmp_path, {"s.txt": "fine\n", "g.txt": "WRONG\n"})
    items = (item("one"), item("two", "s.txt", Level.SILVER), item("three", "g.txt", Level.GOLD))
    found = run_checks(run_of(tmp_path, *items[1:]))
    assert (found.level, found.required, found.exit_code) == (Level.SILVER, Level.SILVER, 0)
    assert [one.practice.slug for one in found.warnings] == ["three"]
    assert run_checks(run_of(tmp_path, *items[1:], tier="critical")).exit_code == 1
    assert run_checks(run_of(tmp_path, *items)).level is None  # `one` reads all three files


def test_a_part_of_the_catalogue_tells_no_level(tmp_path: Path) -> None:
    write_files(tmp_path, {"s.txt": "fine\n"})
    found = run_checks(run_of(tmp_path, item("one"), selection=Selection(live=False)))
    assert (found.is_whole, found.level, found.exit_code) == (False, None, 0)


def test_without_a_run_contract_live_practices_are_errors(tmp_path: Path) -> None:
    live = Item(practice=practice("running", kind=CheckKind.LIVE), check=None)
    found = run_checks(run_of(tmp_path, live))
    assert [one.verdict.message for one in found.results] == [NO_CONTRACT]
    assert (found.level, found.exit_code) == (None, 1)
