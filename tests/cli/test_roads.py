"""Roads as they are in the wild: status and update say the same of them, and no service is ever taken back."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from paved_road import git
from paved_road.testing import evolve, make_road, run, write_files

Here = Callable[..., CompletedProcess[str]]

FILES = {
    "copier.yml": "name: x\n",
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "a.txt": "1\n",
}


def tagged(road: Path, name: str, *, annotated: bool = False, at: str = "HEAD") -> None:
    git.process.run("tag", "--force", *(("-a", "-m", "x") if annotated else ()), name, at, cwd=road)


def agreed(here: Here, service: Path) -> str:
    """What is in `a.txt` after an update, when status foretold whether the update would change anything."""
    said = here("status", service)
    before = git.process.text("rev-parse", "HEAD", cwd=service)
    done = here("update", service, "--defaults", "--commit")
    assert done.returncode == 0, done.stderr
    changed = git.process.text("rev-parse", "HEAD", cwd=service) != before
    assert changed == (said.returncode == 1), (said.stdout, done.stdout)
    assert here("status", service).returncode == 0
    return (service / "a.txt").read_text()


@pytest.fixture
def road(tmp_path: Path) -> Path:
    return make_road(tmp_path / "road", FILES)


@pytest.fixture
def stamped(here: Here, road: Path, tmp_path: Path) -> Callable[..., Path]:
    """`stamped("--ref", "nightly")`: a service of the road."""

    def make(*words: str) -> Path:
        done = here("new", tmp_path / "hi", "--road", road, "--defaults", *words)
        assert done.returncode == 0, done.stderr
        return tmp_path / "hi"

    return make


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize("name", ["nightly", "latest", "release-candidate"])
def test_a_service_of_a_floating_tag_is_not_taken_back(
    here: Here, road: Path, stamped: Callable[..., Path], name: str, annotated: bool
) -> None:
    evolve(road, {"a.txt": "2\n"})
    tagged(road, name, annotated=annotated)
    service = stamped("--ref", name)
    assert agreed(here, service) == "2\n"
    evolve(road, {"a.txt": "3\n"})
    tagged(road, name, annotated=annotated)
    assert agreed(here, service) == "2\n"  # the tag is no release, wherever it goes
    evolve(road, {"a.txt": "4\n"}, tag="v1.1.0")
    assert agreed(here, service) == "4\n"


@pytest.mark.parametrize(("first", "second"), [("v1.0", "v1"), ("1.0.0", "v1.0.0"), ("v1.0.0", "1.0.0")])
@pytest.mark.parametrize("ref", [0, 1])
def test_of_two_tags_of_one_version(
    here: Here, tmp_path: Path, road: Path, stamped: Callable[..., Path], first: str, second: str, ref: int
) -> None:
    git.process.run("tag", "-d", "v1.0.0", cwd=road)
    tagged(road, first)
    evolve(road, {"a.txt": "2\n"}, tag=second)
    service = stamped("--ref", (first, second)[ref])
    assert (service / "a.txt").read_text() == ("1\n", "2\n")[ref]
    assert agreed(here, service) >= ("1\n", "2\n")[ref]


def test_a_tag_that_was_moved_on(here: Here, road: Path, stamped: Callable[..., Path]) -> None:
    service = stamped()
    evolve(road, {"a.txt": "2\n"})
    tagged(road, "v1.0.0")
    assert "1.0.0 has changed since" in here("status", service).stdout
    assert agreed(here, service) == "2\n"


def test_a_tag_that_was_moved_back(here: Here, road: Path, stamped: Callable[..., Path]) -> None:
    evolve(road, {"a.txt": "2\n"}, tag="v1.1.0")
    service = stamped()
    tagged(road, "v1.1.0", at="v1.0.0")
    assert agreed(here, service) == "2\n"


def test_a_tag_that_was_forced_onto_another_history(here: Here, road: Path, stamped: Callable[..., Path]) -> None:
    service = stamped()
    git.process.run("update-ref", "-d", "HEAD", cwd=road)
    evolve(road, {"a.txt": "2\n"})
    tagged(road, "v1.0.0")
    assert agreed(here, service) == "2\n"


@pytest.mark.parametrize("files", [{}, {"paved-road.yml": "version: 1.0.0\n"}])
def test_a_road_without_tags_whose_main_branch_went_on(
    here: Here, road: Path, stamped: Callable[..., Path], files: dict[str, str]
) -> None:
    git.process.run("tag", "-d", "v1.0.0", cwd=road)
    evolve(road, files)
    service = stamped()
    assert agreed(here, service) == "1\n"
    evolve(road, {"a.txt": "2\n"})
    assert agreed(here, service) == "2\n"


def test_a_service_between_two_releases_goes_on_and_one_ahead_stays(
    here: Here, road: Path, stamped: Callable[..., Path]
) -> None:
    evolve(road, {"a.txt": "2\n"})
    service = stamped("--ref", "main")
    assert "which comes before it" in here("status", service).stdout
    assert agreed(here, service) == "2\n"
    done = here("update", service, "--to", "1.0.0")
    assert (done.returncode, "comes before" in done.stderr) == (2, True)
    evolve(road, {"a.txt": "3\n"}, tag="v1.1.0")
    assert agreed(here, service) == "3\n"


# -- a road that is elsewhere now, or calls a template otherwise ---------------------------------------------------


@pytest.mark.parametrize("step", ["update", "adopt"])
def test_a_relative_road_is_that_of_the_service_wherever_paved_is_run(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    road = make_road(tmp_path / "a" / "road", FILES)
    evolve(road, {"a.txt": "the service's\n"}, tag="v1.1.0")
    evolve(make_road(tmp_path / "road", FILES), {"a.txt": "another one's\n"}, tag="v1.1.0")
    service = tmp_path / "a" / "hi"
    words = ("copy", "--quiet", "--defaults", "--vcs-ref", "v1.0.0", "../road", ".")
    service.mkdir()
    assert run("copier", *words, cwd=service).returncode == 0
    git.commit_everything(service, "By Copier")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = here(step, service, *(["--defaults"] if step == "update" else []))
    assert done.returncode == 0, done.stderr
    git.process.run("add", "--all", cwd=service)
    git.process.run("commit", "--quiet", "--message", step, cwd=service)
    assert here("update", service, "--defaults").returncode == 0
    assert (service / "a.txt").read_text() == "the service's\n"
    assert "_src_path: ../road" in (service / ".copier-answers.yml").read_text()
    assert '"road": "../road"' in (service / ".paved-road.lock").read_text()
    assert here("status", service).returncode == 0


def test_a_relative_road_that_is_given_must_not_name_two_folders(
    here: Here, road: Path, stamped: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = stamped()
    moved = road.rename(tmp_path / "moved")
    evolve(moved, {"a.txt": "2\n"}, tag="v1.1.0")
    (tmp_path / "elsewhere" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere" / "below")
    assert here("status", service).returncode == 2
    assert here("status", service, "--road", "../moved").returncode == 1
    make_road(tmp_path / "elsewhere" / "moved", FILES)
    done = here("update", service, "--road", "../moved")
    assert done.returncode == 2
    assert "names two folders" in done.stderr
    assert here("update", service, "--road", moved).returncode == 0
    assert (service / "a.txt").read_text() == "2\n"


def test_a_template_that_its_road_renamed(here: Here, tmp_path: Path) -> None:
    files = {f"templates/{name}/{path}": content for name in ("service", "lib") for path, content in FILES.items()}
    road = make_road(tmp_path / "several", files)
    service = tmp_path / "hi"
    assert here("new", "service", service, "--road", road, "--defaults").returncode == 0
    write_files(service, {"a.txt": "1\nours\n"})
    git.process.run("commit", "--quiet", "--all", "--message", "Ours", cwd=service)
    git.process.run("mv", "templates/service", "templates/api", cwd=road)
    evolve(road, {"templates/api/a.txt": "0\n1\n", "templates/api/b.txt": "new\n"}, tag="v1.1.0")
    for command in ("status", "update"):
        done = here(command, service)
        assert done.returncode == 2
        assert "has no template 'service' any more" in done.stderr
        assert "it offers api, lib" in done.stderr
        assert "paved update --template NAME" in done.stderr
    done = here("update", service, "--template", "api", "--defaults", "--commit")
    assert done.returncode == 0, done.stdout
    assert (service / "a.txt").read_text() == "0\n1\nours\n"
    assert here("status", service).returncode == 0
    assert '"template": "api"' in (service / ".paved-road.lock").read_text()


# -- code of a commit that nobody reviewed -------------------------------------------------------------------------


def test_an_update_runs_nothing_of_a_commit_that_left_the_road(here: Here, road: Path, tmp_path: Path) -> None:
    """The service works on, by its own objects."""
    service, ran = tmp_path / "hi", tmp_path / "ran"
    git.process.run("checkout", "--quiet", "-b", "feature", cwd=road)
    evolve(road, {"a.txt": "feature\n", "copier.yml": f"_tasks: ['echo x >>{ran}']\nname: x\n"})
    words = ("--road", f"file://{road}", "--defaults", "--trust")
    assert here("new", service, *words, "--ref", "feature").returncode == 0
    ran.unlink()
    git.process.run("checkout", "--quiet", "main", cwd=road)
    git.process.run("branch", "-D", "feature", cwd=road)
    evolve(road, {"a.txt": "2\n"}, tag="v2.0.0")
    done = here("update", service, "--defaults", "--trust", "--commit")
    assert done.returncode == 0, done.stderr
    assert (service / "a.txt").read_text() == "2\n"
    assert not ran.exists()


def test_a_template_of_several_is_called_by_its_release_in_every_file(here: Here, tmp_path: Path) -> None:
    files = {f"templates/one/{path}": content for path, content in FILES.items()}
    files |= {"templates/one/v.txt.jinja": "{{ _copier_answers._commit }}\n", "templates/one/.gitignore": "*.log\n"}
    road = make_road(tmp_path / "several", files, tag=None)
    write_files(road, {"templates/one/kept.log": "1\n", "templates/two/copier.yml": "x: 1\n"})
    git.process.run("add", "--force", ".", cwd=road)
    evolve(road, {}, tag="v1.0.0")
    done = run("paved", "new", "one", tmp_path / "hi", "--road", road, "--defaults", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "differ" not in done.stderr
    assert (tmp_path / "hi" / "v.txt").read_text() == "v1.0.0\n"
    assert (tmp_path / "hi" / "kept.log").is_file()


@pytest.mark.parametrize("style", ["to_nice_yaml", "to_json"])
@pytest.mark.parametrize("more", [[], ["v2.0.0", "v2.0.0+b1", "2.0"]], ids=["moving", "several"])
@pytest.mark.parametrize("annotated", [True, False])
def test_of_several_tags_of_one_commit_the_one_that_is_told_is_recorded_whoever_renders(
    here: Here, tmp_path: Path, annotated: bool, more: list[str], style: str
) -> None:
    record = f"{{{{ _copier_answers | {style} }}}}"
    road = make_road(tmp_path / "road", {**FILES, "{{ _copier_conf.answers_file }}.jinja": record}, tag="v1.0.0")
    tagged(road, "v1", annotated=annotated)
    for name in more:
        tagged(road, name)
    for renderer, service in (("both", tmp_path / "hi"), ("ours", tmp_path / "ho")):
        done = here("new", service, "--road", road, "--defaults", "--json")
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["notes"] == [], renderer
        version = "2.0.0+b1" if more else "1.0.0"
        assert said["result"]["version"] == version
        assert yaml.safe_load((service / ".copier-answers.yml").read_text())["_commit"] == f"v{version}"
        assert here("status", service).returncode == 0
        assert "up to date" in here("update", service).stdout


@pytest.mark.parametrize("ref", ["1.0", "v1", "v1.0.0"])
def test_the_tag_that_is_asked_for_is_recorded(here: Here, road: Path, stamped: Callable[..., Path], ref: str) -> None:
    for name in ("v1", "1.0"):
        tagged(road, name, annotated=name == "v1")
    service = stamped("--ref", ref)
    assert yaml.safe_load((service / ".copier-answers.yml").read_text())["_commit"] == ref
    assert here("status", service).returncode == 0


def test_an_update_to_a_work_tree_is_told_under_the_version_of_its_commit(
    here: Here, road: Path, stamped: Callable[..., Path]
) -> None:
    service = stamped()
    evolve(road, {"a.txt": "2\n"}, tag="v2")
    done = here("update", service, "--to", "HEAD", "--commit")
    assert done.returncode == 0, done.stderr
    assert "1.0.0 -> 2\n" in done.stdout
    assert here("status", service).returncode == 0


# -- another road, another template --------------------------------------------------------------------------------

OTHER = {"copier.yml": "title: y\n", "index.md": "{{ title }}\n", "notes.md": "n\n", "b.txt": "b\n"}
ANSWERS = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}


def followed(here: Here, folder: Path, said: str) -> None:
    """Type the commands that a hint names after its last colon."""
    (hint,) = re.findall(r"on purpose: (git .+) && (paved .+)$", said, re.MULTILINE)
    assert run(*shlex.split(hint[0]), cwd=folder).returncode == 0
    done = here(*shlex.split(hint[1])[1:])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("is_git", [True, False])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_road_is_not_replaced_by_an_unrelated_one(
    here: Here, stamped: Callable[..., Path], tmp_path: Path, is_git: bool, dry_run: bool
) -> None:
    service, other = stamped(), tmp_path / "other"
    (make_road if is_git else write_files)(other, OTHER | ANSWERS | {"paved-road.yml": "version: 2.0.0\n"})
    before = git.list_tree(service, "HEAD")
    done = here("update", service, "--road", other, *(["--dry-run"] if dry_run else []))
    assert done.returncode == 2
    assert f"{other} is not where the service's road moved" in done.stderr
    assert (git.list_tree(service, "HEAD"), git.process.text("status", "--porcelain", cwd=service)) == (before, "")
    followed(here, tmp_path, done.stderr)
    assert f"is at other {'1.0.0' if is_git else '2.0.0'} (the latest)" in here("status", service).stdout


@pytest.mark.parametrize("files", [{"a.txt": "2\n"}, {"a.txt": None, "a2.txt": "2\n", "b.txt": "b\n", "c.txt": "c\n"}])
def test_a_road_that_moved_with_its_history_is_followed_whatever_has_changed(
    here: Here, road: Path, stamped: Callable[..., Path], tmp_path: Path, files: dict[str, str | None]
) -> None:
    service = stamped()
    evolve(road, files, tag="v1.1.0")
    git.process.run("clone", "--quiet", "--bare", road, tmp_path / "moved.git", role=git.PERSON)
    assert here("update", service, "--road", tmp_path / "moved.git").returncode == 0
    assert json.loads((service / ".paved-road.lock").read_text())["version"] == "1.1.0"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A road of two templates, each with a release of its own."""
    files = {f"templates/one/{name}": text for name, text in FILES.items()}
    files |= {f"templates/docs/{name}": text for name, text in {**OTHER, **ANSWERS}.items()}
    road = make_road(tmp_path / "two", files, tag="one/v1.1.0")
    git.process.run("tag", "docs/v7.0.0", cwd=road)
    return road


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_template_is_not_replaced_by_another_of_its_road(
    here: Here, two: Path, tmp_path: Path, dry_run: bool
) -> None:
    assert here("new", "one", tmp_path / "hi", "--road", two).returncode == 0
    done = here("update", tmp_path / "hi", "--template", "docs", *(["--dry-run"] if dry_run else []))
    assert done.returncode == 2
    assert "--template docs names another template than the service's" in done.stderr
    assert here("update", tmp_path / "hi", "--template", "one").returncode == 0
    followed(here, tmp_path, done.stderr)
    assert "is at docs 7.0.0 (the latest)" in here("status", tmp_path / "hi").stdout


@pytest.mark.parametrize("ref", ["docs/v7.0.0", "refs/tags/docs/v7.0.0", "tags/docs/v7.0.0"])
def test_the_tag_of_another_template_is_no_release(here: Here, two: Path, tmp_path: Path, ref: str) -> None:
    done = here("new", "one", tmp_path / "hi", "--road", two, "--ref", ref)
    assert done.returncode == 2
    assert "it is a release of docs, another template" in done.stderr
    assert here("new", "one", tmp_path / "hi", "--road", two, "--ref", "one/v1.1.0").returncode == 0
    assert here("update", tmp_path / "hi", "--to", ref).returncode == 2


def test_who_has_to_name_a_template_is_told_by_the_option_of_the_command(here: Here, two: Path, tmp_path: Path) -> None:
    made = make_road(tmp_path / "hand", {"a.txt": "x\n"}, tag=None)
    assert "hint: --template NAME" in here("adopt", made, "--road", two).stderr
    assert "hint: paved new TEMPLATE DEST" in here("new", tmp_path / "hi", "--road", two).stderr
