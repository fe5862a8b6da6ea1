"""The Jinja environment of a template: sandboxed, with Copier's filters and a cache of compiled templates."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
import posixpath
import secrets
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from types import CodeType
from typing import Any, NoReturn, Self

import jinja2
from jinja2 import nodes
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from paved_road.errors import TemplateError
from paved_road.files import cached, contained, private, whole, yml
from paved_road.git import trees
from paved_road.git.entries import File, Mode
from paved_road.process import limits
from paved_road.render import machine, unknown
from paved_road.render.config import TemplateConfig
from paved_road.settings.config import user_file

_STRING = "<string>"
"""The name in the bytecode cache for sources that are not files."""

_MOST_BITS = 100_000
"""The size limit of a number that a template computes; Python prints at most 4300 digits, 14,281 bits."""

_FLAVOUR = 3
"""The version of the cache format: increase it if code that an older paved compiled must not be used."""

_UNDEFINED = {"jinja2.Undefined": jinja2.Undefined, "jinja2.StrictUndefined": jinja2.StrictUndefined}


class _Sandbox(SandboxedEnvironment):
    """Jinja's sandbox, which also hides the `parser` of path objects, as Copier's sandbox does.

    A string (a default, a validator, a part of a path) is compiled once, and kept in the bytecode cache.
    """

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._strings: dict[str, jinja2.Template] = {}

    def from_string(
        self,
        source: str | nodes.Template,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's name
        template_class: type[jinja2.Template] | None = None,
    ) -> jinja2.Template:
        """Jinja's `from_string`, which compiles each source only once."""
        if not isinstance(source, str) or globals or template_class:
            return super().from_string(source, globals, template_class)
        if source not in self._strings:
            code = self._bytecode(source)
            self._strings[source] = jinja2.Template.from_code(self, code, self.make_globals(None))
        return self._strings[source]

    def compile(self, source: Any, name: str | None = None, *more: Any, **options: Any) -> Any:
        """Jinja's `compile`. Raises `TemplateError` with file and line for an undefined tag, filter or test."""
        try:
            return super().compile(source, name, *more, **options)
        except jinja2.TemplateSyntaxError as error:
            if fault := self._unknown(error, name, error.lineno, str(source)):
                raise fault from error
            raise

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """Raise what a template raised while rendering; Jinja looks up filters in conditional branches only then."""
        error = sys.exc_info()[1]
        if isinstance(error, jinja2.TemplateRuntimeError) and unknown.unknown(str(error)):
            template, line = unknown.last_template(error.__traceback__)
            text = next((text for text, string in self._strings.items() if string is template), "")
            if fault := self._unknown(error, None if text or template is None else template.name, line, text):
                raise fault from error
        super().handle_exception(source)

    def _unknown(self, error: jinja2.TemplateError, path: str | None, line: int, text: str) -> TemplateError | None:
        """The error for an undefined name in the file `path`, or in a string; None if the error is another one."""
        found = unknown.unknown(str(error))
        if found is None:
            return None
        files, folder = (self.loader.files, self.loader.folder) if isinstance(self.loader, _Files) else ({}, "")
        place = unknown.place(files, path, line, text)
        return unknown.fault(found, posixpath.join(folder, place) if place else "", self)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply or raise to a power within a limit: a million digits would take minutes without an interruption."""
        if isinstance(left, int) and isinstance(right, int):
            bits, more = left.bit_length(), right.bit_length() if operator == "*" else max(right, 0)
            if (bits + more if operator == "*" else bits * more) > _MOST_BITS:
                raise limits.too_large(f"computes a number of too many digits ({operator})")
        return super().call_binop(context, operator, left, right)

    def _bytecode(self, source: str) -> CodeType:
        if self.bytecode_cache is None:
            code: CodeType = self.compile(source)
            return code
        bucket = self.bytecode_cache.get_bucket(self, _STRING, None, source)
        if bucket.code is None:
            bucket.code = self.compile(source)
            self.bytecode_cache.set_bucket(bucket)
        return bucket.code

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, PurePath) and attr == "parser":
            return False
        return super().is_safe_attribute(obj, attr, value)


class _Compiled(jinja2.BytecodeCache):
    """A cache of compiled sources by their content, so that releases share the files they have in common.

    A cache file contains code that will run. It therefore begins with a keyed digest, and the key is stored outside the
    cache. Files that another user wrote, or that come from another machine, do not match it and are compiled again.
    """

    def __init__(self, folder: Path, flavour: str, key: bytes) -> None:
        self._folder, self._flavour, self._key = folder, flavour, key

    @classmethod
    def below(cls, cache: Path, config: TemplateConfig) -> Self | None:
        """The compiled templates in the cache; None if there is no place for the key.

        The options are part of each name, because the same source compiles differently under other options.
        """
        options = sorted(config.environment_options.items(), key=str)
        facts = (_FLAVOUR, options, config.extensions, jinja2.__version__, sys.version)
        flavour = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
        key = private.secret_key(user_file().with_name(_KEY))
        return None if key is None else cls(private.private_folder(cache, "jinja"), flavour, key)

    def get_bucket(self, environment: jinja2.Environment, name: str, _: str | None, source: str) -> Bucket:
        """The bucket of a source, filled if the source was compiled before."""
        key = hashlib.sha256(f"{name}\0{source}".encode()).hexdigest()
        bucket = Bucket(environment, key, self.get_source_checksum(source))
        self.load_bytecode(bucket)
        return bucket

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket from the cache, if the digest matches."""
        try:
            content = contained.read_regular(self._folder, self._name(bucket))
        except OSError:
            return
        digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hmac.compare_digest(digest, self._digest(bucket, code)):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write compiled code to the cache. If that fails, the source is compiled again next time."""
        code = bucket.bytecode_to_string()
        with contextlib.suppress(OSError):
            whole.replace_file(self._folder / self._name(bucket), self._digest(bucket, code) + code)
            cached.evict_once(self._folder)

    def _name(self, bucket: Bucket) -> str:
        return f"{self._flavour}-{bucket.key}"

    def _digest(self, bucket: Bucket, code: bytes) -> bytes:
        name = self._name(bucket).encode()
        return hashlib.blake2b(name + code, key=self._key, digest_size=_DIGEST_BYTES).digest()


_KEY = "cache-key"
"""The file of the key, next to the person's settings and outside the cache."""
_DIGEST_BYTES = 32


