"""Whom a person trusts: the roads whose templates may run code, and the keys that must sign their releases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paved_road.errors import ConfigError, nearest
from paved_road.git import address

FINGERPRINT = re.compile(r"(?:[0-9A-Fa-f]{4}\s*){10}|[0-9A-Fa-f]{64}")
"""The full fingerprint of an OpenPGP key."""

PUBLIC_KEY = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]+(?: .*)?")
"""An SSH key as in its `.pub` file."""

_EXAMPLE = 'trust = ["gh:acme/", {road = "gh:acme/road", signed_by = "ssh-ed25519 AAAA..."}]'


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """A road, or every road below a prefix that ends in `/`."""

    road: str
    signed_by: tuple[str, ...] = ()
    """The keys that may sign a release; none if no signature is demanded."""

    def __str__(self) -> str:
        return self.road + (f" signed by {' or '.join(self.signed_by)}" if self.signed_by else "")


def read_trust(written: Any, where: str) -> Trust:
    """Read trust as a setting writes it: a road, or `{road = "...", signed_by = "..."}`.

    Raises `ConfigError`, which names `where`, for anything else, so that no setting looks like trust and is none.
    """
    if isinstance(written, Mapping):
        if unknown := sorted(written.keys() - {"road", "signed_by"}):
            hint = nearest(unknown[0], ("road", "signed_by"))
            raise ConfigError(f"{where}: trust has the unknown key {unknown[0]!r}", hint=hint)
        return Trust(road=_road(written.get("road"), where), signed_by=_keys(written.get("signed_by"), where))
    return Trust(road=_road(written, where))


def _road(written: Any, where: str) -> str:
    if not isinstance(written, str):
        raise ConfigError(f"{where}: trust must be a list of roads", cause=f"it holds {written!r}", hint=_EXAMPLE)
    if not address.is_absolute(written):
        raise ConfigError(
            f"{where}: trust does not name a road: {written!r}",
            cause="it is neither a URL or shortcut nor an absolute path",
            hint=_EXAMPLE,
        )
    return written


def _keys(written: Any, where: str) -> tuple[str, ...]:
    keys = [written] if isinstance(written, str) else written
    if not (isinstance(keys, list) and keys and all(isinstance(key, str) for key in keys)):
        raise ConfigError(f"{where}: signed_by must be a key or a list of keys", cause=f"it is {keys!r}", hint=_EXAMPLE)
    for key in keys:
        if not (FINGERPRINT.fullmatch(key) or PUBLIC_KEY.fullmatch(key) or address.expanded(key).is_absolute()):
            raise ConfigError(
                f"{where}: signed_by does not name a key: {key!r}",
                hint="name an SSH public key, the absolute path of an allowed signers file, "
                "or the full fingerprint of an OpenPGP key",
            )
    return tuple(keys)
