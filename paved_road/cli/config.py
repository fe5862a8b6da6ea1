"""`paved config`."""

from __future__ import annotations

import json as jsons
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paved_road import ui
from paved_road.cli import commands, completion, options
from paved_road.text.redaction import redact

if TYPE_CHECKING:
    from paved_road.cli import results
    from paved_road.settings.edit import ChangedSetting


Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        autocompletion=completion.setting,
        help="road, template, trust, cache, limits.seconds, limits.files, limits.bytes or answers.QUESTION.",
    ),
]
Values = Annotated[list[str], typer.Argument(metavar="VALUE...", help="The value. The setting trust takes several.")]
Project = Annotated[bool, typer.Option("--project", help="Change the project's .paved.toml instead of your own file.")]

app = typer.Typer(
    cls=commands.PavedGroup,
    help="""Show and change paved's own settings.

    \b
    Examples:
      paved config show                       every setting and where it comes from
      paved config path                       the settings files
      paved config set road gh:acme/road      change your own file
      paved config unset road
    """,
    rich_markup_mode=None,
)


def show(road: options.Road = None, json: options.Json = False) -> None:
    """Show every setting and where it comes from: flag, environment, project, user or default.

    \b
    Examples:
      paved config show
      PAVED_ROAD=gh:acme/road paved config show --json
    """
    from paved_road.settings.config import load_config, user_file

    config = load_config({"road": road})
    settings = {name: getattr(config, name) for name in ("road", "template", "trust", "cache", "answers", "limits")}
    if json:
        found: dict[str, results.SettingJson] = {
            name: {"value": _plain(value.value), "origin": value.origin, "where": value.where}
            for name, value in settings.items()
        }
        facts: results.SettingsJson = {
            "settings": found,
            "files": [str(path) for path in config.files],
            "user_file": str(user_file()),
        }
        ui.envelope("config show", 0, facts)
        return
    ui.table(
        ("setting", "value", "from"),
        [(name, _in_words(value.value), f"{value.origin} {value.where}".strip()) for name, value in settings.items()],
    )


def _plain(value: Any) -> Any:
    """Return a setting's value for `--json`: trust as in the file, a URL without its password."""
    if isinstance(value, list):
        return [
            {"road": redact(one.road), "signed_by": list(one.signed_by)} if one.signed_by else redact(one.road)
            for one in value
        ]
    from paved_road.process.limits import Limits

    if isinstance(value, Limits):
        return asdict(value)
    return redact(value) if isinstance(value, str) else value


def _in_words(value: Any) -> str:
    from paved_road.process.limits import Limits

    if isinstance(value, Limits):
        size = f"{value.bytes / 2**20:g} MiB" if value.bytes >= 2**20 else f"{value.bytes} bytes"
        return f"{value.seconds} seconds, {value.files} files, {size}"
    if value in (None, [], {}):
        return "not set"
    if isinstance(value, dict):
        return redact(", ".join(f"{name} = {jsons.dumps(one, default=str)}" for name, one in value.items()))
    return redact(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def get(key: Key, json: options.Json = False) -> None:
    """Print the value of a setting.

    Exit code 1: the setting has no value, and no default.

    \b
    Examples:
      paved config get road
      paved config get limits.seconds
    """
    from paved_road.settings import edit
    from paved_road.settings.config import load_config

    name, *below = edit.key_path(key)
    found = getattr(load_config(), name)
    value = _plain(found.value)
    if below:
        value = value.get(below[0])
    is_set = value not in (None, [])
    if json:
        facts: results.SettingJson = {"value": value, "origin": found.origin, "where": found.where}
        ui.envelope("config get", int(not is_set), facts)
    elif is_set:
        for one in value if isinstance(value, list) else [value]:
            ui.data(one if isinstance(one, str) else jsons.dumps(one))
    raise typer.Exit(int(not is_set))


def path(json: options.Json = False) -> None:
    """Print the settings files that paved reads here. Later files override earlier ones.

    \b
    Examples:
      paved config path
      paved config path --json
    """
    from paved_road.settings import edit

    found = edit.files()
    if json:
        facts: results.SettingsFilesJson = {
            "files": [{"whose": whose, "path": str(file), "exists": file.exists()} for whose, file in found]
        }
        ui.envelope("config path", 0, facts)
    else:
        rows = [(str(file), whose, "exists" if file.exists() else "does not exist") for whose, file in found]
        ui.table(("file", "whose", ""), rows)


def set_(key: Key, values: Values, project: Project = False, json: options.Json = False) -> None:
    """Set a setting in your own file, or in the project's `.paved.toml`. The rest of the file does not change.

    \b
    Examples:
      paved config set road gh:acme/road
      paved config set trust gh:acme/ /srv/roads/
      paved config set answers.team payments
      paved config set --project road gh:acme/road
    """
    from paved_road.settings import edit

    _print_change("set", edit.change(key, values, project=project), json=json)


def unset(key: Key, project: Project = False, json: options.Json = False) -> None:
    """Remove a setting from your own file, or from the project's `.paved.toml`.

    \b
    Examples:
      paved config unset road
      paved config unset --project template
    """
    from paved_road.settings import edit

    _print_change("unset", edit.change(key, None, project=project), json=json)


def _print_change(command: str, changed: ChangedSetting, *, json: bool) -> None:
    """Print which setting changed in which file, and which file overrides it here."""
    from paved_road.settings.config import load_config

    in_force = getattr(load_config(), changed.key.partition(".")[0])
    notes = []
    if in_force.origin != "default" and in_force.where != str(changed.file):
        notes.append(f"{in_force.where} overrides it")
    if json:
        value = redact(changed.value) if isinstance(changed.value, str) else changed.value
        facts: results.SettingChangedJson = {"file": str(changed.file), "key": changed.key, "value": value}
        ui.envelope(f"config {command}", 0, facts, notes=notes)
        return
    for text in notes:
        ui.note(text)
    ui.good(f"{command} {changed.key} in {changed.file}")


commands.add(app, "show", show, "Show every setting and where it comes from.")
commands.add(app, "get", get, "Print one setting.")
commands.add(app, "set", set_, "Set a setting in your own file or the project's.")
commands.add(app, "unset", unset, "Remove a setting from your own file, or the project's.")
commands.add(app, "path", path, "Print the settings files that paved reads here.")
