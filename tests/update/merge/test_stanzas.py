"""Lists of stanzas that look alike: an edit stays in the stanza it was made in, or a person is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paved_road.testing import Evolution
from paved_road.update.merge import stanzas

Begin = Callable[..., Evolution]


def name_last(*names: str, **timeouts: int) -> str:
    return "".join(f"- timeout: {timeouts.get(name, 5)}\n  retries: 2\n  name: {name}\n" for name in names)


def name_first(*names: str, **timeouts: int) -> str:
    return "".join(f"- name: {name}\n  retries: 2\n  timeout: {timeouts.get(name, 5)}\n" for name in names)


def tables(*names: str, **timeouts: int) -> str:
    one = "[[upstream]]\ntimeout = {}\nretries = 2\nhost = '{}'\n\n"
    return "".join(one.format(timeouts.get(name, 5), name) for name in names)


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.yml", name_last), ("a.txt", name_last), ("b.yml", name_first), ("c.toml", tables), ("c.conf", tables)],
)
@pytest.mark.parametrize("edited", ["a", "b", "c", "d"])
def test_the_template_inserts_a_stanza_above_the_one_the_service_edited(
    begin: Begin, path: str, text: Callable[..., str], edited: str
) -> None:
    names = ["a", "b", "c", "d"]
    evolution = begin({path: text(*names)})
    evolution.edit({path: text(*names, **{edited: 9})})
    names.insert(names.index(edited), "new")
    evolution.release({path: text(*names)})
    done = evolution.update()
    assert (done.code, done.files) == (0, {path: text(*names, **{edited: 9})})


def test_the_service_inserts_a_stanza_above_the_one_the_template_edits(begin: Begin) -> None:
    evolution = begin({"a.yml": name_last("a", "b", "c")})
    evolution.edit({"a.yml": name_last("a", "mine", "b", "c")})
    evolution.release({"a.yml": name_last("a", "b", "c", b=9)})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"a.yml": name_last("a", "mine", "b", "c", b=9)})


def test_the_template_removes_a_stanza_above_the_one_the_service_edited(begin: Begin) -> None:
    evolution = begin({"a.yml": name_last("a", "b", "c", "d")})
    evolution.edit({"a.yml": name_last("a", "b", "c", "d", d=9)})
    evolution.release({"a.yml": name_last("a", "c", "d")})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"a.yml": name_last("a", "c", "d", d=9)})


def test_a_stanza_that_the_template_renamed_takes_the_edit_along(begin: Begin) -> None:
    evolution = begin({"a.yml": name_first("a", "b", "c")})
    evolution.edit({"a.yml": name_first("a", "b", "c", b=9)})
    evolution.release({"a.yml": name_first("a", "renamed", "c")})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"a.yml": name_first("a", "renamed", "c", renamed=9)})


def test_among_stanzas_that_are_all_the_same_a_person_is_asked(begin: Begin) -> None:
    rule = "- allow\n  log\n  audit\n"
    evolution = begin({"rules.txt": rule * 4})
    evolution.edit({"rules.txt": rule + "- allow\n  log: mine\n  audit\n" + rule * 2})
    evolution.release({"rules.txt": rule * 5})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("rules.txt",))
    assert "  log: mine\n" in done.files["rules.txt"]
    assert "too much alike" in str(done.envelope)


def test_a_difference_with_one_reading_is_left_to_git() -> None:
    base = b"".join(b"line %d\n" % number for number in range(20))
    ours, theirs = base.replace(b"line 3\n", b"mine\n"), base.replace(b"line 9\n", b"line 9\nnew\n")
    assert stanzas.merge_stanzas(base, ours, theirs) is None


def test_a_function_that_ends_like_the_one_before_it() -> None:
    base = b"def a():\n    pass\n\n\ndef b():\n    pass\n"
    ours = base.replace(b"def a():\n    pass\n", b"def a():\n    return 1\n")
    theirs = base.replace(b"def b", b"def new():\n    pass\n\n\ndef b")
    both = b"def a():\n    return 1\n\n\ndef new():\n    pass\n\n\ndef b():\n    pass\n"
    assert stanzas.merge_stanzas(base, ours, theirs) == (both, False)
