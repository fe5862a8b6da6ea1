"""Compare versions in the order of PEP 440. Texts that are not versions are allowed, too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version


def parse(version: str) -> Version:
    """The version that a text states. Raises `packaging.version.InvalidVersion` if it is not a version."""
    from packaging.version import Version

    return Version(version)


def is_version(name: str) -> bool:
    """Whether a text is a version."""
    from packaging.version import InvalidVersion

    try:
        parse(name)
    except InvalidVersion:
        return False
    return True


def is_same(version: str, other: str) -> bool:
    """Whether two texts are the same version, as `1.0` and `v1.0.0` are."""
    return is_version(version) and is_version(other) and parse(version) == parse(other)


def is_derived(version: str) -> bool:
    """Whether a version was derived for an untagged commit, so that the road's author did not choose it."""
    return re.search(r"\.post\d+\.dev0\+", version) is not None


def dirty(version: str) -> str:
    """The version of a work tree with uncommitted changes. A PEP 440 version has only one local part."""
    return f"{version}.dirty" if "+" in version else f"{version}+dirty"


def is_dirty(version: str) -> bool:
    """Whether a version is that of a work tree with uncommitted changes."""
    return version.endswith(("+dirty", ".dirty"))


def is_older(version: str, other: str) -> bool:
    """Whether `version` comes before `other`, not counting the suffix for uncommitted changes.

    False if one of the texts is not a version (a plain commit id).
    """
    return is_version(version) and is_version(other) and parse(parse(version).public) < parse(parse(other).public)


def is_passed(version: str, old: str, new: str) -> bool:
    """Whether an update from `old` to `new` passes `version`; False if one of the texts is not a version."""
    return all(map(is_version, (version, old, new))) and parse(old) < parse(version) <= parse(new)
