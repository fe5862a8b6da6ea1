"""Where a road is: the text that people, settings and records write, told apart, made safe and made comparable.

The text says by its look alone whether it is an address for git or a path on this machine: a folder that is called
like an address (`gh:acme`) never takes the address's place.
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
"""The transports by which roads are fetched, and the port that each has when none is given.

Not `ext::` and `fd::`, which run a command, nor any other that git gives to a program of its own.
"""

_HTTP = ("https", "http")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_AT_HOST = re.compile(r"(?:([^/:@]+)@)?(\[[^/\]]+\]|[^/:@]+):(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ON_DISK = ("/", "./", "../", "~")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a road is, without secrets."""

    text: str
    """As records have it and messages show it: a URL, a shortcut or a path."""
    url: str | None
    """What git is told to fetch; None for a path on this machine."""
    login: Login | None = field(default=None, repr=False, compare=False)
    """The name, and the password or token, that stood in the URL."""

    @property
    def path(self) -> Path:
        """The path on this machine, of an address that is one."""
        return expanded(self.text)


def expanded(text: str) -> Path:
    """A path, with the home that `~` stands for; `RoadError` for the home of nobody."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise RoadError(f"cannot use the path {text}", cause=str(error), hint="give the whole path") from error


def resolved(path: Path) -> Path:
    """The absolute path without links. Links that lead in a circle lead nowhere: `Path.resolve` raises for them."""
    return Path(os.path.realpath(path))


def parse_address(text: str) -> Address:
    """The address that a text writes. `RoadError` for one that is neither a path nor something git may fetch."""
    if text.startswith("-"):
        raise no_road(text, "it starts with -, as an option does; write ./ before the name of a folder")
    if _CONTROL.search(text) or not text.strip():
        raise no_road(text, "it is empty or holds a control character")
    if text in {".", ".."} or text.startswith(_ON_DISK):
        return Address(text=text, url=None)
    if shortcut := next((one for one in SHORTCUTS if text.startswith(one)), None):
        name = text.removeprefix(shortcut).removeprefix("/")
        if not name:
            raise no_road(text, "it names no repository")
        return Address(text=text, url=SHORTCUTS[shortcut] + (name if name.endswith(".git") else f"{name}.git"))
    bare = text.removeprefix("git+")
    if _HELPER.match(bare):
        raise no_road(text, f"git would run a program for the transport {bare.split('::')[0]!r}")
    return _url(text, bare) if _SCHEME.match(bare) else _at_host(text, bare)


def _at_host(text: str, bare: str) -> Address:
    """An address as `git@host:path`, else a path on this machine."""
    parts = _AT_HOST.fullmatch(bare)
    if parts is None:
        return Address(text=bare, url=None)
    user, host, _ = parts.groups()
    if user is None and not bare.endswith(".git"):
        raise no_road(text, f"it looks like an address at a host called {host!r}; write ./ before a folder's name")
    if host.startswith("-") or bare.startswith("-"):
        raise no_road(text, "its host starts with -, as an option does")
    return Address(text=text, url=bare)


def no_road(text: str, cause: str) -> RoadError:
    """The error for a source that leads nowhere. A URL that cannot be read is shown without what may be its login."""
    return RoadError(
        f"no road at {re.sub(r'(?s)://.*@', '://***@', text)!r}",
        cause=cause,
        hint="give a git URL, a folder, or a shortcut such as gh:organisation/repository",
    )


def _url(text: str, url: str) -> Address:
    """A URL, and apart from it the login that it holds."""
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
        raise no_road(text, "its login holds a control character")  # git would take it for the next line it is told
    safe = urlunsplit(parts) if login else url
    return Address(text=text if safe == url else safe, url=safe, login=login)


def _without_login(parts: SplitResult) -> tuple[SplitResult, Login | None]:
    """The parts of a URL without its secrets, and those. The user name of an SSH address is no secret and stays."""
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
    """The address as plain Copier takes it for a git URL: with `git+` before one that it would take for a path."""
    known = ("git@", "git://", "git+", "https://github.com/", "https://gitlab.com/", *SHORTCUTS)
    text = address.text
    return text if text.endswith(".git") or text.startswith(known) else f"git+{text}"


# -- what an answers file records --------------------------------------------------------------------------------------
#
# Copier reads a template at the root of a repository and no other. Given a road of several templates it would find no
# copier.yml, take the whole road for the template and write that over the service. So the record of such a template is
# an address that Copier takes for a path and does not find: it stops before it writes.


def recorded(source: str, folder: str) -> str:
    """What an answers file records as `_src_path`: the road, and the template's folder where it is not the root.

    >>> recorded("gh:acme/road", "templates/service")
    'paved:gh:acme/road#templates/service'
    """
    return f"paved:{source}#{folder}" if folder and not source.startswith("paved:") else source


def as_recorded(text: str) -> tuple[str, str]:
    """The road that an `_src_path` names, and the template's folder in it ("" where it does not say)."""
    found = _RECORDED.fullmatch(text)
    return (found[1], found[2]) if found else (text, "")


_RECORDED = re.compile(r"paved:(.+)#(templates/[^/#]+)", re.DOTALL)


# -- whom a person trusts --------------------------------------------------------------------------------------------


def is_within(source: str, trusted: str) -> bool:
    """Whether a source is the road that a person trusts, or below the prefix (it ends in `/`) that they do.

    Both are compared as what git would make of them: whatever the spelling of the host, a default port, a `.git` or a
    name before the host, what a path or a link resolves to. A source that can be read in two ways is within nothing.
    """
    whole, found = _identity(trusted, prefix=trusted.endswith("/")), _identity(source)
    if whole is None or found is None:
        return False
    if trusted.endswith("/"):
        return len(found) > len(whole) and found[: len(whole)] == whole
    return found == whole


def _identity(text: str, *, prefix: bool = False) -> tuple[str, ...] | None:
    """The place a source names, as a root and the names below it; None when it is not clear which that is."""
    for shortcut, host in SHORTCUTS.items():
        text = host + text.removeprefix(shortcut).removeprefix("/") if text.startswith(shortcut) else text
    try:
        address = parse_address(text)
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
    """The root and the names of a path below it; None when a name leads elsewhere, whoever decodes it how often."""
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
