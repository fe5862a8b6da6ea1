"""The shapes of public Copier templates, each small: two releases, a line of the team's, and what is right after.

What a public template does that went wrong once, here or in Copier, is a shape. None of their text is in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from paved_road.testing import Files, Link

ANSWERS = "{{ _copier_answers | to_nice_yaml -}}\n"
OWN = "{{ _copier_conf.answers_file }}.jinja"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A road in two releases, and a service of its first."""

    old: Files
    """The first release; the file that keeps the answers is added."""
    new: Files
    """What the second one changes."""
    edit: Files = field(default_factory=dict)
    """What the team changes, commits, and does not want to lose."""
    after: Mapping[str, str | None]
    """Files of the updated service, as they must be; None: there is none."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """Given when the service is created."""
    answers_file: str = ".copier-answers.yml"
    """Plain Copier has to be told where it is."""
    trust: bool = False
    conflicts: tuple[str, ...] = ()
    covered: bool = True
    """Whether the in-process renderer covers it; else Copier renders."""
    copier: str = ""
    """What plain Copier does otherwise; empty: the same."""


def of(config: str, old: Files, new: Files, after: Mapping[str, str | None], **facts: Any) -> Shape:
    """A shape whose template is in the folder `t`, as most public ones are, so that `copier.yml` may evolve."""
    own = {"copier.yml": f"_subdirectory: t\n{config}\n", f"t/{OWN}": ANSWERS}
    files = {name: content for name, content in {**own, **_below(old)}.items() if content is not None}
    return Shape(old=files, new=_below(new), after=after, **facts)


def _below(files: Files) -> dict[str, str | bytes | Link | None]:
    """Files of the template's folder; those that start with `/` are the road's own."""
    return {name[1:] if name.startswith("/") else f"t/{name}": content for name, content in files.items()}


EDITED = {"a.txt": "one\ntwo\nthree\nfour\nfive\n"}
TEAM = {"a.txt": "one, ours\ntwo\nthree\nfour\nfive\n"}
ROAD = {"a.txt": "one\ntwo\nthree\nfour\nfive, new\n"}
BOTH = {"a.txt": "one, ours\ntwo\nthree\nfour\nfive, new\n"}
"""A file that the team edits at its top and the road at its end."""


def plainly(config: str, old: Files, new: Files, after: Mapping[str, str | None], **facts: Any) -> Shape:
    """A shape in which team and road edit `a.txt`, beside what the shape is about."""
    edit = {**TEAM, **facts.pop("edit", {})}
    return of(config, {**EDITED, **old}, {**ROAD, **new}, {**BOTH, **after}, edit=edit, **facts)


QUESTIONS = {
    "choices-without-values": plainly(
        "kind: {type: str, choices: {one: , two: }, default: one}",
        {"x.jinja": "{{ kind }}\n"},
        {"x.jinja": "{{ kind }}!\n"},
        {"x": "one!\n"},
    ),
    "computed-values": plainly(
        "name: My Thing\nslug: {type: str, default: \"{{ name | lower | replace(' ', '-') }}\", when: false}",
        {"{{ slug }}/x.jinja": "{{ slug }}\n"},
        {"{{ slug }}/x.jinja": "{{ slug }} two\n"},
        {"my-thing/x": "my-thing two\n"},
    ),
    "validators": plainly(
        "name: {type: str, default: abc, validator: \"{% if not (name | regex_search('^[a-z]+$')) %}no{% endif %}\"}",
        {"x.jinja": "{{ name }}\n"},
        {"x.jinja": "{{ name }}!\n"},
        {"x": "abc!\n"},
    ),
    "secrets": plainly("token: {type: str, secret: true, default: none}", {"x": "1\n"}, {"x": "2\n"}, {"x": "2\n"}),
    "a-new-question": plainly(
        "name: abc",
        {},
        {"/copier.yml": "_subdirectory: t\nname: abc\nlicence: MIT\n", "LICENCE.jinja": "{{ licence }}\n"},
        {"LICENCE": "MIT\n"},
    ),
    "a-multiselect": plainly(
        "parts: {type: str, multiselect: true, choices: [docs, ci], default: [docs]}",
        {"{% if 'docs' in parts %}docs{% endif %}/i.md": "1\n", "{% if 'ci' in parts %}ci{% endif %}/c.yml": "1\n"},
        {"{% if 'docs' in parts %}docs{% endif %}/i.md": "2\n"},
        {"docs/i.md": "2\n", "ci/c.yml": None},
    ),
    "included-questions": plainly(
        "---\n!include parts/*.yml\n---\n!include more.yml",
        {
            "/parts/a.yml": "name: abc\n",
            "/parts/b.yml": "_exclude: [gone]\n",
            "/more.yml": "flag: {type: bool, default: true}\n",
            "gone": "",
            "x.jinja": "{{ name }}{{ flag }}\n",
        },
        {"x.jinja": "{{ name }} {{ flag }}\n"},
        {"x": "abc True\n", "gone": None},
    ),
    "macros-in-questions": plainly(
        "name: My Thing\nslug: \"{% from pathjoin('includes', 'm.jinja') import slug %}{{ slug(name) }}\"",
        {"/includes/m.jinja": "{% macro slug(x) %}{{ x | lower }}{% endmacro %}", "x.jinja": "{{ slug }}\n"},
        {"x.jinja": "{{ slug }}!\n"},
        {"x": "my thing!\n"},
    ),
    "dates": plainly(
        "day: {type: yaml, default: 2024-02-29}",
        {"x.jinja": "{{ day }}\n"},
        {"x.jinja": "{{ day }}!\n"},
        {"x": "2024-02-29!\n"},
    ),
    "external-data": plainly(
        "_external_data: {own: own.yml}\nname: \"{{ _external_data.own.name | default('none') }}\"",
        {"own.yml": "name: none\n", "x.jinja": "{{ _external_data.own.name }}\n"},
        {"x.jinja": "{{ _external_data.own.name }}!\n"},
        {"x": "none!\n"},
    ),
    "a-default-that-changes": plainly(
        "name: abc",
        {"x.jinja": "{{ name }}\n"},
        {"/copier.yml": "_subdirectory: t\nname: other\n", "x.jinja": "{{ name }}!\n"},
        {"x": "abc!\n"},
    ),
    "a-question-that-goes": plainly(
        "name: abc\ngone: true",
        {"x.jinja": "{{ name }}\n"},
        {"/copier.yml": "_subdirectory: t\nname: abc\n", "x.jinja": "{{ name }}{{ gone is defined }}\n"},
        {"x": "abcTrue\n"},
    ),
}

SETTINGS = {
    "exclude-on-update": plainly(
        "_exclude: [\"{% if _copier_operation == 'update' -%}src/*_e.py{% endif %}\"]",
        {"src/an_e.py": "1\n"},
        {"src/an_e.py": "2\n"},
        {"src/an_e.py": "1, ours\n"},
        edit={"src/an_e.py": "1, ours\n"},
    ),
    "plain": plainly("name: abc", {"x.jinja": "{{ name }}\n"}, {"x.jinja": "{{ name }}!\n"}, {"x": "abc!\n"}),
    "no-subdirectory": Shape(
        old={"copier.yml": "name: abc\n", OWN: ANSWERS, **EDITED}, new=ROAD, edit=TEAM, after=BOTH
    ),
    "subdirectory-with-jinja": Shape(
        old={
            "copier.yml": "_subdirectory: '{{ kind }}'\nkind: one\n",
            f"one/{OWN}": ANSWERS,
            f"two/{OWN}": ANSWERS,
            "one/a.txt": EDITED["a.txt"],
            "two/a.txt": "no\n",
        },
        new={"one/a.txt": ROAD["a.txt"]},
        edit=TEAM,
        after=BOTH,
    ),
    "answers-file-elsewhere": Shape(
        old={"copier.yml": "_answers_file: .config/answers.yml\nname: abc\n", **EDITED, OWN: ANSWERS},
        new=ROAD,
        edit=TEAM,
        after=BOTH,
        answers_file=".config/answers.yml",
    ),
    "answers-file-with-another-name": plainly(
        "_answers_file: .own-answers.yml\nname: abc", {}, {}, {}, answers_file=".own-answers.yml"
    ),
    "every-file-is-a-template": Shape(
        old={
            "copier.yml": "_templates_suffix: ''\n_exclude: [copier.yml]\nname: abc\n",
            "{{ _copier_conf.answers_file }}": ANSWERS,
            **EDITED,
            "x": "{{ name }}\n",
            "logo": b"\xff{{ name }}",
        },
        new={**ROAD, "x": "{{ name }}!\n"},
        edit=TEAM,
        after={**BOTH, "x": "abc!\n"},
    ),
    "other-delimiters": plainly(
        "_envops: {variable_start_string: '[[', variable_end_string: ']]', block_start_string: '[%',"
        " block_end_string: '%]'}\nname: abc",
        {
            OWN: None,
            "[[ _copier_conf.answers_file ]].jinja": "[[ _copier_answers | to_nice_yaml -]]\n",
            "[[ name ]].jinja": "[[ name ]] {{ kept }}\n",
        },
        {"[[ name ]].jinja": "[[ name ]] {{ kept }}!\n"},
        {"abc": "abc {{ kept }}!\n"},
    ),
    "exclude-added": plainly(
        "name: abc",
        {"b.txt": "b\n"},
        {"/copier.yml": "_subdirectory: t\n_exclude: [b.txt]\nname: abc\n"},
        {"b.txt": None},
        copier="it leaves a file that the road no longer has",
    ),
    "skip-if-exists": plainly(
        "_skip_if_exists: [seed.txt, 'conf/*']",
        {"seed.txt": "1\n", "conf/c": "1\n"},
        {"seed.txt": "2\n", "conf/c": "2\n", "conf/d": "2\n"},
        {"seed.txt": "ours\n", "conf/c": "1\n", "conf/d": "2\n"},
        edit={"seed.txt": "ours\n"},
    ),
    "several-documents": plainly(
        "_exclude: [one]\n---\nname: abc\n_exclude: [two]",
        {"one": "", "two": "", "x.jinja": "{{ name }}\n"},
        {"x.jinja": "{{ name }}!\n"},
        {"x": "abc!\n", "one": None, "two": None},
    ),
    "minimum-version": plainly("_min_copier_version: '9.4.0'\nname: abc", {}, {}, {}),
    "an-extension": plainly(
        "_jinja_extensions: [jinja2.ext.do]\nname: abc",
        {"x.jinja": "{% do [] %}{{ name }}\n"},
        {"x.jinja": "{% do [] %}{{ name }}!\n"},
        {"x": "abc!\n"},
        trust=True,
        covered=False,
    ),
    "exclude-by-answer": plainly(
        "docs: false\n_exclude: ['{% if not docs %}docs{% endif %}', '*.tmp']",
        {"docs/i.md": "1\n", "x.tmp": ""},
        {"docs/i.md": "2\n"},
        {"docs/i.md": None, "x.tmp": None},
    ),
    "no-newline-kept": plainly(
        "_envops: {keep_trailing_newline: false, trim_blocks: true}\nname: abc",
        {"x.jinja": "{% if name %}\n{{ name }}{% endif %}\n"},
        {"x.jinja": "{% if name %}\n{{ name }}!{% endif %}\n"},
        {"x": "abc!"},
    ),
}

CODE = {
    "migration-with-a-script": plainly(
        "name: abc",
        {"/m.sh*": '#!/bin/sh\necho "$1" > migrated.txt\n'},
        {
            "/copier.yml": "_subdirectory: t\n_migrations:\n  - version: v2.0.0\n"
            "    when: \"{{ _stage == 'before' }}\"\n"
            "    command: '{{ _copier_conf.src_path }}/m.sh \"{{ _stage }} {{ _version_to }}\"'\nname: abc\n"
        },
        {"migrated.txt": "before v2.0.0\n"},
        trust=True,
    ),
    "tasks-once": plainly(
        "_tasks:\n  - command: 'touch once.txt'\n    when: \"{{ _copier_operation == 'copy' }}\"",
        {},
        {},
        {"once.txt": ""},
        trust=True,
    ),
    "tasks-once-edited": plainly(
        "_tasks:\n  - command: 'echo made > once.txt; echo made > gone.txt'\n"
        "    when: \"{{ _copier_operation == 'copy' }}\"",
        {},
        {},
        {"once.txt": "ours\n", "gone.txt": None},
        edit={"once.txt": "ours\n", "gone.txt": None},
        trust=True,
    ),
    "a-task-that-writes": plainly(
        "_tasks: ['echo {{ _copier_conf.os }} > made.txt']\nname: abc",
        {},
        {},
        {"made.txt": "linux\n"},
        trust=True,
    ),
    "a-migration": plainly(
        "name: abc",
        {},
        {
            "/copier.yml": "_subdirectory: t\n_migrations:\n  - version: v2.0.0\n"
            "    when: \"{{ _stage == 'before' }}\"\n"
            "    command: 'echo {{ _stage }} {{ _version_to }} $VERSION_PEP440_FROM > migrated.txt'\nname: abc\n"
        },
        {"migrated.txt": "before v2.0.0 1.0.0\n"},
        trust=True,
    ),
    "a-task-that-starts-a-repository": plainly(
        "_tasks: ['git init --quiet', ['git', 'config', 'x.y', '{{ name }}']]\nname: abc",
        {"x": "1\n"},
        {"x": "2\n"},
        {"x": "2\n"},
        trust=True,
    ),
    "a-migration-of-the-older-form": plainly(
        "name: abc",
        {},
        {
            "/copier.yml": "_subdirectory: t\n_migrations:\n  - version: v2.0.0\n"
            "    before: ['echo $STAGE > before.txt']\n    after: ['echo $STAGE > after.txt']\nname: abc\n"
        },
        {"before.txt": "before\n", "after.txt": "after\n"},
        trust=True,
    ),
}

FILES = {
    "loops-over-files": plainly(
        "parts: {type: yaml, default: [b, c]}",
        {"{% yield p from parts %}{{ p }}{% endyield %}.md.jinja": "{{ p }}\n"},
        {"{% yield p from parts %}{{ p }}{% endyield %}.md.jinja": "{{ p }}!\n"},
        {"b.md": "b!\n", "c.md": "c!\n"},
        covered=False,
    ),
    "conditional-names": plainly(
        "ci: {type: bool, default: true}",
        {"{% if ci %}.ci.yml{% endif %}.jinja": "1\n", "{% if not ci %}none{% endif %}/x": "x\n"},
        {"{% if ci %}.ci.yml{% endif %}.jinja": "2\n"},
        {".ci.yml": "2\n", "none/x": None},
    ),
    "empty-files": plainly(
        "name: abc",
        {"src/__init__.py": "", "py.typed.jinja": ""},
        {"new/__init__.py": ""},
        {"src/__init__.py": "", "new/__init__.py": "", "py.typed": ""},
    ),
    "windows-line-ends": plainly(
        "name: abc",
        {"w.txt": "one\r\ntwo\r\nthree\r\n"},
        {"w.txt": "one\r\ntwo\r\nthree, new\r\n"},
        {"w.txt": "one, ours\r\ntwo\r\nthree, new\r\n"},
        edit={"w.txt": "one, ours\r\ntwo\r\nthree\r\n"},
    ),
    "not-utf-8": plainly(
        "name: abc",
        {"latin.txt": "na\xefve\n".encode("latin-1"), "logo.png": b"\x89PNG\r\n\x1a\n\x00"},
        {"latin.txt": "na\xefve, new\n".encode("latin-1"), "logo.png": b"\x89PNG\r\n\x1a\n\x01"},
        {"latin.txt": "na\xefve, new\n", "logo.png": "\x89PNG\r\n\x1a\n\x01"},
    ),
    "executable": plainly(
        "name: abc", {"run.sh*": "#!/bin/sh\n"}, {"run.sh*": "#!/bin/sh\nexit 0\n"}, {"run.sh": "#!/bin/sh\nexit 0\n"}
    ),
    "links-kept": plainly(
        "_preserve_symlinks: true\nname: abc",
        {"real": "1\n", "link": Link("real")},
        {"other": "2\n", "link": Link("other")},
        {"link": "-> other"},
    ),
    "ignored-files": plainly("name: abc", {".gitignore.jinja": ".env\n", ".env": "A=1\n"}, {}, {".env": "A=1\n"}),
    "dated-files": plainly("name: abc", {"d.jinja": "{{ '%Y' | strftime | length }}\n"}, {}, {"d": "4\n"}),
    "a-file-that-moves": plainly(
        "name: abc",
        {"old.txt": "one\ntwo\nthree\nfour\n"},
        {"old.txt": None, "new.txt": "one\ntwo\nthree\nfour\n"},
        {"old.txt": None, "new.txt": "one, ours\ntwo\nthree\nfour\n"},
        edit={"old.txt": "one, ours\ntwo\nthree\nfour\n"},
        copier="the team's line is lost",
    ),
    "deleted-by-the-team": plainly(
        "name: abc", {"b.txt": "1\n"}, {"c.txt": "2\n"}, {"b.txt": None, "c.txt": "2\n"}, edit={"b.txt": None}
    ),
    "a-conflict": plainly(
        "name: abc",
        {"b.txt": "1\n"},
        {"b.txt": "2\n"},
        {},
        edit={"b.txt": "ours\n"},
        conflicts=("b.txt",),
        copier="its markers are others, and it exits with 0",
    ),
    "an-executable-bit-alone": plainly(
        "name: abc", {"run.sh": "#!/bin/sh\n"}, {"run.sh*": "#!/bin/sh\n"}, {"run.sh is executable": ""}
    ),
    "links-followed": plainly(
        "name: abc",
        {"real": "1\n", "link": Link("real"), "d/x": "1\n", "e": Link("d")},
        {"real": "2\n", "d/x": "2\n"},
        {"link": "2\n", "e/x": "2\n"},
    ),
    "folders-by-a-dotted-name": plainly(
        "package: a.b",
        {"{{ package.replace('.', _copier_conf.sep) }}{{ _copier_conf.sep }}m.py.jinja": "1\n"},
        {"{{ package.replace('.', _copier_conf.sep) }}{{ _copier_conf.sep }}m.py.jinja": "2\n"},
        {"a/b/m.py": "2\n"},
    ),
    "odd-names": plainly(
        "name: abc",
        {"ü/ñ o.txt": "1\n", "#it's;": "1\n", "{{ name }} &.md.jinja": "1\n"},
        {"ü/ñ o.txt": "2\n", "#it's;": "2\n", "{{ name }} &.md.jinja": "2\n"},
        {"ü/ñ o.txt": "2\n", "#it's;": "2\n", "abc &.md": "2\n"},
    ),
    "converted-line-ends": plainly(
        "name: abc",
        {".gitattributes": "*.bat text eol=crlf\n", "run.bat.jinja": "one\r\n{{ name }}\r\n"},
        {"run.bat.jinja": "one\r\n{{ name }}\r\nthree\r\n"},
        {"run.bat": "one\r\nabc\r\nthree\r\n"},
        copier="it writes the line ends of its rendering, and not those that git writes",
    ),
}

SHAPES: Mapping[str, Shape] = QUESTIONS | SETTINGS | CODE | FILES
