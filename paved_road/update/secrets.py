"""Secret answers: they are in the service's files and in no record, so a release can only be rendered without them.

What they made of the old release's files is known all the same: the difference between those files and the same
release rendered with the stand-ins that the new one is rendered with. It is put on top of the new release's files, and
the update goes on as if the answers had been recorded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from paved_road.errors import AnswerError, TemplateError
from paved_road.git import Scratch
from paved_road.git.entries import File, Files, Snapshot
from paved_road.render import CompiledTemplate
from paved_road.render.context import SettledAnswers, parsed
from paved_road.service.model import Service
from paved_road.update.merge.trees import Sides, merge_trees


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """The base, the new release's files that have secret answers in them now, and what a person should know."""

    base: Files
    filled: Mapping[str, File] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find(
    before: CompiledTemplate | None, form: CompiledTemplate, service: Service, given: Collection[str]
) -> frozenset[str]:
    """Questions that the service has answered although no record says how, and that are not answered anew.

    Without the old release (`before`) that may be any secret one. Those of which it cannot be known are refused.
    """
    answered = (before or form).config.secret & form.config.questions.keys()
    if answered and before is not None:
        with contextlib.suppress(AnswerError, TemplateError):
            answered -= before.settle(service.path, given={}, recorded=service.answers).hidden
    answered -= service.answers.keys()
    missing = answered.difference(given)
    if missing and answered & set(given):
        raise _needed(missing, "another secret answer is given, and their lines cannot be told apart")
    if public := missing - form.config.secret:
        raise _needed(public, f"{form.release.version} records it, and until now it was secret")
    return missing


def stand_ins(names: Iterable[str], book: SettledAnswers) -> dict[str, Any]:
    """What the new release was rendered with instead."""
    return {name: parsed(book.answered[name]) for name in names if name in book.answered}


def carry(
    scratch: Scratch, names: Collection[str], base: Files, plain: Files | None, theirs: Files,
    moves: Mapping[str, str], committed: Snapshot,
) -> Carried:  # fmt: skip
    """Put the secret answers that `base` was rendered with into `theirs`; `plain` is `base` with the stand-ins.

    Where that is not clear, the base has the stand-in: what the service has there counts as its own edit, which no
    merge drops.
    """
    if plain is None:
        raise _needed(names, "the release that the service comes from is gone, or does not take the default")
    if plain.keys() != base.keys():
        raise _needed(names, "it decides which files there are")
    reached = {path: moves.get(path, path) for path, leaf in base.items() if plain[path].blob != leaf.blob}
    reached = {old: new for old, new in reached.items() if new in theirs}
    if not reached:
        return Carried(base=base)
    sides = Sides(
        base=committed.holding({new: plain[old] for old, new in reached.items()}),
        ours={new: base[old] for old, new in reached.items()},
        theirs={new: theirs[new] for new in reached.values()},
        labels=("stand-in", "secret", "release"),
    )  # fmt: skip
    (merged,) = merge_trees(scratch, [sides])
    unclear = {old: new for old, new in reached.items() if new in merged.conflicts or new not in merged.files}
    clear = [new for old, new in reached.items() if old not in unclear]
    leaves = [merged.files[path] for path in clear]
    files = (File(data, leaf.mode) for leaf, data in zip(leaves, scratch.read(leaves), strict=True))
    return Carried(
        base={**base, **{old: plain[old] for old in unclear}},
        filled=dict(zip(clear, files, strict=True)),
        notes=tuple(_notes(names, sorted(unclear.values()))),
    )


def _notes(names: Iterable[str], unclear: Iterable[str]) -> Iterator[str]:
    given = flags(names)
    yield f"secret answers are not recorded; their lines stay as the service has them (to change them: {given})"
    for path in unclear:
        yield f"{path}: the road changed what is beside a secret answer; {given} decides it"


def _needed(names: Iterable[str], cause: str) -> AnswerError:
    shown = ", ".join(repr(name) for name in sorted(names))
    return AnswerError(f"no record has the secret answer to {shown}", cause=cause, hint=flags(names))


def flags(names: Iterable[str]) -> str:
    """The flags that give these answers."""
    return " ".join(f"--data {name}=VALUE" for name in sorted(names))
