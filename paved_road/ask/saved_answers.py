"""Saves answers until the command that asked for them succeeds.

A person does not have to answer again after stopping at a question, after the command fails, or after a dry run. The
answers are files in paved's cache that only this user can read. Answers to secret questions are never written.
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
    """The saved answers of one command to the questions of one topic."""

    def __init__(self, command: str, topic: Topic) -> None:
        key = json.dumps([command, str(topic.destination), topic.road, topic.template])
        self._cache = topic.cache
        self._name = f"{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()}.yml"

    def read(self) -> AnswersSoFar:
        """The saved answers; none if there are none or they are too old."""
        so_far = AnswersSoFar()
        with _as_far_as_possible():
            folder = self._folder()
            if time.time() - (folder / self._name).lstat().st_mtime > cached.DAYS["answers"] * 86400:
                self.forget()
                return so_far
            content = yml.load(contained.read_regular(folder, self._name))
            for name, (value, usual) in content["answers"].items():
                so_far.answers[str(name)] = Answered(value=value, usual=bool(usual))
            so_far.others = content["others"]
        return so_far

    def write(self, so_far: AnswersSoFar) -> bool:
        """Save the answers; False if there are none to save, or if that fails."""
        answers = {name: [answer.value, answer.usual] for name, answer in so_far.answers.items() if not answer.secret}
        with _as_far_as_possible():
            if answers:
                text = yaml.safe_dump({"answers": answers, "others": so_far.others}, sort_keys=False)
                whole.replace_file(self._folder() / self._name, text.encode(errors="surrogateescape"))
                (self._folder() / self._name).chmod(0o600)
                cached.evict_once(self._folder())
                return True
        return False

    def forget(self) -> None:
        """Remove the saved answers."""
        with _as_far_as_possible():
            (self._folder() / self._name).unlink(missing_ok=True)

    def _folder(self) -> Path:
        return private.private_folder(self._cache, "answers")


@contextlib.contextmanager
def _as_far_as_possible() -> Iterator[None]:
    """Ignore faults of the saved answers: at worst the person has to type them again."""
    with contextlib.suppress(OSError, ConfigError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        yield
