"""Derived files: those a command regenerates, such as a lock file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paved_road import git
from paved_road.files import contained, toml
from paved_road.git import address
from paved_road.process import child

SECONDS = 120
"""How long a command may take, in seconds."""


def regenerate(commands: Mapping[str, str], directory: Path, *, trust: bool = False) -> tuple[list[str], list[str]]:
    """Run the command of each derived file. Return the files that were made, and a note for each that was not.

    The commands are the road's. A command that would also run code of the service runs only with `trust`.
    """
    made, notes = [], []
    for path, command in commands.items():
        fault = _run(shlex.split(command), directory, trust=trust)
        if fault or not (directory / path).exists():
            notes.append(f"{path} was not made ({fault or 'the command did not write it'}); run: {command}")
        else:
            made.append(path)
    return made, notes


def not_made(commands: Mapping[str, str]) -> list[str]:
    """A note for each derived file whose command is not trusted."""
    return [
        f"{path} was not made, because that runs a command of the road: {how}; add --trust, or run it yourself"
        for path, how in commands.items()
    ]


def _run(command: list[str], directory: Path, *, trust: bool) -> str:
    """Run a command in the service. Return why it failed, or ""."""
    own = {
        key: value for key, value in git.environment().items() if key not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }
    if command[:2] == ["uv", "lock"]:
        python, fault = _python_for(directory)
        if fault and not trust:
            return f"{fault}; that needs --trust"
        if not fault:  # any Python that the project allows: the one in `.python-version` may not be installed
            own |= {"UV_PYTHON": python}
        if not trust:
            own |= {"UV_NO_BUILD": "1", "UV_PROJECT_ENVIRONMENT": "/nonexistent/environment"}
    try:
        ended = child.run(command, cwd=directory, env=own, seconds=SECONDS)
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    except child.OutOfTime:
        return f"it took more than {SECONDS} seconds"
    return "" if ended.code == 0 else re.sub(r"\s+", " ", ended.last_lines[-1] if ended.last_lines else ended.why)


# -- what uv would run ---------------------------------------------------------------------------------------------
#
# To lock a project, uv may run code of the service's authors: the build backend if the metadata is dynamic, those of
# the workspace and of sources in folders, and the Python in `.venv` or at a path in `.python-version`. `UV_NO_BUILD`
# only covers other packages (uv 0.13). Static metadata and a Python given by its version avoid all of it.


def _python_for(directory: Path) -> tuple[str, str]:
    """The version of Python to lock a project with, and why `uv lock` would run code of the service, or ""."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        found = _project(directory)
        above = [
            _project(folder)
            for folder in address.resolved(directory).parents
            if contained.exists(folder, "pyproject.toml")
        ]
        project, uv = found.get("project"), found.get("tool", {}).get("uv", {})
        if not isinstance(project, dict) or "name" not in project or "version" not in project or project.get("dynamic"):
            return "", "uv runs the service's build backend, because its metadata is not static"
        given = uv.get("sources", {}).values()
        sources = [one for some in given for one in (some if isinstance(some, list) else [some])]
        if any({"path", "workspace"} & one.keys() for one in sources):
            return "", "uv runs the build backends of the packages in tool.uv.sources"
        if any("workspace" in one.get("tool", {}).get("uv", {}) for one in (found, *above)):
            return "", "uv runs the build backends of the service's workspace"
        return str(SpecifierSet(project.get("requires-python", ">=3"))), ""
    except (OSError, ValueError, AttributeError, TypeError, InvalidSpecifier) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return "", f"pyproject.toml cannot be read: {why}"


def _project(folder: Path) -> dict[str, Any]:
    return toml.load(contained.read_regular(folder, "pyproject.toml"))
