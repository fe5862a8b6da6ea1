"""Every command on every sort of code that a template can bring: what is asked for, what runs, what is told."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from paved_road.testing import Files, Ran, evolve, make_road, paved
from tests.renderers import assume_agreement


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests compare the renderers."""
    assume_agreement(monkeypatch)


@dataclass(frozen=True, kw_only=True)
class Code:
    """What a template brings, and what of it runs when it may."""

    config: str = ""
    manifest: str = ""
    new: str = ""
    """What `new` runs, in the words in which trust is asked for."""
    update: str = ""
    read: str = ""
    """What runs whenever the template is read."""
    left_out: str = ""
    """What is left out without trust, and told, in place of a refusal."""


CODES = {
    "nothing": Code(),
    "a task": Code(config="_tasks: ['echo ran >> LOG']\n", new="task: echo ran >> LOG", update="task: echo ran >> LOG"),
    "a task for new services": Code(
        config="_tasks: [{command: 'echo ran >> LOG', when: \"{{ _copier_operation == 'copy' }}\"}]\n",
        new="task: echo ran >> LOG",
    ),
    "a task whose condition does not hold": Code(
        config="_tasks: [{command: 'echo ran >> LOG', when: \"{{ name == 'other' }}\"}]\n"
    ),
    "a migration that is passed": Code(
        config="_migrations: [{version: 1.1.0, command: 'echo ran >> LOG'}]\n", update="migration: echo ran >> LOG"
    ),
    "a migration before": Code(
        config="_migrations: [{version: 1.1.0, before: ['echo ran >> LOG']}]\n", update="migration: echo ran >> LOG"
    ),
    "a migration for every update": Code(
        config="_migrations: ['echo ran >> LOG']\n", update="migration: echo ran >> LOG"
    ),
    "a migration that is not passed": Code(config="_migrations: [{version: 2.0.0, command: 'echo ran >> LOG'}]\n"),
    "a migration of the past": Code(config="_migrations: [{version: 1.0.0, command: 'echo ran >> LOG'}]\n"),
    "a Jinja extension": Code(
        config="_jinja_extensions: [jinja2.ext.loopcontrols]\n", read="Jinja extension: jinja2.ext.loopcontrols"
    ),
    "a lock command": Code(
        manifest="owners: {derived: {made.lock: 'sh LOG.sh'}}\n",
        left_out="made.lock was not made, because that runs a command of the road: sh LOG.sh; "
        "add --trust, or run it yourself",
    ),
}


@dataclass(frozen=True, kw_only=True)
class World:
    """A road, a service that was stamped from its first release, and a log of what ran."""

    road: Path
    service: Path
    log: Path
    trust: tuple[str, ...]

    def type(self, *words: str | Path) -> Ran:
        """A command, after the log was emptied."""
        self.log.unlink(missing_ok=True)
        return paved(*words, *self.trust)

    @property
    def ran(self) -> bool:
        return self.log.exists()


def world(folder: Path, code: Code, *, trusted: str) -> World:
    log = folder / "log"
    (folder / "log.sh").write_text(f"echo ran >> {log}; echo made > made.lock\n")
    files: Files = {
        "copier.yml": f"name: x\n_exclude: [copier.yml, paved-road.yml]\n{code.config.replace('LOG', str(log))}",
        "a.txt": "1\n",
    }
    if code.manifest:
        files = {**files, "paved-road.yml": code.manifest.replace("LOG", str(log))}
    road = make_road(folder / "road", files)
    assert paved("new", folder / "service", "--road", road, "--defaults", "--trust").returncode == 0
    evolve(road, {"a.txt": "2\n"}, tag="v1.1.0")
    if trusted == "by the settings":
        Path(os.environ["PAVED_CONFIG"]).write_text(f"trust = [{json.dumps(str(road))}]\n")
    trust = ("--trust",) if trusted == "by the flag" else ()
    return World(road=road, service=folder / "service", log=log, trust=trust)


