"""Text and paths are taken as they were typed; blank ones are refused.

Typer builds a Pydantic validator for every parameter of a command, which costs more than all else that `paved status`
does. Most of our parameters are text or a path without conditions, for which there is nothing to validate; flags and
everything else are left to Typer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from paved_road.errors import UsageError

_KINDS: dict[Any, Callable[[str], Any]] = {str: str, Path: Path, list[str]: str, bool: bool}


class Group(TyperGroup):
    """A group of commands whose text and paths need no Pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters of the group itself."""
        return [_lightened(parameter) for parameter in super().get_params(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name."""
        command = super().get_command(ctx, cmd_name)
        for parameter in command.get_params(ctx) if command else ():
            _lightened(parameter)
        return command


class _Plain:
    """How a parameter's words become its value: in place of Typer's `RuntimeParam`, which `heavy` makes.

    What is neither plain nor absent (a flag set by a variable, a path that cannot be read) goes to that one.
    """

    def __init__(self, kind: Callable[[str], Any], heavy: Callable[[], Any]) -> None:
        self.kind, self.heavy = kind, heavy

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value."""
        _refuse_blank(value, param, ctx)
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several:
            return [self.kind(one) for one in value]
        if self.kind is bool or (self.kind is Path and os.path.lexists(value) and not os.access(value, os.R_OK)):
            return self.heavy().coerce(value, param=param, ctx=ctx)
        return self.kind(value)


def _refuse_blank(value: Any, param: Any, ctx: Any) -> None:
    """Refuse a word that was given and is blank: most often it stands for a variable that is not set."""
    source = ctx.get_parameter_source(param.name)
    if source is None or source.name != "COMMANDLINE":
        return
    words = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(word, str) and not word.strip() for word in words):
        is_option = param.param_type_name == "option"
        name = max(param.opts, key=len) if is_option else f"the argument {param.metavar or param.name.upper()}"
        raise UsageError(
            f"{name} is blank", cause="a variable in the command may not be set", hint=f"{ctx.command_path} --help"
        )


def _lightened(parameter: Any) -> Any:
    described = getattr(parameter, "type_descriptor", None)
    if described is None or described.parameter_info.parser or "get_runtime_param" in vars(parameter):
        return parameter
    if described.annotation in _KINDS:
        plain = _Plain(_KINDS[described.annotation], parameter.get_runtime_param)
        parameter.get_runtime_param = lambda: plain
    return parameter
