"""What the pages tell people to type is typed, in their order, and says what they say it says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from paved_road.offroad.schema import json_schema
from paved_road.service import Service
from paved_road.testing import run
from tests.offroad.world import argue

PROJECT = Path(__file__).parent.parent.parent
ADOPTED = "paved adopt . && paved off-road baseline"


def test_our_own_base_image(service: Service) -> None:
    page = (PROJECT / "docs/how-to/off-road.md").read_text()
    said = 0
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for typed, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            if typed == ADOPTED:
                continue  # this service was born on the road
            done = run("bash", "-c", f'paved() {{ "{sys.executable}" -m paved_road "$@"; }}; {typed}', cwd=service.path)
            assert done.returncode == (1 if typed == "paved drift" else 0), (typed, done.stdout, done.stderr)
            assert expected in ("", done.stdout), typed
            said += bool(expected)
            if typed.startswith("paved off-road new"):
                argue(service, "own-base-image")
    assert said == 3, "commands whose output the page shows"


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
