"""Input that no honest client sends: a service refuses it, and neither its memory nor its metrics grow with it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import PATIENCE, Instance, Lab
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check

HUGE_BODY = 96 * 2**20
"""Bytes of a body that no sample is near."""
GROWTH = HUGE_BODY // 2
"""Bytes by which the memory may grow meanwhile: a service that keeps what it gets grows by all of it."""
LARGE_HEADER = 2**20
SLOW_CLIENTS = 100
"""Connections that begin a request and never end it (slowloris)."""
KNOWN, BATCH = 5, 30
"""Unknown paths, methods and ids before the metrics are read first, and between that and the second time."""
NOT_IMPLEMENTED = 501
"""What RFC 9110 (15.6.2) asks for an unknown method."""
GIVES_UP = 3.0
"""Seconds after which a service that neither answers nor closes the connection has refused by waiting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawAnswer:
    """What came back for bytes that may be no request."""

    status: int
    """0 when the connection was closed, or nothing came."""
    text: str

    @property
    def is_refusal(self) -> bool:
        """Whether the service refused: a status of 4xx, 501, or an end without a word."""
        return self.status == 0 or 400 <= self.status < 500 or self.status in (NOT_IMPLEMENTED, 505)


@live_check("hostile-input")
async def hostile_input(lab: Lab) -> None:
    """Large, malformed and slow input is refused with 4xx, costs little memory, and is in nobody else's way."""
    async with lab.service() as service:
        for what, data in _malformed(lab, service).items():
            answer = await _raw(service.port, data)
            lab.expect(
                answer.is_refusal, did=f"sent {what}", observed=answer.text or "the connection was closed",
                expected="a refusal (4xx)",
            )  # fmt: skip
        for sample, what in _refusable(lab):
            reply = await service.ask(sample)
            lab.expect(
                400 <= reply.status < 500 or reply.status == NOT_IMPLEMENTED, did=f"sent {what}", observed=str(reply),
                expected="a refusal (4xx)", excerpt=reply.text[:200],
            )  # fmt: skip
        await _huge_body(lab, service)
        async with _slow_clients(service, SLOW_CLIENTS):
            reply = await service.ask(_usual(lab), within=4 * lab.contract.deadline)
            lab.expect(
                0 < reply.status < 500 and reply.seconds <= lab.contract.deadline,
                did=f"sent {_usual(lab)} while {SLOW_CLIENTS} clients sent theirs byte by byte", observed=str(reply),
                expected=f"an answer within {lab.contract.deadline:g} s",
            )  # fmt: skip
        lab.expect(
            await service.is_live() and service.process.code is None, did=f"asked {lab.contract.live} after all that",
            observed="live" if service.process.code is None else f"it ended with exit code {service.process.code}",
            expected="live",
        )  # fmt: skip


@live_check("bounded-metrics")
async def bounded_metrics(lab: Lab) -> None:
    """Clients cannot make up new time series: paths, methods and ids that they invent share labels.

    Raises `NotApplicable` if the run contract names no metrics.
    """
    if lab.contract.metrics is None:
        raise NotApplicable("the run contract names no path of metrics (probes.metrics)")
    async with lab.service() as service:
        await _invent(lab, service, KNOWN)  # what appears once, such as a status that was not there before
        before = await _series(service)
        await _invent(lab, service, BATCH)
        after = await _series(service)
        new = sorted(after - before)
        lab.expect(
            len(new) < BATCH // 3, did=f"sent {BATCH} made-up paths, methods and ids, and read the metrics",
            observed=f"{len(new)} new time series", expected="about none: a label is a route, never a path",
            excerpt="\n".join(new[:3]),
        )  # fmt: skip


def _usual(lab: Lab) -> Sample:
    """A request that the service knows: the sample, else the readiness probe's path."""
    return lab.contract.samples[0] if lab.contract.samples else Sample(method="GET", target="/")


def _malformed(lab: Lab, service: Instance) -> dict[str, bytes]:
    """What is no proper request, by what it is."""
    target, host = _usual(lab).target, f"Host: 127.0.0.1:{service.port}\r\n"
    long = "x" * LARGE_HEADER
    return {
        "bytes that are no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
        "a header line without a colon": f"GET {target} HTTP/1.1\r\n{host}broken\r\n\r\n".encode(),
        "a Content-Length that is no number": f"POST {target} HTTP/1.1\r\n{host}Content-Length: ten\r\n\r\n".encode(),
        "a chunk whose size is no number": (
            f"POST {target} HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\nzz\r\n".encode()
        ),
        "two lengths that differ": (
            f"POST {target} HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 9\r\n\r\nx".encode()
        ),
        "a header of 1 MiB": f"GET {target} HTTP/1.1\r\n{host}X-Long: {long}\r\n\r\n".encode(),
        "a URL of 1 MiB": f"GET /{long} HTTP/1.1\r\n{host}\r\n".encode(),
    }


