"""Conflicts in TOML, YAML and JSON that only look like conflicts, and merges that only look clean.

The parsed data of the three sides is merged first; then a text is sought, among the conflict's own lines, that parses
to the merged data. So comments and layout survive, and no file is written whose data is not the merged data.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from paved_road.files import contained, toml

if TYPE_CHECKING:
    from paved_road.files.yml import Loader

_CONFLICT = re.compile(
    rb"^<{7} [^\n]*\n(?P<ours>.*?)^\|{7} [^\n]*\n(?P<base>.*?)^={7}\n(?P<theirs>.*?)^>{7} [^\n]*\n",
    re.MULTILINE | re.DOTALL,
)
_MOST_TEXTS = 400
"""Each conflict region has a handful of possible texts; trying more combinations than this takes too long."""


class _Ambiguous(Exception):
    """Both sides changed the same thing in different ways."""


_ABSENT: Final = object()


def _load_yaml(data: bytes) -> Any:
    from paved_road.files import yml

    return yml.load_all(data, _strict_loader())


@functools.cache
def _strict_loader() -> type[Loader]:
    """YAML forbids a duplicate key, but the libraries take the last one."""
    from yaml.constructor import ConstructorError

    from paved_road.files.yml import Loader

    class Strict(Loader):
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value if not key.tag.endswith(":merge")]
            if len(set(map(repr, keys))) < len(keys):
                raise ConstructorError(None, None, "a key is there twice", node.start_mark)
            return dict(super().construct_mapping(node, deep=deep))

    return Strict


def _load_json(data: bytes) -> Any:
    return json.loads(data, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("a key is there twice")
    return mapping


def _load_toml(data: bytes) -> Any:
    return toml.load(data, limit=contained.LIMIT)


_PARSERS: dict[str, Callable[[bytes], Any]] = {
    "toml": _load_toml,
    "json": _load_json,
    "yaml": _load_yaml,
    "yml": _load_yaml,
}


def _parser(path: str) -> Callable[[bytes], Any] | None:
    return _PARSERS.get(path.rsplit(".", 1)[-1].lower())


def _parsed(parser: Callable[[bytes], Any] | None, data: bytes) -> Any:
    """The parsed data; `_ABSENT` if it does not parse or no parser is known."""
    if parser is None:
        return _ABSENT
    import yaml

    try:
        return parser(data)
    except (ValueError, TypeError, RecursionError, yaml.YAMLError):
        return _ABSENT


def find_fault(path: str, base: bytes, ours: bytes, theirs: bytes, merged: bytes) -> str:
    """What is wrong with the data of a merge that is clean as text; "" if nothing is, or if a side does not parse."""
    parser = _parser(path)
    sides = [_parsed(parser, side) for side in (base, ours, theirs)]
    if any(side is _ABSENT for side in sides):
        return ""
    data = _parsed(parser, merged)
    if data is _ABSENT:
        return "the merge is clean as text but no longer parses"
    try:
        is_right = _same(data, _merge(*sides))
    except _Ambiguous:
        return ""
    return "" if is_right else "the merge is clean as text but puts a change in another place"


def resolve_conflicts(path: str, base: bytes, ours: bytes, theirs: bytes, conflicted: bytes) -> bytes | None:
    """The file with every conflict region resolved; None if a person has to decide."""
    parser = _parser(path)
    sides = [_parsed(parser, side) for side in (base, ours, theirs)]
    if any(side is _ABSENT for side in sides):
        return None
    try:
        merged = _merge(*sides)
    except _Ambiguous:
        return None
    return next((text for text in _texts(conflicted) if _same(_parsed(parser, text), merged)), None)


def _texts(conflicted: bytes) -> Iterator[bytes]:
    """The texts that have both sides' changes in each region, in either order, with the commas they need."""
    regions = list(_CONFLICT.finditer(conflicted))
    if not regions:
        return
    choices = itertools.product(*(_candidates(*region.group("base", "ours", "theirs")) for region in regions))
    for choice in itertools.islice(choices, _MOST_TEXTS):
        pieces, at = [], 0
        for region, text in zip(regions, choice, strict=True):
            pieces += [conflicted[at : region.start()], text]
            at = region.end()
        yield b"".join(pieces) + conflicted[at:]


def _candidates(base: bytes, ours: bytes, theirs: bytes) -> list[bytes]:
    before, mine, yours = (side.splitlines(keepends=True) for side in (base, ours, theirs))
    my_part = b"".join(line for line in mine if line in yours or line not in before)
    their_part = b"".join(line for line in yours if line in mine or line not in before)
    my_news = b"".join(line for line in mine if line not in before)
    their_news = b"".join(line for line in yours if line not in before)
    my_own = b"".join(line for line in mine if line not in before and line not in yours)
    their_own = b"".join(line for line in yours if line not in before and line not in mine)
    texts: list[bytes] = []
    for first, second in (
        (my_part, their_news), (their_news, my_part), (their_part, my_news), (my_news, their_part),
        (my_part, their_own), (their_part, my_own),
    ):  # fmt: skip
        texts += [first + second, _with_comma(first) + second, _with_comma(first) + _without_comma(second)]
    return list(dict.fromkeys(texts))


def _with_comma(lines: bytes) -> bytes:
    stripped = lines.rstrip()
    return lines if not stripped or stripped.endswith(b",") else stripped + b"," + lines[len(stripped) :]


