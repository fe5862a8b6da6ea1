"""The pipelines of a service, whatever system runs them: their jobs, what each one runs, and what it waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from paved_road.check.static import commands
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.structured import documents, items, mapping
from paved_road.check.static.surroundings import concerning

WORKFLOWS = (".github/workflows/", ".gitea/workflows/", ".forgejo/workflows/")
GITLAB = ".gitlab-ci.yml"
_OTHERS = {
    "CircleCI": (".circleci/config.yml",),
    "Azure Pipelines": ("azure-pipelines*.yml", ".azure/*.yml", ".azure-pipelines/*.yml", ".azuredevops/*.yml"),
    "Buildkite": (".buildkite/*.yml", ".buildkite/*.yaml"),
    "Jenkins": ("Jenkinsfile*", "*.jenkinsfile", "jenkins/*"),
    "Travis CI": (".travis.yml",),
    "Drone": (".drone.yml",),
    "Woodpecker": (".woodpecker.y*ml", ".woodpecker/*.y*ml"),
    "Bitbucket": ("bitbucket-pipelines.yml",),
    "Cloud Build": ("cloudbuild*.y*ml", ".github/cloudbuild/*.y*ml", "*/cloudbuild.y*ml"),
    "Cirrus CI": (".cirrus.yml",),
    "AppVeyor": ("appveyor.yml", ".appveyor.yml"),
    "AWS CodeBuild": ("buildspec*.yml",),
    "Semaphore": (".semaphore/*.yml",),
    "Tekton": (".tekton/*.y*ml",),
    "TeamCity": (".teamcity/*.kts",),
    "Dagger": ("dagger.json", ".dagger/*", "ci/main.go"),
    "Concourse": ("ci/pipeline.yml", "pipeline.yml"),
}
"""Systems whose files are read as text: what they run is found, what waits for what is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineStep:
    """One command or action of a job."""

    text: str
    """The command, and all that it stands for; of an action, `uses: NAME`."""
    optional: bool = False
    """Whether the job goes on when it fails."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineJob:
    """What a pipeline runs in one place."""

    name: str
    path: str
    line: int
    steps: tuple[PipelineStep, ...] = ()
    needs: tuple[str, ...] = ()
    """The jobs that must have succeeded before it, by name."""
    environment: str = ""
    """What it deploys to, if it says so."""
    automatic: bool = True
    """Whether a change is enough to start it, and no person, tag or schedule is needed."""
    optional: bool = False
    elsewhere: tuple[str, ...] = ()
    """The workflows or templates of other repositories that it calls."""

    @property
    def text(self) -> str:
        """Everything that it runs."""
        return "\n".join(step.text for step in self.steps)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipeline:
    """The jobs that start together."""

    system: str
    path: str
    events: frozenset[str]
    """What starts it: push, pull_request, schedule and so on, as GitHub names them."""
    jobs: Mapping[str, PipelineJob] = field(default_factory=dict)
    ordered: bool = True
    """Whether `needs` of its jobs are known."""
    elsewhere: tuple[str, ...] = ()

    @property
    def on_change(self) -> bool:
        """Whether each change of the code starts it."""
        return bool(self.events & {"push", "pull_request", "pull_request_target", "merge_group"})


def read_pipelines(files: ServiceFiles) -> list[Pipeline]:
    """Every pipeline of the service that can be parsed."""
    found = [_github(files, path) for path in workflow_paths(files)]
    found += [_gitlab(files, GITLAB)] if GITLAB in files.texts else []
    for system, patterns in _OTHERS.items():
        paths = [path for path in files.matching(*patterns) if path.count("/") <= 2]
        found += [_other(files, system, path) for path in paths]
    return [one for one in found if one.jobs or one.elsewhere]


def workflow_paths(files: ServiceFiles) -> list[str]:
    """The workflows of GitHub, or of a forge that understands them."""
    return concerning(
        files, (path for start in WORKFLOWS for path in files.matching(f"{start}*.yml", f"{start}*.yaml"))
    )


# -- GitHub ------------------------------------------------------------------------------------------------------------


def workflow(files: ServiceFiles, path: str) -> Mapping[str, Any]:
    """A workflow's or an action's content; an empty mapping if it is none."""
    found = documents(files, path) if path in files.texts else []
    return found[0] if found else {}


def events_of(content: Mapping[Any, Any]) -> Mapping[str, Any]:
    """What starts a workflow, with the filters of each event. YAML takes the key `on` for true."""
    value = content.get("on", content.get(True))
    if isinstance(value, Mapping):
        return {str(name): filters for name, filters in value.items()}
    return {str(name): None for name in items(value)}


def _github(files: ServiceFiles, path: str) -> Pipeline:
    content = workflow(files, path)
    events = set()
    for name, filters in events_of(content).items():
        only_tags = name == "push" and "tags" in mapping(filters) and "branches" not in mapping(filters)
        events.add("tag" if only_tags else name)
    jobs = {
        str(name): _github_job(files, path, str(name), mapping(job)) for name, job in mapping(content, "jobs").items()
    }
    return Pipeline(system="GitHub", path=path, events=frozenset(events), jobs=jobs)


def _github_job(files: ServiceFiles, path: str, name: str, job: Mapping[str, Any]) -> PipelineJob:
    steps, elsewhere = list(_github_steps(files, items(job.get("steps")), 0)), []
    called = str(job.get("uses", ""))
    if called.startswith("./"):
        for inner in mapping(workflow(files, called.removeprefix("./")), "jobs").values():
            steps += _github_steps(files, items(mapping(inner).get("steps")), 0)
    elif called:
        elsewhere.append(called)
    return PipelineJob(
        name=name, path=path, line=files.line(path, rf"^  [\"']?{re.escape(name)}[\"']?\s*:"), steps=tuple(steps),
        needs=tuple(str(one) for one in items(job.get("needs"))), elsewhere=tuple(elsewhere),
        environment=_environment(job),
        optional=job.get("continue-on-error") is True,
    )  # fmt: skip


def _environment(job: Mapping[str, Any]) -> str:
    """The name of a job's environment."""
    environment = job.get("environment")
    return str((mapping(environment).get("name") if isinstance(environment, Mapping) else environment) or "")


