"""Which wrong answers a dependency gives."""

from __future__ import annotations

import pytest

from paved_road.check.live.standin import Healthy
from paved_road.check.live.wrong_answers import is_read, wrong_answers_for


@pytest.mark.parametrize(
    ("content_type", "body", "read"),
    [
        ("application/json", b'{"stock": 17}', True), ("application/problem+json", b"[1]", True),
        ("application/json", b" {} ", False), ("application/json", b"", False), ("text/plain", b"17", False),
    ],
)  # fmt: skip
def test_only_a_body_that_says_something_is_made_wrong(content_type: str, body: bytes, read: bool) -> None:
    usual = Healthy(status=200, content_type=content_type, body=body)
    assert is_read(usual) is read
    says = [trouble.says for trouble in wrong_answers_for(usual)]
    assert says[:2] == ["answers 401", "answers 403"]
    assert len(says) == (6 if read else 2)
