"""A template may cost so much time, memory, files and bytes: each bomb ends in one message, exit code 2."""

from __future__ import annotations

import re
import resource
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import yaml

from paved_road.errors import LimitError
from paved_road.files import yml
from paved_road.process import limits
from paved_road.process.limits import Limits
from paved_road.testing import Ran, make_road, paved

LOOP = "{% for i in range(99999) %}" * 3 + "{% endfor %}" * 3
SLOW = "{{ ('a' * 60 ~ 'b') | regex_replace('(a+)+$', '') }}"
LOL = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
ITSELF = "a: &a [*a]\n"
MANY = {"{% yield i from range(90) %}{{ i }}{% endyield %}": ""}
"""What only Copier renders."""

SLOW_ONES: dict[str, tuple[dict[str, str], str]] = {
    "loops": ({"bomb.jinja": LOOP}, "bomb.jinja"),
    "a regular expression": ({"bomb.jinja": SLOW}, "bomb.jinja"),
    "macros": ({"bomb.jinja": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}"
        "{{ f(60) }}"}, "bomb.jinja"),
    "a default": ({"copier.yml": f'q: "{LOOP}"'}, "the question 'q' of the template's copier.yml"),
    "a validator": ({"copier.yml": f'q: {{default: x, validator: "{SLOW}"}}'}, "the question 'q'"),
    "a message": ({"copier.yml": f'q: x\n_message_after_copy: "{LOOP}"'}, "_message_after_copy"),
    "a path": ({f"{LOOP}x": ""}, "a path"),
    "a pattern": ({"copier.yml": f"_exclude: ['{'a*' * 25}b']\nq: x", "a" * 200: ""}, "_exclude"),
    "by Copier": ({"}bomb.jinja": LOOP, **MANY}, "Copier"),
}  # fmt: skip

