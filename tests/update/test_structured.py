"""TOML, YAML and JSON: conflicts that the data decides are decided, and clean merges that are wrong are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paved_road.testing import Evolution

Begin = Callable[..., Evolution]

PYPROJECT = """\
[project]
name = "orders"
dependencies = [
    # what serves
    "fastapi>=0.142",
    "uvicorn>=0.40",
]
"""


def test_both_append_to_the_same_dependencies(begin: Begin) -> None:
    evolution = begin({"pyproject.toml": PYPROJECT})
    evolution.edit({"pyproject.toml": PYPROJECT.replace('0.40",\n', '0.40",\n    "mine>=1",  # ours\n')})
    evolution.release({"pyproject.toml": PYPROJECT.replace('0.40",\n', '0.40",\n    "structlog>=25",\n')})
    done = evolution.update()
    both = PYPROJECT.replace('0.40",\n', '0.40",\n    "mine>=1",  # ours\n    "structlog>=25",\n')
    assert (done.code, done.files) == (0, {"pyproject.toml": both})
    assert "decided on the parsed data" in str(done.envelope)


def test_a_bump_beside_an_addition_is_decided(begin: Begin) -> None:
    evolution = begin({"pyproject.toml": PYPROJECT})
    evolution.edit({"pyproject.toml": PYPROJECT.replace("uvicorn>=0.40", "uvicorn>=0.41")})
    evolution.release({"pyproject.toml": PYPROJECT.replace('0.40",\n', '0.40",\n    "structlog>=25",\n')})
    done = evolution.update()
    both = PYPROJECT.replace('0.40",\n', '0.41",\n    "structlog>=25",\n')
    assert (done.code, done.files) == (0, {"pyproject.toml": both})


@pytest.mark.parametrize(
    ("mine", "roads"),
    [
        ('    "uvicorn>=0.41",\n', '    "uvicorn>=0.42",\n'),
        ('    "uvicorn>=0.40",\n    "httpx>=1",\n', '    "uvicorn>=0.40",\n    "httpx>=2",\n'),
        ('    "uvicorn>=0.41",\n', ""),
        ("", '    "uvicorn>=0.41",\n'),
    ],
    ids=["two bumps", "the same package in two versions", "bumped and removed", "removed and bumped"],
)
def test_what_the_data_does_not_decide_is_a_conflict(begin: Begin, mine: str, roads: str) -> None:
    evolution = begin({"pyproject.toml": PYPROJECT})
    evolution.edit({"pyproject.toml": PYPROJECT.replace('    "uvicorn>=0.40",\n', mine)})
    evolution.release({"pyproject.toml": PYPROJECT.replace('    "uvicorn>=0.40",\n', roads)})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("pyproject.toml",))
    assert set(mine.splitlines()) <= set(done.files["pyproject.toml"].splitlines())


def test_both_append_to_the_end_of_a_json_object(begin: Begin) -> None:
    evolution = begin({"a.json": '{\n  "one": 1\n}\n'})
    evolution.edit({"a.json": '{\n  "one": 1,\n  "mine": true\n}\n'})
    evolution.release({"a.json": '{\n  "one": 1,\n  "roads": null\n}\n'})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"a.json": '{\n  "one": 1,\n  "mine": true,\n  "roads": null\n}\n'})


def test_both_append_to_a_yaml_list(begin: Begin) -> None:
    evolution = begin({"ci.yml": "jobs:\n  - name: lint  # first\n    run: ruff\n"})
    evolution.edit({"ci.yml": "jobs:\n  - name: lint  # first\n    run: ruff\n  - name: mine\n    run: me\n"})
    evolution.release({"ci.yml": "jobs:\n  - name: lint  # first\n    run: ruff\n  - name: scan\n    run: scan\n"})
    done = evolution.update()
    assert done.code == 0
    assert done.files["ci.yml"] == (
        "jobs:\n  - name: lint  # first\n    run: ruff\n  - name: mine\n    run: me\n  - name: scan\n    run: scan\n"
    )


def test_both_add_a_yaml_key(begin: Begin) -> None:
    evolution = begin({"a.yaml": "# head\none: 1\n"})
    evolution.edit({"a.yaml": "# head\none: 1\nmine: 2  # two\n"})
    evolution.release({"a.yaml": "# head\none: 1\nroads: 3\n"})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"a.yaml": "# head\none: 1\nmine: 2  # two\nroads: 3\n"})


@pytest.mark.parametrize(
    ("path", "base", "mine", "roads"),
    [
        ("a.toml", "[a]\nx = 1\n\n\n\n[z]\ny = 1\n", "[new]\nmine = 1\n\n", "\n[new]\nroads = 1\n"),
        ("a.yaml", "a:\n  x: 1\n\n\n\nz:\n  y: 1\n", "new: 1\n", "new: 2\n"),
        ("a.json", '{"a":\n1,\n"b":\n2,\n"z": 3\n}\n', "", ""),
    ],
    ids=["toml", "yaml", "json"],
)
def test_a_merge_that_is_clean_as_text_and_says_something_twice_is_a_conflict(
    begin: Begin, path: str, base: str, mine: str, roads: str
) -> None:
    if path == "a.json":
        edits = base.replace("1,\n", '1,\n"new": "mine",\n'), base.replace("2,\n", '2,\n"new": "roads",\n')
    else:
        edits = mine + base, base + roads
    evolution = begin({path: base})
    evolution.edit({path: edits[0]})
    evolution.release({path: edits[1]})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, (path,))
    assert set(edits[0].splitlines()) <= set(done.files[path].splitlines())
    assert "clean as text" in str(done.envelope)


def test_a_file_that_never_parsed_is_merged_as_text(begin: Begin) -> None:
    base = "// a comment\n{\n1\n2\n3\n4\n5\n}\n"
    evolution = begin({"tsconfig.json": base})
    evolution.edit({"tsconfig.json": base.replace("1\n", "1\nmine\n")})
    evolution.release({"tsconfig.json": base.replace("5\n", "5\nroads\n")})
    done = evolution.update()
    assert (done.code, done.files) == (
        0, {"tsconfig.json": base.replace("1\n", "1\nmine\n").replace("5\n", "5\nroads\n")},
    )  # fmt: skip
