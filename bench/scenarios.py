"""What an update does to a team's work: the same road, service and edits, updated by `paved update` and by Copier."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.startup import COPIER, PAVED
from paved_road import git
from paved_road.testing import Files, contents, evolve, make_road, write_files

LINES = "".join(f"line {number}\n" for number in range(1, 21))
MINE = LINES.replace("line 3\n", "mine\n")
ROADS = LINES.replace("line 15\n", "the road's\n")
BOTH = MINE.replace("line 15\n", "the road's\n")
SAME = LINES.replace("line 3\n", "the road's\n")
PICTURE, OTHER, THIRD = ((bytes([0, number]) * 40).decode("latin-1").encode("latin-1") for number in (1, 2, 3))
LIST = 'dependencies = [\n    "fastapi",\n    "uvicorn",\n]\n'
TABLES = "[a]\nx = 1\n\n\n\n[z]\ny = 1\n"


def stanzas(*names: str, slow: str = "") -> str:
    """A list of blocks that look alike."""
    return "".join(f"- timeout: {9 if name == slow else 5}\n  retries: 2\n  name: {name}\n" for name in names)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A release, the team's edits, the next release, and what must come of it."""

    name: str
    old: Files
    edits: Files
    new: Files
    right: Mapping[str, str] | None
    """The files afterwards; None when a person has to decide."""
    questions: str = ""
    answers: tuple[str, ...] = ()
    untracked: Files = field(default_factory=dict)


SCENARIOS = [
    Scenario(
        name="both edit a file, lines apart",
        old={"a.txt": LINES},
        edits={"a.txt": MINE},
        new={"a.txt": ROADS},
        right={"a.txt": BOTH},
    ),
    Scenario(
        name="both make the same edit",
        old={"a.txt": LINES},
        edits={"a.txt": SAME},
        new={"a.txt": SAME},
        right={"a.txt": SAME},
    ),
    Scenario(
        name="each adds a file of its own",
        old={"a.txt": "a\n"},
        edits={"mine.txt": "mine\n"},
        new={"roads.txt": "the road's\n"},
        right={"a.txt": "a\n", "mine.txt": "mine\n", "roads.txt": "the road's\n"},
    ),
    Scenario(
        name="the template deletes a file the service left alone",
        old={"gone.txt": LINES, "b.txt": "b\n"},
        edits={"b.txt": "mine\n"},
        new={"gone.txt": None},
        right={"b.txt": "mine\n"},
    ),
    Scenario(
        name="the template renames a file the service edited",
        old={"old.txt": LINES}, edits={"old.txt": MINE}, new={"old.txt": None, "new.txt": LINES},
        right={"new.txt": MINE},
    ),
    Scenario(
        name="it renames and edits it",
        old={"old.txt": LINES}, edits={"old.txt": MINE}, new={"old.txt": None, "new.txt": ROADS},
        right={"new.txt": BOTH},
    ),
    Scenario(
        name="it renames it and edits the same line",
        old={"old.txt": LINES}, edits={"old.txt": MINE}, new={"old.txt": None, "new.txt": SAME}, right=None,
    ),
    Scenario(
        name="it renames a folder in which the service edited a file",
        old={"old/a.txt": LINES, "old/b.txt": "b\n"}, edits={"old/a.txt": MINE},
        new={"old/a.txt": None, "old/b.txt": None, "new/a.txt": LINES, "new/b.txt": "b\n"},
        right={"new/a.txt": MINE, "new/b.txt": "b\n"},
    ),
    Scenario(
        name="the service renames a file the template edits",
        old={"old.txt": LINES}, edits={"old.txt": None, "mine.txt": LINES}, new={"old.txt": ROADS},
        right={"mine.txt": ROADS},
    ),
    Scenario(
        name="the service renames and edits it",
        old={"old.txt": LINES}, edits={"old.txt": None, "mine.txt": MINE}, new={"old.txt": ROADS},
        right={"mine.txt": BOTH},
    ),
    Scenario(
        name="both rename a file, differently",
        old={"old.txt": LINES}, edits={"old.txt": None, "mine.txt": MINE}, new={"old.txt": None, "new.txt": LINES},
        right=None,
    ),
    Scenario(
        name="the template deletes a file the service edited",
        old={"gone.txt": LINES, "b.txt": "b\n"}, edits={"gone.txt": MINE}, new={"gone.txt": None}, right=None,
    ),
    Scenario(
        name="the service deleted a file the template edits",
        old={"gone.txt": LINES, "b.txt": "b\n"}, edits={"gone.txt": None}, new={"gone.txt": ROADS}, right=None,
    ),
    Scenario(
        name="both edit the same line",
        old={"a.txt": LINES}, edits={"a.txt": MINE}, new={"a.txt": SAME}, right=None,
    ),
    Scenario(
        name="both replace a binary file",
        old={"logo.png": PICTURE}, edits={"logo.png": OTHER}, new={"logo.png": THIRD}, right=None,
    ),
    Scenario(
        name="the service went to CRLF and edited",
        old={"a.txt": LINES}, edits={"a.txt": MINE.replace("\n", "\r\n")}, new={"a.txt": ROADS},
        right={"a.txt": BOTH.replace("\n", "\r\n")},
    ),
    Scenario(
        name="both add the same file, differently",
        old={"a.txt": "a\n"}, edits={"b.txt": "mine\n"}, new={"b.txt": "the road's\n"}, right=None,
    ),
    Scenario(
        name="an untracked file lies where the template adds one",
        old={"a.txt": "a\n"}, edits={}, untracked={"b.txt": "mine\n"}, new={"b.txt": "the road's\n"}, right=None,
    ),
    Scenario(
        name="an answer in a path changes",
        old={"{{ package }}/a.txt": LINES}, edits={"orders/a.txt": MINE}, new={},
        questions="package: {type: str, default: orders}\n", answers=("--data", "package=billing"),
        right={"billing/a.txt": MINE},
    ),
    Scenario(
        name="a stanza is inserted above the edited one",
        old={"a.txt": stanzas("a", "b", "c")}, edits={"a.txt": stanzas("a", "b", "c", slow="b")},
        new={"a.txt": stanzas("a", "new", "b", "c")}, right={"a.txt": stanzas("a", "new", "b", "c", slow="b")},
    ),
    Scenario(
        name="both append to a list of dependencies",
        old={"a.toml": LIST}, edits={"a.toml": LIST.replace("]", '    "mine",\n]')},
        new={"a.toml": LIST.replace("]", '    "roads",\n]')},
        right={"a.toml": LIST.replace("]", '    "mine",\n    "roads",\n]')},
    ),
    Scenario(
        name="both add the same TOML table, apart",
        old={"a.toml": TABLES}, edits={"a.toml": "[new]\nmine = 1\n\n" + TABLES},
        new={"a.toml": TABLES + "\n[new]\nroads = 1\n"}, right=None,
    ),
]  # fmt: skip