BIG_ONES: dict[str, tuple[dict[str, str], str]] = {
    "a text": ({"bomb.jinja": "{{ 'a' * 10**10 }}"}, "bomb.jinja"),
    "a text that doubles": ({"bomb.jinja": "{% set n = namespace(x='a' * 999) %}{% for i in range(99) %}"
        "{% set n.x = n.x ~ n.x %}{% endfor %}"}, "bomb.jinja"),
    "a list": ({"bomb.jinja": "{{ [1] * 10**10 }}"}, "bomb.jinja"),
    "a format": ({"bomb.jinja": "{{ '%*d' % (2000000000, 1) }}{{ '{:9999999999}'.format(1) }}"}, "bomb.jinja"),
    "a width": ({"bomb.jinja": "{{ 'a' | center(10**10) }}"}, "bomb.jinja"),
    "a power": ({"bomb.jinja": "{{ 10**(10**8) }}"}, "bomb.jinja"),
    "squares": ({"bomb.jinja": "{% set n = namespace(x=3) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}"
        "{% endfor %}"}, "bomb.jinja"),
    "places": ({"bomb.jinja": "{{ 1.5 | round(10**9, 'ceil') }}"}, "bomb.jinja"),
    "a range": ({"bomb.jinja": "{% for i in range(10**9) %}{% endfor %}"}, "bomb.jinja"),
    "a default": ({"copier.yml": "q: \"{{ 'a' * 10**10 }}\""}, "'q'"),
    "itself": ({"bomb.jinja": "{% include 'bomb.jinja' %}"}, "bomb.jinja"),
    "one another": ({"bomb.jinja": "{% import 'b' as b %}", "b": "{% import 'bomb.jinja' as b %}"}, "bomb.jinja"),
    "brackets": ({"bomb.jinja": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}"}, "bomb.jinja"),
    "aliases": ({"copier.yml": LOL}, "copier.yml"),
    "aliases that are included": ({"copier.yml": "!include b.yml\n", "b.yml": LOL}, "copier.yml"),
    "an alias of itself": ({"copier.yml": ITSELF}, "copier.yml"),
    "depth": ({"copier.yml": "q: " + "[" * 99999 + "]" * 99999}, "copier.yml"),
    "a circle": ({"copier.yml": "!include b.yml\n", "b.yml": "!include b.yml\n"}, "copier.yml"),
    "a name": ({"{{ 'x' * 300 }}": ""}, "255"),
    "a path": ({"copier.yml": "q: \"{{ ('x' * 200 ~ '/') * 20 }}\"", "{{ q }}a": ""}, "3000"),
    "digits": ({"copier.yml": "q: " + "9" * 5000}, "copier.yml"),
    "hexadecimal digits": ({"copier.yml": "q: 0x" + "f" * 50000, "bomb.jinja": "{{ q }}"}, "bomb.jinja"),
}  # fmt: skip


def made(folder: Path, files: Mapping[str, str], *words: str) -> Ran:
    road = make_road(folder / "road", {"copier.yml": "q: x\n", **files})
    return paved("new", folder / "service", "--road", road, "--defaults", *words)


@pytest.fixture
def limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person may set: much less than usual."""
    file = tmp_path / "config.toml"
    file.write_text("[limits]\nseconds = 0.2\nfiles = 50\nbytes = 100_000\n")
    monkeypatch.setenv("PAVED_CONFIG", str(file))


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"paved-road.yml": "owners: {road: ['a*b']}\n"}, "the template's paved-road.yml"),
        ({"copier.yml": "_skip_if_exists: ['a*b']\nq: x\n"}, "the template's _skip_if_exists in copier.yml"),
    ],
)
def test_the_file_that_has_the_patterns_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], where: str
) -> None:
    places: list[str] = []
    watched = limits.watched

    def noted(what: str, most: Limits = limits.USUAL) -> AbstractContextManager[None]:
        places.append(what)
        return watched(what, most)

    monkeypatch.setattr(limits, "watched", noted)
    assert made(tmp_path, {**files, "aab": ""}).returncode == 0
    assert f"matching files with the patterns of {where}" in places


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("name", SLOW_ONES)
def test_what_takes_too_long_is_ended(name: str, tmp_path: Path) -> None:
    files, where = SLOW_ONES[name]
    done = made(tmp_path, files)
    assert done.returncode == 2
    assert re.search(f"error: .*{re.escape(where)}.* takes more than [0-9.]+ seconds", done.stderr), done.stderr
    assert "[limits]" in done.stderr
    assert not (tmp_path / "service").exists()


@pytest.mark.parametrize("name", BIG_ONES)
def test_what_needs_too_much_is_refused(name: str, tmp_path: Path) -> None:
    files, where = BIG_ONES[name]
    done = made(tmp_path, files)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("error:") == 1
    assert where in done.stderr
    assert not (tmp_path / "service").exists()


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("files", [
    {f"f{number}": "" for number in range(60)},
    {"big": "x" * 200_000},
    {"bomb.jinja": "{{ 'x' * 200_000 }}"},
    MANY,
    {"{% yield i from range(9) %}{{ i }}{% endyield %}.jinja": "{{ 'x' * 20_000 }}"},
], ids=["files", "bytes", "rendered", "files by Copier", "bytes by Copier"])  # fmt: skip
def test_files_and_bytes_are_counted(files: dict[str, str], tmp_path: Path) -> None:
    done = made(tmp_path, files)
    assert done.returncode == 2
    assert re.search(r"has more than (50 files|100000 bytes)", done.stderr), done.stderr


def for_ever() -> None:
    limits.evaluating("the loop")
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001 - as a filter of somebody else's may do
            continue


def test_a_limit_leaves_nothing_behind() -> None:
    kinds = (resource.RLIMIT_DATA, resource.RLIMIT_CPU)
    before = [resource.getrlimit(kind) for kind in kinds], signal.getsignal(signal.SIGPROF)
    with pytest.raises(LimitError, match="the loop takes more than"), limits.watched("x", Limits(seconds=0.05)):
        for_ever()
    with limits.watched("x"), limits.watched("y"):
        pass
    assert ([resource.getrlimit(kind) for kind in kinds], signal.getsignal(signal.SIGPROF)) == before
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


@pytest.mark.parametrize("text", [LOL, ITSELF, "!!timestamp x", "2024-99-99", "[" * 5000, "!!bool x", "1" * 5000])
def test_text_that_is_no_yaml_is_said_to_be_none(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        yml.load(text.encode())


@pytest.mark.parametrize("file", [".copier-answers.yml", "answers.yml"])
def test_answers_that_are_a_bomb_are_refused(file: str, tmp_path: Path) -> None:
    assert (
        made(tmp_path, {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}).returncode
        == 0
    )
    bomb = tmp_path / "service" / file
    bomb.write_text(LOL)
    words: list[str | Path] = ["--answers", bomb] if file == "answers.yml" else []
    done = paved("update", tmp_path / "service", *words)
    assert (done.returncode, "is larger than paved parses" in done.stderr or "committed" in done.stderr) == (2, True), (
        done.stderr
    )


@pytest.mark.parametrize("line", ["seconds = 0", "files = 'x'", "bytes = true", "minutes = 1", "seconds = nan"])
def test_limits_written_wrong_are_refused(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text(f"[limits]\n{line}\n")
    monkeypatch.setenv("PAVED_CONFIG", str(tmp_path / "config.toml"))
    done = paved("config", "show")
    assert (done.returncode, "limits." in done.stderr) == (2, True)
