"""A road's own checks run only if the person trusts the road, and what is wrong with one is its own error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paved_road.check.registry import built_in_checks
from paved_road.testing import make_road, paved
from tests.practices.world import CODE, OWN, PAGE, ROAD
from tests.renderers import assume_agreement

WITNESS = 'Path("{}").write_text("the code ran")\n'


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)


def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str, code: str = CODE, page: str = PAGE) -> Any:
    """What `paved check` says about the practice in a service of a road that has it."""
    road = make_road(tmp_path / "road", {**ROAD, f"practices/{OWN}.py": code, f"practices/{OWN}.md": page})
    assert paved("new", tmp_path / "orders", "--road", road, "--defaults").returncode == 0
    monkeypatch.chdir(tmp_path / "orders")
    return paved("check", "--select", OWN, "--json", *words).envelope


def test_a_trusted_roads_check_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(tmp_path, monkeypatch, "--trust")
    assert [(one["practice"], one["outcome"]) for one in found["result"]["practices"]] == [(OWN, "passed")]
    Path("TICKETS").write_text("")
    found = paved("check", "--select", OWN, "--json", "--trust").envelope
    assert [one["outcome"] for one in found["result"]["practices"]] == ["failed"]
    assert OWN not in built_in_checks()


def test_nothing_of_an_untrusted_road_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = tmp_path / "witness"
    found = checked(tmp_path, monkeypatch, code=CODE + WITNESS.format(witness))
    assert found["error"]["message"] == f"there is no practice '{OWN}'"
    assert paved("check", "--static", "--select", "stateful-redundancy").stderr.startswith("note: the road")
    assert not witness.exists()
    paved("check", "--select", OWN, "--trust")
    assert witness.exists(), "the witness works"


def test_a_reader_runs_no_code_of_a_road_that_the_settings_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = tmp_path / "witness"
    monkeypatch.setenv("PAVED_TRUST", str(tmp_path / "road"))
    checked(tmp_path, monkeypatch, code=CODE + WITNESS.format(witness))
    assert witness.exists(), "the settings trust the road"
    witness.unlink()
    done = paved("check", "--static", "--select", "stateful-redundancy")
    assert f"note: --static runs no code of the road, so its own practices are left out ({OWN})" in done.stderr
    assert not witness.exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (CODE.replace("if not", "return 1 / 0\n    if not"), "the check itself failed: ZeroDivisionError"),
        (CODE + "raise OSError('seeded')\n", f"practices/{OWN}.py:23: the check cannot be loaded: OSError: seeded"),
    ],
)
def test_a_check_that_fails_is_an_error_and_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    (one,) = checked(tmp_path, monkeypatch, "--trust", code=code)["result"]["practices"]
    assert one["outcome"] == "error"
    assert said in one["message"]


def test_a_practice_that_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked(tmp_path, monkeypatch, page=PAGE.replace("silver", "sliver"))
    done = paved("check", "--static", "--select", "stateful-redundancy", "--trust", "--json")
    assert any(f"practices/{OWN}.md:4: level must be" in note for note in done.envelope["notes"])


def test_a_module_of_a_road_may_define_dataclasses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They look their module up in `sys.modules` when annotations are texts."""
    code = CODE.replace(
        "@static_check",
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Queue:\n    name: str\n\n\n@static_check",
    )
    (one,) = checked(tmp_path, monkeypatch, "--trust", code=code)["result"]["practices"]
    assert one["outcome"] == "passed"
