"""What `paved update` shows: the summary first, then each file; colour, folding and a pager on a terminal alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Evolution, evolve, make_road, paved, write_files
from tests.renderers import assume_agreement
from tests.terminal import on_a_terminal

Begin = Callable[..., Evolution]

LINES = "".join(f"line {number}\n" for number in range(20))
ENTRY = "## 1.1.0\n\n" + "".join(f"- Change {number}{' is told at length' * 9}\n" for number in range(30))
TERMINAL = {"TERM": "xterm", "COLUMNS": "80", "LINES": "400", "NO_COLOR": "1"}


@pytest.fixture
def evolution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evolution:
    """A service with a conflict, an addition, a deletion and a merge ahead."""
    assume_agreement(monkeypatch)
    found = Evolution(tmp_path, {"a.txt": LINES, "b.txt": LINES, "gone.txt": "gone\n", "z.txt": "z\n"})
    found.edit({"a.txt": LINES.replace("line 3", "mine"), "b.txt": LINES.replace("line 3", "mine")})
    write_files(found.road, {"CHANGELOG.md": f"# Changes\n\n{ENTRY}"})
    found.release(
        {
            "a.txt": LINES.replace("line 3", "theirs"),
            "b.txt": LINES.replace("line 15", "theirs"),
            "gone.txt": None,
            "new.txt": "new\n",
        }
    )
    return found


def terminal(service: Path, *words: str, **env: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "paved_road", "update", str(service), *words]
    code, shown = on_a_terminal(command, service.parent, [], env=TERMINAL | env)
    return code, shown.replace("\r\n", "\n")


def test_the_summary_comes_first_and_the_conflicts_last(evolution: Evolution) -> None:
    said = paved("update", evolution.service, "--dry-run")
    lines = said.stdout.splitlines()
    assert lines[:2] == ["1.0.0 -> 1.1.0", "1 added, 2 updated, 1 merged, 1 deleted, 1 conflict"]
    files = [line for line in lines if re.match(r"    \w+ +\S", line)]
    assert [line.split()[:2] for line in files] == [
        ["updated", ".copier-answers.yml"], ["updated", ".paved-road.lock"], ["merged", "b.txt"],
        ["deleted", "gone.txt"], ["added", "new.txt"], ["conflict", "a.txt"],
    ]  # fmt: skip
    assert "release 1.1.0 and the service changed the same lines since 1.0.0" in files[-1]
    assert "diff --git" not in said.stdout
    assert said.returncode == 1


def test_a_real_update_shows_the_same_summary(evolution: Evolution) -> None:
    dry, done = paved("update", evolution.service, "--dry-run"), paved("update", evolution.service)
    summary, last = dry.stdout.rstrip("\n").rsplit("\n", 1)
    assert done.stdout.startswith(f"{summary}\n    conflict    a.txt\n\n1 conflict left.")
    assert last.startswith("    conflict    a.txt  release 1.1.0 and")


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_the_statistics_and_the_patch_come_after_the_summary(evolution: Evolution, words: tuple[str, ...]) -> None:
    out = paved("update", evolution.service, "--stat", "--diff", *words).stdout
    places = [out.index(text) for text in ("1.0.0 -> 1.1.0", "    conflict", " 6 files changed", "diff --git")]
    assert places == sorted(places)
    assert re.search(r"^ b\.txt +\| +2 \+-$", out, re.MULTILINE)


def test_json_has_the_patch_without_asking(evolution: Evolution) -> None:
    shown = paved("update", evolution.service, "--dry-run", "--json").envelope["result"]
    assert "diff --git a/b.txt b/b.txt" in shown["diff"]


def test_what_is_piped_is_the_changelog_as_the_road_wrote_it(evolution: Evolution) -> None:
    assert f"\n\n{ENTRY}\n" in paved("update", evolution.service, "--dry-run").stdout


def test_a_terminal_gets_a_folded_changelog_that_can_be_had_whole(evolution: Evolution) -> None:
    _, folded = terminal(evolution.service, "--dry-run")
    assert max(map(len, folded.splitlines())) <= 80
    assert "more lines: paved update --dry-run --changelog" in folded
    assert len(folded.split("    updated")[0].splitlines()) <= 26
    _, whole = terminal(evolution.service, "--dry-run", "--changelog")
    assert "- Change 29" in whole
    assert max(map(len, whole.splitlines())) <= 80


def test_colour_is_for_terminals(evolution: Evolution, monkeypatch: pytest.MonkeyPatch) -> None:
    _, shown = terminal(evolution.service, "--dry-run", "--diff", NO_COLOR="")
    assert "\x1b[1;31mconflict" in shown
    assert "\x1b[32m+new" in shown
    _, plain = terminal(evolution.service, "--dry-run", "--diff")
    assert "\x1b" not in plain
    assert "\x1b" not in paved("update", evolution.service, "--dry-run", "--diff").stdout
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    forced = paved("update", evolution.service, "--dry-run", "--diff").stdout
    assert forced.startswith("1.0.0 -> 1.1.0\n")
    assert "\x1b[32m+new" in forced


def test_a_file_name_that_a_terminal_would_obey_is_shown_harmless(tmp_path: Path) -> None:
    evolution = Evolution(tmp_path, {"a": "a\n"})
    evolution.release({"x\x1b[31mred": "\x1b[2Jnew\n"})
    assert "\x1b" not in paved("update", evolution.service, "--dry-run", "--diff", "--stat").stdout


# -- the pager -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that tells that it was there."""
    write_files(tmp_path, {"pager*": "#!/bin/sh\necho PAGED\nexec cat\n"})
    return str(tmp_path / "pager")


