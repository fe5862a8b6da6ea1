"""What becomes of a record: written, accepted, renewed, closed.

Every function computes the changed file, reads the whole ledger again with it, and only then writes: a change that
would break a rule is refused before it is made.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from paved_road import git
from paved_road.errors import RecordError, UsageError, nearest
from paved_road.git import trees
from paved_road.git.entries import File
from paved_road.offroad import FOLDER, deviations, evaluation, is_in_place
from paved_road.offroad.deviations import Ledger, Record
from paved_road.offroad.patterns import is_glob
from paved_road.road.owners import Owner
from paved_road.service import drift
from paved_road.service.lock import Policy
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.offroad.deviation import Kind, Risk, Status, Support
    from paved_road.offroad.document import Path as Where
    from paved_road.service.drift import Difference
    from paved_road.settings.config import Config

USUAL_DAYS = 90
"""How long a record holds when nobody says otherwise, if the road allows that long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a new record says so far. The argument is the person's to write."""

    slug: str
    paths: tuple[str, ...] = ()
    practice: str | None = None
    kind: Kind | str = "operational-need"
    risk: Risk | str = "medium"
    support: Support | str = "team"
    owner: str | None = None
    requested_by: str | None = None
    reason: str = ""
    days: int | None = None


def slug_for(path: str) -> str:
    """A slug made of a path: `deploy/base/hpa.yaml` is `deploy-base-hpa-yaml`."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[-60:].strip("-") or "deviation"


def _whoami(service: Service, does: str, option: str) -> str:
    """Who works here, as git was told: the mail address, else the name. `UsageError` for what git only guesses."""
    found = git.author(service.top)
    if found is None or found.is_guess:
        raise UsageError(
            f"cannot tell who {does}: git's user.email is not set",
            cause=f"git would guess {found}, which is nobody's word" if found else "git knows nobody here",
            hint=f"{option} you@example.com, or {git.REMEDY}",
        )
    return found.email or found.name


def drifted(service: Service, *, today: date, config: Config) -> list[str]:
    """The files that differ from the road and that no record excuses or speaks of."""
    stands = evaluation.find(service, config, today=today)
    spoken = [record for record in stands.ledger.records.values() if record.is_open]
    paths = [one.path for one in drift.find_drift(service)]
    return [path for path in paths if not any(record.covers([path]) for record in spoken)]


def new(service: Service, drafts: Sequence[Draft], *, today: date) -> list[Record]:
    """Write proposed records: all of them, or none when one is refused."""
    found = deviations.load(service, today=today)
    contents: dict[str, bytes] = {}
    for draft in drafts:
        if draft.slug in found.records or f"{draft.slug}.md" in contents:
            raise RecordError(
                f"{FOLDER}/{draft.slug}.md exists already",
                cause="a slug names one record",
                hint=f"choose another: paved off-road new {draft.slug}-2",
            )
        contents[f"{draft.slug}.md"] = content = drafted(service, draft, today)
        _refuse_draft(service, draft, content, today)
    after = write(service, contents, today=today)
    return [after.find(draft.slug) for draft in drafts]


def _refuse_draft(service: Service, draft: Draft, content: bytes, today: date) -> None:
    """Say what is wrong with a draft by the options that it came from: there is no such file to look at."""
    found = deviations.faults(f"{FOLDER}/{draft.slug}.md", content, service.lock, today=today)
    if not found:
        return
    lines = content.decode(errors="surrogateescape").splitlines()
    said = [_by_option(lines[fault.line - 1].strip(), fault.text) for fault in found]
    name = slug_for(draft.slug)
    scope = [f"--path={path}" for path in draft.paths] or [f"--practice={draft.practice}"]
    again = f"paved off-road new {name} {shlex.join(scope)}"
    hint = again if name != draft.slug else "what a record holds: paved off-road schema"
    raise RecordError(said[0], cause=f"and {len(said) - 1} more: {'; '.join(said[1:])}" if said[1:] else "", hint=hint)


def _by_option(line: str, text: str) -> str:
    """The text with the option that the line of a record is made of."""
    field = "paths" if line.startswith("-") else line.partition(":")[0]
    option = _OPTIONS.get(field, f"--{field.replace('_', '-')}")
    return f"{option}: {re.sub(rf'^(scope[.])?{field}([.][0-9]+)?: ', '', text)}"


_OPTIONS = {"id": "SLUG", "review_by": "--days", "scope": "--path", "paths": "--path"}
"""Where a field of a draft comes from, if not from the option of its own name."""


def _check_paths(service: Service, paths: Iterable[str]) -> None:
    owned = [path for path, locked in service.lock.files.items() if locked.owner is Owner.ROAD] if service.lock else []
    for path in paths:
        if not is_glob(path) and path not in owned:
            locked = service.lock.files.get(path) if service.lock else None
            cause = (
                f"its owner is {locked.owner}: it may differ without a record"
                if locked
                else "the road has no such file"
            )
            raise UsageError(f"{path} needs no record", cause=cause, hint=nearest(path, owned))


def drafted(service: Service, draft: Draft, today: date) -> bytes:
    """The file of a proposed record."""
    from paved_road.offroad import document

    _check_paths(service, draft.paths)
    by = draft.requested_by or _whoami(service, "requests this", "--requested-by")
    scope = {"paths": list(draft.paths)} if draft.paths else {"practice": draft.practice}
    fields: dict[str, Any] = {
        "id": draft.slug,
        "status": "proposed",
        "scope": scope,
        "kind": str(draft.kind),
        "reason": draft.reason or None,
        "risk": str(draft.risk),
        "impact": None,
        "mitigation": None,
        "support": str(draft.support),
        "owner": draft.owner or service.answers.get("owner") or service.path.name,
        "requested_by": by,
        "approved_by": None,
        "created": today.isoformat(),
        "review_by": (today + timedelta(days=_days(_policy(service), draft.days))).isoformat(),
        "release": service.lock.version if service.lock else "unknown",
        "links": [],
        "issue": None,
        "exit_plan": None,
        "confirmation": None,
    }
    front = "".join(f"{name}:{document.dump(value, indent=1)}\n" for name, value in fields.items())
    title = draft.slug.replace("-", " ").capitalize()
    prose = "".join(f"\n## {heading}\n\n<!-- {prompt} -->\n" for heading, prompt in PROMPTS.items())
    return f"---\n{front}---\n\n# {title}\n{prose}".encode()


PROMPTS = {
    "Context": "What is so about this service that the road does not fit?",
    "Decision": "What is different, in one or two sentences?",
    "Consequences": "What gets worse, who notices, and what is done about it?",
    "Way back": "What has to happen so that this record can be closed?",
}


def _days(policy: Policy, days: int | None) -> int:
    return min(USUAL_DAYS, policy.days) if days is None else days


def _policy(service: Service) -> Policy:
    return service.lock.offroad if service.lock else Policy()


# -- agreed, again, and over -------------------------------------------------------------------------------------------


def accept(
    service: Service, slug: str, config: Config, *, today: date, by: str | None = None, days: int | None = None
) -> Record:
    """Agree to a record: it excuses the difference as it is now, and no other."""
    content = agreed(service, deviations.find(service, slug), config, today=today, by=by, days=days)
    return write(service, {f"{slug}.md": content}, today=today).find(slug)


def agreed(
    service: Service, record: Record, config: Config, *, today: date, by: str | None = None, days: int | None = None
) -> bytes:
    """The file of a record when it has been agreed to."""
    _refuse_unless(record, ("proposed", "accepted"), "accepted")
    changes: dict[Where, Any] = {("status",): "accepted"}
    changes |= _approval(service, record, by)
    if days is not None:
        changes[("review_by",)] = (today + timedelta(days=days)).isoformat()
    elif record.deviation.review_by < today:
        raise RecordError(
            f"{record.path}:{record.line('review_by')}: the review was due on {record.deviation.review_by}",
            hint=f"paved off-road accept {record.id} --days {_days(_policy(service), None)}",
        )
    changes |= _fingerprint(service, record, config)
    return edited(record, changes)


def renew(
    service: Service, slug: str, config: Config, *, today: date, by: str | None = None, days: int | None = None
) -> Record:
    """Look at an accepted record again and let it hold for longer. It still excuses what was approved, and no more."""
    stands = evaluation.find(service, config, today=today)
    record = stands.ledger.find(slug)
    _refuse_unless(record, ("accepted",), "renewed")
    for one in stands.findings:
        if one.record is record and one.state in _NOT_RENEWED:
            raise RecordError(f"{slug} cannot be renewed: it is {one.state}", cause=one.text)
    until = today + timedelta(days=_days(stands.ledger.policy, days))
    if days is not None and until < (now := record.deviation.review_by):
        raise UsageError(
            f"--days {days} would shorten {slug}",
            cause=f"it holds until {now} already, and would end on {until}",
            hint=f"--days {(now - today).days + 1} or more",
        )
    changes: dict[Where, Any] = {("review_by",): until.isoformat()}
    changes |= _approval(service, record, by)
    changes |= _fingerprint(service, record, config)
    return _edit(service, record, changes, today=today)


_NOT_RENEWED = (evaluation.State.DRIFTED_FURTHER, evaluation.State.STALE, evaluation.State.ORPHANED)


def close(service: Service, slug: str, status: Status | str, *, today: date, by: str | None = None) -> Record:
    """End a record: `resolved`, `revoked`, `rejected`, or `superseded` by another one (its slug in `by`)."""
    record = deviations.find(service, slug)
    _refuse_unless(record, _CLOSED_FROM[str(status)], str(status))
    changes: dict[Where, Any] = {("status",): str(status)}
    if status == "superseded":
        if by is None:
            raise UsageError("superseded by which record?", hint=f"paved off-road close {slug} --superseded-by SLUG")
        changes[("superseded_by",)] = deviations.find(service, by).id
    elif by is not None:
        raise UsageError(f"a record that is {status} has no successor", hint="--as superseded")
    if status == "resolved" and (left := record.covers([one.path for one in drift.find_drift(service)])):
        raise RecordError(
            f"{slug} is not resolved: {left[0]} still differs from the road",
            hint=f"bring it back, or paved off-road close {slug} --as revoked",
        )
    return _edit(service, record, changes, today=today)


_CLOSED_FROM: Mapping[str, tuple[str, ...]] = {
    "resolved": ("proposed", "accepted"),
    "revoked": ("accepted",),
    "rejected": ("proposed",),
    "superseded": ("proposed", "accepted"),
}


def _refuse_unless(record: Record, allowed: Sequence[str], wanted: str) -> None:
    status = record.deviation.status
    if status not in allowed:
        raise RecordError(
            f"{record.id} is {status}{' already' if status == wanted else f', so it cannot be {wanted}'}",
            cause=f"{record.path}:{record.line('status')}",
            hint="a closed record stays closed: paved off-road new"
            if status != "proposed"
            else f"paved off-road accept {record.id}",
        )


def _approval(service: Service, record: Record, by: str | None) -> dict[Where, Any]:
    """Who agrees, where somebody has to: not the one who asked, and not in the change that is to be approved."""
    policy = _policy(service)
    if not deviations.needs_approval(record.deviation, policy):
        return {("approved_by",): by} if by else {}
    who = by or _whoami(service, "approves this", "--by")
    if deviations.same_person(who, record.deviation.requested_by):
        raise RecordError(
            f"{who} asked for {record.id} and cannot approve it",
            cause=f"its risk is {record.deviation.risk}: from {policy.approval_from} on somebody else has to agree",
            hint=f"paved off-road accept {record.id} --by SOMEBODY-ELSE, run by them",
        )
    if changed := record.covers(sorted(service.below(service.changed_files()))):
        raise RecordError(
            f"{changed[0]} is not committed yet",
            cause="an approval is a change of its own: what it approves has to be there already",
            hint=f"git commit the change, then paved off-road accept {record.id}",
        )
    return {("approved_by",): who}


def _fingerprint(service: Service, record: Record, config: Config) -> dict[Where, Any]:
    if record.deviation.scope.practice:
        return {}
    differences = drift.find_drift(service)
    covered = set(record.covers([one.path for one in differences]))
    if not covered:
        raise RecordError(
            f"there is nothing to approve: {', '.join(record.deviation.scope.paths or [])} is as the road has it",
            hint=f"paved off-road close {record.id}",
        )
    return approved(service, [one for one in differences if one.path in covered], config)


def approved(service: Service, differences: Sequence[Difference], config: Config) -> dict[Where, Any]:
    """The fields that hold what was approved."""
    prints = evaluation.fingerprints(service, differences, config)
    changes: dict[Where, Any] = {("fingerprint",): {path: one.model_dump() for path, one in sorted(prints.items())}}
    return changes | ({("release",): service.lock.version} if service.lock else {})


# -- writing -----------------------------------------------------------------------------------------------------------


def _edit(service: Service, record: Record, changes: Mapping[Where, Any], *, today: date) -> Record:
    content = edited(record, changes)
    return write(service, {record.path.removeprefix(f"{FOLDER}/"): content}, today=today).find(record.id)


def edited(record: Record, changes: Mapping[Where, Any]) -> bytes:
    """A record's file with these fields changed."""
    from paved_road.offroad import document

    try:
        return document.edit(record.document, changes)
    except document.Broken as error:
        raise RecordError(f"{record.path}:{error.line}: {error}", hint=f"edit {record.path} by hand") from error


def write(service: Service, contents: Mapping[str, bytes], *, today: date) -> Ledger:
    """Write files of the folder, if the ledger with them is a valid one."""
    after = deviations.read({**deviations.files(service), **contents}, service.lock, today=today)
    if not is_in_place(service.path):
        raise RecordError(
            f"{FOLDER} is a link, or lies behind one, that leads out of the service",
            cause="records are part of the service that they speak of",
            hint=f"make {FOLDER} a folder of the service",
        )
    folder = service.path / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        trees.replace(folder / name, File(content))
    return after
