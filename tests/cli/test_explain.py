"""`paved explain` prints a practice as its file says it, and lists them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.practices.built_in import built_in_practices
from paved_road.testing import make_road, paved
from tests.practices.world import OWN, ROAD


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_list_has_every_practice_the_lowest_level_first() -> None:
    lines = paved("explain").stdout.splitlines()
    listed = {line.split()[0]: line.split()[1] for line in lines if line.split()[0] in built_in_practices()}
    assert listed.keys() == built_in_practices().keys()
    ranks = [practice.level.rank for practice in map(built_in_practices().__getitem__, listed)]
    assert ranks == sorted(ranks)


def test_a_practice_is_explained_with_its_source_and_its_remedy() -> None:
    practice = built_in_practices()["ready-in-time"]
    shown = paved("explain", "ready-in-time").stdout
    for part in (practice.title, practice.source_url, practice.remedy, practice.prose.splitlines()[0]):
        assert part in shown
    assert "bronze: services of tier low, standard and critical need it" in shown


def test_an_attested_one_shows_how_a_statement_begins() -> None:
    assert "    review_by: " in paved("explain", "stateful-redundancy").stdout


def test_a_practice_that_does_not_exist_names_the_nearest() -> None:
    done = paved("explain", "redy-in-time")
    assert done.returncode == 2
    assert "error: there is no practice 'redy-in-time'" in done.stderr
    assert "hint: did you mean ready-in-time? List them: paved explain" in done.stderr


def test_a_trusted_road_has_its_own_and_an_untrusted_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    road = make_road(tmp_path / "road", ROAD)
    assert paved("new", "orders", "--road", road, "--defaults").returncode == 0
    monkeypatch.chdir("orders")
    done = paved("explain", OWN)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"cause: the road {road} has practices of its own, and you do not trust it (setting: trust)" in done.stderr
    assert "note: the road" in paved("explain").stderr
    monkeypatch.setenv("PAVED_TRUST", str(road))
    done = paved("explain", OWN)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert f"since     {road} 1.0.0" in done.stdout
    assert OWN in paved("explain").stdout


def test_where_a_service_cannot_be_read_the_built_in_ones_are_explained(tmp_path: Path) -> None:
    (tmp_path / ".paved-road.lock").write_text("{")
    done = paved("explain", "ready-in-time")
    assert done.returncode == 0
    assert "note: the practices of its road are not read" in done.stderr
