"""Proves a road's practice: its check passes the freshly stamped service, and fails once the fault is seeded in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road.check.catalogue import Item
from paved_road.check.engine import judge_files
from paved_road.check.model import Verdict
from paved_road.check.own import OwnCheck, load_check
from paved_road.check.registry import AttestedCheck, LiveCheck
from paved_road.check.static.files import read_service
from paved_road.check.subject import find_contract, find_subject, stamped_service, stated_by_template
from paved_road.errors import ContractError, TemplateError
from paved_road.findings import Outcome
from paved_road.process import child

if TYPE_CHECKING:
    from paved_road.practices.model import Practice
    from paved_road.practices.of_road import OwnPractice
    from paved_road.road.model import Release
    from paved_road.settings.config import Config

PREPARING = 300.0
"""Seconds that the command may take which prepares a service for its start."""
NO_CONTRACT = "a live check needs the run contract: write `run` into the template's paved-road.yml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """Whether a practice is proven."""

    slug: str
    proven: bool
    reason: str
    """Why not; or what the check said about the seeded fault."""


def prove(
    own: OwnPractice, release: Release, service: Path, config: Config, *, today: date, prepare: str = ""
) -> Proof:
    """Prove a practice with a freshly stamped service, which is copied and stays as it is.

    `prepare` is the command without which the service cannot start; it runs in each copy before a live check. Raises
    `UntrustedTemplate` if the person does not trust the road.
    """
    slug = own.practice.slug
    try:
        loaded = load_check(own, release)
    except TemplateError as error:
        return _unproven(slug, f"{error.message}: {error.cause}")
    if isinstance(loaded.check, AttestedCheck):
        return Proof(slug=slug, proven=True, reason="attested: each team states it, so there is no check to prove")
    copies = service.parent / slug
    clean, broken = (copies / name / service.name for name in ("clean", "broken"))
    for copy in (clean, broken):
        shutil.copytree(service, copy, symlinks=True)
    try:
        judge = _Judge(practice=own.practice, loaded=loaded, config=config, today=today, prepare=prepare)
        return _proof(own.practice, loaded, judge, copies)
    finally:
        shutil.rmtree(copies, ignore_errors=True)


def _proof(practice: Practice, loaded: OwnCheck, judge: Callable[[Path], Verdict], copies: Path) -> Proof:
    (clean,), (broken,) = ((copies / name).iterdir() for name in ("clean", "broken"))
    verdict = judge(clean)
    if verdict.outcome is not Outcome.PASSED:
        said = f"{verdict.outcome}: {verdict.message}"
        return _unproven(practice.slug, f"the check does not pass the freshly stamped service, but says {said}")
    if fault := _seeded(loaded, broken):
        return _unproven(practice.slug, fault)
    verdict = judge(broken)
    if verdict.outcome is Outcome.PASSED:
        return _unproven(practice.slug, "the check passes the service in which break_it seeded the fault")
    if verdict.outcome is not Outcome.FAILED:
        said = f"{verdict.outcome}: {verdict.message}"
        return _unproven(practice.slug, f"the check must fail once break_it has seeded the fault, and says {said}")
    return Proof(slug=practice.slug, proven=True, reason=verdict.message)


def _unproven(slug: str, reason: str) -> Proof:
    return Proof(slug=slug, proven=False, reason=reason)


def _seeded(loaded: OwnCheck, broken: Path) -> str:
    """Seed the fault. Returns why that failed, or ""."""
    if loaded.break_it is None:
        return "break_it is missing, so nothing shows that the check can fail"
    before = _contents(broken)
    try:
        loaded.break_it(broken)
    except Exception as error:  # noqa: BLE001 (the road's code, whose fault is the answer)
        return f"break_it failed: {type(error).__name__}: {error}"
    return "break_it changed no file of the service" if _contents(broken) == before else ""


def _contents(folder: Path) -> dict[str, bytes]:
    """Every file of a service but git's own: content, or a link's target."""
    found = {}
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = Path(where, name)
            found[str(path)] = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judge:
    """Runs a practice's check on a copy of the service."""

    practice: Practice
    loaded: OwnCheck
    config: Config
    today: date
    prepare: str

    def __call__(self, folder: Path) -> Verdict:
        service, check = stamped_service(folder), self.loaded.check
        subject = find_subject(folder, service)
        try:
            contract = find_contract(subject, stated_by_template(service, self.config))
        except ContractError as error:
            return self._error(f"its run contract is wrong: {error.message}: {error.cause}")
        if not isinstance(check, LiveCheck):
            return judge_files(
                Item(practice=self.practice, check=check), read_service(subject, contract), today=self.today
            )
        if contract is None:
            return self._error(NO_CONTRACT)
        if fault := self._prepared(folder):
            return self._error(fault)
        from paved_road.check.live.running_checks import run_live

        (verdict,) = run_live([check], subject.path, contract, seed=1)
        return verdict

    def _prepared(self, folder: Path) -> str:
        """Run the command that prepares the service. Returns why that failed, or ""."""
        if not self.prepare:
            return ""
        try:
            ended = child.run(self.prepare, cwd=folder, env=os.environ, seconds=PREPARING)
        except child.OutOfTime:
            return f"{self.prepare} took longer than {PREPARING} s"
        return f"{self.prepare} failed: {' | '.join(ended.last_lines)}" if ended.code else ""

    def _error(self, message: str) -> Verdict:
        return Verdict(practice=self.practice.slug, outcome=Outcome.ERROR, message=message)
