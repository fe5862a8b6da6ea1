"""The life of a deviation: it is written, accepted, renewed and closed.

Every function computes the changed file, reads all deviations again with it, and only then writes: a change that would
break a rule is refused before it is made.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from paved_road import git
from paved_road.errors import RecordError, UsageError, nearest
from paved_road.files import whole
from paved_road.offroad import FOLDER, fingerprint, is_in_place
from paved_road.offroad.deviations import (
    FIELDS_HINT,
    Deviation,
    Deviations,
    deviation_files,
    find_faults,
    is_same_person,
    load_deviation,
    load_deviations,
    needs_approval,
    policy_of,
    read_deviations,
    road_files,
)
from paved_road.offroad.evaluation import State, evaluate
from paved_road.offroad.patterns import is_glob
from paved_road.offroad.practice_names import require_practice
from paved_road.service import drift
from paved_road.service.lock import Policy
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.offroad.document import Path as Where
    from paved_road.settings.config import Config

USUAL_DAYS = 90
"""How long a deviation is valid if nobody says otherwise and the road allows that long."""
PROMPTS = {
    "Context": "What is different about this service, so that the road does not fit?",
    "Decision": "What is different, in one or two sentences?",
    "Consequences": "What gets worse, who notices, and what do you do about it?",
    "Way back": "What has to happen before this deviation can be closed?",
}
"""What a new file asks under each heading, in a comment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a new deviation says so far."""

    slug: str
    paths: tuple[str, ...] = ()
    practice: str | None = None
    kind: str = "operational-need"
    risk: str = "medium"
    support: str = "team"
    owner: str | None = None
    requested_by: str | None = None
    reason: str = ""
    days: int | None = None
    argument: Mapping[str, str] = field(default_factory=dict)
    """The text under each heading; under the others, a comment asks for it."""


def slug_for(path: str) -> str:
    """A slug made of a path: `deploy/base/hpa.yaml` becomes `deploy-base-hpa-yaml`."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[-60:].strip("-") or "deviation"


def uncovered_drift(service: Service, *, today: date, config: Config) -> list[str]:
    """The files that differ from the road and that no open deviation names."""
    deviations = evaluate(service, config, today=today).deviations.open
    paths = [one.path for one in drift.find_drift(service)]
    return [path for path in paths if not any(deviation.matches([path]) for deviation in deviations)]


def propose(service: Service, drafts: Sequence[Draft], *, today: date) -> list[Deviation]:
    """Write proposed deviations: all of them, or none if one is refused.

    Raises `RecordError` for a draft that would not be valid, and `UsageError` for a path that needs no deviation.
    """
    existing = load_deviations(service, today=today).by_slug
    contents: dict[str, bytes] = {}
    for draft in drafts:
        if draft.slug in existing or f"{draft.slug}.md" in contents:
            raise RecordError(
                f"{FOLDER}/{draft.slug}.md exists already",
                cause="a slug names one deviation",
                hint=f"choose another: paved off-road new {draft.slug}-2",
            )
        contents[f"{draft.slug}.md"] = content = proposal(service, draft, today)
        _refuse_invalid(service, draft, content, today)
    after = write(service, contents, today=today)
    return [after.find(draft.slug) for draft in drafts]


def _refuse_invalid(service: Service, draft: Draft, content: bytes, today: date) -> None:
    """Report what is wrong with a draft by the options that it came from: there is no such file to look at."""
    faults = find_faults(f"{FOLDER}/{draft.slug}.md", content, service.lock, today=today)
    if not faults:
        return
    lines = content.decode(errors="surrogateescape").splitlines()
    texts = [_by_option(lines[fault.line - 1].strip(), fault.text) for fault in faults]
    hint = FIELDS_HINT
    if (slug := slug_for(draft.slug)) != draft.slug:
        scope = [f"--path={path}" for path in draft.paths] or [f"--practice={draft.practice}"]
        hint = f"paved off-road new {slug} {shlex.join(scope)}"
    raise RecordError(
        texts[0], cause=f"and {len(texts) - 1} more: {'; '.join(texts[1:])}" if texts[1:] else "", hint=hint
    )


def _by_option(line: str, text: str) -> str:
    """The text of a fault, with the option that the line of the front matter is made from."""
    name = "paths" if line.startswith("-") else line.partition(":")[0]
    option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
    return f"{option}: {re.sub(rf'^(scope[.])?{name}([.][0-9]+)?: ', '', text)}"


_OPTIONS = {"id": "SLUG", "review_by": "--days", "scope": "--path", "paths": "--path"}
"""The option that a field is made from, if it has another name than the field."""


