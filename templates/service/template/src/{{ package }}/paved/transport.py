"""Requests of the resilience client over httpx2, one span each."""

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
from opentelemetry import propagate
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from . import context
from .resilience.model import Dependency, Request, Response, TransportError


class HttpTransport:
    def __init__(self, dependency: Dependency, tracer: Tracer) -> None:
        policy = dependency.policy
        self._max_body = policy.max_body
        self._tracer = tracer
        self._attributes = {"peer.service": dependency.name}
        self._base_url = dependency.base_url.rstrip("/")
        # Time and concurrency are limited by the resilience client; a second limit here would only hide it.
        # Bodies are not compressed: a small compressed body may be a large one.
        # Cookies are not kept: what is set for one user would be sent with the requests of all.
        self._http = httpx2.AsyncClient(
            timeout=None,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=policy.max_concurrency),
            headers={"Accept-Encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def send(self, request: Request, left: float) -> Response:
        if not request.path.startswith("/"):
            raise ValueError("a path begins with a slash")  # or it could change the host: @elsewhere/
        attributes = {**self._attributes, "http.request.method": request.method}
        with self._tracer.start_as_current_span(
            request.method, kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            headers = {**context.outbound_headers(left), **request.headers}
            propagate.inject(headers)
            url = self._base_url + request.path
            try:
                async with self._http.stream(
                    request.method, url, headers=headers, content=request.body or None
                ) as response:
                    span.set_attribute("http.response.status_code", response.status_code)
                    if response.status_code >= 400:
                        span.set_status(StatusCode.ERROR)
                    body = await self._read(response)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                raise TransportError(str(error), sent=False) from error
            except httpx2.HTTPError as error:
                raise TransportError(str(error)) from error
            except asyncio.CancelledError:  # time is up, or nobody waits any more
                span.set_status(StatusCode.ERROR, "cancelled")
                raise
        return Response(status=response.status_code, headers=dict(response.headers), body=body)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _read(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_body:
                raise TransportError(f"response body larger than {self._max_body} bytes")
        return bytes(body)
