"""Where the files of a template can be, whatever the answers: paths whose open parts stand for any text.

A path of a template may hold Jinja and a pattern of owners wildcards, so whether the pattern can match is a question of
whether two patterns have a text in common. An answer in a path is taken for one name, or a part of one. It could be
`Dockerfile`; but an author who writes that pattern means a file of the template, so some of a pattern has to stand in
the path as it is written.
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
    """What stands for other characters."""

    ONE = "one character of a name"
    NAME = "any part of a name"
    ANY = "any text, folders too"
    ANSWER = "what an answer brings into a name"


Glob = tuple[str | Wild, ...]
"""A path, character by character."""

_MOST = 64
"""Ways in which conditions in one path can turn out; beyond that the path may be anything."""


def destinations(config: TemplateConfig, environment: jinja2.Environment, files: Mapping[str, File]) -> list[Glob]:
    """Where the files of a template can be rendered to."""
    plain = [str(line) for line in config.exclude]
    left_out = matcher(() if any(_has_jinja(line, environment) for line in plain) else tuple(plain))
    found: dict[Glob, None] = {}
    for path in files:
        for inner in _below_the_root(path, config, environment):
            for glob in _rendered(inner, config, environment):
                fixed = "".join(one for one in glob if isinstance(one, str))
                if len(fixed) < len(glob) or not left_out(fixed):
                    found[glob] = None
    return list(found)


def meets(one: Glob, other: Glob) -> bool:
    """Whether a pattern and a path have a text in common, some of which both write out."""
    plain = {character for character in one if isinstance(character, str)} <= {"/"}
    name = other[len(other) - other[::-1].index("/") :] if "/" in other else other

    todo, seen = [(0, 0, plain or name in ((Wild.ANSWER,), (Wild.ANY,)))], set()
    while todo:
        state = i, j, shared = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        left, right = one[i : i + 1], other[j : j + 1]
        if not left and not right and shared:
            return True
        todo += _onward(left, right, state)
    return False


def _onward(left: Glob, right: Glob, state: tuple[int, int, bool]) -> Iterator[tuple[int, int, bool]]:
    """The states after one more character: `left` and `right` are the next ones of the two, if there are any."""
    i, j, shared = state
    if left and isinstance(left[0], Wild) and left[0] is not Wild.ONE:
        yield i + 1, j, shared
        if right and _takes(left[0], right[0]):
            yield i, j + 1, shared
    elif right and isinstance(right[0], Wild) and right[0] is not Wild.ONE:
        yield i, j + 1, shared
        if left and _takes(right[0], left[0]):
            yield i + 1, j, shared
    elif left and right and _same(left[0], right[0]):
        yield i + 1, j + 1, shared or (left == right and left[0] != "/")


def _takes(wild: Wild, other: str | Wild) -> bool:
    return wild is Wild.ANY or other != "/"


def _same(one: str | Wild, other: str | Wild) -> bool:
    if isinstance(one, Wild) or isinstance(other, Wild):
        return "/" not in (one, other)
    return one == other


def pattern(text: str) -> list[Glob]:
    """A pattern in gitignore's syntax: what it matches itself, and everything below that."""
    text = text.removeprefix("!")
    body = text.rstrip("/")
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
    """A path that is meant as it is written."""
    return tuple(path)


# -- paths of a template -----------------------------------------------------------------------------------------------


def _below_the_root(path: str, config: TemplateConfig, environment: jinja2.Environment) -> Iterator[str]:
    """The path below `_subdirectory`, which may depend on an answer; nothing for what lies elsewhere."""
    roots = [tuple(one) for one in _ways(config.subdirectory, config, environment)]
    for parent in PurePosixPath(path).parents:
        folder = "" if str(parent) == "." else str(parent)
        if any(meets(literal(folder), _trimmed(root)) for root in roots):
            yield path[len(folder) :].removeprefix("/")


def _trimmed(root: Glob) -> Glob:
    """A folder as a path is written: without `./` before and `/` after it."""
    while root[:2] == (".", "/"):
        root = root[2:]
    while root[-1:] == ("/",) or root == (".",):
        root = root[:-1]
    return root


def _rendered(path: str, config: TemplateConfig, environment: jinja2.Environment) -> Iterator[Glob]:
    suffix = config.suffix
    parts = [_ways(part, config, environment) for part in PurePosixPath(path.removesuffix(suffix)).parts]
    for ways in itertools.islice(itertools.product(*parts), _MOST):
        if all(ways):  # a part that renders to nothing takes the file out
            yield tuple(itertools.chain(*(("/", *way) for way in ways)))[1:]


def _ways(text: str, config: TemplateConfig, environment: jinja2.Environment) -> list[Glob]:
    """What a part of a path can be."""
    if not _has_jinja(text, environment):
        return [tuple(text)]
    try:
        return _of(environment.parse(text).body, config)
    except jinja2.TemplateError:  # `yield`, which only Copier knows
        return [(Wild.ANY,)]


def _of(body: list[nodes.Node], config: TemplateConfig) -> list[Glob]:
    """The texts that a piece of a template can render to."""
    found: list[Glob] = [()]
    for node in body:
        ways = _of_one(node, config)
        found = [before + way for before in found for way in ways]
        if len(found) > _MOST:
            return [(Wild.ANY,)]
    return list(dict.fromkeys(found))


def _of_one(node: nodes.Node, config: TemplateConfig) -> list[Glob]:
    match node:
        case nodes.Output():
            found = _of(list(node.nodes), config)
        case nodes.TemplateData():
            found = [tuple(node.data)]
        case nodes.Const():
            found = [tuple(str(node.value))]
        case nodes.If():
            branches = [node.body, *(one.body for one in node.elif_), node.else_]
            found = [way for branch in branches for way in _of(branch, config)]
        case nodes.CondExpr():
            found = [*_of_one(node.expr1, config), *(_of_one(node.expr2, config) if node.expr2 else [()])]
        case nodes.Assign():
            found = [()]
        case nodes.Getattr(attr="answers_file"):
            found = [tuple(config.answers_file)]
        case nodes.For() | nodes.CallBlock() | nodes.Include():
            found = [(Wild.ANY,)]
        case _:
            found = [(Wild.ANSWER,)]
    return found


def _has_jinja(text: str, environment: jinja2.Environment) -> bool:
    marks = (environment.block_start_string, environment.variable_start_string, environment.comment_start_string)
    return any(mark in text for mark in marks)
