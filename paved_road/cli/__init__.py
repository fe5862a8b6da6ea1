"""The command line: parse, call, render. One small module per command; this one is the boundary where errors end."""

from __future__ import annotations

import copy
import errno
import os
import shlex
import sys
from typing import Annotated

import typer
import typer.main

from paved_road import __version__, ui
from paved_road.cli import (
    adopt,
    commands,
    completion,
    config,
    doctor,
    drift,
    global_options,
    new,
    off_road,
    preflight,
    schema,
    signals,
    status,
    templates,
    update,
    usage_errors,
    where,
)
from paved_road.errors import NotWanted, OthersAreServices, PavedError
from paved_road.files import contained
from paved_road.text.redaction import redact

app = typer.Typer(
    name="paved",
    cls=commands.Group,
    help="""Stamp production-ready services from a paved road, keep them up to date, prove them ready.

    \b
    Examples:
      paved new orders                   stamp a service called orders
      paved new orders --dry-run         show what would be written
      paved update                       bring the service here up to date
      paved status                       its release and the latest, its drift
      paved off-road new --from-drift    leave the road on purpose, in writing
      paved templates                    what the road offers
      paved doctor                       is this machine ready?
    """,
    # Rich's help costs as much time as all the rest of `paved --help`.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=commands.SETTINGS,
)
commands.add(app, "new", new.new, "Stamp a new service.")
commands.add(app, "update", update.update, "Bring a service to a newer release of its template.")
commands.add(app, "status", status.status, "Show a service's release, its drift, its deviations.")
commands.add(app, "drift", drift.drift, "Show where a service differs from its release.")
commands.add(app, "adopt", adopt.adopt, "Put an existing repository on the road.")
commands.add(app, "templates", templates.templates, "List what the road offers.")
commands.add(app, "doctor", doctor.doctor, "Check that this machine is ready.")
commands.add(app, "schema", schema.schema, "Print the JSON Schema of a file or of a --json answer.")
app.add_typer(off_road.app, name="off-road", short_help="Leave the road on purpose, in writing.")
app.add_typer(config.app, name="config", short_help="Show and change paved's own settings.")


@app.command("help", cls=commands.Command, short_help="Show the help of a command.")
def explain(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND...",
            show_default=False,
            autocompletion=completion.command,
            help="The command; paved when left out.",
        ),
    ] = None,
) -> None:
    """Show the help of a command.

    \b
    Examples:
      paved help update
      paved help off-road new
    """
    shown = ctx.find_root()
    for word in words or []:
        found = getattr(shown.command, "commands", {}).get(word)
        if found is None:
            raise commands.unknown(shown, word)
        shown = typer.Context(found, parent=shown, info_name=word)
    typer.echo(shown.get_help())


def _show_version(asked: bool) -> None:
    if asked:
        ui.data(f"paved {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _folders: global_options.Folders = None,
    _verbose: global_options.Verbose = False,
    _quiet: global_options.Quiet = False,
) -> None:
    """Options of `paved` itself."""


def main(arguments: list[str] | None = None) -> int:
    """Run `paved` and return its exit code: 0 yes, 1 the answer is no, 2 could not answer, 3 a bug, 130 interrupted.

    One that a signal ended has that of a shell: 143 for SIGTERM, 129 for SIGHUP.
    """
    if arguments is None and completion.VARIABLE in os.environ:
        with global_options.session():
            return completion.answer(lambda: app(prog_name="paved", standalone_mode=False))
    given = sys.argv[1:] if arguments is None else arguments
    ui.begin()
    where.begin()
    with signals.heard(), global_options.session():
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
        preflight.check(given)
        code = int(_enough(given)(given, prog_name="paved", standalone_mode=False) or 0)
    except PavedError as error:
        return _refused(error, given)
    except typer.TyperException as error:
        return _refused(usage_errors.explained(error), given)
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
    """The application with the command or group that the line names alone: Typer takes a while to make the others.

    Where none is named it is for the help, which only lists them.
    """
    name = next(usage_errors.words(given), None)
    found = copy.copy(app)
    found.registered_commands = [one for one in app.registered_commands if one.name == name != "help"]
    found.registered_groups = [one for one in app.registered_groups if one.name == name]
    if name is None:
        found.info = copy.copy(app.info)
        found.info.cls = commands.listing(app)
    return found if name is None or found.registered_commands or found.registered_groups else app


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
    if isinstance(error, OthersAreServices):
        error.hint = f"name one: {_on(error.found, given)}"
    error.hint = where.elsewhere(error.hint)
    if "--json" in given:
        ui.envelope(" ".join(_command(given)), error.exit_code, error=error)
    elif isinstance(error, NotWanted):
        ui.note("; ".join(part for part in (error.message, error.hint) if part))
    else:
        ui.failure(error)
    return error.exit_code


_NAMED_BY_OPTION = frozenset({"accept", "close", "new", "rename", "renew", "show"})
"""The commands on a record, which take the service as `--service`."""


def _on(service: str, given: list[str]) -> str:
    """The command that was typed, on this service. Other options are left out: an answer may be secret."""
    command, typed = _command(given), list(usage_errors.words(given))
    if len(command) > 1 and command[-1] in _NAMED_BY_OPTION:
        flags = [word for word in given if word == "--from-drift"]
        slugs = typed[len(command) :][: 2 if command[-1] == "rename" else 1]
        return shlex.join(["paved", *command, *slugs, *flags, "--service", service])
    return shlex.join(["paved", *command, service])


def _command(given: list[str]) -> list[str]:
    """The words of the command line that name a command, as far as there is one."""
    below = getattr(typer.main.get_command(app), "commands", {})
    found: list[str] = []
    for word in usage_errors.words(given):
        if word not in below:
            break
        found.append(word)
        below = getattr(below[word], "commands", {})
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
