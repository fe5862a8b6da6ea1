"""The built-in road's own evolution: a service of an older release, edited by its team, is brought to the next one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paved_road import __version__, git
from paved_road.cli import main
from paved_road.road.owners import Owner
from paved_road.service.model import open_service
from paved_road.testing import evolve, run
from scripts import team
from tests.built_in import LATEST
from tests.stamped.world import gate, quick_and_whole

MINE = "\n## Our notes\n\nThe stub of the inventory is dev/inventory_stub.py.\n"


def stamped_at(version: str, folder: Path) -> Path:
    assert main(["new", str(folder / "orders"), "--ref", version, "--defaults", "--data", "port=9000"]) == 0
    return folder / "orders"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A service of 1.0.0 in which a team has worked on files of every kind."""
    service = stamped_at("1.0.0", tmp_path)
    readme = (service / "README.md").read_text()
    first, rest = readme.split("\n\n", 1)
    evolve(
        service,
        {
            "README.md": f"{first}\n{MINE}\n{rest}",
            "dev/inventory_stub.py": (service / "dev/inventory_stub.py").read_text() + "\n# ours\n",
            "src/orders/api/orders.py": (service / "src/orders/api/orders.py").read_text() + team.ENDPOINT,
            "scripts/try.sh*": "#!/bin/sh\nexec python dev/inventory_stub.py --port 9090\n",
            "docs/-e1e sh evil.sh": "dev/inventory_stub.py\n",
            "docs/notes.moved": "what moved\n",
            "evil.sh": "touch pwned\n",
        },
    )
    return service


def test_a_team_loses_nothing_on_the_way(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", str(orders), "--to", "1.1.0", "--commit"]) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert said.startswith("1.0.0 -> 1.1.0")
    assert "is now `dev/stubs/inventory.py`" in said
    assert "moved       dev/inventory_stub.py -> dev/stubs/inventory.py\n" in said
    assert "  migrated    scripts/try.sh\n" in said

    stub = (orders / "dev/stubs/inventory.py").read_text()
    assert stub.endswith("\n# ours\n")
    assert not (orders / "dev/inventory_stub.py").exists()
    assert MINE.replace("dev/inventory_stub.py", "dev/stubs/inventory.py") in (orders / "README.md").read_text()
    assert (orders / "src/orders/api/orders.py").read_text().endswith(team.ENDPOINT)
    assert "dev/stubs/inventory.py" in (orders / "scripts/try.sh").read_text()
    assert (orders / "docs/-e1e sh evil.sh").read_text() == "dev/stubs/inventory.py\n"
    assert (orders / "docs/notes.moved").read_text() == "what moved\n"
    assert not list(orders.rglob("pwned"))
    answers = (orders / ".copier-answers.yml").read_text()
    assert "port: 9000" in answers, "what was recorded stays"
    assert "tier: standard" in answers, "a new question takes its default"
    assert git.process.text("status", "--porcelain", cwd=orders) == ""
    assert main(["drift", str(orders)]) == 0

    # Not its tests: those of 1.1.0 have time limits that a busy machine breaks, and a release does not change.
    done = run("make", "lint", "types", "deps", cwd=orders)
    assert done.returncode == 0, done.stdout + done.stderr


@quick_and_whole
def test_a_service_of_the_previous_release_loses_nothing_and_its_gate_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], whole: bool
) -> None:
    """From 1.1.0 to this checkout: a line in each shared file, a dependency, and what that took in the road's files."""
    service = stamped_at("1.1.0", tmp_path)
    shared = team.shared(service)
    ours = team.edited(service)
    evolve(service, ours)
    assert main(["update", str(service), "--to", "HEAD", "--commit"]) == 1, "the road changed some of the same lines"
    said = capsys.readouterr().out
    assert f"\n1.1.0 -> {LATEST}\n" in said
    conflicts = set(git.process.text("diff", "--name-only", "--diff-filter=U", cwd=service).split())
    assert {f"conflict    {path}" for path in conflicts} == set(re.findall(r"conflict    \S+", said)), "each is shown"
    assert not [path for path in conflicts if path.startswith("src/")], "what the team's code says is merged"
    for path in shared:
        assert team.OURS in (service / path).read_text(), path

    for path in conflicts:  # what a person would do: the road's lines, and ours behind them where both may edit
        run("git", "checkout", "--theirs", path, cwd=service)
        if path in shared:
            (service / path).write_text((service / path).read_text() + team.line_in(path))
        run("git", "add", path, cwd=service)
    assert main(["update", str(service), "--continue", "--commit"]) == 0, capsys.readouterr().err

    for path in ("src/orders/settings.py", "src/orders/app.py"):
        for text in team.DEPENDENCY[path].values():
            assert text in (service / path).read_text(), path
    answers = (service / ".copier-answers.yml").read_text()
    assert "port: 9000" in answers, "what was recorded stays"
    assert f"paved: paved-road=={__version__}\n" in answers, "a new question takes its default"
    assert git.process.text("status", "--porcelain", cwd=service) == ""
    off_road = team.OFF_ROAD.keys() - conflicts
    assert main(["drift", str(service)]) == bool(off_road)
    said = capsys.readouterr().out
    assert {path for path in team.OFF_ROAD if path in said} == off_road, "merged and not lost, it is told as drift"

    evolve(service, team.declared(service))  # as the release's notes say
    policy = run("make", "policy", cwd=service)
    assert "the service may call prices" in policy.stdout, policy.stderr
    done = gate(service, whole=whole)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_section_at_the_end_of_the_readme_does_not_conflict(tmp_path: Path) -> None:
    service = stamped_at("1.1.0", tmp_path)
    evolve(service, {"README.md": (service / "README.md").read_text() + MINE})
    assert main(["update", str(service), "--to", "HEAD", "--commit"]) == 0
    assert (service / "README.md").read_text().endswith(MINE)


@pytest.mark.parametrize("release", ["1.0.0", "1.2.0"])
def test_an_untouched_service_is_the_new_release_byte_for_byte(tmp_path: Path, release: str) -> None:
    """But for what the service owns, which is seeded once, and what a command makes of what was there before."""
    for name, ref in (("old", release), ("new", "HEAD")):
        words = ["new", str(tmp_path / name / "orders"), "--ref", ref, "--defaults"]
        assert main(words) == 0
    old, new = tmp_path / "old" / "orders", tmp_path / "new" / "orders"
    assert main(["update", str(old), "--to", "HEAD", "--commit", "--defaults"]) == 0
    listed = [set(git.list_tree(service, "HEAD").items()) for service in (old, new)]
    lock = open_service(new).lock
    assert lock
    seeded = {path for path, locked in lock.files.items() if locked.owner is Owner.SERVICE}
    assert {path for path, _ in listed[0] ^ listed[1]} <= {*seeded, "uv.lock"}
    assert {path for path, _ in listed[0]} == {path for path, _ in listed[1]}


def test_a_changed_default_is_for_new_services_only(tmp_path: Path) -> None:
    old, new = (tmp_path / place / "order-history-service" for place in ("old", "new"))
    assert main(["new", str(old), "--ref", "1.0.0", "--defaults"]) == 0
    assert main(["update", str(old), "--to", "HEAD", "--defaults"]) == 0
    assert main(["new", str(new), "--ref", "HEAD", "--defaults"]) == 0
    said = {"old": "The order-history-service service.", "new": "The order history service."}
    for service in (old, new):
        sentence = said[service.parent.name]
        assert f"description: {sentence}\n" in (service / ".copier-answers.yml").read_text()
        assert f'description = "{sentence}"\n' in (service / "pyproject.toml").read_text()
