"""The reference page about deviations is made from their model. The how-to guide is followed by `tests/docs`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from paved_road.offroad.front_matter import json_schema
from paved_road.testing import run

PROJECT = Path(__file__).parent.parent.parent


def test_the_reference_is_made_of_the_model(tmp_path: Path) -> None:
    env = {"NO_MKDOCS_2_WARNING": "1"}
    done = run(sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", tmp_path, cwd=PROJECT, env=env)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "reference/off-road-record.html").read_text()
    schema = json.loads(json_schema())
    for name in schema["properties"]:
        assert f"<code>{name}</code>" in page, name
    for word in ("proposed", "operational-need", "medium", "platform", "drifted-further", "road-moved"):
        assert f"<code>{word}</code>" in page, word
    assert json.loads((tmp_path / "reference/off-road-record.schema.json").read_text()) == schema
