"""The address of a road: parsing what users, settings and lock files write, removing secrets, comparing two addresses.

Syntax alone decides whether a text is a git address or a path on this machine: a folder named like an address
(`gh:acme`) never takes the address's place.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from paved_road.errors import RoadError
from paved_road.git import Login
from paved_road.text.redaction import SECRET_WORDS

SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
"""Copier's shortcuts for well-known hosts."""

PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418, "file": None}
"""The transports over which roads are fetched, with the default port of each.

`ext::` and `fd::` are missing because they run a command, and so is every transport that git delegates to a helper.
"""

_HTTP = ("https", "http")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_AT_HOST = re.compile(r"(?:([^/:@]+)@)?(\[[^/\]]+\]|[^/:@]+):(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ON_DISK = ("/", "./", "../", "~")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """The address of a road, without secrets."""

    text: str
    """A URL, a shortcut or a path: what the lock records and messages show."""
    url: str | None
    """What git fetches from; None for a path on this machine."""
    login: Login | None = field(default=None, repr=False, compare=False)
    """The name, and the password or token, that the URL contained."""

    @property
    def path(self) -> Path:
        """The path on this machine, for an address without a URL."""
        return expanded(self.text)


def expanded(text: str) -> Path:
    """A path with `~` replaced by the home folder. Raises `RoadError` for the home of an unknown user."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise RoadError(f"cannot use the path {text}", cause=str(error), hint="give the absolute path") from error


def resolved(path: Path) -> Path:
    """The absolute path without symbolic links. Unlike `Path.resolve`, it does not raise for a cycle of links."""
    return Path(os.path.realpath(path))


def parse_address(text: str) -> Address:
    """Parse an address. Raises `RoadError` for what is neither a path nor something that git may fetch."""
    if text.startswith("-"):
        raise no_road(text, "it starts with - like an option; write ./ before the name of a folder")
    if _CONTROL.search(text) or not text.strip():
        raise no_road(text, "it is empty or contains a control character")
    if text in {".", ".."} or text.startswith(_ON_DISK):
        return Address(text=text, url=None)
    if shortcut := next((short for short in SHORTCUTS if text.startswith(short)), None):
        name = text.removeprefix(shortcut).removeprefix("/")
        if not name:
            raise no_road(text, "it names no repository")
        return Address(text=text, url=SHORTCUTS[shortcut] + (name if name.endswith(".git") else f"{name}.git"))
    bare = text.removeprefix("git+")
    if _HELPER.match(bare):
        raise no_road(text, f"git would run a program for the transport {bare.split('::')[0]!r}")
    return _url(text, bare) if _SCHEME.match(bare) else _at_host(text, bare)


def _at_host(text: str, bare: str) -> Address:
    """An address such as `git@host:path`, else a path on this machine."""
    parts = _AT_HOST.fullmatch(bare)
    if parts is None:
        return Address(text=bare, url=None)
    user, host, _ = parts.groups()
    if user is None and not bare.endswith(".git"):
        raise no_road(text, f"it looks like an address at a host called {host!r}; write ./ before a folder's name")
    if host.startswith("-") or bare.startswith("-"):
        raise no_road(text, "its host starts with - like an option")
    return Address(text=text, url=bare)


def no_road(text: str, cause: str) -> RoadError:
    """The error for an address without a road. It hides what may be the login of a URL that cannot be parsed."""
    return RoadError(
        f"no road at {re.sub(r'(?s)://.*@', '://***@', text)!r}",
        cause=cause,
        hint="give a git URL, a folder, or a shortcut such as gh:organisation/repository",
    )


def _url(text: str, url: str) -> Address:
    """Parse a URL and take its login out of it."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        raise no_road(text, "it is not a URL that git can read") from None
    if parts.scheme not in PORTS:
        raise no_road(text, f"roads are fetched by {', '.join(PORTS)}, not by {parts.scheme!r}")
    where = parts.path if parts.scheme == "file" else parts.hostname
    if "\\" in url or " " in url or not where or where.startswith("-"):
        raise no_road(text, "it is not a URL that git can read")
    parts, login = _without_login(parts)
    if login and _CONTROL.search(f"{login.name}{login.password}"):
        raise no_road(text, "its login contains a control character")  # git's credential protocol would read a new line
    safe = urlunsplit(parts) if login else url
    return Address(text=text if safe == url else safe, url=safe, login=login)


def _without_login(parts: SplitResult) -> tuple[SplitResult, Login | None]:
    """The parts of a URL without its secrets, and the login they make. The user name in an SSH address stays."""
    before, _, host = parts.netloc.rpartition("@")
    name, colon, password = before.partition(":")
    login = None
    if parts.scheme in _HTTP:
        if before:
            login = Login(base=f"{parts.scheme}://{host}", name=unquote(name), password=_opened(colon, password))
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        secrets = [value for key, value in pairs if SECRET_WORDS.search(key) and value]
        if secrets:
            kept = urlencode([pair for pair in pairs if not SECRET_WORDS.search(pair[0])])
            parts = parts._replace(query=kept)
            login = login or Login(base=f"{parts.scheme}://{host}", name="token", password=secrets[0])
        return parts._replace(netloc=host), login
    if colon:
        login = Login(base="", name=unquote(name), password=unquote(password))
        return parts._replace(netloc=f"{name}@{host}"), login
    return parts, None


def _opened(colon: str, password: str) -> str | None:
    return unquote(password) if colon else None


def as_copier_reads_it(address: Address) -> str:
    """The address in a form that Copier reads as a git URL: with `git+` where it would read a path."""
    known = ("git@", "git://", "git+", "https://github.com/", "https://gitlab.com/", *SHORTCUTS)
    text = address.text
    return text if text.endswith(".git") or text.startswith(known) else f"git+{text}"


# -- what an answers file records --------------------------------------------------------------------------------------
#
# Copier only reads a template at the root of a repository. Given a road of several templates it would find no
# copier.yml, treat the whole road as the template and write that over the service. So the answers file of such a
# template names an address that Copier reads as a path and does not find: Copier stops before it writes.


def recorded(source: str, folder: str) -> str:
    """The `_src_path` of an answers file: the road, and the template's folder unless that is the root.

    >>> recorded("gh:acme/road", "templates/service")
    'paved:gh:acme/road#templates/service'
    """
    return f"paved:{source}#{folder}" if folder and not source.startswith("paved:") else source


def as_recorded(text: str) -> tuple[str, str]:
    """The road that an `_src_path` names, and the template's folder in it ("" if it names none)."""
    found = _RECORDED.fullmatch(text)
    return (found[1], found[2]) if found else (text, "")


_RECORDED = re.compile(r"paved:(.+)#(templates/[^/#]+)", re.DOTALL)


# -- which roads the user trusts -------------------------------------------------------------------------------------


def is_within(source: str, trusted: str) -> bool:
    """Whether a source is a road that the user trusts, or lies below a trusted prefix (which ends in `/`).

    Compares what git would resolve both to, so the spelling of the host, a default port, a `.git` suffix and symbolic
    links make no difference. An ambiguous source is within nothing.
    """
    whole, found = _identity(trusted, prefix=trusted.endswith("/")), _identity(source)
    if whole is None or found is None:
        return False
    if trusted.endswith("/"):
        return len(found) > len(whole) and found[: len(whole)] == whole
    return found == whole


def _identity(text: str, *, prefix: bool = False) -> tuple[str, ...] | None:
    """The place that a source names, as a root and the names below it; None if that is ambiguous."""
    shortcut = next((short for short in SHORTCUTS if text.startswith(short)), "")
    long_form = SHORTCUTS[shortcut] + text.removeprefix(shortcut).removeprefix("/") if shortcut else text
    try:
        address = parse_address(long_form)
    except RoadError:
        return None
    if address.url is None:
        return ("", *resolved(address.path).parts)
    if at_host := _AT_HOST.fullmatch(address.url) if "://" not in address.url else None:
        user, host, path = at_host.groups()
        return _below(f"{user or ''}@{host.lower()}:", path, prefix=prefix)
    parts = urlsplit(address.url)
    if parts.query or parts.fragment or parts.netloc.count("@") > 1:
        return None
    if parts.scheme == "file":
        return ("", *resolved(Path(unquote(parts.path))).parts) if not parts.netloc else None
    port = f":{parts.port}" if parts.port not in (None, PORTS[parts.scheme]) else ""
    user = f"{parts.username}@" if parts.username else ""
    return _below(f"{parts.scheme}://{user}{parts.hostname}{port}", parts.path, prefix=prefix)


def _below(root: str, path: str, *, prefix: bool) -> tuple[str, ...] | None:
    """The root and the names of a path below it; None if a name leads elsewhere, however often it is decoded."""
    names = [unquote(name) for name in path.split("/") if name]
    for name in names:
        opened = name
        while opened != unquote(opened):
            opened = unquote(opened)
        if opened in {".", ".."} or "/" in opened or "\\" in opened or "\0" in opened:
            return None
    if names and not prefix:
        names[-1] = names[-1].removesuffix(".git")
    return (root, *names)


def is_relative(text: str) -> bool:
    """Whether a text is a path that depends on where it starts."""
    try:
        where = parse_address(text)
    except RoadError:
        return False
    return where.url is None and not where.path.is_absolute()


def is_absolute(text: str) -> bool:
    """Whether a text is an address that means the same wherever a command is run."""
    try:
        where = parse_address(text)
    except RoadError:
        return False
    return where.url is not None or where.path.is_absolute()
