"""The pipeline: it tests and lints every change, and deploys only what it has tested."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.commands import DEPLOYS, LINT, SKIPS_TESTS, TESTS
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.pipelines import (
    GITLAB,
    Pipeline,
    PipelineJob,
    PipelineStep,
    read_pipelines,
    workflow_paths,
)
from paved_road.check.static.structured import parsed_yaml
from paved_road.check.static.surroundings import in_repository, placed

_TARGETS = re.compile(
    r"^(prod|production|live|stag(e|ing)|dev|development|test|qa|uat|canary|pre-?prod)\b", re.IGNORECASE
)
_THROWAWAY = re.compile(r"\b(kind create|kind-action|setup-kind|k3d|minikube|microk8s|ct install|vcluster|kwok)\b")
"""A cluster that lives as long as the job: what is deployed to it is tested there."""
_ANY_TEST_IN_TEXT = re.compile(
    r"\b[\w-]+/(run-)?tests?\b|VSTest@|command:\s*[\"']?test\b|Maven@|Gradle@", re.IGNORECASE
)


@static_check("pipeline")
def pipeline(files: ServiceFiles) -> Iterator[Fault]:
    """A pipeline runs the tests and a linter on every change, and deploys only after the tests.

    Raises `NotApplicable` if it calls a pipeline of another repository, which nobody can read here.
    """
    yield from placed(files, _judged(in_repository(files)))


def _judged(files: ServiceFiles) -> Iterator[Fault]:
    broken = list(_broken(files))
    yield from broken
    found = read_pipelines(files)
    if not found and not broken:
        yield Fault(message="no pipeline runs when the code changes", remedy="Run tests and a linter on every change.")
    changed = [one for one in found if one.on_change]
    jobs = [job for one in changed for job in one.jobs.values() if job.automatic]
    tested = [job for job in jobs if tests(job)]
    elsewhere = [name for one in changed for name in one.elsewhere] + [name for job in jobs for name in job.elsewhere]
    linted = any(LINT.search(job.text) for job in jobs) or "\nci:" in files.texts.get(".pre-commit-config.yaml", "")
    if found and not (tested and linted) and elsewhere and not broken:
        raise NotApplicable(f"the pipeline is in another repository ({elsewhere[0]}), which this check does not read")
    if found:
        yield from _tests(found, tested)
        if not linted:
            yield Fault(
                message="no pipeline runs a linter on every change", path=found[0].path,
                remedy="Run your language's linter or type checker in the pipeline.",
            )  # fmt: skip
        yield from _deploys(changed)


def tests(job: PipelineJob) -> bool:
    """Whether a job runs tests."""
    return any(_is_test(step) for step in job.steps)


def _is_test(step: PipelineStep) -> bool:
    lines = [line for line in step.text.splitlines() if not SKIPS_TESTS.search(line)]
    return any(TESTS.search(line) for line in lines)


def _has_tests(one: Pipeline) -> bool:
    return any(tests(job) for job in one.jobs.values())


def _broken(files: ServiceFiles) -> Iterator[Fault]:
    for path in [*workflow_paths(files), *([GITLAB] if GITLAB in files.texts else [])]:
        wrong = parsed_yaml(files.texts[path])[1]
        if wrong is not None:
            yield Fault(message=f"{path} {wrong.message}", path=path, line=wrong.line, remedy=wrong.remedy)


def _tests(found: list[Pipeline], tested: list[PipelineJob]) -> Iterator[Fault]:
    if not tested:
        if any(not one.ordered and _ANY_TEST_IN_TEXT.search(job.text) for one in found for job in one.jobs.values()):
            return
        late = next((one for one in found if _has_tests(one)), None)
        why = f"only {late.path} runs tests, and a change does not start it" if late else "no pipeline runs tests"
        remedy = "Run the tests on pull_request, or for each merge request."
        yield Fault(message=why, path=(late or found[0]).path, remedy=remedy)
    elif all(_may_fail(job) for job in tested):
        yield Fault(
            message=f"the job {tested[0].name} runs the tests, and passes when they fail", path=tested[0].path,
            line=tested[0].line, remedy="Remove continue-on-error, allow_failure and `|| true`.",
        )  # fmt: skip


def _may_fail(job: PipelineJob) -> bool:
    """Whether the pipeline goes on although the tests of the job failed."""
    steps = [step for step in job.steps if _is_test(step)]
    ignored = re.compile(rf"(?:{TESTS.pattern})[^\n;&|]*\|\|\s*(true|:|exit 0)\s*$", re.IGNORECASE | re.MULTILINE)
    return job.optional or all(step.optional or ignored.search(step.text) for step in steps)


def _deploys(found: list[Pipeline]) -> Iterator[Fault]:
    """Jobs that deploy a commit without waiting for the tests of that commit."""
    for one in found:
        if not one.ordered or "push" not in one.events:
            continue
        for job in one.jobs.values():
            if job.automatic and _is_deployment(job) and not _is_tested(one, job, set()):
                yield Fault(
                    message=f"the job {job.name} deploys without waiting for tests", path=one.path, line=job.line,
                    remedy="Let it wait for the job that runs the tests: needs (GitHub), a later stage (GitLab).",
                )  # fmt: skip


def _is_deployment(job: PipelineJob) -> bool:
    if _THROWAWAY.search(job.text):
        return False
    return bool(DEPLOYS.search(job.text) or (_TARGETS.match(job.environment) and job.steps))


def _is_tested(one: Pipeline, job: PipelineJob, seen: set[str]) -> bool:
    """Whether tests ran before a job deploys: in a job that it waits for, or in an earlier step of its own."""
    for step in job.steps:
        if _is_test(step):
            return True
        if DEPLOYS.search(step.text):
            break
    seen.add(job.name)
    before = [one.jobs[name] for name in job.needs if name in one.jobs and name not in seen]
    return any(tests(other) or other.elsewhere or _is_tested(one, other, seen) for other in before)
