"""The command line: each command has a module that parses, calls and renders. `main` here catches every error."""

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
    check,
    commands,
    completion,
    config,
    doctor,
    drift,
    explain,
    global_options,
    new,
    off_road,
    practice,
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
    cls=commands.PavedGroup,
    help="""Create production-ready services from a paved road, and keep them up to date.

    \b
    Examples:
      paved new orders                   create a service called orders
      paved new orders --dry-run         show what would be written
      paved update                       update the service in the current folder
      paved status                       show its release, the latest one, and its drift
      paved check                        prove that it is ready for production
      paved off-road new --from-drift    write down why its files differ from the road
      paved templates                    list the templates of the road
      paved doctor                       check that this machine is ready
    """,
    # Rich's help costs as much time as all the rest of `paved --help`.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=commands.SETTINGS,
)
commands.add(app, "new", new.new, "Create a new service.")
commands.add(app, "update", update.update, "Update a service to a newer release of its template.")
commands.add(app, "status", status.status, "Show a service's release, drift and deviations.")
commands.add(app, "check", check.check, "Check whether a service is ready for production.")
commands.add(app, "drift", drift.drift, "Show the files that differ from the service's release.")
commands.add(app, "explain", explain.explain, "Explain a practice of production readiness, or list them all.")
commands.add(app, "adopt", adopt.adopt, "Put an existing repository on the road.")
commands.add(app, "templates", templates.templates, "List the templates of a road.")
commands.add(app, "doctor", doctor.doctor, "Check that this machine is ready.")
commands.add(app, "schema", schema.schema, "Print the JSON Schema of a file or of --json output.")
app.add_typer(practice.app, name="practice", short_help="Write and prove the practices of your own road.")
app.add_typer(off_road.app, name="off-road", short_help="Record, approve and check deviations from the road.")
app.add_typer(config.app, name="config", short_help="Show and change paved's own settings.")


@app.command("help", cls=commands.PavedCommand, short_help="Show the help of a command.")
def show_help(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND...",
            show_default=False,
            autocompletion=completion.command,
            help="The command. Default: paved itself.",
        ),
    ] = None,
) -> None:
    """Show the help of a command.

    \b
    Examples:
      paved help update
      paved help off-road new
    """
    context = ctx.find_root()
    for word in words or []:
        command = getattr(context.command, "commands", {}).get(word)
        if command is None:
            raise commands.unknown_command(context, word)
        context = typer.Context(command, parent=context, info_name=word)
    typer.echo(context.get_help())


