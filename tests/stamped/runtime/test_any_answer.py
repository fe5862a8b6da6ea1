"""Whatever a dependency answers, a call ends in time, in an answer that is right or in a DependencyError."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from paved.resilience.client import Client
from paved.resilience.model import Dependency, DependencyError, Policy, Reason, Request, Response
from pydantic import BaseModel
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["stock", "more"]), inner),
    max_leaves=5,
)
BODY = st.binary(max_size=50) | JSON.map(lambda value: json.dumps(value).encode())
CONTENT_TYPE = st.sampled_from(["application/json", "application/a+json;charset=utf-8", "text/html"]) | st.text()


class Stock(BaseModel):
    stock: int


class Answers:
    """A transport that always gets the same answer."""

    def __init__(self, response: Response) -> None:
        self.response = response

    async def send(self, request: Request, left: float) -> Response:  # noqa: ARG002
        return self.response


def client_of(response: Response, loop: VirtualTimeLoop) -> Client:
    policy = Policy(deadline=2.0, retry_floor=1)
    return Client(Dependency(name="inventory", base_url="", policy=policy), Answers(response), clock=loop.time)


@pytest.mark.parametrize("status", [429, 503])
@settings(max_examples=400, deadline=None)
@given(retry_after=TEXT)
@example(retry_after="Tue, 24 Nov 2026 00:00:00 +9999999999999999999")
@example(retry_after="9" * 5000)
def test_no_text_in_retry_after_breaks_a_call(status: int, retry_after: str) -> None:
    loop = VirtualTimeLoop()
    client = client_of(Response(status=status, headers={"retry-after": retry_after}), loop)
    begun = loop.time()
    try:
        with suppress(DependencyError):
            loop.run_until_complete(client.get("/"))
        assert loop.time() - begun <= 2.0
    finally:
        loop.close()


@settings(max_examples=400, deadline=None)
@given(status=st.integers(200, 599), content_type=CONTENT_TYPE, body=BODY)
def test_an_answer_is_right_or_an_error(status: int, content_type: str, body: bytes) -> None:
    loop = VirtualTimeLoop()
    client = client_of(Response(status=status, headers={"content-type": content_type}, body=body), loop)
    try:
        answer = loop.run_until_complete(client.get("/", Stock))
    except DependencyError as error:
        assert status >= 300 or error.reason is Reason.CONTRACT_FAILURE  # noqa: PT017
    else:
        assert status < 300
        assert answer.value.stock == int(json.loads(body)["stock"])
    finally:
        loop.close()