@pytest.mark.parametrize("variable", ["GIT_PAGER", "PAGER"])
def test_a_long_dry_run_is_paged(evolution: Evolution, pager: str, variable: str) -> None:
    code, shown = terminal(evolution.service, "--dry-run", "--diff", LINES="10", **{variable: pager})
    assert (code, shown.startswith("PAGED\n1.0.0 -> 1.1.0\n")) == (1, True)
    assert "diff --git" in shown


@pytest.mark.parametrize("words", [("--dry-run", "--no-pager"), ("--dry-run", "--json"), ()])
def test_nothing_else_is_paged(evolution: Evolution, pager: str, words: tuple[str, ...]) -> None:
    assert "PAGED" not in terminal(evolution.service, *words, LINES="10", GIT_PAGER=pager)[1]


def test_what_fits_on_the_terminal_is_not_paged(evolution: Evolution, pager: str) -> None:
    assert "PAGED" not in terminal(evolution.service, "--dry-run", GIT_PAGER=pager)[1]


def test_a_pager_is_the_persons_and_never_the_repositorys(evolution: Evolution, pager: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"trap*": "#!/bin/sh\necho TRAPPED\nexec cat\n", "own": f"[core]\n    pager = {pager}\n"})
    git.process.run("config", "core.pager", str(tmp_path / "trap"), cwd=evolution.service)
    env = {"LINES": "10", "PAGER": "cat", "GIT_CONFIG_GLOBAL": str(tmp_path / "own")}
    code, shown = terminal(evolution.service, "--dry-run", **env)
    assert (code, "TRAPPED" in shown, "PAGED" in shown) == (1, False, True)


@pytest.mark.parametrize("command", ["/nonexistent/pager", "head -c 5", "exec true"])
def test_a_pager_that_is_dead_or_closed_is_no_failure(evolution: Evolution, command: str) -> None:
    code, shown = terminal(evolution.service, "--dry-run", "--diff", LINES="10", GIT_PAGER=command)
    assert (code, "Traceback" in shown) == (1, False)
    assert ("diff --git" in shown) == (command == "/nonexistent/pager")


# -- conflicts -----------------------------------------------------------------------------------------------------


def test_json_carries_each_conflict_so_that_it_can_be_decided(evolution: Evolution) -> None:
    dry = paved("update", evolution.service, "--dry-run", "--json").envelope["result"]
    real = paved("update", evolution.service, "--json").envelope["result"]
    again = paved("update", evolution.service, "--continue", "--json").envelope["result"]
    (one,) = dry["decisions"]
    assert [one] == real["decisions"] == [found | {"markers": []} for found in again["decisions"]]
    assert (one["path"], one["kind"]) == ("a.txt", "contents")
    assert one["why"] == "release 1.1.0 and the service changed the same lines since 1.0.0"
    assert [one[side]["text"].splitlines()[3] for side in ("base", "ours", "theirs")] == ["line 3", "mine", "theirs"]
    for side in ("base", "ours", "theirs"):
        assert git.read_objects(evolution.service, [one[side]["blob"]]) == [one[side]["text"].encode()]


@pytest.mark.parametrize(
    ("content", "omitted"), [(b"\0%d", "binary"), (b"\xff%d", "binary"), (b"%d\n" * 200_000, "large")]
)
def test_a_side_that_is_no_text_is_named_by_its_blob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, omitted: str
) -> None:
    assume_agreement(monkeypatch)
    one, two, three = (content.replace(b"%d", b"%d" % number) for number in (1, 2, 3))
    evolution = Evolution(tmp_path, {"a": one})
    evolution.edit({"a": two})
    evolution.release({"a": three})
    (decision,) = paved("update", evolution.service, "--json").envelope["result"]["decisions"]
    assert (decision["ours"]["text"], decision["ours"]["omitted"]) == (None, omitted)
    assert git.process.run("cat-file", "blob", decision["ours"]["blob"], cwd=evolution.service) == two


