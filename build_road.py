"""Build hook: the wheel carries the built-in road with its history, as a git bundle.

The history makes old releases findable, so that an installed paved can update services stamped by an older one.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "paved_road/road.bundle"


class RoadBundle(BuildHookInterface[Any]):
    """Puts `road.bundle` into wheels and sdists made from a checkout; one made from an sdist finds it there."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build. An editable install needs no bundle: the checkout itself is the road."""
        root = Path(self.root)
        if version == "editable":
            return
        if not (root / ".git").exists():
            if not (root / BUNDLE).is_file():
                raise RuntimeError(f"neither a git checkout nor {BUNDLE}: the wheel would have no built-in road")
            return
        if _git(root, "rev-parse", "--is-shallow-repository") == "true":
            _complete(root)
        self.scratch = tempfile.TemporaryDirectory()
        bundle = Path(self.scratch.name) / "road.bundle"
        _git(root, "bundle", "create", "--quiet", str(bundle), "HEAD", "--tags")
        build_data["force_include"][str(bundle)] = BUNDLE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Called after each build."""
        if hasattr(self, "scratch"):
            self.scratch.cleanup()


def _complete(root: Path) -> None:
    """Fetch the history that a shallow clone lacks. pre-commit makes such a clone to install hooks from."""
    try:
        _git(root, "fetch", "--quiet", "--unshallow", "--tags")
    except subprocess.CalledProcessError as error:
        message = f"a shallow clone has no history to bundle: git fetch --unshallow\n{error.stderr}"
        raise RuntimeError(message) from error


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()
