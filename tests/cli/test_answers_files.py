"""Answers files wherever a template puts them: found, moved, never put where something else is; two in one folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from paved_road import git
from paved_road.testing import Link, evolve, make_road, run, write_files

Paved = Callable[..., CompletedProcess[str]]

ANSWERS = {"{{ _copier_conf.answers_file }}.jinja": "# by copier\n{{ _copier_answers | to_nice_yaml }}"}


def template(folder: Path, place: str | None, **files: str) -> Path:
    """A road whose template puts its answers file at `place`."""
    setting = "" if place is None else f"_answers_file: '{place}'\n"
    return make_road(folder, {"copier.yml": f"{setting}name: x\n", "a.txt.jinja": "{{ name }}\n", **ANSWERS, **files})


def by_copier(road: Path, service: Path, *words: str) -> Path:
    """A service that plain Copier made, committed."""
    run("copier", "copy", "--quiet", "--defaults", *words, road, service, cwd=road).check_returncode()
    git.process.run("init", "--quiet", service)
    return evolve(service, {}, message="By Copier")


def lock(service: Path, name: str = ".paved-road.lock") -> dict[str, object]:
    found = json.loads((service / name).read_text())
    assert isinstance(found, dict)
    return found


# -- they are found ----------------------------------------------------------------------------------------------------

PLACES = {
    "in a subfolder": ".tooling/project.yml",
    "under another name": "project.yaml",
    "with an answer in its name": ".answers/{{ name }}.yml",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("with_road", [True, False], ids=["--road", "no flag"])
def test_recorded_answers_are_found_and_kept(here: Paved, tmp_path: Path, place: str, with_road: bool) -> None:
    road = template(tmp_path / "road", place)
    service = by_copier(road, tmp_path / "service", "--data", "name=mine")
    done = here("adopt", service, *(["--road", road] if with_road else []), "--defaults")
    assert done.returncode == 0, done.stderr
    assert git.process.text("status", "--porcelain", cwd=service) == "?? .paved-road.lock"
    assert lock(service)["answers"] == place.replace("{{ name }}", "mine")
    evolve(service, {}, message="Adopted")
    evolve(road, {"a.txt.jinja": "{{ name }} 2\n"}, tag="v1.1.0")
    assert here("update", service).returncode == 0
    assert (service / "a.txt").read_text() == "mine 2\n"


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_what_plain_copier_made_is_updated_without_being_adopted(here: Paved, tmp_path: Path, place: str) -> None:
    road = template(tmp_path / "road", place)
    service = by_copier(road, tmp_path / "service", "--data", "name=mine")
    evolve(road, {"a.txt.jinja": "{{ name }} 2\n"}, tag="v1.1.0")
    assert here("status", service).returncode == 1
    assert here("update", service).returncode == 0
    assert (service / "a.txt").read_text() == "mine 2\n"


def test_a_service_in_a_subfolder_is_not_taken_for_the_repository(here: Paved, tmp_path: Path) -> None:
    road = template(tmp_path / "road", None)
    top = make_road(tmp_path / "many", {"README": "x\n"}, tag=None)
    assert here("new", top / "services" / "mail", "--road", road, "--defaults").returncode == 0
    done = here("adopt", top)
    assert (done.returncode, "error: no file in" in done.stderr) == (2, True)


def test_a_road_that_has_another_address_by_now_is_adopted_by_the_place_of_its_answers(
    here: Paved, tmp_path: Path
) -> None:
    road = template(tmp_path / "road", ".tooling/{{ name }}.yml")
    service = by_copier(road, tmp_path / "service", "--data", "name=mine")
    moved = road.rename(tmp_path / "elsewhere")
    assert here("adopt", service, "--road", moved, "--defaults").returncode == 0
    assert (lock(service)["answers"], lock(service)["road"]) == (".tooling/mine.yml", str(moved))
    assert "name: mine" in (service / ".tooling/mine.yml").read_text()


@pytest.mark.parametrize("place", [None, ".tooling/project.yml"])
def test_recorded_answers_that_git_ignores_are_adopted_and_it_is_said(
    here: Paved, tmp_path: Path, place: str | None
) -> None:
    name = place or ".copier-answers.yml"
    road = template(tmp_path / "road", place, **{".gitignore.jinja": f"/{name}\n"})
    service = by_copier(road, tmp_path / "service", "--data", "name=mine")
    done = here("adopt", service, "--road", road, "--defaults")
    assert (done.returncode, f"git add --force {name}" in done.stderr) == (0, True), done.stderr
    assert "name: mine" in (service / name).read_text()


# -- the built-in road -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_nobodys_repository_is_counted_from_the_built_in_road(here: Paved, tmp_path: Path, words: list[str]) -> None:
    files = {"README.md": "mine\n", "src/app/__init__.py": "", "package.json": "{}\n"}
    path = make_road(tmp_path / "foreign", files, tag=None)
    done = here("adopt", path, "--defaults", *words)
    assert (done.returncode, "--road URL" in done.stderr) == (2, True)
    assert git.process.text("status", "--porcelain", cwd=path) == ""
    assert here("adopt", path, "--defaults", "--road", "paved:built-in").returncode == 0


# -- nothing is written over -------------------------------------------------------------------------------------------

TAKEN = {
    "a tracked Makefile": "Makefile",
    "an untracked file": ".tooling/project.yml",
    "an ignored file": ".env",
    "behind a link out": "out/answers.yml",
    "a link out": "link.yml",
    "below a file": "Makefile/answers.yml",
    "git's folder": ".git/answers.yml",
    "outside": "../answers.yml",
    "an absolute path": "/tmp/answers.yml",
    "the lock": ".paved-road.lock",
    "another lock": ".paved-road.x.lock",
}


@pytest.fixture
def somebodys(tmp_path: Path) -> Path:
    """A repository in which something is at every one of these places."""
    path = make_road(tmp_path / "service", {"Makefile": "all:\n\ttrue\n", ".gitignore": ".env\n"}, tag=None)
    (tmp_path / "outside").mkdir()
    write_files(path, {".env": "TOKEN=1\n", ".tooling/project.yml": "important: yes\n"})
    write_files(path, {"out": Link(str(tmp_path / "outside")), "link.yml": Link(str(tmp_path / "victim.yml"))})
    write_files(tmp_path, {"victim.yml": "mine: yes\n"})
    return path


def everything(folder: Path) -> dict[str, bytes]:
    """Every file outside of git's own folders."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("place", TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize("words", [[], ["--dry-run"]], ids=["adopt", "a dry run"])
