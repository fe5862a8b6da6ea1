"""Versions as PEP 440 orders them, and texts that are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version


def parse(version: str) -> Version:
    """The version that a text is; `packaging.version.InvalidVersion` for one that is none."""
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
    """Whether two texts are one version: `1.0` and `v1.0.0` are."""
    return is_version(version) and is_version(other) and parse(version) == parse(other)


def is_derived(version: str) -> bool:
    """Whether a version was made up for a commit, and is none that the road's author gave."""
    return re.search(r"\.post\d+\.dev0\+", version) is not None


def dirty(version: str) -> str:
    """The version of a work tree that is not as it was committed: a PEP 440 version has one local part."""
    return f"{version}.dirty" if "+" in version else f"{version}+dirty"


def is_dirty(version: str) -> bool:
    """Whether a version is that of a work tree with changes."""
    return version.endswith(("+dirty", ".dirty"))


def is_older(version: str, other: str) -> bool:
    """Whether a version comes before another one; the mark of a changed work tree does not count.

    Texts that are no versions (a plain commit id) come before nothing.
    """
    return is_version(version) and is_version(other) and parse(parse(version).public) < parse(parse(other).public)


def is_passed(version: str, old: str, new: str) -> bool:
    """Whether going from the release `old` to `new` passes that version; False for texts that are no versions."""
    return all(map(is_version, (version, old, new))) and parse(old) < parse(version) <= parse(new)
