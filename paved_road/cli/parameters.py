"""Text, paths, numbers and choices are read here; blank ones are refused.

Typer builds a Pydantic validator for every parameter of a command, which costs more than all else that `paved status`
does, and whose messages are Pydantic's. Flags and everything else are left to Typer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from paved_road.errors import UsageError, nearest

_KINDS: dict[Any, type] = {str: str, Path: Path, list[str]: str, bool: bool, int: int}


class _Plain:
    """How a parameter's words become its value: in place of Typer's `RuntimeParam`, which `heavy` makes.

    A path that cannot be read goes to that one.
    """

    def __init__(self, kind: Any, heavy: Callable[[], Any]) -> None:
        self.kind, self.heavy = kind, heavy

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value."""
        _refuse_blank(value, param, ctx)
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several:
            return [self.kind(one) for one in value]
        if self.kind is bool:
            return _flag(value, param)
        if self.kind is Path and os.path.lexists(value) and not os.access(value, os.R_OK):
            return self.heavy().coerce(value, param=param, ctx=ctx)
        if issubclass(self.kind, Enum):
            return _choice(self.kind, value, param)
        return _number(value, param, ctx) if self.kind is int else self.kind(value)


_FLAGS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}


def _flag(value: Any, param: Any) -> bool:
    """What a variable says about a flag."""
    found = _FLAGS.get(str(value).strip().lower())
    if found is None:
        raise UsageError(f"{param.envvar} is {value!r}", hint=f"unset it, or set it to 1: {param.envvar}=1")
    return found


def _choice(kind: Any, value: Any, param: Any) -> Any:
    """The choice of that value."""
    try:
        return kind(value)
    except ValueError:
        hint = nearest(str(value), [str(one.value) for one in kind])
        raise UsageError(f"{name(param)} cannot be {value!r}", hint=hint) from None


def _number(value: Any, param: Any, ctx: Any) -> int:
    """A whole number within the bounds of the parameter."""
    low, high = param.min, param.max
    bounds = f" from {low} to {high}" if high is not None else f" of at least {low}" if low is not None else ""
    try:
        number = int(value)
    except ValueError:
        number = None
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        raise UsageError(
            f"{name(param)} needs a whole number{bounds}, not {str(value)[:40]!r}", hint=f"{ctx.command_path} --help"
        )
    return number


def _refuse_blank(value: Any, param: Any, ctx: Any) -> None:
    """Refuse a word that was given and is blank: most often it stands for a variable that is not set."""
    source = ctx.get_parameter_source(param.name)
    if source is None or source.name != "COMMANDLINE":
        return
    words = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(word, str) and not word.strip() for word in words):
        raise UsageError(
            f"{name(param)} is blank",
            cause="a variable in the command may not be set",
            hint=f"{ctx.command_path} --help",
        )


def name(parameter: Any) -> str:
    """What a message calls the parameter."""
    is_option = parameter.param_type_name == "option"
    return str(max(parameter.opts, key=len)) if is_option else f"the argument {placeholder(parameter)}"


def placeholder(argument: Any) -> str:
    """What stands for the argument in a usage line."""
    return str(argument.metavar or argument.name.upper())


def lightened(parameter: Any) -> Any:
    """The parameter, which needs no Pydantic any more where its words are its value."""
    described = getattr(parameter, "type_descriptor", None)
    if described is None or described.parameter_info.parser or "get_runtime_param" in vars(parameter):
        return parameter
    kind = described.annotation
    if kind in _KINDS or (isinstance(kind, type) and issubclass(kind, Enum)):
        plain = _Plain(_KINDS.get(kind, kind), parameter.get_runtime_param)
        parameter.get_runtime_param = lambda: plain
    return parameter
