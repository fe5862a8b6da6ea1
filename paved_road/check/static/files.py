"""A service's files, as static checks read them."""

from __future__ import annotations

from dataclasses import dataclass

from paved_road.check.model import Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFiles:
    """The text files of a service."""

    subject: Subject
