"""The Jinja environment of a template: sandboxed, with Copier's filters, compiled once per release."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from paved_road.errors import TemplateError
from paved_road.render.config import TemplateConfig
from paved_road.tree import File, Mode

_UNDEFINED = {"jinja2.Undefined": jinja2.Undefined, "jinja2.StrictUndefined": jinja2.StrictUndefined}


class _Sandbox(SandboxedEnvironment):
    """Jinja's sandbox, less what it would let a template do with a path object (as Copier's has it)."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, PurePath) and attr == "parser":
            return False
        return super().is_safe_attribute(obj, attr, value)


def make(config: TemplateConfig, files: Mapping[str, File], *, compiled: Path | None = None) -> jinja2.Environment:
    """The environment that renders a template's files. `compiled` is a folder that keeps compiled templates.

    Raises `TemplateError` for options Jinja does not take. Templates see the files of their own release only.
    """
    options = config.environment_options
    if undefined := options.get("undefined"):
        if undefined not in _UNDEFINED:
            raise TemplateError(f"_envops: undefined cannot be {undefined!r}", hint=f"use {' or '.join(_UNDEFINED)}")
        options["undefined"] = _UNDEFINED[undefined]
    cache = None
    if compiled is not None:
        # The cache's key is a template's name and source; the same source compiles differently under other options.
        flavour = hashlib.sha256(
            repr((sorted(config.environment_options.items(), key=str), jinja2.__version__, sys.version)).encode()
        )
        compiled.mkdir(parents=True, exist_ok=True, mode=0o700)
        cache = jinja2.FileSystemBytecodeCache(str(compiled), f"{flavour.hexdigest()[:16]}-%s")
    try:
        environment = _Sandbox(
            loader=jinja2.FunctionLoader(partial(_source, files)),
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
            bytecode_cache=cache,
            **options,
        )
    except TypeError as error:
        raise TemplateError("the template's _envops are not options of Jinja", cause=str(error)) from error
    environment.filters["to_json"] = partial(environment.filters["to_json"], default=_jsonable)
    environment.globals["pathjoin"] = _pathjoin
    return environment


def _source(files: Mapping[str, File], name: str) -> str | None:
    file = files.get(name)
    return None if file is None or file.mode is Mode.SYMLINK else file.data.decode("utf-8")


def _jsonable(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


_PATHS = {"posix": PurePosixPath, "windows": PureWindowsPath, "native": PurePath}


def _pathjoin(*path: str, mode: str = "posix") -> str:
    return str(_PATHS[mode](*path))


def operating_system() -> str | None:
    """Copier's name for it: linux, macos, windows."""
    names = {"linux": "linux", "darwin": "macos", "win32": "windows"}
    return names.get(sys.platform)


SEPARATOR = os.sep
