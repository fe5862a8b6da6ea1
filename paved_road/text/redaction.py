"""Passwords and tokens in URLs, kept from everything that a person or a log sees."""

from __future__ import annotations

import re

HIDDEN = "***"

SECRET_WORDS = re.compile(r"token|passw|secret|api_?key|auth|signature|credential", re.IGNORECASE)
"""A parameter of a URL whose name has one of these words holds a secret."""

_LOGIN = re.compile(r"(?i)\b(https?|ftps?)://(?:[^/\s@]*@|[^/\s@:]+:[^\s@]*@)+")
_PASSWORD = re.compile(r"(?i)\b([a-z+]*ssh[a-z+]*://[^/\s@:]+):[^/\s@]*@")
_PARAMETER = re.compile(rf"(?i)([?&;][\w.-]*(?:{SECRET_WORDS.pattern})[\w.-]*=)[^&;#\s'\"]+")


def redact(text: str) -> str:
    """The text without the logins, passwords and tokens of the URLs in it.

    A name alone may be a token (`https://TOKEN@host`), so nothing before the `@` of a web address is shown.

    >>> redact("cannot read https://bot:s3cr3t@example.com/road")
    'cannot read https://***@example.com/road'
    """
    if "@" in text:
        text = _PASSWORD.sub(rf"\1:{HIDDEN}@", _LOGIN.sub(rf"\1://{HIDDEN}@", text))
    return _PARAMETER.sub(rf"\1{HIDDEN}", text) if "=" in text else text
