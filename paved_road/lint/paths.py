"""The paths that a template's files can have, whatever the answers are: Jinja in a path becomes a wildcard.

A template's path may contain Jinja, and a pattern of owners may contain wildcards. So the pattern can match the path if
some text matches both. An answer in a path stands for any text within one name. That text could be `Dockerfile`; but an
author who writes the pattern `Dockerfile` means a file of the template, so the path and the pattern must also share a
literal part.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import PurePosixPath

import jinja2
from jinja2 import nodes

from paved_road.git.entries import File
from paved_road.render.config import TemplateConfig
from paved_road.render.inprocess import matcher


class Wild(Enum):
    """A wildcard of a pattern or a path."""

    ONE = "one character of a name"
    NAME = "any part of a name"
    ANY = "any text, folders too"
    ANSWER = "the text of an answer, within a name"


Glob = tuple[str | Wild, ...]
"""A pattern or a path, as characters and wildcards."""

_MOST = 64
"""The most results of the conditions in one path. A path with more results may be any path."""


def destinations(config: TemplateConfig, environment: jinja2.Environment, files: Mapping[str, File]) -> list[Glob]:
    """The paths to which the files of a template can be rendered."""
    plain = [str(line) for line in config.exclude]
    is_excluded = matcher(() if any(_has_jinja(line, environment) for line in plain) else tuple(plain))
    globs: dict[Glob, None] = {}
    for path in files:
        for inner in _below_the_root(path, config, environment):
            for glob in _rendered(inner, config, environment):
                fixed = "".join(character for character in glob if isinstance(character, str))
                if len(fixed) < len(glob) or not is_excluded(fixed):
                    globs[glob] = None
    return list(globs)


def meets(left: Glob, right: Glob) -> bool:
    """Whether some text matches both the pattern `left` and the path `right`, and they share a literal part."""
    plain = {character for character in left if isinstance(character, str)} <= {"/"}
    name = right[len(right) - right[::-1].index("/") :] if "/" in right else right

    todo, seen = [(0, 0, plain or name in ((Wild.ANSWER,), (Wild.ANY,)))], set()
    while todo:
        state = i, j, shared = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        next_left, next_right = left[i : i + 1], right[j : j + 1]
        if not next_left and not next_right and shared:
            return True
        todo += _next_states(next_left, next_right, state)
    return False


def _next_states(left: Glob, right: Glob, state: tuple[int, int, bool]) -> Iterator[tuple[int, int, bool]]:
    """The states after one more character. `left` and `right` are the next character of each, empty at its end."""
    i, j, shared = state
    if left and isinstance(left[0], Wild) and left[0] is not Wild.ONE:
        yield i + 1, j, shared
        if right and _includes(left[0], right[0]):
            yield i, j + 1, shared
    elif right and isinstance(right[0], Wild) and right[0] is not Wild.ONE:
        yield i, j + 1, shared
        if left and _includes(right[0], left[0]):
            yield i + 1, j, shared
    elif left and right and _same(left[0], right[0]):
        yield i + 1, j + 1, shared or (left == right and left[0] != "/")


def _includes(wild: Wild, other: str | Wild) -> bool:
    """Whether a wildcard can stand for a character: only `Wild.ANY` stands for a slash."""
    return wild is Wild.ANY or other != "/"


def _same(left: str | Wild, right: str | Wild) -> bool:
    """Whether two characters can be the same; a wildcard can be any but a slash."""
    if isinstance(left, Wild) or isinstance(right, Wild):
        return "/" not in (left, right)
    return left == right


def pattern(text: str) -> list[Glob]:
    """The globs of a pattern in gitignore's syntax: for the path that it matches, and for everything below it."""
    body = text.removeprefix("!").rstrip("/")
    folder = text.endswith("/") and not body.endswith("**")
    tokens: list[str | Wild] = [] if "/" in body else [Wild.ANY]
    rest = body.removeprefix("/")
    while rest:
        if rest.startswith("**"):
            tokens.append(Wild.ANY)
            rest = rest.lstrip("*").removeprefix("/")
        elif rest.startswith("[") and "]" in rest[2:]:
            tokens.append(Wild.ONE)
            rest = rest[rest.index("]", 2) + 1 :]
        else:
            escaped = rest[0] == "\\" and len(rest) > 1
            tokens.append(rest[1] if escaped else {"*": Wild.NAME, "?": Wild.ONE}.get(rest[0], rest[0]))
            rest = rest[2 if escaped else 1 :]
    below = (*tokens, "/", Wild.ANY)
    return [below] if folder else [tuple(tokens), below]