def test_adopt_writes_the_answers_over_nothing(
    here: Paved, tmp_path: Path, somebodys: Path, place: str, words: list[str]
) -> None:
    road = template(tmp_path / "road", place)
    before = everything(tmp_path)
    done = here("adopt", somebodys, "--road", road, "--defaults", *words)
    assert (done.returncode, done.stderr.startswith("error: ")) == (2, True), done.stderr
    cache = str(tmp_path / "cache")
    after = {path: data for path, data in everything(tmp_path).items() if not path.startswith(cache)}
    assert after == before


@pytest.mark.parametrize("place", TAKEN.values(), ids=TAKEN)
def test_a_release_that_moves_its_answers_over_something_is_refused(
    here: Paved, tmp_path: Path, somebodys: Path, place: str
) -> None:
    road = template(tmp_path / "road", None)
    git.process.run("add", "Makefile", ".gitignore", cwd=somebodys)
    assert here("adopt", somebodys, "--road", road, "--defaults").returncode == 0
    git.process.run("add", ".paved-road.lock", ".copier-answers.yml", cwd=somebodys)
    git.process.run("commit", "--quiet", "--message", "Adopted", cwd=somebodys)
    evolve(road, {"copier.yml": f"_answers_file: '{place}'\nname: x\n"}, tag="v1.1.0")
    before = everything(somebodys), everything(tmp_path)
    for words in (["--dry-run"], []):
        done = here("update", somebodys, *words)
        assert (done.returncode, done.stderr.startswith("error: ")) == (2, True), done.stdout
        assert (everything(somebodys), everything(tmp_path)) == before


FORBIDDEN = ["the lock", "another lock", "git's folder", "outside", "an absolute path"]


