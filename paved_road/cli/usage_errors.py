"""Turn Typer's exceptions about a command line into errors of paved, with a hint that says what to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paved_road.cli import parameters
from paved_road.errors import UsageError, similar


def positional(given: list[str]) -> Iterator[str]:
    """Yield the words of a command line that are neither options nor the folder of a -C."""
    rest = iter(given)
    for word in rest:
        if word == "--":
            yield from rest
        elif word == "-C":
            next(rest, None)
        elif not word.startswith("-"):
            yield word


def usage_error(error: Any) -> UsageError:
    """Return Typer's exception as an error of paved, with what to type instead."""
    ctx = getattr(error, "ctx", None)
    lists = f"{ctx.command_path if ctx else 'paved'} --help"
    message = error.format_message().rstrip(".")
    option, parameter = getattr(error, "option_name", None), getattr(error, "param", None)
    if option is not None and ctx is not None:
        return _about_an_option(option, ctx, lists)
    if parameter is not None and ctx is not None:
        if type(error).__name__ == "MissingParameter":
            return UsageError(
                f"{ctx.command_path} needs {parameters.name_of(parameter)}", hint=f"{_usage(ctx)}   ({lists})"
            )
        fault = f"{error.message[:1].lower()}{error.message[1:].rstrip('.')}"
        return UsageError(f"{parameters.name_of(parameter)}: {fault}", hint=lists)
    extra = re.fullmatch(r"Got unexpected extra argument\(?s?\)? \((.*)\)", message, re.DOTALL)
    if extra and ctx is not None:
        return UsageError(f"{ctx.command_path} takes no {extra[1]!r}", hint=f"{_usage(ctx)}   ({lists})")
    if message == "Missing command":
        return UsageError(f"{ctx.command_path if ctx else 'paved'} needs a command", hint=lists)
    return UsageError(message, hint=lists)


def _about_an_option(name: str, ctx: Any, lists: str) -> UsageError:
    known = {option: parameter for parameter in ctx.command.get_params(ctx) for option in parameter.opts}
    parameter = known.get(name)
    if parameter is None:
        path = ctx.command_path
        if re.fullmatch(r"-[0-9].*", name):
            return UsageError(f"{path} has no option {name}", hint="write -- before a value that begins with -")
        near = similar(name.lstrip("-"), [option.lstrip("-") for option in known if option.startswith("--")])
        near = re.sub(r"(mean|or) ", r"\1 --", near)
        if hasattr(ctx.command, "commands") and not near:
            return UsageError(f"{path} has no option {name}", hint=f"options of a command come after its name: {lists}")
        return UsageError(f"{path} has no option {name}", hint=f"{near} List them: {lists}" if near else lists)
    if parameter.is_flag:
        return UsageError(f"{name} takes no value", hint=lists)
    return UsageError(f"{name} needs a value", hint=f"{name} {parameter.metavar or 'VALUE'}   ({lists})")


def _usage(ctx: Any) -> str:
    return " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])
