"""Finds the run contract of a service.

The first of these says it:

1. `run.yml` (or `run.yaml`, `run.toml`) in the service, over the keys of its template's `paved-road.yml`
2. the template's `paved-road.yml` alone
3. `compose.yaml` or `score.yaml` (`derive`)
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from paved_road.check.contract import derive
from paved_road.check.contract.model import KNOWN_PORTS, ContractDependency, RunContract, Sample
from paved_road.errors import ContractError
from paved_road.files import contained, toml, yaml_faults, yml
from paved_road.road import run_words
from paved_road.road.run_words import Run

FILES = ("run.yml", "run.yaml", "run.toml")
"""The names of a service's own contract; it has at most one of them."""
TEMPLATE = "the template's paved-road.yml"
_REQUEST = re.compile(r"([A-Z]+) (/\S*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HINT = "every key is described by: paved schema run.yml"


def resolve_contract(folder: Path, template_run: Mapping[str, Any] | None = None) -> RunContract:
    """The run contract of the service in a folder.

    `template_run` is the `run` of the template's `paved-road.yml`, rendered for the service. Raises `ContractError`,
    which names each fault with its line, and `NoRunContract` if nothing says how the service is run.
    """
    own = [name for name in FILES if contained.is_file(folder, name)]
    if len(own) > 1:
        raise ContractError(f"the service has two run contracts, {own[0]} and {own[1]}", hint=f"delete {own[1]}")
    if own:
        content = _content(folder, own[0])
        return _contract(folder, own[0], content, {**(template_run or {}), **_parsed(own[0], content)})
    if template_run is not None:
        return _contract(folder, TEMPLATE, b"", dict(template_run))
    name, data = derive.derived(folder)
    return _contract(folder, name, _content(folder, name), data)


def _content(folder: Path, name: str) -> bytes:
    try:
        return contained.read_regular(folder, name, limit=2**20)
    except OSError as error:
        raise ContractError(f"cannot read {name}", cause=error.strerror or str(error)) from error


def _parsed(name: str, content: bytes) -> dict[str, Any]:
    """The data of a service's own contract. Raises `ContractError`."""
    try:
        data = toml.load(content) if name.endswith(".toml") else yml.load(content)
    except yaml.YAMLError as error:
        line = yml.error_line(error)
        raise ContractError(f"{name}:{line}: it {yml.what_is_wrong(error)}: {yml.short_message(error)}") from error
    except ValueError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        where = f"{name}:{found[1]}" if found else name
        text = str(error).replace(found[0], "").strip() if found else str(error)
        raise ContractError(f"{where}: it is not TOML: {text}") from error
    if not isinstance(data, dict | None):
        raise ContractError(f"{name}:1: it must be a mapping of keys to values", hint=_HINT)
    return data or {}


def _contract(folder: Path, name: str, content: bytes, data: dict[str, Any]) -> RunContract:
    """The model of the data, which `name` mostly wrote. Raises `ContractError`."""
    faults: dict[yml.Path, str] = yaml_faults.mismatches(data, _schema())
    if not faults:
        try:
            run = msgspec.convert(data, Run)
            contract, faults = _build(folder, name, run)
        except msgspec.ValidationError as error:
            faults = {_place(str(error)): str(error)}
    if faults:
        raise _wrong(name, content, faults)
    return contract


def _place(message: str) -> yml.Path:
    """Where msgspec says that a fault is: `... - at `$.dependencies[...].timeout``."""
    found = re.search(r"at `\$\.?([^`]*)`", message)
    return tuple(part for part in found[1].split(".") if part and "[" not in part) if found else ()


def _wrong(name: str, content: bytes, faults: Mapping[yml.Path, str]) -> ContractError:
    if name == TEMPLATE:
        return ContractError(f"{TEMPLATE} is wrong about `run`", cause="; ".join(faults.values()))
    if name.endswith(".toml"):
        lines = _toml_lines(content.decode(errors="replace"))
        placed = sorted(
            yaml_faults.YamlFault(line=_toml_line(where, lines), text=text) for where, text in faults.items()
        )
    else:
        placed = yaml_faults.placed(faults, content)
    message, cause = yaml_faults.summarize(name, placed)
    return ContractError(message, cause=cause, hint=_HINT)


def _toml_lines(text: str) -> dict[yml.Path, int]:
    """The line of each table and key of a TOML file that is written one key a line, as people do."""
    lines: dict[yml.Path, int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[+([^\]]+)\]", line):
            table = tuple(part.strip().strip("\"'") for part in found[1].split("."))
            lines.setdefault(table, number)
        elif found := re.match(r"\s*([\w\"'.-]+)\s*=", line):
            key = tuple(part.strip().strip("\"'") for part in found[1].split("."))
            lines.setdefault((*table, *key), number)
    return lines


def _toml_line(where: yml.Path, lines: Mapping[yml.Path, int]) -> int:
    return next((lines[where[:end]] for end in range(len(where), 0, -1) if where[:end] in lines), 1)


def _schema() -> dict[str, Any]:
    """The JSON Schema of a contract."""
    _, parts = msgspec.json.schema_components([Run], ref_template="#/$defs/{name}")
    return {**parts.pop("Run"), "$defs": parts}


def json_schema() -> str:
    """The JSON Schema of `run.yml`, for editors."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:paved-road:run.yml:1",
        "title": "run.yml",
    }
    return json.dumps({**head, **_schema(), **head}, indent=2) + "\n"


# -- from words to the model -------------------------------------------------------------------------------------------


def _build(folder: Path, name: str, run: Run) -> tuple[RunContract, dict[yml.Path, str]]:
    """The contract, and what is wrong with it beyond the types of its values, by place."""
    faults: dict[yml.Path, str] = {}
    samples = [_sample(given, where, faults) for where, given in _given_samples(run)]
    try:
        start = tuple(shlex.split(run.start))
    except ValueError as error:
        start, faults["start",] = (), f"start cannot be split into words: {error}"
    if not start:
        faults.setdefault(("start",), "start must not be empty")
    if isinstance(run.port, int) and not 0 < run.port < 65536:
        faults["port",] = f"port must be from 1 to 65535; it is {run.port}"
    if isinstance(run.port, int) and run.probes.port is not None:
        faults["probes", "port"] = "probes.port needs a port that is set by a variable"
    for key in ("live", "ready", "startup", "metrics"):
        path = getattr(run.probes, key)
        if path is not None and not path.startswith("/"):
            faults["probes", key] = f"probes.{key} must be a path such as /healthz; it is {path!r}"
    for where, env in _variables(run):
        if not _NAME.fullmatch(env):
            faults[where] = f"{'.'.join(map(str, where))} must be the name of a variable; it is {env!r}"
    dependencies = tuple(_dependency(folder, key, one, faults) for key, one in run.dependencies.items())
    settings = {**_settings(folder, run.settings_file, faults), **run.settings}
    crash = _sample(run.crash, ("crash",), faults) if run.crash is not None else None
    contract = RunContract(
        start=start, port_env=None if isinstance(run.port, int) else run.port.env,
        port=run.port if isinstance(run.port, int) else None, live=run.probes.live, ready=run.probes.ready,
        startup=run.probes.startup, metrics=run.probes.metrics,
        probe_port_env=run.probes.port.env if run.probes.port else None, dependencies=dependencies,
        samples=tuple(samples), headers=run.headers, settings=settings, secrets=tuple(run.secrets),
        deadline=run.deadline, deadline_header=run.deadline_header, ready_within=run.ready_within,
        stop_within=run.stop_within, crash=crash, source=name,
    )  # fmt: skip
    return contract, faults


def _given_samples(run: Run) -> Iterator[tuple[yml.Path, str | run_words.SampleRequest]]:
    """The sample requests as they are written, each with its place."""
    if run.sample is not None:
        yield ("sample",), run.sample
    yield from ((("samples", at), one) for at, one in enumerate(run.samples))


def _variables(run: Run) -> list[tuple[yml.Path, str]]:
    """Every name of a variable, with its place."""
    named: list[tuple[yml.Path, str]] = []
    if not isinstance(run.port, int):
        named.append((("port", "env"), run.port.env))
    if run.probes.port is not None:
        named.append((("probes", "port", "env"), run.probes.port.env))
    named += [(("dependencies", name, "env"), one.env) for name, one in run.dependencies.items()]
    named += [(("settings", name), name) for name in run.settings]
    return named + [(("secrets", at), name) for at, name in enumerate(run.secrets)]


def _sample(given: str | run_words.SampleRequest, where: yml.Path, faults: dict[yml.Path, str]) -> Sample:
    """A sample request; a method without a path, or the other way round, is a fault."""
    request = given if isinstance(given, str) else given.request
    body = None if isinstance(given, str) else given.body
    headers = {} if isinstance(given, str) else dict(given.headers)
    found = _REQUEST.fullmatch(request.strip())
    if found is None:
        name = ".".join(map(str, where))
        faults[where] = f"{name} must be a method and a path such as GET /orders/1; it is {request!r}"
        return Sample(method="GET", target="/")
    if body is not None and not isinstance(body, str):
        headers = {"content-type": "application/json", **{key.lower(): value for key, value in headers.items()}}
    return Sample(method=found[1], target=found[2], body=_body(body), headers=headers)


def _body(value: Any) -> bytes:
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _dependency(
    folder: Path, name: str, given: run_words.DependencyContract, faults: dict[yml.Path, str]
) -> ContractDependency:
    where: yml.Path = ("dependencies", name)
    if given.stub is not None and not contained.is_file(folder, given.stub):
        faults[*where, "stub"] = f"dependencies.{name}.stub: the service has no file {given.stub}"
    for request in given.answers:
        if not _REQUEST.fullmatch(request):
            faults[*where, "answers", request] = (
                f"dependencies.{name}.answers: the key must be a method and a path such as GET /items/42; "
                f"it is {request!r}"
            )
    if given.url is not None and (wrong := _wrong_url(given.url)):
        faults[*where, "url"] = f"dependencies.{name}.url {wrong}"
    is_text = isinstance(given.answer, str)
    return ContractDependency(
        name=name, env=given.env, critical=given.critical,
        sample=_sample(given.sample, (*where, "sample"), faults) if given.sample is not None else None,
        answer=b"{}" if given.answer is None else _body(given.answer),
        answers={request: _body(answer) for request, answer in given.answers.items()},
        content_type="text/plain" if is_text else "application/json", stub=given.stub, suffix=given.path, url=given.url,
        stateful=given.stateful, timeout=given.timeout, attempts=given.attempts, availability=given.availability,
    )  # fmt: skip


def _wrong_url(url: str) -> str:
    """What is wrong with the address of a dependency that speaks no HTTP; "" if nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port or KNOWN_PORTS.get(parts.scheme.partition("+")[0])
    except ValueError as error:
        return f"is not an address: {error}"
    if parts.scheme in ("http", "https"):
        return "is for what speaks no HTTP: leave it out, and a stand-in takes the place of this dependency"
    if not parts.scheme or not parts.hostname or not port:
        return "must be an address with a host and a port, such as postgres://user:password@127.0.0.1:5432/orders"
    return ""


def _settings(folder: Path, name: str | None, faults: dict[yml.Path, str]) -> dict[str, str]:
    """The variables of a file of settings: a `NAME=value` in each line, `#` begins a comment."""
    if name is None:
        return {}
    try:
        text = contained.read_regular(folder, name, limit=2**20).decode("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        faults["settings_file",] = f"settings_file: cannot read {name}: {why}"
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#"))
    return {key.strip().removeprefix("export "): value.strip().strip("\"'") for key, value in pairs}
