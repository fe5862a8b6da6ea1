"""Lock files, actions, tokens, bots and scans of other people's services."""

from __future__ import annotations

import pytest
import yaml

from tests.check.static.reading import faults, messages

BOT = {"renovate.json": "{}"}


def complaints(files: dict[str, str]) -> list[str]:
    return messages("supply-chain", files | BOT)


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": '[project]\ndependencies = ["x"]\n', "requirements.txt": "x==1 \\\n    --hash=sha256:ab\n"},
        {"package.json": '{"dependencies": {"express": "^5"}}', "pnpm-lock.yaml": ""},
        {"package.json": '{"name": "no-packages", "scripts": {}}'},
        {"go.mod": "module a\n\ngo 1.24\n"},
        {"Cargo.toml": "[dependencies]\nserde = '1'\n", "Cargo.lock": ""},
        {"requirements.txt": "# pinned\n-r base.txt\nflask==3.0.0 ; python_version > '3.8'\nx @ git+https://x.io/x@0123abc\n"},
        {"pom.xml": "<project/>"},
        {"svc/Dockerfile": "FROM a:1", "svc/package.json": '{"dependencies": {"a": "1"}}', "package-lock.json": ""},
        {"tests/data/package.json": '{"dependencies": {"a": "1"}}'},
    ],
)  # fmt: skip
def test_a_locked_service_passes(files: dict[str, str]) -> None:
    assert complaints(files) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"package.json": '{"dependencies": {"express": "^5"}}'},
            "no lock file says which versions package.json means",
        ),
        ({"go.mod": "module a\nrequire x v1.0.0\n"}, "no lock file says which versions go.mod means"),
        ({"requirements.txt": "a==1\nflask>=3\n"}, "requirements.txt does not say which version of flask it means"),
    ],
)
def test_loose_versions_are_found(files: dict[str, str], said: str) -> None:
    assert complaints(files) == [said]


@pytest.mark.parametrize(
    ("action", "faulty"),
    [
        ("actions/checkout@v4", False),
        ("actions/checkout@main", True),
        ("tj-actions/changed-files@v45", True),
        ("tj-actions/changed-files@" + "a" * 40 + " # v46.0.1", False),
        ("./.github/actions/x", False),
        ("docker://alpine@sha256:" + "b" * 64, False),
        ("acme/ci/.github/workflows/go.yml@master", True),
    ],
)
def test_an_action_that_its_owner_can_replace_is_found(action: str, faulty: bool) -> None:
    text = f"on: push\npermissions: {{}}\njobs:\n  a:\n    steps:\n      - uses: {action}\n      - run: trivy fs .\n"
    assert bool(complaints({".github/workflows/ci.yml": text})) is faulty


READS = "on: push\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - run: govulncheck ./...\n"


def test_the_token_is_limited_where_nothing_could_need_more() -> None:
    (fault,) = faults("supply-chain", BOT | {".github/workflows/ci.yml": READS})
    assert fault.fix is not None
    fixed = fault.fix.change(READS)
    assert yaml.safe_load(fixed)["permissions"] == {"contents": "read"}
    assert complaints({".github/workflows/ci.yml": fixed}) == []


@pytest.mark.parametrize("step", ["run: git push", "uses: softprops/action-gh-release@" + "a" * 40, "run: gh pr merge"])
def test_a_token_that_something_may_need_is_left_to_a_person(step: str) -> None:
    (fault,) = faults("supply-chain", BOT | {".github/workflows/ci.yml": f"{READS}      - {step}\n"})
    assert "does not limit its token" in fault.message
    assert fault.fix is None


def test_a_release_that_nobody_scans_is_found() -> None:
    text = "on: push\npermissions: {}\njobs: {a: {steps: [{run: docker push x}]}}"
    assert complaints({".github/workflows/ci.yml": text})[0].startswith("no pipeline scans")
    assert complaints({".github/workflows/ci.yml": text.replace("docker push", "cosign sign")}) == []


def test_no_bot_is_found() -> None:
    assert messages("supply-chain", {}) == ["nothing proposes updates of what the service depends on"]
    assert messages("supply-chain", {".github/dependabot.yml": "version: 2\nupdates: []\n"}) != []
    assert messages("supply-chain", {"package.json": '{"renovate": {"extends": ["config:base"]}}'}) == []
