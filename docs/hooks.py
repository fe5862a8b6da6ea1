"""Generate pages from the code when the documentation is built, so that they are never out of date."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer
import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from paved_road import errors, offroad
from paved_road.check.contract import resolve
from paved_road.cli import app, results, schemas
from paved_road.findings import Severity
from paved_road.offroad.document import SECTIONS
from paved_road.offroad.evaluation import RULES, SOON
from paved_road.offroad.front_matter import FrontMatter, Kind, Risk, Status, Support
from paved_road.practices.built_in import built_in_practices
from paved_road.practices.model import REQUIRED_LEVELS, CheckKind, Practice
from paved_road.road import manifest


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages. Each replaces a file that tells readers on a git host where the page is."""
    for path, make in PAGES.items():
        if stands_in := files.get_file_from_path(path):
            files.remove(stands_in)
        files.append(File.generated(config, path, content=make()))
    for name in schemas.NAMES:
        files.append(File.generated(config, f"reference/{schemas.filename(name)}", content=schemas.text(name)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Remove the comments for the test that executes the page (tests/docs/page.py)."""
    return re.sub(r"<!-- run: .*?-->\n", "", markdown, flags=re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Every command's name and its `--help`, as on a terminal of 100 columns."""
    yield from _commands(typer.main.get_command(app), "paved")


def _commands(command: Any, name: str) -> Iterator[tuple[str, str]]:
    context = command.make_context(name, [], resilient_parsing=True, terminal_width=100, max_content_width=100)
    yield name, command.get_help(context)
    for word, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{name} {word}")


def _cli() -> str:
    opening = (
        "# Commands\n\nFor anyone who uses `paved`: what each command's `--help` prints. Every command but `help` "
        "takes `--json`."
    )
    return "\n\n".join([opening, *(f"## {name}\n\n```text\n{text.rstrip()}\n```" for name, text in commands())])


def _errors() -> str:
    tree = inspect.cleandoc(errors.__doc__ or "")
    return f"""\
# Exit codes and errors

For anyone who writes a script or a pipeline around `paved`: what each exit code means, and how to read an error.

| exit code | meaning |
|---|---|
| 0 | the answer is yes, or the command has done its work |
| 1 | the answer is no: drift, a conflict, a newer release, a failed check |
| 2 | `paved` could not answer, because of the command line, a setting, git or the network |
| 3 | a bug in `paved`; the message names a log file |
| 130 | interrupted; 143 if SIGTERM ended the command, 129 if SIGHUP did |

Results go to standard output; notes, questions, progress and errors go to standard error. With `--json`, standard \
output is always one document:

```json
{{"schema": "paved/1", "command": "new", "exit_code": 0, "result": {{}}, "notes": [], "error": null}}
```

If the command fails, `error` has a `code`, a `message`, a `cause` and a `hint`. The code is the name of one of these \
exceptions in kebab-case, such as `unknown-release`:

```text
{tree}
```
"""


def _manifest() -> str:
    opening = (
        "# paved-road.yml\n\nFor template authors: what a template can say about itself that `copier.yml` has no words "
        "for. The file is optional, and `paved` validates it. Give your editor its "
        "[JSON Schema](paved-road.schema.json)."
    )
    example = f"## An example\n\n```yaml\n{EXAMPLE}```"
    return "\n\n".join([opening, example, *_models(json.loads(manifest.json_schema()), "The file")])


def _run_contract() -> str:
    opening = """\
# The run contract: run.yml

For anyone who wants `paved check` to run a service: how the service is started, its port, its probes, what it calls, \
and a few requests that it answers. Give your editor its [JSON Schema](run.schema.json).

`paved check` takes the contract from the first of these:

1. `run.yml` in the service's folder (or `run.yaml`, or `run.toml` with the same keys). In a service with a template \
it contains only what differs from the template; a key here replaces the template's whole key.
2. `run` in the template's `paved-road.yml`, with the service's answers filled in.
3. `compose.yaml`, if it builds one service, publishes its port, and has a health check that asks a URL. The command \
is the service's, else the Dockerfile's. A variable with the `http://` address of another service of the file is a \
dependency, which counts as not critical.
4. `score.yaml`, if it has one container with a command, a probe and a port.

A contract that is wrong ends the command with exit code 2, and the error names the line."""
    models = _models(json.loads(resolve.json_schema()), "The file")
    return "\n\n".join([opening, RUN_EXAMPLE, DEPENDENCIES, *models])


DEPENDENCIES = """\
## What takes the place of dependencies

Name every dependency. A stand-in on this machine takes the place of each one that speaks HTTP, and the service \
gets its address in `env`. A service that calls something that the contract does not name calls the real one, if \
it can reach it, and no check sees that.

A healthy answer is what `answers` says for the request, else `answer`, else `{}`; or what the service's own \
`stub` says, a script that is started once and asked for each new request. A stub that does not work is an error \
of the check, never a verdict on the service.

Nothing can play a database, because its answers are not HTTP. Start a real one, and say where it is:

```yaml
dependencies:
  ledger: {env: DATABASE_URL, critical: true, url: "postgres://me:secret@127.0.0.1:5432/ledger"}
```

The checks stand between it and the service, and pass on what both say. They make it refuse connections, hang, \
and reset connections. They cannot make it answer wrongly, and they do not count retries of it."""


RUN_EXAMPLE = """\
## An example

A service in any language needs no more than this:

```yaml
start: node server.js
port: {env: PORT}
probes: {live: /healthz, ready: /readyz}
sample: GET /orders/1
deadline: 2
dependencies:
  inventory: {env: INVENTORY_URL, critical: false, answer: {stock: 17}}
  payments: {env: PAYMENTS_URL, critical: true}
```"""


EXAMPLE = """\
version: 1.2.0
owners: # the first match wins; a file without a match is shared
  shared: [deploy/base/route.yaml]
  road: [src/*/paved/**, deploy/base/**, Dockerfile, Makefile]
  service: [src/*/api/**, tests/api/**]
  derived: {uv.lock: uv lock}
moves:
  1.1.0: {docs/RUNBOOK.md: docs/runbooks/README.md}
mentions:
  1.1.0: {docs/RUNBOOK.md: docs/runbooks/README.md}
questions: {first: [name, owner]}
run:
  start: uv run orders
  port: {env: PORT}
  probes: {port: {env: INTERNAL_PORT}, live: /livez, ready: /readyz, startup: /startupz, metrics: /metrics}
  dependencies:
    inventory: {env: INVENTORY_URL, critical: false, sample: GET /items/42}
  sample: GET /orders/1
offroad: {longest: 180d, approval_from: medium}
practices: practices
"""
"""A `paved-road.yml` with every key."""


def _deviation() -> str:
    opening = f"""\
# The deviation file

For anyone who writes or reviews a deviation: its fields, their values, and the states that `paved` computes.

A deviation is the file `{offroad.FOLDER}/<id>.md` in the service. It has a front matter, and then your argument under \
the headings {", ".join(f"`## {name}`" for name in SECTIONS)}. `paved off-road new` writes one. Give your editor its \
[JSON Schema](off-road-record.schema.json). `paved` reads every value as text, exactly as you wrote it. Keep nothing \
but deviations and the README in this folder: any other file is an error with its line, and exit code 2. Older \
files may also have the fields `impact`, `mitigation`, `links`, `issue` and `exit_plan`: `paved` keeps them, and new \
files say this in the argument."""
    is_a = {Severity.ERROR: "failure", Severity.WARNING: "warning"}
    states = "\n".join(f"| `{rule.id}` | {is_a[rule.severity]} | {rule.meaning} |" for rule in RULES if rule.severity)
    computed = f"""\
## Computed, never written

`paved off-road check` computes these states. A deviation is expiring from {SOON.days} days before its review. With \
`--strict`, warnings fail too.

| state | is a | meaning |
|---|---|---|
{states}"""
    words = (_words(words) for words in (Status, Kind, Risk, Support))
    return "\n\n".join([opening, *_models(FrontMatter.model_json_schema(), "Front matter"), *words, computed])


def _answers() -> str:
    opening = """\
# The output of --json

For anyone who reads `--json` in a script, an editor or an agent: the fields of each command's result.

Standard output is always one document: the [envelope](errors.md) with the command's result in it. Each command has a \
JSON Schema, which `paved schema NAME` prints, too. The schema is exact: `paved` never prints a field that the schema \
does not name, and always prints the required ones. If the command line names no existing command, the document is an \
error with a [schema](error.schema.json) of its own: `paved schema error`."""
    inner: dict[str, dict[str, Any]] = {}
    answers = [f"## {name}\n\n{_answer(name, inner)}" for name in results.RESULTS]
    parts = [f"### {name}\n\n{_part(facts)}" for name, facts in sorted(inner.items())]
    return "\n\n".join([opening, *answers, "## Parts of a result", *parts])


def _answer(command: str, inner: dict[str, dict[str, Any]]) -> str:
    """The results of a command, each with its fields; what they are made of is added to `inner`."""
    schema = schemas.envelope(command)
    words = {name: facts for name, facts in schema["$defs"].items() if "enum" in facts}
    parts = {name: _spelled(facts, words) for name, facts in schema["$defs"].items() if name not in words}
    one = parts.pop("Result")
    names = [each["$ref"].rsplit("/", 1)[-1] for each in one.get("anyOf", [one]) if "$ref" in each]
    whole = [parts.pop(name) for name in names] or [one]
    parts.pop("Error")
    inner |= parts
    return "\n\n".join([f"[JSON Schema]({schemas.filename(command)})", *map(_part, whole)])


def _spelled(schema: Any, words: dict[str, Any]) -> Any:
    """A schema in which lists of words stand where they are named: two of them may have one name."""
    if isinstance(schema, list):
        return [_spelled(one, words) for one in schema]
    if not isinstance(schema, dict):
        return schema
    named = words.get(str(schema.get("$ref", "")).rsplit("/", 1)[-1], {})
    own = {key: _spelled(value, words) for key, value in schema.items() if not (named and key == "$ref")}
    return {**named, **own}


def _part(schema: dict[str, Any]) -> str:
    """What a schema says of itself, and its fields."""
    said = inspect.cleandoc(schema.get("description", ""))
    return f"{said}\n\n{_table(schema)}" if "properties" in schema else said


def _copier() -> str:
    sys.path.append(str(Path(__file__).parent.parent))
    from tests.render.copier_features import Part, Verdict, features

    meanings = "\n".join(f"| {verdict} | {verdict.meaning} |" for verdict in Verdict)
    opening = f"""\
# Copier's features in paved

For people who know Copier: every setting, key, variable, command and option that Copier {version("copier")} \
documents, and what `paved` does with it. A test produces this page: it compares each row with Copier itself, and \
fails if Copier has a name without a row.

| verdict | meaning |
|---|---|
{meanings}"""
    rows = features()
    tables = (_copier_table(part, [row for row in rows if row.part is part]) for part in Part)
    return "\n\n".join([opening, *tables])


def _copier_table(part: Any, rows: list[Any]) -> str:
    """One part of Copier's documentation."""
    typed = any(row.typed for row in rows)
    head = "| Copier | here | verdict | |\n|---|---|---|---|" if typed else "| Copier | verdict | |\n|---|---|---|"
    lines = [
        "| "
        + " | ".join(
            [
                row.name if "`" in row.name or " " in row.name.replace(", ", "") else _code(row.name),
                *([_code(row.typed) if row.typed else ""] if typed else []),
                row.verdict,
                row.note,
            ]
        )
        + " |"
        for row in rows
    ]
    return "\n".join([f"## {part}", "", head, *lines])


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _practices() -> str:
    known = sorted(built_in_practices().values(), key=lambda practice: (practice.level.rank, practice.slug))
    opening = """\
# Practices

For everyone who runs a service: what `paved check` expects of it, why, and how it finds out. `paved explain` prints \
the same on a terminal, with the practices of your own road. [Another page](../explanation/practices.md) explains \
where practices come from.

A service reaches a level if every check of that level and of those below it is passed, or is accepted because of a \
deviation. The tier of a service decides which level it needs."""
    tiers = "\n".join(f"| {tier} | {level} |" for tier, level in REQUIRED_LEVELS.items())
    rows = "\n".join(
        f"| [{practice.slug}](#{practice.slug}) | {practice.level} | {practice.kind} | {practice.title} |"
        for practice in known
    )
    kinds = "\n".join(f"| {kind} | {_meaning(CheckKind, kind)} |" for kind in CheckKind)
    return "\n\n".join(
        [
            opening,
            f"| tier | needs |\n|---|---|\n{tiers}",
            f"| check | how |\n|---|---|\n{kinds}",
            f"## All practices\n\n| practice | level | check | title |\n|---|---|---|---|\n{rows}",
            *map(_practice, known),
        ]
    )


def _practice(practice: Practice) -> str:
    return f"""\
## {practice.title} {{ #{practice.slug} }}

`{practice.slug}`, level {practice.level}, {practice.kind}, since {practice.since}. Source: \
[{practice.source}]({practice.source_url}), {practice.source_date}.

{practice.prose.rstrip()}

**Remedy:** {practice.remedy}"""


def _words(words: type[StrEnum]) -> str:
    rows = "\n".join(f"| `{word}` | {_meaning(words, word)} |" for word in words)
    return f"## {words.__name__}\n\n{inspect.getdoc(words)}\n\n| value | meaning |\n|---|---|\n{rows}"


def _meaning(words: type[StrEnum], word: StrEnum) -> str:
    """The docstring below a member, which Python itself forgets."""
    source = inspect.getsource(words)
    found = re.search(rf'^    {word.name} = .*\n    """(.*?)"""', source, re.MULTILINE)
    return found[1] if found else ""


def _models(schema: dict[str, Any], title: str) -> Iterator[str]:
    """A table for a model, then those of the models it holds, each under the key that holds it."""
    keys = dict(_keys(schema, schema.get("$defs", {})))
    models = {keys.get(name, name): _renamed(inner, keys) for name, inner in schema.get("$defs", {}).items()}
    yield f"## {title}\n\n{_table(_renamed(schema, keys), models)}"
    for key in keys.values():
        inner = models[key]
        yield f"## `{key}`\n\n{inspect.cleandoc(inner.get('description', ''))}\n\n{_table(inner, models)}"


def _keys(schema: dict[str, Any], models: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """The key that holds each model of a schema: `Run` is `run`, what its dependencies are is `run.dependencies`."""
    for key, facts in schema["properties"].items():
        for name in _held(facts):
            if "properties" in models[name]:
                yield name, f"{above}{key}"
                yield from _keys(models[name], models, f"{above}{key}.")


def _held(part: Any) -> Iterator[str]:
    """The models that a part of a schema names, however deep."""
    if isinstance(part, list):
        for one in part:
            yield from _held(one)
    elif isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rsplit("/", 1)[-1]
        for value in part.values():
            yield from _held(value)


def _renamed(part: Any, keys: dict[str, str]) -> Any:
    """A part of a schema in which models are called by their keys."""
    if isinstance(part, list):
        return [_renamed(one, keys) for one in part]
    if not isinstance(part, dict):
        return part
    named = str(part.get("$ref", "")).rsplit("/", 1)[-1]
    return {key: keys.get(named, value) if key == "$ref" else _renamed(value, keys) for key, value in part.items()}


def _table(schema: dict[str, Any], models: dict[str, Any] | None = None) -> str:
    """A model's fields. One that is a model of `models` is described by what that model says of itself."""
    required = schema.get("required", [])
    rows = [
        f"| `{name}` | {_type(facts)} | {'required' if name in required else _default(facts)} "
        f"| {facts.get('description') or _described(facts, models or {})} |"
        for name, facts in schema["properties"].items()
        if not facts.get("deprecated")
    ]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows])


def _described(facts: dict[str, Any], models: dict[str, Any]) -> str:
    """What the model that a field holds, if it holds one, says of itself."""
    held = [one["$ref"].rsplit("/", 1)[-1] for one in [facts, *facts.get("anyOf", [])] if "$ref" in one]
    return " ".join(inspect.cleandoc(models.get(name, {}).get("description", "")).split("\n\n")[0] for name in held)


def _type(facts: dict[str, Any], several: str = "") -> str:
    """A type in words; `several` is the ending of a plural."""
    if "$ref" in facts:
        name = facts["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower().replace('.', '')})"
    if "anyOf" in facts:
        return " or ".join(_type(one, several) for one in facts["anyOf"] if one.get("type") != "null")
    if "enum" in facts:
        return ", ".join(f"`{value}`" for value in facts["enum"])
    if facts.get("type") == "object" and isinstance(facts.get("additionalProperties"), dict):
        return f"mapping{several} of {_type(facts['additionalProperties'], 's')}"
    if facts.get("type") == "array":
        return f"list{several} of {_type(facts.get('items', {}), 's')}"
    return f"{facts['type']}{several}" if "type" in facts else "any"


def _default(facts: dict[str, Any]) -> str:
    value = facts.get("default")
    return (
        "" if value in (None, [], "") or isinstance(value, dict) else f"`{value}`"
    )  # a mapping has a table of its own


PAGES: dict[str, Callable[[], str]] = {
    "reference/cli.md": _cli,
    "reference/errors.md": _errors,
    "reference/copier.md": _copier,
    "reference/paved-road-yml.md": _manifest,
    "reference/run-contract.md": _run_contract,
    "reference/off-road-record.md": _deviation,
    "reference/json.md": _answers,
    "reference/practices.md": _practices,
}
