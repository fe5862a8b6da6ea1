"""The formats of `paved check` and `paved off-road check`."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING

from paved_road import ui

if TYPE_CHECKING:
    from paved_road.findings import CheckResult


class CheckFormat(StrEnum):
    """How the result of a check is printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


HELP = "text, json, sarif, junit, github or markdown. Default: text; github in GitHub Actions."


def chosen(form: CheckFormat | None, *, json: bool) -> CheckFormat:
    """The format that a person asked for, or the usual one here."""
    usual = CheckFormat.GITHUB if os.environ.get("GITHUB_ACTIONS") else CheckFormat.TEXT
    return CheckFormat.JSON if json else form or usual


def print_rendered(result: CheckResult, form: CheckFormat) -> None:
    """Print a result in a format that is the same for every check."""
    from paved_road import findings

    if text := findings.render(result, findings.Format(form)):
        show = {CheckFormat.GITHUB: ui.workflow_commands, CheckFormat.SARIF: ui.json_text}.get(form, ui.block)
        show(text)
