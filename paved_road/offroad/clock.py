"""Today's date. Everything else takes the date as a parameter, so no test has to wait for a day to pass."""

from __future__ import annotations

from datetime import date, datetime


def today() -> date:
    """The date where paved runs."""
    return datetime.now().astimezone().date()
