"""The interface that a service describes: the same as the committed one, and without a request that breaks it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.model import NotApplicable, Subject
from paved_road.check.registry import live_check
from paved_road.check.static.files import read_service
from paved_road.files import yml
from paved_road.process import running
from paved_road.text.counts import counted

SERVED = (
    "/openapi.json", "/openapi.yaml", "/openapi.yml", "/openapi", "/v3/api-docs", "/swagger.json",
    "/swagger/v1/swagger.json", "/swagger/doc.json", "/api/openapi.json", "/api-docs", "/api-docs.json",
    "/docs/openapi.json", "/q/openapi",
)  # fmt: skip
"""Where frameworks serve the document."""
NAMES = ("openapi", "swagger", "api-docs")
DEPLOYMENT = {"servers", "host", "basePath", "schemes"}
"""What may differ between a file and a running service: where it runs."""
SHOWN = 5
EXAMPLES = 10
"""Generated requests for each operation and phase."""
LONGEST = 120.0
"""Seconds after which the fuzzer is given up, on however busy a machine."""


@live_check("api-contract")
async def api_contract(lab: Lab) -> None:
    """The OpenAPI document that the service serves says what the committed one says.

    Raises `NotApplicable` if there is none to compare.
    """
    documents = _committed(lab)
    if not documents:
        raise NotApplicable("the service commits no OpenAPI document; commit the one that it serves as openapi.json")
    async with lab.service() as service:
        target, served = await _served(service)
    if served is None:
        raise NotApplicable(
            f"the service serves no OpenAPI document: none of {', '.join(SERVED[:6])} ... answers with one"
        )
    path, committed = min(documents.items(), key=lambda each: len(list(_differences(each[1], served))))
    found = list(_differences(committed, served))
    lab.expect(
        not found, did=f"GET {target}, and compared it with {path}",
        observed=counted(len(found), "difference") if found else "both say the same",
        expected=f"what {path} says, whatever is said of servers and version", excerpt="\n".join(found[:SHOWN]),
    )  # fmt: skip


@live_check("api-fuzz")
async def api_fuzz(lab: Lab) -> None:
    """Schemathesis generates requests from the OpenAPI document, and none of them is answered with 5xx.

    Raises `NotApplicable` if it is not installed, or has nothing to begin with.
    """
    program = _fuzzer(lab)
    if program is None:
        raise NotApplicable("schemathesis is not installed: neither in the service's .venv nor on PATH")
    async with lab.service() as service:
        target, served = await _served(service)
        if served is None:
            raise NotApplicable("the service serves no OpenAPI document, from which requests could be generated")
        if not served.get("paths"):
            raise NotApplicable(f"{target} describes no paths")
        headers = [word for name, value in lab.contract.headers.items() for word in ("--header", f"{name}: {value}")]
        own = lab.path / "schemathesis.toml"
        configured = ["--config-file", str(own)] if own.is_file() else []
        options = [
            *headers, "--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing",
            "--max-examples", str(EXAMPLES), "--seed", str(lab.seed), "--request-timeout", "60",
            "--generation-database", "none", "--no-color",
        ]  # fmt: skip
        command = [program, *configured, "run", f"http://127.0.0.1:{service.port}{target}", *options]
        with tempfile.TemporaryDirectory(prefix="paved-") as scratch:  # it leaves a folder where it runs
            fuzzing = await running.start(command, cwd=Path(scratch), env=os.environ)
            try:
                code = await fuzzing.wait(LONGEST)
                said = fuzzing.said
            finally:
                await fuzzing.stop()
    if code != 0 and not (code == 1 and "Server error" in said):
        raise RuntimeError(f"schemathesis could not tell (exit code {code}): {said[-500:]}")
    lab.expect(
        code == 0, did=" ".join(["schemathesis", *command[command.index("run") :]]),
        observed="no request was answered with 5xx" if code == 0 else "requests that are answered with 5xx",
        expected="no answer of 5xx", excerpt="" if code == 0 else _failures(said),
    )  # fmt: skip


def _committed(lab: Lab) -> dict[str, Mapping[str, Any]]:
    """The OpenAPI documents among the service's files, by their paths."""
    files = read_service(Subject(path=lab.path, name=lab.path.name))
    found = {}
    for path in files.matching("*.json", "*.yaml", "*.yml"):
        if PurePosixPath(path).name.lower().startswith(NAMES):
            document = _document(files.texts[path])
            if document is not None:
                found[path] = document
    return found


def _document(text: str) -> Mapping[str, Any] | None:
    """The data of an OpenAPI document in JSON or YAML; None if it is none."""
    try:
        data = yml.load(text)
    except yaml.YAMLError:
        return None
    is_one = isinstance(data, dict) and ("openapi" in data or "swagger" in data) and "info" in data
    return data if is_one else None


async def _served(service: Instance) -> tuple[str, Mapping[str, Any] | None]:
    for target in SERVED:
        answer = await service.ask(Sample(method="GET", target=target, headers={"accept": "application/json, */*"}))
        if answer.status == 200 and (document := _document(answer.text)) is not None:
            return target, document
    return "", None


def _differences(committed: Any, served: Any, where: str = "") -> Iterator[str]:
    """Where two documents differ, and which of them says it."""
    if isinstance(committed, Mapping) and isinstance(served, Mapping):
        for key in sorted({str(key) for key in (*committed, *served)}):
            ours = {str(name): value for name, value in committed.items()}
            theirs = {str(name): value for name, value in served.items()}
            place = f"{where} > {key}".removeprefix(" > ")
            if (not where and key in DEPLOYMENT) or place == "info > version":
                continue
            if key not in ours or key not in theirs:
                yield f"{place}: only in the {'served' if key in theirs else 'committed'} document"
            else:
                yield from _differences(ours[key], theirs[key], place)
    elif isinstance(committed, list) and isinstance(served, list) and len(committed) == len(served):
        for number, (ours, theirs) in enumerate(zip(committed, served, strict=True)):
            yield from _differences(ours, theirs, f"{where} > {number}")
    elif committed != served:
        yield f"{where}: {_short(committed)} is committed, {_short(served)} is served"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fuzzer(lab: Lab) -> str | None:
    """Schemathesis of the service's own environment, or else the one on PATH."""
    own = [str(lab.path / folder / "bin") for folder in (".venv", "venv")]
    return shutil.which("schemathesis", path=os.pathsep.join([*own, os.environ.get("PATH", "")]))


def _failures(said: str) -> str:
    """What schemathesis says of the failures, without what it says before."""
    return said[max(0, said.find("= FAILURES =")) :][:1500]