ANSWERS: Files = {"template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
TOOLS = {
    "`paved update`": ((PAVED, "new", "service", "--defaults", "--road", "road"), (PAVED, "update", "--defaults")),
    "`copier update`": (
        (COPIER, "copy", "--defaults", "--quiet", "road", "service"), (COPIER, "update", "--defaults", "--quiet"),
    ),
}  # fmt: skip


def main() -> str:
    """The section of bench/RESULTS.md."""
    lines = ["| what happens | " + " | ".join(TOOLS) + " |", "|---" * (len(TOOLS) + 1) + "|"]
    good = dict.fromkeys(TOOLS, 0)
    for scenario in SCENARIOS:
        ends = {tool: _end(scenario, *commands) for tool, commands in TOOLS.items()}
        for tool, end in ends.items():
            good[tool] += end.startswith("right")
        lines.append(f"| {scenario.name} | " + " | ".join(ends.values()) + " |")
    lines.append("| **right** | " + " | ".join(f"**{count} of {len(SCENARIOS)}**" for count in good.values()) + " |")
    return "\n".join(lines)


def _end(scenario: Scenario, create: tuple[str, ...], update: tuple[str, ...]) -> str:
    """How an update ended."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        service, env = here / "service", os.environ | {"PAVED_CACHE": str(here / "cache")}
        below = {f"template/{path}": content for path, content in scenario.old.items()}
        copier_yml = f"_subdirectory: template\n{scenario.questions}"
        make_road(here / "road", {"copier.yml": copier_yml, **ANSWERS, **below})
        road = str(here / "road")
        command = [road if word == "road" else word for word in create]
        subprocess.run(command, cwd=here, env=env, check=True, capture_output=True)
        if not (service / ".git").exists():
            git.process.run("init", "--quiet", service)
        evolve(service, {}, message="Stamp")
        evolve(service, scenario.edits, message="Our work")
        evolve(here / "road", {f"template/{path}": text for path, text in scenario.new.items()}, tag="v1.1.0")
        write_files(service, scenario.untracked)
        before = contents(service)
        done = subprocess.run([*update, *scenario.answers], cwd=service, env=env, check=False, capture_output=True)
        return _judged(scenario, before, contents(service), service, done.returncode)


def _judged(scenario: Scenario, before: dict[str, str], after: dict[str, str], service: Path, code: int) -> str:
    written = {line for text in {**scenario.edits, **scenario.untracked}.values() for line in _lines(text)}
    written -= {line for text in scenario.old.values() for line in _lines(text)}
    standing = {line for text in before.values() for line in text.splitlines()} & written
    lost = standing - {line for text in after.values() for line in text.splitlines()}
    asked = bool(git.unmerged_files(service)) or any("<<<<<<< " in text for text in after.values())
    asked = asked or any(path.endswith(".rej") for path in after)
    if code and after == before and not asked:
        return f"right: refuses, exit {code}" if scenario.right is None else f"refuses, exit {code}"
    if lost:
        return f"**the team's lines are gone**, exit {code}"
    if scenario.right is None:
        if asked and code:
            return f"right: asks, exit {code}"
        return f"leaves a conflict, exit {code}" if asked else f"**decides in silence**, exit {code}"
    if after == scenario.right and not code:
        return "right"
    return f"asks, exit {code}" if asked else f"**wrong result**, exit {code}"


def _lines(text: object) -> list[str]:
    if isinstance(text, bytes):
        return text.decode("latin-1").splitlines()
    return text.splitlines() if isinstance(text, str) else []
