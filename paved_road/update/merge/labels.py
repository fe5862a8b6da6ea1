"""The branches of a batch of merges, and the labels that people read instead of their names."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from paved_road import git


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchLabels:
    """The branches of one merge of a batch. Replaces their names in git's output with readable labels."""

    number: int
    """Of the merge in its batch."""
    labels: tuple[str, str, str]
    """Of base, ours and theirs."""

    @property
    def base(self) -> str:
        """The branch of the merge base."""
        return f"base-{self.number}"

    @property
    def ours(self) -> str:
        """The service's branch."""
        return f"ours-{self.number}"

    @property
    def theirs(self) -> str:
        """The new release's branch."""
        return f"theirs-{self.number}"

    def replaced_in_merge(self, merge: git.Merge) -> git.Merge:
        """Git's answer with labels in the paths that git had to set aside."""
        return replace(
            merge,
            conflicts={self.replaced_in_path(path): stages for path, stages in merge.conflicts.items()},
            messages=tuple(
                (tuple(self.replaced_in_path(path) for path in paths), kind, text)
                for paths, kind, text in merge.messages
            ),
        )

    def replaced_in_path(self, path: str) -> str:
        """`file~ours-3` is git's name for the service's file where the road made a folder of the same name."""
        sides = {self.ours: self.labels[1], self.theirs: self.labels[2]}
        return re.sub(
            rf"~({'|'.join(sides)})(_\d+)?$",
            lambda match: f"~{sides[match[1]].replace('/', '_')}{match[2] or ''}",
            path,
        )

    def replaced_in_markers(self, text: bytes) -> bytes:
        """A conflicted text with labels for the branches, and for the base's commit."""
        base, ours, theirs = (label.encode().replace(b"\\", rb"\\") for label in self.labels)
        with_ours = re.sub(rb"^(<{7,} )%b\b" % self.ours.encode(), rb"\g<1>" + ours, text, flags=re.MULTILINE)
        with_both = re.sub(rb"^(>{7,} )%b\b" % self.theirs.encode(), rb"\g<1>" + theirs, with_ours, flags=re.MULTILINE)
        return re.sub(rb"^(\|{7,} )[0-9a-f]{7,64}\b", rb"\g<1>" + base, with_both, flags=re.MULTILINE)
