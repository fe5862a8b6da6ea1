"""Lists the commands of a template before its questions are answered, for the person who decides whether to trust it.

At that time a condition is known only if it depends on no answer. A command that cannot run is left out. If it may run,
the list adds "if its condition holds".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paved_road.errors import TemplateError
from paved_road.render.answer_types import to_bool
from paved_road.render.commands import CommandEvaluation, in_short
from paved_road.render.context import Operation

if TYPE_CHECKING:
    import jinja2

    from paved_road.render.config import TemplateConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """A command that will or may run."""

    words: str
    """What it is, for people to read."""
    certain: bool
    """Whether it runs whatever the answers are."""


def tasks(items: Iterable[Any], operation: Operation, environment: jinja2.Environment | None = None) -> list[Foreseen]:
    """The tasks that will or may run. Without an environment, a condition that is a text is unknown."""
    previews = []
    for item in items:
        given = item if isinstance(item, Mapping) else {"command": item}
        condition = holds(given.get("when", True), {"stage": "task"}, operation, environment)
        previews += preview("task", given.get("command", ""), condition)
    return previews


def preview(kind: str, command: Any, condition: bool | None) -> list[Foreseen]:
    """A list with this command; empty if its condition is known to be false."""
    if condition is False:
        return []
    unsure = "" if condition else " (if its condition holds)"
    return [Foreseen(words=f"{kind}{unsure}: {_text(command)}", certain=bool(condition))]


def everything(config: TemplateConfig) -> list[str]:
    """All tasks and migrations as text, for a template whose Jinja may not run yet."""
    found = [task.words for task in tasks(config.tasks, Operation.COPY)]
    for item in config.migrations:
        given = item if isinstance(item, Mapping) else {"command": item}
        several = [*(given.get("before") or ()), *(given.get("after") or ())]
        several += [given["command"]] if "command" in given else []
        found += [f"migration (if an update passes its release): {_text(command)}" for command in several]
    return found


def _text(command: Any) -> str:
    text = " ".join(map(str, command)) if isinstance(command, list) else str(command)
    return in_short(_EXPRESSION.sub(r"{{ \1 }}", text), _AS_WRITTEN)


_EXPRESSION = re.compile(r"\{\{-?\s*(_copier_python|_copier_conf\.(?:src|dst)_path)\s*-?\}\}")
_AS_WRITTEN = {
    "_copier_python": "{{ _copier_python }}",
    "_copier_conf": {"src_path": "{{ _copier_conf.src_path }}", "dst_path": "{{ _copier_conf.dst_path }}"},
}
"""Variables for `in_short` that shorten a command before rendering just as they do after it."""


def holds(
    condition: Any, facts: Mapping[str, str], operation: Operation, environment: jinja2.Environment | None
) -> bool | None:
    """Whether a condition is true for all answers (True), for none (False), or may depend on an answer (None)."""
    if not isinstance(condition, str):
        return to_bool(condition)
    if environment is None:
        return None
    import jinja2
    from jinja2 import meta

    try:
        parsed = environment.parse(condition)
    except jinja2.TemplateError:
        return None
    known = {"_copier_operation", *(f"_{fact}" for fact in facts), *environment.globals}
    if meta.find_undeclared_variables(parsed) - known or any(meta.find_referenced_templates(parsed)):
        return None
    try:
        return CommandEvaluation(environment=environment, variables={}, operation=operation).holds(condition, facts)
    except TemplateError:
        return None
