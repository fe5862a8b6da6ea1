"""Rendering a template by both renderers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paved_road.git import trees
from paved_road.git.entries import Tree
from paved_road.render import Renderer, prepare, render
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template
from paved_road.settings.config import load_config
from paved_road.testing import write_files
from tests.render.matrix import Case


def write(case: Case, directory: Path) -> Path:
    """The template on disk, as a plain folder."""
    write_files(directory, case.files)
    for path, target in case.links.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).symlink_to(target)
    return directory


def ours(template: Path, answers: Mapping[str, Any], destination: Path, *, trust: bool = False) -> Tree:
    """What the in-process renderer makes of it."""
    config = load_config({"road": str(template)})
    form = prepare(release(find_template(open_road(config), None)), cache=config.cache_dir, trust=trust)
    return render(form, form.settle(destination, given=answers), destination, renderer=Renderer.OURS).tree


def copiers(template: Path, answers: Mapping[str, Any], destination: Path, *, trust: bool = False) -> Tree:
    """What Copier makes of it, by its public API."""
    from copier import Settings, run_copy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_copy(
            str(template), destination, data=dict(answers), defaults=True, overwrite=True, quiet=True,
            unsafe=trust, settings=Settings(),
        )  # fmt: skip
    return trees.read_folder(destination) if destination.is_dir() else {}
