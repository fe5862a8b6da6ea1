"""Off-road: deviations from the road, on purpose and in writing.

front_matter  the fields of a deviation
document      its file: front matter with line numbers, edited in place, and the argument in prose
deviations    every deviation of a service, read and compared with the rules of its road
fingerprint   what exactly was approved
evaluation    the deviations compared with the service as it is: what they cover, and what is wrong
approval      who approved what, according to git's history
checking      what `paved off-road check` finds
lifecycle     new, accept, renew, close; baseline and moves build on it
report        the deviations of many services, for the team that owns the road
"""

from __future__ import annotations

from pathlib import Path

from paved_road.git import address

FOLDER = "docs/off-road"


def is_deviation(name: str) -> bool:
    """Whether a file of the folder should be a deviation. Its README and hidden files are not."""
    return not name.startswith(".") and name.lower() != "readme.md"


def is_in_place(service: Path) -> bool:
    """Whether the folder of a service is neither a link nor below one."""
    return address.resolved(service / FOLDER) == address.resolved(service) / FOLDER


def has_any(service: Path) -> bool:
    """Whether a service has deviations, or something in their place. Imports nothing of what it takes to read them."""
    folder = service / FOLDER
    return folder.is_dir() and (not is_in_place(service) or any(is_deviation(path.name) for path in folder.iterdir()))
