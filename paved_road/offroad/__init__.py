"""Off-road: deviations from the road, on purpose and in writing.

record       what one record says: the model of its front matter
document     the file it stands in: front matter with line numbers, edited in place, and the argument in prose
ledger       every record of a service, read and held against the rules of its road
fingerprint  what exactly was approved
standing     the records against the service as it is: what is excused, what is not, what needs a look
lifecycle    new, accept, renew, close, baseline, rename
approval     who approved what, by the history
report       the records of many services: what their teams are telling the road
"""

from __future__ import annotations

from pathlib import Path

from paved_road.git import address

FOLDER = "docs/off-road"


def is_record(name: str) -> bool:
    """Whether a file of the folder is meant to be a record. Its README is none, and hidden files are nobody's."""
    return not name.startswith(".") and name.lower() != "readme.md"


def is_in_place(service: Path) -> bool:
    """Whether the folder of a service is no link, nor below one."""
    return address.resolved(service / FOLDER) == address.resolved(service) / FOLDER


def has_any(service: Path) -> bool:
    """Whether a service has records, or what stands in their place. Loads nothing of what it takes to read them."""
    folder = service / FOLDER
    return folder.is_dir() and (not is_in_place(service) or any(is_record(path.name) for path in folder.iterdir()))
