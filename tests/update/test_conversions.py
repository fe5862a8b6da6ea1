"""Files that git stores otherwise than they are on disk: a service that nobody touched has no drift and no conflict."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Files, evolve, make_road, paved, write_files

RECORD = {"template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}"}
SETTINGS = {"copier.yml": "_subdirectory: template\n", "paved-road.yml": "owners: {road: ['file.txt']}\n", **RECORD}


def text(first: str = "1", last: str = "9", end: str = "\r\n") -> str:
    return end.join([first, *"2345678", last, ""])


def ident(what: str) -> str:
    return f"$Id: {what} $\n2\n3\n4\n5\n6\n7\n8\n9\n"


def utf16(content: str) -> bytes:
    return content.encode("utf-16")


KINDS: dict[str, tuple[Files, str | bytes, str | bytes, str]] = {
    "eol=crlf": ({".gitattributes": "* text eol=crlf\n"}, text(), text("road"), ""),
    "text=auto": ({".gitattributes": "* text=auto\n"}, text(), text("road"), ""),
    "eol=crlf, LF": ({".gitattributes": "* text eol=crlf\n"}, text(end="\n"), text("road", end="\n"), ""),
    "autocrlf=true": ({}, text(), text("road"), "core.autocrlf=true"),
    "autocrlf=true, LF": ({}, text(end="\n"), text("road", end="\n"), "core.autocrlf=true"),
    "autocrlf=input": ({}, text(), text("road"), "core.autocrlf=input"),
    "core.eol": ({".gitattributes": "*.txt text\n"}, text(), text("road"), "core.eol=crlf"),
    "safecrlf": ({}, text(end="\n"), text("road", end="\n"), "core.autocrlf=true core.safecrlf=warn"),
    "ident": ({".gitattributes": "*.txt ident\n"}, ident("one"), ident("two") + "road\n", ""),
    "encoding": (
        {".gitattributes": "*.txt working-tree-encoding=UTF-16 eol=lf\n"},
        utf16(text(end="\n")), utf16(text("road", end="\n")), "",
    ),
    "filter": ({".gitattributes": "*.txt filter=upper\n"}, text(end="\n"), text("road", end="\n"), "filter"),
    "macro": ({".gitattributes": "[attr]win text eol=crlf\n*.txt win\n"}, text(), text("road"), ""),
}  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def road(kind: str, tmp_path: Path) -> Path:
    attributes, first, _, settings = KINDS[kind]
    for word in settings.split():
        if word == "filter":
            git.process.run("config", "--global", "filter.upper.clean", "tr a-z A-Z", cwd=tmp_path)
            git.process.run("config", "--global", "filter.upper.smudge", "tr A-Z a-z", cwd=tmp_path)
        else:
            git.process.run("config", "--global", *word.split("="), cwd=tmp_path)
    files = {f"template/{path}": content for path, content in {**attributes, "file.txt": first}.items()}
    path = make_road(tmp_path / "road", {"README": "x"}, tag=None)
    git.process.run("config", "core.autocrlf", "false", cwd=path)
    return evolve(path, SETTINGS | files, tag="v1.0.0")


Made = Callable[[str], Path]


@pytest.fixture
def made(road: Path, tmp_path: Path) -> Made:
    def make(where: str) -> Path:
        """A service of its own, or in a folder of a repository."""
        if where == "own":
            path = tmp_path / "service"
            assert paved("new", path, "--road", road, "--defaults").returncode == 0
            return path
        top = make_road(tmp_path / "mono", {"README": "x"}, tag=None)
        path = top / "one"
        assert paved("new", path, "--road", road, "--defaults").returncode == 0
        evolve(top, {})
        return path

    return make


@pytest.mark.parametrize("where", ["own", "mono"])
def test_a_service_that_nobody_touched_has_no_drift(where: str, made: Made, tmp_path: Path) -> None:
    service = made(where)
    assert (paved("drift", service, "--all").stdout, paved("drift", service).returncode) == ("as stamped\n", 0)
    top = service if where == "own" else service.parent
    git.process.run("clone", "--quiet", top, tmp_path / "clone", role=git.PERSON)
    clone = tmp_path / "clone" / service.relative_to(top)
    assert paved("drift", clone, "--all").stdout == "as stamped\n"


def test_a_new_repository_stores_what_the_lock_says(made: Made) -> None:
    service = made("own")
    assert git.process.run("status", "--porcelain", cwd=service) == b""
    shutil.rmtree(service / ".git")
    evolve(make_road(service, {}, tag=None), {})
    assert paved("drift", service).returncode == 0


def test_its_update_has_no_conflict(kind: str, made: Made, road: Path) -> None:
    service = made("own")
    evolve(road, {"template/file.txt": KINDS[kind][2]}, tag="v1.1.0")
    said = paved("update", service, "--commit")
    assert said.returncode == 0, said.stdout + said.stderr
    assert git.process.run("status", "--porcelain", cwd=service) == b""
    fresh = service.with_name("fresh")
    assert paved("new", fresh, "--road", road, "--defaults").returncode == 0
    stored = [git.object_id(one, "HEAD:file.txt") for one in (service, fresh)]
    assert stored[0] == stored[1]
    assert paved("drift", service).returncode == 0


def test_an_update_without_a_change_changes_nothing(kind: str, made: Made, road: Path) -> None:
    service = made("own")
    evolve(road, {"template/other": "x\n"}, tag="v1.1.0")
    assert paved("update", service, "--commit").returncode == 0
    changed = git.process.text("show", "--name-only", "--format=", "HEAD", cwd=service).splitlines()
    assert changed == [".copier-answers.yml", ".paved-road.lock", "other"]


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"filter", "encoding", "ident"}), indirect=True)
def test_an_edited_line_is_drift_and_is_merged(kind: str, made: Made, road: Path) -> None:
    service = made("own")
    content = (service / "file.txt").read_bytes()
    write_files(service, {"file.txt": content.replace(b"9", b"mine")})
    said = paved("drift", service)
    assert (said.returncode, said.stdout) == (1, "edited   file.txt\n")
    shown = paved("drift", service, "--diff").stdout.splitlines()
    changed = [line.strip() for line in shown if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")]
    assert changed == ["-9", "+mine"]
    evolve(service, {})
    evolve(road, {"template/file.txt": KINDS[kind][2]}, tag="v1.1.0")
    assert paved("update", service, "--commit").returncode == 0
    lines = (service / "file.txt").read_text().split()
    assert lines == ["road", *"2345678", "mine"]
    assert git.process.run("status", "--porcelain", cwd=service) == b""


def test_line_ends_that_are_stored_stay_whatever_is_set_later(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", SETTINGS | {"template/file.txt": text()})
    service = tmp_path / "service"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    git.process.run("config", "core.autocrlf", "input", cwd=service)
    evolve(road, {"template/file.txt": text("road")}, tag="v1.1.0")
    assert paved("update", service, "--commit").returncode == 0
    assert git.read_objects(service, ["HEAD:file.txt"]) == [text("road").encode()]
    assert git.process.run("status", "--porcelain", cwd=service) == b""
    assert paved("drift", service, "--all").stdout == "as stamped\n"


@pytest.mark.parametrize("place", [".gitattributes", ".git/info/attributes"])
def test_attributes_of_the_repository_count(place: str, tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", SETTINGS | {"template/file.txt": text(), "template/a/b.txt": text()})
    top = make_road(tmp_path / "mono", {"README": "x"}, tag=None)
    write_files(top, {place: "*.txt text\n"})
    service = top / "one"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    evolve(top, {})
    assert paved("drift", service, "--all").stdout == "as stamped\n"
    evolve(road, {"template/file.txt": text("road")}, tag="v1.1.0")
    assert paved("update", service, "--commit").returncode == 0
    assert git.read_objects(top, ["HEAD:one/file.txt"]) == [text("road", end="\n").encode()]
    assert paved("drift", service).returncode == 0


def test_attributes_that_come_later_change_what_is_stored(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", SETTINGS | {"template/file.txt": text()})
    service = tmp_path / "service"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    evolve(service, {".gitattributes": "*.txt text\n", "file.txt": None})
    evolve(service, {"file.txt": text()})
    assert paved("drift", service, "--all").stdout == "edited   file.txt  (road)\n"


@pytest.fixture
def filtered(tmp_path: Path) -> Path:
    """A repository with a filter for the files of the service that is to come; the road has a second release."""
    git.process.run("config", "--global", "filter.upper.clean", "tr a-z A-Z", cwd=tmp_path)
    git.process.run("config", "--global", "filter.upper.smudge", "tr A-Z a-z", cwd=tmp_path)
    road = make_road(tmp_path / "road", SETTINGS | {"template/file.txt": "one\ntwo\nthree\n"})
    evolve(road, {"template/other": "x\n"}, tag="v1.1.0")
    top = make_road(tmp_path / "mono", {".gitattributes": "*.txt filter=upper\n"}, tag=None)
    assert paved("new", top / "one", "--road", road, "--ref", "1.0.0", "--defaults").returncode == 0
    return top / "one"


def in_doubt(service: Path) -> None:
    """Make the index as old as the files: git cannot tell whether one was changed after it was written."""
    index = service.parent / ".git" / "index"
    stamp = (service / "file.txt").stat().st_mtime_ns
    os.utime(index, ns=(stamp, stamp))


@pytest.mark.parametrize("command", ["update --dry-run", "update --commit", "drift", "status --offline"])
def test_a_filtered_file_of_this_very_moment_is_not_taken_for_edited(command: str, filtered: Path) -> None:
    evolve(filtered.parent, {})
    in_doubt(filtered)
    said = paved(*command.split(), filtered)
    assert said.returncode == (1 if "status" in command else 0), said.stderr
    assert not re.search("edited|drift:|uncommitted", (said.stdout + said.stderr).replace("no drift", ""))


@pytest.mark.parametrize("command", ["update --dry-run", "update"])
@pytest.mark.parametrize("staged", [False, True])
def test_an_edited_one_is(command: str, staged: bool, filtered: Path) -> None:
    evolve(filtered.parent, {})
    write_files(filtered, {"file.txt": "six\ntwo\nthree\n"})
    if staged:
        git.process.run("add", ".", cwd=filtered, role=git.PERSON)
    in_doubt(filtered)
    said = paved(*command.split(), filtered)
    assert (said.returncode, "cause: one/file.txt" in said.stderr) == (2, True)


@pytest.mark.parametrize("command", ["drift", "status --offline", "off-road check"])
def test_of_a_filtered_file_that_is_not_added_yet_nothing_is_claimed(command: str, filtered: Path) -> None:
    said = paved(*command.split(), filtered)
    assert said.returncode == 2
    assert "one/file.txt was edited: it has a git filter and is not added to git yet" in said.stderr
    assert " add one/file.txt" in said.stderr
    git.process.run("add", ".", cwd=filtered, role=git.PERSON)
    assert "file.txt" not in paved(*command.split(), filtered).stdout


@pytest.mark.parametrize(("encoding", "content"), [("UTF-16", b"hello\n"), ("UTF-16LE", b"\xff\xfeh\0")])
def test_a_file_in_another_encoding_than_its_attributes_say_is_named(
    encoding: str, content: bytes, tmp_path: Path
) -> None:
    attributes = {"template/.gitattributes.jinja": f"*.txt working-tree-encoding={encoding}\n"}
    road = make_road(tmp_path / "road", SETTINGS | attributes | {"template/file.txt": content})
    said = paved("new", tmp_path / "service", "--road", road, "--defaults")
    assert said.returncode == 2
    assert "git cannot store file.txt: it is not in the encoding that its attributes name" in said.stderr
    assert "hint: The file" not in said.stderr
    assert "git check-attr working-tree-encoding -- 'file.txt'" in said.stderr


def test_nothing_is_asked_of_git_where_nothing_is_converted(
    greeter: Path, tmp_path: Path, git_calls: Callable[[], list[str]]
) -> None:
    assert paved("new", tmp_path / "hi", "--road", greeter, "--defaults").returncode == 0
    assert "hash-object" not in git_calls()
