"""What lies where the road adds a file, and is no file of the service's last commit: it stays, and that is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import UsageError
from paved_road.service.model import open_service
from paved_road.settings.config import load_config
from paved_road.testing import Evolution, Link, make_road, paved, run, write_files
from paved_road.update import apply, disk
from paved_road.update.model import UpdateRequest
from paved_road.update.plan import planning
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]


def entries(service: Path) -> list[str]:
    return git.process.text("ls-files", "--stage", cwd=service).splitlines()


# -- submodules --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["checked out", "not checked out"])
def with_submodule(begin: Begin, tmp_path: Path, request: pytest.FixtureRequest) -> Evolution:
    """A service with a submodule at `vendor/lib`."""
    evolution = begin({"a.txt": LINES})
    library = make_road(tmp_path / "library", {"README": "library\n"}, tag=None)
    allow = ("-c", "protocol.file.allow=always")
    git.process.run(
        *allow, "submodule", "--quiet", "add", library, "vendor/lib", cwd=evolution.service, role=git.PERSON
    )
    evolution.edit({})
    if request.param == "not checked out":
        git.process.run("submodule", "--quiet", "deinit", "--all", cwd=evolution.service)
    return evolution


@pytest.mark.parametrize("path", ["vendor/lib", "vendor/lib/README", "vendor"])
def test_a_submodule_stays_where_the_road_adds_a_file(with_submodule: Evolution, path: str) -> None:
    service = with_submodule.service
    with_submodule.release({path: "the road's\n"})
    before, head = entries(service), git.process.text("rev-parse", "HEAD", cwd=service)
    inside = sorted(service.rglob("vendor/**/*"))
    dry = with_submodule.update("--dry-run")
    assert (dry.code, "160000" in dry.envelope["result"]["diff"]) == (1, False)
    done = with_submodule.update("--commit")
    assert (done.code, done.conflicts) == (1, (path,))
    (change,) = (one for one in done.envelope["result"]["changes"] if one["path"] == path)
    assert "the submodule vendor/lib is in the way" in change["detail"]
    told = change["detail"].split("git show ")[1]
    assert run("git", "show", told, cwd=service).stdout == "the road's\n"
    (submodule,) = (entry for entry in entries(service) if "160000" in entry)
    assert submodule.split()[1] == next(entry for entry in before if "160000" in entry).split()[1]
    assert sorted(service.rglob("vendor/**/*")) == inside
    # Deciding for the submodule ends it.
    if path == "vendor/lib":
        git.process.run("update-index", "--cacheinfo", f"160000,{submodule.split()[1]},{path}", cwd=service)
    else:
        git.process.run("update-index", "--force-remove", path, cwd=service)
    finished = paved("update", service, "--continue")
    assert finished.returncode == 0, finished
    assert git.process.text("ls-tree", "HEAD", "vendor/lib", cwd=service) == git.process.text(
        "ls-tree", head, "vendor/lib", cwd=service
    )
    assert git.process.text("status", "--porcelain", cwd=service) == ""


@pytest.mark.parametrize("path", ["vendor/lib", "vendor/lib/README", "vendor"])
def test_abort_puts_the_submodule_back(with_submodule: Evolution, path: str) -> None:
    service = with_submodule.service
    with_submodule.release({path: "the road's\n"})
    before, inside = entries(service), sorted(service.rglob("vendor/**/*"))
    assert with_submodule.update().code == 1
    assert paved("update", service, "--abort").returncode == 0
    assert entries(service) == before
    assert sorted(service.rglob("vendor/**/*")) == inside
    assert git.process.text("status", "--porcelain", cwd=service) == ""


def test_a_file_beside_a_submodule_is_added(with_submodule: Evolution) -> None:
    with_submodule.release({"vendor/other": "other\n", "a.txt": with_lines({3: "the road's"})})
    done = with_submodule.update("--commit")
    assert (done.code, done.files["vendor/other"]) == (0, "other\n")
    assert git.process.text("ls-tree", "HEAD", "vendor/lib", cwd=with_submodule.service).startswith("160000")


# -- links -------------------------------------------------------------------------------------------------------------


def test_files_behind_a_link_of_the_team_are_left_alone(begin: Begin, tmp_path: Path) -> None:
    evolution = begin({"sub/f": "1\n", "a.txt": "a\n"})
    write_files(tmp_path / "outside", {"f": "mine\n", "g": "mine\n"})
    run("rm", "-r", evolution.service / "sub", cwd=tmp_path)
    evolution.edit({"sub": Link("../outside")})
    evolution.release({"sub/f": "2\n", "sub/g": "2\n"})
    said = paved("update", evolution.service)
    assert (said.returncode, "untracked" in said.stdout) == (1, False)
    assert (tmp_path / "outside/f").read_text() == (tmp_path / "outside/g").read_text() == "mine\n"
    assert (evolution.service / "sub/f").read_text() == "2\n"
    assert (evolution.service / "sub~service").is_symlink()
    assert paved("update", evolution.service, "--abort").returncode == 0
    assert (evolution.service / "sub").readlink() == Path("../outside")
    assert git.process.text("status", "--porcelain", cwd=evolution.service) == ""


@pytest.mark.parametrize("content", [Link("../outside"), "a file\n"])
def test_an_untracked_link_or_file_where_the_road_needs_a_folder(
    begin: Begin, tmp_path: Path, content: str | Link
) -> None:
    evolution = begin({"a.txt": "a\n"})
    (tmp_path / "outside").mkdir()
    write_files(evolution.service, {"new": content})
    evolution.release({"new/f": "the road's\n"})
    said = paved("update", evolution.service)
    assert (said.returncode, "an untracked file (new) is in the way" in said.stdout) == (1, True)
    assert list((tmp_path / "outside").iterdir()) == []
    assert run("git", "show", ":3:new/f", cwd=evolution.service).stdout == "the road's\n"


def planted(evolution: Evolution, link: str, target: Path) -> None:
    """Apply an update when somebody has made a link in the service since it was planned."""
    with planning(open_service(evolution.service), UpdateRequest(answers={}), load_config()) as plan:
        path = evolution.service / link
        if path.is_dir():
            path.rename(evolution.service.with_name("moved-away"))
        path.symlink_to(target)
        with pytest.raises(UsageError):
            apply.apply_plan(plan)


@pytest.mark.parametrize("link", ["new", "old", "changed", "added.txt"])
def test_a_link_planted_after_planning_leads_nowhere(begin: Begin, tmp_path: Path, link: str) -> None:
    evolution = begin({"old/f": "1\n", "changed/f": "1\n"})
    evolution.release({"new/f": "2\n", "old/f": None, "changed/f": "2\n", "added.txt": "2\n"})
    target = write_files(tmp_path / "outside", {"f": "1\n"})
    planted(evolution, link, target / "f" if link.endswith(".txt") else target)
    assert (target / "f").read_text() == "1\n"
    assert [path.name for path in target.iterdir()] == ["f"]
    assert not (evolution.service / ".git/paved-update").exists()


def test_an_untracked_file_that_came_after_planning_is_left_alone(begin: Begin) -> None:
    evolution = begin({"a.txt": "a\n"})
    evolution.release({"new/f": "2\n"})
    with planning(open_service(evolution.service), UpdateRequest(answers={}), load_config()) as plan:
        write_files(evolution.service, {"new": "mine\n"})
        with pytest.raises(UsageError, match="changed while"):
            apply.apply_plan(plan)
    assert (evolution.service / "new").read_text() == "mine\n"


@pytest.mark.parametrize("word", ["--continue", "--abort"])
def test_recovery_goes_through_no_link(begin: Begin, tmp_path: Path, word: str) -> None:
    evolution = begin({"old/f": "1\n", "a.txt": LINES})
    evolution.edit({"a.txt": with_lines({3: "mine"})})
    evolution.release({"old/f": None, "new/f": "2\n", "a.txt": with_lines({3: "the road's"})})
    target = write_files(tmp_path / "outside", {"f": "2\n"})
    assert evolution.update().code == 1
    (evolution.service / ".git/paved-update/written").unlink()
    run("rm", "-r", evolution.service / "new", cwd=tmp_path)
    write_files(evolution.service, {"new": Link("../outside"), "old": Link("../outside")})
    paved("update", evolution.service, word)
    assert (target / "f").read_text() == "2\n"


# -- the pieces --------------------------------------------------------------------------------------------------------


def test_removing_goes_through_no_link(tmp_path: Path) -> None:
    top = write_files(tmp_path / "top", {"here/deep/f": "1\n", "link": Link("../outside")})
    write_files(tmp_path / "outside", {"f": "1\n", "empty/f": "1\n"})
    for path in ("link/f", "link/empty/f", "here/deep/f", "here/deep/f", "nowhere/f"):
        disk.remove(top, path, root=top)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty", "f", "f", "link", "outside", "top"]


def test_looking_goes_through_no_link(tmp_path: Path) -> None:
    top = write_files(tmp_path / "top", {"link": Link("../outside"), "f": "1\n", "folder/f": "1\n"})
    write_files(tmp_path / "outside", {"f": "1\n"})
    found = {path: disk.file_at(top, path) is not None for path in ("link", "link/f", "f", "f/f", "folder", "folder/f")}
    assert found == {"link": True, "link/f": False, "f": True, "f/f": False, "folder": False, "folder/f": True}
    assert disk.first_obstruction(top, "link/f/g") == "link"
    assert disk.first_obstruction(top, "folder/f/g") == "folder/f"
    assert disk.first_obstruction(top, "folder/nowhere/g") is None
