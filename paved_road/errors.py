"""Everything paved refuses to do, as exceptions.

Each has the three lines that you need: what failed (`message`), why (`cause`) and what to type or change next (`hint`).
They are raised where the reason is known, and caught once, in `paved_road.cli.main`.

    PavedError                  paved could not answer; exit 2
    ├── UsageError              the command line asks for something that does not exist or contradicts itself
    ├── UnsupportedSystem       this is Windows
    ├── ConfigError             a paved configuration file or variable is wrong
    ├── GitError                git is missing, too old, or refused
    │   └── GitKilled           a git process was killed, and may have left its locks
    ├── RoadError               a road cannot be reached or read
    │   ├── UnfetchedRoad       a service names a road that this machine has never fetched
    │   ├── UnknownTemplate     the road has no template of that name
    │   └── UnknownRelease      the template has no such release
    ├── TemplateError           a template is malformed, or raised while it was rendered
    │   ├── UnsupportedTemplate our renderer does not cover it; Copier does (never reaches a person)
    │   └── ForbiddenPath       a template writes outside the service
    ├── LimitError              a template or a file costs more time, memory, files or bytes than it may
    ├── UntrustedTemplate       a foreign template wants to run code and `--trust` was not given
    ├── Stopped                 the person stopped at a question; exit 130, as for every interrupt
    ├── AnswerError             an answer is missing, invalid, or to a question that was not asked
    ├── ServiceError            the service's own records (answers, lock) are missing or broken
    │   ├── OthersAreServices   the folder is in no service, and others of its repository are
    │   └── RecordError         a deviation record is broken, breaks a rule of the road, or does not exist
    └── DestinationError        the destination is taken or cannot be written
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from paved_road.text.redaction import redact


class PavedError(Exception):
    """What a person can fix. `code` is stable and appears in the JSON envelope."""

    exit_code = 2

    def __init__(self, message: str, *, cause: str = "", hint: str = "") -> None:
        # git's own words, a setting or a record may hold a URL with a password: none reaches a terminal or a log.
        self.message, self.cause, self.hint = redact(message), redact(cause), redact(hint)
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The class name in kebab-case: `UnknownTemplate` is `unknown-template`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(self).__name__).lower()


class UsageError(PavedError):
    """The command line asks for something that does not exist or contradicts itself."""


class UnsupportedSystem(PavedError):
    """The operating system is one that paved does not run on."""


class ConfigError(PavedError):
    """A paved configuration file or variable is wrong."""


class GitError(PavedError):
    """git is missing, too old, or refused."""

    status: int | None = None
    """The exit status of a git that ran and said no; None where it refused the repository as a whole."""


class GitKilled(GitError):
    """A git process was killed: its locks may be left."""


class RoadError(PavedError):
    """A road cannot be reached or read."""


class UnfetchedRoad(RoadError):
    """A service names a road that this machine has never fetched, and the command only reads."""


class UnknownTemplate(RoadError):
    """The road has no template of that name."""


class UnknownRelease(RoadError):
    """The template has no such release."""


class TemplateError(PavedError):
    """A template is malformed, or raised while it was rendered."""


class UnsupportedTemplate(TemplateError):
    """The in-process renderer does not cover this template; Copier does."""


class ForbiddenPath(TemplateError):
    """A template writes outside the service."""


class LimitError(PavedError):
    """A template or a file costs more time, memory, files or bytes than it may."""


class UntrustedTemplate(PavedError):
    """A foreign template wants to run code and `--trust` was not given."""


class Stopped(PavedError):
    """The person stopped at a question."""

    exit_code = 130


class NotWanted(Stopped):
    """The person saw what would be written, and said no: nothing went wrong."""


class AnswerError(PavedError):
    """An answer is missing, invalid, or to a question that was not asked."""


class ServiceError(PavedError):
    """The service's own records (answers, lock) are missing or broken."""


class OthersAreServices(ServiceError):
    """A folder is in no service, and this folder, as a person writes it, is one."""

    found: str = ""


class RecordError(ServiceError):
    """A deviation record is broken, breaks a rule of the road, or does not exist."""


class DestinationError(PavedError):
    """The destination is taken or cannot be written."""


def in_words(error: Exception) -> str:
    """What Python says of a text that it could not read, without the names of its own exceptions."""
    said = " ".join(str(error).split())
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if "integer string conversion" in said:
        return "a number in it is too long"
    if isinstance(error, (KeyError, AttributeError, TypeError)):
        return "a value in it is not what it has to be"
    return said


def similar(word: str, candidates: Iterable[str]) -> str:
    """The candidates most like `word` as a phrase for a hint; "" when none is near."""
    close = difflib.get_close_matches(word, list(candidates), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""


def nearest(word: str, candidates: Iterable[str], *, command: str = "") -> str:
    """The candidates most like `word` as a phrase for a hint; all of them when none is near; "" for none.

    `command` lists them all.

    >>> nearest("servce", ["service", "library"])
    'did you mean service?'
    >>> nearest("x", ["service", "library"], command="paved templates")
    'Available: service, library. List them: paved templates'
    """
    known = list(candidates)
    found = similar(word, known)
    if known and not found:
        found = f"Available: {', '.join(known[:8])}" + (", ..." if len(known) > 8 else "")
    if not command:
        return found
    end = "." if found and not found.endswith(("?", "...")) else ""
    return f"{found}{end} List them: {command}".lstrip()
