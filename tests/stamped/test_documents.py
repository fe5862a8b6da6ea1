"""The stamped documents: what they tell you to type works as it is written, and what they name exists."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.stamped.delivered import pairs, spelled, stamped
from tests.stranger import PROJECT

EVERY = [pytest.param(row, id=spelled(row)) for row in pairs()]
LINK = re.compile(r"\]\((?!https?:)([^)]+)\)")
# The kinds that the commands name, with the manifest that makes each; a pod is the reader's.
MANIFESTS = {
    "deployment": "deploy/base/deployment.yaml",
    "hpa": "deploy/base/autoscaler.yaml",
    "httproute": "deploy/base/route.yaml",
    "rollouts.argoproj.io": "deploy/strategy/rollout.yaml",
}
VERBS = {"describe", "delete", "get", "logs", "patch", "port-forward", "rollout"}
OTHERS = {"container_cpu_cfs_throttled_periods_total"}  # metrics of the node's, not of the service's


def documents(files: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if path.endswith(".md")}


def code(text: str) -> Iterator[str]:
    """Each line of a block, and each piece of code in a sentence."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from (line.removeprefix("$ ").partition("    #")[0] for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def refused(command: str, files: Mapping[str, str], name: str) -> str:
    """Why kubectl would not run this command as it is typed; "" when it would."""
    _, verb, *words = shlex.split(command)
    if verb not in VERBS or (verb == "rollout" and words.pop(0) not in ("undo", "status", "history")):
        return "unknown verb"
    if f"--namespace {name}-prod" not in command:
        return "no namespace"
    for patch in re.findall(r"--patch '(.*?)'", command):
        json.loads(patch)
    if f"--selector app.kubernetes.io/name={name}" in command:
        return "" if verb == "logs" or words[0] == "pods" else "no resource"
    kind, _, resource = words[0].partition("/")
    return "" if resource in existing(kind, files) else f"there is no {words[0]}"


def existing(kind: str, files: Mapping[str, str]) -> set[str]:
    """What this kind's resources are called."""
    if kind == "pod":
        return {"POD"}
    return {yaml.safe_load(files[MANIFESTS[kind]])["metadata"]["name"]} if kind in MANIFESTS else set()


def broken(files: Mapping[str, str], answers: Mapping[str, Any]) -> dict[str, str]:
    """The commands of kubectl in the documents that do not work, with the reason."""
    typed = {each for text in documents(files).values() for each in code(text) if each.startswith("kubectl")}
    if answers["deploy"] == "none":
        return dict.fromkeys(typed, "no cluster")
    assert len(typed) > 5
    return {each: why for each in typed if (why := refused(each, files, answers["name"]))}


@pytest.mark.parametrize("answers", EVERY)
def test_each_command_of_kubectl_is_whole(answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    assert broken(files, answers) == {}
    if answers["deploy"] == "none":
        said = {path for path, text in documents(files).items() if re.search("kubectl|deploy/(base|overlays)", text)}
        assert said == set()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("kubectl rollout undo", "no namespace"),
        ("kubectl rollout undo --namespace orders-prod", "there is no --namespace"),
        ("kubectl rollout undo deployment/order --namespace orders-prod", "there is no deployment/order"),
        ("kubectl logs --previous --namespace orders-prod", "there is no --previous"),
        ("kubectl describe hpa --namespace orders-prod", "there is no hpa"),
        ("kubectl get pods --namespace orders-prod", "there is no pods"),
        ("kubectl roll deployment/orders --namespace orders-prod", "unknown verb"),
    ],
)
def test_a_command_that_is_not_whole_is_found(command: str, why: str) -> None:
    files = {**stamped(), "docs/notes.md": f"Type `{command}`.\n"}
    assert broken(files, {"name": "orders", "deploy": "kubernetes"}) == {command: why}


@pytest.mark.parametrize("answers", EVERY)
def test_each_target_of_make_that_is_named_exists(answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    targets = set(re.findall(r"^([a-z]+):", files["Makefile"], re.MULTILINE))
    named = {
        target
        for text in documents(files).values()
        for each in code(text)
        for target in re.findall(r"(?:^|[A-Z_]\S*=\S+ )make ([a-z]+)", each)
    }
    assert {"check", "lint", "run"} <= named <= targets


def test_make_lists_each_target_within_sixty_columns() -> None:
    makefile = stamped(name="a-service-with-a-name-of-forty-letters-x")["Makefile"]
    listed = dict(re.findall(r"^([a-z]+):.*## (.*)$", makefile, re.MULTILINE))
    declared = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(listed) == set(declared[0].split())
    assert {target: text for target, text in listed.items() if len(text) > 50} == {}


@pytest.mark.parametrize("answers", EVERY)
def test_links_lead_to_a_page_and_a_heading(answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    missing = []
    for path, text in documents(files).items():
        for link in LINK.findall(text):
            page, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), page)) if page else path
            headings = {
                re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                for heading in re.findall(r"^#+ (.*)$", files.get(target, ""), re.MULTILINE)
            }
            if target not in files or (anchor and anchor not in headings):
                missing.append((path, link))
    assert missing == []


def runbooks() -> dict[str, str]:
    return {path: text for path, text in stamped().items() if path.startswith("docs/runbooks/")}


def test_metrics_that_runbooks_name_exist() -> None:
    reference = (PROJECT / "docs/reference/metrics.md").read_text()
    known = set(re.findall(r"`(\w+)`", reference)) | OTHERS
    pattern = r"^((?:http_server|dependency|service|event_loop|process|container|background|log)_\w+)"
    named = {
        found.group(1)
        for text in {**runbooks(), "README.md": stamped()["README.md"]}.values()
        for each in code(text)
        if (found := re.match(pattern, each))
    }
    assert len(named) > 3
    assert named - known == set()


def test_panels_that_runbooks_name_exist() -> None:
    dashboard = json.loads(stamped()["deploy/observability/dashboard.json"])
    titles = [panel["title"] for panel in dashboard["panels"]]
    titles += [each["name"] for each in dashboard["annotations"]["list"]]
    named = {
        (path, panel)
        for path, text in runbooks().items()
        for panel in re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", text)
    }
    assert len(named) > 10
    assert {each for each in named if not any(title.startswith(each[1]) for title in titles)} == set()
