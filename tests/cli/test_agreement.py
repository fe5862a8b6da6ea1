"""`paved status` says that there is something newer exactly where `paved update` has something to bring."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import evolve, make_road, paved, run, write_files
from tests.renderers import assume_agreement

ROOT = {"copier.yml": "_subdirectory: t\n", "t/a.txt": "one\n"}
STATED = ROOT | {"paved-road.yml": "version: 1.0.0\n"}
LATER = {"t/a.txt": "two\n", "paved-road.yml": "version: 1.1.0\n"}
EARLIER = {"t/a.txt": "two\n", "paved-road.yml": "version: 0.9.0\n"}
SEVERAL = {"templates/one/copier.yml": "_subdirectory: t\n", "templates/one/t/a.txt": "one\n"}
TWO = {"t/a.txt": "two\n"}
BESIDE = {"README.md": "the road's own\n"}


def tag(road: Path, name: str, at: str = "HEAD") -> None:
    git.process.run("tag", "--force", name, at, cwd=road)


def edit(road: Path) -> None:
    write_files(road, TWO)


def move_tag(road: Path) -> None:
    evolve(road, TWO)
    tag(road, "v1.0.0")


def move_tag_back(road: Path) -> None:
    tag(road, "v1.0.0", "HEAD~1")


def take_back(road: Path, *moved: str) -> None:
    """The last commit leaves the history, and its tags with it, except those that move."""
    for name in git.process.run("tag", "--points-at", "HEAD", cwd=road).decode().split():
        git.process.run("tag", "-d", name, cwd=road)
    git.process.run("reset", "--quiet", "--hard", "HEAD~1", cwd=road)
    for name in moved:
        tag(road, name)


def forget_tag(road: Path) -> None:
    git.process.run("tag", "-d", "v1.0.0", cwd=road)


def forget_tag_and_go_on(road: Path) -> None:
    forget_tag(road)
    evolve(road, TWO)


def rewrite(road: Path) -> None:
    git.process.run("checkout", "--quiet", "--orphan", "again", cwd=road)
    evolve(road, TWO)
    git.process.run("branch", "--quiet", "-M", "main", cwd=road)


def merge_branch(road: Path) -> None:
    git.process.run("merge", "--quiet", "--ff-only", "next", cwd=road)


def branch_off(road: Path) -> None:
    git.process.run("checkout", "--quiet", "-b", "next", cwd=road)
    evolve(road, TWO)
    git.process.run("checkout", "--quiet", "main", cwd=road)


def float_tag(road: Path) -> None:
    evolve(road, TWO, tag="v1.1")
    tag(road, "v1")


def rename_template(road: Path) -> None:
    git.process.run("mv", "templates/one", "templates/two", cwd=road)
    evolve(road, {"templates/two/t/a.txt": "two\n"}, tag="v1.1.0")


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """A road, the release that a service was stamped from, and what became of the road since."""

    newer: bool | None
    """Whether the service has anything to get; None where neither command can answer."""
    files: Mapping[str, str] = field(default_factory=lambda: ROOT)
    tag: str | None = "v1.0.0"
    before: Callable[[Path], object] = lambda _: None
    ref: str = ""
    since: Callable[[Path], object] = lambda _: None


HISTORIES = {
    "nothing happened": History(newer=False),
    "nothing happened, without tags": History(newer=False, tag=None),
    "main went on, without tags": History(newer=True, tag=None, since=lambda road: evolve(road, TWO)),
    "main went on beside the template, without tags": History(
        newer=True, tag=None, since=lambda road: evolve(road, BESIDE)
    ),
    "an empty commit, without tags": History(newer=True, tag=None, since=lambda road: evolve(road, {})),
    "main went on under its stated version": History(
        newer=True, files=STATED, tag=None, since=lambda road: evolve(road, TWO)
    ),
    "main went on beside the template under its stated version": History(
        newer=True, files=STATED, tag=None, since=lambda road: evolve(road, BESIDE)
    ),
    "main states another version": History(
        newer=True, files=STATED, tag=None, since=lambda road: evolve(road, LATER)
    ),
    "main states a version before": History(
        newer=True, files=STATED, tag=None, since=lambda road: evolve(road, EARLIER)
    ),
    "main states none any more": History(
        newer=True, files=STATED, tag=None, since=lambda road: evolve(road, TWO | {"paved-road.yml": "{}\n"})
    ),
    "main was rewritten": History(newer=True, tag=None, since=rewrite),
    "main was rewritten under its stated version": History(newer=True, files=STATED, tag=None, since=rewrite),
    "main went on beside tags": History(newer=False, since=lambda road: evolve(road, TWO)),
    "a new tag": History(newer=True, since=lambda road: evolve(road, TWO, tag="v1.1.0")),
    "a new tag beside the template": History(newer=True, since=lambda road: evolve(road, BESIDE, tag="v1.1.0")),
    "a new tag of the same commit": History(newer=True, since=lambda road: tag(road, "v1.0.1")),
    "another name of the same version": History(newer=False, since=lambda road: tag(road, "1.0.0")),
    "a tag that is no version": History(newer=False, since=lambda road: evolve(road, TWO, tag="nightly")),
    "an older tag": History(newer=False, since=lambda road: evolve(road, TWO, tag="v0.9.0")),
    "the tag moved on": History(newer=True, since=move_tag),
    "the tag moved back": History(newer=False, before=move_tag, since=move_tag_back),
    "the tag is gone": History(newer=False, since=forget_tag),
    "the tag of a release between is gone": History(
        newer=False, before=lambda road: evolve(road, TWO, tag="v1.1.0"), ref="v1.1.0",
        since=lambda road: git.process.run("tag", "-d", "v1.1.0", cwd=road),
    ),
    "the release was taken back, and its tag moved": History(
        newer=True, before=move_tag, since=lambda road: take_back(road, "v1.0.0")
    ),
    "the release was taken back, without tags": History(
        newer=True, tag=None, before=lambda road: evolve(road, TWO), since=take_back
    ),
    "the release was taken back under its stated version": History(
        newer=True, files=STATED, tag=None, before=lambda road: evolve(road, TWO), since=take_back
    ),
    "the release was taken back with its tag": History(
        newer=None, before=lambda road: evolve(road, TWO, tag="v1.1.0"), since=take_back
    ),
    "the release was taken back with its stated version": History(
        newer=None, files=STATED, tag=None, before=lambda road: evolve(road, LATER), since=take_back
    ),
    "the tag is gone, and main went on": History(newer=True, since=forget_tag_and_go_on),
    "a floating tag moved on": History(newer=True, tag="v1.0", before=lambda road: tag(road, "v1"), since=float_tag),
    "stamped from the floating tag": History(
        newer=True, tag="v1.0", before=lambda road: tag(road, "v1"), ref="v1", since=float_tag
    ),
    "a pre-release": History(newer=False, since=lambda road: evolve(road, TWO, tag="v1.1.0rc1")),
    "stamped from a pre-release": History(
        newer=False, before=lambda road: evolve(road, TWO, tag="v1.1.0rc1"), ref="1.1.0rc1"
    ),
    "a pre-release that was released": History(
        newer=True, tag="v1.1.0rc1", ref="1.1.0rc1", since=lambda road: evolve(road, TWO, tag="v1.1.0")
    ),
    "nothing but pre-releases": History(
        newer=True, tag="v1.0.0rc1", since=lambda road: evolve(road, TWO, tag="v1.0.0rc2")
    ),
    "stamped from main ahead of the tag": History(newer=False, before=lambda road: evolve(road, TWO), ref="main"),
    "stamped from main, which was tagged": History(
        newer=True, before=lambda road: evolve(road, TWO), ref="main", since=lambda road: tag(road, "v1.1.0")
    ),
    "stamped from main, which went on": History(
        newer=False, before=lambda road: evolve(road, TWO), ref="main", since=lambda road: evolve(road, {})
    ),
    "stamped from a branch": History(newer=False, before=branch_off, ref="next"),
    "stamped from a branch, without tags": History(newer=False, tag=None, before=branch_off, ref="next"),
    "stamped from a branch that was merged, without tags": History(
        newer=False, tag=None, before=branch_off, ref="next", since=merge_branch
    ),
    "stamped from a work tree": History(newer=False, ref="HEAD"),
    "stamped from a work tree, without tags": History(newer=False, tag=None, ref="HEAD"),
    "stamped from a work tree that was committed": History(
        newer=True, tag=None, before=edit, ref="HEAD", since=lambda road: evolve(road, {})
    ),
    "stamped from a work tree that was tagged": History(
        newer=True, before=edit, ref="HEAD",
        since=lambda road: evolve(road, {}, tag="v1.1.0"),
    ),
    "stamped from a work tree with changes": History(newer=True, before=edit, ref="HEAD"),
    "one of several templates": History(
        newer=True, files=SEVERAL,
        since=lambda road: evolve(road, {"templates/one/t/a.txt": "two\n"}, tag="one/v1.1.0"),
    ),
    "a tag of another template": History(
        newer=False, files=SEVERAL | {"templates/two/copier.yml": "x: 1\n"}, tag="one/v1.0.0",
        since=lambda road: evolve(road, {"templates/one/t/a.txt": "two\n"}, tag="two/v1.1.0"),
    ),
    "the template was renamed": History(newer=None, files=SEVERAL, since=rename_template),
}  # fmt: skip


# The histories whose folder is always tried, beside its URL; `make soak` tries the folders of the others.
FOLDERS = (
    "nothing happened", "main went on, without tags", "main went on under its stated version",
    "the release was taken back, without tags", "a floating tag moved on", "stamped from a branch",
    "one of several templates", "the template was renamed",
)  # fmt: skip


def repeats(name: str) -> bool:
    """Whether the URL proves what the folder proves: its mirror has the same history, read by the same code."""
    return HISTORIES[name].ref != "HEAD" and name not in FOLDERS


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assume_agreement(monkeypatch)
    return tmp_path / "road"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param(name, source, marks=[pytest.mark.soak] if source == "a folder" and repeats(name) else [])
        for name, history in HISTORIES.items()
        # Only a folder has a work tree, which is what HEAD stands for.
        for source in (["a folder"] if history.ref == "HEAD" else ["a folder", "a URL"])
    ],
)
def test_status_and_update_agree(road: Path, tmp_path: Path, name: str, source: str) -> None:
    history = HISTORIES[name]
    make_road(road, history.files, tag=history.tag)
    history.before(road)
    service = tmp_path / "service"
    named = str(road) if source == "a folder" else f"file://{road}"
    templates = [path.name for path in (road / "templates").glob("*")][:1] if history.files is not ROOT else []
    words = ["one"] if "one" in templates else []
    said = paved(
        "new", *words, service, "--road", named, "--defaults", *(["--ref", history.ref] if history.ref else [])
    )
    assert said.returncode == 0, said.stderr
    history.since(road)
    agree(service, history.newer)


def agree(service: Path, newer: bool | None) -> None:
    """Status and update say the same before the update, and that all is well after it."""
    status, update = paved("status", service, "--json"), paved("update", service, "--defaults", "--dry-run", "--json")
    if newer is None:
        assert (status.returncode, update.returncode) == (2, 2)
        assert status.envelope["error"] == update.envelope["error"]
        return
    changes = update.envelope["result"]["changes"]
    assert (bool(status.envelope["result"]["newer"]), status.returncode, bool(changes)) == (newer, int(newer), newer), (
        changes
    )
    assert ("(the latest" in paved("status", service).stdout) == (not newer)
    done = paved("update", service, "--defaults", "--commit")
    assert done.returncode == 0, done.stderr
    assert paved("status", service).returncode == 0
    assert paved("update", service, "--defaults").stdout.startswith("up to date")


def test_status_and_update_agree_about_a_plain_folder(road: Path, tmp_path: Path) -> None:
    write_files(road, ROOT)
    service = tmp_path / "service"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    agree(service, newer=False)
    write_files(road, BESIDE)
    agree(service, newer=False)
    write_files(road, TWO)
    agree(service, newer=True)
    make_road(road, {})
    agree(service, newer=True)


def test_status_and_update_agree_about_a_road_that_moved(road: Path, tmp_path: Path) -> None:
    make_road(road, ROOT)
    service = tmp_path / "service"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    shutil.move(road, tmp_path / "elsewhere")
    assert [paved(word, service).returncode for word in ("status", "update")] == [2, 2]


@pytest.mark.parametrize("source", ["a folder", "a URL"])
@pytest.mark.parametrize("since", ["nothing", "a release", "another answer"])
def test_status_and_update_agree_about_an_answers_file_that_names_no_template(
    road: Path, tmp_path: Path, source: str, since: str
) -> None:
    """As an earlier paved wrote it for a road of several templates."""
    more = {"templates/two/copier.yml": "x: 1\n", "templates/one/copier.yml": "_subdirectory: t\nname: {default: a}\n"}
    make_road(road, {**SEVERAL, **more}, tag="one/v1.0.0")
    named = str(road) if source == "a folder" else f"file://{road}"
    service = tmp_path / "service"
    assert paved("new", "one", service, "--road", named, "--defaults").returncode == 0
    answers = service / ".copier-answers.yml"
    text = answers.read_text()
    before = re.sub(r"paved:(.*)#templates/one", r"\1", text)
    assert before != text
    evolve(service, {answers.name: before})
    if since == "a release":
        evolve(road, {"templates/one/t/a.txt": "two\n"}, tag="one/v1.1.0")
        agree(service, newer=True)
    elif since == "another answer":
        agree(service, newer=False)
        assert paved("update", service, "--data", "name=b", "--commit").returncode == 0
    else:
        agree(service, newer=False)
    assert ("#templates/one" in answers.read_text()) == (since != "nothing")
    assert git.process.run("status", "--porcelain", cwd=service) == b""


def test_a_release_that_was_taken_back_is_told_with_a_remedy_that_works(road: Path, tmp_path: Path) -> None:
    evolve(make_road(road, ROOT), TWO, tag="v1.1.0")
    service = tmp_path / "service"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    take_back(road)
    refused = paved("update", service)
    assert "the release 1.1.0 that the service comes from is no longer in its road" in refused.stderr
    (hint,) = re.findall(r"count from the latest release: (git .+) && (paved .+)$", refused.stderr, re.MULTILINE)
    assert hint[1].endswith("--ref 1.0.0")
    assert run(*shlex.split(hint[0]), cwd=tmp_path).returncode == 0
    assert paved(*shlex.split(hint[1])[1:]).returncode == 0
    evolve(service, {})
    assert paved("update", service).stdout.startswith("up to date")
    assert "(the latest)" in paved("status", service).stdout
    evolve(road, {"t/b.txt": "new\n"}, tag="v1.2.0")
    assert paved("update", service).returncode == 0
    assert ((service / "a.txt").read_text(), (service / "b.txt").read_text()) == ("two\n", "new\n")
