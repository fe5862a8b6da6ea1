"""What a shell completes: slugs, releases, templates, answers, settings. Nothing is fetched, run or said.

Completion reads what is on this machine: the service that the words so far name, and roads that were fetched before.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

VARIABLE = "_PAVED_COMPLETE"
"""By which a shell asks, as Typer's scripts do."""

Completer = Callable[[typer.Context, str], list[str]]


def offering(words: Callable[[Any], Iterable[str]]) -> Completer:
    """A completer of the words that a function of the context finds; of none where it fails."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            found = list(words(ctx))
        except Exception:  # noqa: BLE001 - a shell shows what it is told: whatever is wrong is told by the command itself
            return []
        # Typer hands them to the shell as they are, so none that a terminal would obey.
        return [word for word in found if word.startswith(incomplete) and word.isprintable()]

    return complete


def answer(run: Callable[[], Any]) -> int:
    """Run the program for a shell that asks, and print what it finds; nothing on standard error, whatever happens."""
    prefix = _join_words()
    said, code = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            run()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except Exception:  # noqa: BLE001 - see above
            return 1
    for line in said.getvalue().splitlines():
        sys.stdout.write(f"{line.removeprefix(prefix)}\n")
    return code


def _join_words() -> str:
    """Put together what bash takes apart at `=`, and return what it has then: `--data tier=g` is three words to it."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = os.environ.get("COMP_CWORD", "")
    if not os.environ.get(VARIABLE, "").endswith("bash") or not at.isdecimal() or "=" not in words[1 : int(at) + 1]:
        return ""
    current = int(at)
    joined: list[str] = []
    for number, word in enumerate(words[: current + 1]):
        is_one = number > 1 and "=" in (word, words[number - 1])
        joined[-1:] = [joined[-1] + word] if is_one else [*joined[-1:], word]
    os.environ |= {"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(len(joined) - 1)}
    if "=" not in words[current - 1 : current + 1]:
        return ""
    value = joined[-1].partition("=")[2] if joined[-1].startswith("-") else joined[-1]  # Typer takes --option= away
    return value[: value.rfind("=") + 1]


ENDINGS = ("resolved", "revoked", "rejected", "superseded")
"""What a closed record may be."""


# -- what can be completed -------------------------------------------------------------------------------------------


def _service(ctx: Any) -> Any:
    from paved_road.service.model import open_service
    from paved_road.settings import whereabouts

    return open_service(whereabouts.service_at(ctx.params.get("path") or ctx.params.get("service") or Path()))


def _template(ctx: Any) -> Any:
    """The template that the words name: the service's own, or one of the road in force."""
    from paved_road.road.opening import open_road
    from paved_road.road.templates import find_template
    from paved_road.service import origin
    from paved_road.settings.config import load_config

    config = load_config({"road": ctx.params.get("road")})
    if ctx.command.name == "update":
        return origin.find(_service(ctx), config, refresh=False, fetch=False).template
    names = ctx.params.get("names") or []
    named = ctx.params.get("template") or (names[0] if len(names) == 2 else None)
    return find_template(open_road(config, refresh=False, fetch=False), named)


def _templates(ctx: Any) -> Iterator[str]:
    from paved_road.road.opening import open_road
    from paved_road.road.templates import templates
    from paved_road.settings.config import load_config

    road = open_road(load_config({"road": ctx.params.get("road")}), refresh=False, fetch=False)
    return (template.name for template in templates(road))


def _releases(ctx: Any) -> Iterator[str]:
    from paved_road.road.releases import releases

    return (found.version for found in releases(_template(ctx)))


def _answers(ctx: Any) -> Iterator[str]:
    """`KEY=` for each question; `KEY=VALUE` for those that have choices."""
    from paved_road.render import config as configs
    from paved_road.road.releases import release

    found = release(_template(ctx), ctx.params.get("ref") or ctx.params.get("to"))
    for name, details in configs.load(found.files()).questions.items():
        yield f"{name}="
        choices = details.get("choices")
        values = ["true", "false"] if details.get("type") == "bool" else choices or []
        for value in values.values() if isinstance(values, dict) else values if isinstance(values, list) else []:
            shown = value[-1] if isinstance(value, list) and value else value
            yield f"{name}={shown}"


def _slugs(ctx: Any) -> Iterator[str]:
    from paved_road.offroad.deviations import files

    if ctx.command.name in ("accept", "renew", "close"):
        return (record.id for record in _open_records(ctx))
    return (name.removesuffix(".md") for name in files(_service(ctx)))


def _named(ctx: Any) -> Iterator[str]:
    """The files and practices that open records name."""
    for record in _open_records(ctx):
        yield from record.deviation.scope.paths or []
        yield from [record.deviation.scope.practice] if record.deviation.scope.practice else []


def _open_records(ctx: Any) -> Iterator[Any]:
    from paved_road.offroad import deviations
    from paved_road.offroad.clock import today

    known = deviations.load(_service(ctx), today=today()).records.values()
    return (record for record in known if record.is_open)


def _road_files(ctx: Any) -> Iterator[str]:
    """The files that the road owns, which alone need a record."""
    lock = _service(ctx).lock
    return (path for path, one in lock.files.items() if str(one.owner) == "road")


def _record_words(name: str) -> Callable[[Any], Iterator[str]]:
    def words(_: Any) -> Iterator[str]:
        from paved_road.offroad import deviation

        return (str(one) for one in getattr(deviation, name))

    return words


def _settings(_: Any) -> Iterator[str]:
    from paved_road.settings.edit import NAMES

    return (name for name in NAMES if name != "answers.QUESTION")


def _commands(ctx: Any) -> Iterator[str]:
    """The commands below those that `paved help` has been given so far."""
    found = ctx.find_root().command
    for word in ctx.params.get("words") or []:
        found = found.commands[word]
    return iter(found.commands)


def _schemas(_: Any) -> Iterator[str]:
    from paved_road.cli.schemas import NAMES

    return (name for name in NAMES if " " not in name)


template = offering(_templates)
release = offering(_releases)
data = offering(_answers)
slug = offering(_slugs)
named = offering(_named)
road_file = offering(_road_files)
kind = offering(_record_words("Kind"))
risk = offering(_record_words("Risk"))
support = offering(_record_words("Support"))
ending = offering(lambda _: ENDINGS)
setting = offering(_settings)
command = offering(_commands)
schema = offering(_schemas)
