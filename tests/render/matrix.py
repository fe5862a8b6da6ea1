"""Templates that between them use what Copier documents: each is rendered by both renderers and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANSWERS = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
"""The file in which Copier keeps the answers, as its documentation has it."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A template, and the answers given to it. Links maps a path to its target."""

    files: Mapping[str, str | bytes]
    answers: tuple[Mapping[str, Any], ...] = ({},)
    links: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True
    """Whether the in-process renderer covers it; what it does not is Copier's."""


def of(config: str, files: Mapping[str, str | bytes], *answers: Mapping[str, Any], **facts: Any) -> Case:
    """A template of `copier.yml` and files."""
    return Case(files={"copier.yml": config, **ANSWERS, **files}, answers=answers or ({},), **facts)


SHOW = {"out.jinja": "{{ q | to_json }} {{ q }}"}
"""A template that shows the answer to `q`."""

TYPED = {"out.jinja": "{{ q }} {{ q is string }} {{ q is number }}"}
"""The same for an answer that JSON has no type for."""

QUESTIONS = {
    "yaml-text": of("q: {type: yaml, default: '1'}", SHOW, {"q": "'2.20'"}, {"q": '"[a]"'}, {"q": "|\n two\n lines\n"}),
    "json-text": of("q: {type: json, default: '1'}", SHOW, {"q": '"x y"'}, {"q": '["a", {"b": null}]'}, {"q": '"3"'}),
    "yaml-texts-of-several": of("q: {type: yaml, multiselect: true, choices: [\"'1.10'\", 2, '[a]'], default: []}", SHOW,
        {}, {"q": ["'1.10'", "[a]"]}),
    "yaml-only": Case(files={"copier.yml": "q: {type: yaml, default: ''}", **TYPED}, answers=tuple({"q": text} for text in (
        "2024-01-01", "2001-12-14 21:59:43.10 -5", "!!set {a}", "!!binary aGk=", ".nan", "-.inf", "0x" + "f" * 40,
        "{1: a, ~: b, 2024-01-01: {since: 2024-01-02}}", "!!omap [a: 1]", "!!timestamp x"))),
    "date-as-default": of("q: 2024-01-01", TYPED),
    "set-as-default": of("q: !!set {a}", TYPED),
    "date-inside": of("q: {type: yaml, default: {since: [2024-01-01]}}", TYPED),
    "empty": of("q: {type: str, help: , validator: , default: ''}", SHOW),
    "choices-without-values": of("q:\n  type: str\n  default: one\n  choices: {one: , two: }\n", SHOW, {}, {"q": "two"}),
    "choices-with-null-values": of("q:\n  type: str\n  default: a\n  choices: [[a, ~], [b, {value: ~}], c]\n", SHOW,
        {}, {"q": "b"}),
    "choices-of-every-truth": of("q:\n  type: yaml\n  default: 0\n  choices: {zero: 0, no: false, list: [1], text: ''}\n",
        SHOW, {}, {"q": "[1]"}),
    "choices-with-one-label": of("q:\n  type: int\n  default: 1\n  choices: [[same, 1], [same, 2]]\n", SHOW, {"q": 2}),
    "multiselect-as-text": of("q: {type: str, multiselect: 'yes', choices: [a, b], default: [a]}", SHOW, {}),
    "hidden-and-given": of("q: {type: yaml, default: x, when: false}", SHOW, {"q": "[1]"}, {"q": "'[1]'"}),
    "not-asked": of("q: {type: str, default: d, ask: false}", SHOW, {}, {"q": "given"}),
    "secret-not-valid": of("q: {type: str, default: '', secret: true, validator: '{% if not q %}no{% endif %}'}", SHOW),
    "type-str": of("q: {type: str, default: word}", SHOW, {}, {"q": "other"}, {"q": 3}, {"q": ""}),
    "type-int": of("q: {type: int, default: 3}", SHOW, {}, {"q": "42"}, {"q": -1}),
    "type-float": of("q: {type: float, default: 1}", SHOW, {}, {"q": "1e3"}, {"q": 0.1}),
    "type-bool": of("q: {type: bool, default: no}", SHOW, {}, *({"q": x} for x in ("yes", "0", "off", True, "T", ""))),
    "type-json": of('q: {type: json, default: "[1, 2]"}', SHOW, {}, {"q": '{"a": null}'}, {"q": "3"}),
    "type-yaml": of('q: {type: yaml, default: "[a, b: 1]"}', SHOW, {}, {"q": "{a: no}"}, {"q": "~"}, {"q": [1, "x"]}),
    "type-path": of("q: {type: path, default: a/b}", SHOW, {}, {"q": "./c"}),
    "type-implied": of("q: 3\nr: text\ns: yes\nt: 1.5\nu: [1, 2]\nv: {default: }", {
        "out.jinja": "{{ [q, r, s, t, u, v] | to_json }}"}, {}, {"q": 4, "u": "[3]"}),
    "type-templated": of("k: int\nq: {type: '{{ k }}', default: '7'}", SHOW, {}, {"k": "str"}),
    "default-templated": of("a: x\nq: {type: str, default: '{{ a * 2 }}-{{ a | upper }}'}", SHOW, {}, {"a": "yz"}),
    "default-templated-list": of("a: x\nq: {type: yaml, default: '[{{ a }}, 2]'}", SHOW, {}, {"a": "y"}),
    "default-list-of-templates": of("a: x\nq:\n  type: yaml\n  default: ['{{ a }}', two]\n", SHOW, {}, {"a": "y"}),
    "default-unset": of("q: {type: str, default: '{{ UNSET }}', when: false}\n", {"out.jinja": "{{ q is defined }}"}),
    "default-multiline": of("q:\n  type: str\n  multiline: true\n  default: |\n    one\n    two\n", SHOW, {}),
    "help-templated": of("a: x\nq: {type: str, default: d, help: 'About {{ a }}', placeholder: 'as {{ a }}'}", SHOW),
    "when": of("use: {type: bool, default: false}\nq: {type: str, default: hidden, when: '{{ use }}'}\n", SHOW,
        {}, {"use": True}, {"use": True, "q": "given"}, {"q": "given"}),
    "when-false": of("a: x\nq: {type: str, default: '{{ a }}-computed', when: false}", SHOW, {}, {"a": "y"}),
    "when-chain": of("a: {type: bool, default: true}\nb: {type: bool, default: true, when: '{{ a }}'}\n"
        "q: {type: str, default: d, when: '{{ a and b }}'}", SHOW, {}, {"a": False}, {"b": False}),
    "secret": of("q: {type: str, default: hidden, secret: true}\nr: x", SHOW, {}, {"q": "told"}),
    "secret-questions": of("_secret_questions: [q]\nq: {type: str, default: hidden}", SHOW, {}, {"q": "told"}),
    "choices": of("q: {type: str, default: a, choices: [a, b, c]}", SHOW, {}, {"q": "b"}),
    "choices-of-pairs": of("q:\n  type: int\n  default: 2\n  choices: [[one, 1], [two, 2]]\n", SHOW, {}, {"q": 1}),
    "choices-dict": of("q:\n  type: str\n  default: x\n  choices: {First: x, Second: y}\n", SHOW, {}, {"q": "y"}),
    "choices-validated": of("a: {type: bool, default: true}\nq:\n  type: str\n  default: x\n  choices:\n    First: x\n"
        "    Second:\n      value: y\n      validator: \"{% if not a %}needs a{% endif %}\"\n", SHOW, {}, {"q": "y"}),
    "choices-templated": of("a: x\nq:\n  type: str\n  default: x\n  choices: ['{{ a }}', y]\n", SHOW, {}, {"q": "y"}),
    "choices-from-a-template": of("a: 3\nq:\n  type: yaml\n  default: 1\n  choices: |\n"
        "    {% for i in range(a | int) %}\n    - {{ i }}\n    {% endfor %}\n", SHOW, {}, {"q": 2}),
    "choices-without-default": of("q: {type: str, choices: [a, b], default: }", SHOW, {"q": "b"}),
    "multiselect": of("q: {type: str, multiselect: true, default: [a], choices: [a, b, c]}", SHOW,
        {}, {"q": ["c", "a"]}, {"q": "[b]"}, {"q": []}),
    "multiselect-int": of("q:\n  type: int\n  multiselect: true\n  default: [2]\n  choices: [[one, 1], [two, 2]]\n",
        SHOW, {}, {"q": [1, 2]}),
    "validator": of("q: {type: int, default: 5, validator: '{% if q > 9 %}too much{% endif %}'}", SHOW, {}, {"q": 9}),
    "answers-kept-in-order": of("b: 1\na: 2\nc: {type: str, default: 'ü: \"quoted\" {{ b }}'}", {}),
    "external-data": of("_external_data: {parent: parent.yml}\nq: \"{{ _external_data.parent.name | default('none') }}\"",
        SHOW),
    "many-documents": of("a: 1\n_exclude: ['*.skip']\n---\nb: 2\na: 3\n_exclude: ['other']\n",
        {"out.jinja": "{{ a }}{{ b }}", "x.skip": "", "other": "", "kept": ""}),
    "include": of("!include common/*.yml\n---\nq: '{{ shared }}'\n",
        {**SHOW, "common/a.yml": "shared: from a\n", "common/b.yml": "_exclude: [common]\n"}),
}  # fmt: skip

