"""Filters that read the machine a template is rendered on: a foreign template gets them only if it is trusted.

The rendered files are committed and pushed, so `{{ '$TOKEN' | expandvars }}` would publish a secret of the environment.
For a template without trust, the filters of paths use only the text of a path and never read the disk.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from paved_road.errors import UntrustedTemplate

Filters = dict[str, Callable[..., Any]]

CLOSED = frozenset({"expandvars", "expanduser", "fileglob"})
"""Filters that read the environment, the users and the files of the machine."""

CHANGING = frozenset({"strftime", "ans_random", "shuffle", "random_mac"})
"""Filters whose result differs every time."""


def without_trust() -> Filters:
    """The filters that replace those that read the machine, for a template that is not trusted."""
    return {name: partial(_refuse, name) for name in CLOSED} | {"realpath": _real, "relpath": _relative}


def not_folded(filters: Mapping[str, Callable[..., Any]]) -> Filters:
    """Filters that Jinja must not evaluate at compile time, because compiled templates are cached."""
    return {name: _late(filters[name]) for name in CLOSED | CHANGING | {"realpath", "relpath"} if name in filters}


def _refuse(name: str, *_: Any, **__: Any) -> Any:
    raise UntrustedTemplate(
        f"the template uses the filter {name!r}, which reads this machine",
        cause="what it finds would go into the service's files",
        hint="read the template first; to let it, add --trust",
    )


@pass_context
def _real(context: Context, path: str) -> str:
    return posixpath.normpath(posixpath.join(_here(context), path))


@pass_context
def _relative(context: Context, path: str, start: str = ".") -> str:
    here = _here(context)
    return posixpath.relpath(posixpath.join(here, path), posixpath.join(here, start))


def _here(context: Context) -> str:
    """The service's folder, which relative paths start from wherever the template is rendered."""
    return str(context["_copier_conf"]["dst_path"])


def _late(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter with a context parameter, which prevents Jinja from calling it at compile time."""
    passes = getattr(function, "jinja_pass_arg", None)
    if passes is not None and passes.name == "context":
        return function

    @pass_context
    @wraps(getattr(function, "func", function))
    def late(context: Context, *args: Any, **kwargs: Any) -> Any:
        own = () if passes is None else (context.environment,)
        return function(*own, *args, **kwargs)

    return late