def make(
    config: TemplateConfig, files: Mapping[str, File], *, compiled: Path | None = None, trust: bool = False,
    folder: str = "",
) -> jinja2.Environment:  # fmt: skip
    """The environment that renders a template's files. `compiled` is a cache that keeps compiled templates.

    `folder` is the template's folder in the road, for messages. With `trust`, filters may read the machine. A template
    can include only files of its own release. Raises `TemplateError` for options that Jinja does not accept, and for
    extensions that cannot be loaded.
    """
    options = config.environment_options
    if undefined := options.get("undefined"):
        if not isinstance(undefined, str) or undefined not in _UNDEFINED:
            raise TemplateError(f"_envops: undefined cannot be {undefined!r}", hint=f"use {' or '.join(_UNDEFINED)}")
        options["undefined"] = _UNDEFINED[undefined]
    keep = compiled is not None and not config.foreign_extensions
    try:
        environment = _Sandbox(
            loader=_Files(files, folder),
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
            bytecode_cache=_Compiled.below(compiled, config) if compiled and keep else None,
            **options,
        )
    except (TypeError, ValueError, AttributeError, AssertionError) as error:
        raise TemplateError("the template's _envops are not options of Jinja", cause=str(error)) from error
    environment.filters["to_json"] = partial(environment.filters["to_json"], default=_jsonable)
    environment.filters |= {} if trust else machine.without_trust()
    environment.filters |= machine.not_folded(environment.filters)
    environment.filters["round"] = _round
    environment.globals |= {"pathjoin": _pathjoin, "now": _now, "make_secret": _make_secret}
    _extend(environment, config.extensions)
    return environment


