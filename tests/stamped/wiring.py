"""What GitHub would evaluate at run time, read from the files: which job gets which secret, input, output, permission.

No forge runs here. These are GitHub's documented rules, and one that it does not document (actions/runner#1490): a job
of a called workflow gets a secret only if the caller passes it, even one of the environment that the job names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Job = dict[str, Any]

# What a step needs of the job's token, by what it says.
NEEDS = {
    "actions/checkout@": {"contents": "read"},
    "docker/build-push-action@": {"packages": "write"},
    "cosign sign": {"packages": "write", "id-token": "write"},
    "cosign verify": {"packages": "read"},
}
LEVELS = ["none", "read", "write"]


def faults(files: Mapping[str, str]) -> list[str]:
    """What is wrong with the wiring of the workflows and actions among the files (path to text)."""
    parsed = {path: yaml.load(text, Loader=yaml.BaseLoader) for path, text in files.items()}  # `on` stays a word
    found = []
    for path, workflow in parsed.items():
        if path.startswith(".github/workflows/"):
            for name, job in workflow["jobs"].items():
                where = f"{path.rpartition('/')[2]}: {name}"
                found += [f"{where} {fault}" for fault in _job(parsed, workflow, job)]
    return found


def _job(files: Mapping[str, Any], workflow: Mapping[str, Any], job: Job) -> Iterator[str]:
    called = "workflow_call" in workflow["on"]
    needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
    for other in set(needs) - workflow["jobs"].keys():
        yield f"needs {other}, which is no job"
    for other, output in re.findall(r"needs\.([\w-]+)\.outputs\.([\w-]+)", str(job)):
        if other not in needs or output not in workflow["jobs"].get(other, {}).get("outputs", {}):
            yield f"gets no output {output} of {other}"
    for secret in _secrets(job):
        if called and secret not in workflow["on"]["workflow_call"].get("secrets", {}):
            yield f"uses the secret {secret}, which no caller is asked for"
        elif not called and "uses" not in job and "environment" not in job:
            yield f"uses the secret {secret} outside of an environment"
    if "uses" in job:
        yield from _call(files, job)
    else:
        yield from _steps(files, job)


def _call(files: Mapping[str, Any], job: Job) -> Iterator[str]:
    """A job that calls a workflow of this repository."""
    path = job["uses"].removeprefix("./")
    if path not in files or "workflow_call" not in files[path]["on"]:
        yield f"calls {path}, which cannot be called"
        return
    callee = files[path]
    takes = callee["on"]["workflow_call"] or {}
    yield from _inputs(path, takes.get("inputs", {}), job.get("with", {}))
    given = job.get("secrets", {})
    for inner, each in callee["jobs"].items():
        for secret in _secrets(each):
            if given == "inherit":
                yield f"passes all of its secrets to {path}"
            elif secret not in given:
                yield f"gives {inner} of {path} no secret {secret}"
        yield from _lacks(job, each.get("permissions", {}), f"{inner} of {path}")


def _steps(files: Mapping[str, Any], job: Job) -> Iterator[str]:
    known: set[str] = set()
    for step in job["steps"]:
        yield from (f"asks the step {other}, which has not run" for other in _asked(step) - known)
        known |= {step["id"]} if "id" in step else set()
        yield from _step(files, job, step)
    yield from (f"has an output of the step {other}, which does not exist" for other in _asked(job) - known)


def _step(files: Mapping[str, Any], job: Job, step: Mapping[str, Any]) -> Iterator[str]:
    does, uses = str(step), step.get("uses", "")
    if uses.startswith("./"):
        path = uses.removeprefix("./") + "/action.yml"
        if path not in files:
            yield f"uses {path}, which does not exist"
            return
        yield from _inputs(path, files[path]["inputs"], step.get("with", {}))
        does += str(files[path])
    for words, permissions in NEEDS.items():
        if words in does:
            yield from _lacks(job, permissions, words)


def _asked(part: Mapping[str, Any]) -> set[str]:
    """The steps whose outputs it uses."""
    return set(re.findall(r"steps\.([\w-]+)\.", str(part)))


def _inputs(path: str, takes: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    for name in given.keys() - takes.keys():
        yield f"gives {path} the input {name}, which it does not take"
    for name, spec in takes.items():
        if spec.get("required") == "true" and name not in given:
            yield f"does not give {path} the input {name}"


def _lacks(job: Job, needed: Mapping[str, str], by: str) -> Iterator[str]:
    has = job.get("permissions", {})
    for scope, level in needed.items():
        if LEVELS.index(has.get(scope, "none")) < LEVELS.index(level):
            yield f"lacks {scope}: {level} for {by}"


def _secrets(job: Job) -> set[str]:
    """The secrets that it names, less the token that every job has."""
    return set(re.findall(r"secrets\.(\w+)", str(job))) - {"GITHUB_TOKEN"}
