"""Tells a right answer of a dependency from a wrong one, which is a contract failure."""

import re
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .model import Answer, DependencyError, Reason, Response

NONE = (204, 404, 410)  # a right answer where the model admits None
_JSON = re.compile(r"application/([^;/]+\+)?json\s*(;|$)", re.IGNORECASE)


class Decoder:
    """Reads answers of `dependency` as `model`, which is any type that pydantic can validate."""

    def __init__(self, model: Any, dependency: str) -> None:
        self._dependency = dependency
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)

    def __call__(self, response: Response) -> Answer[Any]:
        """Raises DependencyError, and tells what is wrong but none of the data."""
        if response.status in NONE:
            with suppress(ValidationError):
                return Answer(value=self._adapter.validate_python(None))
        if not 200 <= response.status < 300:
            raise self._wrong(response, f"status {response.status}")
        content_type = response.headers.get("content-type", "application/json")
        if not _JSON.match(content_type):
            raise self._wrong(response, f"content type: {content_type[:100]}")
        try:
            value = self._adapter.validate_json(response.body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            where = ".".join(map(str, (*first["loc"], first["type"])))
            raise self._wrong(response, f"body: {where}") from None
        return Answer(value=value, fallback=response.fallback, age=response.age)

    def _wrong(self, response: Response, detail: str) -> DependencyError:
        return DependencyError(self._dependency, Reason.CONTRACT_FAILURE, response, detail)
