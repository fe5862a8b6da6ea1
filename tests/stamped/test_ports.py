"""A port that is given to a process is given to no other one until that process has bound it, and later."""

from __future__ import annotations

import random
import runpy
import socket
from pathlib import Path

import pytest

TEMPLATE = Path("templates/service/template")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "file",
    ["paved_road/process/ports.py", TEMPLATE / "dev/contract.py", TEMPLATE / "tests/paved/processes.py"],
    ids=str,
)
def test_a_free_port_is_given_once_and_is_free_to_listen_on(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free_port = runpy.run_path(str(ROOT / file))["free_port"]
    first = free_port()
    proposed: list[int] = [first, first, first + 1, *range(first + 1000, first + 1100)]
    asked: list[tuple[int, int]] = []

    def propose(_: object, start: int, stop: int) -> int:
        asked.append((start, stop))
        return proposed.pop(0)

    monkeypatch.setattr(random.SystemRandom, "randrange", propose)
    with socket.create_server(("", first + 1)):
        assert free_port() not in (first, first + 1)
    assert len(asked) > 3
    assert all(stop <= 32_768 for _, stop in asked), "Linux gives the ports above to outgoing connections"
    with socket.create_server(("", first)):
        pass
