"""Errors as problem details (RFC 9457)."""

from collections.abc import Mapping
from http.client import responses as phrases
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from . import context
from .logs import get_logger
from .resilience.model import DependencyError, Reason

MEDIA_TYPE = "application/problem+json"

# For OpenAPI, in place of the 422 that FastAPI would document and this service never sends.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {"description": "Problem details (RFC 9457)", "content": {MEDIA_TYPE: {}}}
}

log = get_logger()


def problem(
    scope: Scope,
    status: int,
    detail: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    members = {
        **extensions,
        "type": "about:blank",
        "title": phrases.get(status, "Unknown"),
        "status": status,
        "detail": detail,
        "instance": scope["path"] and scope["path"][:256],
        "request_id": context.request_id.get(),
    }
    body = orjson.dumps({name: value for name, value in members.items() if value is not None}, default=str)
    return Response(body, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def http_exception(request: Request, error: HTTPException) -> Response:
        if error.status_code < 400:
            return Response(status_code=error.status_code, headers=error.headers)
        if isinstance(error.detail, str):
            detail = None if error.detail == phrases.get(error.status_code) else error.detail
            return problem(request.scope, error.status_code, detail, headers=error.headers)
        return problem(request.scope, error.status_code, headers=error.headers, errors=error.detail)

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> Response:
        # Where and what, never the value: it may be a secret, and the caller knows it.
        errors = [{"in": list(each["loc"]), "detail": each["msg"]} for each in error.errors()]
        return problem(request.scope, 422, "The request is not valid.", errors=errors)

    @app.exception_handler(DependencyError)
    async def dependency_error(request: Request, error: DependencyError) -> Response:
        log.warning("dependency failed", dependency=error.dependency, reason=error.reason.value)
        status = 504 if error.reason in (Reason.TIMEOUT, Reason.DEADLINE_EXCEEDED) else 503
        return problem(request.scope, status, "Something that this service needs is not available.")
