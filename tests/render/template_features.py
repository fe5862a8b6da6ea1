"""What a template of Copier's can use: settings, questions, files, variables, Jinja. See `copier_features`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.render.copier_features import Feature, Part, Verdict
from tests.render.matrix import Case, of

OURS, COPIER, DIFFERS = Verdict.OURS, Verdict.COPIER, Verdict.DIFFERS


def _setting(
    name: str, config: str, files: Mapping[str, str | bytes], makes: Mapping[str, str], **facts: Any
) -> Feature:
    return Feature(part=Part.SETTING, name=name, case=of(config, files), makes=makes, **facts)


SETTINGS = (
    _setting(
        "_answers_file",
        "_answers_file: .own.yml\nq: x",
        {},
        {".own.yml": "_src_path: SOURCE\nq: x\n"},
        note="May hold Jinja and may be in a folder; `status`, `drift` and `update` find it there.",
    ),
    _setting(
        "_envops",
        "_envops: {variable_start_string: '[[', variable_end_string: ']]'}\nq: x",
        {"a.jinja": "[[ q ]] {{ q }}"},
        {"a": "x {{ q }}"},
    ),
    _setting(
        "_exclude",
        "_exclude: [copier.yml, '*.tmp', '!keep.tmp', '{{ q }}/']\nq: x",
        {"a.tmp": "", "keep.tmp": "k", "x/b": "", "c": "c"},
        {"keep.tmp": "k", "c": "c"},
        note="Patterns as in `.gitignore`, each with Jinja and of several lines.",
    ),
    _setting(
        "_external_data",
        "_external_data: {other: other.yml}\nq: \"{{ _external_data.other.name | default('none') }}\"",
        {"a.jinja": "{{ q }}"},
        {"a": "none"},
        note="Read from the service when a template first asks for it; from outside of it with trust only.",
    ),
    _setting(
        "_jinja_extensions",
        "_jinja_extensions: [jinja2.ext.loopcontrols, 'jinja2.ext:do']\nq: \"{% do [] %}1\"",
        {"a.jinja": "{% set l = [] %}{% do l.append(q) %}{{ l[0] }}"},
        {"a": "1"},
        verdict=COPIER,
        trust=True,
        note="Code that runs for a trusted road or with `--trust`, installed beside paved. Those of Jinja itself "
        "(`jinja2.ext.*`) run in process.",
    ),
    _setting(
        "_message_after_copy",
        "_message_after_copy: 'made {{ q }}'\nq: x",
        {"a": "a"},
        {"a": "a"},
        proof="test_what_a_template_says_before_and_after_a_creation",
    ),
    _setting(
        "_message_before_copy",
        "_message_before_copy: hello\nq: x",
        {"a": "a"},
        {"a": "a"},
        proof="test_what_a_template_says_before_and_after_a_creation",
    ),
    _setting(
        "_message_after_update",
        "_message_after_update: 'now {{ q }}'\nq: x",
        {"a": "a"},
        {"a": "a"},
        proof="test_what_a_template_says_before_and_after_an_update",
        note="Also when there are conflicts to decide, as with Copier.",
    ),
    _setting(
        "_message_before_update",
        "_message_before_update: hello\nq: x",
        {"a": "a"},
        {"a": "a"},
        proof="test_what_a_template_says_before_and_after_an_update",
    ),
    Feature(
        part=Part.SETTING,
        name="_migrations",
        shape="migration-with-a-script",
        note="They run for a trusted road or with `--trust`; those `before` in a copy. A dry run runs none.",
    ),
    _setting(
        "_min_copier_version",
        "_min_copier_version: '99'\nq: x",
        {"a": "a"},
        {},
        both_refuse=True,
        says="needs Copier 99",
        note="Refused when the installed Copier is older. An older major version is taken without Copier's warning.",
    ),
    Feature(
        part=Part.SETTING,
        name="_preserve_symlinks",
        case=Case(
            files={"copier.yml": "_preserve_symlinks: true\nq: a", "a.txt": "a"},
            links={"b": "a.txt", "{{ q }}.link.jinja": "{{ q }}.txt"},
        ),
        makes={"b": "-> a.txt", "a.link": "-> a.txt"},
    ),
    _setting(
        "_secret_questions",
        "_secret_questions: [q]\nq: hidden\nr: seen",
        {"a.jinja": "{{ q }}"},
        {"a": "hidden", ".copier-answers.yml": "_src_path: SOURCE\nr: seen\n"},
    ),
    Feature(part=Part.SETTING, name="_skip_if_exists", shape="skip-if-exists"),
    _setting(
        "_subdirectory",
        "_subdirectory: '{{ kind }}'\nkind: {choices: [one, two], default: one}",
        {"one/a": "1", "two/a": "2"},
        {"a": "1"},
    ),
    Feature(
        part=Part.SETTING,
        name="_tasks",
        shape="tasks-once",
        note="They run for a trusted road or with `--trust`. A dry run runs none.",
    ),
    _setting(
        "_templates_suffix",
        "_templates_suffix: ''\nq: x",
        {"a": "{{ q }}", "b": b"\xff{{ q }}"},
        {"a": "x"},
        note="With an empty suffix a file that is not UTF-8 is copied as it is.",
    ),
)


def _question(name: str, question: str, makes: str, *answers: Mapping[str, Any], **facts: Any) -> Feature:
    part = facts.pop("part", Part.QUESTION)
    config = f"other: {{type: bool, default: true}}\nq: {question}\n"
    case = of(config, {"a.jinja": "{{ q | default('nothing') }}"}, *answers)
    return Feature(part=part, name=name, case=case, makes={"a": makes}, **facts)


QUESTIONS = (
    _question("type", "{type: int, default: '7'}", "7", {}, {"q": "8"}, note="May hold Jinja; implied by the default."),
    _question(
        "help",
        "{type: str, default: d, help: 'with {{ other }}'}",
        "d",
        note="Shown when the question is asked, and in the error that says that an answer is missing.",
    ),
    _question(
        "choices",
        "{type: str, default: x, choices: {First: x, Second: {value: y,"
        ' validator: "{% if not other %}needs the other{% endif %}"}}}',
        "x",
        {},
        {"q": "y"},
    ),
    _question(
        "multiselect", "{type: int, multiselect: true, default: [2], choices: [1, 2, 3]}", "[2]", {}, {"q": "[3, 1]"}
    ),
    _question(
        "default",
        "{type: str, default: '{% if other %}{{ UNSET }}{% endif %}', when: false}",
        "nothing",
        note="`UNSET` takes the default away.",
    ),
    _question(
        "secret",
        "{type: str, secret: true, default: hidden}",
        "hidden",
        {},
        {"q": "told"},
        note="Recorded nowhere. The service's files that show it are the team's to protect.",
    ),
    _question(
        "placeholder",
        "{type: str, default: d, placeholder: 'like {{ other }}'}",
        "d",
        proof="test_a_placeholder_is_shown_while_nothing_is_typed",
        note="Shown in brackets while nothing is typed.",
    ),
    _question(
        "qmark",
        "{type: str, default: d, qmark: '!'}",
        "d",
        verdict=DIFFERS,
        note="Taken and not shown: paved's prompts have no mark before the question.",
    ),
    _question(
        "multiline",
        '{type: str, default: "a\\nb", multiline: true}',
        "a\nb",
        {},
        {"q": "c\nd"},
        note="Enter starts a new line; Esc and then Enter accepts, as in Copier.",
    ),
    _question(
        "validator", "{type: int, default: 1, validator: '{% if q > 9 %}too much{% endif %}'}", "1", {}, {"q": 9}
    ),
    _question(
        "when",
        "{type: str, default: 'on {{ other }}', when: '{{ not other }}'}",
        "on True",
        {},
        {"other": False, "q": "x"},
    ),
    _question("ask", "{type: str, default: kept, ask: false}", "kept", {}, {"q": "given"}),
)

TYPES = (
    _question("bool", "{type: bool, default: no}", "False", {}, {"q": "yes"}, {"q": "off"}, part=Part.TYPE),
    _question("float", "{type: float, default: 1}", "1.0", {}, {"q": "2.20"}, part=Part.TYPE),
    _question("int", "{type: int, default: 1}", "1", {}, {"q": "2"}, part=Part.TYPE),
    _question("json", "{type: json, default: '{\"k\": 1}'}", "{'k': 1}", {}, {"q": "[1, null]"}, part=Part.TYPE),
    _question("path", "{type: path, default: a/b}", "a/b", {}, {"q": "./c"}, part=Part.TYPE),
    _question("str", "{type: str, default: a}", "a", {}, {"q": 3}, part=Part.TYPE),
    _question(
        "yaml",
        "{type: yaml, default: '[1, a]'}",
        "[1, 'a']",
        {},
        {"q": "{k: no}"},
        part=Part.TYPE,
        note="An answer that is a date, a set or binary is recorded, too, which Copier forgets.",
    ),
)


def _files(name: str, case: Case, makes: Mapping[str, str], **facts: Any) -> Feature:
    return Feature(part=Part.FILES, name=name, case=case, makes=makes, **facts)


FILES = (
    _files("`copier.yml` or `copier.yaml`", Case(files={"copier.yaml": "q: x", "a.jinja": "{{ q }}"}), {"a": "x"}),
    _files(
        "no `copier.yml`",
        Case(files={"a.jinja": "{{ 1 + 1 }}"}),
        {},
        verdict=DIFFERS,
        says="no copier.yml",
        note="Refused: any folder would be a road, and a mistyped path a service.",
    ),
    _files(
        "several documents",
        of("q: 1\n_exclude: [one]\n---\nq: 2\n_exclude: [two]\n", {"one": "", "two": "", "a.jinja": "{{ q }}"}),
        {"a": "2"},
        note="Lists of `_exclude`, `_skip_if_exists`, `_jinja_extensions` and `_secret_questions` add up.",
    ),
    _files(
        "`!include`",
        of(
            "!include parts/*.yml\n---\n!include more/**/q.yml\n---\nr: '{{ q }}{{ s }}{{ t }}'\n",
            {
                "parts/a.yml": "q: from a part\n",
                "more/a/b/q.yml": "s: '!'\n",
                "more/q.yml": "t: '?'\n",
                "a.jinja": "{{ r }}",
            },
        ),
        {"a": "from a part!?"},
        note="Patterns work, and files of a submodule. Copier takes several matches in the order of the file system, "
        "paved in that of their names.",
    ),
    _files(
        "names with Jinja",
        of("q: x/y\nuse: false", {"{{ q }}.txt.jinja": "{{ q }}", "{% if use %}gone{% endif %}.jinja": ""}),
        {"x/y.txt": "x/y"},
    ),
    _files(
        "`{% yield %}` in a name",
        of(
            "items: {type: yaml, default: [a, b]}", {"{% yield i from items %}{{ i }}{% endyield %}/n.jinja": "{{ i }}"}
        ),
        {"a/n": "a", "b/n": "b"},
        verdict=COPIER,
    ),
    _files("a file beside its template", of("q: x", {"a": "ignored", "a.jinja": "{{ q }}"}), {"a": "x"}),
    _files(
        "executable files",
        of("q: x", {"run.sh*": "#!/bin/sh\n", "{{ q }}.sh.jinja*": "#!{{ q }}\n"}),
        {"run.sh": "#!/bin/sh\n", "x.sh": "#!x\n"},
    ),
    _files(
        "links",
        Case(files={"copier.yml": "q: x", "a": "content"}, links={"b": "a"}),
        {"b": "content"},
        note="Followed, unless `_preserve_symlinks` is set. A link out of the template is refused, as Copier does.",
    ),
    _files(
        "`{% include %}`, `{% import %}`",
        of(
            'q: \'{% include pathjoin("parts", "slug") %}\'\n_exclude: [copier.yml, parts]\n',
            {
                "parts/slug": "slugged",
                "parts/m": "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}",
                "a.jinja": "{% from 'parts/m' import twice %}{{ twice(q) }}",
            },
        ),
        {"a": "sluggedslugged"},
    ),
    _files(
        "`{{ _copier_conf.answers_file }}.jinja`",
        of("q: x", {}),
        {".copier-answers.yml": "_src_path: SOURCE\nq: x\n"},
        note="A template without it gets `.copier-answers.yml` all the same: without answers there is no update.",
    ),
)


def _variable(name: str, text: str, shown: str, config: str = "q: x", **facts: Any) -> Feature:
    part = facts.pop("part", Part.VARIABLE)
    return Feature(part=part, name=name, case=of(config, {"a.jinja": text}), makes={"a": shown}, **facts)


VARIABLES = (
    _variable(
        "_copier_answers",
        "{{ _copier_answers.q }} {{ _copier_answers.s is defined }}",
        "x False",
        "q: x\ns: {type: str, default: hidden, secret: true}",
    ),
    _variable("_copier_conf", "{{ _copier_conf.sep }}{{ _copier_conf | to_json | length > 9 }}", "/True"),
    _variable(
        "_copier_operation",
        "{{ _copier_operation is defined }}",
        "False",
        note="Set where patterns of `_exclude`, tasks and migrations are rendered, and nowhere else.",
    ),
    _variable("_copier_phase", "{{ _copier_phase }} {{ q }}", "render prompt", "q: '{{ _copier_phase }}'"),
    _variable("_copier_python", "{{ _copier_python }}", "PYTHON"),
    _variable("_external_data", "{{ _external_data.other.name }}|", "|", "_external_data: {other: other.yml}"),
    _variable("_folder_name", "{{ _folder_name }}", "service"),
    _variable("_src_path", "{{ _src_path }}", "SOURCE"),
    Feature(
        part=Part.VARIABLE,
        name="_commit",
        proof="test_a_tagged_release_names_its_tag_and_commit",
    ),
    _variable("UNSET", "{{ q is defined }}", "False", "q: {type: str, default: '{{ UNSET }}', when: false}"),
    Feature(
        part=Part.VARIABLE,
        name="_stage, _version_from, _version_to, _version_current, _version_pep440_*",
        shape="migration-with-a-script",
        note="In migrations only, and in their environment without the underscore.",
    ),
)


def _conf(name: str, shown: str, *, config: str = "q: x", **facts: Any) -> Feature:
    return _variable(name, f"{{{{ _copier_conf.{name} | string }}}}", shown, config, part=Part.CONF, **facts)


FIXED = "A flag of Copier's run; here it has the value of the run that `paved new` or `paved update` stands for."

CONF = (
    _conf(
        "answers_file",
        ".own.x.yml",
        config="_answers_file: '.own.{{ q }}.yml'\nq: x\nr: '{{ _copier_conf.answers_file }}'",
    ),
    _conf("cleanup_on_error", "True", note=FIXED),
    _conf("conflict", "inline", note=FIXED),
    _conf("context_lines", "3", note=FIXED),
    _conf(
        "data",
        "{}",
        verdict=DIFFERS,
        proof="test_a_file_that_prints_the_data_is_copiers_with_every_answer",
        note="All answers, not those of `--data` alone: paved has Copier render such a template with all of them.",
    ),
    _conf("defaults", "True", note=FIXED + " Questions are asked before, by paved."),
    _conf("dst_path", "DESTINATION"),
    _conf("exclude", "()", note=FIXED),
    _conf("os", "linux"),
    _conf("overwrite", "True", note=FIXED),
    _conf("pretend", "False", note=FIXED),
    _conf("quiet", "True", note=FIXED),
    _conf("sep", "/"),
    Feature(
        part=Part.CONF,
        name="settings",
        case=of("q: x", {"a.jinja": "{{ _copier_conf.settings.defaults }}"}),
        makes={"a": "{}"},
        note="Empty: what the person set for Copier does not change what a service is.",
    ),
    _conf("skip_answered", "False", note=FIXED),
    _conf("skip_if_exists", "()", note=FIXED),
    _conf("skip_tasks", "False", note=FIXED),
    _conf("src_path", "SOURCE"),
    _conf("unsafe", "False"),
    _conf("use_prereleases", "False", note=FIXED),
    _conf("user_defaults", "{}", note=FIXED),
    _conf(
        "vcs_ref",
        "None",
        verdict=DIFFERS,
        proof="test_a_tagged_release_names_its_tag_and_commit",
        note="Always the release's tag or commit, as documented; Copier leaves it empty unless a ref was named.",
    ),
    _conf("vcs_ref_hash", "None"),
)

JINJA = (
    Feature(
        part=Part.JINJA,
        name="filters and tests of Jinja and of jinja2-ansible-filters",
        proof="test_the_same_filters_tests_and_globals",
    ),
    _variable(
        "pathjoin()", "{{ pathjoin('a', 'b') }} {{ pathjoin('a', 'b', mode='windows') }}", "a/b a\\b", part=Part.JINJA
    ),
    _variable(
        "now()",
        "{{ now().tzinfo }} {{ now().year > 2000 }}",
        "UTC True",
        part=Part.JINJA,
        note="Deprecated by Copier; `strftime` is its successor.",
    ),
    _variable(
        "make_secret()",
        "{{ make_secret() | length }}",
        "128",
        part=Part.JINJA,
        note="Deprecated by Copier. What is random is different at every rendering, and therefore in every update.",
    ),
    _variable("the sandbox", "{{ [].append.__name__ | default('hidden') }}", "hidden", part=Part.JINJA),
)

MACHINE = (
    Feature(
        part=Part.FILES,
        name="a template of any size",
        verdict=DIFFERS,
        proof="test_files_and_bytes_are_counted",
        note="A rendering has limits of time, files and bytes, because a template may be a bomb; `[limits]` in the "
        "configuration sets others.",
    ),
    Feature(
        part=Part.JINJA,
        name="the filters expandvars, expanduser, fileglob",
        verdict=DIFFERS,
        proof="test_a_filter_that_reads_the_machine_needs_trust",
        note="Refused by name without trust, because what they read would be committed; with trust as in Copier.",
    ),
    Feature(
        part=Part.JINJA,
        name="the filters realpath, relpath",
        verdict=DIFFERS,
        proof="test_paths_are_those_of_the_service",
        note="Without trust by the text of the path alone, from the service's folder; with trust as in Copier.",
    ),
)

ROWS = (*SETTINGS, *QUESTIONS, *TYPES, *FILES, *VARIABLES, *CONF, *JINJA, *MACHINE)
