"""Tests beyond those of the code: how much load an instance takes, and what users see when something fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from paved_road.check.model import Fault
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.pipeline import tests
from paved_road.check.static.pipelines import read_pipelines
from paved_road.check.static.structured import manifests
from paved_road.check.static.surroundings import in_repository

_CODE = (
    ".js",
    ".mjs",
    ".ts",
    ".py",
    ".scala",
    ".java",
    ".kt",
    ".go",
    ".lua",
    ".yml",
    ".yaml",
    ".jmx",
    ".sh",
    ".xml",
    ".rs",
    ".cs",
)
_LOAD = {
    "k6": r"from\s+[\"']k6(/[\w-]+)?[\"']|require\([\"']k6",
    "Locust": r"(?m)^[ \t]*(from locust\b|import locust\b)",
    "Gatling": r"io\.gatling\.|@gatling\.io/",
    "JMeter": r"<jmeterTestPlan",
    "Artillery": r"(?m)^config:[ \t]*\n(?:[ \t][^\n]*\n)*?[ \t]+target:[\s\S]*^scenarios:",
    "Taurus": r"(?m)^execution:\s*\n\s*-\s+(concurrency|executor|throughput)",
    "wrk": r"(?m)^[ \t]*wrk\.(method|headers|body|format)\b|^[ \t]*(request|response)\s*=\s*function",
    "Vegeta": r"github\.com/tsenart/vegeta|vegeta\.NewAttacker",
    "Goose": r"use goose::prelude",
    "NBomber": r"using NBomber",
    "Tsung": r"<tsung\b",
}
"""What a script of a load generator contains."""
_GENERATOR = re.compile(
    r"(?m)(^|[\s\"'`;&|(/$}])(k6\s+run|locust\s+-|wrk2?\s+-|vegeta\s+attack|hey\s+-|ab\s+-n|oha\s+|bombardier\s+-"
    r"|autocannon\s|artillery\s+(run|quick)|ghz\s+-|fortio\s+load|siege\s+-|drill\s+-|plow\s+|nighthawk"
    r"|gatling:test|gatlingRun|jmeter\s+-n|bzt\s)"
)
"""A command that makes load."""
_CALLERS = (
    "Makefile", "*/Makefile", "GNUmakefile", "justfile", "Taskfile.y*ml", "package.json", "*/package.json", "*.sh",
    "*.md", "noxfile.py",
    "tox.ini", "pyproject.toml", "*.py", "build.gradle*", "pom.xml", "build.sbt", "magefile.go", "Rakefile", "*.mk",
    "*compose*.y*ml",
    ".github/workflows/*.y*ml", ".gitlab-ci.yml", ".gitlab/*.yml", "Jenkinsfile*", "*Dockerfile",
    ".circleci/config.yml",
    "azure-pipelines*.yml",
    ".buildkite/*.y*ml", "*k6*.y*ml", "*testrun*.y*ml", "*locust*.y*ml", "*load*.y*ml",
)  # fmt: skip
_NAMED_FOR_FAULTS = re.compile(
    r"(chaos|(?<!de)fault|resilien|outage|toxi|game-?day|failure-?injection|disaster)", re.IGNORECASE
)
_IN_TESTS = re.compile(
    r"(^|/)(tests?|spec|__tests__|it|integration|e2e|chaos|src/test)/|(^|/)test_|[._-](test|spec)\.\w+$|Tests?\.(java|kt|cs)$|IT\.java$"
)
_FAULTS = re.compile(
    r"toxiproxy|ToxiproxyContainer|withFault\(|Fault\.(EMPTY_RESPONSE|CONNECTION_RESET|MALFORMED|RANDOM_DATA)"
    r"|SocketPolicy\.|replyWithError|networkError|mockRejected\w*\(.*(ECONN|timeout)"
    r"|side_effect\s*=\s*\[?\w*\.?(ConnectError|ConnectTimeout|ReadTimeout|TimeoutException|ConnectionError"
    r"|TimeoutError|Timeout)|chaosmonkey|ChaosMonkey|AddChaos|MonkeyPolicy|Simmy|failsafe-chaos|fault_injection"
    r"|FaultInject|chaos-mesh|chaosmesh|litmuschaos|chaostoolkit|pumba|gremlin|steady-state-hypothesis|failpoint"
    r"|tc qdisc|netem|HTTPFaultInjection|ErrConnReset|syscall\.ECONNRESET|iptables .*DROP|abort:\s*\n\s+httpStatus",
)
_RUNS_FAULTS = re.compile(
    r"\bpaved check\b|\$PAVED check\b|PAVED\)? check\b|chaos run\b|litmusctl|chaosctl|gremlin (attack|validate)"
)
_SCHEDULED = ("Schedule", "ChaosEngine", "CronChaosEngine", "ChaosSchedule", "Workflow")


@static_check("squeeze-testing")
def squeeze_testing(files: ServiceFiles) -> Iterator[Fault]:
    """A load test exists, and a command of the repository runs it."""
    scripts = list(_load_scripts(files))
    files = in_repository(files)
    callers = [path for path in files.matching(*_CALLERS) if path not in scripts]
    commanded = [path for path in callers if not path.endswith(".md") and _runs_a_generator(files.texts[path])]
    if not scripts and not commanded:
        yield Fault(
            message="no load test measures how much one instance can take",
            remedy="Add a script for k6, Locust or Gatling, and a target that runs it: make squeeze.",
        )  # fmt: skip
    elif not commanded and not any(_names(files.texts[path], script) for path in callers for script in scripts):
        yield Fault(
            message=f"nothing runs the load test {scripts[0]}", path=scripts[0],
            remedy="Name it in the Makefile, a script or the pipeline, so that everybody runs it alike.",
        )  # fmt: skip


def _load_scripts(files: ServiceFiles) -> Iterator[str]:
    for path, text in sorted(files.texts.items()):
        if path.endswith(_CODE) and _makes_load(text):
            yield path


@lru_cache(maxsize=8192)
def _makes_load(text: str) -> bool:
    return any(re.search(pattern, text) for pattern in _LOAD.values())


@lru_cache(maxsize=8192)
def _runs_a_generator(text: str) -> bool:
    return bool(_GENERATOR.search(text))


def _names(text: str, script: str) -> bool:
    """Whether a text names a script: its file, the class in it, or its folder."""
    folder, _, name = script.rpartition("/")
    stem = name.partition(".")[0]
    return name in text or bool(re.search(rf"\b{re.escape(stem)}\b", text)) or bool(folder and f"{folder}/" in text)


@static_check("chaos-testing")
def chaos_testing(files: ServiceFiles) -> Iterator[Fault]:
    """Tests inject faults, and a pipeline runs them."""
    found = read_pipelines(in_repository(files))
    commands = "\n".join(job.text for one in found for job in one.jobs.values())
    if _RUNS_FAULTS.search(commands):
        return
    if any(
        str(one.get("apiVersion", "")).startswith(("chaos-mesh", "litmus")) for _, one in manifests(files, *_SCHEDULED)
    ):
        return
    injecting = [path for path in files.texts if _IN_TESTS.search(path) and _injects(path, files.texts[path])]
    if not injecting:
        yield Fault(
            message="no test injects a fault: a dependency that is slow, fails, or is gone",
            remedy="Write such tests (toxiproxy, WireMock's faults), or run `paved check` in the pipeline.",
        )  # fmt: skip
    elif found and not any(tests(job) for one in found for job in one.jobs.values() if one.on_change):
        if not any(one.elsewhere or any(job.elsewhere for job in one.jobs.values()) for one in found):
            yield Fault(
                message=f"no pipeline runs the tests that inject faults ({injecting[0]})", path=injecting[0],
                remedy="Run them with the other tests on every change.",
            )  # fmt: skip
    elif not found:
        yield Fault(
            message=f"nothing runs the tests that inject faults ({injecting[0]})", path=injecting[0],
            remedy="Run them in a pipeline on every change.",
        )  # fmt: skip


@lru_cache(maxsize=8192)
def _injects(path: str, text: str) -> bool:
    code = not path.endswith((".yaml", ".yml", ".json", ".md"))
    named = (
        code
        and bool(_NAMED_FOR_FAULTS.search(path))
        and bool(re.search(r"(?i)\b(def|func|it|test|fn|void)\b|@Test|scenario", text))
    )
    return named or bool(_FAULTS.search(text))
