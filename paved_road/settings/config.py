"""paved's own settings, and where the value of each comes from.

In order of precedence: a flag, the environment, the project's `.paved.toml`, the user's `config.toml`, the default. A
project's file cannot set trust, the cache or limits, because those belong to the person.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from paved_road.errors import ConfigError, nearest
from paved_road.files import contained
from paved_road.git import address
from paved_road.process.limits import Limits
from paved_road.settings.trust import Trust, read_trust

BUILT_IN = "paved:built-in"
"""The source recorded for the built-in road: stable wherever paved is installed."""

PROJECT_FILE = ".paved.toml"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Value(Generic[T]):
    """A setting's value, and where it comes from."""

    value: T
    origin: str
    """flag, environment, project, user or default."""
    where: str = ""
    """The flag, variable or file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Every setting."""

    road: Value[str]
    """The road to use without `--road`: a URL, a path, a `gh:` shortcut or the built-in one."""
    template: Value[str | None]
    """The template to use if none is named."""
    trust: Value[list[Trust]]
    """Roads whose templates may run code."""
    cache: Value[str]
    """The folder of fetched roads."""
    answers: Value[dict[str, Any]]
    """Default answers by question."""
    limits: Value[Limits]
    """What a template may cost."""
    files: tuple[Path, ...] = ()
    """The files that were read."""

    @property
    def is_for_readers(self) -> bool:
        """Whether a command that only reads may fetch the road: a person named it, or trusts it."""
        return self.road.origin != "project" or self.trusts(self.road.value)

    @property
    def cache_dir(self) -> Path:
        """The cache as a path."""
        return address.expanded(self.cache.value)

    def trust_in(self, source: str) -> Trust | None:
        """The trust that the person put in this road. Of several, the narrowest that demands a signature."""
        found = [trust for trust in self.trust.value if address.is_within(source, trust.road)]
        return max(found, key=lambda trust: (bool(trust.signed_by), len(trust.road)), default=None)

    def signers(self, source: str) -> tuple[str, ...]:
        """The keys that may sign a release of this road; none if no signature is demanded."""
        found = self.trust_in(source)
        return found.signed_by if found else ()

    def trusts(self, source: str) -> bool:
        """Whether the person allows this road's templates to run code."""
        return self.trust_in(source) is not None


_TYPES: Mapping[str, type[Any]] = {
    "road": str, "template": str, "trust": list, "cache": str, "answers": dict, "limits": dict,
}  # fmt: skip
_IN_WORDS: Mapping[type[Any], tuple[str, str]] = {
    str: ("text", '"..."'),
    list: ("a list", '["..."]'),
    dict: ("a table", '{question = "answer"}'),
}
"""The name of each type in messages, and an example."""
_PERSONAL = frozenset({"trust", "cache", "limits"})


def user_file() -> Path:
    """The user's configuration file, whether it exists or not."""
    from platformdirs import user_config_path

    named = os.environ.get("PAVED_CONFIG", "").strip()
    return Path(named or user_config_path("paved", appauthor=False) / "config.toml")


def load_config(flags: Mapping[str, Any] | None = None, *, directory: Path | None = None) -> Config:
    """The settings in force in `directory`, by default the current folder; `flags` are those of the command line.

    Raises `ConfigError` for a file or variable that is wrong.
    """
    from platformdirs import user_cache_path

    values: dict[str, Value[Any]] = {
        "road": Value(value=BUILT_IN, origin="default"),
        "template": Value(value=None, origin="default"),
        "trust": Value(value=[], origin="default"),
        "cache": Value(value=str(user_cache_path("paved", appauthor=False)), origin="default"),
        "answers": Value(value={}, origin="default"),
        "limits": Value(value=Limits(), origin="default"),
    }
    read = []
    for origin, path in (("user", user_file()), ("project", project_file(directory or Path.cwd()))):
        if path is not None and (path.is_file() or path.is_dir() or origin == "project"):
            read.append(path)
            for key, value in _read(path, personal=origin == "user").items():
                merged = {**values["answers"].value, **value} if key == "answers" else value
                values[key] = Value(value=merged, origin=origin, where=str(path))
    values |= _environment()
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    values |= {key: Value(value=value, origin="flag", where=f"--{key}") for key, value in given.items()}
    return Config(**values, files=tuple(read))


def _environment() -> dict[str, Value[Any]]:
    """The settings in PAVED_* variables. PAVED_TRUST separates roads by spaces."""
    found = {key: os.environ.get(f"PAVED_{key.upper()}") for key in ("road", "template", "trust", "cache")}
    return {
        key: Value(
            value=[read_trust(word, "PAVED_TRUST") for word in text.split()] if key == "trust" else text,
            origin="environment",
            where=f"PAVED_{key.upper()}",
        )
        for key, text in found.items()
        if text and text.strip()
    }


def project_file(directory: Path) -> Path | None:
    """The nearest `.paved.toml` in `directory` or above it, up to the repository's root."""
    for folder in (directory, *directory.parents):
        if contained.exists(folder, PROJECT_FILE):
            return folder / PROJECT_FILE
        if (folder / ".git").exists():
            break
    return None


def _read(path: Path, *, personal: bool) -> dict[str, Any]:
    from paved_road.files import toml

    try:
        # The person's own file may be a link into their dotfiles. A project's file may not lead out of the project.
        content = path.read_bytes() if personal else contained.read_regular(path.parent, path.name)
        data = toml.load(content)
    except toml.TomlTooLarge as error:
        raise ConfigError(f"cannot read {path}", cause=str(error), hint=f"edit or remove {path}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML", cause=str(error), hint=f"edit or remove {path}") from error
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}", cause=error.strerror or str(error), hint=f"edit or remove {path}"
        ) from error
    return checked(path, data, personal=personal)


def checked(path: Path, data: Mapping[str, Any], *, personal: bool) -> dict[str, Any]:
    """Check the settings in a file and convert them. Raises `ConfigError` for one that is unknown or wrong."""
    for key, value in data.items():
        if key not in _TYPES:
            raise ConfigError(f"{path} sets {key!r}, which is not a setting", hint=nearest(key, _TYPES))
        if not isinstance(value, _TYPES[key]):
            name, example = _IN_WORDS[_TYPES[key]]
            raise ConfigError(f"{path}: {key} must be {name}", cause=f"it is {value!r}", hint=f"{key} = {example}")
        if key in _PERSONAL and not personal:
            raise ConfigError(
                f"{path} sets {key!r}",
                cause="a project cannot decide whom you trust, where your cache is or what a template may cost",
                hint=f"set it in {user_file()}",
            )
    return {**data} | {key: read(path, data[key]) for key, read in _READ.items() if key in data}


def _limits(path: Path, given: Mapping[str, Any]) -> Limits:
    names = [limit.name for limit in fields(Limits)]
    for name, value in given.items():
        if name not in names:
            raise ConfigError(f"{path} sets limits.{name}, which is not a limit", hint=nearest(name, names))
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**53:
            raise ConfigError(
                f"{path}: limits.{name} must be a number above 0",
                cause=f"it is {value!r}",
                hint=f"{name} = {getattr(Limits(), name)}",
            )
    return Limits(**given)


_READ: Mapping[str, Callable[[Path, Any], Any]] = {
    "limits": _limits,
    "road": lambda path, road: _from(path.parent, road),
    "trust": lambda path, trust: [read_trust(written, str(path)) for written in trust],
}


def _from(folder: Path, road: str) -> str:
    """The road that a file in `folder` names. A relative path starts there."""
    return str(folder.absolute() / road) if address.is_relative(road) else road
