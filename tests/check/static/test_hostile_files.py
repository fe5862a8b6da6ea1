"""Files that are made to keep a reader busy: every static check ends all the same."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable
from paved_road.check.registry import StaticCheck, built_in_checks
from tests.check.static.reading import service

SIZE = 20_000
PATHS = (
    "Dockerfile", "Makefile", "package.json", ".github/workflows/a.yml", ".gitlab-ci.yml", "rules.yaml",
    "dashboard.json", "a.py",
    "load.js", "pom.xml", ".env", "CODEOWNERS", "catalog-info.yaml", "requirements.txt", "pyproject.toml", "k8s/a.yaml",
    "Jenkinsfile", "README.md", "go.mod",
)  # fmt: skip
TEXTS = {
    "one word": "a" * SIZE,
    "blank lines": "\n" * SIZE,
    "spaces": " " * SIZE + "x",
    "make": "make " * (SIZE // 5),
    "headers": "-----BEGIN PRIVATE KEY-----\n" + "a: " * (SIZE // 3),
    "configuration": "config:\n" + "  \n" * (SIZE // 3),
    "parents": "<parent>" * (SIZE // 8),
    "brackets": "{" * SIZE,
    "alerts": "expr: 1\n- alert: a\n" * 2000,
    "kinds": "kind: Deployment\n---\n" * 300,
    "quotes": "\"'`" * (SIZE // 3),
    "names": "namespace" * (SIZE // 9),
}
CHECKS = [check for check in built_in_checks().values() if isinstance(check, StaticCheck)]


@pytest.mark.parametrize("name", TEXTS)
def test_every_static_check_ends(name: str) -> None:
    files = service(dict.fromkeys(PATHS, TEXTS[name]))
    for check in CHECKS:
        try:
            list(check.function(files))
        except NotApplicable:
            continue
