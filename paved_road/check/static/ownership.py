"""Ownership: who reviews a change, whose service it is, and what the person on call reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pathspec import PathSpec

from paved_road.check.model import Fault
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.structured import Document, documents, mapping, parsed_yaml
from paved_road.check.static.surroundings import in_repository, placed

_CODEOWNERS = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", ".gitea/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_CATALOGUES = ("catalog-info.y*ml", "*/catalog-info.y*ml", ".backstage/*.y*ml")
_OTHER_CATALOGUES = {
    "service.datadog.y*ml": r"(?m)^\s*(team|owner)\s*:\s*\S",
    "entity.datadog.y*ml": r"(?m)^\s*owner\s*:\s*\S",
    "opslevel.y*ml": r"(?m)^\s*owner\s*:\s*\S",
    "cortex.y*ml": r"(?m)^\s*(x-cortex-owners|owners)\s*:",
    "compass.y*ml": r"(?m)^\s*ownerId\s*:\s*\S",
    ".cortex/*.y*ml": r"(?m)^\s*(x-cortex-owners|owners)\s*:",
    "port.y*ml": r"(?m)^\s*team\s*:\s*\S",
}
"""Files of other catalogues, and what they contain when somebody owns the service."""
_NOBODY = re.compile(
    r"^(\w+:)?(default/)?(guests?|unknown|todo|tbd|none|nobody|my-team|team-name|your-team|change-?me|user)?$",
    re.IGNORECASE,
)
_ON_CALL = re.compile(
    r"(^|[/_-])(run-?books?|play-?books?|on-?call|operations?|operating|incidents?|support|sop)([/._-]|$)",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"(?im)^(#{1,4}|=+)\s.*\b(run-?books?|play-?books?|on[- ]call|operations|incident|troubleshooting)\b"
)
_PAGED = re.compile(r"pagerduty\.com/|opsgenie\.com/|on-?call|incident\.io|runbook", re.IGNORECASE)
_UNOWNED = re.compile(r"(^|/)\.|(lock|\.sum|-lock\.json|-lock\.yaml|\.md)$|(^|/)(LICENSE|NOTICE|CODEOWNERS)[^/]*$")
"""Files that need no reviewer of their own."""


@static_check("ownership")
def ownership(files: ServiceFiles) -> Iterator[Fault]:
    """Each file has reviewers, the catalogue names an owner, and there is a document for the person on call."""
    yield from placed(files, _judged(in_repository(files)))


def _judged(files: ServiceFiles) -> Iterator[Fault]:
    yield from _reviewers(files)
    yield from _catalogue(files)
    if not _has_document(files):
        yield Fault(
            message="nothing tells the person on call what to do",
            remedy="Write docs/on-call.md: where to look, how to roll back, whom to ask.",
        )  # fmt: skip


def _reviewers(files: ServiceFiles) -> Iterator[Fault]:
    path = next((path for path in _CODEOWNERS if path in files.texts), None)
    if path is None:
        if not any(re.search(r"(?m)^approvers\s*:", files.texts[one]) for one in files.matching("OWNERS")):
            yield Fault(
                message="no CODEOWNERS says who reviews a change", remedy="Add CODEOWNERS: * @your-org/your-team"
            )
        return
    owned, rules = set[str](), _owner_rules(files.texts[path])
    prefix = files.prefix if path in files.around else ""
    paths = [f"{prefix}{one}" for one in files.texts if one not in files.around and not _UNOWNED.search(one)]
    for pattern, has_owners in rules:  # the last match decides
        matched = set(PathSpec.from_lines("gitignore", [pattern]).match_files(paths))
        owned = owned | matched if has_owners else owned - matched
    if not any(has_owners for _, has_owners in rules):
        yield Fault(message=f"{path} names nobody", path=path, remedy="Add a line: * @your-org/your-team")
    elif unowned := sorted(set(paths) - owned):
        more = f", and {len(unowned) - 1} more" if unowned[1:] else ""
        yield Fault(
            message=f"nobody owns {unowned[0]}{more}", path=path,
            remedy="Begin CODEOWNERS with a line for everything: * @your-org/your-team",
        )  # fmt: skip


def _owner_rules(text: str) -> list[tuple[str, bool]]:
    """The patterns of a CODEOWNERS file, and whether each has owners. A section of GitLab may have default owners."""
    found: list[tuple[str, bool]] = []
    default = False
    for line in text.splitlines():
        words = re.sub(r"(^|\s)#.*", "", line).replace("\\ ", "?").split()
        if not words:
            continue
        if section := re.match(r"\^?\[[^\]]+\](\[\d+\])?\s*(?P<owners>.*)", line.strip()):
            default = bool(section["owners"].strip())
        elif not words[0].startswith("!"):
            found.append((words[0], len(words) > 1 or default))
    return found


def _catalogue(files: ServiceFiles) -> Iterator[Fault]:
    paths = files.matching(*_CATALOGUES)
    entities = [(path, entity) for path in paths for entity in documents(files, path)]
    broken = [(path, wrong) for path in paths if (wrong := parsed_yaml(files.texts[path])[1])]
    components = [
        (path, one) for path, one in entities if one.get("kind") in ("Component", "API", "System", "Resource")
    ]
    for path, wrong in broken:
        yield Fault(message=f"{path} {wrong.message}", path=path, line=wrong.line, remedy=wrong.remedy)
    if not components and not broken:
        for pattern, owned in _OTHER_CATALOGUES.items():
            if any(re.search(owned, files.texts[path]) for path in files.matching(pattern)):
                return
        yield Fault(
            message="no catalogue knows the service and its owner",
            remedy="Add catalog-info.yaml (Backstage) with spec.owner and spec.lifecycle.",
        )  # fmt: skip
    for path, entity in components:
        yield from _entity(files, path, entity)


def _entity(files: ServiceFiles, path: str, entity: Document) -> Iterator[Fault]:
    name = mapping(entity, "metadata").get("name", path)
    owner, lifecycle = mapping(entity, "spec").get("owner"), mapping(entity, "spec").get("lifecycle")
    if "{{" in str(owner):
        return
    if not isinstance(owner, str) or _NOBODY.match(owner):
        yield Fault(
            message=f"{path} names no owner of {name}", path=path, line=files.line(path, r"^\s*owner\s*:"),
            remedy="State the team: spec.owner: group:your-team",
        )  # fmt: skip
    if entity.get("kind") in ("Component", "API") and not (isinstance(lifecycle, str) and lifecycle):
        yield Fault(
            message=f"{path} does not say in which stage of its life {name} is", path=path,
            line=files.line(path, r"^spec\s*:"), remedy="State it: spec.lifecycle: production",
        )  # fmt: skip


def _has_document(files: ServiceFiles) -> bool:
    """Whether there is a runbook, a section about operations, or a link to where alerts go."""
    texts = [path for path in files.matching("*.md", "*.rst", "*.adoc", "*.txt") if files.texts[path].strip()]
    if any(_ON_CALL.search(path) or _HEADING.search(files.texts[path]) for path in texts):
        return True
    return any(_PAGED.search(files.texts[path]) for path in files.matching(*_CATALOGUES, *_OTHER_CATALOGUES))
