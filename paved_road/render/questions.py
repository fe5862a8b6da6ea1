"""A template's questions: defaults, types, choices, conditions and validators, as in Copier.

`settle` goes through the questions in order. A given answer always wins. Otherwise the recorded answer, the person's
own default or the template's is the default; with a terminal, `ask` lets the person change it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import jinja2
import yaml

from paved_road.errors import AnswerError, PavedError, TemplateError, nearest, similar
from paved_road.files import yml
from paved_road.process import limits
from paved_road.render import context, shapes
from paved_road.render.answer_types import CASTS, PARSED, list_items, to_bool, to_yaml, unmarked
from paved_road.render.config import TemplateConfig
from paved_road.render.context import (
    AnswerSources,
    AnswerType,
    External,
    ParsedText,
    SettledAnswers,
    Surroundings,
    parsed,
)
from paved_road.render.prompts import MISSING, NOT_ASKED, Ask, Choice, Prompt, as_text
from paved_road.text.values import short_repr


class _Unset(jinja2.UndefinedError):
    """Raised by a default that evaluates to `UNSET`, which means no default."""


def written(answers: SettledAnswers, config: TemplateConfig) -> dict[str, Any]:
    """Settled answers as Copier takes them as input: it parses and validates them again.

    A recorded value without a question becomes a variable, as it does when Copier reads the answers file.
    """
    stray = {key: value for key, value in answers.recorded.items() if key not in config.questions}
    computed = answers.assumed | answers.hidden - answers.given.keys()
    return stray | {
        key: _written(value, answers.types[key]) for key, value in answers.answered.items() if key not in computed
    }


def written_defaults(answers: SettledAnswers) -> dict[str, Any]:
    """The same for the defaults of secret questions that have no answer."""
    return {key: _written(answers.answered[key], answers.types[key]) for key in answers.assumed}


def _written(value: Any, kind: AnswerType) -> Any:
    if kind.multiselect and isinstance(value, list):
        return [_written(item, AnswerType(kind.type, multiselect=False)) for item in value]
    return as_text(value, kind.type) if isinstance(value, str) else value


def settle(
    config: TemplateConfig,
    environment: jinja2.Environment,
    around: Surroundings,
    sources: AnswerSources,
    *,
    ask: Ask | None = None,
    refused: Callable[[str, PavedError], None] | None = None,
) -> SettledAnswers:
    """Answer every question of a template.

    `refused` is called with the name of a question that cannot be answered, and the reason; that question stays without
    an answer, and the next one follows. Raises `AnswerError` if an answer was given to a question that does not exist.
    Without `refused`, it is also raised for an invalid answer, and for a question with no answer, no default and no
    `ask`.
    """
    for name in sources.given:
        if name not in config.questions:
            raise AnswerError(f"the template asks no question {name!r}", hint=nearest(name, config.questions))
    answers = SettledAnswers(
        given=dict(sources.given),
        metadata=dict(sources.metadata),
        recorded=dict(sources.recorded),
        defaults={key: value for key, value in sources.defaults.items() if key in config.questions},
    )
    for name in config.questions:
        try:
            _Question(name, config, environment, around, answers).settle(ask)
        except (AnswerError, TemplateError) as error:
            if refused is None:
                raise
            refused(name, error)
    return answers


class _Question:
    """One question, with the answers to the questions before it."""

    def __init__(
        self,
        name: str,
        config: TemplateConfig,
        environment: jinja2.Environment,
        around: Surroundings,
        answers: SettledAnswers,
    ) -> None:
        self.name = name
        self.path = config.path
        self.details = config.questions[name]
        self.environment = environment
        self.answers = answers
        self.secret = name in config.secret
        external = External(config.settings.get("external_data", {}), around, self._text)
        self.context: dict[str, Any] = {}
        self.context = context.build(answers, config, around, phase="prompt", external=external)
        with contextlib.suppress(TemplateError):  # it may use answers that are not settled yet
            self.context["_copier_conf"]["answers_file"] = PurePath(self._render(config.answers_file))
        self.type = self._type()
        self.multiselect = bool(shapes.is_yes(self.details.get("multiselect", False)))
        answers.types[name] = AnswerType(self.type, self.multiselect)
        if self.secret and "default" not in self.details:
            raise TemplateError(f"the secret question {name!r} has no default", cause="Copier requires one")

    def settle(self, ask: Ask | None) -> None:
        """Add this question's answer to the answers. Raises `AnswerError` if it has no valid answer and no default."""
        limits.evaluating(f"the question {self.name!r} of the template's {self.path}")
        answers, name = self.answers, self.name
        if name in answers.recorded and (why := self._refused(answers.recorded[name])) is not None:
            answers.refused[name] = why
            del answers.recorded[name]
        if not self._flag("when"):
            answers.hidden.add(name)
            answers.recorded.pop(name, None)
        if name in answers.given:
            answers.answered[name] = self.accept(answers.given[name])
            return
        default = self._default()
        if name in answers.hidden:
            if default is not MISSING:
                answers.answered[name] = default
        elif ask is not None and self._flag("ask") and (answer := ask(self._prompt(default))) is not NOT_ASKED:
            answers.asked.add(name)
            answers.answered[name] = answer
        elif default is not MISSING:
            answers.answered[name] = self._assumed(default)
        elif self._flag("ask"):
            asked = f" ({text})" if (text := " ".join(self._help().split())) else ""
            raise AnswerError(
                f"the question {name!r} has no answer{asked}",
                cause=f"the recorded answer is no longer valid: {answers.refused[name]}"
                if name in answers.refused
                else "it has no default, and nobody was asked: there is no terminal, or --defaults was given",
                hint=self._flag_to_set,
            )

    def _assumed(self, default: Any) -> Any:
        """A default that is used as the answer. As in Copier, a secret question's default is not validated."""
        if not self.secret:
            return self._validated(default)
        self.answers.assumed.add(self.name)
        return default

    def accept(self, raw: Any) -> Any:
        """Parse and validate a raw answer. Raises `AnswerError` if it is not valid."""
        return self._validated(self._parsed(raw))

    # -- the parts of a question ---------------------------------------------------------------------------------

    def _type(self) -> str:
        default = self.details.get("default", MISSING)
        implied = type(default).__name__
        name = str(self._render(self.details.get("type") or (implied if implied in CASTS else "yaml")))
        if name not in CASTS:
            raise TemplateError(f"the question {self.name!r} has the type {name!r}", hint=f"use {', '.join(CASTS)}")
        return name

    @property
    def _flag_to_set(self) -> str:
        return f"--data {self.name}=VALUE"

    def _flag(self, key: str) -> bool:
        return to_bool(self._render(self.details.get(key, True)))

    def _help(self) -> str:
        return str(self._render(self.details.get("help") or "")).strip()

    def _default(self) -> Any:
        if self.name in self.answers.recorded:
            return self._parsed(parsed(self.answers.recorded[self.name]))
        if self.name in self.answers.defaults:
            return self._parsed(self.answers.defaults[self.name])
        default = self.details.get("default", MISSING)
        if default is MISSING:
            return MISSING
        try:
            default = self._render(default, UNSET=_unset())
        except _Unset:
            return MISSING
        return self._parsed(default)

    def _choices(self) -> tuple[Choice, ...]:
        choices = self.details.get("choices") or []
        try:
            if isinstance(choices, str):
                choices = to_yaml(self._render(choices)) or []
            return tuple(map(self._choice, choices.items() if isinstance(choices, dict) else choices))
        except (ValueError, TypeError, KeyError, AnswerError) as error:
            cause = error.cause or error.message if isinstance(error, AnswerError) else yml.message_of(error)
            raise TemplateError(f"the choices of the question {self.name!r} are malformed", cause=cause) from error

    def _choice(self, item: Any) -> Choice:
        label, value = item if isinstance(item, tuple | list) else (item, item)
        refused = ""
        if isinstance(item, tuple | list) and isinstance(value, dict):
            if "value" not in value:
                raise ValueError(f"{label!r} has no value")
            refused = str(self._render(value.get("validator") or ""))
            value = value["value"]
        label = str(self._render(label))
        value = self._render(value)
        # The label is the value of a choice without one: `choices: {one: , two: }`.
        return Choice(label=label, value=self._cast(label if value is None else value), refused=refused)

    def _prompt(self, default: Any) -> Prompt:
        return Prompt(
            name=self.name,
            type=self.type,
            help=self._help(),
            default=default,
            choices=self._choices(),
            multiselect=self.multiselect,
            secret=self.secret,
            multiline=to_bool(self._render(self.details.get("multiline", False))),
            accept=self.accept,
            placeholder=" ".join(str(self._render(self.details.get("placeholder", ""))).split()),
        )

    # -- values --------------------------------------------------------------------------------------------------

    def _refused(self, recorded: Any) -> str | None:
        """Why a recorded answer is no longer valid; None if it is."""
        try:
            self.accept(parsed(recorded))
        except (AnswerError, TemplateError) as error:
            return error.cause or error.message
        return None

    def _validated(self, value: Any) -> Any:
        source = self.details.get("validator") or ""
        complaint = str(self._render(source, **{self.name: value})).strip()
        if complaint:
            if self.secret and complaint not in str(source):
                complaint = "its validator says so, in words that may hold the secret and are not shown"
            raise AnswerError(
                f"the answer to {self.name!r} is not valid{self._shown(value)}", cause=complaint, hint=self._flag_to_set
            )
        return value

    def _parsed(self, raw: Any) -> Any:
        choices = self._choices()
        if not self.multiselect:
            return self._chosen(self._cast(raw), choices)
        items = self._items(raw) if isinstance(raw, str) else raw
        if not isinstance(items, list):
            raise AnswerError(f"the answer to {self.name!r} must be a list", hint=f"--data '{self.name}=[a, b]'")
        wanted = [self._chosen(self._cast(item), choices) for item in items]
        return [choice.value for choice in choices if choice.value in wanted]

    def _items(self, text: str) -> Any:
        try:
            return list_items(text)
        except yaml.YAMLError as error:
            raise AnswerError(
                f"the answer to {self.name!r} is not a list in YAML{self._shown(text)}",
                cause="" if self.secret else yml.message_of(error),
                hint=f"--data '{self.name}=[a, b]'",
            ) from error

    def _chosen(self, value: Any, choices: tuple[Choice, ...]) -> Any:
        same = [choice for choice in choices if choice.value == value]
        if not choices or any(not choice.refused for choice in same):
            return value
        open_to = [choice.value for choice in choices if not choice.refused]
        cause = same[0].refused.strip() if same else f"choose from {', '.join(map(str, open_to[:50]))}"
        hint = "" if same or self.secret else similar(str(value), map(str, open_to))
        raise AnswerError(
            f"the answer to {self.name!r} is not one of its choices{self._shown(value)}",
            cause=cause,
            hint=hint or self._flag_to_set,
        )

    def _cast(self, raw: Any) -> Any:
        if self.type in PARSED and isinstance(raw, ParsedText | list):
            return unmarked(raw)
        if raw is None and self.type not in PARSED:
            raise AnswerError(
                f"the answer to {self.name!r} is empty", cause=f"it must be of type {self.type}", hint=self._flag_to_set
            )
        try:
            return CASTS[self.type](raw)
        except (TypeError, AttributeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            if self.type in PARSED and isinstance(error, TypeError | AttributeError):
                return raw
            raise AnswerError(
                f"the answer to {self.name!r} must be of type {self.type}{self._shown(raw)}",
                cause="" if self.secret else self._unlike(error),
                hint=self._flag_to_set,
            ) from error

    def _unlike(self, error: Exception) -> str:
        """Why a text cannot be converted to this type, for messages."""
        if self.type in ("int", "float"):
            return "it is not a whole number" if self.type == "int" else "it is not a number"
        return (
            f"it is not {self.type.upper()}: {yml.message_of(error)}" if self.type in PARSED else yml.message_of(error)
        )

    def _shown(self, value: Any) -> str:
        """A refused answer for a message; empty if it is secret."""
        text = "" if self.secret else short_repr(value, longest=_LONGEST_SHOWN)
        return f": {text}" if text else ""

    def _render(self, value: Any, **extra: Any) -> Any:
        """A value with its Jinja rendered; values other than texts and lists stay as they are."""
        if isinstance(value, list):
            return [self._render(item, **extra) for item in value]
        if not isinstance(value, str):
            return value
        try:
            return self.environment.from_string(value).render({**self.context, **extra})
        except (_Unset, PavedError):
            raise
        except MemoryError:
            raise limits.out_of_memory(f"the question {self.name!r} of the template's {self.path}") from None
        except Exception as error:
            raise TemplateError(
                f"the template's question {self.name!r} cannot be evaluated",
                cause=f"{value!r}" if self.secret else f"{error}: {value!r}",
            ) from error

    def _text(self, value: str) -> str:
        return str(self._render(value))


def _unset() -> jinja2.StrictUndefined:
    return jinja2.StrictUndefined("UNSET", exc=_Unset)


_LONGEST_SHOWN = 200
"""The largest number of characters of a refused answer in a message."""
