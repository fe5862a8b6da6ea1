"""Answers that are kept until what they were given for is done.

A person who stops at a question, whose command fails after the last one, or who looks at a dry run first, does not
answer again. The answers lie in paved's cache, readable by nobody else; those to secret questions are never written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from paved_road.ask.interview import Answered, AnswersSoFar
from paved_road.errors import ConfigError
from paved_road.files import cached, contained, private, whole, yml
from paved_road.render.prompts import Topic


class SavedAnswers:
    """The answers to the questions of one topic, given to one command."""

    def __init__(self, command: str, topic: Topic) -> None:
        key = json.dumps([command, str(topic.destination), topic.road, topic.template])
        self._cache = topic.cache
        self._name = f"{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()}.yml"

    def read(self) -> AnswersSoFar:
        """What was said before; nothing when that was too long ago."""
        said = AnswersSoFar()
        with _as_far_as_possible():
            folder = self._folder()
            if time.time() - (folder / self._name).lstat().st_mtime > cached.DAYS["answers"] * 86400:
                self.forget()
                return said
            found = yml.load(contained.read_regular(folder, self._name))
            for name, (value, usual) in found["answers"].items():
                said.answers[str(name)] = Answered(value=value, usual=bool(usual))
            said.others = found["others"]
        return said

    def write(self, said: AnswersSoFar) -> bool:
        """Keep what was said; False when there is nothing to keep, or no place for it."""
        open_ones = {name: [one.value, one.usual] for name, one in said.answers.items() if not one.secret}
        with _as_far_as_possible():
            if open_ones:
                text = yaml.safe_dump({"answers": open_ones, "others": said.others}, sort_keys=False)
                whole.replace_file(self._folder() / self._name, text.encode(errors="surrogateescape"))
                (self._folder() / self._name).chmod(0o600)
                cached.evict_once(self._folder())
                return True
        return False

    def forget(self) -> None:
        """Remove what is kept."""
        with _as_far_as_possible():
            (self._folder() / self._name).unlink(missing_ok=True)

    def _folder(self) -> Path:
        return private.private_folder(self._cache, "answers")


@contextlib.contextmanager
def _as_far_as_possible() -> Iterator[None]:
    """What cannot be kept, or was kept by another release of paved, only costs the person some typing."""
    with contextlib.suppress(OSError, ConfigError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        yield