def _github_steps(files: ServiceFiles, steps: list[Any], depth: int) -> Iterator[PipelineStep]:
    for step in steps:
        run, uses = mapping(step).get("run"), str(mapping(step).get("uses", ""))
        optional = mapping(step).get("continue-on-error") is True
        if isinstance(run, str):
            yield PipelineStep(text=commands.expanded(files, run), optional=optional)
        elif uses.startswith("./") and depth < 3:
            folder = uses.removeprefix("./").rstrip("/")
            found = [path for path in (f"{folder}/action.yml", f"{folder}/action.yaml") if path in files.texts]
            for path in found:
                yield from _github_steps(files, items(mapping(workflow(files, path), "runs").get("steps")), depth + 1)
        elif uses:
            given = " ".join(f"{key}={value}" for key, value in mapping(mapping(step).get("with")).items())
            yield PipelineStep(text=f"uses: {uses} {given}", optional=optional)


# -- GitLab ------------------------------------------------------------------------------------------------------------

_GLOBAL = {
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "spec",
    "image",
    "services",
    "cache",
    "before_script",
}
_GLOBAL |= {"after_script", "pages:deploy"}
_NOT_ON_CHANGE = re.compile(
    r"CI_PIPELINE_SOURCE\s*==\s*[\"'](schedule|web|api|trigger|pipeline)[\"']|^\s*\$CI_COMMIT_TAG\s*$"
)


def _gitlab(files: ServiceFiles, path: str) -> Pipeline:
    jobs, elsewhere = _included(files, path, {}, set())
    stages = [".pre", *(str(one) for one in items(jobs.get("stages")) or ["build", "test", "deploy"]), ".post"]
    found: dict[str, PipelineJob] = {}
    order: dict[str, int] = {}
    for name in jobs:
        if name in _GLOBAL or name.startswith(".") or not isinstance(jobs[name], Mapping):
            continue
        job = _extended(jobs, name, 0)
        stage = str(job.get("stage", "test"))
        order[name] = stages.index(stage) if stage in stages else len(stages)
        found[name] = _gitlab_job(files, path, name, job, jobs)
    waiting = {
        name: job
        if "needs" in _extended(jobs, name, 0)
        else _after_stages(job, [n for n in found if order[n] < order[name]])
        for name, job in found.items()
    }
    events = frozenset({"push", "pull_request"})
    return Pipeline(system="GitLab", path=path, events=events, jobs=waiting, elsewhere=tuple(elsewhere))


def _after_stages(job: PipelineJob, before: list[str]) -> PipelineJob:
    return replace(job, needs=tuple(before))


