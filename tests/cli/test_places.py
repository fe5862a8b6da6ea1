"""Where services live, and where people stand: every command gives the right answer in every place.

A place is a repository with a service in it; a stand is where a person calls from and how they name the service. The
service has one edited file of the road's, so that a reader which looks at the wrong files is found out: each place has
a pristine file of the same name where such a reader would look.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import git
from paved_road.git.entries import Mode, TreeEntry, blob_id
from paved_road.testing import evolve, make_road, write_files

Paved = Callable[..., CompletedProcess[str]]

HELLO = "Hello, world!\n"
REASON = "The greeting of this service is printed on paper, whose layout takes four letters and no more."


@pytest.fixture
def road(tmp_path: Path) -> Path:
    """A road whose template has folders to stand in."""
    return make_road(
        tmp_path / "road",
        {
            "copier.yml": "_subdirectory: template\nname: {type: str, default: world}\n",
            "paved-road.yml": "owners: {road: [hello.txt, 'src/**']}\n",
            "template/hello.txt.jinja": "Hello, {{ name }}!\n",
            "template/team.txt": "ours\n",
            "template/src/app/deep/main.py": "print()\n",
            "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
        },
    )


# -- places ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Place:
    """A repository with a service in it."""

    top: Path
    service: Path

    @property
    def from_top(self) -> str:
        """The service as a person at the repository's root names it."""
        return os.path.relpath(self.service, self.top)


Build = Callable[[Paved, Path, Path], Place]


def stamp(here: Paved, path: Path, road: Path) -> None:
    done = here("new", path, "--road", road, "--defaults")
    assert done.returncode == 0, done.stderr


def root(here: Paved, road: Path, folder: Path) -> Place:
    stamp(here, folder / "orders", road)
    evolve(folder / "orders", {"hello.txt": "mine\n"})
    return Place(top=folder / "orders", service=folder / "orders")


def monorepo(here: Paved, road: Path, folder: Path, name: str = "services/orders") -> Place:
    top = make_road(folder / "mono", {"hello.txt": HELLO, "docs/index.md": "docs\n"}, tag=None)
    for service in (name, "services/mail"):
        stamp(here, top / service, road)
    evolve(top, {f"{name}/hello.txt": "mine\n"})
    return Place(top=top, service=top / name)


def unstaged(here: Paved, road: Path, folder: Path) -> Place:
    place = monorepo(here, road, folder)
    write_files(place.service, {"team.txt": "not committed\n"})
    return place


def others_dirty(here: Paved, road: Path, folder: Path) -> Place:
    place = monorepo(here, road, folder)
    write_files(place.top, {"services/mail/hello.txt": "staged\n", "docs/new.md": "new\n"})
    git.process.run("add", "--all", cwd=place.top)
    write_files(place.top, {"services/mail/hello.txt": "unstaged\n", "services/mail/untracked.txt": "x\n"})
    return place


def other_in_conflict(here: Paved, road: Path, folder: Path) -> Place:
    place = monorepo(here, road, folder)
    blobs = [blob_id(text) for text in (b"base\n", b"ours\n", b"theirs\n")]
    git.write_blobs(place.top / ".git" / "objects", [b"base\n", b"ours\n", b"theirs\n"])
    path = "services/mail/hello.txt"
    stages = {stage: TreeEntry(mode=Mode.FILE, blob=blob) for stage, blob in enumerate(blobs, 1)}
    git.update_stages(place.top, {path: stages})
    return place


def worktree(here: Paved, road: Path, folder: Path) -> Place:
    place = root(here, road, folder)
    git.process.run("worktree", "add", "--quiet", folder / "linked", "-b", "linked", cwd=place.top, role=git.PERSON)
    write_files(place.top, {"hello.txt": HELLO})
    return Place(top=folder / "linked", service=folder / "linked")


def worktree_subfolder(here: Paved, road: Path, folder: Path) -> Place:
    place = monorepo(here, road, folder)
    git.process.run("worktree", "add", "--quiet", folder / "linked", "-b", "linked", cwd=place.top, role=git.PERSON)
    write_files(place.service, {"hello.txt": HELLO})
    return Place(top=folder / "linked", service=folder / "linked" / "services" / "orders")


def submodule(here: Paved, road: Path, folder: Path) -> Place:
    """Around it is another service, which a search that does not stop at the submodule's root would find."""
    inner = root(here, road, folder)
    stamp(here, folder / "outer", road)
    add = ("submodule", "--quiet", "add", str(inner.top), "vendor/orders")
    git.process.run("-c", "protocol.file.allow=always", *add, cwd=folder / "outer", role=git.PERSON)
    evolve(folder / "outer", {})
    return Place(top=folder / "outer/vendor/orders", service=folder / "outer/vendor/orders")


