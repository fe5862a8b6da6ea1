"""Pristine files as a service's repository stores them.

A template may bring files with CRLF line ends, in UTF-16 or with an expanded `$Id$`, and the repository's attributes
may have git store them otherwise. The lock and every tree hold what git stores, because that is what a commit has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.git.entries import File, Mode, Tree

if TYPE_CHECKING:
    from paved_road.render import Pristine


def as_stored(pristine: Pristine, within: git.Repository | None, *, prefix: str = "", filters: bool) -> Pristine:
    """The pristine files as git stores them below the folder `prefix` of a repository, or of one yet to be made.

    With `filters` the programs run that the person's configuration names for that; a reader runs none.
    """
    return replace(pristine, tree=tree_as_stored(pristine.tree, within, prefix=prefix, filters=filters))


def tree_as_stored(tree: Tree, within: git.Repository | None, *, prefix: str, filters: bool) -> Tree:
    """The same for any files."""
    contents = {path: file.data for path, file in tree.items() if file.mode is not Mode.SYMLINK}
    changed = git.converted(contents, within, prefix=prefix, filters=filters)
    return tree | {path: File(data, tree[path].mode) for path, data in changed.items()}
