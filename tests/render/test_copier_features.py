"""Each row of what Copier documents is held against Copier; a name of Copier's that has no row fails."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import PavedError
from paved_road.git.entries import Mode, Tree
from paved_road.render import Pristine, Renderer, prepare, render
from paved_road.render import environment as environments
from paved_road.render.config import OLDEST_COPIER, TemplateConfig
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template
from paved_road.settings.config import load_config
from paved_road.testing import make_road
from tests.render.conftest import copiers, ours, write
from tests.render.copier_features import Feature, Part, Verdict, features
from tests.render.matrix import Case, of
from tests.render.shapes import SHAPES

ROWS = features()
TEMPLATES = [row for row in ROWS if row.case is not None]
HERE = Path(__file__).parent


def _named(row: Feature) -> str:
    return f"{row.part.name.lower()}:{row.name}"


def _names(part: Part) -> set[str]:
    return {name for row in ROWS if row.part is part for name in row.name.split(", ")}


@pytest.mark.parametrize("row", [row for row in TEMPLATES if not row.says], ids=_named)
def test_paved_makes_of_it_what_copier_makes(row: Feature, tmp_path: Path) -> None:
    assert row.case is not None
    template, service = write(row.case, tmp_path / "template"), tmp_path / "service"
    if row.verdict is Verdict.COPIER:
        make_road(template, {})  # only of a release at a commit it is remembered who may render it
    for number, answers in enumerate(row.case.answers):
        reference = copiers(template, answers, service, trust=row.trust)
        shutil.rmtree(service)
        if row.verdict is Verdict.COPIER:
            first, again = (_by_default(template, answers, service, trust=row.trust) for _ in range(2))
            assert first.tree == again.tree
            assert again.renderer is Renderer.COPIER, "a release that was seen before is rendered in process"
            mine = dict(again.tree)
        else:
            mine = ours(template, answers, service, trust=row.trust)
        if not any(path.endswith("answers.yml") for path in reference):
            mine.pop(".copier-answers.yml", None)
        assert _shown(mine) == _shown(reference)
        if number == 0:
            assert _texts(reference, template, service) >= row.makes.items()


def test_every_row_has_a_proof() -> None:
    files = HERE.parent.rglob("test_*.py")
    tests = {name for file in files for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)}
    for row in ROWS:
        proofs = [row.case, row.shape, row.typed, row.proof]
        assert any(proofs), row.name
        assert row.note or row.verdict is not Verdict.DIFFERS, row.name
        assert not row.shape or row.shape in SHAPES, row.name
        assert not row.proof or row.proof in tests, row.name


def _by_default(template: Path, answers: object, service: Path, *, trust: bool) -> Pristine:
    """As every command renders: by the renderer that may be trusted with this release."""
    config = load_config({"road": str(template)})
    form = prepare(release(find_template(open_road(config), None)), cache=config.cache_dir, trust=trust)
    return render(form, form.settle(service, given=dict(answers)), service)  # type: ignore[call-overload]


def _shown(tree: Tree) -> dict[str, tuple[Mode, bytes]]:
    return {path: (file.mode, file.data) for path, file in tree.items()}


def _texts(tree: Tree, template: Path, service: Path) -> set[tuple[str, str]]:
    """The files as the rows write them: names that differ from machine to machine have names of their own."""
    machine = {str(template): "SOURCE", str(service): "DESTINATION", sys.executable: "PYTHON"}
    found = set()
    for path, file in tree.items():
        text = file.data.decode(errors="replace")
        for name, stand_in in machine.items():
            text = text.replace(name, stand_in)
        found.add((path, f"-> {text}" if file.mode is Mode.SYMLINK else text))
    return found


@pytest.mark.parametrize("row", [row for row in TEMPLATES if row.says], ids=_named)
def test_where_paved_refuses_it_says_why(row: Feature, tmp_path: Path) -> None:
    assert row.case is not None
    template = write(row.case, tmp_path / "template")
    with pytest.raises(PavedError) as caught:
        ours(template, row.case.answers[0], tmp_path / "mine" / "service")
    assert row.says in f"{caught.value.message} {caught.value.cause} {caught.value.hint}"
    if row.both_refuse:
        with pytest.raises(Exception, match="version"):
            copiers(template, row.case.answers[0], tmp_path / "service")
    else:
        assert copiers(template, row.case.answers[0], tmp_path / "service")


def test_a_file_that_prints_the_data_is_copiers_with_every_answer(tmp_path: Path) -> None:
    case = of("{q: x, r: y}", {"a.jinja": "{{ _copier_conf.data | to_json }}"})
    road = make_road(write(case, tmp_path / "template"), {})
    reference = copiers(road, {"q": "z"}, tmp_path / "reference" / "service")
    found = _by_default(road, {"q": "z"}, tmp_path / "mine" / "service", trust=False)
    assert json.loads(reference["a"].data) == {"q": "z"}
    assert json.loads(found.tree["a"].data) == {"q": "z", "r": "y"}
    assert (found.renderer, found.differences) == (Renderer.COPIER, ("a",))


def test_a_tagged_release_names_its_tag_and_commit(tmp_path: Path) -> None:
    case = of(
        "q: x", {"a.jinja": "{{ _commit }} {{ _copier_conf.vcs_ref_hash }}", "ref.jinja": "{{ _copier_conf.vcs_ref }}"}
    )
    road = make_road(write(case, tmp_path / "template"), {})
    reference = copiers(road, {}, tmp_path / "reference" / "service")
    mine = ours(road, {}, tmp_path / "mine" / "service")
    assert reference["a"].data == b"v1.0.0 " + git.process.text("rev-parse", "HEAD", cwd=road).encode()
    assert mine["a"] == reference["a"]
    assert (mine["ref"].data, reference["ref"].data) == (b"v1.0.0", b"None")


def test_the_oldest_copier_is_the_one_that_is_asked_for() -> None:
    asked = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"copier>={OLDEST_COPIER},<10" in asked


def test_the_same_filters_tests_and_globals(tmp_path: Path) -> None:
    reference = _debugged(tmp_path)
    own = environments.make(TemplateConfig(settings={}, questions={}, path="copier.yml"), {})
    assert set(own.filters) == set(ast.literal_eval(reference["filters"]))
    assert set(own.tests) == set(ast.literal_eval(reference["tests"]))


# -- a name that has no row ------------------------------------------------------------------------------------------


def _debugged(tmp_path: Path) -> dict[str, str]:
    """What Jinja's own debug extension shows of Copier's environment: context, filters and tests, each as text."""
    case = Case(files={"copier.yml": "_jinja_extensions: [jinja2.ext.debug]\nq: x", "a.jinja": "{% debug %}"})
    shown = copiers(write(case, tmp_path / "debugged"), {}, tmp_path / "shown", trust=True)["a"].data.decode()
    parts = re.split(r"^[{ ]'(context|filters|tests)': ", shown.rstrip()[:-1], flags=re.MULTILINE)
    return {name: text.rstrip(",\n ") for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _source_of(module: str) -> str:
    """The text of a module of Copier's, for names that no public function tells. Nothing of it is imported."""
    found = importlib.util.find_spec("copier")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / module).read_text()


