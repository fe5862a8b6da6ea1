"""Giving git a password without storing it: by a credential helper that exists only in the environment."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user name and its password or token, for one host."""

    base: str
    """The URL of the host, such as `https://example.com:8443`; "" for a transport without passwords."""
    name: str = field(repr=False)
    password: str | None = field(repr=False)
    """None if only a name was given: another credential helper knows its password, or the name is a token."""

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """Git settings that log in at this host, and only there."""
        key = f"credential.{self.base}"
        before = [(f"{key}.helper", "")] if self.password is not None else []
        return (*before, (f"{key}.username", self.name), (f"{key}.helper", _HELPER)) if self.base else ()

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that the helper reads."""
        return {"PAVED_LOGIN_NAME": self.name, "PAVED_LOGIN_PASSWORD": self.password or ""} if self.base else {}


_HELPER = """\
!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$PAVED_LOGIN_NAME" "$PAVED_LOGIN_PASSWORD"; }; f"""
"""A helper that knows one password. An empty helper before it turns off those of the user's configuration."""
