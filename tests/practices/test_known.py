"""A road's practices are known where the person trusts the road, from a commit that the road's branches lead to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paved_road import git
from paved_road.practices.built_in import built_in_slugs
from paved_road.practices.known import Catalogue, catalogue_of, known_slugs
from paved_road.service.model import open_service
from paved_road.settings.config import load_config
from paved_road.testing import evolve, make_road, paved, write_files
from tests.practices.world import OWN, PAGE, ROAD
from tests.renderers import assume_agreement


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assume_agreement(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return make_road(tmp_path / "road", ROAD, tag="v1.0.0")


def found(service: Path, *, trust: bool = True) -> Catalogue:
    return catalogue_of(open_service(service), load_config(directory=service), trust=trust)


def stamp(road: Path | str, name: str = "orders") -> Path:
    done = paved("new", name, "--road", road, "--defaults")
    assert done.returncode == 0, done.stderr
    return Path(name).resolve()


def test_a_trusted_road_adds_its_own(road: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = stamp(road)
    known = found(service)
    assert set(known.practices) == built_in_slugs() | {OWN}
    assert known.unread == ""
    monkeypatch.setenv("PAVED_TRUST", str(road))
    assert OWN in found(service, trust=False).practices
    assert OWN in known_slugs(open_service(service), load_config(), [OWN]).slugs


def test_an_untrusted_road_adds_none_and_says_so(road: Path) -> None:
    known = found(stamp(road), trust=False)
    assert set(known.practices) == built_in_slugs()
    assert "has practices of its own, and you do not trust it" in known.unread


def test_a_road_without_practices_leaves_nothing_unread(road: Path) -> None:
    evolve(road, {"paved-road.yml": "version: 1.1.0\n"}, tag="v1.1.0")
    known = found(stamp(road), trust=False)
    assert set(known.practices) == built_in_slugs()
    assert known.unread == ""


def test_the_practices_are_those_of_the_services_release(road: Path) -> None:
    service = stamp(road)
    evolve(road, {f"practices/{OWN}.md": PAGE.replace("level: silver", "level: gold")}, tag="v1.1.0")
    assert found(service).practices[OWN].level == "silver"
    assert paved("update", service, "--defaults").returncode == 0
    assert found(service).practices[OWN].level == "gold"


def test_a_commit_that_no_branch_or_tag_leads_to_is_not_read(road: Path) -> None:
    """Its objects may be there, as those of a pull request are on a git host: anybody can put them there."""
    service = stamp(road)
    before = git.process.text("rev-parse", "HEAD", cwd=road)
    evolve(road, {f"practices/{OWN}.py": "raise SystemExit('never reviewed')\n"})
    proposed = git.process.text("rev-parse", "HEAD", cwd=road)
    git.process.run("reset", "--quiet", "--hard", before, cwd=road)
    lock = json.loads((service / ".paved-road.lock").read_text())
    write_files(service, {".paved-road.lock": json.dumps(lock | {"commit": proposed})})
    known = found(service)
    assert set(known.practices) == built_in_slugs()
    assert "1.0.0 is no longer in" in known.unread


def test_a_release_without_the_demanded_signature_is_not_read(road: Path, tmp_path: Path) -> None:
    service = stamp(road)
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJd0Jd0Jd0Jd0Jd0Jd0Jd0Jd0Jd0Jd0Jd0Jd0Jd0Jd"
    settings = tmp_path / "config.toml"
    settings.write_text(f'trust = [{{road = "{road}", signed_by = "{key}"}}]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAVED_CONFIG", str(settings))
        known = found(service, trust=False)
    assert set(known.practices) == built_in_slugs()
    assert "its release 1.0.0 is not signed" in known.unread


def test_a_road_that_was_never_fetched_is_not_fetched(
    road: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = stamp(road.as_uri())
    monkeypatch.setenv("PAVED_CACHE", str(tmp_path / "another machine"))
    known = known_slugs(open_service(service), load_config(), [OWN])
    assert OWN not in known.slugs
    assert "the practices of its road cannot be read here" in known.unread
    assert not list((tmp_path / "another machine").rglob("*.git"))