def test_every_variable_has_a_row(tmp_path: Path) -> None:
    context = set(re.findall(r"^(?:\{| {12,14})'(\w+)': ", _debugged(tmp_path)["context"], re.MULTILINE))
    jinjas = {"cycler", "dict", "joiner", "lipsum", "namespace", "range"}
    covered = _names(Part.VARIABLE) | {name.removesuffix("()") for name in _names(Part.JINJA)}
    assert "_copier_conf" in context
    assert context - jinjas - {"q"} - covered == set()


def test_every_attribute_of_copier_conf_has_a_row(tmp_path: Path) -> None:
    case = of("q: x", {"a.jinja": "{{ _copier_conf | to_json }}"})
    shown = copiers(write(case, tmp_path / "template"), {}, tmp_path / "service")["a"].data
    assert set(json.loads(shown)) == _names(Part.CONF)


def test_every_setting_has_a_row() -> None:
    source = _source_of("_template.py")
    read = set(re.findall(r'config_data(?:\.get\(|\[)\s*"(\w+)"', source)) | set(
        re.findall(r'verify_copier_version\(result\["(\w+)"\]', source)
    )
    assert len(read) > 10
    assert {f"_{name}" for name in read} | {"_migrations"} == _names(Part.SETTING)


def test_every_key_of_a_question_has_a_row() -> None:
    question = _class(_source_of("_user_data.py"), "Question")
    fields = {
        node.target.id
        for node in question.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert fields - {"var_name", "answers", "context", "jinja_env", "settings"} == _names(Part.QUESTION)


def test_every_type_of_a_question_has_a_row() -> None:
    types = re.search(r"^CAST_STR_TO_NATIVE.*?= \{(.*?)^\}", _source_of("_user_data.py"), re.MULTILINE | re.DOTALL)
    assert types is not None
    assert set(re.findall(r'"(\w+)":', types[1])) == _names(Part.TYPE)


def _class(source: str, name: str) -> ast.ClassDef:
    return next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == name)
