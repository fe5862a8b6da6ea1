"""The command line: parse, call, render. One small module per command; this one is the boundary where errors end."""

from __future__ import annotations

import copy
import errno
import sys
from typing import Annotated

import typer
import typer.main

from paved_road import __version__, contained, debug, ui
from paved_road.cli import (
    adopt,
    config,
    doctor,
    drift,
    new,
    off_road,
    plain,
    schema,
    signals,
    status,
    templates,
    update,
)
from paved_road.errors import PavedError, UsageError
from paved_road.redaction import redact

app = typer.Typer(
    name="paved",
    cls=plain.Group,
    help="""Stamp production-ready services from a paved road, keep them up to date, prove them ready.

    \b
    Examples:
      paved new orders                   stamp a service called orders
      paved new orders --dry-run         show what would be written
      paved update                       bring the service here to the latest release
      paved status                       its release and the latest, its drift
      paved off-road new --from-drift    leave the road on purpose, in writing
      paved templates                    what the road offers
      paved doctor                       is this machine ready?
    """,
    # Rich's help costs as much time as all the rest of `paved --help`.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
app.command("new")(new.new)
app.command("update")(update.update)
app.command("status")(status.status)
app.command("drift")(drift.drift)
app.command("adopt")(adopt.adopt)
app.command("templates")(templates.templates)
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)
app.add_typer(off_road.app, name="off-road")
app.add_typer(config.app, name="config")


def _show_version(asked: bool) -> None:
    if asked:
        ui.data(f"paved {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    tell: Annotated[
        bool,
        typer.Option("--debug", envvar="PAVED_DEBUG", help="Tell on standard error what is run and who renders."),
    ] = False,
) -> None:
    """Options of `paved` itself."""
    if tell:
        debug.listen(ui.debug)


def main(arguments: list[str] | None = None) -> int:
    """Run `paved` and return its exit code: 0 yes, 1 the answer is no, 2 could not answer, 3 a bug, 130 interrupted.

    One that a signal ended has that of a shell: 143 for SIGTERM, 129 for SIGHUP.
    """
    given = sys.argv[1:] if arguments is None else arguments
    ui.begin()
    with signals.heard():
        try:
            code = _run(given)
        except signals.Ended as ended:
            code = _refused(_Interrupted(f"ended by {ended.name}", exit_code=ended.exit_code), given)
    lost = ui.lost()
    if lost is None:
        return code
    # The command has done what it was asked for; its exit code alone must not pass for the answer.
    hint = f"free some space, or write elsewhere; apart from that the command ended with exit code {code}"
    ui.failure(PavedError("cannot write to standard output", cause=lost.strerror or str(lost), hint=hint))
    return max(code, PavedError.exit_code)


def _run(given: list[str]) -> int:
    try:
        code = int(_enough(given)(given, prog_name="paved", standalone_mode=False) or 0)
    except PavedError as error:
        return _refused(error, given)
    except typer.TyperException as error:
        command = " ".join(["paved", *_command(given)])
        return _refused(UsageError(error.format_message().rstrip("."), hint=f"{command} --help"), given)
    except (KeyboardInterrupt, typer.Abort, EOFError):
        code = _Interrupted.exit_code
    except SystemExit as ended:
        # Typer's own way out when help is piped to a reader that went away.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        return 0
    except OSError as error:
        known = isinstance(error, contained.Refused) or error.errno in _HINTS
        return _refused(_unwritable(error) if known else _bug(error, given), given)
    except Exception as error:  # noqa: BLE001 - the boundary: whatever nobody foresaw becomes a log and exit 3
        return _refused(_bug(error, given), given)
    # Typer itself turns an interrupt into this code, and says nothing.
    return code if code != _Interrupted.exit_code else _refused(_Interrupted("interrupted"), given)


def _enough(given: list[str]) -> typer.Typer:
    """The application with the command that the first word names alone: Typer takes a while to make the others."""
    named = [command for command in app.registered_commands if given[:1] == [command.name]]
    if not named:
        return app
    found = copy.copy(app)
    found.registered_commands, found.registered_groups = named, []
    return found


_HINTS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room, and try again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "give access, and try again"),
    **dict.fromkeys((errno.ENAMETOOLONG, errno.ELOOP), "name another path"),
}
"""What to do about a fault of the machine, by its number."""


class _Interrupted(PavedError):
    exit_code = 130

    def __init__(self, message: str, *, exit_code: int = exit_code) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Bug(PavedError):
    exit_code = 3


def _refused(error: PavedError, given: list[str]) -> int:
    if "--json" in given:
        ui.envelope(" ".join(_command(given)), error.exit_code, error=error)
    else:
        ui.failure(error)
    return error.exit_code


def _command(given: list[str]) -> list[str]:
    """The words of the command line that name a command, as far as there is one."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    found: list[str] = []
    for word in given:
        if word not in commands:
            break
        found.append(word)
        commands = getattr(commands[word], "commands", {})
    return found


def _unwritable(error: OSError) -> PavedError:
    """A disk that is full, a folder that is closed or a file that is a FIFO is nobody's bug."""
    refused = isinstance(error, contained.Refused)
    return PavedError(
        f"cannot use {error.filename or 'a file'}",
        cause=error.strerror or "",
        hint="remove it, or put a plain file there" if refused else _HINTS.get(error.errno or 0, ""),
    )


_SHORTEST_SECRET = 4
"""Characters: a shorter answer guards nothing, and taking it out of a traceback would garble it."""


def _bug(error: Exception, given: list[str]) -> _Bug:
    """An error nobody foresaw: everything goes to a file, its path to the person."""
    import platform
    import tempfile
    import traceback

    # Not the command line: an answer given there may be a secret.
    text = f"paved {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n{traceback.format_exc()}"
    try:
        # Others cannot read it: `tempfile` makes the file with the mode 0600.
        with tempfile.NamedTemporaryFile("wb", prefix="paved-bug-", suffix=".log", delete=False) as log:
            log.write(_without_secrets(text, given).encode(errors="backslashreplace"))
        hint = f"report it with {log.name}"
    except OSError as unwritten:
        hint = f"run it again with {tempfile.gettempdir()} writable ({unwritten.strerror}), and report the log"
    return _Bug(
        f"this is a bug in paved ({type(error).__name__})", cause=_without_secrets(str(error), given), hint=hint
    )


def _without_secrets(text: str, given: list[str]) -> str:
    """What was said, less passwords in URLs and the answers on the command line, which may be secret."""
    text = redact(text)
    for word in given:
        for answer in word.split("=", 2)[1:]:
            if len(answer) >= _SHORTEST_SECRET:
                text = text.replace(answer, "***")
    return text
