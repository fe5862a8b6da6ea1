"""Shell completion of slugs, practices, releases, templates, answers and settings.

Completion reads only what is on this machine: the service that the words so far name, and roads that are already
fetched. It fetches nothing, runs nothing and prints no messages. The modules that read are imported by the functions
that need them, because every command imports this one.
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

from paved_road.errors import PavedError

VARIABLE = "_PAVED_COMPLETE"
"""The environment variable that Typer's completion scripts set."""

Completer = Callable[[typer.Context, str], list[str]]


def completer(words: Callable[[Any], Iterable[str]]) -> Completer:
    """Return a completer that offers the words which `words` finds for the context; none if that raises."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            candidates = list(words(ctx))
        except Exception:  # noqa: BLE001 - the shell would show a traceback; the command itself reports what is wrong
            return []
        # Typer passes them to the shell unchanged, so words with control characters are left out.
        return [word for word in candidates if word.startswith(incomplete) and word.isprintable()]

    return complete


def print_completions(run: Callable[[], Any]) -> int:
    """Run the program for a shell and print its completions, but no messages. Returns the exit code."""
    prefix = _join_words()
    output, code = io.StringIO(), 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        try:
            run()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except Exception:  # noqa: BLE001 - see above
            return 1
    for line in output.getvalue().splitlines():
        sys.stdout.write(f"{line.removeprefix(prefix)}\n")
    return code


def _join_words() -> str:
    """Join the words that bash splits at `=`, and return the part of the last one that bash already has.

    To bash, `--data tier=g` ends in the three words `tier`, `=` and `g`.
    """
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
    value = joined[-1].partition("=")[2] if joined[-1].startswith("-") else joined[-1]  # Typer removes `--option=`
    return value[: value.rfind("=") + 1]


ENDINGS = ("resolved", "revoked", "rejected", "superseded")
"""How a deviation may end."""


# -- the words that can be completed --------------------------------------------------------------------------------


def _service(ctx: Any) -> Any:
    from paved_road.service.model import open_service
    from paved_road.settings import whereabouts

    return open_service(whereabouts.service_at(ctx.params.get("path") or ctx.params.get("service") or Path()))


def _template(ctx: Any) -> Any:
    """Return the template that the words name: the service's own, or one of the configured road."""
    from paved_road.road.opening import open_road
    from paved_road.road.templates import find_template
    from paved_road.service import origin
    from paved_road.settings.config import load_config

    config = load_config({"road": ctx.params.get("road")})
    if ctx.command.name == "update":
        return origin.find_origin(_service(ctx), config, refresh=False, fetch=False).template
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

    return (release.version for release in releases(_template(ctx)))


def _answers(ctx: Any) -> Iterator[str]:
    """Yield `KEY=` for each question, and `KEY=VALUE` for each of its choices."""
    from paved_road.render import config as configs
    from paved_road.road.releases import release

    chosen = release(_template(ctx), ctx.params.get("ref") or ctx.params.get("to"))
    for name, details in configs.load(chosen.files()).questions.items():
        yield f"{name}="
        choices = details.get("choices")
        values = ["true", "false"] if details.get("type") == "bool" else choices or []
        for value in values.values() if isinstance(values, dict) else values if isinstance(values, list) else []:
            shown = value[-1] if isinstance(value, list) and value else value
            yield f"{name}={shown}"


def _slugs(ctx: Any) -> Iterator[str]:
    from paved_road.offroad.deviations import deviation_files

    if ctx.command.name in ("accept", "renew", "close"):
        return (deviation.id for deviation in _open_deviations(ctx))
    return (name.removesuffix(".md") for name in deviation_files(_service(ctx)))


def _named(ctx: Any) -> Iterator[str]:
    """Yield the files and practices that open deviations name."""
    for deviation in _open_deviations(ctx):
        yield from deviation.fields.names


def _open_deviations(ctx: Any) -> list[Any]:
    from paved_road.offroad.clock import today
    from paved_road.offroad.deviations import load_deviations

    return list(load_deviations(_service(ctx), today=today()).open)


def _practices(ctx: Any) -> Iterable[str]:
    """Return the names of the practices: the built-in ones and, in a service, those of its trusted road."""
    from paved_road.practices.built_in import built_in_slugs
    from paved_road.practices.known import catalogue_of
    from paved_road.settings.config import load_config

    try:
        service = _service(ctx)
        return sorted(catalogue_of(service, load_config(directory=service.path)).practices)
    except PavedError:
        return sorted(built_in_slugs())


def _own_practices(ctx: Any) -> Iterable[str]:
    """Return the names of the practices of the road that the words name, as it lies on disk."""
    from paved_road.practices.of_road import release_practices
    from paved_road.road.opening import open_road
    from paved_road.road.releases import release
    from paved_road.road.templates import find_template
    from paved_road.settings.config import load_config

    road = open_road(load_config({"road": ctx.params.get("road") or "."}), refresh=False, fetch=False)
    found = release(find_template(road, ctx.params.get("template")), "HEAD" if road.local else None)
    return sorted(release_practices(found).slugs)


def _road_files(ctx: Any) -> Iterator[str]:
    """Yield the files that the road owns; only these need a deviation."""
    lock = _service(ctx).lock
    return (path for path, file in lock.files.items() if str(file.owner) == "road")


def _record_words(name: str) -> Callable[[Any], Iterator[str]]:
    def words(_: Any) -> Iterator[str]:
        from paved_road.offroad import front_matter

        return (str(value) for value in getattr(front_matter, name))

    return words


def _settings(_: Any) -> Iterator[str]:
    from paved_road.settings.edit import NAMES

    return (name for name in NAMES if name != "answers.QUESTION")


def _commands(ctx: Any) -> Iterator[str]:
    """Yield the commands below those that follow `paved help` so far."""
    group = ctx.find_root().command
    for word in ctx.params.get("words") or []:
        group = group.commands[word]
    return iter(group.commands)


def _schemas(_: Any) -> Iterator[str]:
    from paved_road.cli.schemas import NAMES

    return (name for name in NAMES if " " not in name)


template = completer(_templates)
release = completer(_releases)
data = completer(_answers)
slug = completer(_slugs)
named = completer(_named)
practice = completer(_practices)
own_practice = completer(_own_practices)
tier = completer(lambda _: ("low", "standard", "critical"))
road_file = completer(_road_files)
kind = completer(_record_words("Kind"))
risk = completer(_record_words("Risk"))
support = completer(_record_words("Support"))
ending = completer(lambda _: ENDINGS)
setting = completer(_settings)
command = completer(_commands)
schema = completer(_schemas)
