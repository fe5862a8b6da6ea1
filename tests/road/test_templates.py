from __future__ import annotations

from pathlib import Path

import pytest

from paved_road import config
from paved_road.errors import UnknownTemplate
from paved_road.road import find_template, templates
from paved_road.testing import make_road
from tests.road.roads import opened


def test_an_unknown_template_names_the_nearest() -> None:
    with pytest.raises(UnknownTemplate) as caught:
        find_template(opened(config.BUILT_IN), "servise")
    assert "service" in caught.value.hint


def test_a_file_beside_the_templates_is_no_template(tmp_path: Path) -> None:
    road = make_road(
        tmp_path / "road", {"templates/README.md": "", "templates/one/copier.yml": "", "templates/two/other.yml": ""}
    )
    assert [template.name for template in templates(opened(road))] == ["one"]


def test_a_road_whose_templates_are_a_file_has_none(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"templates": "not a folder"})
    assert templates(opened(road)) == []
