"""Groups whose commands are imported when one of them is used, so that `paved --help` starts faster."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer.main

from paved_road.cli import commands


def lazy_group(module: str) -> type[commands.PavedGroup]:
    """Return a group class whose commands are those of the Typer application `app` in `module`."""

    class LazyGroup(commands.PavedGroup):
        _loaded: Mapping[str, Any] | None = None

        @property
        def commands(self) -> Any:
            """The commands, imported on first use."""
            if self._loaded is None:
                self._loaded = typer.main.get_group(import_module(module).app).commands
            return self._loaded

        @commands.setter
        def commands(self, given: Mapping[str, Any]) -> None:
            """Ignore what Typer sets: no command is registered before the module is imported."""

    return LazyGroup
