"""Questions on a real pseudo-terminal: what is on the screen, what the keys do, and what is recorded."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.ask.interview import answer_text
from paved_road.testing import evolve, make_road
from tests.terminal import (
    BACK,
    BACKSPACE,
    CTRL_C,
    CTRL_D,
    CTRL_U,
    DOWN,
    ENTER,
    ESCAPE_ENTER,
    HOME,
    LEFT,
    UP,
    pasted,
    paved,
    terminal,
)

RECORD = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}"}
MANY = """\
name: {type: str, help: Name of the service, default: orders, validator: "{% if ' ' in name %}use no spaces{% endif %}"}
package: {type: str, help: Its package, default: "{{ name }}_pkg"}
owner: {type: str, help: Who owns it, default: "{{ name }}-team"}
size: {type: str, help: How large it is, choices: {Small: s, Large: l}, default: s}
"""
FIRST = "questions: {first: [name, owner]}\n"


def road_of(folder: Path, questions: str, manifest: str = "") -> Path:
    return make_road(
        folder / "road", {"copier.yml": questions, **({"paved-road.yml": manifest} if manifest else {})} | RECORD
    )


def recorded(service: Path) -> dict[str, Any]:
    found = yaml.safe_load((service / ".copier-answers.yml").read_text())
    return {key: value for key, value in found.items() if not key.startswith("_")}


# -- each kind of question -----------------------------------------------------------------------------------------


CASES: dict[str, list[tuple[str, list[str], Any]]] = {
    "text": [
        ("{type: str, default: usual}", [ENTER], "usual"),
        ("{type: str, default: usual}", ["other", ENTER], "other"),
        ("{type: str, default: usual}", [LEFT, "X", ENTER], "usuaXl"),
        ("{type: str, default: usual}", [HOME, "un", ENTER], "unusual"),
        ("{type: str, default: usual}", [BACKSPACE, ENTER], ""),
        ("{type: str, default: usual}", [CTRL_U, "x", ENTER], "x"),
        ("{type: str, default: usual}", [pasted("a b\r\n"), ENTER], "a b"),
        ("{type: str, default: usual}", ["two words" + ENTER], "two words"),
        ("{type: int, default: 8080}", ["9000", ENTER], 9000),
        ("{type: yaml, default: [a]}", ["[b, 2]", ENTER], ["b", 2]),
        ("{type: json, default: {a: 1}}", [ENTER], {"a": 1}),
    ],
    "yes or no": [
        ("{type: bool, default: true}", [ENTER], True),
        ("{type: bool, default: true}", ["n", ENTER], False),
        ("{type: bool, default: false}", ["yes", ENTER], True),
    ],
    "several lines": [
        ("{type: str, default: usual, multiline: true}", ["one", ENTER, "two", ESCAPE_ENTER], "one\ntwo"),
        ("{type: str, multiline: true}", [pasted("one\ntwo"), ESCAPE_ENTER], "one\ntwo"),
    ],
    "choices": [
        ("{type: str, choices: [b, a, c], default: a}", [ENTER], "a"),
        ("{type: str, choices: [b, a, c], default: a}", [DOWN, ENTER], "c"),
        ("{type: str, choices: [b, a, c], default: a}", [DOWN, DOWN, ENTER], "b"),
        ("{type: str, choices: [b, a, c], default: a}", [UP, ENTER], "b"),
        ("{type: str, choices: {The first: one, The second: two}}", ["the s", ENTER], "two"),
        ("{type: str, choices: {The first: one, The second: two}}", [pasted("The second"), ENTER], "two"),
        ("{type: str, choices: {The first: one, The second: two}}", ["two", ENTER], "two"),
        ("{type: int, choices: [3, 2, 1]}", ["1", ENTER], 1),
        ("{type: int, choices: {2: 10, 1: 20}}", ["1", ENTER], 20),
        ("{type: int, choices: {Low: 2, High: 1}}", ["1", ENTER], 1),
        ('{type: str, choices: ["30", "3"]}', ["3", ENTER], "3"),
    ],
    "several choices": [
        ("{type: str, multiselect: true, choices: [b, a, c], default: [a]}", [ENTER], ["a"]),
        ("{type: str, multiselect: true, choices: [b, a, c], default: [a]}", [" ", DOWN, " ", ENTER], ["c"]),
        ("{type: str, multiselect: true, choices: {Red hat: r, Blue: b}}", ["red h", ENTER, ENTER], ["r"]),
        ("{type: str, multiselect: true, choices: {R t: r, B: b}}", [pasted("R t, B"), ENTER, ENTER], ["r", "b"]),
        ("{type: str, multiselect: true, choices: [b, a], default: [a, b]}", [" ", DOWN, " ", ENTER], []),
    ],
}


@pytest.mark.parametrize("kind", CASES)
def test_what_the_keys_do_is_what_is_recorded(tmp_path: Path, kind: str) -> None:
    cases = CASES[kind]
    road = road_of(tmp_path, "".join(f"q{number}: {question}\n" for number, (question, _, _) in enumerate(cases)))
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        for number, (_, keys, _) in enumerate(cases):
            screen.answer(f"{number + 1}/{len(cases)} q{number}", *keys)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {f"q{number}": answer for number, (_, _, answer) in enumerate(cases)}


def test_a_wrong_answer_is_told_in_the_words_of_the_template_and_can_be_corrected(tmp_path: Path) -> None:
    road = road_of(tmp_path, f"{MANY}port: {{type: int, help: Port, default: 1}}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/5 Name of the service", "two words", ENTER)
        screen.see("two words", "use no spaces")
        screen.press("shop", ENTER)
        screen.answer("2/5 Its package shop_pkg", ENTER)
        screen.answer("3/5", ENTER)
        screen.answer("4/5", "Huge", ENTER)
        screen.answer("no choice is called Huge", "Large", ENTER)
        screen.answer("5/5 Port", "http", ENTER)
        screen.see("it is not a whole number")
        assert "invalid literal" not in screen.text
        screen.press("80", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {
        "name": "shop", "package": "shop_pkg", "owner": "shop-team", "size": "l", "port": 80,
    }  # fmt: skip


def test_a_choice_that_is_not_available_says_why_and_cannot_be_chosen(tmp_path: Path) -> None:
    choices = {"Old": {"value": "old", "validator": "out of support"}, "New": "new", "Next": "next"}
    road = road_of(tmp_path, f"q: {json.dumps({'type': 'str', 'choices': choices})}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.see("Old (not available: out of support)", "> New")
        screen.press("Old", ENTER)
        screen.wait(lambda: screen.screen.count("out of support") == 2, "the reason below the choices")
        screen.press(DOWN, UP, DOWN, ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"q": "new"}


def test_a_secret_is_never_on_the_screen_nor_kept(tmp_path: Path) -> None:
    road = road_of(tmp_path, "token: {type: str, secret: true, default: none}\nname: {type: str, default: a}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/2 token", "hunter2", ENTER)
        screen.answer("2/2 name", ENTER)
        screen.see("Write it?", "token (hidden)")
        screen.press(CTRL_C)
        assert screen.end() == 130
    assert b"hunter2" not in screen.raw
    kept = list(Path(os.environ["PAVED_CACHE"], "answers").iterdir())
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600]
    assert "hunter2" not in kept[0].read_text()
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("token", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen


def test_a_placeholder_is_shown_while_nothing_is_typed(tmp_path: Path) -> None:
    road = road_of(tmp_path, "q: {type: str, placeholder: for example Ada}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.see("[for example Ada]")
        screen.press("B")
        screen.wait(lambda: "for example" not in screen.screen, "the placeholder to go")
        screen.press("ob", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"q": "Bob"}


def test_many_choices_scroll(tmp_path: Path) -> None:
    choices = [f"choice {number:02}" for number in range(80)]
    road = road_of(tmp_path, f"q: {json.dumps({'type': 'str', 'choices': choices})}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path, rows=12) as screen:
        screen.see("choice 00")
        screen.press(UP)
        screen.see("> choice 79", "Enter accepts")
        screen.press("choice 41")
        screen.see("> choice 41", "find: choice 41")
        screen.press(ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"q": "choice 41"}


# -- the few that matter, going back, the review -------------------------------------------------------------------


def test_the_first_questions_are_asked_and_the_others_keep_their_defaults(tmp_path: Path) -> None:
    road = road_of(tmp_path, MANY, FIRST)
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/2 Name of the service", "shop", ENTER)
        screen.answer("2/2 Who owns it", ENTER)
        screen.see("Customise the other two? [y/N]")
        screen.press(ENTER)
        screen.see("1 name shop", "2 package shop_pkg", "3 owner shop-team", "4 size Small", "Write it?")
        screen.press(ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"name": "shop", "package": "shop_pkg", "owner": "shop-team", "size": "s"}


def test_the_others_are_asked_when_the_person_says_yes_and_back_leads_to_that_question(tmp_path: Path) -> None:
    road = road_of(tmp_path, MANY, FIRST)
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/2 Name of the service", ENTER)
        screen.answer("2/2 Who owns it", "us", ENTER)
        screen.answer("Customise the other two?", "y", ENTER)
        screen.answer("1/2 Its package", BACK)
        screen.answer("Customise the other two? [y/N]", BACK)
        screen.see("2/2 Who owns it us")
        screen.press(ENTER)
        screen.answer("Customise the other two? [y/N]", "y", ENTER)
        screen.answer("1/2 Its package", "pack", ENTER)
        screen.answer("2/2 How large it is", DOWN, ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"name": "orders", "package": "pack", "owner": "us", "size": "l"}


def test_a_question_without_a_default_and_one_whose_default_is_refused_are_asked_in_any_case(tmp_path: Path) -> None:
    more = """\
