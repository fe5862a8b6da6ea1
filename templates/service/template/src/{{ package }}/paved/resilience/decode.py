"""Tells a right answer of a dependency from a wrong one, which is a contract failure."""

import re
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from .model import Answer, DependencyError, Reason, Response

T = TypeVar("T")

JSON = "application/json"
NONE = (204, 404, 410)  # a right answer where the model admits None
_MEDIA_TYPE = re.compile(r"application/(?:[^;/]+\+)?json", re.IGNORECASE)
# RFC 8259 has UTF-8 only.
_WRONG_CHARSET = re.compile(r";\s*charset\s*=(?!\s*\"?(?:utf-?8|us-ascii)\b)", re.IGNORECASE)


class Decoder(Generic[T]):
    """Reads answers of `dependency` as `model`, which is any type that pydantic can validate."""

    def __init__(self, model: Any, dependency: str) -> None:
        self._dependency = dependency
        self._adapter: TypeAdapter[T] = TypeAdapter(model)
        try:
            self._none: Answer[T] | None = Answer(value=self._adapter.validate_python(None))
        except ValidationError:
            self._none = None

    def __call__(self, response: Response) -> Answer[T]:
        """Raises DependencyError, and tells what is wrong but none of the data."""
        if self._none and response.status in NONE:
            return self._none
        if not 200 <= response.status < 300:
            raise self._wrong(response, f"status {response.status}")
        content_type = response.headers.get("content-type", JSON)
        if not _is_json(content_type):
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


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip()
    return _MEDIA_TYPE.fullmatch(media_type) is not None and not _WRONG_CHARSET.search(content_type)
