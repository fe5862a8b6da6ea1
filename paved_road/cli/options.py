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


ServiceAnswersFile = Annotated[
    str | None,
    typer.Option(
        "--answers-file", "-a", metavar="PATH", help="The answers file, relative to the service, if it has several."
    ),
]


def answers(data: list[str] | None, file: Path | None) -> dict[str, Any]:
    """Return the answers in the file, overridden by those on the command line.

    Raises `UsageError` if an answer has no key or no value, or if the file cannot be read or is not a mapping.
    """
    given = _read_answers(file) if file is not None else {}
    for pair in data or []:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            # The text may be a secret value, so the hint repeats only what looks like a name.
            name = re.split(r"\W", key.strip(), maxsplit=1)[0]
            raise UsageError(
                "--data takes KEY=VALUE",
                cause="one of them has no key" if equals else "one of them has no =",
                hint=f"--data {name or 'KEY'}=VALUE",
            )
        given[key.strip()] = value
    return given


def _read_answers(file: Path) -> dict[str, Any]:
    """Read the answers in a file. Those in the answers file of a service are parsed; others are as users type them."""
    # Imported here, because every command imports this module, and few read answers.
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
    answers: dict[str, Any] = {}
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise UsageError(
                f"the answers in {file} must map questions to answers",
                cause=f"it contains a {type(document).__name__}",
                hint="write one line for each answer, such as port: 8080",
            )
        answers |= {str(key): value for key, value in document.items()}
    own = {key: value for key, value in answers.items() if not key.startswith("_")}
    return {key: parsed(value) for key, value in own.items()} if "_src_path" in answers else own


def difference_json(difference: Difference, deviation: DeviationSummary | None = None) -> results.DifferenceJson:
    """Return a difference for `--json`, with the deviation that covers it."""
    facts: results.DifferenceJson = {"path": difference.path, "kind": difference.kind, "owner": difference.owner}
    if deviation is not None:
        facts["excused"] = {"record": deviation.slug, "reason": deviation.reason, "review_by": str(deviation.review_by)}
    return facts


def kind_in_words(difference: Difference, lock: Lock | None) -> str:
    """Return how a file differs: `missing` instead of `deleted` if the service never had the file."""
    return "missing" if lock and difference.found is None and difference.path in lock.missing else str(difference.kind)


def accepted(deviation: DeviationSummary) -> str:
    """Return why a difference is accepted, in a few words."""
    return f"[accepted until {deviation.review_by}, {deviation.slug}: {deviation.reason}]"
