"""The twin: a small service that does everything right, and one thing wrong for each word of its command line.

It uses the standard library and h11 alone, so it starts in a tenth of a second. It is no model of good code: it is the
smallest program in which every fault that a live check must catch can be seeded.

    GET /orders/N      asks inventory (not critical) for the stock; answers without it when it must
    POST /orders       tells payments (critical), once
    probes and metrics /livez /readyz /startupz /metrics, on INTERNAL_PORT
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import random
import re
import signal
import socket
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import h11

FAULTS = set(sys.argv[1:])
BODY_LIMIT = 100_000
SLOWEST_CLIENT = 1.0  # seconds for a whole request
DRAIN, GRACE = 0.3, 5.0  # seconds
REQUEST_SECONDS = 1.5
ATTEMPT_SECONDS, ATTEMPTS = 0.3, 2
AT_ONCE = 50
BUSY = b"HTTP/1.1 503 Busy\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
ADDRESSES = ("INVENTORY_URL", "PAYMENTS_URL")
ROUTES = ("/orders/{id}", "/orders", "/crash")


def wrong(fault: str) -> bool:
    return fault in FAULTS


if wrong("long-attempts"):
    ATTEMPT_SECONDS = 1.2


class Problem(Exception):
    def __init__(self, status: int, title: str, **headers: str) -> None:
        self.status, self.title, self.headers = status, title, headers


class Unavailable(Exception):
    retry_after = 0.0


class NotTried(Unavailable):
    """The dependency was left alone, so this says nothing about it."""


# -- logs and metrics --------------------------------------------------------------------------------------------------


METRICS: Counter[str] = Counter()
BUCKETS = (0.1, 0.5, 1.0, float("inf"))  # seconds
LINES: queue.Queue[bytes] = queue.Queue(10_000)


def log(event: str, level: str = "info", **fields: object) -> None:
    """Never waits for who reads: a thread writes the lines."""
    line = (json.dumps({"time": time.time(), "level": level, "event": event, **fields}) + "\n").encode()
    if wrong("plain-log-line") and event == "dependency failed":
        line = f"{event}: {fields}\n".encode()
    if wrong("forged-log-line") and "path" in fields:
        known = f"level={level} time={time.time()} msg={event} trace={fields['trace']}"
        line = f"{known} path={unquote(str(fields['path']))}\n".encode()
    if wrong("blocks-on-stdout"):
        os.write(1, line)
        return
    with contextlib.suppress(queue.Full):
        LINES.put_nowait(line)


def write_lines() -> None:
    while True:
        try:
            os.write(1, LINES.get())
        except OSError:
            if wrong("dies-without-stdout"):
                os._exit(1)
        LINES.task_done()


def last_lines() -> None:
    """Write what waits, for at most a second."""
    until = time.monotonic() + 1
    while LINES.unfinished_tasks and time.monotonic() < until:
        time.sleep(0.01)


def count(name: str, *, by: float = 1, **labels: object) -> None:
    METRICS[name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"] += by  # type: ignore[assignment]


def observe(route: str, seconds: float) -> None:
    for limit in BUCKETS:
        if seconds <= limit:
            count("request_seconds_bucket", route=route, le="+Inf" if limit == BUCKETS[-1] else limit)
    count("request_seconds_sum", by=seconds, route=route)
    count("request_seconds_count", route=route)


def exposition() -> str:
    lines = []
    for name, kind in (
        ("dependency_failures_total", "counter"), ("errors_total", "counter"), ("requests_total", "counter"),
        ("request_seconds", "histogram"), ("requests_in_flight", "gauge"),
    ):  # fmt: skip
        lines.append(f"# TYPE {name} {kind}")
        lines += [f"{series} {value}" for series, value in METRICS.items() if series.startswith(name)]
    return "\n".join([*lines, *(["up{}down 1"] if wrong("malformed-metrics") else [])]) + "\n"


# -- what it calls -----------------------------------------------------------------------------------------------------


class Client:
    """Calls one dependency: a bulkhead, a breaker, retries of what is idempotent, and a deadline."""

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url = name, urlsplit(url)
        self.places = asyncio.Semaphore(1000 if wrong("no-bulkhead") else 10)
        self.waiting = 0
        self.failures, self.open_until, self.probing = 0, 0.0, False
        self.forgotten: list[asyncio.StreamWriter] = []

    async def call(self, method: str, path: str, trace: str, deadline: float) -> object:
        attempts = ATTEMPTS if method == "GET" or wrong("retries-post") else 1
        stubborn = wrong("retry-storm") or wrong("no-breaker")
        if wrong("retry-storm"):
            attempts = 10
        if wrong("four-attempts") and method == "GET":
            attempts = 4
        for attempt in range(attempts):
            try:
                value = await self._guarded(method, path, trace, deadline)
                self.failures = 0
                return value
            except NotTried:
                raise
            except (OSError, TimeoutError, Unavailable, h11.RemoteProtocolError, ValueError) as error:
                self.failures += 1
                if self.failures >= 5:
                    self.open_until = time.monotonic() + (3600 if wrong("breaker-stays-open") else 0.5)
                reason = f"{type(error).__name__}: {error}"
                if not wrong("silent"):
                    count("dependency_failures_total", dependency=self.name)
                    url = self.url.geturl() if wrong("shows-url") else ""
                    log("dependency failed", "warning", dependency=self.name, reason=reason, trace=trace, url=url)
                retryable = not isinstance(error, ValueError) or wrong("retries-4xx")
                if attempt + 1 == attempts or not retryable or (self.failures >= 5 and not stubborn):
                    raise Unavailable(reason) from None
                pause = random.uniform(0.02, 0.06)
                if isinstance(error, Unavailable) and not wrong("ignores-retry-after"):
                    pause += error.retry_after
                if wrong("retries-at-once") or wrong("retries-in-step"):
                    pause = 0.0 if wrong("retries-at-once") else 0.1
                if time.monotonic() + pause > deadline:
                    raise Unavailable(reason) from None
                await asyncio.sleep(pause)
        raise AssertionError

    async def _guarded(self, method: str, path: str, trace: str, deadline: float) -> object:
        """One attempt, if the breaker lets it, in one of the bulkhead's places."""
        probes = self.failures >= 5 and not wrong("no-half-open")
        if not wrong("no-breaker") and (time.monotonic() < self.open_until or (probes and self.probing)):
            raise NotTried("the breaker is open")
        if self.places.locked() and self.waiting >= 10:
            raise NotTried("the bulkhead is full")
        left, unlimited = deadline - time.monotonic(), self.waits() or wrong("timeout-per-read")
        longest = 1.2 if wrong("reads-huge") else ATTEMPT_SECONDS  # on a busy machine, 64 MB take a while
        self.probing, self.waiting = self.probing or probes, self.waiting + 1
        waits = True
        try:
            async with asyncio.timeout(3600 if unlimited else min(longest, left)):
                async with self.places:
                    self.waiting, waits = self.waiting - 1, False
                    return await self._attempt(method, path, trace, left)
        finally:
            self.waiting -= waits
            if probes:
                self.probing = False

    def waits(self) -> bool:
        return wrong("no-timeout") or (wrong("waits-for-payments") and self.name == "payments")

    async def _attempt(self, method: str, path: str, trace: str, left: float) -> object:
        tls = True if wrong("speaks-tls") and self.name == "inventory" else None
        reader, writer = await asyncio.open_connection(self.url.hostname, self.url.port, ssl=tls)
        try:
            protocol = h11.Connection(h11.CLIENT)
            headers = [("host", f"{self.url.hostname}:{self.url.port}"), ("content-length", "0")]
            if not wrong("no-trace-out"):
                headers.append(("traceparent", f"00-{trace}-{uuid.uuid4().hex[:16]}-01"))
            if not wrong("no-deadline-out"):
                headers.append(("x-request-timeout-ms", str(int(left * 1000))))
            request = h11.Request(method=method, target=self.url.path + path, headers=headers)
            writer.write((protocol.send(request) or b"") + (protocol.send(h11.EndOfMessage()) or b""))
            status, body, answered = 0, bytearray(), {}
            while True:
                event = protocol.next_event()
                if event is h11.NEED_DATA:
                    async with asyncio.timeout(3600 if self.waits() else ATTEMPT_SECONDS):
                        protocol.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Response):
                    status, answered = event.status_code, dict(event.headers)
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > BODY_LIMIT and not wrong("reads-huge"):
                        raise Unavailable("the answer is too large")
                else:
                    break
            if status >= 500 or status == 429:
                unavailable = Unavailable(f"status {status}")
                unavailable.retry_after = float(answered.get(b"retry-after", 0))
                raise unavailable
            if status >= 400:
                raise ValueError(f"status {status}")
            return json.loads(body)
        finally:
            if wrong("leaves-calls-open"):
                self.forgotten.append(writer)
            else:
                writer.close()


