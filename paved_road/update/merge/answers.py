"""The three-way merge of answers files, question by question.

Git merges by lines and makes one conflict of all changes on adjacent lines. A person who then takes one side of it
drops answers that only the other side has, or that both sides agree on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from paved_road import git
from paved_road.update.merge import structured

Entries = dict[str, bytes]
"""The lines of each question and its answer, by the question; "" has the lines before the first one."""


def merge_answers_files(name: str, base: bytes, ours: bytes, theirs: bytes, *, newer_is_ours: bool) -> bytes:
    """The answers of both sides, with conflict markers around each question that they answered differently.

    A file that is not a plain list of questions and answers is merged by lines, as git merges a text.
    """
    try:
        sides = _entries(base), _entries(ours), _entries(theirs)
    except ValueError:
        return _by_lines(name, base, ours, theirs)
    first, second = sides[1:] if newer_is_ours else (sides[2], sides[1])
    questions = _in_order(list(first), list(second))
    return b"".join(_merge_answer(name, *(side.get(question, b"") for side in sides)) for question in questions)


def differ_only_in_order(one: bytes, other: bytes) -> bool:
    """Whether two answers files differ in nothing but the order of their questions."""
    if one == other or sorted(one.splitlines()) != sorted(other.splitlines()):
        return False
    try:
        return _entries(one) == _entries(other)
    except ValueError:
        return False


def _merge_answer(name: str, base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """One question with the answer of the side that changed it; with conflict markers if both did."""
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    marked = b"".join((b"<<<<<<< ours\n", ours, b"||||||| base\n", base, b"=======\n", theirs, b">>>>>>> theirs\n"))
    decided = structured.resolve_conflicts(name, base or b"{}\n", ours or b"{}\n", theirs or b"{}\n", marked)
    return marked if decided is None else decided


def _by_lines(name: str, base: bytes, ours: bytes, theirs: bytes) -> bytes:
    text, clean = git.merge_texts(base, ours, theirs)
    decided = None if clean else structured.resolve_conflicts(name, base or b"{}\n", ours, theirs, text)
    return text if decided is None else decided


def _entries(text: bytes) -> Entries:
    """The lines of an answers file by question. Raises `ValueError` unless each question starts a line, once."""
    import yaml

    from paved_road.files import yml

    try:
        places = [(str(where[0]), line) for where, line in yml.key_lines(text.decode()).items() if len(where) == 1]
        twice = list(yml.duplicate_keys(text.decode()))
    except yaml.YAMLError as error:
        raise ValueError from error
    lines = text.splitlines(keepends=True)
    starts = [line - 1 for _, line in places]
    if twice or starts != sorted(set(starts)) or any(lines[start][:1] in (b" ", b"{", b"[", b"-") for start in starts):
        raise ValueError
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += b"\n"
    pieces = zip(["", *(question for question, _ in places)], [0, *starts], [*starts, len(lines)], strict=True)
    return {question: b"".join(lines[start:end]) for question, start, end in pieces}


def _in_order(newer: list[str], older: list[str]) -> Iterable[str]:
    """The questions of both sides: sorted if both are, else the older side's are inserted after their predecessors."""
    if newer == sorted(newer) and older == sorted(older):
        return sorted({*newer, *older})
    questions = list(newer)
    for predecessor, question in itertools.pairwise(older):
        if question not in questions:
            questions.insert(questions.index(predecessor) + 1, question)
    return questions
