"""Do what a page says, as somebody who has nothing but paved's wheel."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.desk import Desk
from tests.docs import acme
from tests.docs.page import Command, Edit, How, Interrupt, Skipped, Step, steps
from tests.docs.shown import same
from tests.stamped.world import QUICK
from tests.stranger import stranger


def follow(text: str, home: Path, wheel: Path) -> None:
    """Every step of a page, in order.

    Raises:
        AssertionError: something else happened than the page says.
    """
    env = stranger(home, wheel) | QUICK  # tests/journeys and `make soak` run the whole gate
    acme.roads(home)
    ports = {"localhost:8080": f"localhost:{env['PORT']}", "localhost:8081": f"localhost:{env['INTERNAL_PORT']}"}
    reader = _Reader(home=home, desk=Desk(home, env), ports=ports)
    try:
        for step in steps(text):
            reader.do(step)
    finally:
        reader.desk.clear()


@dataclass(kw_only=True, slots=True)
class _Reader:
    home: Path
    desk: Desk
    ports: dict[str, str]
    """What a page says of a port, and where the service of this reader listens."""
    done: list[str] = field(default_factory=list)

    def do(self, step: Step) -> None:
        match step:
            case Command():
                self._type(step)
            case Edit():
                edit(Path(self.desk.run("pwd").text.strip()), step)
            case Interrupt():
                self.desk.interrupt(step.terminal)
            case Skipped():
                pass

    def _type(self, command: Command) -> None:
        typed = command.typed
        for shown_as, own in self.ports.items():
            typed = typed.replace(shown_as, own)
        self.done.append(f"{command.line}: $ {typed}")
        if command.terminal:
            here = self.desk.run("pwd").text.strip()
            self.desk.start(f"cd '{here}' && {typed}", terminal=command.terminal)
            return
        shown = self.desk.run(typed, answers=command.answers)
        text = shown.text.replace(str(self.home), "~")
        for shown_as, own in self.ports.items():
            text = text.replace(own, shown_as)
        right = shown.code == command.code and (not command.shown or same(command.shown, text))
        assert right, "\n".join(
            [
                *self.done,
                f"-- the page says, with exit code {command.code}:",
                command.shown,
                f"-- the terminal shows, with exit code {shown.code}:",
                text,
            ]
        )


def edit(here: Path, edit: Edit) -> None:
    """What an editor would do to the file."""
    file = here / edit.path
    match edit.how:
        case How.write:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(edit.text)
        case How.append:
            file.write_text(file.read_text() + edit.text)
        case How.change:
            file.write_text(_changed(file.read_text(), edit))


def _changed(text: str, edit: Edit) -> str:
    """The text with each place of a difference changed; a place is found by its old lines, which stand there once."""
    for place in edit.text.split("@@\n"):
        lines = place.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if not line.startswith("+"))
        new = "".join(line[1:] for line in lines if not line.startswith("-"))
        assert text.count(old) == 1, f"{edit.path} does not have these lines once:\n{old}"
        text = text.replace(old, new)
    return text
