"""The report of many services."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from paved_road.errors import UsageError
from paved_road.offroad import lifecycle, report
from paved_road.offroad.deviations import Deviation
from paved_road.offroad.report import Report, html, markdown
from paved_road.service.model import Service, open_service
from paved_road.settings.config import Config
from paved_road.testing import write_files
from tests.offroad.world import REASON, TODAY, change

LATER = TODAY + timedelta(days=100)


@pytest.fixture
def fleet(accepted: Callable[..., Deviation], service: Service, settings: Config, tmp_path: Path) -> Path:
    """Three services: one off-road with deviations, one with drift alone, one on the road."""
    root = tmp_path / "fleet"
    root.mkdir()
    shutil.copytree(service.path, root / "on-the-road")
    accepted()
    lifecycle.propose(
        service,
        [lifecycle.Draft(slug="no-hpa", practice="ready-in-time", requested_by="ann", reason=REASON)],
        today=TODAY,
    )
    shutil.copytree(service.path, root / "teams" / "billing" / "orders")
    shutil.copytree(root / "on-the-road", root / "drifting")
    change(open_service(root / "drifting"), {"Dockerfile": "FROM scratch\n", "run.sh*": "#!/bin/sh\n"})
    (root / "node_modules" / "x").mkdir(parents=True)
    shutil.copy(service.path / ".paved-road.lock", root / "node_modules" / "x")
    return root


@pytest.fixture
def found(fleet: Path, settings: Config) -> Report:
    return report.collect(fleet, settings, today=LATER)


def test_the_most_left_places_come_first(found: Report) -> None:
    assert (found.services, found.off_road, found.unread) == (3, 2, ())
    assert [(place.name, place.services) for place in found.places] == [
        ("Dockerfile", 2),
        ("ready-in-time", 1),
        ("run.sh", 1),
    ]
    assert [place.name for place in found.desire_paths] == ["Dockerfile"]


def test_an_exit_says_who_why_and_since_when(found: Report) -> None:
    recorded, bare = found.places[0].exits
    assert (recorded.service, recorded.owner, recorded.age_days) == ("teams/billing/orders", "orders-team", 100)
    assert recorded.reason == REASON
    assert recorded.states == ("expired",)
    assert (bare.service, bare.status, bare.record) == ("drifting", "uncovered", None)


def test_the_report_has_what_each_team_is_responsible_for(found: Report) -> None:
    (team,) = found.teams
    assert (team.name, team.records, team.expired, team.oldest_days) == ("orders-team", 2, 1, 100)


def test_a_service_that_cannot_be_read_is_reported_and_stops_no_other(fleet: Path, settings: Config) -> None:
    (fleet / "drifting" / "docs" / "off-road").mkdir(parents=True)
    (fleet / "drifting" / "docs" / "off-road" / "x.md").write_text("nothing")
    found = report.collect(fleet, settings, today=TODAY)
    ((name, why),) = found.unread
    assert name == "drifting"
    assert why.startswith("docs/off-road/x.md:1: has no front matter")
    assert found.services == 3
    assert found.summary.startswith("1 of 2 services leaves the road, at ")
    assert found.summary.endswith("; 1 service could not be read")
    assert "## Not read" in markdown.render(found)
    assert "<h2>Not read</h2>" in html.render(found)


def test_nothing_is_said_of_services_when_none_could_be_read(tmp_path: Path, settings: Config) -> None:
    for name in ("one", "two"):
        write_files(tmp_path / name, {".paved-road.lock": "nothing"})
    found = report.collect(tmp_path, settings, today=TODAY)
    assert found.summary == "2 services could not be read"
    assert "2 services could not be read." in markdown.render(found)
    assert "2 services could not be read." in html.render(found)


def test_a_folder_without_services_is_refused(tmp_path: Path, settings: Config) -> None:
    with pytest.raises(UsageError, match="there are no services below"):
        report.collect(tmp_path, settings, today=TODAY)
    with pytest.raises(UsageError, match="is not a folder"):
        report.collect(tmp_path / "nowhere", settings, today=TODAY)


def test_the_services_own_names_are_no_part_of_a_place(service: Service) -> None:
    named = Service(
        path=service.path, prefix="", lock=service.lock, answers_file="a", repository=service.repository,
        recorded={"name": "orders", "package": "orders", "owner": "payments"},
    )  # fmt: skip
    assert report.general_path("src/orders/paved/health.py", named) == "src/{package}/paved/health.py"


class _Balanced(HTMLParser):
    open_tags: tuple[str, ...] = ()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag not in ("meta", "br"):
            self.open_tags += (tag,)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags[-1] == tag
        self.open_tags = self.open_tags[:-1]


def test_the_page_is_whole_and_runs_nobodys_markup(fleet: Path, settings: Config) -> None:
    path = fleet / "teams/billing/orders/docs/off-road/own-base-image.md"
    path.write_text(path.read_text().replace(REASON, "'<script>alert(1)</script> is what our registry is called'"))
    page = html.render(report.collect(fleet, settings, today=TODAY))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page, "it fetches nothing"
    parser = _Balanced()
    parser.feed(page)
    assert parser.open_tags == ()
    assert "<script" not in markdown.render(report.collect(fleet, settings, today=TODAY))


def test_markdown_leads_with_the_desire_paths(found: Report) -> None:
    text = markdown.render(found)
    assert "2 of 3 services leave the road, at 3 places." in text
    assert text.index("## Desire paths") < text.index("## Left by one service") < text.index("## Teams")
    assert "### Dockerfile: 2 of 3 services" in text
