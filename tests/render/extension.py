"""A Jinja extension as a package would bring it, and one that loads extensions from the template's own files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import jinja2
import jinja2.environment
from jinja2.ext import Extension


class Shout(Extension):
    """The filter `shout`."""

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        environment.filters["shout"] = lambda text: f"{text.upper()}!"


class Loader(Extension):
    """`folder/file.py:Class` is a class in a file of the template, as copier-template-extensions has it."""

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        usual = jinja2.environment.import_string  # type: ignore[attr-defined]

        def find(name: str, silent: bool = False) -> Any:
            path, colon, wanted = name.partition(":")
            if not colon:
                return usual(name, silent)
            assert environment.loader is not None
            (root,) = environment.loader.searchpath  # type: ignore[attr-defined]
            spec = importlib.util.spec_from_file_location("own", Path(root, path))
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return getattr(module, wanted)

        setattr(jinja2.environment, "import_string", find)  # noqa: B010
