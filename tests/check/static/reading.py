"""What static checks say of files that are given as texts."""

from __future__ import annotations

from pathlib import Path

from paved_road.check.model import Fault, Subject
from paved_road.check.registry import StaticCheck, built_in_checks
from paved_road.check.static.files import ServiceFiles


def service(texts: dict[str, str], name: str = "orders") -> ServiceFiles:
    return ServiceFiles(subject=Subject(path=Path("/nowhere") / name, name=name), texts=texts)


def faults(slug: str, texts: dict[str, str]) -> list[Fault]:
    check = built_in_checks()[slug]
    assert isinstance(check, StaticCheck)
    return list(check.function(service(texts)))


def messages(slug: str, texts: dict[str, str]) -> list[str]:
    return [fault.message for fault in faults(slug, texts)]