def _included(
    files: ServiceFiles, path: str, inputs: Mapping[str, Any], seen: set[str]
) -> tuple[dict[str, Any], list[str]]:
    """The jobs of a file with those of the files that it includes, and what it includes from elsewhere."""
    if path in seen or path not in files.texts:
        return {}, []
    seen.add(path)
    jobs: dict[str, Any] = {}
    elsewhere: list[str] = []
    content: dict[str, Any] = {}
    for document in documents(files, path):
        given = {name: mapping(one).get("default") for name, one in mapping(document, "spec", "inputs").items()}
        inputs = given | dict(inputs)
        content |= document
    for one in items(content.get("include")):
        local = one if isinstance(one, str) and "://" not in one else mapping(one).get("local")
        if isinstance(local, str):
            for each in [each for each in files.texts if fnmatchcase(each, local.lstrip("/"))]:
                more, others = _included(files, each, mapping(one, "inputs"), seen)
                jobs, elsewhere = jobs | more, elsewhere + others
        else:
            elsewhere.append(str(one if isinstance(one, str) else next(iter(mapping(one).values()), "")))
    filled = {str(_filled(name, inputs)): _filled(value, inputs) for name, value in content.items()}
    return jobs | filled, elsewhere


def _filled(value: Any, inputs: Mapping[str, Any]) -> Any:
    """A value with a component's inputs in it."""
    if isinstance(value, str):
        return re.sub(r"\$\[\[\s*inputs\.([\w-]+)[^\]]*\]\]", lambda one: str(inputs.get(one[1], "")), value)
    if isinstance(value, list):
        return [_filled(one, inputs) for one in value]
    return {key: _filled(one, inputs) for key, one in value.items()} if isinstance(value, dict) else value


def _extended(jobs: Mapping[str, Any], name: str, depth: int) -> dict[str, Any]:
    job = mapping(jobs.get(name))
    found: dict[str, Any] = {}
    for base in items(job.get("extends")) if depth < 8 else []:
        found |= _extended(jobs, str(base), depth + 1)
    return found | dict(job)


def _gitlab_job(
    files: ServiceFiles, path: str, name: str, job: Mapping[str, Any], jobs: Mapping[str, Any]
) -> PipelineJob:
    lines = [line for key in ("before_script", "script") for line in _lines(job.get(key), jobs, 0)]
    stops = mapping(job, "environment").get("action") in ("stop", "prepare", "verify", "access")
    needs = tuple(
        str(mapping(one).get("job", "") if isinstance(one, Mapping) else one) for one in items(job.get("needs"))
    )
    return PipelineJob(
        name=name, path=path, line=files.line(path, rf"^[\"']?{re.escape(name)}[\"']?\s*:"),
        steps=tuple(PipelineStep(text=commands.expanded(files, line)) for line in lines), needs=needs,
        environment="" if stops else _environment(job), automatic=_is_automatic(job),
        optional=job.get("allow_failure") is True,
        elsewhere=tuple(str(one) for one in items(job.get("trigger"))),
    )  # fmt: skip


def _lines(script: Any, jobs: Mapping[str, Any], depth: int) -> list[str]:
    """The lines of a script; `!reference [.job, script]` is the script of another job."""
    found: list[str] = []
    for line in items(script):
        if isinstance(line, list) and len(line) == 2 and str(line[0]) in jobs and depth < 8:
            found += _lines(mapping(jobs.get(str(line[0]))).get(str(line[1])), jobs, depth + 1)
        elif isinstance(line, list):
            unknown = len(line) == 2 and str(line[0]).startswith(".")
            found += [] if unknown or depth >= 8 else _lines(line, jobs, depth + 1)
        elif line is not None:
            found.append(str(line))
    return found


def _is_automatic(job: Mapping[str, Any]) -> bool:
    if job.get("when") in ("manual", "never") and "rules" not in job:
        return False
    only = job.get("only")
    refs = {str(one) for one in items(mapping(only).get("refs") if isinstance(only, Mapping) else only)}
    if refs and refs <= {"tags", "schedules", "web", "triggers", "api"}:
        return False
    rules = [mapping(rule) for rule in items(job.get("rules"))]
    if not rules:
        return True
    return any(
        rule.get("when", job.get("when")) not in ("never", "manual", "delayed")
        and not _NOT_ON_CHANGE.search(re.sub(r"!=\s*[\"']schedule[\"'].*", "", str(rule.get("if", ""))))
        for rule in rules
    )


# -- the others --------------------------------------------------------------------------------------------------------


def _other(files: ServiceFiles, system: str, path: str) -> Pipeline:
    text = re.sub(r"(?m)^[ \t]*(#|//).*$", "", files.texts[path])
    elsewhere = re.findall(r"@Library\(.*?\)|template:\s*\S+@\S+|^[ \t]*library\b.*$", text, re.MULTILINE)
    job = PipelineJob(name=system, path=path, line=1, steps=(PipelineStep(text=commands.expanded(files, text)),))
    return Pipeline(
        system=system, path=path, events=frozenset({"push", "pull_request"}), jobs={system: job}, ordered=False,
        elsewhere=tuple(elsewhere),
    )  # fmt: skip
