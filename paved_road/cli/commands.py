"""The classes of all commands and groups: they add the global options, format the help, and suggest similar names."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from paved_road.cli import global_options, parameters
from paved_road.errors import UsageError, nearest

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Settings for Typer. The width is in columns."""

_EXAMPLES = "\b\nExamples:\n"


def add(app: typer.Typer, name: str, function: Callable[..., Any], summary: str) -> None:
    """Register `function` as the command `name`; the list of commands shows `summary`."""
    app.command(name, cls=PavedCommand, short_help=summary)(function)


class _Readable:
    """Adds the global options to a command or group, and formats its help."""

    def get_params(self: Any, ctx: Any) -> list[Any]:
        """Return its own parameters, the global options, then --help."""
        *own, last = super().get_params(ctx)  # type: ignore[misc]
        return [parameters.converting(each) for each in (*own, *global_options.inherited(ctx), last)]

    def collect_usage_pieces(self: Any, ctx: Any) -> list[str]:
        """Return the words after the command's name in the usage line, such as `[SERVICE]`."""
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        words = [(parameters.placeholder(each), each.required) for each in arguments]
        return ["[OPTIONS]", *(word if required else f"[{word}]" for word, required in words)]

    def format_help_text(self: Any, _: Any, formatter: Any) -> None:
        """Write what the command does, then its examples."""
        text, _, examples = inspect.cleandoc(self.help or "").partition(_EXAMPLES)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text.rstrip())
            if examples:
                formatter.write("\n  Examples:\n")
                formatter.write("".join(f"{line}\n" for line in _examples(examples, formatter.width)))

    def format_options(self: Any, ctx: Any, formatter: Any) -> None:
        """Write the arguments, commands, options and global options."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], "Global options": []}
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                sections["Arguments"].append((parameters.placeholder(parameter), _help_with_default(parameter)))
            elif not parameter.hidden:
                is_global = global_options.is_global(parameter) or "--help" in parameter.opts
                title = "Global options" if is_global else "Options"
                sections[title].append((_option_names(parameter), _help_with_default(parameter)))
        if isinstance(self, PavedGroup):
            self.format_commands(ctx, formatter)
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def parse_args(self: Any, ctx: Any, args: list[str]) -> Any:
        """Parse the words, and tell an error which command they were for."""
        if ctx.resilient_parsing and self._needs_a_value(ctx, args[-1:]):
            args = args[:-1]  # a shell completes the value of the last option; the words before it are parsed
        try:
            return super().parse_args(ctx, args)  # type: ignore[misc]
        except typer.TyperException as error:
            error.ctx = getattr(error, "ctx", None) or ctx  # type: ignore[attr-defined]
            raise

    def _needs_a_value(self: Any, ctx: Any, last: list[str]) -> bool:
        options = [each for each in self.get_params(ctx) if each.param_type_name == "option" and not each.is_flag]
        return any(name in option.opts for name in last for option in options)


class PavedCommand(_Readable, TyperCommand):
    """A command."""


class PavedGroup(_Readable, TyperGroup):
    """A group of commands, which prints its help when no command is given."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse the words of the command line that belong to the group."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, _: Any) -> list[str]:
        """Return the words after the group's name in the usage line."""
        return ["[OPTIONS]", "COMMAND", "..."]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the words name. Raises `UsageError` with similar names if there is none."""
        name = args[0]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            raise unknown_command(ctx, name)
        return super().resolve_command(ctx, args)


def listing_group(app: typer.Typer) -> type[PavedGroup]:
    """Return a group class for the help of `app`, which lists its commands without building them."""
    below: list[Any] = [*app.registered_commands, *app.registered_groups]
    rows = [(str(each.name), str(each.short_help)) for each in below]

    class ListingGroup(PavedGroup):
        def format_commands(self, _: Any, formatter: Any) -> None:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    return ListingGroup


def unknown_command(ctx: Any, name: str) -> UsageError:
    """Return the error for a command that the group does not have."""
    commands = getattr(ctx.command, "commands", {})
    if not commands:
        return UsageError(f"{ctx.command_path} is not a group of commands", hint=f"paved help {ctx.command.name}")
    below = [f"{group} {name}" for group, command in commands.items() if name in getattr(command, "commands", ())]
    lists = f"{ctx.command_path} --help"
    hint = f"did you mean {ctx.command_path} {below[0]}?" if below else nearest(name, commands, command=lists)
    return UsageError(f"{ctx.command_path} has no command {name!r}", hint=hint)


def _option_names(option: Any) -> str:
    """`-d, --data KEY=VALUE`."""
    names = ", ".join(sorted(option.opts, key=lambda name: (name.startswith("--"), option.opts.index(name))))
    return names if option.is_flag or option.metavar is None else f"{names} {option.metavar}"


def _help_with_default(parameter: Any) -> str:
    """Return the help of a parameter, with its default and its environment variable."""
    shown = parameter.show_default
    default = shown if isinstance(shown, str) else parameter.default if shown else None
    is_flag = getattr(parameter, "is_flag", False)
    remarks = [f"default: {default}"] if default not in (None, "") and not is_flag else []
    if parameter.envvar and parameter.show_envvar:
        remarks.append(f"variable: {parameter.envvar}")
    return f"{parameter.help or ''}{''.join(f' [{remark}]' for remark in remarks)}".strip()


def _examples(text: str, width: int) -> Iterator[str]:
    """Yield the examples in two columns; if the commands are too long for that, each remark is below its command."""
    pairs = [(*re.split(r" {2,}", line.strip(), maxsplit=1), "")[:2] for line in text.splitlines() if line.strip()]
    column = max(len(typed) for typed, _ in pairs) + 6
    is_narrow = column > width - 30
    for typed, remark in pairs:
        start = 8 if is_narrow else column
        lines = textwrap.wrap(remark, width, initial_indent=" " * start, subsequent_indent=" " * start)
        if lines and not is_narrow:
            lines[0] = f"    {typed:<{column - 4}}{lines[0].lstrip()}"
        else:
            yield f"    {typed}"
        yield from lines
