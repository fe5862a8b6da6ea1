"""Many services are planned together as each is planned alone, by as many git processes as one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import create, git
from paved_road.errors import PavedError, UsageError
from paved_road.git.entries import TreeEntry
from paved_road.service.model import Service, open_service
from paved_road.settings.config import load_config
from paved_road.testing import commit, evolve, make_road, run, write_files
from paved_road.update import apply
from paved_road.update.model import FileOutcome, UpdateRequest
from paved_road.update.plan import Plan, Planner, planning

TEMPLATE = {
    "copier.yml": "_subdirectory: template\nname: {type: str, default: world}\n",
    "template/README.md.jinja": "# {{ name }}\n\none\ntwo\nthree\nfour\n",
    "template/src/app.py.jinja": "NAME = '{{ name }}'\n\n\ndef one():\n    pass\n",
    "template/list.txt": "a\nb\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
}
NEWER = {
    "template/README.md.jinja": "# {{ name }}\n\none\ntwo, better\nthree\nfour\n",
    "template/src/app.py.jinja": "NAME = '{{ name }}'\n\n\ndef one():\n    return 1\n",
    "template/list.txt": "a\nb\nroad\n",
    "template/new.txt": "new\n",
}
EDITS: dict[str, dict[str, str | bytes | None]] = {
    "untouched": {},
    "merged": {"README.md": "# merged\n\none\ntwo\nthree\nfour\n\nours\n"},
    "conflicting": {"README.md": "# conflicting\n\none\ntwo, ours\nthree\nfour\n"},
    "crlf": {"src/app.py": b"MINE = 1\r\nNAME = 'crlf'\r\n\r\n\r\ndef one():\r\n    pass\r\n"},
    "union": {".gitattributes": "list.txt merge=union\n", "list.txt": "a\nb\nservice\n"},
    "folder": {"new.txt/mine": "a folder where the road puts a file\n"},
    "removed": {"list.txt": None},
}


@pytest.fixture
def road(tmp_path: Path) -> Path:
    return make_road(tmp_path / "road", TEMPLATE)


@pytest.fixture
def services(road: Path, tmp_path: Path) -> list[Service]:
    """One service for each of `EDITS`, stamped from 1.0.0, edited and committed; the road has gone on."""
    config = load_config({"road": str(road)})
    made = []
    for name, edits in EDITS.items():
        path = tmp_path / "fleet" / name
        create.create(create.plan(create.CreateRequest(destination=path, answers={"name": name}), config))
        write_files(path, edits)
        commit(path)
        made.append(path)
    evolve(road, NEWER, tag="v1.1.0")
    return [open_service(path) for path in made]


def order() -> UpdateRequest:
    return UpdateRequest(answers={})


def contents(plan: Plan) -> dict[str, tuple[str, str]]:
    return {path: (leaf.mode, leaf.blob) for path, leaf in plan.decided.files.items()}


def test_a_batch_plans_what_each_service_alone_would(services: list[Service]) -> None:
    with Planner(load_config()).plans(services, order()) as plans:
        for service, together in zip(services, plans, strict=True):
            assert isinstance(together, Plan)
            with planning(service, order(), load_config()) as alone:
                assert contents(together) == contents(alone)
                assert together.summary.changes == alone.summary.changes
                assert together.decided.conflicts.keys() == alone.decided.conflicts.keys()
                assert together.patch() == alone.patch()


def test_the_plans_of_a_batch_are_right(services: list[Service]) -> None:
    with Planner(load_config()).plans(services, order()) as found:
        plans = {service.path.name: plan for service, plan in zip(services, found, strict=True)}
        by_name = {name: plan for name, plan in plans.items() if isinstance(plan, Plan)}
        assert by_name.keys() == EDITS.keys()
        assert read(by_name["merged"], "README.md") == b"# merged\n\none\ntwo, better\nthree\nfour\n\nours\n"
        assert read(by_name["crlf"], "src/app.py").count(b"\r\n") == 6
        assert b"return 1\r\n" in read(by_name["crlf"], "src/app.py")
        assert read(by_name["union"], "list.txt") in (b"a\nb\nservice\nroad\n", b"a\nb\nroad\nservice\n")
        assert {name for name, plan in by_name.items() if plan.needs_a_person} == {"conflicting", "folder", "removed"}


def named(name: str, plans: list[Plan | PavedError]) -> Plan:
    (found,) = [plan for plan in plans if isinstance(plan, Plan) and plan.service.path.name == name]
    return found


def read(plan: Plan, path: str) -> bytes:
    leaf: TreeEntry = plan.decided.files[path]
    (stored,) = plan.scratch.objects.read([leaf.blob])
    content = stored if leaf.data is None else leaf.data
    assert content is not None
    return content


def test_conflicts_are_labelled_with_the_service_and_the_releases(services: list[Service]) -> None:
    with Planner(load_config()).plans(services, order()) as plans:
        text = read(named("conflicting", plans), "README.md").decode()
    ours, base, theirs = "two, ours", "two", "two, better"
    markers = ("<<<<<<< conflicting", ours, "||||||| road-1.0.0", base, "=======", theirs, ">>>>>>> road-1.1.0")
    assert "\n".join(("one", *markers, "three")) in text


def test_a_file_that_git_sets_aside_is_named_after_the_release(services: list[Service]) -> None:
    with Planner(load_config()).plans(services, order()) as plans:
        (folder,) = [plan for plan in plans if isinstance(plan, Plan) and plan.service.path.name == "folder"]
        assert "new.txt~road-1.1.0" in folder.decided.files
        assert [change.path for change in folder.summary.changes if change.outcome is FileOutcome.CONFLICT] == [
            "new.txt~road-1.1.0"
        ]


def test_a_service_that_cannot_be_planned_does_not_stop_the_others(services: list[Service], road: Path) -> None:
    lost = services[1].path
    for record in (lost / ".paved-road.lock", lost / ".copier-answers.yml"):
        record.write_text(record.read_text().replace(str(road), str(road.with_name("gone"))))
    commit(lost)
    again = [open_service(service.path) for service in services]
    with Planner(load_config()).plans(again, order()) as plans:
        failed = [service.path.name for service, plan in zip(again, plans, strict=True) if isinstance(plan, PavedError)]
    assert failed == ["merged"]


def test_a_service_without_a_commit_is_refused(services: list[Service], tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(services[0].path, bare, ignore=shutil.ignore_patterns(".git"))
    git.process.run("init", "--quiet", bare)
    with Planner(load_config()).plans([open_service(bare)], order()) as (refused,):
        assert isinstance(refused, UsageError)
        assert refused.message == f"{bare} has no commits"


def test_services_of_one_repository_are_planned_together(road: Path, tmp_path: Path) -> None:
    top = tmp_path / "monorepo"
    git.process.run("init", "--quiet", top)
    config = load_config({"road": str(road)})
    for name in ("one", "two"):
        create.create(create.plan(create.CreateRequest(destination=top / name, answers={"name": name}), config))
    commit(top)
    evolve(road, NEWER, tag="v1.1.0")
    with Planner(load_config()).plans([open_service(top / name) for name in ("one", "two")], order()) as plans:
        for plan in plans:
            assert isinstance(plan, Plan)
            assert not apply.apply_plan(plan).conflicts
    assert (top / "two/README.md").read_text() == "# two\n\none\ntwo, better\nthree\nfour\n"


def test_a_batch_of_seven_takes_hardly_more_git_processes_than_one(
    services: list[Service], git_calls: Callable[[], list[str]]
) -> None:
    planner = Planner(load_config())
    with planner.plans(services[:1], order()):
        pass
    git_calls()
    with planner.plans(services[:1], order()):
        one = git_calls()
    with planner.plans(services, order()):
        seven = git_calls()
    assert sorted(one) == ["cat-file", "fast-import", "init", "merge-tree"]
    # One more merge-tree: the attributes of a service are a setting of the process.
    assert sorted(seven) == ["cat-file", "fast-import", "init", "merge-tree", "merge-tree"]


def test_planning_leaves_no_trace(services: list[Service]) -> None:
    def trace(path: Path) -> dict[str, bytes]:
        return {
            str(Path(folder, name)): Path(folder, name).read_bytes()
            for folder, _, names in os.walk(path)
            for name in names
        }

    before = [trace(service.path) for service in services]
    with Planner(load_config()).plans(services, order()) as plans:
        assert all(isinstance(plan, Plan) and plan.patch() for plan in plans)
    assert [trace(service.path) for service in services] == before


def test_a_plan_is_applied(services: list[Service]) -> None:
    with Planner(load_config()).plans(services[:2], order()) as plans:
        for plan in plans:
            assert isinstance(plan, Plan)
            assert not apply.apply_plan(plan).conflicts
    for service in services[:2]:
        assert (service.path / "new.txt").read_text() == "new\n"
        assert run("git", "status", "--porcelain", cwd=service.path).stdout.count("\n") == 6
