"""Practices and checks made up for tests of the engine, and the run that checks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from paved_road.check.catalogue import Item, Selection
from paved_road.check.engine import CheckRun
from paved_road.check.model import Fault
from paved_road.check.registry import StaticCheck
from paved_road.check.static.files import ServiceFiles
from paved_road.check.subject import find_subject, stamped_service
from paved_road.practices.model import CheckKind, Level, Practice

TODAY = date(2026, 11, 27)


def practice(slug: str, level: Level = Level.BRONZE, kind: CheckKind = CheckKind.STATIC) -> Practice:
    """A practice of this name."""
    return Practice(
        slug=slug, title=f"About {slug}", since="0.1.0", level=level, kind=kind, source="A talk",
        source_url="https://talk.example", source_date="2016", remedy=f"remedy of {slug}", prose="Why.",
    )  # fmt: skip


def wrong_words(files: ServiceFiles) -> Iterator[Fault]:
    """A fault for each file with the word WRONG. Raises `NotApplicable` if there is no text file."""
    for path in files.needed("*.txt", what="texts"):
        if "CRASH" in files.texts[path]:
            raise RuntimeError("seeded")
        if "LEAVE" in files.texts[path]:
            raise SystemExit(0)
        if "WRONG" in files.texts[path]:
            yield Fault(message=f"{path} is wrong", path=path, line=files.line(path, "WRONG"))


def item(slug: str, pattern: str = "*.txt", level: Level = Level.BRONZE) -> Item:
    """A static practice about the files of a pattern."""

    def function(files: ServiceFiles) -> Iterable[Fault]:
        texts = {path: files.texts[path] for path in files.matching(pattern)}
        return wrong_words(ServiceFiles(subject=files.subject, texts=texts))

    return Item(practice=practice(slug, level), check=StaticCheck(slug=slug, function=function))


def run_of(folder: Path, *items: Item, tier: str = "standard", selection: Selection | None = None) -> CheckRun:
    """A run of these practices on the service in a folder."""
    service = stamped_service(folder)
    return CheckRun(
        subject=find_subject(folder, service, tier=tier), service=service, contract=None, items=items,
        selection=selection or Selection(), seed=1, today=TODAY,
    )  # fmt: skip