KINDS = list(itertools.product(CODES, ["no", "by the flag", "by the settings"]))


def asked(done: Ran, here: World, wanted: str) -> None:
    """The one error that asks for trust, naming exactly what would run."""
    assert done.returncode == 2
    assert f"cause: {wanted.replace('LOG', str(here.log))}\n" in done.stderr
    assert "add --trust" in done.stderr
    assert not here.ran


@pytest.mark.parametrize(("name", "trusted"), KINDS)
def test_new(tmp_path: Path, name: str, trusted: str) -> None:
    code, here = CODES[name], world(tmp_path, CODES[name], trusted=trusted)
    words = ("new", tmp_path / "other", "--road", here.road, "--defaults")
    rehearsed = here.type(*words, "--dry-run")
    assert not here.ran
    assert not (tmp_path / "other").exists()
    if trusted == "no" and code.read:
        asked(rehearsed, here, code.read)
    else:
        takes = (
            f"needs --trust, because it runs the template's code: {code.new.replace('LOG', str(here.log))}\n"
            in rehearsed.stderr
        )
        assert (rehearsed.returncode, takes) == (0, bool(trusted == "no" and code.new))
    done = here.type(*words)
    if trusted == "no" and (code.new or code.read):
        asked(done, here, code.new or code.read)
        assert not (tmp_path / "other").exists()
        return
    assert done.returncode == 0, done.stderr
    assert here.ran is bool(code.new or (code.left_out and trusted != "no"))
    assert (code.left_out.replace("LOG", str(here.log)) in done.stderr) is bool(not code.left_out or trusted == "no")


@pytest.mark.parametrize(("name", "trusted"), KINDS)
def test_update(tmp_path: Path, name: str, trusted: str) -> None:
    code, here = CODES[name], world(tmp_path, CODES[name], trusted=trusted)
    rehearsed = here.type("update", here.service, "--dry-run")
    assert not here.ran
    if trusted == "no" and code.read:
        asked(rehearsed, here, code.read)
    else:
        takes = (
            f"needs --trust, because it runs the template's code: {code.update.replace('LOG', str(here.log))}\n"
            in rehearsed.stderr
        )
        assert (rehearsed.returncode, takes) == (0, bool(trusted == "no" and code.update))
    done = here.type("update", here.service, "--commit")
    if trusted == "no" and (code.update or code.read):
        asked(done, here, code.update or code.read)
        assert (here.service / "a.txt").read_text() == "1\n"
        return
    assert done.returncode == 0, done.stderr
    assert (here.service / "a.txt").read_text() == "2\n"
    assert here.ran is bool(code.update or (code.left_out and trusted != "no"))
    if code.left_out and trusted == "no":
        assert f"derived; add --trust, or make it again: sh {here.log}.sh" in done.stdout


@pytest.mark.parametrize(("name", "trusted"), KINDS)
@pytest.mark.parametrize("dry_run", [True, False])
def test_adopt_runs_nothing_and_asks_for_what_it_takes_to_read_the_template(
    tmp_path: Path, name: str, trusted: str, dry_run: bool
) -> None:
    code, here = CODES[name], world(tmp_path, CODES[name], trusted=trusted)
    make_road(tmp_path / "old", {"a.txt": "1\n"}, tag=None)
    done = here.type("adopt", tmp_path / "old", "--road", here.road, "--defaults", *(["--dry-run"] * dry_run))
    assert not here.ran
    if trusted == "no" and code.read:
        asked(done, here, code.read)
    else:
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", CODES)
def test_readers_run_nothing_and_ask_for_nothing(tmp_path: Path, name: str) -> None:
    here = world(tmp_path, CODES[name], trusted="by the settings")
    assert here.type("status", here.service).returncode == 1
    assert here.type("drift", here.service).returncode == 0
    assert not here.ran