def proposal(service: Service, draft: Draft, today: date) -> bytes:
    """The file of a proposed deviation. Raises `UsageError` for a path that needs no deviation."""
    from paved_road.offroad import document

    _check_paths(service, draft.paths)
    fields: dict[str, Any] = {
        "id": draft.slug,
        "status": "proposed",
        "scope": {"paths": list(draft.paths)} if draft.paths else {"practice": draft.practice},
        "kind": draft.kind,
        "reason": draft.reason or None,
        "risk": draft.risk,
        "support": draft.support,
        "owner": draft.owner or service.answers.get("owner") or service.path.name,
        "requested_by": draft.requested_by or _whoami(service, "requests", "--requested-by"),
        "approved_by": None,
        "created": today.isoformat(),
        "review_by": (today + timedelta(days=_days(policy_of(service.lock), draft.days))).isoformat(),
        "release": service.lock.version if service.lock else "unknown",
        "confirmation": None,
    }
    front = "".join(f"{name}:{document.dump(value, indent=1)}\n" for name, value in fields.items())
    title = draft.slug.replace("-", " ").capitalize()
    sections = {heading: draft.argument.get(heading, f"<!-- {prompt} -->") for heading, prompt in PROMPTS.items()}
    prose = "".join(f"\n## {heading}\n\n{text}\n" for heading, text in sections.items())
    return f"---\n{front}---\n\n# {title}\n{prose}".encode()


def _check_paths(service: Service, paths: Iterable[str]) -> None:
    owned = road_files(service.lock)
    for path in paths:
        if not is_glob(path) and path not in owned:
            locked = service.lock.files.get(path) if service.lock else None
            cause = f"its owner is {locked.owner}: it may differ" if locked else "the road has no such file"
            raise UsageError(f"{path} needs no deviation", cause=cause, hint=nearest(path, owned))


def _whoami(service: Service, does: str, option: str) -> str:
    """Who works here, according to git's settings: the mail address, else the name.

    Raises `UsageError` if git would have to guess.
    """
    author = git.author(service.top)
    if author is None or author.is_guess:
        raise UsageError(
            f"cannot tell who {does} this: git's user.email is not set",
            cause=f"git would guess {author} from the name of this computer" if author else "git knows no name either",
            hint=f"{option} you@example.com, or {git.REMEDY}",
        )
    return author.email or author.name


def _days(policy: Policy, days: int | None) -> int:
    return min(USUAL_DAYS, policy.days) if days is None else days


# -- accepted, renewed, closed -----------------------------------------------------------------------------------------


def accept(
    service: Service, slug: str, config: Config, *, today: date, by: str | None = None, days: int | None = None
) -> Deviation:
    """Accept a deviation: it then covers the difference as it is now, and no other.

    Raises `RecordError` if it cannot be accepted: closed, overdue, approved by its requester, not committed; and
    `UsageError` if it names a practice that nobody knows.
    """
    deviation = load_deviation(service, slug)
    if deviation.fields.scope.practice:
        require_practice(service, config, deviation.fields.scope.practice)
    content = accepted(service, deviation, config, today=today, by=by, days=days)
    return write(service, {f"{slug}.md": content}, today=today).find(slug)


def accepted(
    service: Service, deviation: Deviation, config: Config, *, today: date, by: str | None = None,
    days: int | None = None,
) -> bytes:  # fmt: skip
    """A deviation's file once it is accepted. Raises `RecordError` as `accept` does."""
    _require_status(deviation, ("proposed", "accepted"), "accepted")
    changes = {("status",): "accepted"} | _approval(service, deviation, by, command="accept")
    if days is not None:
        changes[("review_by",)] = (today + timedelta(days=days)).isoformat()
    elif deviation.fields.review_by < today:
        raise RecordError(
            f"{deviation.path}:{deviation.line('review_by')}: the review was due on {deviation.fields.review_by}",
            hint=f"paved off-road accept {deviation.id} --days {_days(policy_of(service.lock), None)}",
        )
    return edited(deviation, changes | _fingerprint(service, deviation, config))


def renew(
    service: Service, slug: str, config: Config, *, today: date, by: str | None = None, days: int | None = None
) -> Deviation:
    """Extend an accepted deviation after a review. It still covers what was approved, and no more.

    Raises `RecordError` if it cannot be renewed, and `UsageError` if `days` would shorten it.
    """
    evaluation = evaluate(service, config, today=today)
    deviation = evaluation.deviations.find(slug)
    _require_status(deviation, ("accepted",), "renewed")
    for one in evaluation.about(deviation):
        if one.rule in (State.DRIFTED_FURTHER, State.STALE, State.ORPHANED, State.UNKNOWN_PRACTICE):
            raise RecordError(f"{slug} cannot be renewed: it is {one.rule}", cause=one.text)
    until = today + timedelta(days=_days(evaluation.deviations.policy, days))
    if days is not None and until < (now := deviation.fields.review_by):
        raise UsageError(
            f"--days {days} would shorten {slug}",
            cause=f"it is valid until {now}, and would end on {until}",
            hint=f"--days {(now - today).days + 1} or more",
        )
    changes = {("review_by",): until.isoformat()} | _approval(service, deviation, by, command="renew")
    return _edit(service, deviation, changes | _fingerprint(service, deviation, config), today=today)


