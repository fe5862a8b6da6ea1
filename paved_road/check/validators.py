"""Public validators, where they are installed: hadolint, zizmor, actionlint, promtool, kubernetes-validate, gitleaks.

They read files as data, and so stay readers: each runs in a temporary folder that holds copies of the service's texts
and nothing else, with a bounded time, without the user's own configuration, and offline as far as it has a word for it.
A program that lies in the service's folder is not run, because the service brings it. What is not installed is named in
the verdict, and is no fault.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.image import dockerfiles
from paved_road.check.static.kubernetes.environments import all_environments
from paved_road.check.static.pipelines import workflow_paths
from paved_road.check.static.rules import rule_paths
from paved_road.check.static.structured import ELSEWHERE, documents, items, mapping
from paved_road.process.child import OutOfTime, run

SECONDS = 20.0
"""Time that one validator may take."""

Texts = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Validator:
    """One program, and the practice to which its findings belong."""

    program: str
    practice: str
    arguments: tuple[str, ...]
    """Before the names of the files."""
    inputs: Callable[[ServiceFiles], Texts]
    """What it reads, by path in its temporary folder."""
    settings: tuple[str, ...] = ()
    """Its configuration in the service, which is copied too: only names and values, never code."""
    names_files: bool = True
    """Whether it gets the names of the files; else it finds them below the folder."""
    faults: Callable[[str, ServiceFiles], Iterable[Fault]]
    """What its output says. Raises `ValueError` if it cannot be understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """What the validators of one practice said."""

    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    """Which ones did not run, and why."""


def validated(practice: str, files: ServiceFiles) -> Validation:
    """What the installed validators of a practice say about a service's files."""
    faults: list[Fault] = []
    notes: list[str] = []
    for validator in (one for one in VALIDATORS if one.practice == practice):
        texts = validator.inputs(files)
        if not texts:
            continue
        program = _installed(validator.program, files.subject.path)
        if program is None:
            notes.append(f"{validator.program} is not installed, and was skipped")
            continue
        try:
            faults += validator.faults(_output(validator, program, texts, files), files)
        except OutOfTime:
            notes.append(f"{validator.program} did not end within {SECONDS:g} s")
        except (OSError, ValueError) as error:
            notes.append(f"{validator.program} could not be used: {error}")
    return Validation(faults=tuple(faults), notes=tuple(notes))


def _installed(name: str, service: Path) -> str | None:
    """The path of a program on PATH that the service does not bring itself."""
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).is_absolute()]
    ours = [folder for folder in folders if not Path(folder).resolve().is_relative_to(service.resolve())]
    return shutil.which(name, path=os.pathsep.join(ours))


def _output(validator: Validator, program: str, texts: Texts, files: ServiceFiles) -> str:
    """Everything that a validator writes about copies of these texts. Raises `OSError` and `OutOfTime`."""
    with tempfile.TemporaryDirectory(prefix="paved-") as name:
        folder = Path(name) / "service"
        settings = {path: files.texts[path] for path in validator.settings if path in files.texts}
        for path, text in {**settings, **texts}.items():
            place = folder / PurePosixPath(path)
            if ".." not in place.parts:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8", errors="surrogateescape")
        named = [f"./{path}" for path in sorted(texts)] if validator.names_files else []
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": name, "LANG": "C.UTF-8", "NO_COLOR": "1"}
        lines: list[str] = []
        run(
            [program, *validator.arguments, *named], cwd=folder, env=environment, seconds=SECONDS, tell=lines.append
        )  # fmt: skip
    return "\n".join(lines)


# -- what each one reads -----------------------------------------------------------------------------------------------


def _of(*paths: Callable[[ServiceFiles], Iterable[str]]) -> Callable[[ServiceFiles], Texts]:
    return lambda files: {path: files.texts[path] for find in paths for path in find(files)}


def _actions(files: ServiceFiles) -> list[str]:
    return files.matching(".github/actions/*action.yml", ".github/actions/*action.yaml", "action.yml", "action.yaml")


def _github(files: ServiceFiles) -> list[str]:
    return [path for path in workflow_paths(files) if path.startswith(".github/")]


def _plain_rules(files: ServiceFiles) -> Texts:
    """The rules, each file without what Kubernetes wraps it in."""
    found: dict[str, str] = {}
    for path in rule_paths(files):
        groups = [
            group
            for document in documents(files, path)
            for group in items(document.get("groups")) or items(mapping(document, "spec").get("groups"))
        ]
        if groups and path.endswith((".yaml", ".yml", ".rules")):
            found[path] = yaml.safe_dump({"groups": groups}, allow_unicode=True)
    return found


def _rendered(files: ServiceFiles) -> Texts:
    """What each environment deploys, as one file."""
    try:
        found = all_environments(files)
    except NotApplicable:
        return {}
    return {
        f"{number}.yaml": yaml.safe_dump_all([dict(resource.data) for resource in one.resources], allow_unicode=True)
        for number, one in enumerate(found)
        if one.resources
    }


def _sources(files: ServiceFiles) -> list[str]:
    return [path for path in files.texts if not ELSEWHERE.search(path)]


# -- what each one says ------------------------------------------------------------------------------------------------

_OF_DISTRIBUTIONS = {"DL3008", "DL3018", "DL3033", "DL3041"}
"""Versions of packages of the operating system: distributions remove old ones, and a pinned build breaks then."""


