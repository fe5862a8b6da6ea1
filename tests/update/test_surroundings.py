"""What stands around the merge: owners, ignored and untracked files, merge drivers, the whole of an update."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paved_road import git
from paved_road.testing import Evolution, paved, write_files
from paved_road.update.merge.attributes import Attributes
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]

MINE = with_lines({3: "mine"})
ROADS = with_lines({15: "the road's"})


def snapshot(evolution: Evolution) -> dict[str, bytes]:
    """Every byte below the service, git's folder included."""
    files = (path for path in evolution.service.rglob("*") if path.is_file())
    return {path.relative_to(evolution.service).as_posix(): path.read_bytes() for path in files}


# -- the whole -------------------------------------------------------------------------------------------------------


def test_an_untouched_service_becomes_the_new_release(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES, "old/b.txt": "b\n", "run.sh": "x\n"})
    evolution.release({"a.txt": ROADS, "old/b.txt": None, "new/b.txt": "b\n", "run.sh*": "x\n"})
    done = evolution.update("--commit")
    assert (done.code, done.files) == (0, {"a.txt": ROADS, "new/b.txt": "b\n", "run.sh": "x\n"})
    fresh = evolution.service.with_name("fresh")
    paved("new", fresh, "--road", evolution.road, "--defaults")
    trees = [git.process.text("rev-parse", "HEAD^{tree}", cwd=service) for service in (evolution.service, fresh)]
    assert trees[0] == trees[1]


def test_a_dry_run_predicts_the_update_and_leaves_not_one_byte(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES, "b.txt": "b\n"})
    evolution.edit({"a.txt": MINE})
    evolution.release({"a.txt": with_lines({3: "the road's"}), "b.txt": "new\n"})
    before = snapshot(evolution)
    dry = evolution.update("--dry-run")
    assert snapshot(evolution) == before
    real = evolution.update()
    assert (dry.code, dry.outcomes, dry.conflicts) == (real.code, real.outcomes, real.conflicts)
    assert "+<<<<<<< service" in dry.envelope["result"]["diff"]


def test_a_service_that_is_current_is_left_alone(begin: Begin) -> None:
    evolution = begin({"a.txt": LINES})
    evolution.edit({"a.txt": MINE})
    done = evolution.update()
    assert (done.code, done.outcomes) == (0, {})
    assert git.process.text("status", "--porcelain", cwd=evolution.service) == ""


# -- owners ----------------------------------------------------------------------------------------------------------


