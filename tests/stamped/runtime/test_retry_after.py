"""Whatever a dependency writes into Retry-After, a call ends in time, in an answer or in a DependencyError."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from paved.resilience.client import Client
from paved.resilience.model import Dependency, DependencyError, Policy, Request, Response
from virtual_time import VirtualTimeLoop

NUMBER = st.integers(-(10**30), 10**30).map(str) | st.text("0123456789", max_size=20)
DATE = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Tue", "Fri", "Tuesday", ""]),
    NUMBER,
    st.sampled_from(["Jan", "Nov", "Dec", "Foo"]),
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    st.sampled_from(["GMT", "UTC", "-0000", "EST", ""]) | st.integers(-(10**22), 10**22).map("{:+d}".format),
)
TEXT = NUMBER | DATE | st.floats().map(str) | st.text(st.characters(max_codepoint=255)) | st.text()


@pytest.mark.parametrize("status", [429, 503])
@settings(max_examples=400, deadline=None)
@given(retry_after=TEXT)
@example(retry_after="Tue, 24 Nov 2026 00:00:00 +9999999999999999999")
@example(retry_after="9" * 5000)
def test_no_text_breaks_a_call(status: int, retry_after: str) -> None:
    class Busy:
        async def send(self, request: Request, left: float) -> Response:  # noqa: ARG002
            return Response(status=status, headers={"retry-after": retry_after})

    loop = VirtualTimeLoop()
    policy = Policy(deadline=2.0, retry_floor=1)
    client = Client(Dependency(name="inventory", base_url="", policy=policy), Busy(), clock=loop.time)
    begun = loop.time()
    try:
        with suppress(DependencyError):
            loop.run_until_complete(client.get("/"))
        assert loop.time() - begun <= policy.deadline
    finally:
        loop.close()
