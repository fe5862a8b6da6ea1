"""The source keeps its shape: small modules and functions, one name for one thing, tests where one looks for them."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from scripts import rooms
from tests.stranger import PROJECT

PACKAGE = PROJECT / "paved_road"
DESIGN = PROJECT / "docs" / "explanation" / "design.md"
Function = ast.FunctionDef | ast.AsyncFunctionDef

LONGEST_MODULE, LONGEST_FUNCTION = 400, 60  # lines
MOST_PARAMETERS = 8  # a command has as many as it has options

TWO_CLASSES: set[str] = set()
"""Names that two modules still give to a class."""
LONG_FUNCTIONS: set[str] = {"cli/new.new"}
"""Functions that still are too long."""

SCENARIOS = {
    "ask": "",
    "check": "foreign twins",
    "cli": (
        "agreement answers_files asking authors config_files debug evaluation every_answer hostile hostile_text "
        "imports output places plain_copier questions records roads shapes unset_variables update_states"
    ),
    "files": "",
    "findings": "findings",
    "git": "git hooks hostile_repository repositories",
    "lint": "check",
    "offroad": "deviation docs formats killed life update",
    "practices": "",
    "process": "",
    "render": (
        "built_in copier_commands copier_features evolving_shapes extensions generated matrix messages tasks "
        "trust who_is_asked"
    ),
    "road": "",
    "service": "",
    "settings": "",
    "text": "",
    "update": (
        "batch contents conversions crash deletes evolution external in_progress kinds law object_formats "
        "other_tools page seeded surroundings"
    ),
}
"""Tests of a room that are named after a behaviour or a danger, because it takes several modules."""


def trees(*folders: str) -> dict[str, ast.Module]:
    """Every module below these folders of the project: its path and its syntax tree."""
    paths = sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    return {str(path.relative_to(PROJECT)): ast.parse(path.read_text()) for path in paths}


SOURCE = trees("paved_road")


def functions() -> Iterator[tuple[str, Function]]:
    """Every function of the package, by `room/module.name`."""
    for path, tree in SOURCE.items():
        module = path.removeprefix("paved_road/").removesuffix(".py")
        yield from ((f"{module}.{node.name}", node) for node in ast.walk(tree) if isinstance(node, Function))


def is_a_command(function: Function) -> bool:
    """Whether Typer fills in its parameters from the command line."""
    return "options.Json" in ast.unparse(function.args)


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    lines = {path: len((PROJECT / path).read_text().splitlines()) for path in SOURCE}
    assert {path: number for path, number in lines.items() if number > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {name for name, node in functions() if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION}
    assert long - LONG_FUNCTIONS == set()


def test_no_function_takes_more_parameters_than_one_can_remember() -> None:
    many = {
        name
        for name, node in functions()
        if len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]) > MOST_PARAMETERS
        and not is_a_command(node)
    }
    assert many == set()


def test_a_class_name_means_one_class() -> None:
    modules = defaultdict(list)
    for path, tree in SOURCE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                modules[node.name].append(path)
    assert {name for name, places in modules.items() if len(places) > 1} - TWO_CLASSES == set()


def test_a_public_function_says_which_errors_it_raises() -> None:
    errors = {node.name for tree in SOURCE.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    silent = {
        name
        for name, node in functions()
        if not node.name.startswith("_")
        and not name.startswith("cli/")  # whose errors are the exit code
        and set(_raised(node)) & errors
        and "raise" not in (ast.get_docstring(node) or "").lower()
    }
    assert silent == set()


def _raised(function: Function) -> Iterator[str]:
    """The names of what the function raises itself."""
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            yield ast.unparse(raised).rpartition(".")[2]


def test_tests_use_only_public_names() -> None:
    private, dotted = r"_[a-z]\w*", r"paved_road\.[\w.]*\b_[a-z]\w*"
    found = []
    for path, tree in trees("tests", "scripts", "bench").items():
        modules = set(_modules(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                found += [
                    f"{path}:{node.lineno} {name.name}" for name in node.names if re.fullmatch(private, name.name)
                ]
            if isinstance(node, ast.Attribute) and re.fullmatch(private, node.attr) and _name(node.value) in modules:
                found.append(f"{path}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(dotted, node.value):
                found.append(f"{path}:{node.lineno} {node.value}")
            if isinstance(node, ast.Call) and _name(node.func) == "setattr" and len(node.args) > 1:
                module, name, *_ = node.args
                if _name(module) in modules and _is_private(name):
                    found.append(f"{path}:{node.lineno} {ast.unparse(node)}")
    assert found == []


def _modules(tree: ast.Module) -> Iterator[str]:
    """What a module imports from paved_road, by the names that it uses for it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("paved_road", "tests")):
            yield from (name.asname or name.name for name in node.names)


def _name(node: ast.AST) -> str:
    return ast.unparse(node).rpartition(".")[2]


def _is_private(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and re.fullmatch(r"_[a-z]\w*", str(node.value)) is not None


def test_tests_are_where_one_looks_for_them() -> None:
    misplaced, unneeded = [], []
    for room, scenarios in SCENARIOS.items():
        names = {path.stem.removeprefix("test_") for path in (PROJECT / "tests" / room).glob("test_*.py")}
        modules = {path.stem for path in (PACKAGE / room).iterdir() if path.suffix == ".py" or path.is_dir()}
        misplaced += [f"{room}/{name}" for name in sorted(names - modules - set(scenarios.split()))]
        unneeded += [f"{room}/{name}" for name in scenarios.split() if name in modules or name not in names]
    assert misplaced == [], "no module has this name"
    assert unneeded == []
    folders = {path.name for path in (PROJECT / "tests").iterdir() if any(path.glob("test_*.py"))}
    assert folders - {"docs", "journeys", "stamped"} == SCENARIOS.keys()


def test_the_design_names_every_room_and_every_package() -> None:
    named = set(re.findall(r"`([a-z_/]+(?:/|\.py))`", DESIGN.read_text()))
    packages = {f"{path.parent.relative_to(PACKAGE)}/" for path in PACKAGE.rglob("__init__.py")} - {"./"}
    alone = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert (packages | alone) - named == set()


def test_the_drawing_of_the_rooms_shows_the_imports_of_today() -> None:
    assert rooms.DRAWING.read_text() == rooms.drawing(), "make pictures"
    assert f"({rooms.DRAWING.parent.name}/{rooms.DRAWING.name})" in DESIGN.read_text().replace("../", "")


def test_rooms_that_import_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="a -> b -> a"):
        rooms.arrows({"a": frozenset("b"), "b": frozenset("a")})


def test_an_arrow_that_a_longer_way_shows_is_left_out() -> None:
    imports = {"a": frozenset("bc"), "b": frozenset("c"), "c": frozenset[str]()}
    assert rooms.arrows(imports) == {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset()}
    assert rooms.rows(imports) == {"a": 0, "b": 1, "c": 2}
