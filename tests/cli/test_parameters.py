"""Parameters are converted by `paved_road.cli.parameters`, not by Typer's Pydantic validators."""

from __future__ import annotations

from importlib.metadata import version

import typer.main

from paved_road.cli import app
from tests.cli.test_commands import commands

TRIED = "0.29"
"""The minor release of Typer with which the replaced method was last tried."""


def test_the_installed_typer_is_the_one_whose_method_is_replaced() -> None:
    installed = version("typer")
    assert installed.startswith(f"{TRIED}."), (
        f"Typer {installed} is installed, and paved was last tried with {TRIED}. paved_road/cli/parameters.py replaces "
        "`get_runtime_param` of Typer's parameters, which Typer does not document. Look at `get_runtime_param` and "
        "`process_value` in typer/core.py: can Typer now convert a parameter without Pydantic, or is Pydantic "
        "fast enough (`python -X importtime -m paved_road status`)? Then delete `converting`. Otherwise run tests/cli, "
        "and raise TRIED here and the limit in pyproject.toml."
    )


def test_no_parameter_of_a_command_needs_a_pydantic_validator() -> None:
    for words in commands():
        command, context = typer.main.get_command(app), None
        for word in words:
            context = typer.Context(command, parent=context, info_name="paved" if context is None else word)
            command = command.commands[word]  # type: ignore[attr-defined]
        context = typer.Context(command, parent=context, info_name=words[-1])
        own = [each for each in command.get_params(context) if hasattr(each, "type_descriptor")]
        assert own
        assert [each.name for each in own if "get_runtime_param" not in vars(each)] == [], words
