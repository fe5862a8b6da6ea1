"""How long an update takes, beside Copier's and Cruft's of the same service by the same change, and plain git's."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.harness import Peer, Timing, interleave, process, table
from bench.startup import COPIER, PAVED
from paved_road.service.model import open_service
from paved_road.settings.config import load_config
from paved_road.testing import evolve, make_road, write_files
from paved_road.update import apply
from paved_road.update.model import UpdateRequest
from paved_road.update.plan import Plan, Planner

CRUFT = str(Path(__file__).parent.parent / ".venv-bench" / "bin" / "cruft")
FLEET = 100
NEWS = "\nNew: it is updated.\n"
OURS = "A service, and what it is for."
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost")


@dataclass(frozen=True, kw_only=True)
class World:
    """The same template for each tool, and a service of each, edited by its team; the templates have gone on."""

    paved: Path
    copier: Path
    cruft: Path
    git: Path
    """What the update comes to where somebody has prepared it as a branch."""
    fleet: tuple[Path, ...]


def main(runs: int = 5) -> str:
    """The section of bench/RESULTS.md."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["PAVED_CACHE"] = str(Path(scratch) / "cache")
        world = make(Path(scratch) / "60", files=60, fleet=FLEET, rivals=True)
        timings = interleave(peers(world), runs=runs)
        check(world)
        counts = {peer.name: count_git(peer, Path(scratch)) for peer in peers(world)}
        copier = statistics.median(timings["`copier update`"].wall)
        bars = (
            "Bars: a fresh process at most 1/8 of `copier update` and well below `cruft update`; in a warm process at "
            "most 1/100 of it, planning at most 10 ms. 60 files, seven changed by the template, two by the team, "
            f"one by both; {runs} interleaved runs, {versions()}."
        )
        return "\n\n".join(
            [
                bars,
                table(timings),
                f"Git processes: {', '.join(f'{number} by {name}' for name, number in counts.items())}.",
                warm(world, copier),
                standing(Path(scratch)),
                growth(Path(scratch)),
            ]
        )


def versions() -> str:
    """The peers."""
    ask = (str(Path(CRUFT).with_name("python")), "-c", "from importlib.metadata import version as v; print(v('cruft'))")
    cruft = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    return f"cruft {cruft}, Python {sys.version.split()[0]}"


# -- the world -------------------------------------------------------------------------------------------------------


def body(number: int, line: str = "") -> str:
    """A module of forty lines; every third one holds an answer."""
    name = "{{ name }}" if number % 3 == 0 else "a service"
    functions = (f"def step_{step}(value: int) -> int:\n    return value * {step} + {number}\n\n" for step in range(12))
    return f'"""Part {number} of {name}."""\n\n{line}' + "\n".join(functions)


