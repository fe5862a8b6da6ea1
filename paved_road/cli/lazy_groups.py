"""Groups of commands that are imported when one of them is asked for: `paved --help` shall not pay for them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer.main

from paved_road.cli import commands


def group(module: str) -> type[commands.Group]:
    """A group whose commands are those of the Typer application `app` in `module`."""

    class Lazy(commands.Group):
        _loaded: Mapping[str, Any] | None = None

        @property
        def commands(self) -> Any:
            """The commands, imported the first time."""
            if self._loaded is None:
                self._loaded = typer.main.get_group(import_module(module).app).commands
            return self._loaded

        @commands.setter
        def commands(self, given: Mapping[str, Any]) -> None:
            """What Typer finds registered, before anything is imported: nothing."""

    return Lazy
