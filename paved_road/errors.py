"""The errors of paved, as a tree of exceptions.

Each error has three parts: what failed (`message`), why (`cause`), and what to type or change next (`hint`). Errors are
raised where the reason is known, and caught once, in `paved_road.cli.main`.

    PavedError                  paved could not answer; exit code 2
    ├── UsageError              the command line names something that does not exist, or contradicts itself
    ├── UnsupportedSystem       paved does not run on this operating system (Windows)
    ├── ConfigError             a configuration file or environment variable of paved is wrong
    ├── GitError                git is missing, is too old, or refused
    │   └── GitKilled           a git process was killed, and may have left lock files behind
    ├── RoadError               a road cannot be reached or read
    │   ├── UnfetchedRoad       a service names a road that this machine has never fetched
    │   ├── UnknownTemplate     the road has no template of that name
    │   └── UnknownRelease      the template has no such release
    ├── TemplateError           a template is malformed, or failed while it was rendered
    │   ├── UnsupportedTemplate the in-process renderer does not cover it, so Copier renders it (users never see this)
    │   └── ForbiddenPath       a template writes outside the service
    ├── LimitError              a template or a file needs more time, memory, files or bytes than the limit
    ├── UntrustedTemplate       a foreign template wants to run code, and `--trust` was not given
    ├── Stopped                 the user stopped at a question; exit code 130, as for every interrupt
    ├── AnswerError             an answer is missing or invalid, or the template has no such question
    ├── ServiceError            the service's answers file or lock is missing or broken
    │   ├── OthersAreServices   the folder is in no service, but other folders of its repository are
    │   ├── RecordError         a deviation is malformed, breaks a rule of the road, or does not exist
    │   └── ContractError       the run contract of a service is wrong
    │       └── NoRunContract   nothing says how the service is run
    └── DestinationError        the destination already exists, or cannot be written
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from paved_road.text.redaction import redact


class PavedError(Exception):
    """An error that the user can fix. Its `code` is stable and appears in the JSON envelope."""

    exit_code = 2

    def __init__(self, message: str, *, cause: str = "", hint: str = "") -> None:
        # git, a setting or a service's files may hold a URL with a password, which must not reach a terminal or a log.
        self.message, self.cause, self.hint = redact(message), redact(cause), redact(hint)
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The class name in kebab-case: `unknown-template` for `UnknownTemplate`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(self).__name__).lower()


class UsageError(PavedError):
    """The command line names something that does not exist, or contradicts itself."""


class UnsupportedSystem(PavedError):
    """paved does not run on this operating system."""


class ConfigError(PavedError):
    """A configuration file or environment variable of paved is wrong."""


class GitError(PavedError):
    """git is missing, is too old, or refused."""

    def __init__(
        self, message: str, *, cause: str = "", hint: str = "", status: int | None = None, stderr: str = "",
        refused: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(message, cause=cause, hint=hint)
        self.status = status
        """git's exit status; None if git did not run or did not end by itself."""
        self.stderr = redact(stderr)
        """What git wrote to its standard error."""
        self.refused = refused
        """Whether git refused the repository as a whole: whatever was asked, that is no answer."""


class GitKilled(GitError):
    """A git process was killed, and may have left lock files behind."""


class RoadError(PavedError):
    """A road cannot be reached or read."""


class UnfetchedRoad(RoadError):
    """A service names a road that this machine has never fetched, and the command must not fetch it."""


class UnknownTemplate(RoadError):
    """The road has no template of that name."""


class UnknownRelease(RoadError):
    """The template has no such release."""


class TemplateError(PavedError):
    """A template is malformed, or failed while it was rendered."""


class UnsupportedTemplate(TemplateError):
    """The in-process renderer does not cover this template, so Copier renders it."""


class ForbiddenPath(TemplateError):
    """A template writes outside the service."""


class LimitError(PavedError):
    """A template or a file needs more time, memory, files or bytes than the limit."""


class UntrustedTemplate(PavedError):
    """A foreign template wants to run code, and `--trust` was not given."""


class Stopped(PavedError):
    """The user stopped at a question."""

    exit_code = 130


class NotWanted(Stopped):
    """The user saw what would be written, and declined. Nothing went wrong."""


class AnswerError(PavedError):
    """An answer is missing or invalid, or the template has no such question."""


class ServiceError(PavedError):
    """The service's answers file or lock is missing or broken."""


class OthersAreServices(ServiceError):
    """The folder is in no service, but other folders of its repository are."""

    example: str = ""
    """One of these, as the user would type it."""


class RecordError(ServiceError):
    """A deviation is malformed, breaks a rule of the road, or does not exist."""


class ContractError(ServiceError):
    """The run contract of a service is wrong."""


class NoRunContract(ContractError):
    """Nothing says how the service is run."""


class DestinationError(PavedError):
    """The destination already exists, or cannot be written."""


def in_words(error: Exception) -> str:
    """Return what Python says about a text that it could not parse, in words for someone who does not know Python."""
    text = " ".join(str(error).split())
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if "integer string conversion" in text:
        return "a number in it is too long"
    if isinstance(error, (KeyError, AttributeError, TypeError)):
        return "a value in it has the wrong type"
    return text


def similar(word: str, candidates: Iterable[str]) -> str:
    """Return a hint that names the candidates most like `word`; "" if none is similar."""
    close = difflib.get_close_matches(word, list(candidates), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""


def nearest(word: str, candidates: Iterable[str], *, command: str = "") -> str:
    """Return a hint that names the candidates most like `word`, or all of them if none is similar.

    `command` is a command that lists the candidates; the hint ends with it.

    >>> nearest("servce", ["service", "library"])
    'did you mean service?'
    >>> nearest("x", ["service", "library"], command="paved templates")
    'Available: service, library. List them: paved templates'
    """
    known = list(candidates)
    hint = similar(word, known)
    if known and not hint:
        hint = f"Available: {', '.join(known[:8])}" + (", ..." if len(known) > 8 else "")
    if not command:
        return hint
    end = "." if hint and not hint.endswith(("?", "...")) else ""
    return f"{hint}{end} List them: {command}".lstrip()