def test_a_side_without_the_file_is_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)
    evolution = Evolution(tmp_path, {"a": LINES, "b": LINES})
    evolution.edit({"a": None, "b": LINES.replace("3", "three")})
    evolution.release({"a": LINES.replace("3", "three"), "b": None})
    first, second = paved("update", evolution.service, "--json").envelope["result"]["decisions"]
    assert (first["kind"], first["ours"], second["theirs"]) == ("modify/delete", None, None)
    assert first["why"] == "the service deleted this file, and release 1.1.0 changes it"
    assert second["why"] == "release 1.1.0 deletes this file, and the service changed it since 1.0.0"


def test_markers_that_were_added_are_told_by_file_and_line(evolution: Evolution) -> None:
    paved("update", evolution.service)
    git.process.run("add", "a.txt", cwd=evolution.service)
    said = paved("update", evolution.service, "--continue")
    assert said.returncode == 1
    assert re.search(r"service/a\.txt:4-10\n      conflict markers are left on these lines\n", said.stdout)
    (one,) = paved("update", evolution.service, "--continue", "--json").envelope["result"]["decisions"]
    assert one["markers"] == [[4, 10]]


@pytest.mark.parametrize("left", ["<<<<<<< service\nmine\n", "mine\n>>>>>>> template-1.1.0\n", "<<<<<<< x\r\na\r\n"])
def test_a_single_marker_that_was_forgotten_is_told(evolution: Evolution, left: str) -> None:
    paved("update", evolution.service)
    write_files(evolution.service, {"a.txt": left})
    git.process.run("add", "a.txt", cwd=evolution.service)
    assert paved("update", evolution.service, "--continue").returncode == 1


def test_markers_that_a_document_has_on_purpose_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)
    page = "How a conflict looks:\n<<<<<<< HEAD\nmine\n=======\nyours\n>>>>>>> branch\nEnd\n"
    evolution = Evolution(tmp_path, {"page.md": page})
    evolution.edit({"page.md": page.replace("End", "The end")})
    evolution.release({"page.md": page.replace("End", "That is all")})
    paved("update", evolution.service)
    git.process.run("add", "page.md", cwd=evolution.service)
    (one,) = paved("update", evolution.service, "--continue", "--json").envelope["result"]["decisions"]
    assert one["markers"] == [[7, 13]]
    write_files(evolution.service, {"page.md": page})
    git.process.run("add", "page.md", cwd=evolution.service)
    assert paved("update", evolution.service, "--continue").returncode == 0


def commands(text: str) -> list[str]:
    """The commands that the output gives for conflicts, as a person would copy them."""
    return re.findall(r"^(?: {6}|After .*: |To .*: )((?:git|paved) .*?)(?:   \(.*)?$", text, re.MULTILINE)


@pytest.mark.parametrize("here", ["", "services", "services/hi there", "services/hi there/sub", "other", ".."])
def test_what_is_printed_works_where_the_person_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    assume_agreement(monkeypatch)
    road = make_road(tmp_path / "road", {"copier.yml": "_subdirectory: t\n", "t/-a 'b'": "1\n", "t/sub/:c": "1\n"})
    mono = make_road(tmp_path / "mono", {"README": "x\n", "other/x": "x\n"}, tag=None)
    service = mono / "services" / "hi there"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    evolve(mono, {"services/hi there/-a 'b'": "2\n", "services/hi there/sub/:c": "2\n"})
    evolve(road, {"t/-a 'b'": "3\n", "t/sub/:c": "3\n"}, tag="v1.1.0")
    monkeypatch.chdir(mono / here)
    said = paved("update", service)
    assert said.returncode == 1
    typed = commands(said.stdout)
    assert len(typed) == 4
    for path in ("-a 'b'", "sub/:c"):
        (service / path).write_text("decided\n")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{__import__('os').environ['PATH']}")
    done = [subprocess.run(one, shell=True, check=False, capture_output=True, text=True) for one in typed[:3]]
    assert [one.returncode for one in done] == [0, 0, 0], done


def test_a_conflict_in_a_monorepo_is_named_from_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)
    road = make_road(tmp_path / "road", {"copier.yml": "_subdirectory: t\n", "t/a": "1\n"})
    mono = make_road(tmp_path / "mono", {"README": "x\n"}, tag=None)
    assert paved("new", mono / "hi", "--road", road, "--defaults").returncode == 0
    evolve(mono, {"hi/a": "2\n"})
    evolve(road, {"t/a": "3\n"}, tag="v1.1.0")
    for words in (["--dry-run"], [], ["--continue"]):
        found = json.loads(paved("update", mono / "hi", "--json", *words).stdout)["result"]
        assert (found["conflicts"], [one["path"] for one in found["decisions"]]) == (["a"], ["a"])
