"""Files that come out differently every time, because they contain a date or a random value.

Two renderings of such a file differ although the road changed nothing, so a merge would take every one for a change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import AnswerError, TemplateError
from paved_road.git.entries import Files
from paved_road.render import CompiledTemplate
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.render.rendition import Rendition
    from paved_road.update.base import Base
    from paved_road.update.moves import Moves
    from paved_road.update.start import Start
    from paved_road.update.target import New


def steady(base: Base, start: Start, new: New, theirs: Files, moves: Moves) -> Base:
    """The base without the changes that only come from rendering a file again.

    A file with a date in it is rendered differently every time. If its source in the template and its answers are the
    same, the road has changed nothing, even if the two renderings differ: the service's own file stays.
    """
    if start.old is None or not base.unsure:
        return base
    differing = [path for path in base.unsure if theirs.get(moves.get(path, path)) not in (None, base.files.get(path))]
    if not differing or not _same_questions(start.old.template, new, start.service):
        return base
    unedited = start.service.lock_in_force is None or not _answers_edited_since_lock(start.service)
    try:
        old_sources, new_sources = start.old.sources, new.rendition.sources
    except (AnswerError, TemplateError):
        return base
    same = {
        path: theirs[target]
        for path, target in ((path, moves.get(path, path)) for path in differing)
        if _is_same(start.old, old_sources.get(path), new.rendition, new_sources.get(target), same_answers=unedited)
    }
    return replace(base, files={**base.files, **same})


def _same_questions(before: CompiledTemplate, new: New, service: Service) -> bool:
    """Whether every question of the old release, and its answer, is the same in the new one."""
    old, now, answers = before.config, new.template.config, new.rendition.pristine.answers
    return (
        not old.settings.get("jinja_extensions")
        and not now.settings.get("jinja_extensions")
        and old.environment_options == now.environment_options
        and all(now.questions.get(name) == question for name, question in old.questions.items())
        and all(service.answers.get(name) == answers.get(name) for name in old.questions)
    )


def _answers_edited_since_lock(service: Service) -> bool:
    """Whether the answers file was committed after the lock."""
    both = [service.prefix + name for name in (service.lock_file, service.answers_file)]
    return git.last_commit(service.top, both) != git.last_commit(service.top, both[:1])


def _is_same(old: Rendition, before: str | None, new: Rendition, after: str | None, *, same_answers: bool) -> bool:
    """Whether two sources are the same text, and it depends neither on the release nor on other files."""
    if before is None or after is None or old.template.files.get(before) != new.template.files.get(after):
        return False
    from jinja2 import TemplateError as JinjaError
    from jinja2 import meta

    environment = new.template.environment
    try:
        parsed = environment.parse(new.template.files[after].data.decode())
    except (JinjaError, UnicodeDecodeError):
        return False
    names = meta.find_undeclared_variables(parsed) - environment.globals.keys()
    return (
        not any(meta.find_referenced_templates(parsed))
        and not any(name.startswith("_") for name in names)
        and (same_answers or not names)
    )
