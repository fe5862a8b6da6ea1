"""Giving git a password without writing it down: by a credential helper that exists in the environment alone."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A name, and the password or token that goes with it, for one host."""

    base: str
    """The URL of the host, as `https://example.com:8443`; "" for one to which git passes no password."""
    name: str = field(repr=False)
    password: str | None = field(repr=False)
    """None when only a name was given: git's other credential helpers know its password, or it is a token itself."""

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """The settings of git that log in at this host, and only there."""
        key = f"credential.{self.base}"
        before = [(f"{key}.helper", "")] if self.password is not None else []
        return (*before, (f"{key}.username", self.name), (f"{key}.helper", _HELPER)) if self.base else ()

    @property
    def variables(self) -> dict[str, str]:
        """What the settings look for in the environment."""
        return {"PAVED_LOGIN_NAME": self.name, "PAVED_LOGIN_PASSWORD": self.password or ""} if self.base else {}


_HELPER = """\
!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$PAVED_LOGIN_NAME" "$PAVED_LOGIN_PASSWORD"; }; f"""
"""A helper that knows one password. An empty helper before it silences those of the person's own configuration."""