@pytest.mark.parametrize("place", [TAKEN[name] for name in FORBIDDEN], ids=FORBIDDEN)
def test_a_new_service_has_its_answers_in_no_such_place(here: Paved, tmp_path: Path, place: str) -> None:
    road = template(tmp_path / "road", place)
    done = here("new", tmp_path / "service", "--road", road, "--defaults")
    assert (done.returncode, done.stderr.startswith("error: ")) == (2, True), done.stderr
    assert not (tmp_path / "service").exists()


def test_a_release_that_moves_its_answers_moves_the_services(here: Paved, tmp_path: Path) -> None:
    road, service = template(tmp_path / "road", None), tmp_path / "service"
    assert here("new", service, "--road", road, "--defaults", "--data", "name=mine").returncode == 0
    evolve(road, {"copier.yml": "_answers_file: .tooling/{{ name }}.yml\nname: x\n"}, tag="v1.1.0")
    assert here("update", service, "--commit").returncode == 0
    assert git.process.text("ls-files", cwd=service).split() == [".paved-road.lock", ".tooling/mine.yml", "a.txt"]
    assert "name: mine" in (service / ".tooling/mine.yml").read_text()
    evolve(road, {"a.txt.jinja": "{{ name }} 3\n"}, tag="v1.2.0")
    assert here("update", service, "--commit").returncode == 0
    assert (service / "a.txt").read_text() == "mine 3\n"


# -- two templates in one folder ---------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two roads, each with an answers file of its own."""
    first = make_road(tmp_path / "a", {"copier.yml": "_answers_file: .copier-answers.a.yml\nx: 1\n", "a.txt": "1\n"})
    second = make_road(tmp_path / "b", {"copier.yml": "_answers_file: .copier-answers.b.yml\ny: 1\n", "b.txt": "1\n"})
    for road in (first, second):
        evolve(road, ANSWERS)
        git.process.run("tag", "--force", "v1.0.0", cwd=road)
    return first, second