def _show_version(is_set: bool) -> None:
    if is_set:
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

    A command that a signal ended returns what a shell reports: 143 for SIGTERM, 129 for SIGHUP.
    """
    if arguments is None and completion.VARIABLE in os.environ:
        with global_options.session():
            return completion.print_completions(lambda: app(prog_name="paved", standalone_mode=False))
    given = sys.argv[1:] if arguments is None else arguments
    ui.start()
    where.begin()
    with signals.raising(), global_options.session():
        try:
            code = _run(given)
        except signals.EndedBySignal as ended:
            code = _refused(_Interrupted(f"ended by {ended.name}", exit_code=ended.exit_code), given)
    error = ui.output_error()
    if error is None:
        return code
    # The command did its work, but its output is incomplete: exit code 0 or 1 would pass for an answer.
    hint = f"free some space, or write elsewhere; otherwise, the command ended with exit code {code}"
    ui.failure(PavedError("cannot write to standard output", cause=error.strerror or str(error), hint=hint))
    return max(code, PavedError.exit_code)


def _run(given: list[str]) -> int:
    try:
        preflight.check_machine(given)
        code = int(_application_for(given)(given, prog_name="paved", standalone_mode=False) or 0)
    except PavedError as error:
        return _refused(error, given)
    except typer.TyperException as error:
        return _refused(usage_errors.usage_error(error), given)
    except (KeyboardInterrupt, typer.Abort, EOFError):
        code = _Interrupted.exit_code
    except SystemExit as ended:
        # Typer exits like this when the reader of piped help has gone (`paved --help | head -1`).
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        return 0
    except OSError as error:
        known = isinstance(error, contained.Refused) or error.errno in _HINTS
        return _refused(_unwritable(error) if known else _bug(error, given), given)
    except Exception as error:  # noqa: BLE001 - the boundary: an unexpected error becomes a log file and exit code 3
        return _refused(_bug(error, given), given)
    # Typer itself turns an interrupt into this code, without a message.
    return code if code != _Interrupted.exit_code else _refused(_Interrupted("interrupted"), given)


def _application_for(given: list[str]) -> typer.Typer:
    """Return the application with only the command or group that the command line names.

    Typer needs 7 ms to build all commands and 1 ms to build one, of about 80 ms for `paved status`. Without a command
    the application prints its help, which only lists the commands.
    """
    name = next(usage_errors.positional(given), None)
    application = copy.copy(app)
    application.registered_commands = [each for each in app.registered_commands if each.name == name != "help"]
    application.registered_groups = [each for each in app.registered_groups if each.name == name]
    if name is None:
        application.info = copy.copy(app.info)
        application.info.cls = commands.listing_group(app)
    is_known = application.registered_commands or application.registered_groups
    return application if name is None or is_known else app


_HINTS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space, then run the command again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "allow access to it, then run the command again"),
    **dict.fromkeys((errno.ENAMETOOLONG, errno.ELOOP), "use another path"),
}
"""Hints for operating system errors, by errno."""


class _Interrupted(PavedError):
    exit_code = 130

    def __init__(self, message: str, *, exit_code: int = exit_code) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Bug(PavedError):
    exit_code = 3


def _refused(error: PavedError, given: list[str]) -> int:
    """Print the error, and return its exit code."""
    if isinstance(error, OthersAreServices):
        error.hint = f"name one: {_command_on(error.example, given)}"
    error.hint = where.elsewhere(error.hint)
    if "--json" in given:
        ui.envelope(" ".join(_command(given)), error.exit_code, error=error)
    elif isinstance(error, NotWanted):
        ui.note("; ".join(part for part in (error.message, error.hint) if part))
    else:
        ui.failure(error)
    return error.exit_code


_NAMED_BY_OPTION = frozenset({"accept", "close", "new", "rename", "renew", "show"})
"""The commands on one deviation, which take the service as `--service`."""


def _command_on(service: str, given: list[str]) -> str:
    """Return the given command, for this service, without its options: an answer among them may be secret."""
    command, typed = _command(given), list(usage_errors.positional(given))
    if len(command) > 1 and command[-1] in _NAMED_BY_OPTION:
        flags = [word for word in given if word == "--from-drift"]
        slugs = typed[len(command) :][: 2 if command[-1] == "rename" else 1]
        return shlex.join(["paved", *command, *slugs, *flags, "--service", service])
    return shlex.join(["paved", *command, service])


def _command(given: list[str]) -> list[str]:
    """Return the words of the command line that name a command: `["off-road", "check"]`."""
    below = getattr(typer.main.get_command(app), "commands", {})
    names: list[str] = []
    for word in usage_errors.positional(given):
        if word not in below:
            break
        names.append(word)
        below = getattr(below[word], "commands", {})
    return names


def _unwritable(error: OSError) -> PavedError:
    """Return the error for a full disk, a missing permission, or a FIFO where a file should be."""
    refused = isinstance(error, contained.Refused)
    return PavedError(
        f"cannot use {error.filename or 'a file'}",
        cause=error.strerror or "",
        hint="remove it, or replace it with a regular file" if refused else _HINTS.get(error.errno or 0, ""),
    )


_SHORTEST_SECRET = 4
"""In characters. Removing a shorter answer would protect nothing and garble the traceback."""


def _bug(error: Exception, given: list[str]) -> _Bug:
    """Write an unexpected error to a log file, and return the error that names the file."""
    # Imported here, because few commands end like this.
    import platform
    import tempfile
    import traceback

    # The command line is left out: an answer on it may be secret.
    text = f"paved {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n{traceback.format_exc()}"
    try:
        # Other users cannot read the file: `tempfile` creates it with mode 0600.
        with tempfile.NamedTemporaryFile("wb", prefix="paved-bug-", suffix=".log", delete=False) as log:
            log.write(_without_secrets(text, given).encode(errors="backslashreplace"))
        hint = f"report it with {log.name}"
    except OSError as unwritten:
        hint = f"make {tempfile.gettempdir()} writable ({unwritten.strerror}), run it again, and report the log"
    return _Bug(
        f"this is a bug in paved ({type(error).__name__})", cause=_without_secrets(str(error), given), hint=hint
    )


def _without_secrets(text: str, given: list[str]) -> str:
    """Return the text without passwords in URLs and without the answers on the command line, which may be secret."""
    text = redact(text)
    for word in given:
        for answer in word.split("=", 2)[1:]:
            if len(answer) >= _SHORTEST_SECRET:
                text = text.replace(answer, "***")
    return text
