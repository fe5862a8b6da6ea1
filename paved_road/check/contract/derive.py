"""A run contract from what a service already says to other tools: `compose.yaml` or `score.yaml`.

Compose: the one service that is built here is the service itself; a variable with the URL of another service of the
file names a dependency. Score (docs.score.dev): the one container, its command, variables, probes and ports.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from paved_road.errors import NoRunContract
from paved_road.files import contained, yml
from paved_road.text.counts import counted

COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
SCORE = ("score.yaml", "score.yml")


def derived(folder: Path) -> tuple[str, dict[str, Any]]:
    """The file that says how the service is run, and the contract's data. Raises `NoRunContract` if none says it."""
    reasons = []
    for names, read in ((COMPOSE, _of_compose), (SCORE, _of_score)):
        for name in names:
            if not contained.is_file(folder, name):
                continue
            try:
                data = yml.load(contained.read_regular(folder, name, limit=2**20))
                return name, read(folder, data if isinstance(data, dict) else {})
            except _Unsaid as error:
                reasons.append(f"{name} {error}")
            except (OSError, yaml.YAMLError) as error:
                reasons.append(f"{name} cannot be read: {str(error).splitlines()[0]}")
    raise NoRunContract(
        f"nothing says how to run {folder.name}",
        cause="; ".join(reasons)
        or "it has no run.yml, no compose.yaml and no score.yaml, and no template that says it",
        hint="write run.yml; its keys are described by: paved schema run.yml",
    )


class _Unsaid(Exception):
    """The file does not say something that the contract needs."""


# -- Compose -----------------------------------------------------------------------------------------------------------


def _of_compose(folder: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    services = {name: one for name, one in _mapping(data.get("services")).items() if isinstance(one, dict)}
    built = [name for name, one in services.items() if "build" in one]
    if len(built) != 1:
        raise _Unsaid("does not say which service is this one: it builds " + (", ".join(built) or "none"))
    own = services[built[0]]
    variables = _variables(own.get("environment"))
    port = _container_port(own.get("ports"))
    checked = _checked_path(own.get("healthcheck"))
    dependencies = dict(_dependencies(variables, services.keys() - {built[0]}))
    urls = {one["env"] for one in dependencies.values()}
    port_env = next((name for name, value in variables.items() if "PORT" in name and value == str(port)), None)
    return {
        "start": _start(folder, own),
        "port": {"env": port_env} if port_env else port,
        "probes": {"live": checked, "ready": checked},
        "dependencies": dependencies,
        "settings": {name: value for name, value in variables.items() if name not in {*urls, port_env}},
    }


def _start(folder: Path, own: Mapping[str, Any]) -> str:
    """The command of the service, else the one of its Dockerfile."""
    given = [_command(own[key]) for key in ("entrypoint", "command") if own.get(key)]
    if given:
        return " ".join(given)
    build = own["build"]
    context = build if isinstance(build, str) else _mapping(build).get("context", ".")
    file = "Dockerfile" if isinstance(build, str) else _mapping(build).get("dockerfile", "Dockerfile")
    name = str(Path(str(context)) / str(file))
    try:
        text = contained.read_regular(folder, name, limit=2**20).decode(errors="replace")
    except OSError as error:
        raise _Unsaid(f"has no command, and {name} cannot be read") from error
    said = {}
    for instruction, words in re.findall(r"^\s*(CMD|ENTRYPOINT)\s+(.+?)\s*$", text, re.MULTILINE | re.IGNORECASE):
        try:
            parsed = json.loads(words)
        except ValueError:
            parsed = words
        said[instruction.upper()] = _command(parsed)
    if not said:
        raise _Unsaid(f"has no command, and {name} has neither CMD nor ENTRYPOINT")
    return " ".join(said[key] for key in ("ENTRYPOINT", "CMD") if key in said)


def _command(value: Any) -> str:
    return shlex.join(map(str, value)) if isinstance(value, list) else str(value)


def _variables(value: Any) -> dict[str, str]:
    """Compose's environment: a mapping, or a list of `NAME=value`."""
    if isinstance(value, list):
        value = dict(str(one).split("=", 1) for one in value if "=" in str(one))
    return {str(name): _default(str(given)) for name, given in _mapping(value).items() if given is not None}


def _default(text: str) -> str:
    """The text with `${NAME:-default}` replaced by its default."""
    return re.sub(r"\$\{\w+(?::?-([^}]*))?\}", lambda found: found[1] or "", text)


def _container_port(ports: Any) -> int:
    for one in ports if isinstance(ports, list) else []:
        target = one.get("target") if isinstance(one, dict) else str(one).split("/")[0].rsplit(":", 1)[-1]
        if str(target).isdigit():
            return int(str(target))
    raise _Unsaid("does not publish a port of the service")


def _checked_path(healthcheck: Any) -> str:
    """The path that the health check asks."""
    found = re.search(r"https?://[^/\s\"']+(/[^\s\"'|)]*)", str(_mapping(healthcheck).get("test", "")))
    if found is None:
        raise _Unsaid("has no health check that asks a URL of the service")
    return found[1]


def _dependencies(variables: Mapping[str, str], others: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the service calls: the variables with the URL of another service of the file."""
    for name, value in variables.items():
        url = urlsplit(value)
        if url.scheme == "http" and url.hostname in others:
            yield str(url.hostname), {"env": name, "critical": False, "path": url.path.rstrip("/")}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# -- Score -------------------------------------------------------------------------------------------------------------


def _of_score(_: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    containers = [one for one in _mapping(data.get("containers")).values() if isinstance(one, dict)]
    if len(containers) != 1:
        raise _Unsaid(f"has {counted(len(containers), 'container')}; one is needed")
    own = containers[0]
    command = [*(own.get("command") or []), *(own.get("args") or [])]
    if not command:
        raise _Unsaid("has no command")
    ports = [_mapping(one) for one in _mapping(_mapping(data.get("service")).get("ports")).values()]
    if not ports:
        raise _Unsaid("has no port")
    port = ports[0].get("targetPort") or ports[0].get("port")
    probes = {key: _mapping(_mapping(own.get(f"{key}Probe")).get("httpGet")).get("path") for key in _PROBES}
    if not any(probes.values()):
        raise _Unsaid("has no probe")
    variables = {str(name): str(value) for name, value in _mapping(own.get("variables")).items()}
    port_env = next((name for name, value in variables.items() if "PORT" in name and value == str(port)), None)
    resources = _mapping(data.get("resources"))
    calls = {name: dict(_of_resources(name, value, resources)) for name, value in variables.items()}
    dependencies = {key: one for found in calls.values() for key, one in found.items()}
    urls = {one["env"] for one in dependencies.values()}
    return {
        "start": shlex.join(map(str, command)),
        "port": {"env": port_env} if port_env else port,
        "probes": {
            "live": probes["liveness"] or probes["readiness"], "ready": probes["readiness"] or probes["liveness"],
        },
        "dependencies": dependencies,
        "settings": {name: value for name, value in variables.items() if name not in {*urls, port_env}},
    }  # fmt: skip


_PROBES = ("liveness", "readiness")


def _of_resources(name: str, value: str, resources: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The dependency that a variable has the address of: `http://${resources.inventory.host}`."""
    found = re.match(r"http://\$\{resources\.([\w-]+)\.[^}]*\}[^/]*(/.*)?", value)
    if found and found[1] in resources:
        yield found[1], {"env": name, "critical": False, "path": (found[2] or "").rstrip("/")}