def _refusable(lab: Lab) -> list[tuple[Sample, str]]:
    """Proper requests that a service has to refuse, and what each is."""
    usual = _usual(lab)
    path = f"/no-such-path-{lab.random.getrandbits(32):x}"
    found = [
        (Sample(method="GET", target=path), f"GET {path}"),
        (Sample(method="BREW", target=usual.target), f"the unknown method BREW for {usual.target}"),
    ]
    for sample in lab.contract.samples:
        if sample.body and "json" in {key.lower(): value for key, value in sample.headers.items()}.get(
            "content-type", ""
        ):
            broken = Sample(method=sample.method, target=sample.target, headers=sample.headers, body=b'{"broken": ')
            found.append((broken, f"{sample} with a body that is no JSON"))
    return found


async def _huge_body(lab: Lab, service: Instance) -> None:
    """Send a body that is far too large, and watch the memory."""
    usual = next((one for one in lab.contract.samples if one.method in ("POST", "PUT", "PATCH")), None)
    target = (usual or _usual(lab)).target
    head = (
        f"{usual.method if usual else 'POST'} {target} HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {HUGE_BODY}\r\n\r\n"
    ).encode()
    before, largest = service.process.memory(), 0

    async def watch() -> None:
        nonlocal largest
        while True:
            largest = max(largest, service.process.memory())
            await asyncio.sleep(0.02)

    watching = asyncio.ensure_future(watch())
    try:
        answer = await _raw(service.port, head, body=HUGE_BODY)
        largest = max(largest, service.process.memory())
    finally:
        watching.cancel()
    did = f"sent a body of {HUGE_BODY // 2**20} MiB to {target}"
    lab.expect(
        answer.is_refusal, did=did, observed=answer.text or "the connection was closed", expected="a refusal (4xx)"
    )
    lab.expect(
        largest - before <= GROWTH, did=did, observed=f"its memory grew by {max(0, largest - before) // 2**20} MiB",
        expected=f"at most {GROWTH // 2**20} MiB",
    )  # fmt: skip


async def _raw(port: int, data: bytes, *, body: int = 0) -> RawAnswer:
    """Send bytes, and so many more as a body, and read how the service answers."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return RawAnswer(status=0, text="the connection was refused")
    sending = asyncio.ensure_future(_send(writer, data, body))
    try:
        async with asyncio.timeout(PATIENCE if body else GIVES_UP):
            line = await reader.readline()
    except (TimeoutError, OSError, ValueError):
        line = b""
    finally:
        sending.cancel()
        writer.close()
        await asyncio.gather(sending, return_exceptions=True)
    parts = line.split(None, 2)
    status = int(parts[1]) if len(parts) > 1 and line.startswith(b"HTTP/") and parts[1].isdigit() else 0
    return RawAnswer(status=status, text=line.decode(errors="replace").strip())


async def _send(writer: asyncio.StreamWriter, data: bytes, body: int) -> None:
    block = b"[" * 2**16
    with contextlib.suppress(OSError):
        writer.write(data)
        await writer.drain()
        for _ in range(body // len(block)):
            writer.write(block)
            await writer.drain()


@contextlib.asynccontextmanager
async def _slow_clients(service: Instance, number: int) -> AsyncIterator[None]:
    """So many clients that have begun a request, and do not end it."""
    writers = []
    try:
        for _ in range(number):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", service.port)
                writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
                writers.append(writer)
        yield
    finally:
        for writer in writers:
            writer.close()


async def _invent(lab: Lab, service: Instance, number: int) -> None:
    """Send requests with so many paths, methods and ids that nobody sent before."""
    usual = _usual(lab)
    parent = usual.target.split("?")[0].rsplit("/", 1)[0]
    for at in range(number):
        word, count = f"x{lab.random.getrandbits(48):x}", lab.random.getrandbits(40)
        method = "X" + "".join(chr(ord("A") + int(digit, 16)) for digit in word[1:])
        ids = (f"{parent}/{word}", f"{parent}/{count}")  # a service may tell a number from a word
        for each, target in (("GET", f"/{word}/{at}"), *(("GET", one) for one in ids), (method, usual.target)):
            await service.ask(Sample(method=each, target=target))


async def _series(service: Instance) -> set[str]:
    """The time series of the metrics: each name with its labels. A histogram counts once."""
    lines = (await service.metrics()).splitlines()
    series = {line.rsplit(" ", 1)[0] for line in lines if line.strip() and not line.startswith("#")}
    return {re.sub(r'_bucket(?=\{)|_sum(?=[{ ]|$)|_count(?=[{ ]|$)|,?le="[^"]*"', "", one) for one in series}
