"""Remembers for which releases the in-process renderer and Copier agreed, so that the faster one can be used."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
from pathlib import Path

from paved_road import __version__
from paved_road.files import cached, private
from paved_road.road.model import Release


def recall(cache: Path, release: Release) -> bool | None:
    """Whether the two renderers agreed on this release; None if they were never compared."""
    path = _result_path(cache, release)
    try:
        return bool(json.loads(path.read_text())["agree"]) if path else None
    except (OSError, ValueError, KeyError):
        return None


def remember(cache: Path, release: Release, *, agree: bool) -> None:
    """Store the result of a comparison. If that fails, the renderers are compared again next time."""
    path = _result_path(cache, release)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps({"agree": agree}))
        scratch.replace(path)
        cached.evict_once(path.parent)
    except OSError:
        return


@functools.cache
def _copier() -> str:
    """The installed Copier: the name of the folder with its metadata, which contains the version.

    `importlib.metadata` also knows other layouts, but takes a twentieth of an update.
    """
    spec = importlib.util.find_spec("copier")
    packages = Path(spec.origin).parents[1] if spec and spec.origin else Path()
    found = list(packages.glob("copier-*.dist-info"))
    if len(found) == 1:
        return found[0].name
    from importlib.metadata import version

    return version("copier")


def _result_path(cache: Path, release: Release) -> Path | None:
    """The file with the result for a release; None for a working tree, because it may change under the same name."""
    if release.commit is None or release.working_tree:
        return None
    facts = (
        release.template.road.source,
        release.template.folder,
        release.commit,
        __version__,
        _copier(),
    )
    return private.private_folder(cache, "verified") / f"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}.json"
