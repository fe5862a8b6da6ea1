import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["Dockerfile", ".gitlab-ci.yml"])
def test_the_image_and_the_pipeline_have_the_python_that_one_file_names(name: str) -> None:
    stated = (ROOT / ".python-version").read_text().strip()
    text = (ROOT / name).read_text() if (ROOT / name).exists() else ""
    others = set(re.findall(r"\bpython:(\d+\.\d+)", text)) - {".".join(stated.split(".")[:2])}
    assert not others, f"{name} names Python {others}, and .python-version names {stated}"
