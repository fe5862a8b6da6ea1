"""The day it is. Everything else is given the day, so that no test waits for one."""

from __future__ import annotations

from datetime import date, datetime


def today() -> date:
    """The day where paved runs."""
    return datetime.now().astimezone().date()
