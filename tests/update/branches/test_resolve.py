"""Two branches of a team that were both updated, merged by git: the records resolve themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from paved_road import git
from paved_road.testing import Evolution, evolve, paved, run, write_files
from paved_road.update.branches.sides import split_at_markers
from tests.renderers import assume_agreement

QUESTIONS = "name: {type: str, default: world}\ntone: {type: str, default: warm}\nport: {type: int, default: 80}\n"
FILE = "".join(f"line {number}\n" for number in range(9)) + "{{ name }}\n" + "-\n" * 9 + "{{ tone }}\n" + "-\n" * 9


def b(first: str, last: str = "-") -> str:
    return f"{first}\n" + "-\n" * 9 + f"{last}\n"


@pytest.fixture
def evolution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evolution:
    """A service at 1.0.0 of a road that has a 1.1.0 and a 1.2.0."""
    assume_agreement(monkeypatch)
    found = Evolution(tmp_path, {"a.txt.jinja": FILE, "b.txt": b("one")}, questions=QUESTIONS)
    found.release({"b.txt": b("two"), "c.txt": "new\n"})
    found.release({"b.txt": b("three"), "d.txt": "new\n"}, tag="v1.2.0")
    return found


def branch(service: Path, name: str, *words: str) -> None:
    """A branch off main on which somebody ran `paved update` with these options."""
    git.process.run("checkout", "--quiet", "-b", name, "main", cwd=service)
    assert paved("update", service, "--defaults", "--commit", *words).returncode == 0


def git_says(service: Path, *words: str) -> int:
    return run("git", "-c", "user.name=T", "-c", "user.email=t@localhost", *words, cwd=service).returncode


def merge(service: Path) -> int:
    git.process.run("checkout", "--quiet", "one", cwd=service)
    return git_says(service, "merge", "--quiet", "two")


def pick(service: Path) -> int:
    git.process.run("checkout", "--quiet", "one", cwd=service)
    return git_says(service, "cherry-pick", "two")


def rebase(service: Path) -> int:
    git.process.run("checkout", "--quiet", "two", cwd=service)
    return git_says(service, "rebase", "--quiet", "one")


def stash(service: Path) -> int:
    """The other branch's update, uncommitted, put on top of this one's."""
    git.process.run("checkout", "--quiet", "two", cwd=service)
    git.process.run("reset", "--quiet", "--soft", "HEAD~1", cwd=service)
    assert git_says(service, "stash") == 0
    git.process.run("checkout", "--quiet", "one", cwd=service)
    return git_says(service, "stash", "pop")


Meet = Callable[[Path], int]

ENDS: dict[Meet, tuple[str, ...]] = {
    merge: ("merge", "--continue"),
    pick: ("commit", "--quiet", "--allow-empty", "-m", "both"),
    rebase: ("rebase", "--continue"),
    stash: ("commit", "--quiet", "--allow-empty", "-m", "both"),
}


def answers(service: Path) -> dict[str, object]:
    found = yaml.safe_load((service / ".copier-answers.yml").read_text())
    return {key: value for key, value in found.items() if key != "_src_path"}


def is_well(service: Path) -> None:
    """Nothing is in progress, nothing is newer, nothing has drifted, and an update has nothing to do."""
    assert git.process.run("status", "--porcelain", "--untracked-files=no", cwd=service) == b""
    assert paved("status", service).returncode == 0
    assert paved("drift", service).returncode == 0
    assert paved("update", service, "--defaults").stdout.startswith("up to date")


def test_the_same_update_on_both_branches_merges_by_itself(evolution: Evolution) -> None:
    for name in ("one", "two"):
        branch(evolution.service, name)
    assert merge(evolution.service) == 0
    is_well(evolution.service)


@pytest.mark.parametrize("meet", ENDS)
@pytest.mark.parametrize("versions", [("1.1.0", "1.2.0"), ("1.2.0", "1.1.0")])
def test_different_releases_go_to_the_newer_one(
    evolution: Evolution, meet: Meet, versions: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = evolution.service
    monkeypatch.chdir(service.parent)  # hints name folders as seen from here, wherever the checkout is
    for name, version in zip(("one", "two"), versions, strict=True):
        branch(service, name, "--to", version)
    assert meet(service) == 1
    for command in ("status", "drift", "update"):
        said = paved(command, service)
        assert said.returncode == 2
        assert ".paved-road.lock has the markers of a merge conflict" in said.stderr
        assert f"hint: paved update --continue resolves it (in {service.name})" in said.stderr
    said = paved("update", service, "--continue")
    assert said.returncode == 0, said
    resolved = ".paved-road.lock and .copier-answers.yml: resolved (the newer of 1.1.0 and 1.2.0: 1.2.0)"
    assert said.stdout.splitlines()[0] == resolved
    assert said.stdout.splitlines()[1] == "b.txt: merged, as two updates to 1.2.0"
    assert (
        "<<<<<<< "
        in git.process.run("show", f"{said.stderr.split('git show ')[1].strip()}:b.txt", cwd=service).decode()
    )
    assert (service / "b.txt").read_text() == b("three")
    assert git_says(service, "-c", "core.editor=true", *ENDS[meet]) == 0
    assert answers(service) == {"_commit": "v1.2.0", "name": "world", "port": 80, "tone": "warm"}
    is_well(service)


def block(name: str, *more: str) -> str:
    return f"{name}:\n  first\n{''.join(f'  {line}{chr(10)}' for line in more)}\n\n"


@pytest.mark.parametrize("meet", [merge, pick, rebase])
@pytest.mark.parametrize("versions", [("1.1.0", "1.2.0"), ("1.2.0", "1.1.0")])
def test_a_wrong_merge_without_a_conflict_is_merged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meet: Meet, versions: tuple[str, str]
) -> None:
    """Both releases add a block at another place, one adds a file that the next one removes, and one takes back."""
    assume_agreement(monkeypatch)
    before = {"blocks": block("a") + block("z"), "back": "one\n" * 9, "k": "k\n"}
    evolution = Evolution(tmp_path, before, questions=QUESTIONS)
    once = {"blocks": block("a") + block("b") + block("z"), "back": "two\n" * 9, "gone/gone": "gone\n", "k": "l\n"}
    evolution.release(once)
    again = {"blocks": block("a", "more") + block("b") + block("z"), "back": "one\n" * 9, "k": "m\n"}
    evolution.release({**again, "gone/gone": None}, tag="v1.2.0")
    service = evolution.service
    for name, version in zip(("one", "two"), versions, strict=True):
        branch(service, name, "--to", version)
    assert meet(service) == 1
    assert list(git.unmerged(service)) == [".copier-answers.yml", ".paved-road.lock", "k"]
    said = paved("update", service, "--continue")
    assert said.returncode == 0, said
    assert said.stdout.splitlines()[1] == "back, blocks, gone/gone, k: merged, as two updates to 1.2.0"
    assert {path: (service / path).read_text() for path in again} == again
    assert not (service / "gone").exists()
    kept = said.stderr.split("git show ")[1].strip()
    assert git.process.run("show", f"{kept}:gone/gone", cwd=service) == b"gone\n"
    assert git_says(service, "-c", "core.editor=true", *ENDS[meet]) == 0
    is_well(service)


def test_edits_of_both_teams_are_merged_or_become_a_conflict(evolution: Evolution) -> None:
    service = evolution.service
    for name, version in (("one", "1.1.0"), ("two", "1.2.0")):
        branch(service, name, "--to", version)
        own = (service / "c.txt").read_text() + f"{name}\n"
        write_files(service, {"b.txt": (service / "b.txt").read_text() + "\n" * 5 + f"{name}\n", "c.txt": own})
        evolve(service, {"b.txt": ("one\n" * (name == "one")) + (service / "b.txt").read_text()})
    assert merge(service) == 1
    said = paved("update", service, "--continue", "--json").envelope
    assert (said["exit_code"], said["result"]["merged"]) == (1, [])
    assert said["result"]["conflicts"] == ["b.txt", "c.txt"]
    assert {one["why"] for one in said["result"]["decisions"]} == {
        "git could not merge what the two branches made of this file"
    }


@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
def test_edits_of_one_team_survive_two_updates(evolution: Evolution, names: tuple[str, str]) -> None:
    service = evolution.service
    for name, version in zip(names, ("1.1.0", "1.2.0"), strict=True):
        branch(service, name, "--to", version)
        if name == "one":
            evolve(service, {"b.txt": b((service / "b.txt").read_text().split()[0], "ours")})
    assert merge(service) == 1
    assert paved("update", service, "--continue").returncode == 0
    assert (service / "b.txt").read_text() == b("three", "ours")


def test_a_second_run_leaves_unresolved_conflicts_alone(evolution: Evolution) -> None:
    """With the lock decided nobody can tell any more which branch was behind: the first run has done all it could."""
    service = evolution.service
    for name, version in (("one", "1.1.0"), ("two", "1.2.0")):
        branch(service, name, "--to", version, "--data", f"name={name}")
    git.process.run("checkout", "--quiet", "one", cwd=service)
    evolve(service, {"b.txt": b("two, as we say")})
    assert merge(service) == 1
    runs = []
    for _ in range(2):
        assert paved("update", service, "--continue").returncode == 1
        runs.append([(service / name).read_text() for name in (".copier-answers.yml", "a.txt", "b.txt")])
        assert git.unmerged_files(service) == [".copier-answers.yml", "b.txt"]
    assert runs[0] == runs[1]
    assert "<<<<<<< " in runs[0][2]


def test_a_derived_file_is_the_newer_branchs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)
    evolution = Evolution(tmp_path, {"a.txt": "one\n"}, manifest="owners: {derived: {own.lock: make lock}}\n")
    evolve(evolution.service, {"own.lock": "one\n"})
    for name, text in (("one", "two\n"), ("two", "three\n")):
        evolution.release({"a.txt": text}, tag=f"v1.1.{len(text)}")
        branch(evolution.service, name)
        evolve(evolution.service, {"own.lock": text})
    assert merge(evolution.service) == 1
    said = paved("update", evolution.service, "--continue")
    assert (said.returncode, (evolution.service / "own.lock").read_text()) == (0, "three\n")
    assert "own.lock is taken from the branch at 1.1.6; make it again with: make lock" in said.stderr


def test_different_answers_are_both_kept(evolution: Evolution) -> None:
    service = evolution.service
    branch(service, "one", "--to", "1.1.0", "--data", "name=moon")
    branch(service, "two", "--to", "1.2.0", "--data", "tone=cold")
    assert merge(service) == 1
    assert paved("update", service, "--continue").returncode == 0
    assert git_says(service, "-c", "core.editor=true", "merge", "--continue") == 0
    assert answers(service) == {"_commit": "v1.2.0", "name": "moon", "port": 80, "tone": "cold"}
    assert paved("update", service, "--defaults", "--commit").returncode == 0
    assert {"moon", "cold"} <= set((service / "a.txt").read_text().splitlines())
    is_well(service)


def test_other_answers_on_the_same_release(evolution: Evolution) -> None:
    service = evolution.service
    branch(service, "one", "--to", "1.2.0", "--data", "name=moon")
    branch(service, "two", "--to", "1.2.0", "--data", "tone=cold")
    assert merge(service) == 1
    assert paved("update", service, "--continue").returncode == 0
    assert git_says(service, "-c", "core.editor=true", "merge", "--continue") == 0
    assert paved("update", service, "--defaults", "--commit").returncode == 0
    assert answers(service)["name"] == "moon"
    is_well(service)


def test_a_question_that_was_answered_twice_is_a_persons_to_decide(evolution: Evolution) -> None:
    service = evolution.service
    branch(service, "one", "--to", "1.1.0", "--data", "name=moon")
    branch(service, "two", "--to", "1.2.0", "--data", "name=sun")
    assert merge(service) == 1
    said = paved("update", service, "--continue", "--json").envelope
    assert (said["exit_code"], said["result"]["records"]) == (1, [".paved-road.lock"])
    assert said["result"]["conflicts"] == [".copier-answers.yml"]
    assert said["result"]["merged"] == ["a.txt", "b.txt"]
    text = (service / ".copier-answers.yml").read_text()
    assert ("<<<<<<< " in text, text.count("_commit: v1.2.0"), "_commit: v1.1.0" in text) == (True, 1, False)
    assert "markers of a merge conflict" in paved("status", service).stderr
    ours, rest = text.split("<<<<<<< ours\n")
    write_files(
        service, {".copier-answers.yml": ours + "name: sun\n" + rest.split(">>>>>>> theirs\n")[1], "b.txt": b("three")}
    )
    write_files(service, {"a.txt": FILE.replace("{{ name }}", "sun").replace("{{ tone }}", "warm")})
    git.process.run("add", "--all", cwd=service)
    assert git_says(service, "-c", "core.editor=true", "merge", "--continue") == 0
    is_well(service)


def contested(text: str) -> list[str]:
    """What each region between markers has, on either side, of the questions."""
    regions = re.findall(r"^<<<<<<< .*?^>>>>>>> .*?$", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(sorted(set(re.findall(r"^(\w+):", region, flags=re.MULTILINE)))) for region in regions]


MANY = "".join(f"{name}: {{type: str, default: {name}}}\n" for name in ("name", "pin", "port", "region", "tier"))


@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_only_answers_that_differ_have_conflict_markers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str], side: str
) -> None:
    """git makes one conflict of these lines, and whoever takes a side of it drops an answer that nobody contested."""
    assume_agreement(monkeypatch)
    evolution = Evolution(tmp_path, {"a.txt": "x\n"}, questions=MANY)
    evolution.release({"b.txt": "y\n"})
    asked = f"_subdirectory: template\n_templates_suffix: .jinja\n{MANY}added: {{type: str, default: q}}\n"
    evolve(evolution.road, {"copier.yml": asked}, tag="v1.2.0")
    service = evolution.service
    older = ("--data", "tier=low", "--data", "port=1", "--data", "name=both", "--data", "pin=kept")
    newer = ("--data", "tier=high", "--data", "port=2", "--data", "name=both", "--data", "added=new")
    branch(service, names[0], "--to", "1.1.0", *older)
    branch(service, names[1], "--to", "1.2.0", *newer)
    assert merge(service) == 1
    assert paved("update", service, "--continue").returncode == 1
    text = (service / ".copier-answers.yml").read_text()
    assert contested(text) == ["port", "tier"]
    decided = getattr(split_at_markers(text.encode()), side)
    write_files(service, {".copier-answers.yml": decided.decode()})
    evolve(service, {})
    assert paved("update", service, "--defaults").returncode == 0
    is_older = (names[0] == "one") == (side == "ours")
    assert answers(service) == {
        "_commit": "v1.2.0", "added": "new", "name": "both", "pin": "kept", "region": "region",
        **({"tier": "low", "port": "1"} if is_older else {"tier": "high", "port": "2"}),
    }  # fmt: skip


def test_answers_beside_each_other_are_merged_where_git_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)
    files = {"{{ name }}.txt": "x\n", "{{ tone }}.txt": "y\n"}
    evolution = Evolution(tmp_path, files, questions="name: {type: str, default: a}\ntone: {type: str, default: b}\n")
    branch(evolution.service, "one", "--data", "name=c")
    branch(evolution.service, "two", "--data", "tone=d")
    assert merge(evolution.service) == 1
    assert paved("update", evolution.service, "--continue").returncode == 0
    assert git_says(evolution.service, "-c", "core.editor=true", "merge", "--continue") == 0
    assert answers(evolution.service) == {"_commit": "v1.0.0", "name": "c", "tone": "d"}
    assert paved("update", evolution.service, "--defaults", "--commit").returncode == 0
    is_well(evolution.service)


def test_a_resolution_that_a_person_made_is_kept(evolution: Evolution) -> None:
    service = evolution.service
    branch(service, "one", "--to", "1.1.0", "--data", "name=moon")
    branch(service, "two", "--to", "1.2.0", "--data", "name=sun")
    assert merge(service) == 1
    assert paved("update", service, "--continue").returncode == 1
    decided = "_commit: v1.2.0\n_src_path: x # ours\nname: both\nport: 80\ntone: warm\n"
    for added in (False, True):
        write_files(service, {".copier-answers.yml": decided})
        if added:
            git.process.run("add", ".copier-answers.yml", cwd=service)
        assert paved("update", service, "--continue").returncode == (2 if added else 0)
        assert (service / ".copier-answers.yml").read_text() == decided


@pytest.mark.parametrize("version", ["1.1.0", "1.2.0"])
def test_answers_that_a_person_decided_decide_the_lock(evolution: Evolution, version: str) -> None:
    service = evolution.service
    branch(service, "one", "--to", "1.1.0")
    branch(service, "two", "--to", "1.2.0")
    assert merge(service) == 1
    git.process.run(
        "checkout", "--ours" if version == "1.1.0" else "--theirs", "--", ".copier-answers.yml", cwd=service
    )
    git.process.run("add", ".copier-answers.yml", cwd=service)
    assert paved("update", service, "--continue", "--json").envelope["result"]["to"] == version
    assert f'"version": "{version}"' in (service / ".paved-road.lock").read_text()


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_markers_that_were_committed_are_resolved_too(evolution: Evolution, style: str) -> None:
    service = evolution.service
    git.process.run("config", "merge.conflictStyle", style, cwd=service)
    branch(service, "one", "--to", "1.1.0", "--data", "name=moon")
    branch(service, "two", "--to", "1.2.0")
    assert merge(service) == 1
    write_files(service, {"b.txt": b("three")})
    evolve(service, {})
    said = paved("update", service, "--continue")
    assert (said.returncode, ".copier-answers.yml" in said.stdout) == (0, True), said
    assert answers(service) == {"_commit": "v1.2.0", "name": "moon", "port": 80, "tone": "warm"}
    assert '"version": "1.2.0"' in (service / ".paved-road.lock").read_text()


def test_without_tags_the_history_says_which_is_newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)
    evolution = Evolution(tmp_path, {"a.txt": "one\n"}, manifest="version: 1.0.0\n")
    service, road = evolution.service, evolution.road
    git.process.run("tag", "-d", "v1.0.0", cwd=road)
    for name, text in (("one", "two\n"), ("two", "three\n")):
        evolve(road, {f"template/{name}.txt": text})
        branch(service, name)
    assert merge(service) == 1
    assert paved("update", service, "--continue").returncode == 0
    assert git_says(service, "-c", "core.editor=true", "merge", "--continue") == 0
    is_well(service)


def test_abort_names_the_command_that_undoes_the_merge(evolution: Evolution) -> None:
    branch(evolution.service, "one", "--to", "1.1.0")
    branch(evolution.service, "two", "--to", "1.2.0")
    assert merge(evolution.service) == 1
    said = paved("update", evolution.service, "--abort")
    assert said.returncode == 2
    assert "no update is in progress" in said.stderr
    assert "git merge --abort" in said.stderr


def test_a_service_in_a_monorepo(evolution: Evolution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mono = tmp_path / "mono"
    git.process.run("init", "--quiet", "-b", "main", mono)
    evolve(mono, {"README": "x\n"})
    service = mono / "services" / "hi"
    assert paved("new", service, "--road", evolution.road, "--defaults", "--ref", "1.0.0").returncode == 0
    evolve(mono, {})
    branch(service, "one", "--to", "1.1.0")
    branch(service, "two", "--to", "1.2.0")
    assert merge(mono) == 1
    monkeypatch.chdir(mono)
    assert paved("update", "services/hi", "--continue").returncode == 0
    assert git.unmerged_files(mono) == []
    assert (service / "b.txt").read_text() == b("three")
