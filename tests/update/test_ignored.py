"""Files that git ignores before an update and not after it, and the other way round: the resulting rules decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Evolution, Updated, evolve, make_road, paved, write_files

Begin = Callable[..., Evolution]
# The template has a `.gitignore.jinja`, because a `.gitignore` would keep the files out of the road as well.


def locked(service: Path, part: str) -> list[str]:
    return sorted(json.loads((service / ".paved-road.lock").read_text()).get(part, {}))


def is_ignored(evolution: Evolution, path: str) -> bool:
    return path in git.ignored(evolution.service, [path])


def is_in_the_way(evolution: Evolution, done: Updated, path: str, roads: bytes) -> bool:
    """Whether what was there was left alone, and git has the road's version beside it."""
    shown = git.process.run("show", f":3:{path}", cwd=evolution.service)
    return (done.code, done.conflicts, shown) == (1, (path,), roads)


@pytest.fixture
def env(begin: Begin) -> Evolution:
    """A service with a stamped file that git ignores."""
    return begin({".gitignore.jinja": "build/\n\n\n.env\n", ".env": "PORT=1\n", "conf/.env": "PORT=1\n"})


def test_a_file_that_is_no_longer_ignored_is_in_the_way_of_the_roads(env: Evolution) -> None:
    env.release({".gitignore.jinja": "build/\n", ".env": "PORT=2\n", "conf/.env": "PORT=1\n"})
    dry, done = env.update("--dry-run"), env.update()
    assert (dry.code, dry.outcomes) == (done.code, done.outcomes)
    assert is_in_the_way(env, done, ".env", b"PORT=2\n")
    assert (done.files[".env"], done.outcomes["conf/.env"]) == ("PORT=1\n", "added")
    assert {".env", "conf/.env"} < set(locked(env.service, "files"))
    assert locked(env.service, "ignored") == []
    assert env.update("--abort").files[".env"] == "PORT=1\n"
    assert is_ignored(env, ".env")


@pytest.mark.parametrize("local", ["PORT=2\n", None], ids=["as the road has it", "not there"])
def test_a_file_that_is_no_longer_ignored_and_in_nobodys_way_is_added(env: Evolution, local: str | None) -> None:
    write_files(env.service, {".env": local})
    env.release({".gitignore.jinja": "build/\n", ".env": "PORT=2\n"})
    done = env.update("--commit")
    assert (done.code, done.outcomes[".env"], done.files[".env"]) == (0, "added", "PORT=2\n")
    assert git.process.text("status", "--porcelain", cwd=env.service) == ""
    env.release({".env": "PORT=3\n"}, tag="v1.2.0")
    assert env.update().files[".env"] == "PORT=3\n"


def test_only_the_rules_change(env: Evolution) -> None:
    env.release({".gitignore.jinja": "build/\n"})
    done = env.update("--commit")
    assert (done.code, done.outcomes[".env"]) == (0, "added")
    assert git.process.text("status", "--porcelain", cwd=env.service) == ""


@pytest.mark.parametrize("rules", [None, "!.env\n"], ids=["no rules", "an exception"])
def test_the_roads_rules_may_go_altogether(env: Evolution, rules: str | None) -> None:
    env.release({".gitignore.jinja": rules, ".env": "PORT=2\n"})
    assert is_in_the_way(env, env.update(), ".env", b"PORT=2\n")


def test_a_rule_that_the_team_added_still_holds(env: Evolution) -> None:
    env.edit({".gitignore": "/.env\nbuild/\n\n\n.env\n"})
    env.release({".gitignore.jinja": "build/\n\n\n", ".env": "PORT=2\n"})
    done = env.update()
    assert (done.code, done.outcomes[".env"], is_ignored(env, ".env")) == (0, "kept", True)
    assert (done.outcomes["conf/.env"], locked(env.service, "ignored")) == ("added", [".env"])


@pytest.mark.parametrize("where", ["info", "beside it"])
def test_a_rule_that_is_in_no_commit_still_holds(env: Evolution, where: str) -> None:
    file = env.service / (".git/info/exclude" if where == "info" else "conf/.gitignore")
    file.parent.mkdir(exist_ok=True)
    file.write_text("*\n" if where == "beside it" else "/conf/.env\n")
    env.release({".gitignore.jinja": "build/\n", "conf/.env": "PORT=2\n"})
    done = env.update()
    assert (done.code, done.outcomes["conf/.env"], done.outcomes[".env"]) == (0, "kept", "added")
    assert locked(env.service, "ignored") == ["conf/.env"]


def test_an_exception_of_the_teams_holds_against_a_rule_that_comes_with_its_file(begin: Begin) -> None:
    evolution = begin({".gitignore.jinja": "build/\n\n\n\n", "a.txt": "a\n"})
    evolution.edit({".gitignore": "build/\n\n\n\n!local.env\n"})
    evolution.release({".gitignore.jinja": "*.env\nbuild/\n\n\n\n", "local.env": "1\n", "other.env": "1\n"})
    done = evolution.update()
    assert (done.code, done.outcomes["local.env"], done.outcomes["other.env"]) == (0, "added", "kept")
    assert git.process.text("ls-files", "*.env", cwd=evolution.service) == "local.env"


def test_rules_that_the_service_owns_are_not_those_of_the_release(begin: Begin) -> None:
    evolution = begin({".gitignore.jinja": "build/\n", "a.txt": "a\n"}, manifest="owners: {service: [.gitignore]}\n")
    evolution.release({".gitignore.jinja": "*.env\n", "local.env": "1\n"})
    done = evolution.update()
    assert (done.code, done.outcomes["local.env"], done.files[".gitignore"]) == (0, "added", "build/\n")


def test_a_tracked_file_that_becomes_ignored_stays_tracked_and_is_merged(begin: Begin) -> None:
    evolution = begin({".gitignore.jinja": "build/\n", ".env": "A=1\n\n\n\nB=1\n"})
    evolution.edit({".env": "A=mine\n\n\n\nB=1\n"})
    evolution.release({".gitignore.jinja": ".env\n", ".env": "A=1\n\n\n\nB=2\n"})
    done = evolution.update("--commit")
    assert (done.code, done.files[".env"], done.outcomes[".env"]) == (0, "A=mine\n\n\n\nB=2\n", "merged")
    assert (git.process.text("ls-files", ".env", cwd=evolution.service), locked(evolution.service, "ignored")) == (
        ".env",
        [],
    )
    evolution.release({".env": "A=1\n\n\n\nB=3\n"}, tag="v1.2.0")
    assert evolution.update().files[".env"] == "A=mine\n\n\n\nB=3\n"


def test_the_rules_of_the_folders_above_a_service_hold(tmp_path: Path) -> None:
    rules = {"template/.gitignore.jinja": ".env\n", "template/.env": "1\n", "template/its.env": "1\n"}
    road = make_road(tmp_path / "road", {"copier.yml": "_subdirectory: template\n", **rules})
    top = make_road(tmp_path / "top", {".gitignore": "its.env\n"}, tag=None)
    assert paved("new", top / "service", "--road", road, "--defaults").returncode == 0
    evolve(top, {}, message="Stamp it")
    evolve(road, {"template/.gitignore.jinja": "", "template/.env": "2\n", "template/its.env": "2\n"}, tag="v1.1.0")
    done = paved("update", top / "service", "--json").envelope
    outcomes = {change["path"]: change["outcome"] for change in done["result"]["changes"]}
    assert (done["exit_code"], outcomes[".env"], outcomes["its.env"]) == (1, "conflict", "kept")
