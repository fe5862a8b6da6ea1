from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from paved_road.testing import run
from tests.desk import Desk, Shown
from tests.stranger import stranger


class Person:
    """Somebody at a desk of their own: a home, an identity, terminals, and a paved from its wheel."""

    def __init__(self, name: str, home: Path, wheel: Path) -> None:
        self.home = home
        env = stranger(home, wheel)
        self.port, self.internal_port = int(env["PORT"]), int(env["INTERNAL_PORT"])
        run("git", "config", "--file", home / ".gitconfig", "user.name", name, cwd=home)
        run("git", "config", "--file", home / ".gitconfig", "user.email", f"{name.lower()}@acme.example", cwd=home)
        self.desk = Desk(home, env)

    def type(self, command: str, *answers: tuple[str, str], code: int = 0) -> str:
        """Type a command, and press keys when a text is shown; what the terminal shows when it has ended so."""
        shown: Shown = self.desk.run(command, answers=answers)
        assert shown.code == code, f"$ {command}\nexit code {shown.code}, not {code}:\n{shown.text}"
        return shown.text

    def until(self, command: str) -> str:
        """Type a command again and again until it succeeds."""
        return self.type(f"until {command}; do sleep 0.1; done")


@pytest.fixture
def person(tmp_path: Path, wheel: Path) -> Iterator[Callable[[str], Person]]:
    """Somebody new, by their first name."""
    with ExitStack() as stack:

        def arrive(name: str) -> Person:
            found = Person(name, tmp_path / name.lower(), wheel)
            stack.callback(found.desk.clear)
            return found

        yield arrive
