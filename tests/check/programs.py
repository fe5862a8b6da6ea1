"""Programs that a live check needs, for tests of it."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from paved_road.testing import run
from tests.stamped.world import stamp_apart
from tests.tools import tool


@contextmanager
def programs_for(slug: str) -> Iterator[None]:
    """Put what the check of a practice needs on PATH."""
    path = os.environ["PATH"]
    if slug == "api-fuzz":
        path = f"{schemathesis()}{os.pathsep}{path}"
    if slug == "alerts-fire":
        path = f"{Path(tool('prometheus')).parent}{os.pathsep}{path}"
    with mock.patch.dict(os.environ, PATH=path):
        yield


@functools.cache
def schemathesis() -> Path:
    """The folder of the version that a stamped service locks, as `make fuzz` installs it."""
    scratch = Path(tempfile.mkdtemp(prefix="paved-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    service = stamp_apart(scratch)
    done = run("uv", "sync", "--locked", "--only-group", "fuzz", "--quiet", cwd=service)
    assert done.returncode == 0, done.stderr
    return service / ".venv" / "bin"
