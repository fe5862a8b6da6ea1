"""The law behind the scenarios, over generated histories.

Every line that a person wrote is, after the update, in a file; nothing of the road's is dropped in silence either; a
conflict is never a success; an untouched service becomes the new release, byte for byte and mode for mode.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from paved_road import git
from paved_road.git import Scratch
from paved_road.git.entries import SHA1, File, Mode, TreeEntry
from paved_road.service.lock import LOCK, parse_lock
from paved_road.testing import Evolution, Files
from tests.renderers import assume_agreement
from tests.update.texts import merge_files

PATHS = ("a.txt", "b.yml", "dir/c.txt", "dir/d.toml", "dir/deep/e.txt", "run.sh")
NEW_PATHS = ("new.txt", "moved/f.txt", "dir/g.txt", "other/deep/h.txt")

# Few different lines, so that much looks alike; blank ones and closing ones, so that differences can slide.
LINE = st.sampled_from(["- one", "  two: 2", "  three: 3", "", "}", "[table]", "last"])


@dataclass(frozen=True)
class Text:
    """A file of a generated history."""

    lines: tuple[str, ...]
    executable: bool = False

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def leaf(self) -> TreeEntry:
        file = File(str(self).encode(), Mode.EXECUTABLE if self.executable else Mode.FILE)
        return file.entry(SHA1)


State = dict[str, Text]

FIRST: st.SearchStrategy[State] = st.dictionaries(
    st.sampled_from(PATHS),
    st.builds(Text, st.lists(LINE, min_size=1, max_size=14).map(tuple), st.booleans()),
    min_size=2,
)


@dataclass(frozen=True)
class Step:
    """One change that a side makes."""

    kind: str
    which: int
    """Which file, and which of the new paths, by their order."""
    at: int
    """Which line, in percent of the file."""


def steps(*kinds: str) -> st.SearchStrategy[list[Step]]:
    kind = st.sampled_from(("replace", "insert", "append", "cut", "double", "move", "delete", "mode", "add", *kinds))
    return st.lists(st.builds(Step, kind, st.integers(0, 5), st.integers(0, 100)), max_size=6)


@dataclass
class Side:
    """A side's files and the lines it wrote, none of which occurs elsewhere."""

    name: str
    files: State
    written: list[str] = field(default_factory=list)

    def take(self, many: list[Step]) -> None:
        for step in many:
            paths = sorted(self.files)
            if step.kind == "add" or not paths:
                self.files.setdefault(NEW_PATHS[step.which % 4], Text((self.line(), self.line(), "}", self.line())))
            else:
                self.change(step, paths[step.which % len(paths)])

    def change(self, step: Step, path: str) -> None:
        text = self.files[path]
        lines, at = list(text.lines), len(text.lines) * step.at // 101
        if step.kind == "delete":
            del self.files[path]
        elif step.kind == "move":
            new = NEW_PATHS[step.at % 4]
            if new not in self.files:
                self.files[new] = self.files.pop(path)
        elif step.kind == "mode":
            self.files[path] = Text(text.lines, not text.executable)
        else:
            if step.kind == "replace":
                lines[at : at + 1] = [self.line()]
            elif step.kind == "insert":
                lines[at:at] = [self.line()]
            elif step.kind == "append":
                lines.append(self.line())
            elif step.kind == "cut":
                del lines[at : at + 2]
            else:
                lines[at:at] = lines[at : at + 3]
            self.files[path] = Text(tuple(lines), text.executable)

    def line(self) -> str:
        self.written.append(f"  {self.name}{len(self.written)}: here")
        return self.written[-1]

    def standing(self) -> set[str]:
        """The lines it wrote that it still had in the end."""
        return {line for text in self.files.values() for line in text.lines} & set(self.written)


def sides(first: State, mine: list[Step], roads: list[Step]) -> tuple[Side, Side]:
    found = Side("mine", dict(first)), Side("road", dict(first))
    found[0].take(mine)
    found[1].take(roads)
    return found


# -- the merge -------------------------------------------------------------------------------------------------------