def _without_comma(lines: bytes) -> bytes:
    stripped = lines.rstrip()
    return stripped.removesuffix(b",") + lines[len(stripped) :]


def _merge(base: Any, ours: Any, theirs: Any) -> Any:
    """The three-way merge of parsed data. Raises `_Ambiguous` if a person has to decide."""
    before, mine, yours = _key(base), _key(ours), _key(theirs)
    if yours in (mine, before):
        return ours
    if mine == before:
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        sides = (base if isinstance(base, dict) else {}), ours, theirs
        return {
            key: value
            for key in {**ours, **theirs}
            if (value := _merge(*(side.get(key, _ABSENT) for side in sides))) is not _ABSENT
        }
    if isinstance(base, list) and isinstance(ours, list) and isinstance(theirs, list):
        return _merge_lists(base, ours, theirs)
    raise _Ambiguous


def _merge_lists(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """The list with what a side added and without what a side removed; items with a name are merged inside."""
    sides = base, ours, theirs
    if all(len(side) == 1 for side in sides):
        return [_merge(base[0], ours[0], theirs[0])]  # such as a YAML file of one document
    if (named := _by_name(*sides)) is not None and _in_order([list(side) for side in named]):
        return list(_merge(*named).values())
    keys = [[_key(item) for item in side] for side in sides]
    if any(len(set(side)) < len(side) for side in keys) or not _in_order(keys):
        raise _Ambiguous  # which of two equal items did a side change? does the order matter?
    before, mine, yours = (dict(zip(side_keys, side, strict=True)) for side_keys, side in zip(keys, sides, strict=True))
    added_by_us = {key: item for key, item in mine.items() if key not in before}
    added_by_them = {key: item for key, item in yours.items() if key not in before and key not in mine}
    if (added_by_us or added_by_them) and before.keys() - mine.keys() - yours.keys():
        raise _Ambiguous  # an item that both removed may have been replaced by one of them
    if any(isinstance(item, dict) for item in (*added_by_us.values(), *added_by_them.values())) and _removed(
        before, mine, yours
    ):
        raise _Ambiguous  # a nameless item may have been changed on one side and removed on the other
    if {_requirement(item) for item in added_by_us.values()} & {_requirement(item) for item in added_by_them.values()}:
        raise _Ambiguous  # both added the same requirement, in other versions
    return [item for key, item in before.items() if key in mine and key in yours] + [
        *added_by_us.values(), *added_by_them.values(),
    ]  # fmt: skip


def _removed(before: dict[str, Any], mine: dict[str, Any], yours: dict[str, Any]) -> bool:
    """Whether both sides lack items that the base has."""
    return bool(before.keys() - mine.keys()) and bool(before.keys() - yours.keys())


_NAMES = ("name", "id", "key", "alias", "path", "url", "repo", "title", "job_name", "alert", "record", "uid")


def _by_name(*sides: list[Any]) -> list[dict[Any, Any]] | None:
    """The lists as mappings, if one key names each item of every list uniquely."""
    items = [item for side in sides for item in side]
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    for key in _NAMES:
        names = [[item.get(key) for item in side] for side in sides]
        if all(_are_names(some) for some in names):
            return [dict(zip(some, side, strict=True)) for some, side in zip(names, sides, strict=True)]
    documents = [[_document(item) for item in side] for side in sides]
    if all(_are_names(some) for some in documents):
        return [dict(zip(some, side, strict=True)) for some, side in zip(documents, sides, strict=True)]
    return None


def _are_names(some: list[Any]) -> bool:
    return all(isinstance(one, str | int) for one in some) and len(set(some)) == len(some)


def _document(item: dict[str, Any]) -> str | None:
    """What names a Kubernetes document."""
    metadata = item.get("metadata")
    if not isinstance(metadata, dict) or "kind" not in item:
        return None
    return f"{item['kind']} {metadata.get('namespace')} {metadata.get('name')}"


def _requirement(item: Any) -> Any:
    """The package of a requirement (`httpx` in `httpx[http2]>=1`); the key of any other item."""
    name = re.match(r"([A-Za-z0-9][\w.-]*)\s*($|[\[<>=!~@;(])", item) if isinstance(item, str) else None
    return re.sub(r"[-_.]+", "-", name[1]).lower() if name else _key(item)


def _in_order(sides: Iterable[list[Any]]) -> bool:
    """Whether the items that all sides have are in the same order in each: the order may matter."""
    known = [list(side) for side in sides]
    common = set(known[0]).intersection(*known[1:])
    orders = [[one for one in side if one in common] for side in known]
    return all(order == orders[0] for order in orders)


def _same(one: Any, other: Any) -> bool:
    """Whether two data are equal, apart from the order of lists."""
    return _key(one, ordered=False) == _key(other, ordered=False)


def _key(item: Any, *, ordered: bool = True) -> str:
    """A key that equal data share: 1, 1.0 and True differ, the order of a mapping's keys does not count."""
    if isinstance(item, dict):
        pairs = (f"{_key(key)}: {_key(value, ordered=ordered)}" for key, value in item.items())
        return "{" + ", ".join(sorted(pairs)) + "}"
    if isinstance(item, list):
        keys = [_key(one, ordered=ordered) for one in item]
        return "[" + ", ".join(keys if ordered else sorted(keys)) + "]"
    return f"{type(item).__name__} {item!r}"