def test_each_of_two_templates_is_updated_by_its_road_or_its_answers_file(
    here: Paved, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    service = tmp_path / "service"
    for road in two:
        run("copier", "copy", "--quiet", "--defaults", road, service, cwd=tmp_path).check_returncode()
    git.process.run("init", "--quiet", service)
    evolve(service, {}, message="By Copier")
    refused = here("update", service)
    assert (refused.returncode, "--answers-file" in refused.stderr) == (2, True)
    for road in two:
        evolve(road, {f"{road.name}.txt": "2\n"}, tag="v1.1.0")
    assert here("update", service, "--road", two[0], "--commit").returncode == 0
    assert here("update", service, "-a", ".copier-answers.b.yml", "--commit").returncode == 0
    assert ((service / "a.txt").read_text(), (service / "b.txt").read_text()) == ("2\n", "2\n")
    assert lock(service)["answers"] == ".copier-answers.a.yml"
    assert lock(service, ".paved-road.b.lock")["answers"] == ".copier-answers.b.yml"
    for words in (["--road", two[0]], ["--road", two[1]], ["-a", ".copier-answers.b.yml"], []):
        assert here("status", service, *words).returncode == 0, words
    assert here("drift", service, "-a", ".copier-answers.b.yml").returncode == 0


def test_a_second_template_comes_to_a_service_by_adopt_and_update(
    here: Paved, tmp_path: Path, two: tuple[Path, Path]
) -> None:
    service = tmp_path / "service"
    assert here("new", service, "--road", two[0], "--defaults").returncode == 0
    assert here("adopt", service, "--road", two[1], "--defaults").returncode == 0
    evolve(service, {}, message="Adopted")
    assert here("update", service, "--road", two[1], "--commit").returncode == 0
    assert (service / "b.txt").read_text() == "1\n"
    assert here("update", service).returncode == 0
    assert git.process.text("ls-files", cwd=service).split() == [
        ".copier-answers.a.yml", ".copier-answers.b.yml", ".paved-road.b.lock", ".paved-road.lock", "a.txt", "b.txt",
    ]  # fmt: skip
    again = here("adopt", service, "--road", two[1], "--defaults")
    assert (again.returncode, "is already on the road" in again.stderr) == (2, True)


def test_two_templates_with_the_same_place_are_told_apart_by_the_flag(here: Paved, tmp_path: Path) -> None:
    first, second = template(tmp_path / "one", None), make_road(tmp_path / "two", {"copier.yml": "", "b.txt": "1\n"})
    service = tmp_path / "service"
    assert here("new", service, "--road", first, "--defaults").returncode == 0
    refused = here("adopt", service, "--road", second, "--defaults")
    assert (refused.returncode, "--answers-file PATH" in refused.stderr) == (2, True)
    assert here("adopt", service, "--road", second, "--defaults", "-a", ".copier-answers.two.yml").returncode == 0
    evolve(service, {}, message="Adopted")
    assert here("update", service, "-a", ".copier-answers.two.yml").returncode == 0
    assert (service / "b.txt").exists()


def test_a_place_that_a_person_chose_stays_when_the_template_moves_its_own(here: Paved, tmp_path: Path) -> None:
    road, service = template(tmp_path / "road", None), tmp_path / "service"
    assert here("new", service, "--road", road, "--defaults", "-a", "mine.yml").returncode == 0
    evolve(road, {"copier.yml": "_answers_file: theirs.yml\nname: x\n", "a.txt.jinja": "2\n"}, tag="v1.1.0")
    assert here("update", service, "--commit").returncode == 0
    assert (lock(service)["answers"], (service / "a.txt").read_text()) == ("mine.yml", "2\n")


@pytest.mark.parametrize("name", ["nothing.yml", "../x.yml", "/etc/passwd", "a.txt/x", ".git/config"])
def test_an_answers_file_that_is_none_is_refused(here: Paved, tmp_path: Path, name: str) -> None:
    road, service = template(tmp_path / "road", None), tmp_path / "service"
    assert here("new", service, "--road", road, "--defaults").returncode == 0
    for command in ("update", "status", "drift"):
        done = here(command, service, "-a", name)
        assert (done.returncode, done.stderr.startswith("error: ")) == (2, True), command


# -- what a repository written by hand lacks ---------------------------------------------------------------------------


def test_a_fresh_clone_with_a_readme_joins_by_adopt_and_update(here: Paved, tmp_path: Path) -> None:
    road = template(tmp_path / "road", None, **{"README.md": "the template's\n", "deep/b.txt": "b\n"})
    clone = make_road(tmp_path / "clone", {"README.md": "made by the host\n"}, tag=None)
    assert f"paved adopt {clone}" in here("new", clone, "--road", road, "--defaults").stderr
    adopted = here("adopt", clone, "--road", road, "--defaults")
    assert (adopted.returncode, "2 files of the release were never in this repository" in adopted.stdout) == (0, True)
    assert "missing  a.txt" in adopted.stdout
    assert "deleted" not in adopted.stdout + here("drift", clone, "--all").stdout
    assert "missing  a.txt" in here("drift", clone, "--all").stdout
    assert here("adopt", clone, "--road", road, "--data", "name=y").returncode == 0, "it is not committed yet"
    evolve(clone, {}, message="Adopted")
    assert "2 files of the release were never in this repository" in here("status", clone).stderr
    done = here("update", clone, "--commit")
    assert done.returncode == 0, done.stdout
    assert ((clone / "a.txt").read_text(), (clone / "deep/b.txt").read_text()) == ("y\n", "b\n")
    assert (clone / "README.md").read_text() == "made by the host\n"
    evolve(clone, {"a.txt": None}, message="We do not want it")
    assert here("update", clone).returncode == 0
    assert not (clone / "a.txt").exists(), "what the team deletes from now on stays deleted"
    assert "deleted  a.txt" in here("drift", clone, "--all").stdout


def test_what_a_team_deleted_from_a_service_of_copiers_stays_deleted(here: Paved, tmp_path: Path) -> None:
    road = template(tmp_path / "road", None, **{"b.txt": "b\n"})
    service = evolve(by_copier(road, tmp_path / "service"), {"b.txt": None})
    assert here("adopt", service).returncode == 0
    evolve(service, {}, message="Adopted")
    evolve(road, {"a.txt.jinja": "2\n"}, tag="v1.1.0")
    assert here("update", service).returncode == 0
    assert not (service / "b.txt").exists()


def test_a_missing_file_that_a_deviation_excuses_stays_away(here: Paved, tmp_path: Path) -> None:
    road = template(tmp_path / "road", None, **{"paved-road.yml": "owners: {road: [b.txt]}\n", "b.txt": "b\n"})
    path = make_road(tmp_path / "legacy", {"README": "x\n"}, tag=None)
    assert here("adopt", path, "--road", road, "--defaults").returncode == 0
    assert "missing  b.txt" in here("drift", path).stdout
    assert here("off-road", "baseline", path).returncode == 0
    evolve(path, {}, message="Adopted")
    assert here("update", path).returncode == 0
    assert ((path / "a.txt").exists(), (path / "b.txt").exists()) == (True, False)


def test_an_adoption_that_was_cut_off_between_its_two_files_is_done_again(here: Paved, tmp_path: Path) -> None:
    road = template(tmp_path / "road", None, **{"b.txt": "b\n"})
    path = make_road(tmp_path / "legacy", {"README": "x\n"}, tag=None)
    assert here("adopt", path, "--road", road, "--defaults").returncode == 0
    whole = everything(path)
    for name in (".copier-answers.yml", ".paved-road.lock"):
        (path / name).unlink()
        assert here("adopt", path, "--road", road, "--defaults").returncode == 0
        if name == ".copier-answers.yml":  # it is the one that is written last
            assert everything(path) == whole


# -- the place that a person names ------------------------------------------------------------------------------------

NAMED = {
    "paved's settings": (".paved.toml", "project's settings"),
    "git's rules": (".gitignore", "git reads .gitignore"),
    "git's attributes, below": ("deep/.gitattributes", "git reads .gitattributes"),
    "in other letters": (".GitModules", "git reads .gitmodules"),
    "a lock": (".paved-road.x.lock", "paved reads it as a lock"),
    "a file of the template": ("a.txt", "the template renders a.txt"),
    "a folder of the template": ("deep", "the template renders deep/b.txt"),
    "below a file of the template": ("a.txt/x", "the template renders a.txt"),
    "a folder": ("x/", "--answers-file x\n"),
    "another spelling": ("./x.yml", "--answers-file x.yml\n"),
    "outside": ("../x", "--answers-file cannot be '../x'"),
    "nothing": ("", "--answers-file is blank"),
}


@pytest.mark.parametrize("bare", [True, False], ids=["no answers template", "an answers template"])
@pytest.mark.parametrize(("name", "said"), NAMED.values(), ids=NAMED)
def test_an_answers_file_is_not_put_where_something_else_belongs(
    here: Paved, tmp_path: Path, name: str, said: str, *, bare: bool
) -> None:
    files = {"copier.yml": "name: x\n", "a.txt": "1\n", "deep/b.txt": "1\n", **({} if bare else ANSWERS)}
    road = make_road(tmp_path / "road", files)
    done = here("new", tmp_path / "service", "--road", road, "--defaults", "-a", name)
    assert (done.returncode, said in done.stderr, "error: " in done.stderr) == (2, True, True), done.stderr
    assert not (tmp_path / "service").exists()
    path = make_road(tmp_path / "plain", {"README": "x\n"}, tag=None)
    adopted = here("adopt", path, "--road", road, "--defaults", "-a", name)
    assert (adopted.returncode, said in adopted.stderr) == (2, True), adopted.stderr
    assert git.process.text("status", "--porcelain", cwd=path) == ""


def test_a_template_does_not_call_its_answers_as_git_calls_its_rules(here: Paved, tmp_path: Path) -> None:
    road = template(tmp_path / "road", ".gitignore")
    done = here("new", tmp_path / "service", "--road", road, "--defaults")
    assert (done.returncode, "git reads .gitignore" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("content", ["all:\n\ttrue\n", "x: 1\n", "", "- a\n"])
def test_a_file_that_is_no_answers_file_is_not_to_be_thrown_away(here: Paved, tmp_path: Path, content: str) -> None:
    road, service = template(tmp_path / "road", None), tmp_path / "service"
    assert here("new", service, "--road", road, "--defaults").returncode == 0
    path = make_road(tmp_path / "plain", {"README": "x\n"}, tag=None)
    for folder in (service, path):
        write_files(folder, {"mine": content})
    words = (("update", service), ("status", service), ("drift", service), ("adopt", path, "--road", road))
    for command in words:
        done = here(*command, "-a", "mine")
        assert (done.returncode, "hint: name another file with --answers-file" in done.stderr) == (2, True), done.stderr
    assert (path / "mine").read_text() == content
