"""What is wrong with a road's practices is told with file and line, and without running them."""

from __future__ import annotations

import pytest

from paved_road.git.entries import File
from paved_road.practices.of_road import own_practices
from tests.practices.world import CODE, OWN, PAGE


def faults(files: dict[str, str]) -> list[str]:
    return [
        str(fault) for fault in own_practices({path: File(text.encode()) for path, text in files.items()}, "p").faults
    ]


GOOD = {f"p/{OWN}.md": PAGE, f"p/{OWN}.py": CODE}


def test_a_practice_and_a_readme_are_fine() -> None:
    assert faults({**GOOD, "p/README.md": "Ours.\n", "p/notes/x.md": "Not ours.\n", "x.md": ""}) == []


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({f"p/{OWN}.md": PAGE}, f"p/{OWN}.md:1: its check is missing: {OWN}.py does not exist"),
        ({f"p/{OWN}.py": CODE}, f"p/{OWN}.py:1: no practice belongs to this code: {OWN}.md does not exist"),
        ({**GOOD, f"p/{OWN}.py": "def x(:\n"}, f"p/{OWN}.py:1: is not Python: invalid syntax"),
        ({**GOOD, f"p/{OWN}.py": ""}, f'p/{OWN}.py:1: no function has the decorator @static_check("{OWN}")'),
        (
            {**GOOD, f"p/{OWN}.md": PAGE.replace("check: static", "check: live")},
            f"p/{OWN}.py:13: the check is static, and",
        ),
        (
            {**GOOD, f"p/{OWN}.md": PAGE.replace("silver", "sliver")},
            f"p/{OWN}.md:4: level must be bronze, silver or gold",
        ),
        (
            {"p/ready-in-time.md": PAGE, "p/ready-in-time.py": CODE},
            "p/ready-in-time.md:1: the built-in catalogue has a practice ready-in-time",
        ),
    ],
)
def test_a_fault_is_at_its_line(files: dict[str, str], fault: str) -> None:
    found = faults(files)
    assert any(one.startswith(fault) for one in found), found


def test_an_attested_practice_needs_no_code() -> None:
    found = own_practices({f"p/{OWN}.md": File(PAGE.replace("check: static", "check: attested").encode())}, "p")
    assert found.faults == ()
    assert set(found.by_slug) == {OWN}


def test_the_names_of_faulty_ones_are_known_too() -> None:
    found = own_practices({f"p/{OWN}.md": File(b"")}, "p")
    assert found.slugs == {OWN}
    assert not found.by_slug
