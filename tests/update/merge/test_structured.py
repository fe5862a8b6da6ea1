"""TOML, YAML and JSON: conflicts that the data decides are decided, and clean merges that are wrong are refused."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paved_road.git import Scratch
from paved_road.git.entries import SHA1, File
from paved_road.testing import Evolution
from paved_road.update.merge import structured
from tests.update.texts import merge_files

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
def test_a_change_that_the_data_does_not_decide_is_a_conflict(begin: Begin, mine: str, roads: str) -> None:
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


# -- the decision alone ----------------------------------------------------------------------------------------------


A, A2, B = "- name: a\n  x: 1\n", "- name: a\n  x: 2\n", "- name: b\n"
ANCHORED, MINE = "a: &a {x: 1}\nb: {<<: *a}\n", "a: &a {x: 1}\nb: {<<: *a, y: 1}\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged", "right"),
    [
        (A, A2, B + A, B + "  x: 2\n" + A, False),
        (A, A2, B + A, B + A2, True),
        ("a: 1\n", "a: 1\nb: 2\n", "a: 1\nc: 2\n", "a: 1\nb: 2\nc: 2\nb: 2\n", False),
        ("a: 1\n", "a: 1\n? [x]\n: 2\n", "a: 1\nc: 2\n", "nonsense: [", True),
        (ANCHORED, MINE, ANCHORED.replace("x: 1", "x: 2"), MINE.replace("x: 1", "x: 2"), True),
    ],
    ids=["another stanza's", "the right one", "twice", "a side that does not parse", "merge keys"],
)
def test_find_fault_with_a_clean_merge(base: str, ours: str, theirs: str, merged: str, *, right: bool) -> None:
    fault = structured.find_fault("a.yaml", *(text.encode() for text in (base, ours, theirs, merged)))
    assert (fault == "") is right


def test_kubernetes_documents_are_distinguished_by_kind_and_name() -> None:
    one = "kind: Service\nmetadata: {{name: a}}\nport: {}\n"
    two = "kind: Deployment\nmetadata: {{name: a}}\nport: {}\n"
    base, ours, theirs = (f"{one.format(x)}---\n{two.format(y)}".encode() for x, y in ((1, 1), (2, 1), (1, 2)))
    right, wrong = (f"{one.format(x)}---\n{two.format(y)}".encode() for x, y in ((2, 2), (1, 2)))
    assert structured.find_fault("a.yml", base, ours, theirs, right) == ""
    assert structured.find_fault("a.yml", base, ours, theirs, wrong) != ""


# -- over generated data -----------------------------------------------------------------------------------------------

BASE: dict[str, Any] = {"name": "orders", "port": 80, "items": ["a", "b", "c"], "nested": {"one": "1", "list": ["x"]}}

Edit = tuple[str, str, str]
"""What is done (`set`, `add`, `append`, `remove`), where, and with which value."""

PLACES = ["name", "port", "items", "nested.one", "nested.list"]


def edits(side: str) -> st.SearchStrategy[list[Edit]]:
    kind = st.sampled_from(["set", "add", "append", "remove"])
    return st.lists(st.tuples(kind, st.sampled_from(PLACES), st.just(side)), max_size=3)


def applied(data: dict[str, Any], many: list[Edit]) -> dict[str, Any]:
    data = copy.deepcopy(data)
    for number, (kind, place, side) in enumerate(many):
        parent = data["nested"] if "." in place else data
        key = place.rsplit(".", 1)[-1]
        if kind == "add":
            parent[f"{side}{number}"] = side
        elif kind == "set" and not isinstance(parent[key], list):
            parent[key] = side
        elif kind == "append" and isinstance(parent[key], list):
            parent[key] = [*parent[key], f"{side}{number}"]
        elif kind == "remove" and isinstance(parent[key], list):
            parent[key] = parent[key][1:]
    return data


def as_toml(data: dict[str, Any], table: str = "") -> str:
    def value(one: Any) -> str:
        return (
            "[\n" + "".join(f"    {json.dumps(item)},\n" for item in one) + "]"
            if isinstance(one, list)
            else json.dumps(one)
        )

    plain = "".join(f"{key} = {value(one)}  # {key}\n" for key, one in data.items() if not isinstance(one, dict))
    tables = (f"\n[{key}]\n{as_toml(one)}" for key, one in data.items() if isinstance(one, dict))
    return plain + "".join(tables)


FORMATS: dict[str, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    "a.json": (lambda data: json.dumps(data, indent=2) + "\n", json.loads),
    "a.yaml": (lambda data: str(yaml.safe_dump(data, sort_keys=False)), yaml.safe_load),
    "a.toml": (as_toml, tomllib.loads),
}


def agreed(base: Any, ours: Any, theirs: Any) -> Any:
    """The one meaning that both sides' edits have; raises `ValueError` where they contradict each other."""
    if isinstance(base, dict):
        keys = dict.fromkeys((*ours, *theirs))
        return {
            key: agreed(base.get(key), ours.get(key, base.get(key)), theirs.get(key, base.get(key))) for key in keys
        }
    if isinstance(base, list):
        kept = [item for item in base if item in ours and item in theirs]
        return sorted([*kept, *(item for item in (*ours, *theirs) if item not in base)])
    if ours != base and theirs not in (base, ours):
        raise ValueError
    return ours if ours != base else theirs


def in_order(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: in_order(value) for key, value in data.items()}
    return sorted(data) if isinstance(data, list) else data


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(sorted(FORMATS)), mine=edits("mine"), roads=edits("road"))
def test_a_resolved_conflict_has_the_changes_of_both_sides(
    scratch: Scratch, path: str, mine: list[Edit], roads: list[Edit]
) -> None:
    dump, load = FORMATS[path]
    ours, theirs = applied(BASE, mine), applied(BASE, roads)
    files = [File(dump(data).encode()) for data in (BASE, ours, theirs)]
    three = [{path: file.entry(SHA1)} for file in files]
    found, texts = merge_files(scratch, *three)
    try:
        expected = agreed(BASE, ours, theirs)
    except ValueError:
        assert found.conflicts
        return
    if not found.conflicts:
        assert in_order(load(texts[path])) == in_order(expected)
        written = {line for file in files for line in file.data.decode().splitlines()}
        assert {line.rstrip(",") for line in texts[path].splitlines()} <= {line.rstrip(",") for line in written}