def check_the_merge(scratch: Scratch, first: State, mine: list[Step], roads: list[Step]) -> None:
    ours, theirs = sides(first, mine, roads)
    three = [{path: text.leaf for path, text in state.items()} for state in (first, ours.files, theirs.files)]
    found, texts = merge_files(scratch, *three)
    lines = {line for text in texts.values() for line in text.splitlines()}
    assert ours.standing() <= lines
    assert any("<<<<<<< " in text for text in texts.values()) <= bool(found.conflicts)
    if not found.conflicts:
        assert theirs.standing() <= lines
    if ours.files == first:
        assert {path: (leaf.mode, leaf.blob) for path, leaf in found.files.items()} == {
            path: (text.leaf.mode, text.leaf.blob) for path, text in theirs.files.items()
        }


TWINS = Text(("[table]", "  two: 2", "- one"))


# Both sides move one of two equal files to the same new name, and we edited the one that the road moved.
@example(
    first={"a.txt": TWINS, "run.sh": TWINS},
    mine=[Step("move", 0, 0), Step("replace", 1, 0)],
    roads=[Step("move", 1, 0)],
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=FIRST, mine=steps(), roads=steps())
def test_no_line_is_lost_in_a_merge(scratch: Scratch, first: State, mine: list[Step], roads: list[Step]) -> None:
    check_the_merge(scratch, first, mine, roads)


@pytest.mark.soak
@settings(max_examples=6000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=FIRST, mine=steps(), roads=steps())
def test_no_line_is_lost_in_thousands_of_merges(
    scratch: Scratch, first: State, mine: list[Step], roads: list[Step]
) -> None:
    check_the_merge(scratch, first, mine, roads)


# -- the whole update ------------------------------------------------------------------------------------------------


def delta(before: State, after: State) -> Files:
    """What to write to come from one state to the other; modes are written afterwards."""
    gone: Files = {path: None for path in before if path not in after}
    return {**gone, **{path: str(text) for path, text in after.items()}}


def set_modes(folder: Path, state: State) -> None:
    for path, text in state.items():
        (folder / path).chmod(0o755 if text.executable else 0o644)


def check_the_update(first: State, mine: list[Step], roads: list[Step]) -> None:
    ours, theirs = sides(first, mine, roads)
    assume(theirs.files)  # a template without a file is refused
    with tempfile.TemporaryDirectory() as folder:
        template: Files = {f"{path}*" if text.executable else path: str(text) for path, text in first.items()}
        evolution = Evolution(Path(folder), template)
        evolution.edit(delta(first, ours.files))
        set_modes(evolution.service, ours.files)
        evolution.edit({})
        write = delta(first, theirs.files)
        evolution.release(write, tag="v1.1.0-rc1")
        set_modes(evolution.road / "template", theirs.files)
        evolution.release({})
        dry = evolution.update("--dry-run", "--to", "1.1.0")
        done = evolution.update()
        lines = {line for text in done.files.values() for line in text.splitlines()}
        assert ours.standing() <= lines
        assert (dry.code, dry.conflicts) == (done.code, done.conflicts)
        assert done.code == int(bool(done.conflicts)) == int(bool(git.unmerged_files(evolution.service)))
        assert any("<<<<<<< " in line for line in lines) <= bool(done.code)
        if done.code == 0:
            assert theirs.standing() <= lines
        if ours.files == first:
            assert done.code == 0
            is_the_release(evolution.service)


def is_the_release(service: Path) -> None:
    lock = parse_lock((service / LOCK).read_bytes())
    repository = git.repository(service)
    assert repository is not None
    found = git.read_index(repository, service).files
    assert {path: locked.entry for path, locked in lock.files.items()} == {
        path: indexed.entry for path, indexed in found.items() if path not in (LOCK, lock.answers_file)
    }
    assert git.process.run("diff-files", "--name-only", cwd=service) == b""


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=FIRST, mine=steps(), roads=steps())
def test_no_line_is_lost_in_an_update(
    monkeypatch: pytest.MonkeyPatch, first: State, mine: list[Step], roads: list[Step]
) -> None:
    assume_agreement(monkeypatch)
    check_the_update(first, mine, roads)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=FIRST, roads=steps())
def test_an_untouched_service_becomes_the_new_release(
    monkeypatch: pytest.MonkeyPatch, first: State, roads: list[Step]
) -> None:
    assume_agreement(monkeypatch)
    check_the_update(first, [], roads)


@pytest.mark.soak
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=FIRST, mine=steps(), roads=steps())
def test_no_line_is_lost_in_hundreds_of_updates(
    monkeypatch: pytest.MonkeyPatch, first: State, mine: list[Step], roads: list[Step]
) -> None:
    assume_agreement(monkeypatch)
    check_the_update(first, mine, roads)
