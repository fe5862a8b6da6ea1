"""The commands of `paved practice`, in the order of `--help`."""

from __future__ import annotations

import typer

from paved_road.cli import commands
from paved_road.cli.practice import new, verify

app = typer.Typer(rich_markup_mode=None)
commands.add(app, "new", new.new, "Begin a practice of your road: its file, its check and its seeded fault.")
commands.add(
    app, "verify", verify.verify, "Prove that each check of a road passes, and fails once its fault is seeded."
)