# -- what it answers ---------------------------------------------------------------------------------------------------


def is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


class Service:
    def __init__(self) -> None:
        problems = [f"{name} is not set" for name in ("PORT", "INTERNAL_PORT", *ADDRESSES) if name not in os.environ]
        problems += [
            f"{name} is no port" for name in ("PORT", "INTERNAL_PORT") if not os.environ.get(name, "1").isdigit()
        ]
        shown = os.environ.get("INVENTORY_URL", "") if wrong("shows-setting") else ""
        problems += [
            f"{name} is no address {shown}" for name in ADDRESSES
            if not re.fullmatch(r"http://(\S+@)?[\w.-]+:\d+", os.environ.get(name, "http://x:1"))
            and not wrong("believes-addresses")
        ]  # fmt: skip
        if problems:
            raise ValueError("wrong settings" if wrong("unnamed-setting") else "; ".join(problems))
        self.port, self.internal_port = int(os.environ["PORT"]), int(os.environ["INTERNAL_PORT"])
        if wrong("refuses-passwords") and "@" in (url := os.environ["INVENTORY_URL"]):
            raise ValueError(f"INVENTORY_URL has a password{f': {url}' if wrong('shows-url') else ''}")
        self.inventory = Client("inventory", os.environ["INVENTORY_URL"])
        self.payments = Client("payments", os.environ["PAYMENTS_URL"])
        self.started, self.draining = False, False
        self.in_flight, self.payments_up = 0, True
        self.api_key = os.environ.get("API_KEY", "")

    async def orders(self, method: str, path: str, trace: str, deadline: float) -> object:
        if path == "/crash":
            raise RuntimeError("seeded")
        if path == "/openapi.json" and method == "GET":
            document = json.loads(Path(__file__).with_name("openapi.json").read_text())
            if wrong("api-drifted"):
                del document["paths"]["/orders"]
            return document
        if path == "/orders" and method == "POST":
            paying = self.payments.call("POST", "/payments", trace, deadline)
            if wrong("acknowledges-first"):
                asyncio.get_running_loop().call_later(0.3, asyncio.ensure_future, paying)
                return {"paid": "soon"}
            try:
                return await paying
            except Unavailable:
                if wrong("fails-without-critical"):
                    raise
                raise Problem(503, "payments are down") from None
        if not path.startswith("/orders/"):
            raise Problem(404, "not found")
        if method not in ("GET", "HEAD"):
            raise Problem(405, "method not allowed", allow="GET")
        number = path.removeprefix("/orders/")
        if wrong("crashes-on-input"):
            int(number)
        if not number.isascii() or not number.isdigit():
            raise Problem(422, "the number of an order is digits")
        try:
            value = await self.inventory.call("GET", f"/items/{number}", trace, deadline)
            stock = value["stock"] if isinstance(value, dict) or wrong("trusts-answers") else None  # type: ignore[index]
            degraded = not isinstance(stock, int)
            if degraded and not wrong("silent"):
                count("dependency_failures_total", dependency="inventory")
                log("dependency failed", "warning", dependency="inventory", reason="no stock", trace=trace)
            if degraded or (wrong("stays-degraded") and METRICS["was_degraded"]):
                raise Unavailable("no stock in the answer")
        except Unavailable as error:
            if wrong("no-fallback") or (wrong("no-fallback-for-500") and "status 500" in str(error)):
                raise Problem(502, "inventory is down") from None
            stock, degraded = "unknown", True
            METRICS["was_degraded"] += "Timeout" in str(error)
            if wrong("second-source") or wrong("trusts-second-source"):
                stock = await self.second_source(number, trace, deadline)
        except KeyError as error:
            if wrong("trusts-answers"):
                raise
            count("dependency_failures_total", dependency="inventory")
            log("dependency failed", "warning", dependency="inventory", reason=f"no {error}", trace=trace)
            stock, degraded = "unknown", True
        return {"id": int(number), "stock": stock, "degraded": degraded}

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """One of the places of requests in flight."""
        kept = 0
        self.in_flight += 1
        count("requests_in_flight")
        try:
            yield
        except asyncio.CancelledError:
            kept = wrong("leaks-places")
            raise
        finally:
            self.in_flight -= 1 - kept
            count("requests_in_flight", by=kept - 1)

    async def second_source(self, number: str, trace: str, deadline: float) -> str:
        """What payments says where inventory has no answer."""
        try:
            await self.payments.call("GET", f"/stock/{number}", trace, deadline)
        except Unavailable:
            if wrong("trusts-second-source"):
                raise
        return "unknown"

    async def answer(self, request: h11.Request, body: bytes) -> tuple[int, object, dict[str, str]]:
        headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
        path = urlsplit(request.target.decode("latin-1")).path
        parts = headers.get("traceparent", "").split("-")
        trace = parts[1] if len(parts) == 4 else uuid.uuid4().hex
        own = {"traceparent": f"00-{trace}-{uuid.uuid4().hex[:16]}-01"}
        seconds = REQUEST_SECONDS
        with contextlib.suppress(KeyError, ValueError):
            if not wrong("ignores-deadline"):
                seconds = min(seconds, int(headers["x-request-timeout-ms"]) / 1000)
        began = time.monotonic()
        method = request.method.decode("latin-1")
        try:
            if self.in_flight >= (5 if wrong("refuses-early") else AT_ONCE) and not wrong("no-limit"):
                raise Problem(503, "busy", **{"retry-after": "1"})
            if body and "json" in headers.get("content-type", "") and not is_json(body):
                raise Problem(422, "not JSON")
            waits = wrong("no-timeout") or (wrong("waits-for-payments") and path == "/orders")
            with self.place():
                async with asyncio.timeout(None if waits else seconds + 0.2):
                    status, value = 200, await self.orders(method, path, trace, began + seconds)
        except Problem as problem:
            status, value = problem.status, {"title": problem.title, "status": problem.status}
            own |= problem.headers
        except TimeoutError:
            status, value = 504, {"title": "out of time", "status": 504}
        except Exception as error:
            if wrong("silent-crash"):
                return 500, {"title": "internal error", "status": 500}, own
            if wrong("shows-page"):
                return 500, f"<!doctype html><title>{error}</title>", own
            count("errors_total")
            key = self.api_key if wrong("shows-secret") else ""
            log("handler failed", "error", error=f"{type(error).__name__}: {error}", trace=trace, key=key)
            shown = f"Traceback (most recent call last): {error}" if wrong("shows-stack") else "internal error"
            status, value = 500, {"title": shown, "status": 500}
        route = path if wrong("raw-labels") else "/orders/{id}" if path.startswith("/orders/") else path
        if route not in ROUTES and not wrong("raw-labels"):
            route = "other"
        if not wrong("counts-nothing"):
            count("requests_total", method=method if method in ("GET", "POST") else "other", route=route, status=status)
        if not wrong("no-latency"):
            observe(route, time.monotonic() - began)
        seen = headers if wrong("shows-headers") else {}
        traced = "" if wrong("no-trace-log") else trace
        log("request", method=method, path=path[:200], status=status, trace=traced, headers=seen)
        if not wrong("no-trace-back"):
            return status, value, own
        return status, value, {}

    async def probe(self, request: h11.Request, _: bytes) -> tuple[int, object, dict[str, str]]:
        path = request.target.decode("latin-1")
        if path == "/livez":
            down = wrong("live-asks-dependencies") and not await self.reachable()
            return (503 if down else 200), {"status": "live"}, {}
        if path == "/startupz":
            return (200 if self.started else 503), {}, {}
        if path == "/readyz":
            if self.draining and not wrong("ready-while-draining"):
                return 503, {"status": "draining"}, {}
            up = wrong("ready-without-critical") or await self.reachable()
            if wrong("ready-asks-everything"):
                up = up and not self.inventory.failures
            return (200 if self.started and up else 503), {"payments": up}, {}
        if path == "/metrics":
            return 200, exposition(), {}
        return 404, {}, {}

    async def reachable(self) -> bool:
        """Whether payments answers."""
        try:
            async with asyncio.timeout(0.3):
                await self.payments._attempt("GET", "/livez", uuid.uuid4().hex, 0.3)
            self.payments_up = True
        except (OSError, TimeoutError, Unavailable, h11.RemoteProtocolError):
            self.payments_up = False
        except ValueError:
            self.payments_up = True
        if self.payments_up and wrong("never-recovers"):
            self.payments_up = not METRICS["was_down"]
        if not self.payments_up:
            METRICS["was_down"] = 1
        return self.payments_up


