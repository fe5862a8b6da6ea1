"""Public validators: their findings belong to a practice, and what is not installed is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from paved_road.check import validators
from paved_road.check.model import Subject
from paved_road.check.static.files import ServiceFiles
from paved_road.check.validators import VALIDATORS, Validation, validated
from tests.stamped.delivered import stamped
from tests.tools import tool

STAMPED = stamped(deploy="kubernetes", tier="critical")
RULES, CI, DEPLOYMENT = "deploy/observability/rules.yaml", ".github/workflows/ci.yml", "deploy/base/deployment.yaml"


def said(practice: str, texts: dict[str, str], folder: Path = Path("/nowhere")) -> Validation:
    return validated(practice, ServiceFiles(subject=Subject(path=folder, name="orders"), texts=texts))


def stub(folder: Path, program: str, output: str, *, monkeypatch: pytest.MonkeyPatch, path: str = "") -> None:
    """A program of this name that says something, alone on PATH unless other folders are given."""
    folder.mkdir(exist_ok=True, parents=True)
    script = folder / program
    script.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{output}\nEND\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join(one for one in (str(folder), path) if one))


INSTALLED = [one for one in VALIDATORS if one.program in ("hadolint", "zizmor", "promtool", "kubernetes-validate")]
"""What `make tools` installs; the others speak through a stub below."""


@pytest.mark.parametrize("validator", INSTALLED, ids=lambda one: one.program)
def test_the_stamped_service_has_no_finding(validator: validators.Validator) -> None:
    tool(validator.program)
    assert said(validator.practice, STAMPED) == Validation()


@pytest.mark.parametrize(
    ("program", "practice", "path", "right", "wrong", "message"),
    [
        ("hadolint", "immutable-image", "Dockerfile", '["orders"]', "orders", "hadolint DL3025: "),
        ("zizmor", "supply-chain", CI, "make audit", "make ${{ github.head_ref }}", "zizmor template-injection: "),
        ("promtool", "alerts", RULES, "> 0.85", "> > 0.85", "promtool: group "),
        (
            "kubernetes-validate", "valid-manifests", DEPLOYMENT, "livenessProbe:", "livenesProbe:",
            "kubernetes-validate: deployment/orders: ",
        ),
    ],
)  # fmt: skip
def test_a_finding_is_a_fault_of_its_practice(
    program: str, practice: str, path: str, right: str, wrong: str, message: str
) -> None:
    tool(program)
    assert right in STAMPED[path]
    found = said(practice, STAMPED | {path: STAMPED[path].replace(right, wrong)})
    assert found.notes == ()
    assert found.faults[0].message.startswith(message)
    assert found.faults[0].path == path
    assert found.faults[0].line > 1 or program == "kubernetes-validate"


@pytest.mark.parametrize("validator", VALIDATORS, ids=lambda one: one.program)
def test_what_is_not_installed_is_named(
    validator: validators.Validator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    note = f"{validator.program} is not installed, and was skipped"
    assert said(validator.practice, STAMPED) == Validation(notes=(note,))


def test_a_program_that_the_service_brings_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path / "bin", "hadolint", "[]", monkeypatch=monkeypatch)
    assert said("immutable-image", STAMPED, tmp_path).notes == ("hadolint is not installed, and was skipped",)
    assert said("immutable-image", STAMPED).notes == ()


def test_a_validator_that_answers_nonsense_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, "hadolint", "panic: no", monkeypatch=monkeypatch)
    assert said("immutable-image", STAMPED).notes == ("hadolint could not be used: panic: no",)


def test_a_validator_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, "hadolint", "", monkeypatch=monkeypatch, path="/bin:/usr/bin")
    (tmp_path / "hadolint").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(validators, "SECONDS", 0.3)
    assert said("immutable-image", STAMPED).notes == ("hadolint did not end within 0.3 s",)


def test_actionlint_s_findings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "message": "no such job",
        "filepath": f"./{CI}",
        "line": 7,
        "column": 2,
        "kind": "job-needs",
        "snippet": "",
    }
    stub(tmp_path, "actionlint", json.dumps([found]), monkeypatch=monkeypatch)
    (fault,) = said("pipeline", STAMPED).faults
    assert (fault.message, fault.path, fault.line) == ("actionlint job-needs: no such job", CI, 7)


def test_gitleaks_findings_are_read_and_its_guesses_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"RuleID": "okta-access-token", "Description": "An Okta token.", "File": "a.py", "StartLine": 3}
    log = "4:12AM INF scanned\n"
    guess = found | {"RuleID": "generic-api-key"}
    stub(tmp_path, "gitleaks", log + json.dumps([found, guess], indent=1), monkeypatch=monkeypatch)
    (fault,) = said("secrets", STAMPED).faults
    assert (fault.message, fault.path, fault.line) == ("gitleaks okta-access-token: An Okta token.", "a.py", 3)


def test_it_runs_in_a_folder_with_copies_and_without_the_user_s_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "#!/bin/sh\n/usr/bin/find . -type f >'{0}'\necho $HOME >>'{0}'\necho '[]'\n".format(tmp_path / "seen")
    stub(tmp_path / "bin", "hadolint", "", monkeypatch=monkeypatch)
    (tmp_path / "bin/hadolint").write_text(script)
    said("immutable-image", STAMPED | {".hadolint.yaml": "ignored: []\n"})
    *files, home = (tmp_path / "seen").read_text().splitlines()
    assert sorted(files) == ["./.hadolint.yaml", "./Dockerfile"]
    assert home != str(Path.home())
    assert not Path(home).exists()