def _json(output: str) -> Any:
    """The JSON value in an output that may have lines of a log before it. Raises `ValueError` if there is none."""
    begins = re.search(r"(?m)^\s*[\[{]", output)
    if begins is None:
        raise ValueError(output.strip().splitlines()[-1] if output.strip() else "it wrote nothing")
    return json.JSONDecoder().raw_decode(output[begins.start() :].lstrip())[0]


def _said(program: str, rule: object, what: object, **place: Any) -> Fault:
    return Fault(message=f"{program} {rule}: {what}", remedy=f"See {rule} in the documentation of {program}.", **place)


def _hadolint(output: str, _: ServiceFiles) -> Iterator[Fault]:
    for found in items(_json(output)):
        one = mapping(found)
        if one.get("level") in ("error", "warning") and one.get("code") not in _OF_DISTRIBUTIONS:
            path = str(one.get("file", "")).removeprefix("./")
            yield _said("hadolint", one.get("code"), one.get("message"), path=path, line=int(one.get("line", 1)))


def _zizmor(output: str, _: ServiceFiles) -> Iterator[Fault]:
    """Its findings of high severity and confidence."""
    for found in items(_json(output)):
        one, sure = mapping(found), mapping(found, "determinations")
        if sure.get("severity") == "High" and sure.get("confidence") == "High" and not one.get("ignored"):
            places = [mapping(place) for place in items(one.get("locations"))]
            first = next((place for place in places if mapping(place, "symbolic").get("kind") == "Primary"), {})
            local = mapping(first, "symbolic", "key", "Local")
            path = str(local.get("verbatim_path", local.get("given_path", ""))).removeprefix("./")  # by its version
            row = mapping(first, "concrete", "location", "start_point").get("row", 0)
            yield _said("zizmor", one.get("ident"), one.get("desc"), path=path, line=int(row) + 1)


def _actionlint(output: str, _: ServiceFiles) -> Iterator[Fault]:
    for found in items(_json(output)):
        one = mapping(found)
        path = str(one.get("filepath", "")).removeprefix("./")
        yield _said("actionlint", one.get("kind"), one.get("message"), path=path, line=int(one.get("line", 1)))


def _promtool(output: str, files: ServiceFiles) -> Iterator[Fault]:
    for path, what in re.findall(r"(?m)^\s*(?:\./)?(\S+?\.(?:ya?ml|rules)): (?:\d+:\d+: )?(.*)$", output):
        if path in files.texts:
            rule = re.search(r'rule \d+, "([^"]+)"', what)
            line = files.line(path, rf"(alert|record):\s*[\"']?{re.escape(rule[1])}") if rule else 1
            yield Fault(
                message=f"promtool: {what}", path=path, line=line, remedy="Correct the rule: promtool check rules"
            )


def _kubernetes_validate(output: str, files: ServiceFiles) -> Iterator[Fault]:
    environments = all_environments(files)
    told: set[str] = set()
    pattern = r"(?m)^ERROR\s+\./(\d+)\.yaml did not validate for resource (\S+) against version \S+: (.*)$"
    for number, resource, what in re.findall(pattern, output):
        if f"{resource} {what}" not in told:
            told.add(f"{resource} {what}")
            kind, _, name = resource.partition("/")
            same = (one for one in environments[int(number)].resources if one.kind.lower() == kind.lower())
            path, line = next((one.place() for one in same if one.name == name), ("", 1))
            yield Fault(
                message=f"kubernetes-validate: {resource}: {what}", path=path, line=line,
                remedy="Correct the field; kubectl explain says what Kubernetes takes.",
            )  # fmt: skip


def _gitleaks(output: str, _: ServiceFiles) -> Iterator[Fault]:
    """What it knows by its form. Its rule for anything that looks random finds too much that is no secret."""
    for found in items(_json(output)):
        one = mapping(found)
        if one.get("RuleID") != "generic-api-key":
            path = str(one.get("File", "")).removeprefix("./")
            yield _said(
                "gitleaks", one.get("RuleID"), one.get("Description"), path=path, line=int(one.get("StartLine", 1))
            )


VALIDATORS = (
    Validator(
        program="hadolint", practice="immutable-image", arguments=("--no-color", "--no-fail", "--format", "json"),
        settings=(".hadolint.yaml", ".hadolint.yml"), inputs=_of(dockerfiles), faults=_hadolint,
    ),
    Validator(
        program="zizmor", practice="supply-chain", names_files=False, inputs=_of(_github, _actions), faults=_zizmor,
        arguments=("--offline", "--no-exit-codes", "--quiet", "--format", "json", "."),
        settings=("zizmor.yml", "zizmor.yaml", ".github/zizmor.yml", ".github/zizmor.yaml"),
    ),
    Validator(
        program="actionlint", practice="pipeline", inputs=_of(_github), faults=_actionlint,
        arguments=("-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}"),
        settings=(".github/actionlint.yaml", ".github/actionlint.yml"),
    ),
    Validator(
        program="promtool", practice="alerts", arguments=("check", "rules"), inputs=_plain_rules, faults=_promtool,
    ),
    Validator(
        program="kubernetes-validate", practice="valid-manifests", arguments=("--strict", "--no-warn", "--quiet"),
        inputs=_rendered, faults=_kubernetes_validate,
    ),
    Validator(
        program="gitleaks", practice="secrets", names_files=False, inputs=_of(_sources), faults=_gitleaks,
        arguments=("dir", "--no-banner", "--redact", "--exit-code=0", "--report-format=json", "--report-path=-", "."),
        settings=(".gitleaks.toml", ".gitleaksignore"),
    ),
)  # fmt: skip