class Server:
    """Speaks HTTP/1.1 on one port."""

    def __init__(self, service: Service, handler: object) -> None:
        self.service, self.handler = service, handler
        self.busy: set[asyncio.Task[None]] = set()
        self.idle: set[asyncio.StreamWriter] = set()
        self.open: set[asyncio.Task[None]] = set()

    async def accept(self, listening: socket.socket) -> None:
        """Accept one connection after the other, and refuse those that are too many before anything is read."""
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                accepted, _ = await loop.sock_accept(listening)
                busy = len(self.busy) if wrong("slow-clients-take-slots") else self.service.in_flight
                if busy >= AT_ONCE:
                    with contextlib.suppress(OSError), accepted:
                        accepted.send(BUSY)
                    continue
                reader, writer = await asyncio.open_connection(sock=accepted, limit=2**20)
                task = asyncio.ensure_future(self.connection(reader, writer))
                self.open.add(task)
                task.add_done_callback(self.open.discard)

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=16_384)
        task = asyncio.current_task()
        assert task is not None
        try:
            while True:
                self.idle.add(writer)
                first = b"" if protocol.trailing_data[0] else await reader.read(65536)
                self.idle.discard(writer)
                self.busy.add(task)
                if not protocol.trailing_data[0]:
                    protocol.receive_data(first)
                status, value, headers = await self.exchange(protocol, reader)
                await self.send(protocol, writer, status, value, headers)
                self.busy.discard(task)
                if self.service.draining or protocol.our_state is not h11.DONE or protocol.their_state is not h11.DONE:
                    break
                protocol.start_next_cycle()
        except (ConnectionError, h11.LocalProtocolError, asyncio.CancelledError):
            pass
        finally:
            self.idle.discard(writer)
            self.busy.discard(task)
            writer.close()

    async def exchange(
        self, protocol: h11.Connection, reader: asyncio.StreamReader
    ) -> tuple[int, object, dict[str, str]]:
        request, body = None, bytearray()
        try:
            async with asyncio.timeout(None if wrong("no-body-limit") else SLOWEST_CLIENT):
                while True:
                    event = protocol.next_event()
                    if event is h11.NEED_DATA:
                        protocol.receive_data(await reader.read(65536))
                    elif isinstance(event, h11.Request):
                        request = event
                    elif isinstance(event, h11.Data):
                        body += event.data
                        if len(body) > BODY_LIMIT and not wrong("no-body-limit"):
                            return 413, {"title": "too large", "status": 413}, {"connection": "close"}
                    elif isinstance(event, h11.EndOfMessage):
                        break
                    else:
                        raise ConnectionResetError
        except TimeoutError:
            return 408, {"title": "too slow", "status": 408}, {"connection": "close"}
        except h11.RemoteProtocolError as error:
            return error.error_status_hint, {"title": "malformed", "status": 400}, {"connection": "close"}
        assert request is not None
        working = asyncio.ensure_future(self.handler(request, bytes(body)))  # type: ignore[operator]
        leaving = asyncio.ensure_future(reader.read(65536))
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if leaving.done() and not leaving.result() and not wrong("works-for-nobody"):
            working.cancel()
            raise ConnectionResetError
        if not leaving.done():
            leaving.cancel()
            await asyncio.wait((leaving,))  # two reads at once are an error
        elif leaving.result():
            await asyncio.wait((working,))
            protocol.receive_data(leaving.result())
        result: tuple[int, object, dict[str, str]] = await working
        return result

    async def send(
        self, protocol: h11.Connection, writer: asyncio.StreamWriter, status: int, value: object, extra: dict[str, str]
    ) -> None:
        if protocol.our_state is h11.MUST_CLOSE or protocol.our_state is h11.ERROR:
            return
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        kind = "text/plain; version=0.0.4" if isinstance(value, str) else "application/json"
        if status >= 400:
            kind = "text/html" if isinstance(value, str) else "application/problem+json"
        headers = [("content-type", kind), ("content-length", str(len(body))), *extra.items()]
        if self.service.draining:
            headers.append(("connection", "close"))
        data = protocol.send(h11.Response(status_code=status, headers=headers)) or b""
        with contextlib.suppress(h11.LocalProtocolError):  # the answer to HEAD has no body
            data += protocol.send(h11.Data(data=body)) or b""
        data += protocol.send(h11.EndOfMessage()) or b""
        writer.write(data)
        await writer.drain()