class _Files(jinja2.BaseLoader):
    """Finds templates among the files of a release."""

    def __init__(self, files: Mapping[str, File], folder: str) -> None:
        self.files, self.folder = files, folder

    def get_source(self, _: jinja2.Environment, template: str) -> tuple[str, None, None]:
        """The source of a file. Raises `TemplateNotFound` if it does not exist."""
        source = _source(self.files, template)
        if source is None:
            raise jinja2.TemplateNotFound(template)
        return source, None, None

    @functools.cached_property
    def searchpath(self) -> list[str]:
        """A copy of the release on disk, for extensions that are files of the template and are searched there.

        The folder is removed with the environment, or when Python ends.
        """
        folder = tempfile.mkdtemp(prefix="paved-template-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        trees.write_folder(self.files, Path(folder))
        return [folder]


def _extend(environment: jinja2.Environment, names: Iterable[str]) -> None:
    """Load the extensions of a template; this runs their code."""
    importer = vars(jinja2.environment)["import_string"]
    try:
        for name in names:
            _load(environment, name)
    finally:
        # An extension that loads others by path replaces Jinja's importer; restore it for other templates.
        setattr(jinja2.environment, "import_string", importer)  # noqa: B010 - not a public name of Jinja


def _load(environment: jinja2.Environment, name: str) -> None:
    try:
        environment.add_extension(name)
    except Exception as error:  # an extension is foreign code and may raise anything
        missing = next((each for each in (error, error.__cause__) if isinstance(each, ModuleNotFoundError)), None)
        if missing is None:
            fault = f"the template's Jinja extension {name} cannot be loaded"
            raise TemplateError(fault, cause=f"{type(error).__name__}: {yml.message_of(error)}") from error
        package = (missing.name or name).partition(".")[0].replace("_", "-")
        raise TemplateError(
            f"the template needs the Jinja extension {name}, which is not installed",
            cause=str(missing),
            hint=f"install it beside paved: pip install {package}",
        ) from error


def _source(files: Mapping[str, File], name: str) -> str | None:
    file = files.get(_followed(files, name))
    return None if file is None or file.mode is Mode.SYMLINK else file.data.decode("utf-8")


def _followed(files: Mapping[str, File], name: str) -> str:
    """The path that a name leads to through symbolic links (at most 40, as on Linux)."""
    for _ in range(40):
        parts = name.split("/")
        ways = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
        link = next((way for way in ways if way in files and files[way].mode is Mode.SYMLINK), None)
        if link is None:
            break
        target = posixpath.join(posixpath.dirname(link), files[link].data.decode())
        name = posixpath.normpath(target + name.removeprefix(link))
    return name


def _round(value: Any, precision: int = 0, method: Any = "common") -> Any:
    """Jinja's `round`, with a limit: it computes ten to the power of the precision."""
    if isinstance(precision, int) and abs(precision) > _MOST_PLACES:
        raise limits.too_large(f"rounds to {precision} places")
    return jinja2.filters.do_round(value, precision, method)


_MOST_PLACES = 1000
"""The largest precision of `round`: a float has 308 digits before its point and 323 after it."""


def _jsonable(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


_PATHS = {"posix": PurePosixPath, "windows": PureWindowsPath, "native": PurePath}


def _pathjoin(*path: str, mode: str = "posix") -> str:
    return str(_PATHS[mode](*path))


def _now() -> datetime:
    """The time in UTC. Deprecated in Copier; older templates use it for the year of a licence."""
    return datetime.now(tz=UTC)


def _make_secret() -> str:
    """A random secret of 128 hexadecimal digits. Deprecated in Copier."""
    return hashlib.sha512(secrets.token_bytes(48)).hexdigest()


def operating_system() -> str | None:
    """Copier's name for the operating system: linux, macos or windows; None for others."""
    names = {"linux": "linux", "darwin": "macos", "win32": "windows"}
    return names.get(sys.platform)


SEPARATOR = os.sep
