"""What the team's files say of a path follows it when the road declares that it has another name now."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Evolution, Link

MANIFEST = "mentions: {1.1.0: {dev/stub.py: dev/stubs/one.py}}\n"
HOSTILE = (
    "-e1e sh evil.sh", "--help", "-", "a b.txt", "a\nb.txt", "it's \"quoted\".txt", "$(touch pwned)", "`touch pwned`",
    "notes.moved", "; touch pwned", "ä.txt",
)  # fmt: skip

Begin = Callable[..., Evolution]


@pytest.fixture
def moved(begin: Begin) -> Evolution:
    """A service of a road whose next release moves `dev/stub.py`."""
    return begin(
        {"dev/stub.py": "stub\n", "Makefile": "run:\n\tpython dev/stub.py\n\techo one\n", "README.md": "Read\n"}
    )


def release(moved: Evolution) -> None:
    makefile = "run:\n\tpython dev/stubs/one.py\n\techo one\n"
    moved.release({"dev/stub.py": None, "dev/stubs/one.py": "stub\n", "Makefile": makefile}, manifest=MANIFEST)


def test_scripts_and_documents_follow_without_trust_and_a_dry_run_shows_it(moved: Evolution) -> None:
    moved.edit({"try.sh*": "exec python dev/stub.py --port 1\n", "README.md": "Read\nThe stub is dev/stub.py.\n"})
    release(moved)
    shown = moved.update("--dry-run")
    assert "+exec python dev/stubs/one.py" in shown.envelope["result"]["diff"]
    done = moved.update()
    assert done.code == 0
    assert done.files["try.sh"] == "exec python dev/stubs/one.py --port 1\n"
    assert done.files["README.md"] == "Read\nThe stub is dev/stubs/one.py.\n"
    assert done.outcomes["try.sh"] == "migrated"
    assert os.access(moved.service / "try.sh", os.X_OK)


def test_the_roads_own_lines_are_left_to_the_merge(moved: Evolution) -> None:
    moved.edit({"Makefile": "run:\n\tpython dev/stub.py\n\techo one\n\techo ours; cat dev/stub.py\n"})
    release(moved)
    done = moved.update()
    assert done.code == 0
    assert done.files["Makefile"] == "run:\n\tpython dev/stubs/one.py\n\techo one\n\techo ours; cat dev/stubs/one.py\n"


def test_only_the_word_itself_is_replaced(moved: Evolution) -> None:
    others = "my-dev/stub.py x.dev/stub.py dev/stub.pyc dev/stub.py.old "
    said = others + "./dev/stub.py 'dev/stub.py' dev/stub.py.\n"
    moved.edit({"a.txt": said})
    release(moved)
    right = others + "./dev/stubs/one.py 'dev/stubs/one.py' dev/stubs/one.py.\n"
    assert moved.update().files["a.txt"] == right


def test_links_and_binary_files_are_left_alone(moved: Evolution, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("dev/stub.py\n")
    moved.edit({"blob": b"dev/stub.py\0", "in": Link("dev/stub.py"), "out": Link(str(tmp_path / "outside"))})
    release(moved)
    done = moved.update()
    assert (done.files["blob"], done.files["in"]) == ("dev/stub.py\0", "-> dev/stub.py")
    assert (tmp_path / "outside").read_text() == "dev/stub.py\n"


def test_a_file_name_is_never_a_command(moved: Evolution) -> None:
    moved.edit({"evil.sh": "touch pwned\n", **dict.fromkeys(HOSTILE, "dev/stub.py\n")})
    release(moved)
    done = moved.update()
    assert done.code == 0
    assert {done.files[name] for name in HOSTILE} == {"dev/stubs/one.py\n"}
    assert not list(moved.service.rglob("pwned"))


def test_it_happens_once_for_the_releases_passed(moved: Evolution) -> None:
    release(moved)
    assert moved.update("--commit").code == 0
    moved.edit({"later.txt": "dev/stub.py was there once\n"})
    moved.release({"README.md": "Read it\n"}, tag="v1.2.0")
    assert moved.update("--commit").files["later.txt"] == "dev/stub.py was there once\n"
    assert git.process.text("status", "--porcelain", cwd=moved.service) == ""
