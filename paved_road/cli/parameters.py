"""How the words of a command line become values, and what messages call a parameter.

Typer builds a Pydantic validator for every parameter of a command. Importing and building them took 38 % of the CPU
time of `paved status` (127 ms against 79 ms, medians of seven interleaved runs in one service, Python 3.11 and Typer
0.29.2), and their messages are Pydantic's. So paved converts text, paths, flags, whole numbers and choices itself, and
leaves all else to Typer.

Typer has no public way to replace the validator: `typer.Option(parser=...)` builds one, too. `converting` therefore
replaces `get_runtime_param` of the parameter, which Typer does not document. For that reason pyproject.toml allows one
minor release of Typer only, and `tests/cli/test_parameters.py` says what to look at before another one is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from paved_road.errors import UsageError, nearest

_KINDS: dict[Any, type] = {str: str, Path: Path, list[str]: str, bool: bool, int: int}


class _Converter:
    """Converts the words given for a parameter, in place of Typer's `RuntimeParam`.

    `typers` returns Typer's own. It gets the paths that cannot be read, because it knows the error for each case.
    """

    def __init__(self, kind: Any, typers: Callable[[], Any]) -> None:
        self.kind, self.typers = kind, typers

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of the parameter. Raises `UsageError` if a word is blank or does not fit."""
        _refuse_blank(value, param, ctx)
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several:
            return [self.kind(word) for word in value]
        if self.kind is bool:
            return _flag(value, param)
        if self.kind is Path and os.path.lexists(value) and not os.access(value, os.R_OK):
            return self.typers().coerce(value, param=param, ctx=ctx)
        if issubclass(self.kind, Enum):
            return _choice(self.kind, value, param)
        return _whole_number(value, param, ctx) if self.kind is int else self.kind(value)


_FLAGS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}


def _flag(value: Any, param: Any) -> bool:
    """Convert the value of the flag's environment variable."""
    flag = _FLAGS.get(str(value).strip().lower())
    if flag is None:
        raise UsageError(f"{param.envvar} is {value!r}", hint=f"unset it, or set it to 1: {param.envvar}=1")
    return flag


def _choice(kind: Any, value: Any, param: Any) -> Any:
    """Convert the value of an option that has choices."""
    try:
        return kind(value)
    except ValueError:
        hint = nearest(str(value), [str(choice.value) for choice in kind])
        raise UsageError(f"{name_of(param)} cannot be {value!r}", hint=hint) from None


def _whole_number(value: Any, param: Any, ctx: Any) -> int:
    """Convert a whole number, and check the bounds of the parameter."""
    low, high = param.min, param.max
    bounds = f" from {low} to {high}" if high is not None else f" of at least {low}" if low is not None else ""
    try:
        number = int(value)
    except ValueError:
        number = None
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        raise UsageError(
            f"{name_of(param)} needs a whole number{bounds}, not {str(value)[:40]!r}", hint=f"{ctx.command_path} --help"
        )
    return number


def _refuse_blank(value: Any, param: Any, ctx: Any) -> None:
    """Refuse a blank word: it usually comes from a shell variable that is not set."""
    source = ctx.get_parameter_source(param.name)
    if source is None or source.name != "COMMANDLINE":
        return
    words = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(word, str) and not word.strip() for word in words):
        raise UsageError(
            f"{name_of(param)} is blank",
            cause="a variable in the command may not be set",
            hint=f"{ctx.command_path} --help",
        )


def name_of(parameter: Any) -> str:
    """Return what a message calls the parameter: `--road`, or `the argument SERVICE`."""
    is_option = parameter.param_type_name == "option"
    return str(max(parameter.opts, key=len)) if is_option else f"the argument {placeholder(parameter)}"


def placeholder(argument: Any) -> str:
    """Return what stands for the argument in a usage line: `SERVICE`."""
    return str(argument.metavar or argument.name.upper())


def converting(parameter: Any) -> Any:
    """Return the parameter, which converts its words here instead of with Pydantic if its type is a known one."""
    described = getattr(parameter, "type_descriptor", None)
    if described is None or described.parameter_info.parser or "get_runtime_param" in vars(parameter):
        return parameter
    kind = described.annotation
    if kind in _KINDS or (isinstance(kind, type) and issubclass(kind, Enum)):
        converter = _Converter(_KINDS.get(kind, kind), parameter.get_runtime_param)
        parameter.get_runtime_param = lambda: converter
    return parameter
