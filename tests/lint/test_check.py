"""What an author is told of a template: `paved templates --check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import PathSpec

from paved_road.lint import settings
from paved_road.lint.paths import literal, meets, pattern
from paved_road.testing import Files, evolve, make_road, paved, write_files
from tests.practices.world import CODE, OWN, PAGE
from tests.render.copier_features import Part, features

COPIER = """\
_subdirectory: template
name: {type: str, default: x}
ci: {type: str, default: github, choices: [github, gitlab]}
"""

GOOD: Files = {
    "copier.yml": COPIER,
    "paved-road.yml": """\
version: 1.0.0
owners:
  road: [src/*/paved/**, .github/workflows/, Makefile, '*.toml', deploy/**/base.yaml]
  shared: [README.md, "!src/x/paved/health.py"]
  derived: {uv.lock: uv lock}
""",
    "template/src/{{ name }}/paved/health.py.jinja": "{{ name }}\n",
    "template/{% if ci == 'github' %}.github{% endif %}/workflows/ci.yml": "",
    "template/{{ 'Make' if name else 'make' }}{{ 'file' }}": "",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/pyproject.toml.jinja": (
        "{% set a = 1 %}{{ a }}{% for b in [1] %}{{ b }}{{ loop.index }}{% endfor %}"
        "{% if own is defined %}{{ own }}{% endif %}{{ other | default('') }}{% macro m(c) %}{{ c }}{% endmacro %}"
    ),
    "template/README.md": "{{ not rendered }}",
    "template/deploy/a/b/base.yaml": "",
}


def found(road: Path) -> list[str]:
    done = paved("templates", "--check", "--road", road)
    assert done.stderr == "" or done.returncode == 1
    return [] if done.returncode == 0 else done.stdout.splitlines()


def test_a_roads_practices_are_read_and_not_run(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    own = {
        f"practices/{OWN}.py": f'{CODE}Path("{witness}").write_text("")\n',
        "paved-road.yml": "practices: practices/\n",
    }
    road = make_road(tmp_path / "road", {**GOOD, **own, f"practices/{OWN}.md": PAGE})
    assert found(road) == []
    write_files(road, {f"practices/{OWN}.md": PAGE.replace("silver", "sliver"), "practices/lost.py": ""})
    assert found(road) == [
        f"practices/{OWN}.md:4: level must be bronze, silver or gold; it is 'sliver'",
        "practices/lost.py:1: no practice belongs to this code: lost.md does not exist",
    ]
    assert not witness.exists()


def test_practices_that_every_service_would_get_are_told(tmp_path: Path) -> None:
    copier = "name: {type: str, default: x}\n"
    files = {"copier.yml": copier, "paved-road.yml": "practices: practices/\n", "practices/README.md": "", "a.txt": "x"}
    road = make_road(tmp_path / "road", files)
    assert "paved-road.yml:1: every service gets the folder practices: add it to _exclude in copier.yml" in found(road)
    write_files(road, {"copier.yml": f"_exclude: [practices, copier.yml, paved-road.yml, .git]\n{copier}"})
    assert found(road) == []


def of(tmp_path: Path, **files: str | None) -> list[str]:
    """What is said of the good template with these files in place of its own."""
    named = {path.replace("__", "/"): content for path, content in files.items()}
    return found(write_files(tmp_path / "road", {**GOOD, **named}))


def test_nothing_is_said_of_a_good_template(tmp_path: Path) -> None:
    assert found(make_road(tmp_path / "road", GOOD)) == []


def test_the_built_in_road_is_good() -> None:
    assert paved("templates", "--check").stdout == "no problem found in service\n"


SETTINGS = {
    "_subdirctory: template": "1: Copier has no setting _subdirctory and ignores it; did you mean _subdirectory?",
    "q: 1\n_excludes: [a]": "2: Copier has no setting _excludes and ignores it; did you mean _exclude?",
    "_flavour: 1": "1: Copier has no setting _flavour and ignores it",
    "subdirectory: template": (
        "1: subdirectory is a question here; settings begin with an underscore: did you mean _subdirectory?"
    ),
    "tasks: [make]": "1: tasks is a question here; settings begin with an underscore: did you mean _tasks?",
    "q:\n  type: str\n  defualt: x": (
        "3: the question 'q' has the key 'defualt', which Copier ignores; did you mean default?"
    ),
    "q:\n  default: x\n  chioces: [x]": (
        "3: the question 'q' has the key 'chioces', which Copier ignores; did you mean choices?"
    ),
    "q: {type: strr, default: x}": "1: the question 'q' has the type 'strr', which does not exist; did you mean str?",
    "token: {type: str, default: '', secret: true}\n_secret_questions: [tokn]": (
        "2: _secret_questions names 'tokn', which is no question; did you mean token?"
    ),
    "_tasks:\n- command: a\n  wehn: true": "3: _tasks has the key 'wehn'; did you mean when?",
    "_migrations:\n- version: next\n  command: a": (
        "2: this migration is for 'next', which is not a version such as 1.2.0"
    ),
    "q: 1\nr: 2\nq: 3": "3: the key 'q' is there twice, on lines 1 and 3; only the last one counts",
    "q: {type: str, default: '{{ nmae }}'}\nname: x": (
        "1: nmae is undefined, so it renders as an empty text; did you mean name?"
    ),
    "q:\n  type: str\n  default: x\n  when: '{{ naem }}'\nname: y": (
        "4: naem is undefined, so it renders as an empty text; did you mean name?"
    ),
    "q:\n  choices:\n  - '{{ z }}'": "3: z is undefined, so it renders as an empty text",
    "_message_after_copy: '{{ hosts }}'\nhost: 1": (
        "1: hosts is undefined, so it renders as an empty text; did you mean host?"
    ),
    "_exclude:\n- a\n- '{% if q }'\nq: 1": "3: Jinja cannot read it: unexpected '}'",
    "_tasks: ['echo {{ _version_from }} {{ _copier_operation }}']\n_tasks2: 1": (
        "2: Copier has no setting _tasks2 and ignores it; did you mean _tasks?"
    ),
    "q: 1\n_subdirectory: templte": "2: _subdirectory is 'templte', and the template has no such folder",
    "_subdirectory: ../template": "1: _subdirectory is '../template', and the template has no such folder",
    "q: {type: str, default: a}\nr: 1\nq: {type: str, default: b}": "3: the key 'q' is there twice, on lines 1 and 3",
    "q: 1\n_min_copier_version: x": "2: _min_copier_version is not a version: it is 'x'",
    "q: 1\n_min_copier_version: '99'": "2: the template needs Copier 99 or newer",
    "my-name: x": "1: no Jinja expression can use a question named 'my-name': call it my_name",
    "q: 1\nmy name: x": "2: no Jinja expression can use a question named 'my name': call it my_name",
    "q: 1\nis: x": "2: no Jinja expression can use a question named 'is'",
    "q: 1\nr: \x07": "2: the template's copier.yml is not YAML: it has the control character 0x07",
    "_exclude: a": "1: _exclude must be a list of texts: it is 'a'",
    "q: 1\n_tasks:\n  a: b": "2: _tasks must be a list of commands, or of mappings with a command: it is {'a': 'b'}",
    "q:\n  type: str\n  secret: perhaps": "3: the question 'q': secret must be true or false: it is 'perhaps'",
    "q: [": "1: the template's copier.yml is not YAML: did not find expected node content",
    "_envops: {nonsense: 1}": "1: the template's _envops are not options of Jinja: ",
}


@pytest.mark.parametrize("content", SETTINGS)
def test_what_copier_takes_for_nothing_is_told_with_its_line(tmp_path: Path, content: str) -> None:
    road = write_files(tmp_path / "road", {"copier.yml": f"{content}\n", "a.txt": "a"})
    said = found(road)
    assert len(said) == 1, said
    assert said[0].startswith(f"copier.yml:{SETTINGS[content]}")


REFUSED = {
    "q: 1\nenv: {type: str, default: x, help: Which?}": (
        "2: Copier cannot read the template's copier.yml: expected ',' or '}', but got '?'"
    ),
    "q:\n  type: int\n  default: abc": "3: the default of 'q' must be of type int: 'abc': it is not a whole number",
    "q:\n  type: json\n  default: '{'": "3: the default of 'q' must be of type json: '{': it is not JSON",
    "q:\n  choices: [a, b]\n  default: c": "3: the default of 'q' is not one of its choices: 'c': choose from a, b",
    "q:\n  default: x\n  validator: '{% if q != 1 %}no{% endif %}'": "2: the default of 'q' is not valid: 'x': no",
    "q: 1\nt: {type: str, secret: true}": "2: the secret question 't' has no default: Copier requires one",
    "q:\n  default: a\n  choices: {a: {valeu: 1}}": "3: the choices of the question 'q' are malformed: 'a' has no",
    "q: 1\nr:\n  type: str\n  default: '{{ q.a.b }}'": "4: the template's question 'r' cannot be evaluated",
    "n: {type: str}\nr:\n  type: str\n  default: '{{ n.a.b }}'": "4: the template's question 'r' cannot be evaluated",
    "q: {type: int, default: abc}\nr: '{{ q + 1 }}'": "1: the default of 'q' must be of type int",
    "q: {default: '{% if q is emtpy %}{% endif %}'}": "1: unknown Jinja test 'emtpy'; ",
    "q: 1\n_skip_if_exists:\n- a\n- '{{ q.a.b }}'": "4: the template's _skip_if_exists ({{ q.a.b }}) cannot be",
    "q: 1\n_message_after_copy: '{{ q.a.b }}'": "2: the template's _message_after_copy cannot be evaluated",
    "q: 1\n_exclude:\n- a\n- '{{ q.a.b }}'": "4: the template raised while rendering _exclude ({{ q.a.b }})",
    "_exclude: [1]": "1: _exclude must be a list of texts: it is [1]",
    "_templates_suffix: 5": "1: _templates_suffix must be text: it is 5",
    "_subdirectory: 5": "1: _subdirectory must be text: it is 5",
    "_tasks: [[echo, 5]]": "1: _tasks must be a list of commands",
}


@pytest.mark.parametrize("content", REFUSED)
def test_what_a_new_service_would_be_refused_for_is_told_with_its_line(tmp_path: Path, content: str) -> None:
    road = write_files(tmp_path / "road", {"copier.yml": f"{content}\n", "a.txt": "a"})
    (said,) = found(road)
    assert said.startswith(f"copier.yml:{REFUSED[content]}")
    assert paved("new", tmp_path / "orders", "--road", road, "--defaults", "--data", "n=x").returncode == 2


def test_a_question_without_a_default_is_no_fault(tmp_path: Path) -> None:
    questions = "a: {type: str}\nb: {type: int, validator: '{% if b < 1024 %}no{% endif %}'}\nc: {type: bool}\n"
    some = "d: {type: str, choices: [x, y], multiselect: true}\ne: {type: str, validator: 'no'}\nf: '{{ e.a.b }}'\n"
    assert found(write_files(tmp_path / "road", {"copier.yml": questions + some, "a.txt": "a"})) == []


FILES: dict[str, tuple[Files, str]] = {
    "an undefined name": (
        {"template/a.txt.jinja": "a\n{{ name }}\n{{ nmae }}\n"},
        "template/a.txt.jinja:3: nmae is undefined, so it renders as an empty text; did you mean name?",
    ),
    "in a condition": (
        {"template/a.txt.jinja": "{% if cii %}x{% endif %}"},
        "template/a.txt.jinja:1: cii is undefined, so it renders as an empty text; did you mean ci?",
    ),
    "in a path": (
        {"template/{{ packge }}/a.txt": ""},
        "template/{{ packge }}/a.txt:1: its path: packge is undefined, so it renders as an empty text",
    ),
    "an unknown filter": (
        {"template/a.txt.jinja": "\n{{ name | shout }}"},
        "template/a.txt.jinja:2: unknown Jinja filter 'shout'; ",
    ),
    "an unknown test in a condition": (
        {"template/a.txt.jinja": "\n{% if name is emtpy %}{% endif %}"},
        "template/a.txt.jinja:2: unknown Jinja test 'emtpy'; ",
    ),
    "an unknown filter in a condition": (
        {"template/a.txt.jinja": "\n{% if name | uper %}{% endif %}"},
        "template/a.txt.jinja:2: unknown Jinja filter 'uper'; did you mean upper?",
    ),
    "an include of nothing": (
        {"template/a.txt.jinja": "\n{% include 'nope' %}"},
        "template/a.txt.jinja:2: the template has no file 'nope'",
    ),
    "an import of nothing": (
        {"template/a.txt.jinja": "{% import 'a.txt' as b %}"},
        "template/a.txt.jinja:1: the template has no file 'a.txt'",
    ),
    "an expression that fails": (
        {"template/a.txt.jinja": "\n\n{{ name.a.b }}"},
        "template/a.txt.jinja:3: rendering it fails: UndefinedError: 'str object' has no attribute 'a'",
    ),
    "a path that fails": (
        {"template/{{ name.a.b }}/a.txt": ""},
        "template/{{ name.a.b }}/a.txt:1: its path: UndefinedError: 'str object' has no attribute 'a'",
    ),
    "a tag that does not end": (
        {"template/a.txt.jinja": "{% if name %}"},
        "template/a.txt.jinja:1: Jinja cannot read it: Unexpected end of template.",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_no_question_defines_is_told_with_file_and_line(tmp_path: Path, name: str) -> None:
    files, said = FILES[name]
    (told,) = found(write_files(tmp_path / "road", {**GOOD, **files}))
    assert told.startswith(said)


RULES = {
    "owners:\n  road: [Makefile, scr/*/paved/**]": (
        "2: road: scr/*/paved/** matches no file that the template can render, so this pattern has no effect"
    ),
    "owners:\n  road:\n  - Makefile\n  - Dockerfile": "4: road: Dockerfile matches no file",
    "owners: {shared: [.gitlab/workflows/**]}": "1: shared: .gitlab/workflows/** matches no file",
    "owners: {service: [src/*/paved/*.rs]}": "1: service: src/*/paved/*.rs matches no file",
    "owners: {road: [README.md/]}": "1: road: README.md/ matches no file",
    "owners: {road: ['*.jinja']}": "1: road: *.jinja matches no file",
    "owners: {road: ['template/**']}": "1: road: template/** matches no file",
    "questions:\n  first:\n  - name\n  - nmae": "4: questions.first names 'nmae', which the template does not ask; did",
    "onwers: {road: [Makefile]}": "1: there is no key 'onwers'; did you mean owners?",
    "version: '1'": "1: write the version '1' with three numbers and no v, as in 1.2.0",
    "version: v1.2": "1: write the version 'v1.2' with three numbers and no v, as in 1.2.0",
    "version: next": "1: version must be a version such as 1.2.0; it is 'next'",
    "version: [1]": "1: version must be text; it is a list",
    "version: 1.0.0\n---\na: 1": "2: it is not one document: a second one begins there (---)",
    "practices: nope": "1: practices is 'nope', and the template has no such folder",
    "version: 1.0.0\npractices: ../x": "2: practices is '../x', and the template has no such folder",
    "questions:\n  first:\n  - name\n  - name": "4: questions.first names 'name' twice",
    "owners:\n  road:\n  - ''": "3: road: an empty pattern matches nothing",
    "owners:\n  derived:\n    lock.txt: echo L > lock.txt": "3: derived: no shell runs the command of lock.txt, so >",
    "owners: {derived: {a.txt: 'a && b'}}": "1: derived: no shell runs the command of a.txt, so && is plain text",
    "owners: {derived: {a.txt: 'a $(b)'}}": "1: derived: no shell runs the command of a.txt, so $( is plain text",
    "moves: {1.0.0: {Makefile: Makefile}}": "1: Makefile moves to itself",
    "moves:\n  1.0.0:\n    README.md: ../b": "3: moves.1.0.0: '../b': the path leaves the service",
    "moves: {1.0.0: {/etc/passwd: README.md}}": "1: moves.1.0.0: '/etc/passwd': the path leaves the service",
    "moves: {1.0.0: {old.md: README.md}}": "1: no release renders old.md, so it cannot move",
    "moves:\n  1.0.0:\n    README.md: docs/README.md": ("3: no release renders docs/README.md, where README.md moves"),
    "owners: {road: [Makefile], road: [README.md]}": "1: the key 'road' is there twice, on lines 1 and 1; only the",
}


@pytest.mark.parametrize("content", RULES)
def test_a_rule_that_fits_no_file_is_told_with_its_line(tmp_path: Path, content: str) -> None:
    (said,) = of(tmp_path, **{"paved-road.yml": f"{content}\n"})
    assert said.startswith(f"paved-road.yml:{RULES[content]}")


def test_a_move_is_of_a_file_that_some_release_rendered_to_one_that_some_release_renders(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {**GOOD, "template/old.md": "", "template/x/{{ name }}/y.md": ""})
    moves = "moves: {1.1.0: {old.md: mid.md, x/orders/y.md: src/orders/paved/y.md}, 1.2.0: {mid.md: README.md}}\n"
    gone: Files = {"template/old.md": None, "template/x/{{ name }}/y.md": None, "paved-road.yml": moves}
    new: Files = {"template/src/{{ name }}/paved/y.md": ""}
    said = ["no release renders mid.md, so it cannot move", "no release renders mid.md, where old.md moves"]
    assert found(evolve(road, {**gone, **new}, tag="v1.2.0")) == [f"paved-road.yml:1: {one}" for one in said]
    evolve(road, {"template/mid.md": ""}, tag="v1.2.1")
    assert found(evolve(road, {"template/mid.md": None}, tag="v1.3.0")) == []


def test_a_byte_that_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    road = write_files(tmp_path / "road", {"a.txt": "a"})
    (road / "copier.yml").write_bytes(b"q: 1\nr: \xff\n")
    assert found(road) == ["copier.yml:2: the template's copier.yml is not YAML: the byte 0xff is not text in UTF-8"]


@pytest.mark.parametrize("exclude", ["", "_exclude: [copier.yml]\n"])
def test_a_paved_road_yml_that_every_service_would_get_is_told(tmp_path: Path, exclude: str) -> None:
    files = {"copier.yml": f"{exclude}q: 1\n", "paved-road.yml": "version: 1.0.0\n", "a.txt": "a"}
    said = "paved-road.yml:1: every service gets this file: add paved-road.yml to _exclude in copier.yml"
    assert found(write_files(tmp_path / "road", files)) == [said]


def test_a_pattern_may_be_for_what_a_task_makes(tmp_path: Path) -> None:
    owners = "owners: {road: [made/by/a/task.txt]}\n"
    assert of(tmp_path, **{"copier.yml": COPIER + "_tasks: [make]\n", "paved-road.yml": owners}) == []


def test_templates_with_extensions_are_not_guessed_at(tmp_path: Path) -> None:
    own = COPIER + "_jinja_extensions: [extensions.py:Own]\n_subdirctory: x\n"
    said = of(tmp_path, **{"copier.yml": own, "template/a.txt.jinja": "{{ anything }}"})
    assert [line.split(": ")[0] for line in said] == ["copier.yml:5"]


def test_a_road_of_several_templates_names_the_folder_and_json_tells_the_same(tmp_path: Path) -> None:
    files = {f"templates/{name}/{path}": text for name in ("one", "two") for path, text in GOOD.items()}
    road = make_road(tmp_path / "road", {**files, "templates/two/paved-road.yml": "onwers: {}\n"})
    assert found(road) == ["templates/two/paved-road.yml:1: there is no key 'onwers'; did you mean owners?"]
    done = paved("templates", "--check", "--road", road, "--json")
    facts: dict[str, Any] = json.loads(done.stdout)["result"]
    assert done.returncode == 1
    assert facts["checked"] == ["one", "two"]
    assert [one["file"] for one in facts["findings"]] == ["templates/two/paved-road.yml"]


def test_a_road_that_is_elsewhere_is_checked_in_its_latest_release(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", GOOD)
    write_files(road, {"paved-road.yml": "onwers: {}\n"})
    assert found(road) != []
    assert paved("templates", "--check", "--road", f"file://{road}").returncode == 0


def test_nothing_of_the_template_runs(tmp_path: Path) -> None:
    extension = "open(__file__ + '.ran', 'w')\n"
    road = write_files(
        tmp_path / "road",
        {"copier.yml": "_jinja_extensions: [own.py:Own]\n_tasks: ['touch ran']\nq: 1\n", "own.py": extension},
    )
    assert found(road) == []
    assert sorted(path.name for path in road.iterdir()) == ["copier.yml", "own.py"]


def test_the_settings_and_keys_of_questions_are_those_that_copier_documents() -> None:
    rows = features()
    assert {f"_{name}" for name in settings.SETTINGS} == {row.name for row in rows if row.part is Part.SETTING}


SEGMENT = st.sampled_from(["a", "b", "ab", "*", "**", "?", "a*", "[ab]", "*.b", "a.b", r"\*"])
NAME = st.sampled_from(["a", "b", "ab", "a.b", "c", "*"])


@given(st.lists(SEGMENT, min_size=1, max_size=4), st.booleans(), st.booleans(), st.lists(NAME, min_size=1, max_size=4))
def test_whatever_git_matches_may_match(segments: list[str], anchored: bool, folder: bool, names: list[str]) -> None:
    text = ("/" if anchored else "") + "/".join(segments) + ("/" if folder else "")
    path = "/".join(names)
    if PathSpec.from_lines("gitignore", [text]).match_file(path):
        assert any(meets(way, literal(path)) for way in pattern(text))


@pytest.mark.parametrize(
    ("text", "path"),
    [("a", "b"), ("/a", "b/a"), ("a/*", "b/a"), ("a/", "a"), ("*.py", "a.pyc"), ("a/**", "ab/c")],
)
def test_what_certainly_does_not_match_is_known(text: str, path: str) -> None:
    assert not any(meets(way, literal(path)) for way in pattern(text))


def test_a_path_of_any_length_is_compared() -> None:
    assert meets(pattern("*/" * 500 + "a")[0], literal("b/" * 500 + "a"))
    assert not meets(pattern("*a" * 30 + "b")[0], literal("a" * 2000))