async def main() -> None:
    try:
        service = Service()
        if wrong("needs-all-to-start"):
            await service.inventory._attempt("GET", "/", uuid.uuid4().hex, 1.0)
    except ValueError as error:
        sys.stderr.write(f"twin: {error}\n")
        raise SystemExit(0 if wrong("ends-well-anyway") else 2) from None
    public, internal = Server(service, service.answer), Server(service, service.probe)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if wrong("ignores-sigterm"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    try:
        await asyncio.start_server(internal.connection, "127.0.0.1", service.internal_port, backlog=1024)
        if wrong("no-limit"):  # as servers do that take whatever comes
            server = await asyncio.start_server(public.connection, "127.0.0.1", service.port, backlog=1024)
            accepting = asyncio.ensure_future(server.serve_forever())
        else:
            listening = socket.create_server(("127.0.0.1", service.port), backlog=1024)
            listening.setblocking(False)  # noqa: FBT003
            accepting = asyncio.ensure_future(public.accept(listening))
    except OSError as error:
        sys.stderr.write("twin: no\n" if wrong("hides-port-in-use") else f"twin: {error}\n")
        raise SystemExit(3) from None
    service.started = True
    log("started")
    await stop.wait()
    if wrong("no-drain"):
        os._exit(0)
    service.draining = True
    await asyncio.sleep(DRAIN)
    accepting.cancel()
    for writer in list(public.idle):
        writer.close()
    if public.busy and not wrong("forgets-long-requests"):
        await asyncio.wait(public.busy, timeout=None if wrong("waits-forever") else GRACE)
    log("ended")
    last_lines()
    os._exit(1 if wrong("wrong-exit-code") else 0)


if __name__ == "__main__":
    if wrong("deaf-while-starting"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(1.0)
    if wrong("slow-start"):
        time.sleep(1.0)
    socket.setdefaulttimeout(5)
    threading.Thread(target=write_lines, daemon=True).start()
    asyncio.run(main())