def test_a_service_owned_file_is_never_touched_again(begin: Begin) -> None:
    owners = "owners: {service: [api.txt, settings.txt]}\n"
    evolution = begin({"api.txt": LINES, "settings.txt": LINES}, manifest=owners)
    evolution.edit({"api.txt": MINE})
    evolution.release({"api.txt": with_lines({3: "the road's"}), "settings.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"api.txt": MINE, "settings.txt": LINES})
    assert done.outcomes == {
        "api.txt": "kept", "settings.txt": "kept", ".paved-road.lock": "updated", ".copier-answers.yml": "updated",
    }  # fmt: skip


def test_a_service_owned_file_of_the_new_release_is_seeded(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"}, manifest="owners: {service: [api/**]}\n")
    evolution.release({"api/new.txt": "new\n"})
    assert evolution.update().files["api/new.txt"] == "new\n"


def test_a_service_owned_file_stays_deleted_and_survives_its_templates_end(begin: Begin) -> None:
    evolution = begin({"api/a.txt": LINES, "api/b.txt": LINES, "c.txt": ""}, manifest="owners: {service: [api/**]}\n")
    evolution.edit({"api/a.txt": None, "api/b.txt": MINE})
    evolution.release({"api/a.txt": ROADS, "api/b.txt": None})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"api/b.txt": MINE, "c.txt": ""})


@pytest.fixture
def locking(begin: Begin) -> Evolution:
    """A road with a derived file that both sides made again."""
    derived = "owners: {derived: {deps.lock: sort -o deps.lock deps.txt}}\n"
    evolution = begin({"deps.txt": "b\n1\n2\n3\n", "deps.lock": "1\n2\n3\nb\n"}, manifest=derived)
    evolution.edit({"deps.txt": "b\n1\n2\n3\nmine\n", "deps.lock": "1\n2\n3\nb\nmine\n"})
    evolution.release({"deps.txt": "a\nb\n1\n2\n3\n", "deps.lock": "1\n2\n3\na\nb\n"})
    return evolution


def test_a_lock_file_that_both_sides_regenerated_is_regenerated_again(locking: Evolution) -> None:
    done = locking.update("--trust")
    assert (done.code, done.files["deps.txt"]) == (0, "a\nb\n1\n2\n3\nmine\n")
    assert done.files["deps.lock"] == "1\n2\n3\na\nb\nmine\n"
    assert done.envelope["result"]["regenerated"] == ["deps.lock"]


def test_a_lock_file_that_the_road_is_not_trusted_to_make_again_stays_and_it_is_said(locking: Evolution) -> None:
    done = locking.update()
    assert (done.code, done.files["deps.lock"]) == (0, "1\n2\n3\nb\nmine\n")
    assert done.outcomes["deps.lock"] == "kept"
    assert "make it again: sort -o deps.lock deps.txt" in str(done.envelope)


# -- ignored and untracked files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("local", ["PORT=1\nSECRET=mine\n", "PORT=1\n", None], ids=["edited", "untouched", "not there"])
def test_an_ignored_file_stays_as_it_is_and_the_roads_change_is_told(begin: Begin, local: str | None) -> None:
    """It is one machine's, not the repository's: a fresh clone has none, and must update the same."""
    evolution = begin({".gitignore.jinja": ".env\n", ".env": "PORT=1\n"})
    write_files(evolution.service, {".env": local})
    evolution.release({".env": "PORT=2\n"})
    dry, done = evolution.update("--dry-run"), evolution.update()
    assert (dry.code, done.code, done.files.get(".env")) == (0, 0, local)
    assert done.outcomes[".env"] == dry.outcomes[".env"] == "kept"
    assert "git ignores it" in str(done.envelope)
    assert git.process.text("ls-files", ".env", cwd=evolution.service) == ""


def test_an_ignored_file_the_template_drops_stays(begin: Begin) -> None:
    evolution = begin({".gitignore.jinja": ".env\n", ".env": "PORT=1\n"})
    (evolution.service / ".env").write_text("SECRET=mine\n")
    evolution.release({".env": None})
    done = evolution.update()
    assert (done.code, done.files[".env"]) == (0, "SECRET=mine\n")


def test_an_untracked_file_where_the_template_adds_one_is_left_alone(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"})
    (evolution.service / "notes.txt").write_text("mine\n")
    evolution.release({"notes.txt": "the road's\n"})
    done = evolution.update()
    assert (done.code, done.conflicts) == (1, ("notes.txt",))
    assert done.files["notes.txt"] == "mine\n"
    assert git.process.run("show", ":3:notes.txt", cwd=evolution.service) == b"the road's\n"


def test_an_untracked_file_that_is_just_what_the_template_adds(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"})
    (evolution.service / "notes.txt").write_text("the road's\n")
    evolution.release({"notes.txt": "the road's\n"})
    done = evolution.update()
    assert (done.code, done.files["notes.txt"]) == (0, "the road's\n")


def test_an_untracked_folder_where_the_template_adds_a_file(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"})
    (evolution.service / "data").mkdir()
    (evolution.service / "data" / "mine.txt").write_text("mine\n")
    evolution.release({"data": "a file\n"})
    done = evolution.update()
    assert (done.code, done.files["data/mine.txt"]) == (1, "mine\n")
    assert evolution.update("--abort").files == {"a.txt": "a\n", "data/mine.txt": "mine\n"}


def test_an_untracked_file_where_the_template_adds_a_folder(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"})
    (evolution.service / "data").write_text("mine\n")
    evolution.release({"data/new.txt": "new\n"})
    done = evolution.update()
    assert (done.code, done.files["data"]) == (1, "mine\n")
    assert evolution.update("--abort").files == {"a.txt": "a\n", "data": "mine\n"}


# -- .gitattributes --------------------------------------------------------------------------------------------------


def test_a_union_file_keeps_the_lines_of_both(begin: Begin) -> None:
    evolution = begin({".gitattributes": "CHANGES merge=union\n", "CHANGES": "first\n"})
    evolution.edit({"CHANGES": "first\nmine\n"})
    evolution.release({"CHANGES": "first\nthe road's\n"})
    done = evolution.update()
    assert (done.code, set(done.files["CHANGES"].splitlines())) == (0, {"first", "mine", "the road's"})


def test_attributes_of_a_subfolder_count(begin: Begin) -> None:
    evolution = begin({"docs/.gitattributes": "CHANGES merge=union\n", "docs/CHANGES": "first\n", "a": ""})
    evolution.edit({"docs/CHANGES": "first\nmine\n"})
    evolution.release({"docs/CHANGES": "first\nthe road's\n"})
    assert evolution.update().code == 0


def test_a_driver_of_the_repositorys_configuration_runs(begin: Begin) -> None:
    evolution = begin({".gitattributes": "version.txt merge=ours-always\n", "version.txt": "1\n"})
    git.process.run("config", "merge.ours-always.driver", "true", cwd=evolution.service)
    evolution.edit({"version.txt": "mine\n"})
    evolution.release({"version.txt": "2\n"})
    done = evolution.update()
    assert (done.code, done.files["version.txt"]) == (0, "mine\n")


@pytest.mark.parametrize("name", ["CHANGES", "the changes.txt"])
def test_the_result_of_a_merge_driver_is_not_reviewed(name: str) -> None:
    lines = b"# merge=union\n*.lock -merge\n" + git.quoted(f"/{name}") + b" merge=union\n"
    assert Attributes(lines=lines).has_driver(name)
    assert Attributes(lines=lines).has_driver("deep/uv.lock")
    assert not Attributes(lines=lines).has_driver("merge")


def test_a_file_marked_as_binary_is_not_merged_by_lines(begin: Begin) -> None:
    evolution = begin({".gitattributes": "*.dat -merge\n", "a.dat": LINES})
    evolution.edit({"a.dat": MINE})
    evolution.release({"a.dat": ROADS})
    done = evolution.update()
    assert (done.code, done.conflicts, done.files["a.dat"]) == (1, ("a.dat",), MINE)
