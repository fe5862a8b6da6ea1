"""A template's questions: defaults, types, choices, conditions and validators, as Copier has them.

`settle` goes through the questions in order. Every answer comes from what was given, what was recorded, the
person's own defaults or the template's; `ask`, when there is a terminal, has the last word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jinja2
import yaml

from paved_road.errors import AnswerError, TemplateError, nearest
from paved_road.render import context
from paved_road.render.config import TemplateConfig
from paved_road.render.context import AnswerBook, External, Surroundings


class _Missing:
    """The default of a question that has none."""


MISSING: Final = _Missing()


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One selectable answer; `refused` says why it cannot be selected, or is empty."""

    label: str
    value: Any
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One question as it is put to a person."""

    name: str
    type: str
    help: str
    default: Any
    choices: tuple[Choice, ...]
    multiselect: bool
    secret: bool
    accept: Callable[[Any], Any]
    """Turns what was typed into the answer; raises `AnswerError` when it is not one."""


Ask = Callable[[Prompt], Any]


class _Unset(jinja2.UndefinedError):
    """A default that evaluates to `UNSET` is no default."""


def to_bool(value: Any) -> bool:
    """A boolean as Copier reads one: numbers, YAML's booleans and nulls, else Python's idea of truth."""
    try:
        return bool(float(value))
    except (TypeError, ValueError):
        pass
    if isinstance(value, str):
        word = value.strip().lower()
        if word in {"y", "yes", "t", "true", "on"}:
            return True
        if word in {"", "n", "no", "f", "false", "off", "~", "null", "none"}:
            return False
    return bool(value)


def _to_str(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return value.decode()
    raise TypeError(f"{value!r} is not text")


def _to_yaml(value: Any) -> Any:
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


_CASTS: Mapping[str, Callable[[Any], Any]] = {
    "bool": to_bool,
    "float": float,
    "int": int,
    "json": json.loads,
    "str": _to_str,
    "yaml": _to_yaml,
    "path": str,
}


def settle(
    config: TemplateConfig,
    environment: jinja2.Environment,
    around: Surroundings,
    *,
    metadata: Mapping[str, Any],
    given: Mapping[str, Any],
    recorded: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
    ask: Ask | None = None,
) -> AnswerBook:
    """Answer every question of a template.

    `given` are answers the person passed by name; one to a question that does not exist is refused. Without `ask`
    a question that has neither an answer nor a default is an `AnswerError` that names the flag.
    """
    for name in given:
        if name not in config.questions:
            raise AnswerError(f"the template asks no question {name!r}", hint=nearest(name, config.questions))
    book = AnswerBook(
        given=dict(given),
        metadata=dict(metadata),
        recorded=dict(recorded or {}),
        defaults={key: value for key, value in (defaults or {}).items() if key in config.questions},
    )
    for name in config.questions:
        _Question(name, config, environment, around, book).settle(ask)
    return book


class _Question:
    """One question in the light of the answers so far."""

    def __init__(
        self,
        name: str,
        config: TemplateConfig,
        environment: jinja2.Environment,
        around: Surroundings,
        book: AnswerBook,
    ) -> None:
        self.name = name
        self.details = config.questions[name]
        self.environment = environment
        self.book = book
        self.secret = name in config.secret
        external = External(config.settings.get("external_data", {}), around.destination, self._text)
        self.context: dict[str, Any] = {}
        self.context = context.build(book, config, around, phase="prompt", external=external)
        self.type = self._type()
        if self.secret and "default" not in self.details:
            raise TemplateError(f"the secret question {name!r} has no default", cause="Copier requires one")

    def settle(self, ask: Ask | None) -> None:
        """Put this question's answer into the book."""
        book, name = self.book, self.name
        if name in book.recorded and not self._is_valid(book.recorded[name]):
            del book.recorded[name]
        if not self._flag("when"):
            book.hidden.add(name)
            book.recorded.pop(name, None)
            value = self._default()
            if value is not MISSING:
                book.answered[name] = value
            return
        if name in book.given:
            book.answered[name] = self.accept(book.given[name])
            return
        if not self._flag("ask"):
            value = self._default()
            if value is not MISSING:
                book.answered[name] = value
            return
        default = self._default()
        if ask is not None:
            book.answered[name] = ask(self._prompt(default))
        elif default is MISSING:
            raise AnswerError(
                f"the question {name!r} has no answer",
                cause=self._help() or "it has no default, and there is no terminal to ask on",
                hint=f"--data {name}=VALUE",
            )
        else:
            book.answered[name] = default if self.secret else self._validated(default)

    def accept(self, raw: Any) -> Any:
        """`raw` parsed and validated."""
        return self._validated(self._parsed(raw))

    # -- the parts of a question ---------------------------------------------------------------------------------

    def _type(self) -> str:
        default = self.details.get("default", MISSING)
        implied = type(default).__name__
        name = self._render(self.details.get("type") or (implied if implied in _CASTS else "yaml"))
        if name not in _CASTS:
            raise TemplateError(f"the question {self.name!r} has the type {name!r}", hint=f"use {', '.join(_CASTS)}")
        return str(name)

    def _flag(self, key: str) -> bool:
        return to_bool(self._render(self.details.get(key, True)))

    def _help(self) -> str:
        return str(self._render(self.details.get("help", ""))).strip()

    def _default(self) -> Any:
        for source in (self.book.given, self.book.recorded, self.book.defaults):
            if self.name in source:
                return self._parsed(source[self.name])
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
        if isinstance(choices, str):
            choices = _to_yaml(self._render(choices)) or []
        items = list(choices.items()) if isinstance(choices, dict) else list(choices)
        return tuple(self._choice(item) for item in items)

    def _choice(self, item: Any) -> Choice:
        label, value = item if isinstance(item, tuple | list) else (item, item)
        refused = ""
        if isinstance(item, tuple | list) and isinstance(value, dict):
            refused = str(self._render(value.get("validator", "")))
            value = value["value"]
        return Choice(label=str(self._render(label)), value=self._cast(self._render(value)), refused=refused)

    def _prompt(self, default: Any) -> Prompt:
        return Prompt(
            name=self.name,
            type=self.type,
            help=self._help(),
            default=default,
            choices=self._choices(),
            multiselect=bool(self.details.get("multiselect")),
            secret=self.secret,
            accept=self.accept,
        )

    # -- values --------------------------------------------------------------------------------------------------

    def _is_valid(self, value: Any) -> bool:
        try:
            self.accept(value)
        except (AnswerError, TemplateError):
            return False
        return True

    def _validated(self, value: Any) -> Any:
        said = str(self._render(self.details.get("validator", ""), **{self.name: value})).strip()
        if said:
            shown = "" if self.secret else f": {value!r}"
            raise AnswerError(
                f"the answer to {self.name!r} is not valid{shown}",
                cause=said,
                hint=f"--data {self.name}=VALUE",
            )
        return value

    def _parsed(self, raw: Any) -> Any:
        choices = self._choices()
        if not self.details.get("multiselect"):
            return self._chosen(self._cast(raw), choices)
        items = _yaml_items(raw) if isinstance(raw, str) else raw
        if not isinstance(items, list):
            raise AnswerError(f"the answer to {self.name!r} must be a list", hint=f"--data '{self.name}=[a, b]'")
        wanted = [self._chosen(self._cast(item), choices) for item in items]
        return [choice.value for choice in choices if choice.value in wanted]

    def _chosen(self, value: Any, choices: tuple[Choice, ...]) -> Any:
        same = [choice for choice in choices if choice.value == value]
        if not choices or any(not choice.refused for choice in same):
            return value
        open_to = [choice.value for choice in choices if not choice.refused]
        cause = same[0].refused if same else f"choose from {', '.join(map(str, open_to))}"
        hint = nearest(str(value), map(str, open_to)) if not same else ""
        raise AnswerError(f"the answer to {self.name!r} is not one of its choices: {value!r}", cause=cause, hint=hint)

    def _cast(self, raw: Any) -> Any:
        if raw is None and self.type not in ("json", "yaml"):
            raise AnswerError(f"the answer to {self.name!r} is empty", cause=f"it must be of type {self.type}")
        try:
            return _CASTS[self.type](raw)
        except (TypeError, AttributeError) as error:
            if self.type in ("json", "yaml"):
                return raw
            raise AnswerError(f"the answer to {self.name!r} must be of type {self.type}", cause=str(error)) from error
        except ValueError as error:
            shown = "" if self.secret else f": {raw!r}"
            raise AnswerError(
                f"the answer to {self.name!r} must be of type {self.type}{shown}",
                cause=str(error),
                hint=f"--data {self.name}=VALUE",
            ) from error

    def _render(self, value: Any, **extra: Any) -> Any:
        """A value with its Jinja rendered; what is not text stays as it is."""
        if isinstance(value, list):
            return [self._render(item, **extra) for item in value]
        if not isinstance(value, str):
            return value
        try:
            return self.environment.from_string(value).render({**self.context, **extra})
        except _Unset:
            raise
        except Exception as error:
            raise TemplateError(
                f"the template's question {self.name!r} cannot be evaluated", cause=f"{error}: {value!r}"
            ) from error

    def _text(self, value: str) -> str:
        return str(self._render(value))


def _unset() -> jinja2.StrictUndefined:
    return jinja2.StrictUndefined("UNSET", exc=_Unset)


def _yaml_items(text: str) -> Any:
    """The items of a YAML list as they are written, parsed one level deep; each is cast by its question's type."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.SequenceNode):
        return None
    items = []
    for item in node.value:
        raw = text[item.start_mark.index : item.end_mark.index].strip()
        quoted = (
            isinstance(item, yaml.ScalarNode)
            and item.tag == "tag:yaml.org,2002:str"
            and raw[:1] in "\"'"
            and raw[-1:] == raw[:1]
        )
        items.append(raw[1:-1] if quoted else raw)
    return items