def odd_name(here: Paved, road: Path, folder: Path) -> Place:
    return monorepo(here, road, folder, "my services/ördérs & co")


PLACES: dict[str, Build] = {
    one.__name__: one
    for one in (
        root, monorepo, unstaged, others_dirty, other_in_conflict, worktree, worktree_subfolder, submodule, odd_name,
    )
}  # fmt: skip


@pytest.fixture
def place(request: pytest.FixtureRequest, here: Paved, road: Path, tmp_path: Path) -> Place:
    """The place of that name."""
    return PLACES[request.param](here, road, tmp_path)


# -- stands ------------------------------------------------------------------------------------------------------------


def linked(place: Place) -> tuple[Path, ...]:
    link = place.top.parent / "a link"
    link.symlink_to(place.service)
    return place.top.parent, link


STANDS: Mapping[str, Callable[[Place], tuple[str | Path, ...]]] = {
    "in the service": lambda place: (place.service,),
    "in a folder inside it": lambda place: (place.service / "src",),
    "deep inside it": lambda place: (place.service / "src/app/deep",),
    "its parent": lambda place: (place.service.parent, place.service.name),
    "the repository's root": lambda place: (place.top, place.from_top),
    "the repository's root, by -C": lambda place: (place.top, "-C", place.from_top),
    "elsewhere, absolute": lambda place: (place.top.parent, place.service),
    "a trailing slash": lambda place: (place.service.parent, f"{place.service.name}/"),
    "a folder inside it by its path": lambda place: (place.top, f"{place.from_top}/src/app"),
    "through a link": linked,
}
"""The current folder, and the words that name the service there."""

MOST = ["in the service", "deep inside it", "the repository's root"]
"""The stands that are combined with every place."""
PAIRS = [(one, stand) for one in PLACES for stand in (STANDS if one in ("root", "monorepo", "odd_name") else MOST)]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who stands somewhere and types commands."""

    place: Place
    cwd: Path
    words: tuple[str, ...]
    run: Paved

    @property
    def by_option(self) -> tuple[str, ...]:
        """The words that name the service to a command whose argument is something else."""
        return ("-C", *self.words) if self.words[:1] not in ((), ("-C",)) else self.words

    @property
    def is_elsewhere(self) -> bool:
        """Whether a command without a path would not find the service."""
        return not self.cwd.resolve().is_relative_to(self.place.service.resolve())

    def types(self, command: str) -> CompletedProcess[str]:
        """A command on the service."""
        return self.run(*command.split(), *self.words)

    def json(self, command: str) -> Any:
        """The result of a command, which is the same wherever one stands."""
        done = self.run(*command.split(), "--json", *self.words)
        return json.loads(done.stdout)["result"]


def standing(place: Place, stand: str, here: Paved, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody in that place and stand."""
    cwd, *words = STANDS[stand](place)
    monkeypatch.chdir(cwd)
    return Person(place=place, cwd=Path(cwd), words=tuple(map(str, words)), run=here)


