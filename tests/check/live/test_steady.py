"""What counts as the same answer, and which log lines are alike."""

from __future__ import annotations

import pytest

from paved_road.check.contract.model import Sample
from paved_road.check.live.steady import KnownSample, facts, shape_of
from paved_road.process.ask import Reply


def reply(body: str, status: int = 200) -> Reply:
    return Reply(status=status, body=body.encode())


def known(*bodies: str) -> KnownSample:
    return KnownSample(sample=Sample(method="GET", target="/"), answers=tuple(reply(body) for body in bodies), calls={})


def test_facts_are_the_values_of_an_answer() -> None:
    assert facts(reply('{"a": [1, {"b": null}], "c": {}}')) == {".a[0]": 1, ".a[1].b": None, ".c": {}}
    assert facts(reply("hello")) == {"": "hello"}
    assert facts(reply("[" * 100_000)) == {"": "[" * 100_000}


@pytest.mark.parametrize(
    ("steady", "hurt", "now", "recovered"),
    [
        (('{"stock": 17}',) * 2, '{"stock": null}', '{"stock": 17}', True),
        (('{"stock": 17}',) * 2, '{"stock": null}', '{"stock": null}', False),
        (('{"stock": 17}',) * 2, '{"stock": null}', '{"stock": 16}', True),  # it changes, but is none of the fallback
        (('{"at": 1, "a": 1}', '{"at": 2, "a": 1}'), '{"at": 3}', '{"at": 4, "a": 1}', True),
        (('{"at": 1, "a": 1}',) * 2, '{"at": 2}', '{"at": 3, "a": 1}', True),  # a time that did not change at first
        (('{"a": 1, "b": 2}',) * 2, '{"a": 1}', '{"a": 1}', False),  # the fallback leaves something out
        (("hello", "hello"), "sorry", "sorry", False),
        (("hello", "hello"), "sorry", "hello", True),
    ],
)  # fmt: skip
def test_recovered_is_what_no_longer_is_as_under_the_fault(
    steady: tuple[str, ...], hurt: str, now: str, recovered: bool
) -> None:
    assert known(*steady).is_recovered(reply(now), reply(hurt)) is recovered


def test_an_error_is_no_recovery() -> None:
    assert not known("a", "a").is_recovered(reply("a", status=503), Reply(error="no answer"))
    assert known("a", "a").is_recovered(reply("a"), Reply(error="no answer"))


def test_a_degraded_answer_says_something_else() -> None:
    assert known('{"stock": 17, "at": 1}', '{"stock": 17, "at": 2}').is_changed(reply('{"stock": 0, "at": 3}'))
    assert not known('{"stock": 17, "at": 1}', '{"stock": 17, "at": 2}').is_changed(reply('{"stock": 17, "at": 3}'))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("GET /orders/1 200 1.2ms", "GET /orders/2 200 1.1 s", True),
        ("trace=4bf92f3577b34da6a3ce929d0e0e4736 ok", "trace=00f067aa0ba902b7a3ce929d0e0e4731 ok", True),
        ('{"at": 1711.25, "event": "request"}', '{"at": 1712.5, "event": "request"}', True),
        ('{"event": "request"}', '{"event": "dependency failed"}', False),
        ("INFO served", "WARNING served", False),
    ],
)
def test_log_lines_are_alike_whatever_numbers_they_hold(one: str, other: str, alike: bool) -> None:
    assert (shape_of(one) == shape_of(other)) is alike
