"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paved_road.cli import completion
from paved_road.errors import UsageError

if TYPE_CHECKING:
    from paved_road.cli import results
    from paved_road.findings import DeviationSummary
    from paved_road.service.drift import Difference
    from paved_road.service.lock import Lock

Service = Annotated[
    Path,
    typer.Argument(metavar="SERVICE", help="The service. Default: the current folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


Road = Annotated[
    str | None,
    typer.Option("--road", metavar="URL|PATH", help="The road: a git URL, a folder, or gh:organisation/repository."),
]
Ref = Annotated[
    str | None,
    typer.Option(
        "--ref",
        metavar="VERSION",
        autocompletion=completion.release,
        help="A release, tag, branch or commit; HEAD means a local road as it is on disk. Default: the latest release.",
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Allow the template to run code: its tasks, migrations, extensions and lock commands."
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data", "-d", metavar="KEY=VALUE", autocompletion=completion.data, help="An answer. You can repeat it."
    ),
]
AnswersFile = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="A YAML or JSON file with answers; --data overrides it."),
]


Records = Annotated[
    str | None,
    typer.Option(
        "--answers-file", "-a", metavar="PATH", help="The answers file, relative to the service, if it has several."
    ),
]


def answers(data: list[str] | None, file: Path | None) -> dict[str, Any]:
    """Return the answers in the file, overridden by those on the command line. Raises `UsageError`."""
    found = _read_answers(file) if file is not None else {}
    for pair in data or []:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            # The text may be a secret value, so the hint repeats only what looks like a name.
            name = re.split(r"\W", key.strip(), maxsplit=1)[0]
            raise UsageError(
                "--data takes KEY=VALUE",
                cause="one of them has no name" if equals else "one of them has no =",
                hint=f"--data {name or 'KEY'}=VALUE",
            )
        found[key.strip()] = value
    return found


def _read_answers(file: Path) -> dict[str, Any]:
    """The answers in a file. A service's own answers file holds them as they were parsed; others as they are typed."""
    import yaml

    from paved_road.files import yml
    from paved_road.render.context import parsed

    try:
        documents = yml.load_all(file.read_bytes())
    except OSError as error:
        raise UsageError(
            f"cannot read the answers in {file}", cause=error.strerror or str(error), hint="--answers FILE"
        ) from error
    except yaml.YAMLError as error:
        raise UsageError(
            f"the answers file {file} {yml.what_is_wrong(error)}", cause=yml.message_of(error), hint=f"edit {file}"
        ) from error
    found: dict[str, Any] = {}
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise UsageError(
                f"the answers in {file} must map questions to answers",
                cause=f"found a {type(document).__name__}",
                hint="write a line such as port: 8080 for each of them",
            )
        found |= {str(key): value for key, value in document.items()}
    own = {key: value for key, value in found.items() if not key.startswith("_")}
    return {key: parsed(value) for key, value in own.items()} if "_src_path" in found else own


def difference(one: Difference, deviation: DeviationSummary | None = None) -> results.DifferenceJson:
    """A difference as JSON has it, with the deviation that covers it."""
    found: results.DifferenceJson = {"path": one.path, "kind": one.kind, "owner": one.owner}
    if deviation is not None:
        found["excused"] = {"record": deviation.slug, "reason": deviation.reason, "review_by": str(deviation.review_by)}
    return found


def kind(one: Difference, lock: Lock | None) -> str:
    """How a file differs, for a person: `missing` where it was never here, so that nobody can have deleted it."""
    return "missing" if lock and one.found is None and one.path in lock.missing else str(one.kind)


def accepted(deviation: DeviationSummary) -> str:
    """Why a difference is accepted, in a few words."""
    return f"[accepted until {deviation.review_by}, {deviation.slug}: {deviation.reason}]"