@pytest.fixture
def person(place: Place, stand: str, here: Paved, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody in the place and stand of those names."""
    return standing(place, stand, here, monkeypatch)


# -- readers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLACES)
def test_readers_give_the_right_answer(
    name: str, here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    """They change nothing, so that all stands share one place."""
    place = PLACES[name](here, road, tmp_path)
    for stand in [stand for one, stand in PAIRS if one == name]:
        with subtests.test(stand=stand):
            person = standing(place, stand, here, monkeypatch)
            right_answers(person, stand)
            advice_that_works(person)


def right_answers(person: Person, stand: str) -> None:
    service = person.place.service
    status = person.types("status")
    assert (status.returncode, "is at road 1.0.0 (the latest)" in status.stdout) == (1, True), status
    assert status.stdout.count("drift in 1 of the road's files") == 1
    facts = person.json("status")
    assert (facts["service"], [one["path"] for one in facts["drift"]]) == (str(service), ["hello.txt"])
    drift = person.types("drift")
    assert (drift.returncode, drift.stdout) == (1, "edited   hello.txt\n")
    for command in ("drift", "off-road list", "off-road migrate --dry-run", "update --dry-run --defaults"):
        if command[:6] != "update" or (service / "team.txt").read_text() == "ours\n":
            assert person.json(command)["service"] == str(service)
    assert "-Hello, world!\n+mine\n" in person.types("drift --diff").stdout
    listing = person.types("off-road list")
    assert (listing.returncode, listing.stdout) == (0, "on the road: no deviations\n")
    check = person.types("off-road check")
    assert (check.returncode, check.stdout.split()[:2]) == (1, ["error", "uncovered"])
    migrate = person.types("off-road migrate --dry-run")
    assert (migrate.returncode, migrate.stdout) == (0, "every deviation names what the road has\n")
    for command in ("config show", "templates", "off-road schema"):
        assert person.run(*command.split()).returncode == 0
    report = person.run("off-road", "report", person.place.service)
    assert report.stdout.startswith("1 of 1 service leaves the road, at 1 place")
    for done in (status, drift, listing, check, migrate):
        found = f"is in the service {service}\n" in done.stderr
        assert found == (stand in ("in a folder inside it", "deep inside it", "a folder inside it by its path"))


def advice_that_works(person: Person) -> None:
    """What a command advises works where the person stands."""
    said = person.types("status").stdout
    hints = [shlex.split(found) for found in re.findall(r"files: (paved drift.*)", said)]
    assert len(hints) == 1
    done = person.run(*hints[0][1:])
    assert (done.returncode, done.stdout) == (1, "edited   hello.txt\n")


# -- writers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "stand"), [pair for pair in PAIRS if pair[1] in MOST], indirect=["place"])
def test_a_record_lives_where_the_service_is(person: Person, stand: str) -> None:
    service, run = person.place.service, person.run
    by = person.by_option
    seen = os.path.relpath(service / "hello.txt", person.cwd.resolve())
    made = run("off-road", "new", "own-words", "--path", seen, "--reason", REASON, "--risk", "low", *by)
    assert made.returncode == 0, made.stderr
    file = service / "docs/off-road/own-words.md"
    assert (person.cwd / made.stdout.strip()).samefile(file)
    (hint,) = re.findall(r"then: paved (.*)\n", made.stderr)
    assert ("(in " in hint) == person.is_elsewhere
    file.write_text(file.read_text().replace("<!--", "Because: ").replace("-->", ""))
    for words in (
        ("accept", "own-words", "--by", "ann@acme.example", *by), ("show", "own-words", *by),
        ("renew", "own-words", *by),
    ):  # fmt: skip
        done = run("off-road", *words)
        assert done.returncode == 0, (words, done.stderr)
    assert person.types("drift").returncode == 0
    assert "own-words" in person.types("off-road list").stdout
    assert run("off-road", "close", "own-words", "--as", "revoked", *by).returncode == 0
    assert person.types("drift").returncode == 1


@pytest.mark.parametrize(("place", "stand"), [pair for pair in PAIRS if pair[1] in MOST], indirect=["place"])
def test_an_update_with_a_conflict_is_finished_or_undone_where_the_person_stands(
    person: Person, stand: str, road: Path
) -> None:
    service, top = person.place.service, person.place.top
    if (service / "team.txt").read_text() != "ours\n":
        refused = person.types("update")
        assert (refused.returncode, "team.txt" in refused.stderr) == (2, True)
        git.process.run("checkout", "--", ".", cwd=service, role=git.PERSON)
    evolve(road, {"template/hello.txt.jinja": "Good day, {{ name }}!\n"}, tag="v1.1.0")
    before = git.process.run("status", "--porcelain", cwd=top)
    rehearsed = person.types("update --dry-run --defaults")
    assert rehearsed.returncode == 1, rehearsed.stderr
    assert git.process.run("status", "--porcelain", cwd=top) == before
    assert person.types("update --defaults").returncode == 1
    again = person.types("update")
    assert (again.returncode, "an update is in progress" in again.stderr) == (2, True)
    assert ("(in " in again.stderr) == person.is_elsewhere
    assert person.types("update --abort").returncode == 0
    assert git.process.run("status", "--porcelain", cwd=top) == before
    conflict = person.types("update --defaults")
    (path,) = re.findall(r"^    (\S.*)\n +release 1.1.0 and", conflict.stdout, re.MULTILINE)
    assert (person.cwd / path).samefile(service / "hello.txt")
    (person.cwd / path).write_text("Good day, mine!\n")
    (add,) = re.findall(r"^ +(git .*add .*)$", conflict.stdout, re.MULTILINE)
    git.process.run(*shlex.split(add)[1:], cwd=person.cwd, role=git.PERSON)
    finished = person.types("update --continue")
    assert finished.returncode == 0, finished.stderr
    assert "updated to 1.1.0" in finished.stdout
    assert "is at road 1.1.0 (the latest)" in person.types("status").stdout


def test_a_name_that_is_a_part_of_a_word_is_not_named(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(here, tmp_path / "ed", road)
    evolve(tmp_path / "ed", {"hello.txt": "mine\n"})
    monkeypatch.chdir(tmp_path)
    assert here("off-road", "check", "ed").stdout.endswith("paved off-road new --path hello.txt (in ed)\n")


@pytest.mark.parametrize("place", ["monorepo", "worktree_subfolder", "odd_name"], indirect=True)
def test_an_update_in_progress_is_found_from_the_repositorys_root(
    place: Place, here: Paved, road: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evolve(road, {"template/hello.txt.jinja": "Good day, {{ name }}!\n"}, tag="v1.1.0")
    monkeypatch.chdir(place.top)
    assert here("update", place.from_top, "--defaults").returncode == 1
    for option in ("--abort", "--continue"):
        refused = here("update", option)
        assert refused.returncode == 2
        assert f"one is in progress in {place.from_top}" in refused.stderr
    assert here("update", "services/mail", "--defaults").returncode == 0


@pytest.mark.parametrize("place", list(PLACES), indirect=True)
def test_a_baseline_is_of_the_service_alone(place: Place, here: Paved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.service / "src/app/deep")
    done = here("off-road", "baseline", "--by", "ann@acme.example")
    assert (done.returncode, "recorded  hello.txt" in done.stdout) == (0, True), done
    assert (place.service / "docs/off-road/baseline.md").is_file()


@pytest.mark.parametrize("place", ["root", "monorepo", "others_dirty", "worktree_subfolder", "odd_name"], indirect=True)
def test_a_service_is_adopted_in_every_place(place: Place, here: Paved, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.service / ".paved-road.lock").unlink()
    monkeypatch.chdir(place.service)
    done = here("adopt", ".", "--defaults")
    assert done.returncode == 0, done.stderr
    assert here("drift").stdout == "edited   hello.txt\n"


# -- no service here ---------------------------------------------------------------------------------------------------

ON_A_SERVICE = (
    "status", "drift", "update", "update --dry-run", "off-road list", "off-road check", "off-road baseline",
    "off-road migrate", "off-road show x", "off-road accept x", "off-road renew x", "off-road close x",
    "off-road rename x y", "off-road new --from-drift",
)  # fmt: skip


@pytest.mark.parametrize("place", ["monorepo"], indirect=True)
def test_the_root_of_a_monorepo_names_its_services(
    place: Place, here: Paved, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.chdir(place.top)
    for command in ON_A_SERVICE:
        with subtests.test(command=command):
            done = here(*command.split())
            assert done.returncode == 2
            assert "services in this folder: services/mail, services/orders" in done.stderr
            by_option = command.rsplit(maxsplit=1)[-1] in ("x", "y", "--from-drift")
            named = "--service services/mail" if by_option else "services/mail"
            assert f"hint: name one: paved {command.removesuffix(' --dry-run')} {named}\n" in done.stderr


@pytest.mark.parametrize("place", ["monorepo"], indirect=True)
def test_the_typed_command_is_named_without_its_options(
    place: Place, here: Paved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.top)
    done = here("update", "--data", "token=hunter2", "--defaults")
    assert "hint: name one: paved update services/mail\n" in done.stderr
    monkeypatch.chdir(place.top.parent)
    done = here("-C", place.top, "off-road", "check")
    assert f"hint: name one: paved off-road check services/mail (in {place.top.name})\n" in done.stderr


# -- no lock here ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["root", "monorepo"], indirect=True)
def test_a_lock_that_was_deleted_is_told(
    place: Place, here: Paved, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.chdir(place.service)
    lock = place.service / ".paved-road.lock"
    whole = lock.read_bytes()
    for command in (*ON_A_SERVICE, "doctor"):
        with subtests.test(command=command):
            lock.unlink()
            done = here(*command.split())
            said = done.stdout + done.stderr
            assert done.returncode == (2 if command != "doctor" else 1), done
            assert f"the lock of {place.service} was deleted" in said
            assert "git checkout -- .paved-road.lock" in said
            assert "plain Copier" not in said
            git.process.run("checkout", "--", ".paved-road.lock", cwd=place.service)
            assert lock.read_bytes() == whole


@pytest.mark.parametrize("place", ["monorepo"], indirect=True)
def test_a_deleted_lock_is_told_from_anywhere_and_after_git_rm(
    place: Place, here: Paved, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.process.run("rm", "--quiet", "--cached", ".paved-road.lock", cwd=place.service)
    (place.service / ".paved-road.lock").unlink()
    monkeypatch.chdir(place.service / "src")
    hint = here("status").stderr.partition("hint: ")[2].strip()
    assert hint == f"git -C {place.service} checkout HEAD -- .paved-road.lock"
    git.process.run(*hint.split()[1:], cwd=place.top)
    assert here("drift").stdout == "edited   hello.txt\n"
    git.process.run("rm", "--quiet", "--force", ".paved-road.lock", cwd=place.service)
    evolve(place.top, {})
    assert "plain Copier made it" in here("drift").stderr


def test_a_folder_beside_the_services_names_them_as_seen_from_there(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = monorepo(here, road, tmp_path)
    monkeypatch.chdir(place.top / "docs")
    done = here("status")
    assert "services in this repository: ../services/mail, ../services/orders" in done.stderr
    assert here("status", "../services/orders").returncode == 1


def test_a_service_that_is_not_committed_yet_is_named_and_one_that_git_ignores_is_not(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = make_road(tmp_path / "mono", {".gitignore": "ignored/\n"}, tag=None)
    for name in ("fresh", "ignored/old"):
        stamp(here, top / name, road)
    monkeypatch.chdir(top)
    assert "services in this folder: fresh\n" in here("status").stderr


def test_many_services_are_counted(here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = make_road(tmp_path / "mono", {f"s{n:02}/.paved-road.lock": "{}" for n in range(20)}, tag=None)
    monkeypatch.chdir(top)
    assert "s07 and 12 more" in here("status").stderr


def test_a_nearer_service_is_found_before_one_around_it(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(here, tmp_path / "outer", road)
    evolve(tmp_path / "outer", {"hello.txt": "mine\n"})
    stamp(here, tmp_path / "outer/src/inner", road)
    monkeypatch.chdir(tmp_path / "outer/src/inner/src")
    assert here("drift").stdout == "no drift\n"
    monkeypatch.chdir(tmp_path / "outer/src/inner")
    assert here("drift", "../..").stdout == "edited   hello.txt\n"
    monkeypatch.chdir(tmp_path / "outer/src/app")
    assert here("drift").stdout == "edited   hello.txt\n"


@pytest.mark.parametrize("name", ["vendor/bare.git", ".git/modules/x"])
def test_nothing_is_searched_above_a_repository_without_a_work_tree(
    name: str, here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(here, tmp_path / "outer", road)
    git.process.run("init", "--quiet", "--bare", tmp_path / "outer" / name)
    monkeypatch.chdir(tmp_path / "outer" / name / "refs")
    done = here("status")
    assert (done.returncode, "is in the service" in done.stderr) == (2, False)


def test_the_search_ends_at_the_repositorys_root(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(here, tmp_path / "outer", road)
    inner = make_road(tmp_path / "outer/vendor/inner", {"src/x": "x\n"}, tag=None)
    monkeypatch.chdir(inner / "src")
    done = here("status")
    assert (done.returncode, "is not a service" in done.stderr) == (2, True)


def test_a_service_inside_of_a_service_is_told_when_it_is_made(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(here, tmp_path / "outer", road)
    monkeypatch.chdir(tmp_path / "outer/src")
    done = here("new", "inner", "--road", road, "--defaults")
    assert done.returncode == 0
    assert f"inner is inside the service {tmp_path / 'outer'}" in done.stderr
    assert (tmp_path / "outer/src/inner/hello.txt").read_text() == HELLO


# -- a commit --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["others_dirty", "odd_name", "worktree_subfolder"], indirect=True)
def test_a_commit_takes_nothing_of_another_service_in(
    place: Place, here: Paved, road: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evolve(road, {"template/team.txt": "newer\n"}, tag="v1.1.0")
    monkeypatch.chdir(place.service / "src")
    done = here("update", "--defaults", "--commit")
    assert done.returncode == 0, done.stderr
    changed = git.process.run("show", "--name-only", "--format=", "-z", "HEAD", cwd=place.top).decode().split("\0")[:-1]
    assert {path.rpartition("/")[0] for path in changed} == {place.from_top}


def test_the_pristine_file_at_the_root_of_a_monorepo_hides_no_drift(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = monorepo(here, road, tmp_path)
    shutil.copy(place.top / "hello.txt", tmp_path / "pristine")
    write_files(place.service, {"hello.txt": "mine, again\n"})
    monkeypatch.chdir(place.top)
    assert here("drift", "services/orders").returncode == 1