def close(service: Service, slug: str, status: str, *, today: date, by: str | None = None) -> Deviation:
    """End a deviation: `resolved`, `revoked`, `rejected`, or `superseded` by another one, whose slug is `by`.

    Raises `RecordError` if it cannot end so, and `UsageError` if `by` is missing or does not belong there.
    """
    deviation = load_deviation(service, slug)
    _require_status(deviation, _CLOSED_FROM[status], status)
    changes: dict[Where, Any] = {("status",): status}
    if status == "superseded":
        if by is None:
            raise UsageError("which deviation supersedes it?", hint=f"paved off-road close {slug} --superseded-by SLUG")
        changes[("superseded_by",)] = load_deviation(service, by).id
    elif by is not None:
        raise UsageError(f"a deviation that is {status} has no successor", hint="--as superseded")
    if status == "resolved" and (left := deviation.matches([one.path for one in drift.find_drift(service)])):
        raise RecordError(
            f"{slug} is not resolved: {left[0]} still differs from the road",
            hint=f"undo the change, or paved off-road close {slug} --as revoked",
        )
    return _edit(service, deviation, changes, today=today)


_CLOSED_FROM: Mapping[str, tuple[str, ...]] = {
    "resolved": ("proposed", "accepted"),
    "revoked": ("accepted",),
    "rejected": ("proposed",),
    "superseded": ("proposed", "accepted"),
}
"""How a deviation may be closed, and from which statuses."""


def _require_status(deviation: Deviation, allowed: Sequence[str], wanted: str) -> None:
    status = deviation.fields.status
    if status not in allowed:
        again = f"paved off-road accept {deviation.id}"
        raise RecordError(
            f"{deviation.id} is {status}{' already' if status == wanted else f', so it cannot be {wanted}'}",
            cause=f"{deviation.path}:{deviation.line('status')}",
            hint=again if status == "proposed" else "a closed deviation stays closed: paved off-road new",
        )


def _approval(service: Service, deviation: Deviation, by: str | None, *, command: str) -> dict[Where, Any]:
    """Who approves, if someone must: not the requester, and not in the change that is to be approved."""
    policy, fields = policy_of(service.lock), deviation.fields
    if not needs_approval(fields, policy):
        return {("approved_by",): by} if by else {}
    who = by or _whoami(service, "approves", "--by")
    if is_same_person(who, fields.requested_by):
        raise RecordError(
            f"{who} requested {deviation.id} and cannot approve it",
            cause=f"its risk is {fields.risk}: at {policy.approval_from} or above, someone else must approve",
            hint=f"someone else runs: paved off-road {command} {deviation.id} --by THEIR-ADDRESS",
        )
    if changed := deviation.matches(sorted(service.below(service.changed_files()))):
        raise RecordError(
            f"{changed[0]} is not committed yet",
            cause="a change is approved in a commit of its own, after the change is committed",
            hint=f"git commit the change, then paved off-road accept {deviation.id}",
        )
    return {("approved_by",): who}


def _fingerprint(service: Service, deviation: Deviation, config: Config) -> dict[Where, Any]:
    """The fields that say what is approved: the difference as it is now."""
    if deviation.fields.scope.practice:
        return {}
    differences = {one.path: one for one in drift.find_drift(service)}
    covered = [differences[path] for path in deviation.matches(differences)]
    if not covered:
        raise RecordError(
            f"there is nothing to approve: {', '.join(deviation.fields.names)} is as the road has it",
            hint=f"paved off-road close {deviation.id}",
        )
    approved = fingerprint.fingerprints(service, covered, config)
    changes: dict[Where, Any] = {("fingerprint",): {path: one.model_dump() for path, one in sorted(approved.items())}}
    return changes | ({("release",): service.lock.version} if service.lock else {})


# -- writing -----------------------------------------------------------------------------------------------------------


def _edit(service: Service, deviation: Deviation, changes: Mapping[Where, Any], *, today: date) -> Deviation:
    name = deviation.path.removeprefix(f"{FOLDER}/")
    return write(service, {name: edited(deviation, changes)}, today=today).find(deviation.id)


def edited(deviation: Deviation, changes: Mapping[Where, Any]) -> bytes:
    """A deviation's file with these fields changed. Raises `RecordError` if it cannot be edited in place."""
    from paved_road.offroad import document

    try:
        return document.edit(deviation.document, changes)
    except document.Broken as error:
        raise RecordError(f"{deviation.path}:{error.line}: {error}", hint=f"edit {deviation.path} by hand") from error


def write(service: Service, contents: Mapping[str, bytes], *, today: date) -> Deviations:
    """Write files of the folder, by name. Raises `RecordError` if the deviations would not be valid with them."""
    after = read_deviations({**deviation_files(service), **contents}, service.lock, today=today)
    if not is_in_place(service.path):
        raise RecordError(
            f"{FOLDER} is a link, or below one, that leads out of the service",
            cause="a deviation must be part of the service that it is about",
            hint=f"make {FOLDER} a folder of the service",
        )
    folder = service.path / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        whole.replace_file(folder / name, content)
    return after
