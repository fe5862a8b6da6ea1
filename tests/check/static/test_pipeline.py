"""Pipelines of other people's services, in the forms that their systems allow."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable
from tests.check.static.reading import messages
from tests.stamped.delivered import stamped

NODE = """\
name: ci
"on":
  push: {branches: [main]}
  pull_request:
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: {matrix: {node: [20, 22]}}
    steps:
      - uses: actions/checkout@v4
      - run: |
          npm ci
          npm run lint --if-present
          npm test
"""
SPRING = """\
on: [push]
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{uses: actions/checkout@v4}, {run: ./mvnw -B verify}]
  deploy:
    needs: build
    runs-on: ubuntu-latest
    steps: [{run: "kubectl apply -k deploy"}]
"""
GO = """\
on: {pull_request: {}, push: {tags: ["v*"]}}
jobs:
  lint: {steps: [{uses: golangci/golangci-lint-action@v6}]}
  test: {steps: [{run: "go test -race ./..."}]}
"""
CIRCLE = """\
version: 2.1
orbs: {node: circleci/node@5}
jobs: {lint: {steps: [run: yarn lint]}}
workflows: {all: {jobs: [node/test, lint]}}
"""
JENKINS = """\
pipeline {
  agent any
  stages {
    stage('Test') { steps { sh './gradlew check ktlintCheck' } }
    // stage('Later') { }
  }
}
"""
GITLAB = """\
include: [{local: /ci/*.yml}]
stages: [check, deploy]
.go: {image: golang:1.24, before_script: [go mod download]}
test: {extends: .go, stage: check, script: [go test ./..., !reference [.lint, script]]}
deploy: {stage: deploy, environment: production, script: [helm upgrade a .], when: on_success}
stop: {stage: check, environment: {name: production, action: stop}, script: [helm uninstall a], when: manual}
"""
RUNS = "on: push\njobs: {{a: {{steps: [{{run: {}}}]}}}}"
LINT = ".lint: {script: [golangci-lint run]}\n"


@pytest.mark.parametrize(
    "files",
    [
        {".github/workflows/ci.yaml": NODE, "package.json": '{"scripts": {"lint": "eslint .", "test": "vitest run"}}'},
        {".gitea/workflows/ci.yml": SPRING, "pom.xml": "<plugin>spotbugs-maven-plugin</plugin>"},
        {".github/workflows/ci.yml": GO},
        {".circleci/config.yml": CIRCLE},
        {"Jenkinsfile": JENKINS},
        {".gitlab-ci.yml": GITLAB, "ci/lint.yml": LINT},
        {".github/cloudbuild/ci.yaml": "steps: [{args: [mvn verify checkstyle:check]}]"},
        {".travis.yml": "language: python\nscript: [tox -e py, tox -e lint]\n"},
        {"azure-pipelines.yml": "steps:\n- script: dotnet test\n- script: dotnet format --verify-no-changes\n"},
        {".github/workflows/a.yml": RUNS.format("make ci"), "Makefile": "ci: t\n\truff check\nt:\n\tpytest\n"},
        {".github/workflows/a.yml": RUNS.format("./ci/a.sh"), "ci/a.sh": "cargo test\ncargo clippy"},
    ],
    ids=["node", "spring", "go", "circle", "jenkins", "gitlab", "cloudbuild", "travis", "azure", "make", "script"],
)  # fmt: skip
def test_a_good_pipeline_passes(files: dict[str, str]) -> None:
    assert messages("pipeline", files) == []


def test_no_pipeline_is_a_fault() -> None:
    assert messages("pipeline", {"main.go": ""}) == ["no pipeline runs when the code changes"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {".github/workflows/ci.yml": SPRING.replace("    needs: build\n", "")},
            "the job deploy deploys without waiting",
        ),
        ({".github/workflows/ci.yml": SPRING.replace("verify", "package -DskipTests")}, "no pipeline runs tests"),
        (
            {".github/workflows/ci.yml": NODE.replace("push: {branches: [main]}\n  pull_request:", "schedule: []")},
            "only .git",
        ),
        ({".gitlab-ci.yml": GITLAB.replace("when: on_success", "needs: []")}, "the job deploy deploys without"),
        (
            {".gitlab-ci.yml": GITLAB.replace("stage: check, script", "when: manual, script")},
            "only .gitlab-ci.yml runs",
        ),
        (
            {".gitlab-ci.yml": GITLAB.replace("stage: check, script", "allow_failure: true, script")},
            "the job test runs",
        ),
        ({".gitlab-ci.yml": GITLAB, "ci/x.yml": ""}, "no pipeline runs a linter"),
        ({".github/workflows/ci.yml": "on: push\njobs:\n\ta: ["}, ".github/workflows/ci.yml is not YAML"),
    ],
)
def test_a_fault_is_found(files: dict[str, str], said: str) -> None:
    found = messages("pipeline", files)
    assert any(one.startswith(said) for one in found), found


def test_gitlab_s_pipeline_of_the_stamped_service_is_understood() -> None:
    files = stamped(ci="gitlab", deploy="kubernetes")
    assert messages("pipeline", files) == []
    early = files | {
        ".gitlab-ci.yml": files[".gitlab-ci.yml"].replace("stages: [check, ", "stages: [dev, prod, check, ")
    }
    assert messages("pipeline", early) != []
    untested = files | {
        ".gitlab-ci.yml": files[".gitlab-ci.yml"].replace("script: [make check]", "script: [make sync]")
    }
    assert "no pipeline runs tests" in messages("pipeline", untested)


def test_a_pipeline_of_another_repository_cannot_be_judged() -> None:
    shared = {".github/workflows/ci.yml": "on: push\njobs: {a: {uses: acme/ci/.github/workflows/go.yml@v1}}"}
    with pytest.raises(NotApplicable, match="acme/ci"):
        messages("pipeline", shared)
    with pytest.raises(NotApplicable, match="in another repository"):
        messages("pipeline", {".gitlab-ci.yml": "include: [{project: acme/ci, file: go.yml}]"})


@pytest.mark.parametrize(
    "text", ["", "[]", "on: [", "on: push\njobs: 3", "jobs: {a: {steps: 5, needs: {}}}", "on: push\njobs: {a: }"]
)
def test_odd_files_end_no_check(text: str) -> None:
    messages("pipeline", {".github/workflows/a.yml": text, ".gitlab-ci.yml": text, "package.json": "["})
    messages("supply-chain", {".github/workflows/a.yml": text, ".gitlab-ci.yml": text, "package.json": "["})


def test_what_includes_itself_ends() -> None:
    messages(
        "pipeline", {".gitlab-ci.yml": "include: .gitlab-ci.yml\na: {extends: a, script: [!reference [a, script]]}"}
    )
    messages("pipeline", {"Makefile": "a: a\n\tmake a\n", ".travis.yml": "script: make a"})
