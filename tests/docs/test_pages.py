"""Each page is followed from its first block to its last, and what is left out is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.follow import follow
from tests.docs.page import Skipped, steps
from tests.stranger import PROJECT

PAGES = [
    "README.md",
    "docs/index.md",
    "docs/tutorial.md",
    *sorted(str(page.relative_to(PROJECT)) for page in (PROJECT / "docs/how-to").glob("*.md")),
]
SKIPPED = {
    "README.md": [
        "$ pip install .        # or: uv tool install .",
        (
            "make demo    # stamps a service, updates it, tests it, runs it, breaks its dependency, "
            "checks that it is ready"
        ),
    ],
    "docs/how-to/change-a-service.md": [
        "$ paved update --data example=false",
        "$ git rm tests/api/test_orders.py",
        "$ make check",
    ],
    "docs/how-to/check-readiness.md": ["$ uv sync"],
    "docs/how-to/deploy.md": [
        "$ make image    # orders:local; CONTAINER=podman or buildah instead of docker",
        "$ deploy/roll-out.sh prod registry.example.com/orders@sha256:4bf...",
    ],
    "docs/how-to/leave-another-generator.md": [
        "$ git clone --no-tags https://git.example.com/acme/cookiecutter-service road",
        "$ cd mail",
        '$ paved adopt . --road gh:acme/road --ref 1.0.0 --defaults --data project_name="mail tool" --dry-run',
        "$ paved adopt . --road gh:acme/service-template --ref 1.0.0 --defaults",
        (
            "$ aws cloudformation get-template --stack-name mail-prod --query TemplateBody --output text"
            " > infrastructure/cloudformation.yaml"
        ),
    ],
    "docs/how-to/squeeze.md": ["$ make squeeze"],
}
"""The first lines of the blocks that nobody runs; the page says why."""


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_is_what_happens(page: str, wheel: Path, tmp_path: Path) -> None:
    follow((PROJECT / page).read_text(), tmp_path / "home", wheel)


def test_no_block_is_left_out_unnoticed() -> None:
    skipped = {
        page: [step.first for step in steps((PROJECT / page).read_text()) if isinstance(step, Skipped)]
        for page in PAGES
    }
    assert {page: blocks for page, blocks in skipped.items() if blocks} == SKIPPED
