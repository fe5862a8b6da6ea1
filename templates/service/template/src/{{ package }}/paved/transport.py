"""Requests of the resilience client over HTTP/1.1, one span each."""

import asyncio
from base64 import b64encode
from urllib.parse import unquote_to_bytes
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2
from opentelemetry import propagate
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from . import context
from .resilience.model import Dependency, Request, Response, TransportError
from .resolver import ResolvingBackend


class HttpTransport:
    """`user_agent` tells the dependency who calls, as `name/version` (RFC 9110, section 10.1.5)."""

    def __init__(self, dependency: Dependency, tracer: Tracer, *, user_agent: str = "paved") -> None:
        policy = dependency.policy
        self._max_body = policy.max_body
        self._tracer = tracer
        self._dependency = dependency.name
        self._base_url = dependency.base_url.rstrip("/")
        # Bodies are not compressed: a small compressed body may be a large one.
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        url = httpx2.URL(self._base_url)
        if url.userinfo:
            self._headers["Authorization"] = f"Basic {b64encode(unquote_to_bytes(url.userinfo)).decode()}"
        # Time and concurrency are limited by the resilience client; a second limit here would only hide it.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context() if url.scheme == "https" else None,
            proxy=_proxy(url),
            max_connections=None,
            max_keepalive_connections=policy.max_concurrency,
            keepalive_expiry=5.0,
            network_backend=ResolvingBackend(),
        )

    async def send(self, request: Request, left: float) -> Response:
        if not request.path.startswith("/"):
            raise ValueError("a path begins with a slash")  # or it could change the host: @elsewhere/
        attributes = {"peer.service": self._dependency, "http.request.method": request.method}
        with self._tracer.start_as_current_span(
            request.method, kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            headers = httpx2.Headers({**self._headers, **context.outbound_headers(left)})
            headers.update(request.headers)
            propagate.inject(headers)
            url = httpx2.URL(self._base_url + request.path)
            target = httpcore2.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            )
            # A request that could have a body says that it has none (RFC 9110, section 8.6).
            content = request.body if request.body or request.method in ("POST", "PUT", "PATCH") else None
            try:
                async with self._pool.stream(
                    request.method, target, headers=headers.raw, content=content
                ) as response:
                    span.set_attribute("http.response.status_code", response.status)
                    if response.status >= 400:
                        span.set_status(StatusCode.ERROR)
                    body = await self._read(response)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                raise TransportError(str(error), sent=False) from error
            except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError) as error:
                raise TransportError(str(error)) from error
            except asyncio.CancelledError:  # time is up, or nobody waits any more
                span.set_status(StatusCode.ERROR, "cancelled")
                raise
        return Response(status=response.status, headers=dict(httpx2.Headers(response.headers)), body=body)

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def _read(self, response: httpcore2.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > self._max_body:
                raise TransportError(f"response body larger than {self._max_body} bytes")
        return bytes(body)


def _proxy(url: httpx2.URL) -> httpcore2.Proxy | None:
    """What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say; the proxy looks up the dependency's name."""
    found = getproxies().get(url.scheme)
    if found is None or proxy_bypass(url.host):
        return None
    proxy = httpx2.Proxy(found)
    return httpcore2.Proxy(str(proxy.url), auth=proxy.raw_auth)
