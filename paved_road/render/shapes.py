"""Checks the types of the values in a `copier.yml`; an error names the file and line of the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from paved_road.errors import TemplateError
from paved_road.text.values import short_repr

_YES = frozenset({"1", "on", "t", "true", "y", "yes"})
_NO = frozenset({"0", "off", "f", "false", "n", "no"})


def check(place: Callable[..., str], settings: Mapping[str, Any], questions: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `TemplateError` for a setting or a question whose value has the wrong type.

    `place` returns the file and line of a key: `place("_tasks")`, `place("name", "default")`.
    """
    for name, (fits, shape) in _SETTINGS.items():
        if name in settings and not fits(settings[name]):
            message = f"{place(f'_{name}')}: _{name} must be {shape}"
            raise TemplateError(message, cause=f"it is {short_repr(settings[name])}")
    for option, value in settings.get("envops", {}).items():
        if str(option).endswith(("_string", "_prefix")) and not isinstance(value, str | None):
            message = f"{place('_envops', option)}: _envops: {option} must be text"
            raise TemplateError(message, cause=f"it is {short_repr(value)}")
    for name, details in questions.items():
        _check_question(partial(place, name), name, details)


def is_yes(value: Any) -> bool | None:
    """Convert a literal boolean such as `yes` or `off`; None for any other value."""
    word = str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def _check_question(place: Callable[..., str], name: str, details: Mapping[str, Any]) -> None:
    where = f"the question {name!r}"
    for key in ("multiselect", "secret"):
        if key in details and is_yes(details[key]) is None:
            message = f"{place(key)}: {where}: {key} must be true or false"
            raise TemplateError(message, cause=f"it is {short_repr(details[key])}")
    for key in ("help", "placeholder", "qmark", "type", "validator"):
        if not isinstance(details.get(key), str | int | float | None):
            raise TemplateError(f"{place(key)}: {where}: {key} must be text", cause=f"it is {short_repr(details[key])}")
    if not isinstance(details.get("choices"), list | dict | str | None):
        raise TemplateError(f"{place('choices')}: {where}: choices must be a list, a mapping or a template of one")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_or_null(value: Any) -> bool:
    return value is None or _is_text(value)


def _is_printable(value: Any) -> bool:
    """Whether a value is text or prints as it is; Copier accepts a number."""
    return isinstance(value, str | int | float | None)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_list_of_printables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str | int | float) for item in value)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _is_mapping_of_texts(value: Any) -> bool:
    return _is_mapping(value) and all(isinstance(item, str | int | float) for item in value.values())


def _is_command(value: Any) -> bool:
    return isinstance(value, str) or _is_list_of_texts(value)


def _are_tasks(value: Any) -> bool:
    return isinstance(value, list) and all(
        _is_command(task["command"]) if isinstance(task, dict) and "command" in task else _is_command(task)
        for task in value
    )


def _are_migrations(value: Any) -> bool:
    return isinstance(value, list) and all(_is_old_migration(item) or _are_tasks([item]) for item in value)


def _is_old_migration(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "version" in value
        and ("before" in value or "after" in value)
        and all(isinstance(value.get(stage, []), list) for stage in ("before", "after"))
        and all(_is_command(command) for stage in ("before", "after") for command in value.get(stage, []))
    )


_TEXT = (_is_text, "text")
_LIST = (_is_list_of_texts, "a list of texts")
_LOOSE_LIST = (_is_list_of_printables, "a list of texts")
_MESSAGE = (_is_printable, "text")
_SETTINGS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "answers_file": _TEXT,
    "envops": (_is_mapping, "a mapping of Jinja's options"),
    "exclude": _LIST,
    "external_data": (_is_mapping_of_texts, "a mapping of names to paths"),
    "jinja_extensions": _LIST,
    "message_after_copy": _MESSAGE,
    "message_after_update": _MESSAGE,
    "message_before_copy": _MESSAGE,
    "message_before_update": _MESSAGE,
    "migrations": (_are_migrations, "a list of commands, or of mappings with a command"),
    "secret_questions": _LOOSE_LIST,
    "skip_if_exists": _LOOSE_LIST,
    "subdirectory": _TEXT,
    "tasks": (_are_tasks, "a list of commands, or of mappings with a command"),
    "templates_suffix": (_is_text_or_null, "text"),
}
