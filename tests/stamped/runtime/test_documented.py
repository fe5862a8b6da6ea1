"""What the documentation shows of the client exists, and the defaults that it gives reasons for are the defaults."""

from __future__ import annotations

import re
from pathlib import Path

from paved.resilience import model

DOCS = Path(__file__).parents[3] / "docs"


def test_the_dependency_of_the_how_to_can_be_declared() -> None:
    page = (DOCS / "how-to" / "declare-a-dependency.md").read_text()
    code = (
        page.split("```python\n")[1]
        .split("```")[0]
        .replace("from ..paved import", "from paved.resilience.model import")
    )
    names: dict[str, object] = {}
    exec(compile(code, "how-to", "exec"), names)
    declare = names["dependency"]
    assert callable(declare)
    declared = declare("http://prices.test")
    assert isinstance(declared, model.Dependency)
    assert isinstance(declared.fallback, model.StaleIfError)


def test_the_defaults_are_the_documented_ones() -> None:
    page = (DOCS / "explanation" / "resilience.md").read_text()
    rows = dict(re.findall(r"^\| ([a-z ]+) \| ([^|]+) \|", page, re.MULTILINE))
    policy = model.Policy()
    numbers = {name: [float(each) for each in re.findall(r"\d+(?:\.\d+)?", text)] for name, text in rows.items()}
    assert numbers["total deadline"][0] == policy.deadline
    assert numbers["attempt timeout"] == [policy.attempt_timeout]
    assert numbers["attempts"] == [policy.attempts]
    assert numbers["pause"] == [policy.backoff * 1000, policy.backoff_max]
    assert numbers["retry budget"] == [policy.retry_ratio * 100, policy.window, policy.retry_floor]
    breaker = [policy.failure_rate * 100, policy.min_calls, policy.window, policy.open_seconds]
    assert numbers["circuit breaker"] == breaker
    assert numbers["bulkhead"] == [policy.max_concurrency, policy.max_waiting]
    assert policy.hedge_after is None
    assert rows["hedging"] == "off"
    assert policy.max_body == numbers["response body"][0] * 1024 * 1024
