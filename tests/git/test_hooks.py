"""The hooks that other repositories take from this one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.testing import evolve, run

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
HOOKS: dict[str, dict[str, Any]] = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text())}


@pytest.fixture
def service(greeter: Path, tmp_path: Path) -> Path:
    evolve(greeter, {"paved-road.yml": "owners: {road: [plain.txt]}\n"}, tag="v1.1.0")
    assert run("paved", "new", "hi", "--road", greeter, "--defaults", cwd=tmp_path).returncode == 0
    return tmp_path / "hi"


def configuration(folder: Path, **more: Any) -> Path:
    """The hooks as a service would have them, but run by the paved that is installed."""
    hooks = [{**hook, "language": "system", **more} for hook in HOOKS.values()]
    for hook in hooks:
        del hook["minimum_pre_commit_version"]
    (folder / "hooks.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    return folder / "hooks.yaml"


def pre_commit(folder: Path, config: Path) -> tuple[int, str]:
    done = run("pre-commit", "run", "--all-files", "--config", config, cwd=folder,
               env={"PRE_COMMIT_HOME": str(config.parent / "home")})  # fmt: skip
    return done.returncode, done.stdout


def test_the_manifest_is_valid() -> None:
    assert run("pre-commit", "validate-manifest", MANIFEST, cwd=MANIFEST.parent).returncode == 0
    assert HOOKS.keys() == {"paved-drift", "paved-off-road-check"}


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_runs_a_command_that_fails_on_drift(service: Path, hook: str) -> None:
    words = shlex.split(HOOKS[hook]["entry"])
    assert run(*words, cwd=service).returncode == 0
    (service / "plain.txt").write_text("ours\n")
    assert run(*words, cwd=service).returncode == 1


def test_pre_commit_runs_them_whatever_the_commit_touches(service: Path, tmp_path: Path) -> None:
    code, said = pre_commit(service, configuration(tmp_path))
    assert (code, said.count("Passed")) == (0, 2), said
    evolve(service, {"plain.txt": "ours\n"})
    code, said = pre_commit(service, configuration(tmp_path))
    assert (code, said.count("Failed"), "plain.txt" in said) == (1, 2, True), said


def test_in_a_repository_of_several_services_args_name_the_one(greeter: Path, tmp_path: Path) -> None:
    mono = tmp_path / "mono"
    run("git", "init", "--quiet", mono, cwd=tmp_path)
    run("paved", "new", "services/hi", "--road", greeter, "--defaults", cwd=mono)
    evolve(mono, {})
    code, said = pre_commit(mono, configuration(tmp_path, args=["services/hi"]))
    assert (code, said.count("Passed")) == (0, 2), said
