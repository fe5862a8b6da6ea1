"""Removing passwords and tokens in URLs from everything that a user or a log sees."""

from __future__ import annotations

import re

HIDDEN = "***"

SECRET_WORDS = re.compile(r"token|passw|secret|api_?key|auth|signature|credential", re.IGNORECASE)
"""A URL parameter whose name contains one of these words is a secret."""

_LOGIN = re.compile(r"(?i)\b(https?|ftps?)://(?:[^/\s@]*@|[^/\s@:]+:[^\s@]*@)+")
_PASSWORD = re.compile(r"(?i)\b([a-z+]*ssh[a-z+]*://[^/\s@:]+):[^/\s@]*@")
_PARAMETER = re.compile(rf"(?i)([?&;][\w.-]*(?:{SECRET_WORDS.pattern})[\w.-]*=)[^&;#\s'\"]+")


def redact(text: str) -> str:
    """The text without the logins, passwords and tokens of the URLs in it.

    A user name alone may be a token (`https://TOKEN@host`), so everything before the `@` of a web address is hidden.

    >>> redact("cannot read https://bot:s3cr3t@example.com/road")
    'cannot read https://***@example.com/road'
    """
    without_logins = _PASSWORD.sub(rf"\1:{HIDDEN}@", _LOGIN.sub(rf"\1://{HIDDEN}@", text)) if "@" in text else text
    return _PARAMETER.sub(rf"\1{HIDDEN}", without_logins) if "=" in text else without_logins
