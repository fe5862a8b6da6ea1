"""Who owns other people's services."""

from __future__ import annotations

import pytest

from tests.check.static.reading import messages

BACKSTAGE = "kind: Component\nmetadata: {name: a}\nspec: {owner: team-a, lifecycle: production}\n"
API = "---\nkind: API\nspec: {owner: a, lifecycle: experimental, definition: {$text: ./x}}"
GOOD = {"CODEOWNERS": "* @acme/a\n", "catalog-info.yaml": BACKSTAGE, "docs/runbook.md": "# Roll back", "main.go": ""}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"CODEOWNERS": "", ".github/CODEOWNERS": "*.go @a\n/docs/ @b # reviewers\ncatalog-info.yaml a@b.example\n"},
        {"CODEOWNERS": "[Everything] @acme/a\n*\n^[Docs][2] @b\n/docs/\n"},
        {"CODEOWNERS": "* @a\ngo.sum\nlock/*.lock\n", "go.sum": "", "LICENSE": ""},
        {"catalog-info.yaml": "", "service.datadog.yaml": "schema-version: v2\nteam: a\n"},
        {"docs/runbook.md": "", "README.md": "# A\n\n## On call\n"},
        {"docs/runbook.md": "", "catalog-info.yaml": BACKSTAGE + "# https://acme.pagerduty.com/services/1\n"},
        {"catalog-info.yaml": BACKSTAGE + API},
    ],
)
def test_an_owned_service_passes(changed: dict[str, str]) -> None:
    texts = {path: text for path, text in (GOOD | changed).items() if text or path not in changed}
    assert messages("ownership", texts) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"CODEOWNERS": "/docs/ @a\n"}, "nobody owns catalog-info.yaml, and 1 more"),
        ({"CODEOWNERS": "* @a\n*.go\n"}, "nobody owns main.go"),
        ({"CODEOWNERS": "# nobody yet\n"}, "CODEOWNERS names nobody"),
        ({"catalog-info.yaml": BACKSTAGE.replace("team-a", "user:guest")}, "catalog-info.yaml names no owner of a"),
        (
            {"catalog-info.yaml": BACKSTAGE.replace(", lifecycle: production", "")},
            "catalog-info.yaml does not say in which",
        ),
        ({"catalog-info.yaml": "kind: [\n"}, "catalog-info.yaml is not YAML"),
        ({"catalog-info.yaml": "[]"}, "no catalogue knows the service"),
        ({"docs/runbook.md": "\n"}, "nothing tells the person on call"),
    ],
)
def test_what_is_missing_is_found(changed: dict[str, str], said: str) -> None:
    (found,) = messages("ownership", GOOD | changed)
    assert found.startswith(said)


def test_a_file_of_owners_of_kubernetes_counts() -> None:
    texts = {path: text for path, text in GOOD.items() if path != "CODEOWNERS"}
    assert messages("ownership", texts | {"OWNERS": "approvers: [a]\n"}) == []
    assert messages("ownership", texts) == ["no CODEOWNERS says who reviews a change"]
