"""Change one of paved's own settings in the person's `config.toml` or the project's `.paved.toml`."""

from __future__ import annotations

import contextlib
import os
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from paved_road.errors import ConfigError, UsageError, nearest
from paved_road.files import contained, private, toml_edit
from paved_road.git import address
from paved_road.process.limits import Limits
from paved_road.settings import config

LIMITS = tuple(f"limits.{limit.name}" for limit in fields(Limits))
NAMES = ("road", "template", "trust", "cache", *LIMITS, "answers.QUESTION")
"""The keys that can be set, as a person types them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedSetting:
    """A change of one setting in a file."""

    file: Path
    key: str
    value: Any = None
    """None if it was removed."""


def change(key: str, values: Sequence[str] | None, *, project: bool) -> ChangedSetting:
    """Set a key in the person's file or the project's, or remove it if `values` is None.

    The rest of the file stays as it is. The result is checked before it is written: raises `UsageError` for a wrong key
    and `ConfigError` for a wrong value.
    """
    path, file = key_path(key), project_file() if project else config.user_file()
    before = _text(file, personal=not project)
    value = None if values is None else _value(path, values, file=file, project=project)
    try:
        after = toml_edit.without(before, path) if values is None else toml_edit.with_value(before, path, value)
    except KeyError:
        raise UsageError(
            f"{file} does not set {key}", hint="paved config show lists where settings come from"
        ) from None
    except ValueError as error:
        raise ConfigError(f"cannot change {key} in {file}", cause=str(error), hint=f"edit {file}") from error
    config.checked(file, tomllib.loads(after), personal=not project)
    if path == ("cache",) and value is not None:
        _check_cache(value)
    _write(file, after)
    return ChangedSetting(file=file, key=key, value=value)


def _check_cache(value: str) -> None:
    """Create the cache folder. Raises `ConfigError` if it cannot be used."""
    folder = address.expanded(value)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConfigError(
            f"cannot use {folder} as the cache", cause=error.strerror or str(error), hint="name a folder that you own"
        ) from error
    private.require_private(folder)


def key_path(key: str) -> tuple[str, ...]:
    """The path of a key in a file, such as `("limits", "seconds")`. Raises `UsageError` if it is not a setting."""
    table, dot, name = key.partition(".")
    if table == "answers" and name:
        return (table, name)
    if key in NAMES and key != "answers.QUESTION":
        return (table, name) if dot else (key,)
    raise UsageError(f"{key!r} is not a setting", hint=nearest(key, NAMES, command="paved config show"))


def project_file() -> Path:
    """The project's file: the nearest one in the current folder or above it, or a new one at the repository's root.

    Raises `UsageError` outside a repository.
    """
    here = Path.cwd()
    found = config.project_file(here)
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    if found is None and root is None:
        raise UsageError(f"{here} is not in a repository", hint="leave out --project to change your own file")
    return found or Path(str(root), config.PROJECT_FILE)


def files() -> list[tuple[str, Path]]:
    """The files of settings and whose they are: the person's, then the project's, which overrides it."""
    found = config.project_file(Path.cwd())
    return [("user", config.user_file()), *([("project", found)] if found else [])]


def _value(path: tuple[str, ...], values: Sequence[str], *, file: Path, project: bool) -> Any:
    if path == ("trust",):
        return list(values)
    if len(values) > 1:
        raise UsageError(f"{'.'.join(path)} takes one value", cause=" ".join(values), hint="quote the value")
    (text,) = values
    if path == ("road",) and address.is_relative(text):
        # A relative path in a file starts at the file; a typed one starts at the current folder.
        typed = os.path.abspath(text)
        return f"./{os.path.relpath(typed, file.parent)}" if project else typed
    if path[0] in ("limits", "answers"):
        with contextlib.suppress(tomllib.TOMLDecodeError):
            found = tomllib.loads(f"value = {text}")
            if len(found) == 1 and isinstance(found["value"], bool | int | float | str | list):
                return found["value"]
    return text


def _text(file: Path, *, personal: bool) -> str:
    """The content of the file; "" if there is none."""
    try:
        return (file.read_bytes() if personal else contained.read_regular(file.parent, file.name)).decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{file} is not TOML", cause=f"the byte at {error.start} is not UTF-8", hint=f"edit {file}"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"cannot read {file}", cause=error.strerror or str(error), hint=f"edit or remove {file}"
        ) from error


def _write(file: Path, text: str) -> None:
    """Write the whole file or nothing. A link into somebody's dotfiles stays a link."""
    target = Path(os.path.realpath(file))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(text.encode())
        Path(name).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