def literal(path: str) -> Glob:
    """The glob of a path without wildcards."""
    return tuple(path)


# -- paths of a template -----------------------------------------------------------------------------------------------


def _below_the_root(path: str, config: TemplateConfig, environment: jinja2.Environment) -> Iterator[str]:
    """The path relative to `_subdirectory`, which may depend on an answer. Yields nothing for files outside of it."""
    roots = [tuple(way) for way in _ways(config.subdirectory, config, environment)]
    for parent in PurePosixPath(path).parents:
        folder = "" if str(parent) == "." else str(parent)
        if any(meets(literal(folder), _trimmed(root)) for root in roots):
            yield path[len(folder) :].removeprefix("/")


def _trimmed(root: Glob) -> Glob:
    """A folder without leading `./` and trailing `/`; empty for the template's root."""
    trimmed = root
    while trimmed[:2] == (".", "/"):
        trimmed = trimmed[2:]
    while trimmed[-1:] == ("/",) or trimmed == (".",):
        trimmed = trimmed[:-1]
    return trimmed


def _rendered(path: str, config: TemplateConfig, environment: jinja2.Environment) -> Iterator[Glob]:
    """The paths to which a file can be rendered. Yields nothing if it is always left out."""
    suffix = config.suffix
    parts = [_ways(part, config, environment) for part in PurePosixPath(path.removesuffix(suffix)).parts]
    for ways in itertools.islice(itertools.product(*parts), _MOST):
        if all(ways):  # if a part renders to nothing, the file is left out
            yield tuple(itertools.chain(*(("/", *way) for way in ways)))[1:]


def _ways(text: str, config: TemplateConfig, environment: jinja2.Environment) -> list[Glob]:
    """The texts to which a part of a path can render."""
    if not _has_jinja(text, environment):
        return [tuple(text)]
    try:
        return _texts(environment.parse(text).body, config)
    except jinja2.TemplateError:  # such as `yield`, which only Copier knows
        return [(Wild.ANY,)]


def _texts(body: list[nodes.Node], config: TemplateConfig) -> list[Glob]:
    """The texts to which nodes of a template, one after the other, can render."""
    texts: list[Glob] = [()]
    for node in body:
        ways = _node_texts(node, config)
        texts = [before + way for before in texts for way in ways]
        if len(texts) > _MOST:
            return [(Wild.ANY,)]
    return list(dict.fromkeys(texts))


def _node_texts(node: nodes.Node, config: TemplateConfig) -> list[Glob]:
    """The texts to which one node can render."""
    match node:
        case nodes.Output():
            texts = _texts(list(node.nodes), config)
        case nodes.TemplateData():
            texts = [tuple(node.data)]
        case nodes.Const():
            texts = [tuple(str(node.value))]
        case nodes.If():
            branches = [node.body, *(branch.body for branch in node.elif_), node.else_]
            texts = [way for branch in branches for way in _texts(branch, config)]
        case nodes.CondExpr():
            texts = [*_node_texts(node.expr1, config), *(_node_texts(node.expr2, config) if node.expr2 else [()])]
        case nodes.Assign():
            texts = [()]
        case nodes.Getattr(attr="answers_file"):
            texts = [tuple(config.answers_file)]
        case nodes.For() | nodes.CallBlock() | nodes.Include():
            texts = [(Wild.ANY,)]
        case _:
            texts = [(Wild.ANSWER,)]
    return texts


def _has_jinja(text: str, environment: jinja2.Environment) -> bool:
    marks = (environment.block_start_string, environment.variable_start_string, environment.comment_start_string)
    return any(mark in text for mark in marks)
