"""A service in a subfolder of a repository, together with what the repository says for every service in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from paved_road.check.model import Fault
from paved_road.check.static.files import ServiceFiles

_JOINED = ("Makefile", "GNUmakefile", "makefile", "justfile", "Justfile")
"""Files of which a pipeline may mean the service's or the repository's, by the folder that it runs them in."""


def in_repository(files: ServiceFiles) -> ServiceFiles:
    """The service's files with those around it. Of two files with one path, the service's counts."""
    texts = {**files.around, **files.texts}
    for path in _JOINED:
        if path in files.around and path in files.texts:
            texts[path] = f"{files.texts[path]}\n{files.around[path]}"
    return replace(files, texts=texts) if files.around else files


def concerning(files: ServiceFiles, paths: Iterable[str]) -> list[str]:
    """Those of a repository's pipelines that name the service's folder; all, if none does."""
    found = list(paths)
    folder = files.prefix.rstrip("/")
    named = [path for path in found if path not in files.around or folder in files.around[path]]
    return named if files.around and named else found


def placed(files: ServiceFiles, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Faults with their paths from the service's folder. What is outside of it is not corrected."""
    up = "../" * files.prefix.count("/")
    for fault in faults:
        outside = fault.path in files.around and fault.path not in files.texts
        yield replace(fault, path=up + fault.path, fix=None) if outside else fault