need: {type: str, help: Needed}
odd: {type: str, default: bad, validator: "{% if odd == 'bad' %}not that{% endif %}"}
"""
    road = road_of(tmp_path, MANY + more, FIRST)
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/3 Name of the service", ENTER)
        screen.answer("2/3 Who owns it", ENTER)
        screen.answer("3/3 Needed", "x", ENTER)
        screen.see("odd", "not that")
        screen.press("good", ENTER)
        screen.answer("Customise the other two?", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert {"need": "x", "odd": "good"}.items() <= recorded(tmp_path / "svc").items()


def test_back_asks_the_question_before_again_and_what_follows_from_it_follows(tmp_path: Path) -> None:
    road = road_of(tmp_path, MANY)
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/4 Name of the service", ENTER)
        screen.see("2/4 Its package", "Shift-Tab goes back")
        screen.press(BACK)
        screen.wait(lambda: screen.screen.count("Name of the service") == 1, "one question in its place")
        screen.press("shop", ENTER)
        screen.see("2/4 Its package shop_pkg")
        screen.press(ENTER)
        screen.answer("3/4 Who owns it", ENTER)
        screen.answer("4/4 How large it is", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"name": "shop", "package": "shop_pkg", "owner": "shop-team", "size": "s"}


@pytest.mark.parametrize("wish", ["1", "name"])
def test_an_answer_can_be_changed_in_the_review(tmp_path: Path, wish: str) -> None:
    road = road_of(tmp_path, MANY)
    with terminal(paved("new", "svc", "--road", road, "--data", "size=l"), tmp_path) as screen:
        screen.answer("1/3", ENTER)
        screen.answer("2/3", ENTER)
        screen.answer("3/3", "us", ENTER)
        screen.see("1 name orders", "2 package orders_pkg", "3 owner us", "size l")
        screen.answer("Write it?", "nonsense", ENTER)
        screen.answer("no answer is called nonsense. Available: 1 to 3, or a name", "nam", ENTER)
        screen.answer("no answer is called nam. did you mean name?", wish, ENTER)
        screen.answer("Name of the service orders", "shop", ENTER)
        screen.see("1 name shop", "2 package shop_pkg", "3 owner us")
        screen.answer("Write it? [Y/n", "y", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"name": "shop", "package": "shop_pkg", "owner": "us", "size": "l"}


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ([1], "json", "[1]"), ([], "json", "[]"), ({"a": 1}, "json", '{"a": 1}'), ([1, 2], "yaml", "[1, 2]"),
        ("one\ntwo\n", "str", "one ..."), ("one\n", "str", "one"), (True, "bool", "yes"), (["a", "b"], "str", "a, b"),
    ],
)  # fmt: skip
def test_an_answer_is_shown_as_it_would_be_typed(value: object, kind: str, shown: str) -> None:
    assert answer_text(value, kind) == shown


def test_no_to_the_review_writes_nothing_and_keeps_the_answers(tmp_path: Path) -> None:
    road = road_of(tmp_path, "q: {type: str}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/1 q", "mine", ENTER)
        screen.answer("Write it?", "n", ENTER)
        screen.see("note: nothing was written", "your answers are kept")
        assert screen.end() == 130
    assert "error:" not in screen.text
    assert not (tmp_path / "svc").exists()


def test_a_template_without_questions_has_no_review(tmp_path: Path) -> None:
    with terminal(paved("new", "svc", "--road", road_of(tmp_path, "{}\n")), tmp_path) as screen:
        assert screen.end() == 0, screen.screen
    assert "Write it?" not in screen.text


# -- answers that are kept -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [CTRL_C, CTRL_D, "SIGTERM", "SIGHUP"])
def test_who_stops_goes_on_with_the_answers_that_were_given(tmp_path: Path, how: str) -> None:
    road = road_of(tmp_path, MANY)
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/4 Name of the service", "shop", ENTER)
        screen.answer("2/4 Its package", BACKSPACE)
        if how.startswith("SIG"):
            screen.send(getattr(signal, how))
            assert screen.end() == {"SIGTERM": 143, "SIGHUP": 129}[how]
            assert "Its package" not in screen.screen, "what was drawn is erased"
            assert screen.raw.count(b"\x1b[?2004h") == screen.raw.count(b"\x1b[?2004l"), "pasting is as it was"
        else:
            screen.press(how)
            assert screen.end() == 130
            assert "your answers are kept; run the same command again to go on" in screen.text
    assert not (tmp_path / "svc").exists()
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("2/4 Its package shop_pkg", ENTER)
        assert "Name of the service" not in screen.text
        screen.answer("3/4", ENTER)
        screen.answer("4/4", ENTER)
        screen.answer("1 name shop", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc")["name"] == "shop"


def test_a_refusal_after_the_questions_does_not_cost_the_answers(tmp_path: Path) -> None:
    more = "_tasks: [{command: touch made, when: \"{{ name == 'shop' }}\"}]\n"
    road = road_of(tmp_path, f"{more}name: {{type: str, help: Name, default: orders}}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.answer("1/1 Name", "shop", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 2
        assert "your answers are kept" in screen.text
    with terminal(paved("new", "svc", "--road", road, "--trust"), tmp_path) as screen:
        screen.answer("1 name shop", ENTER)
        assert screen.end() == 0, screen.screen
    assert (tmp_path / "svc" / "made").exists()


def test_answers_given_in_a_dry_run_are_not_asked_again_and_then_forgotten(tmp_path: Path) -> None:
    road = road_of(tmp_path, MANY, FIRST)
    with terminal(paved("new", "svc", "--road", road, "--dry-run"), tmp_path) as screen:
        screen.answer("1/2 Name", "shop", ENTER)
        screen.answer("2/2 Who", ENTER)
        screen.answer("Customise the other two?", ENTER)
        assert screen.end() == 0, screen.screen
        assert "Write it?" not in screen.text
    with terminal(paved("new", "svc", "--road", road, "--dry-run"), tmp_path) as screen:
        screen.see("your answers from before are used", "1 name shop", "4 size Small", "Show it?")
        screen.press("4", ENTER)
        screen.answer("How large it is", "Large", ENTER)
        screen.answer("4 size Large", ENTER)
        assert screen.end() == 0, screen.screen
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.see("your answers from before are used", "1 name shop", "4 size Large", "Write it?")
        assert "Customise" not in screen.text
        screen.press(ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc")["owner"] == "shop-team"
    assert not list(Path(os.environ["PAVED_CACHE"], "answers").iterdir())


def test_an_update_asks_only_what_neither_the_service_nor_the_dry_run_answered(tmp_path: Path) -> None:
    road = road_of(tmp_path, MANY)
    with terminal(paved("new", "svc", "--road", road, "--defaults"), tmp_path) as screen:
        assert screen.end() == 0, screen.screen
    evolve(road, {"copier.yml": f"{MANY}tone: {{type: str, help: Its tone, choices: [warm, cold]}}\n"}, tag="v1.1.0")
    with terminal(paved("update", "svc", "--dry-run"), tmp_path) as screen:
        screen.answer("1/1 Its tone", "cold", ENTER)
        assert screen.end() == 0, screen.screen
    evolve(
        road,
        {"copier.yml": f"{MANY}tone: {{type: str, choices: [warm, cold]}}\nnew: {{type: str, help: Newer}}\n"},
        tag="v1.2.0",
    )
    with terminal(paved("update", "svc"), tmp_path) as screen:
        screen.answer("2/2 Newer", "x", ENTER)
        screen.see("1 tone cold", "2 new x", "Update with these answers?")
        assert "owner" not in screen.text
        screen.press(ENTER)
        assert screen.end() == 0, screen.screen
    assert {"tone": "cold", "new": "x"}.items() <= recorded(tmp_path / "svc").items()


@pytest.mark.parametrize("by", ["--data", "--answers", "a migration"])
def test_answers_from_before_are_told_of_only_where_they_are_used(tmp_path: Path, by: str) -> None:
    road = road_of(tmp_path, MANY)
    with terminal(paved("new", "svc", "--road", road, "--defaults"), tmp_path) as screen:
        assert screen.end() == 0, screen.screen
    command = "echo 'tone: warm' >> .copier-answers.yml"
    write = {"version": "1.1.0", "when": "{{ _stage == 'before' }}", "command": command}
    brings = f"_migrations: [{json.dumps(write)}]\n" if by == "a migration" else ""
    evolve(road, {"copier.yml": f"{MANY}{brings}tone: {{type: str, choices: [warm, cold]}}\n"}, tag="v1.1.0")
    with terminal(paved("update", "svc", "--dry-run"), tmp_path) as screen:
        screen.answer("tone", "cold", ENTER)
        assert screen.end() == 0, screen.screen
    (tmp_path / "given.yml").write_text("tone: warm\n")
    words = {"--data": ["--data", "tone=warm"], "--answers": ["--answers", "given.yml"], "a migration": ["--trust"]}
    with terminal(paved("update", "svc", *words[by]), tmp_path) as screen:
        assert screen.end() == 0, screen.screen
        assert "from before" not in screen.text
    assert recorded(tmp_path / "svc")["tone"] == "warm"


def test_answers_from_before_that_are_all_given_now_are_not_told_of(tmp_path: Path) -> None:
    road = road_of(tmp_path, "name: {type: str, help: Name}\nother: {type: str, help: Other}\n")
    with terminal(paved("new", "svc", "--road", road, "--dry-run", "--data", "other=1"), tmp_path) as screen:
        screen.answer("Name", "shop", ENTER)
        assert screen.end() == 0, screen.screen
    with terminal(paved("new", "svc", "--road", road, "--data", "other=1", "--data", "name=till"), tmp_path) as screen:
        assert screen.end() == 0, screen.screen
        assert "from before" not in screen.text
    assert recorded(tmp_path / "svc")["name"] == "till"


def test_answers_of_another_destination_or_of_long_ago_are_not_used(tmp_path: Path) -> None:
    road = road_of(tmp_path, "q: {type: str, help: What}\n")
    for destination in ("one", "two"):
        with terminal(paved("new", destination, "--road", road, "--dry-run"), tmp_path) as screen:
            screen.answer("1/1 What", destination, ENTER)
            assert screen.end() == 0, screen.screen
    for path in Path(os.environ["PAVED_CACHE"], "answers").iterdir():
        os.utime(path, (0, 0))
    with terminal(paved("new", "one", "--road", road), tmp_path) as screen:
        screen.answer("1/1 What", "again", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "one") == {"q": "again"}


# -- the terminal --------------------------------------------------------------------------------------------------


def test_everything_is_drawn_on_standard_error(tmp_path: Path) -> None:
    words = " ".join(map(str, paved("new", "svc", "--road", road_of(tmp_path, MANY))))
    with terminal(["sh", "-c", f"{words} > out"], tmp_path) as screen:
        for place in ("1/4", "2/4", "3/4", "4/4", "Write it?"):
            screen.answer(place, ENTER)
        assert screen.end() == 0, screen.screen
    out = (tmp_path / "out").read_text()
    assert out.startswith("stamped svc")
    assert "\x1b" not in out


def test_a_narrow_terminal_wraps_and_cuts_no_word(tmp_path: Path) -> None:
    words = "Which of the many teams of this company shall be woken up when it fails at night"
    road = road_of(tmp_path, f"q: {json.dumps({'type': 'str', 'help': words, 'choices': [words, 'nobody at all']})}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path, columns=40) as screen:
        screen.see(f"1/1 {words}", f"> {words}", "nobody at all", "Enter accepts")
        screen.press(ENTER)
        screen.see(f"{words}: {words}", "Write it?")
        screen.press(ENTER)
        assert screen.end() == 0, screen.screen


@pytest.mark.parametrize("plain", [True, False])
def test_colour_is_a_matter_of_no_color(tmp_path: Path, plain: bool) -> None:
    road = road_of(tmp_path, MANY)
    with terminal(paved("new", "svc", "--road", road), tmp_path, NO_COLOR="1" if plain else "") as screen:
        screen.answer("1/4", "a b", ENTER)
        screen.answer("use no spaces", CTRL_C)
        assert screen.end() == 130
    colours = re.findall(rb"\x1b\[[\d;]*(?:3[0-7]|9[0-7])[\d;]*m", screen.raw)
    assert (not colours) == plain


def test_what_a_template_says_is_made_visible(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202eevil"
    question = {
        "type": "str", "help": f"Help{evil}", "placeholder": f"p{evil}", "choices": [f"one{evil}", "two"],
        "validator": f"{{% if q == 'two' %}}wrong{evil}{{% endif %}}",
    }  # fmt: skip
    road = road_of(tmp_path, f"q: {json.dumps(question)}\nw: {json.dumps({'type': 'str', 'default': f'd{evil}'})}\n")
    with terminal(paved("new", "svc", "--road", road), tmp_path) as screen:
        screen.see("Help\\x1b]0;owned\\x07", "one\\x1b]0;owned\\x07")
        screen.press("two", ENTER)
        screen.answer("wrong\\x1b]0;owned", UP, ENTER)
        screen.answer("2/2", ENTER)
        screen.answer("Write it?", ENTER)
        assert screen.end() == 0, screen.screen
    for command in (b"\x1b]0", b"\x1b[2J", "\u202e".encode(), b"\x07"):
        assert command not in screen.raw
    assert recorded(tmp_path / "svc") == {"q": f"one{evil}", "w": f"d{evil}"}


def test_a_dumb_terminal_is_asked_line_by_line(tmp_path: Path) -> None:
    road = road_of(tmp_path, f"{MANY}text: {{type: str, multiline: true}}\n", FIRST)
    with terminal(paved("new", "svc", "--road", road), tmp_path, TERM="dumb") as screen:
        screen.answer("1/3 Name of the service (orders):", "two words\n")
        screen.answer("use no spaces", "shop\n")
        screen.answer("2/3 Who owns it (shop-team):", "<\n")
        screen.answer("Name of the service (shop):", "\n")
        screen.press("\n")
        screen.answer("3/3 text; a line with . alone ends it:", "one\ntwo\n.\n")
        screen.answer("Customise the other two? (no):", "maybe\n")
        screen.answer("type y or n", "n\n")
        screen.answer("Write it? [Y/n, or the number of an answer to change]:", "\n")
        assert screen.end() == 0, screen.screen
    assert b"\x1b" not in screen.raw
    assert recorded(tmp_path / "svc") == {
        "name": "shop", "package": "shop_pkg", "owner": "shop-team", "size": "s", "text": "one\ntwo",
    }  # fmt: skip


def test_what_is_typed_ahead_answers_the_next_questions(tmp_path: Path) -> None:
    with terminal(paved("new", "svc", "--road", road_of(tmp_path, MANY)), tmp_path) as screen:
        screen.answer("1/4", "shop", ENTER, "pack", ENTER, "us", ENTER, "Large", ENTER, ENTER)
        assert screen.end() == 0, screen.screen
    assert recorded(tmp_path / "svc") == {"name": "shop", "package": "pack", "owner": "us", "size": "l"}


def test_first_names_questions_that_exist(tmp_path: Path) -> None:
    road = road_of(tmp_path, MANY, "questions: {first: [name, onwer]}\n")
    with terminal(paved("new", "svc", "--road", road, "--defaults"), tmp_path) as screen:
        assert screen.end() == 2
        assert "questions.first names 'onwer'" in screen.text
        assert "did you mean owner?" in screen.text