SETTINGS = {
    "nothing": Case(files={"copier.yml": "", "a.txt": "{{ plain }}"}),
    "copier-yaml": Case(files={"copier.yaml": "q: x", "a.jinja": "{{ q }}"}),
    "no-suffix": of("_templates_suffix: ''\nq: x", {"a.txt": "{{ q }}", "b": b"\xff\xfe{{ q }}", "c/{{ q }}.md": "#"}),
    "suffix": of("_templates_suffix: .tmpl\nq: x", {"a.txt.tmpl": "{{ q }}", "b.jinja": "{{ q }}", "c.tmpl.txt": "t"}),
    "suffix-without-dot": of("_templates_suffix: -t\nq: x", {"a-t": "{{ q }}", "b.py-t": "{{ q }}"}),
    "suffix-of-two-dots": of("_templates_suffix: .j.txt\nq: x", {"a.j.txt": "{{ q }}", "b.txt": "{{ q }}"}),
    "suffix-null": of("_templates_suffix:\nq: x", {"a.jinja": "{{ q }}", "b": "{{ q }}"}),
    "twin": of("q: x", {"a.txt": "plain", "a.txt.jinja": "{{ q }}", "sub/b": "plain", "sub/b.jinja": "{{ q }}"}),
    "twin-that-is-a-folder": of("q: x", {"a": "plain", "a.jinja/b": "", "c/d": "plain", "c/d.jinja/e": ""}),
    "twin-below-a-rendered-path": of("q: sub", {"{{ q }}/b": "plain", "{{ q }}/b.jinja": "{{ q }}"}),
    "delimiters": of("_envops: {variable_start_string: '[[', variable_end_string: ']]', block_start_string: '[%',"
        " block_end_string: '%]', comment_start_string: '[#', comment_end_string: '#]'}\nq: '[[ 1 + 1 ]]'",
        {"[[ q ]].jinja": "[[ q ]] [% if q %]{{ q }}[% endif %][# gone #]",
         "[[ _copier_conf.answers_file ]].jinja": "[[ _copier_answers | to_nice_yaml ]]"}),
    "keep-trailing-newline": of("_envops: {keep_trailing_newline: false}\nq: x", {"a.jinja": "{{ q }}\n"}),
    "trim-blocks": of("_envops: {trim_blocks: true, lstrip_blocks: true}\nq: x",
        {"a.jinja": "a\n  {% if q %}\n  b\n  {% endif %}\nc\n"}),
    "line-statements": of("_envops: {line_statement_prefix: '%%', line_comment_prefix: '%#'}\nq: x",
        {"a.jinja": "%% if q\nyes\n%% endif\n%# no\nend"}),
    "autoescape": of("_envops: {autoescape: true}\nq: '<b>&'", {"a.jinja": "{{ q }}", "b.html.jinja": "{{ q | safe }}"}),
    "newline-sequence": of("_envops: {newline_sequence: \"\\r\\n\"}\nq: x", {"a.jinja": "{{ q }}\nb\n"}),
    "undefined-strict": of("_envops: {undefined: jinja2.StrictUndefined}\nq: x", {"a.jinja": "{{ q }}"}),
    "undefined": of("q: x", {"a.jinja": "[{{ nothing }}]{% if nothing %}no{% endif %}{{ nothing is defined }}"}),
    "subdirectory": of("_subdirectory: template\nq: x", {"template/a.jinja": "{{ q }}", "out": "no", "template/b": "b",
        "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}),
    "subdirectory-templated": of("_subdirectory: '{{ kind }}'\nkind: {choices: [one, two], default: one}",
        {"one/a.jinja": "{{ kind }}", "two/b.jinja": "{{ kind }}"}, {}, {"kind": "two"}),
    "subdirectory-deep": of("_subdirectory: a/b", {"a/b/c/d": "d", "a/e": "e"}),
    "subdirectory-dot": of("_subdirectory: .\nq: x", {"a.jinja": "{{ q }}"}),
    "exclude": of("_exclude: [copier.yml, '*.tmp', '!keep.tmp', '/top', 'dir/', 'deep/**/x']\nq: x",
        {"a.tmp": "", "keep.tmp": "", "top": "", "sub/top": "", "dir/a": "", "deep/a/b/x": "", "deep/a/y": ""}),
    "exclude-templated": of("_exclude: [copier.yml, \"{% if not docs %}docs{% endif %}\", '{{ q }}.txt']\nq: x\n"
        "docs: {type: bool, default: false}", {"docs/a": "", "x.txt": "", "y.txt": ""}, {}, {"docs": True, "q": "y"}),
    "exclude-by-operation": of("_exclude: [copier.yml, \"{% if _copier_operation == 'copy' %}a{% endif %}\"]",
        {"a": "", "b": ""}),
    "exclude-rendered-name": of("_exclude: [copier.yml, 'x.md']\nq: x", {"{{ q }}.md.jinja": "", "{{ q }}.rst": ""}),
    "exclude-nothing": of("_exclude: []\nq: x", {"a": ""}),
    "exclude-many-lines": of("_exclude:\n  - |\n    copier.yml\n    {% if q %}a{% endif %}\n    b\nq: x",
        {"a": "", "b": "", "c": ""}),
    "exclude-default": of("q: x", {"a.pyc": b"\0", "~backup": "", "a~": "", "__pycache__/x": "", ".svn/x": "", "b": ""}),
    "skip-if-exists": of("_skip_if_exists: [a, 'b/*', '{{ q }}']\nq: x", {"a": "1", "b/c": "2", "x": "3"}),
    "answers-file": of("_answers_file: .answers.yml\nq: x", {}),
    "answers-file-templated": of("_answers_file: '.answers.{{ q }}.yml'\nq: x", {}, {}, {"q": "y"}),
    "answers-file-elsewhere": Case(files={"copier.yml": "q: x", "sub/{{ _copier_conf.answers_file }}.jinja":
        "{{ _copier_answers | to_nice_yaml }}"}),
    "messages": of("_message_before_copy: hello\n_message_after_copy: 'bye {{ q }}'\nq: x", {"a": ""}),
    "min-version": of("_min_copier_version: '9.0.0'\nq: x", {"a.jinja": "{{ q }}"}),
}  # fmt: skip

FILES = {
    "modes": of("q: x", {"run.sh*": "#!/bin/sh\n", "{{ q }}.sh.jinja*": "#!/bin/sh\necho {{ q }}\n", "plain": ""}),
    "no-newline-at-the-end": of("q: x", {"a.jinja": "{{ q }}", "b.jinja": "{{ q }}\n", "c.jinja": "{{ q }}\n\n", "d": "d"}),
    "empty": of("q: x", {"a.jinja": "", "b": "", "c.jinja": "{% if not q %}never{% endif %}"}),
    "crlf": of("q: x", {"a.jinja": b"{{ q }}\r\nb\r\n", "b": b"plain\r\n", "c.jinja": b"{{ q }}\rmac\r"}),
    "binary": of("q: x", {"a.bin": bytes(range(256)), "logo.png": b"\x89PNG\r\n\x1a\n{{ q }}"}),
    "not-utf-8": of("q: x", {"latin.txt": "naïve {{ q }}".encode("latin-1")}),
    "unicode": of("q: 'grüße 👋'", {"a.jinja": "{{ q }} — ü", "{{ q }}.txt.jinja": "{{ q }}", "ü/ñ": "plain"}),
    "byte-order-mark": of("q: x", {"a.jinja": "\ufeff{{ q }}"}),
    "names": of("q: x", {"with space.jinja": "{{ q }}", "quo'te": "", "a=b;c": "", "#hash": "", ".hidden/.x.jinja": "."}),
    "path-rendered": of("q: a\nr: b", {"{{ q }}/{{ r }}.txt.jinja": "{{ q }}{{ r }}", "{{ q }}{{ r }}": ""}),
    "path-with-a-slash": of("q: a/b/c", {"{{ q }}/x.jinja": "{{ q }}", "{{ q }}.txt": "t"}),
    "path-that-vanishes": of("use: {type: bool, default: false}", {
        "{% if use %}a.txt{% endif %}.jinja": "a", "{% if use %}dir{% endif %}/b": "b", "c/{% if use %}d{% endif %}/e": "",
        "{{ '' }}": "nothing"}, {}, {"use": True}),
    "suffix-in-a-vanishing-name": of("use: {type: bool, default: false}", {"{% if use %}a.txt.jinja{% endif %}": "{{ use }}"},
        {}, {"use": True}),
    "only-the-suffix": of("q: x", {".jinja": "{{ q }}", "a/.jinja": "{{ q }}"}),
    "include-and-import": of("q: x\n_exclude: [copier.yml, includes]", {
        "includes/part.txt": "part of {{ q }}\n", "includes/m.jinja": "{% macro hi(n) %}hi {{ n }}{% endmacro %}",
        "a.jinja": "{% include 'includes/part.txt' %}{% from 'includes/m.jinja' import hi %}{{ hi(q) }}",
        "b.jinja": "{% import 'includes/m.jinja' as m %}{{ m.hi('b') }}{% include 'nowhere' ignore missing %}"}),
    "extends": of("q: x\n_exclude: [copier.yml, base.txt]", {"base.txt": "<{% block b %}base{% endblock %}>",
        "a.jinja": "{% extends 'base.txt' %}{% block b %}{{ super() }} {{ q }}{% endblock %}"}),
    "include-in-a-subdirectory": of("_subdirectory: t\nq: x", {"inc.txt": "inc {{ q }}", "t/inc2.txt": "two",
        "t/a.jinja": "{% include 'inc.txt' %}{% include 't/inc2.txt' %}"}),
    "include-in-a-path": of("q: x", {"_name": "rendered-{{ q }}", "{% include '_name' %}.txt.jinja": "{{ q }}"}),
    "filters": of("q: [b, a]", {"a.jinja": "{{ q | to_nice_json }}\n{{ q | to_nice_yaml }}{{ 'a-b' | regex_replace('-', '_') }}"
        "\n{{ 'x' | b64encode }} {{ 'abc' | hash('sha1') }} {{ q | first }} {{ 'a b' | quote }} {{ '1' | bool }}"
        "\n{{ [1, [2, 3]] | flatten }} {{ 'a.txt' | splitext }} {{ {'a': 1} | combine({'b': 2}) }} {{ 'x' | ternary(1, 2) }}"}),
    "json-of-a-path": of("q: x", {"a.jinja": "{{ _copier_conf.dst_path.name | to_json }} {{ pathjoin('a', 'b') }}"
        " {{ pathjoin('a', 'b', mode='windows') }}"}),
    "facts": of("q: x", {"a.jinja": "{{ _folder_name }} {{ _copier_phase }} {{ _copier_conf.os }} {{ _copier_conf.sep }}"
        " {{ _copier_conf.answers_file }} {{ _copier_conf.dst_path.name }} {{ _copier_conf.vcs_ref_hash }}"
        " {{ _copier_answers.q }} {{ _copier_conf.data }} {{ _copier_conf.unsafe }} {{ _copier_operation }}"}, {}, {"q": "y"}),
    "phase-in-a-question": of("q: '{{ _copier_phase }}'", SHOW),
    "set-and-namespace": of("q: x", {"a.jinja": "{% set ns = namespace(n=0) %}{% for i in range(3) %}"
        "{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{% raw %}{{ raw }}{% endraw %}{%- set v = 1 -%}  {{ v }}"}),
    "whitespace-control": of("q: x", {"a.jinja": "a\n{%- if q %} b {% endif -%}\n  c {#- comment -#} d\n"}),
    "answers-file-without-template": Case(files={"copier.yml": "q: x", "a.jinja": "{{ q }}"}),
    "symlink-followed": of("q: x", {"a.txt.jinja": "{{ q }}", "d/e.jinja": "{{ q }}"},
        links={"b.txt.jinja": "a.txt.jinja", "f": "d"}),
    "symlink-kept": of("_preserve_symlinks: true\nq: a", {"a.txt": "a", "d/e": "e"},
        links={"b": "a.txt", "f": "d", "gone": "nowhere", "{{ q }}.link.jinja": "{{ q }}.txt"}),
    "symlink-executable": of("q: x", {"run.sh*": "#!/bin/sh\n"}, links={"also.sh": "run.sh"}),
    "loop-over-files": of("items: {type: yaml, default: [a, b]}", {
        "{% yield i from items %}{{ i }}{% endyield %}.txt.jinja": "{{ i }}"}, ours=False),
    "loop-over-folders": of("items: {type: yaml, default: [a, b]}", {
        "{% yield i from items %}{{ i }}{% endyield %}/x.jinja": "{{ i }}"}, ours=False),
    "two-files-at-one-path": of("q: a", {"{{ q }}": "first", "a": "second"}, ours=False),
}  # fmt: skip

CASES = QUESTIONS | SETTINGS | FILES

WRONG = {
    "syntax": of("q: x", {"a.jinja": "{% if %}"}),
    "raises": of("q: x", {"a.jinja": "{{ 1 // 0 }}"}),
    "unsafe": of("q: x", {"a.jinja": "{{ ''.__class__.__mro__ }}"}),
    "strict": of("_envops: {undefined: jinja2.StrictUndefined}", {"a.jinja": "{{ nothing }}"}),
    "not-utf-8-template": of("q: x", {"a.jinja": b"\xff{{ q }}"}),
    "missing-include": of("q: x", {"a.jinja": "{% include 'nowhere' %}"}),
    "no-such-subdirectory": of("_subdirectory: nowhere", {}),
    "no-such-filter": of("q: x", {"a.jinja": "{{ q | nothing }}"}),
    "wrong-default": of("q: {type: int, default: x}", {}),
    "refused-default": of("q: {type: int, default: 1, validator: 'no'}", {}),
    "refused-answer": of("q: {type: int, default: 1, validator: '{% if q > 2 %}no{% endif %}'}", {}, {"q": 3}),
    "no-such-choice": of("q: {type: str, default: a, choices: [a, b]}", {}, {"q": "c"}),
    "wrong-type": of("q: {type: int, default: 1}", {}, {"q": "x"}),
    "no-such-type": of("q: {type: thing, default: 1}", {}),
    "secret-without-default": of("q: {type: str, secret: true}", {}, {"q": "x"}),
    "broken-link": of("q: x", {}, links={"a": "nowhere"}),
    "unknown-envop": of("_envops: {nothing: 1}", {}),
    "not-yaml": of("q: [", {}),
    "not-a-date": of("q: 2024-99-99", {}),
    "deep": of("q: " + "[" * 3000, {}),
    "no-time": of("q: x\nr: {type: yaml, default: '2024-99-99'}", {}),
    **{
        f"several: {text}": of("q: {type: str, multiselect: true, choices: [a], default: []}", {}, {"q": text})
        for text in ("[3.10", "'", "*a", "a: b: c", "a", "[b]", "3")
    },
    **{
        f"setting: {text}": of(f"{text}\nq: x", {"a.jinja": "{{ q }}"})
        for text in (
            "_envops: x",
            "_envops: {undefined: 3}",
            "_envops: {undefined: [a]}",
            "_envops: {block_start_string: 3}",
            "_envops: {newline_sequence: x}",
            "_envops:",
            "_envops: {block_start_string: '{{'}",
            "_exclude: 3",
            "_exclude:",
            "_jinja_extensions: 3",
            "_jinja_extensions:",
            "_secret_questions: 3",
            "_skip_if_exists: 3",
            "_subdirectory:",
            "_subdirectory: [a]",
            "_tasks: 3",
            "_tasks: [{}]",
            "_templates_suffix: [a]",
            "_answers_file: [a]",
            "!include [a]",
            "3: x",
        )
    },
    **{
        f"question: {text}": of(f"q: {{{text}}}", {})
        for text in (
            "type: [str]",
            "multiselect: '{{ true }}', default: []",
            "choices: 3, default: 1",
            "choices: [[a, b, c]], default: a",
            "choices: {a: {validator: ''}}, default: a",
            "choices: '[', default: a",
            "type: int, choices: [a], default: 1",
            "type: int, default: .inf",
            "type: int, default: '{{ q.a.b }}'",
        )
    },
}
"""Templates and answers that both renderers refuse."""
