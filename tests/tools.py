"""Programs that some tests need and Python's packages do not bring: found, or the test says how to get them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NODE = Path(__file__).parent.parent / "requirements" / "node" / "node_modules"


def tool(name: str) -> str:
    """The program's path. Without it the test is skipped, which is a failure where nothing may be (`.ci/run`)."""
    found = shutil.which(name, path=f"{NODE / '.bin'}{os.pathsep}{os.environ['PATH']}")
    return found or _missing(name)


def node_package(name: str) -> Path:
    """The folder of an npm package, on the same terms."""
    found = NODE / name
    return found if found.is_dir() else Path(_missing(name))


def _missing(name: str) -> str:
    pytest.skip(f"{name} is not installed: make tools")
