"""paved's own settings: a value, and where it comes from.

A flag beats the environment, the environment the project's `.paved.toml`, that the user's `config.toml`, that the
default. Trust and the cache are a person's business: a project's file cannot set them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from paved_road.errors import ConfigError, nearest
from paved_road.files import contained
from paved_road.git import address
from paved_road.process.limits import Limits
from paved_road.settings.trust import Trust, read_trust

BUILT_IN = "paved:built-in"
"""The source recorded for the built-in road: stable wherever paved is installed."""

PROJECT_FILE = ".paved.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A setting's value and its origin: flag, environment, project, user or default (with the file or variable)."""

    value: Any
    origin: str
    where: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Every setting."""

    road: Value
    """The road used when `--road` is not given: a URL, a path, a `gh:` shortcut or the built-in one."""
    template: Value
    """The template used when none is named."""
    trust: Value
    """Roads whose templates may run code, a list of `Trust`."""
    cache: Value
    """Where fetched roads are kept."""
    answers: Value
    """Default answers by question."""
    limits: Value
    """What a template may cost: `Limits`."""
    files: tuple[Path, ...] = field(default=())

    @property
    def is_for_readers(self) -> bool:
        """Whether a command that only reads may fetch the road: a person names it, not only a project's file."""
        return self.road.origin != "project" or self.trusts(self.road.value)

    @property
    def cache_dir(self) -> Path:
        """The cache as a path."""
        return address.expanded(self.cache.value)

    def trust_in(self, source: str) -> Trust | None:
        """The trust that the person put in this road; where several say so, the narrowest that demands a signature."""
        found = [one for one in self.trust.value if address.is_within(source, one.road)]
        return max(found, key=lambda one: (bool(one.signed_by), len(one.road)), default=None)

    def signers(self, source: str) -> tuple[str, ...]:
        """The keys by one of which a release of this road must be signed; none when no signature is demanded."""
        found = self.trust_in(source)
        return found.signed_by if found else ()

    def trusts(self, source: str) -> bool:
        """Whether the person said that this road's templates may run code."""
        return self.trust_in(source) is not None


_KINDS: Mapping[str, type[Any]] = {
    "road": str, "template": str, "trust": list, "cache": str, "answers": dict, "limits": dict,
}  # fmt: skip
_TOLD: Mapping[type[Any], tuple[str, str]] = {
    str: ("text", '"..."'),
    list: ("a list", '["..."]'),
    dict: ("a table", '{question = "answer"}'),
}
"""What a message calls each kind, and what one looks like."""
_PERSONAL = frozenset({"trust", "cache", "limits"})


def user_file() -> Path:
    """The user's configuration file, whether it exists or not."""
    from platformdirs import user_config_path

    named = os.environ.get("PAVED_CONFIG", "").strip()
    return Path(named or user_config_path("paved", appauthor=False) / "config.toml")


def load_config(flags: Mapping[str, Any] | None = None, *, directory: Path | None = None) -> Config:
    """The settings in force in `directory` (the current one). `flags` holds those given on the command line."""
    from platformdirs import user_cache_path

    values: dict[str, Value] = {
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


def _environment() -> dict[str, Value]:
    """Settings made by PAVED_* variables; PAVED_TRUST lists roads apart by spaces."""
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
    """The nearest `.paved.toml` at or above `directory`, not above the repository's root."""
    for folder in (directory, *directory.parents):
        if contained.exists(folder, PROJECT_FILE):
            return folder / PROJECT_FILE
        if (folder / ".git").exists():
            break
    return None


def _read(path: Path, *, personal: bool) -> dict[str, Any]:
    from paved_road.files import toml

    try:
        # The project's file came with the project; the person's own may well be a link into their dotfiles.
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
    """The settings in a file's data, each as what it means; `ConfigError` for what is none or not as it must be."""
    for key, value in data.items():
        if key not in _KINDS:
            raise ConfigError(f"{path} sets {key!r}, which is not a setting", hint=nearest(key, _KINDS))
        if not isinstance(value, _KINDS[key]):
            kind, example = _TOLD[_KINDS[key]]
            raise ConfigError(f"{path}: {key} must be {kind}", cause=f"it is {value!r}", hint=f"{key} = {example}")
        if key in _PERSONAL and not personal:
            raise ConfigError(
                f"{path} sets {key!r}",
                cause="a project cannot decide whom you trust, where you keep files or what a template may cost",
                hint=f"set it in {user_file()}",
            )
    return {**data} | {key: read(path, data[key]) for key, read in _READ.items() if key in data}


def _limits(path: Path, given: Mapping[str, Any]) -> Limits:
    names = [one.name for one in fields(Limits)]
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
    """A road as a file in `folder` names it: a relative path starts there."""
    return str(folder.absolute() / road) if address.is_relative(road) else road