def sources(files: int, *, newer: bool = False) -> Iterator[tuple[str, str]]:
    """Paths and contents of the template's files, in Jinja with the answer `name`."""
    for number in range(files - 2):
        changed = newer and number % (files // 6) == 1
        yield f"src/part_{number:03}.py", body(number, f"REVISION = {number}\n\n\n" if changed else "")
    sections = "".join(f"\n## Part {number}\n\nWhat it does.\n" for number in range(5))
    yield "README.md", f"# {{{{ name }}}}\n\nA service.\n{sections}" + (NEWS if newer else "")


def for_copier(files: int, *, newer: bool = False) -> dict[str, str]:
    """The template as Copier and paved have it."""
    template = {f"{path}.jinja" if "{{" in text else path: text for path, text in sources(files, newer=newer)}
    return template | {
        "copier.yml": "name: orders\n",
        "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    }


def for_cruft(files: int, *, newer: bool = False) -> dict[str, str]:
    """The template as Cookiecutter and Cruft have it."""
    template = {
        "{{cookiecutter.name}}/" + path: text.replace("{{ name }}", "{{ cookiecutter.name }}")
        for path, text in sources(files, newer=newer)
    }
    return template | {"cookiecutter.json": '{"name": "orders"}\n'}


def edit(service: Path) -> Path:
    """What the team has done since: two files edited, one of its own added; committed."""
    readme = service / "README.md"
    readme.write_text(readme.read_text().replace("A service.", OURS))
    part = service / "src/part_003.py"
    part.write_text(part.read_text() + "\n\nOURS = 1\n")
    (service / "src/own.py").write_text("OWN = 1\n")
    commit(service, "ours")
    return service


def check(world: World) -> None:
    """Every tool has brought the template's change to the README and kept the team's."""
    for service in (world.paved, world.copier, world.cruft, world.git):
        text = (service / "README.md").read_text()
        assert NEWS in text, service
        assert OURS in text, service
        assert "<<<<" not in text, service


def commit(repository: Path, message: str) -> None:
    """Commit everything."""
    process(*GIT, "add", "--all", cwd=repository)
    process(*GIT, "commit", "--quiet", "--message", message, cwd=repository)


def make(here: Path, *, files: int, fleet: int = 0, rivals: bool = False) -> World:
    """Roads, services and what their teams did; then the roads go on. Copier and Cruft take part as `rivals`."""
    road = make_road(here / "road", for_copier(files))
    process(PAVED, "new", str(here / "paved" / "orders"), "--road", str(road), "--defaults")
    shutil.copytree(here / "paved" / "orders", here / "git" / "orders")
    if rivals:
        other = make_road(here / "cookiecutter", for_cruft(files))
        process(COPIER, "copy", "--defaults", "--quiet", str(road), str(here / "copier" / "orders"))
        process(CRUFT, "create", "--no-input", "--output-dir", str(here / "cruft"), str(other))
        for tool in ("copier", "cruft"):
            process(*GIT, "init", "--quiet", "-b", "main", cwd=here / tool / "orders")
            commit(here / tool / "orders", "stamped")
            edit(here / tool / "orders")
        evolve(other, for_cruft(files, newer=True), tag="v1.1.0")
    paved, git = edit(here / "paved" / "orders"), edit(here / "git" / "orders")
    evolve(road, for_copier(files, newer=True), tag="v1.1.0")
    process(*GIT, "branch", "--move", "--force", "main", cwd=git)
    process(*GIT, "switch", "--quiet", "--create", "road", "HEAD~1", cwd=git)
    write_files(git, {path: text.replace("{{ name }}", "orders") for path, text in sources(files, newer=True)})
    commit(git, "road")
    process(*GIT, "switch", "--quiet", "main", cwd=git)
    process("git", "tag", "start", cwd=git)
    many = [Path(shutil.copytree(paved, here / "fleet" / f"orders-{number}")) for number in range(fleet)]
    rival = here / "copier" / "orders", here / "cruft" / "orders"
    return World(paved=paved, copier=rival[0], cruft=rival[1], git=git, fleet=tuple(many))


def reset(service: Path) -> None:
    """The service as it was committed."""
    process("git", "reset", "--quiet", "--hard", "HEAD", cwd=service)
    process("git", "clean", "--quiet", "-fd", cwd=service)


def reset_merge(service: Path) -> None:
    """The service as it was before the merge."""
    process("git", "reset", "--quiet", "--hard", "start", cwd=service)


def peers(world: World) -> list[Peer]:
    """The update by each tool, of a service as it was before."""
    return [
        Peer(
            name="`copier update`",
            run=lambda: process(COPIER, "update", "--defaults", "--quiet", cwd=world.copier),
            prepare=partial(reset, world.copier),
        ),
        Peer(
            name="`cruft update`",
            run=lambda: process(CRUFT, "update", "--skip-apply-ask", cwd=world.cruft),
            prepare=partial(reset, world.cruft),
        ),
        Peer(
            name="`paved update`",
            run=lambda: process(PAVED, "update", "--defaults", str(world.paved)),
            prepare=partial(reset, world.paved),
        ),
        Peer(
            name="`git merge` of the same, prepared as a branch",
            run=lambda: process(*GIT, "merge", "--quiet", "--no-edit", "road", cwd=world.git),
            prepare=partial(reset_merge, world.git),
        ),
        Peer(name='`python -c "import typer"`', run=lambda: process(sys.executable, "-c", "import typer")),
    ]


def count_git(peer: Peer, scratch: Path) -> int:
    """The git processes that one run takes, those that git itself starts aside."""
    folder, log = scratch / "counting", scratch / "git.log"
    folder.mkdir(exist_ok=True)
    (folder / "git").write_text(f'#!/bin/sh\necho >>"{log}"\nexec "{shutil.which("git")}" "$@"\n')
    (folder / "git").chmod(0o755)
    peer.prepare()
    log.write_text("")
    with path_first(folder):
        peer.run()
    return len(log.read_text().splitlines())


@contextmanager
def path_first(folder: Path) -> Iterator[None]:
    """Programs in `folder` are found before others."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


# -- in a warm process -----------------------------------------------------------------------------------------------


def warm(world: World, copier: float) -> str:
    """Planning and updating many services in one process, as a fleet does."""
    planner, request = Planner(load_config()), UpdateRequest(answers={})
    with planner.plans([open_service(world.fleet[0])], request):
        pass
    timings: dict[str, list[float]] = {"open": [], "plan": [], "apply": []}
    for _ in range(3):
        started = time.perf_counter()
        services = [open_service(path) for path in world.fleet]
        opened = time.perf_counter()
        with planner.plans(services, request) as plans:
            planned = time.perf_counter()
            for plan in plans:
                assert isinstance(plan, Plan)
                apply.apply_plan(plan)
            applied = time.perf_counter()
        for key, seconds in zip(timings, (opened - started, planned - opened, applied - planned), strict=True):
            timings[key].append(seconds / len(services) * 1000)
        for path in world.fleet:
            reset(path)
    open_ms, plan_ms, apply_ms = (statistics.median(values) for values in timings.values())
    whole = open_ms + plan_ms + apply_ms
    return (
        f"In one warm process, {FLEET} services, per service: opening {open_ms:.1f} ms, planning {plan_ms:.1f} ms, "
        f"applying {apply_ms:.1f} ms; {whole:.1f} ms in all, 1/{copier * 1000 / whole:.0f} of `copier update`."
    )


# -- where a service stands ------------------------------------------------------------------------------------------


def standing(scratch: Path, runs: int = 9) -> str:
    """CPU of `paved status` and `paved drift` on a service of 100 files, beyond the interpreter's start."""
    world = make(scratch / "100", files=100)
    commands: list[tuple[str, Callable[[], None]]] = [
        ("`python -c pass`", lambda: process(sys.executable, "-c", "pass")),
        ("`paved status`", lambda: _answer(PAVED, "status", str(world.paved))),
        ("`paved drift`", lambda: _answer(PAVED, "drift", str(world.paved))),
    ]
    timings = interleave([Peer(name=name, run=run) for name, run in commands], runs=runs)
    return (
        "Bar: `paved status` and `paved drift` on a service of 100 files at most 150 ms of CPU beyond the interpreter's"
        f" start.\n\n{cpu_table(timings)}"
    )


def _answer(*command: str) -> None:
    """A command that may say no."""
    assert subprocess.run(command, capture_output=True, check=False).returncode in (0, 1)


def cpu_table(timings: dict[str, Timing]) -> str:
    """CPU in milliseconds, and what is beyond the first peer's."""
    first = statistics.mean(next(iter(timings.values())).cpu)
    lines = ["| what | CPU ms | beyond the first |", "|---|---|---|"]
    for name, timing in timings.items():
        mean = statistics.mean(timing.cpu)
        lines.append(f"| {name} | {mean * 1000:.0f} | {(mean - first) * 1000:.0f} |")
    return "\n".join(lines)


# -- growth ----------------------------------------------------------------------------------------------------------


def growth(scratch: Path, runs: int = 5) -> str:
    """The same change in a template of 60 and of 600 files."""
    small, large = (make(scratch / f"growth-{files}", files=files) for files in (60, 600))
    pairs = [(f"`paved update`, {files} files", world) for files, world in ((60, small), (600, large))]
    updates = [
        Peer(
            name=name,
            run=partial(process, PAVED, "update", "--defaults", str(world.paved)),
            prepare=partial(reset, world.paved),
        )
        for name, world in pairs
    ]
    merges = [
        Peer(name=f"`git merge`, {files} files", run=run, prepare=prepare)
        for files, (run, prepare) in ((60, merging(small)), (600, merging(large)))
    ]
    timings = interleave([*updates, *merges], runs=runs)
    return f"The same six changed files in a template of 60 and of 600:\n\n{table(timings)}"


def merging(world: World) -> tuple[Callable[[], None], Callable[[], None]]:
    """`git merge`, and its preparation."""
    merge = next(peer for peer in peers(world) if "git merge" in peer.name)
    return merge.run, merge.prepare
