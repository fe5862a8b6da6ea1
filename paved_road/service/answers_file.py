"""A service's answers file: the answers in it, and what it says about the release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paved_road.errors import ServiceError
from paved_road.files import contained
from paved_road.git import address
from paved_road.service.repair import has_markers, hint_to_restore
from paved_road.settings import whereabouts

DEFAULT = whereabouts.ANSWERS_FILE
"""The answers file of a template that does not name one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What an answers file states: the release (`_commit`) and the road (`_src_path`); None for what it does not."""

    commit: str | None = None
    road: str | None = None


NOTHING_STATED = Stated()


def parse_stated(answers: bytes) -> Stated:
    """Read the release and the road that this content of an answers file states.

    Loading a YAML parser takes longer than all of `paved drift`, so this looks for two lines as Copier and paved write
    them, and parses only what is written in another way. Content that is no YAML states nothing; whoever reads the
    answers reports it.
    """
    found: dict[str, str | None] = {}
    for name, rest, more in _STATED.findall(answers):
        value = rest.strip()
        plain = _PLAIN.fullmatch(value)
        if more or plain is None:
            return _parsed(answers)
        text = plain[2] if plain[1] is None else plain[1]
        found[name.decode()] = None if value in (b"", b"~", b"null") else text.decode("utf-8", "surrogateescape")
    if any(name not in found and name.encode() in answers for name in ("_commit", "_src_path")):
        return _parsed(answers)
    return _of_road(found.get("_commit"), found.get("_src_path"))


_STATED = re.compile(rb"^(_commit|_src_path):(.*)$((?:\n[ \t]+\S.*)*)", re.MULTILINE)
_PLAIN = re.compile(rb"([\w/.~(-](?:[^'\"#]|(?<=\S)#)*|)|'([^']*)'")


def _parsed(answers: bytes) -> Stated:
    import yaml

    from paved_road.files import yml

    try:
        facts = yml.load(answers)
        stated = (facts.get("_commit"), facts.get("_src_path"))
    except (yaml.YAMLError, AttributeError):
        return NOTHING_STATED
    commit, road = (None if fact is None else str(fact) for fact in stated)
    return _of_road(commit, road)


def _of_road(commit: str | None, source: str | None) -> Stated:
    return Stated(commit=commit, road=None if source is None else address.as_recorded(source)[0])


def read_stated(folder: Path, name: str) -> Stated:
    """Read what an answers file states: nothing if it cannot be read, which whoever reads the answers reports."""
    try:
        return parse_stated(contained.read_regular(folder, name))
    except OSError:
        return NOTHING_STATED


class AnswersFile(Mapping[str, Any]):
    """The content of an answers file, read on first use: a command that needs only the lock loads no YAML parser."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._facts: Mapping[str, Any] | None = None

    def _read(self) -> Mapping[str, Any]:
        if self._facts is None:
            self._facts = read_answers_file(self._folder, self._name)
        return self._facts

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def read_answers_file(folder: Path, name: str) -> dict[str, Any]:
    """Read a service's answers file. Raises `ServiceError` if it is missing or does not map questions to answers."""
    import yaml

    from paved_road.files import yml

    file = folder / name
    try:
        content = contained.read_regular(folder, name)
    except OSError as error:
        hint = hint_to_restore(folder, name)
        raise ServiceError(f"cannot read {file}", cause=error.strerror or str(error), hint=hint) from error
    hint = hint_to_restore(folder, name, content)
    try:
        facts = yml.load(content)
    except yaml.YAMLError as error:
        cause = "it has the markers of a merge conflict" if has_markers(content) else yml.message_of(error)
        raise ServiceError(f"{file} {yml.what_is_wrong(error)}", cause=cause, hint=hint) from error
    if not isinstance(facts, dict) or not all(isinstance(key, str) for key in facts):
        cause = "" if content.strip() else "it is empty"
        raise ServiceError(f"{file} does not map questions to answers", cause=cause, hint=hint)
    return facts
