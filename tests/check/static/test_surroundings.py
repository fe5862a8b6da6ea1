"""A service in a subfolder of a repository: what the repository says for all of its services counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.check.model import Subject
from paved_road.check.registry import StaticCheck, built_in_checks
from paved_road.check.static.files import read_service
from paved_road.testing import run, write_files

CI = """\
on: push
permissions: {contents: read}
jobs:
  orders:
    runs-on: x
    defaults: {run: {working-directory: services/orders}}
    steps: [{uses: actions/checkout@v4}, {run: make check}, {run: trivy fs .}]
"""
OTHER = CI.replace("orders", "shop").replace("actions/checkout@v4", "acme/setup@v1")
FILES = {
    ".github/workflows/orders.yml": CI,
    ".github/workflows/shop.yml": OTHER,
    ".github/dependabot.yml": "updates: [{package-ecosystem: gomod, directory: /services/orders}]\n",
    "CODEOWNERS": "* @acme/all\n/services/orders/ @acme/orders\n",
    "Makefile": "check:\n\techo nothing\n",
    "services/shop/main.go": "",
    "services/orders/Makefile": "check:\n\tgo test ./...\n\tgolangci-lint run\n",
    "services/orders/main.go": "package main",
    "services/orders/catalog-info.yaml": "kind: Component\nspec: {owner: a, lifecycle: production}\n",
    "services/orders/docs/on-call.md": "# On call",
}


def faults(folder: Path, slug: str) -> list[tuple[str, str]]:
    check = built_in_checks()[slug]
    assert isinstance(check, StaticCheck)
    files = read_service(Subject(path=folder / "services/orders", name="orders"))
    assert files.prefix == "services/orders/"
    return [(fault.path, fault.message) for fault in check.function(files)]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write_files(tmp_path, FILES)
    run("git", "init", "--quiet", cwd=tmp_path)
    return tmp_path


@pytest.mark.parametrize("slug", ["pipeline", "supply-chain", "ownership"])
def test_a_service_of_a_good_repository_passes(repository: Path, slug: str) -> None:
    assert faults(repository, slug) == []


def test_a_fault_around_the_service_has_its_path_from_the_service(repository: Path) -> None:
    write_files(repository, {".github/workflows/orders.yml": CI.replace("permissions: {contents: read}", "")})
    assert faults(repository, "supply-chain") == [
        (
            "../../.github/workflows/orders.yml",
            "the workflow does not limit its token, which may write to the repository",
        )
    ]
    write_files(repository, {"CODEOWNERS": "/services/shop/ @acme/shop\n"})
    ((path, message),) = faults(repository, "ownership")
    assert (path, message) == ("../../CODEOWNERS", "nobody owns services/orders/catalog-info.yaml, and 1 more")


def test_the_service_s_own_commands_are_run(repository: Path) -> None:
    write_files(repository, {"services/orders/Makefile": "check:\n\tgolangci-lint run\n", "Makefile": ""})
    (repository / ".github/workflows/orders.yml").write_text(CI.replace("make check", "make lint"))
    assert ("../../.github/workflows/orders.yml", "no pipeline runs tests") in faults(repository, "pipeline")
