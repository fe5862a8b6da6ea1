"""The supply chain: what is built is what was reviewed, from packages and actions that nobody can replace unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from paved_road.check.model import Fault, Fix
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.image import dockerfiles
from paved_road.check.static.pipelines import read_pipelines, workflow, workflow_paths
from paved_road.check.static.structured import items, mapping, parsed_json
from paved_road.check.static.surroundings import in_repository, placed

_LOCKS = {
    "pyproject.toml": ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "requirements*.txt"),
    "Pipfile": ("Pipfile.lock",),
    "package.json": (
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
    ),
    "go.mod": ("go.sum",),
    "Cargo.toml": ("Cargo.lock",),
    "Gemfile": ("Gemfile.lock",),
    "composer.json": ("composer.lock",),
    "mix.exs": ("mix.lock",),
    "pubspec.yaml": ("pubspec.lock",),
    "Package.swift": ("Package.resolved",),
    "deno.json": ("deno.lock",),
}
"""The file that names what a service needs, and the files that could say which versions exactly."""
_NEEDS = {
    "pyproject.toml": r"(?m)^dependencies\s*=\s*\[\s*[^\]\s]|^\[tool\.poetry\.dependencies\]",
    "package.json": r"\"(dev|peer|optional)?[dD]ependencies\"\s*:\s*\{\s*\"",
    "go.mod": r"(?m)^require\b",
    "Cargo.toml": r"(?m)^\[(workspace\.|build-|dev-)?dependencies",
    "deno.json": r"\"imports\"",
}
"""What such a file contains when the service needs a package at all."""
_REQUIREMENTS = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[\w,.-]+\])?\s*(===?\s*[\w.!+*-]+.*|@\s*\S+@\w{7,}.*)$")
_BOTS = (
    ".github/dependabot.y*ml", "renovate.json*", ".github/renovate.json*", ".gitlab/renovate.json*", ".renovaterc*",
    ".scala-steward.conf", ".pyup.yml", ".whitesource",
)  # fmt: skip
_SCANS = re.compile(
    r"\b(trivy|grype|snyk|clair|anchore|docker[ -]scout|prisma[- ]cloud|syft|cosign|sbom|cyclonedx|spdx|slsa"
    r"|attest\w*|osv-scanner|container[-_]scanning|dependency[-_]scanning|dependency-review|pip-audit|uv audit"
    r"|safety|(npm|pnpm|yarn( npm)?) audit|audit-ci|govulncheck|nancy|cargo[ -](audit|deny)|bundler?-audit"
    r"|dependency-?check\w*|owasp|composer audit|mix deps\.audit|retire|twistcli|wiz(cli)?|aqua|jf scan|xray|codeql"
    r"|notation sign|kosli|zizmor)\b",
    re.IGNORECASE,
)
_PINNED = re.compile(r"@[0-9a-f]{40}([0-9a-f]{24})?$|@sha256:[0-9a-f]{64}$")
_BRANCH = re.compile(r"@(main|master|develop|dev|trunk|HEAD|latest|next|nightly|edge|release)$")
_ONLY_READ = re.compile(
    r"^(actions/(checkout|setup-[\w-]+|cache(/\w+)?|upload-artifact|download-artifact)|astral-sh/setup-uv"
    r"|pnpm/action-setup|golangci/golangci-lint-action|dtolnay/rust-toolchain|Swatinem/rust-cache|ruby/setup-ruby"
    r"|gradle/actions/[\w-]+|gradle/gradle-build-action|hadolint/hadolint-action|denoland/setup-deno"
    r"|oven-sh/setup-bun|codecov/codecov-action)@"
)
"""Actions that work with a token that can only read."""


@static_check("supply-chain")
def supply_chain(files: ServiceFiles) -> Iterator[Fault]:
    """Versions are locked and updated by a bot, actions are pinned, jobs may do little, and builds are scanned."""
    yield from placed(files, _judged(in_repository(files)))


def _judged(files: ServiceFiles) -> Iterator[Fault]:
    yield from _locks(files)
    yield from _actions(files)
    yield from _tokens(files)
    if not _has_bot(files):
        yield Fault(
            message="nothing proposes updates of what the service depends on",
            remedy="Add .github/dependabot.yml or renovate.json.",
        )  # fmt: skip
    yield from _scans(files)


# -- locks -------------------------------------------------------------------------------------------------------------


def _locks(files: ServiceFiles) -> Iterator[Fault]:
    folders = {""} | {path.rpartition("/")[0] for path in dockerfiles(files)}
    for folder in sorted(folders):
        prefix = f"{folder}/" if folder else ""
        for name, locks in _LOCKS.items():
            path = prefix + name
            if path not in files.texts or not re.search(_NEEDS.get(name, ""), files.texts[path]):
                continue
            if not any(_has(files, f"{above}{lock}") for above in _above(prefix) for lock in locks):
                yield Fault(
                    message=f"no lock file says which versions {path} means", path=path,
                    remedy=f"Commit the lock file: {', '.join(locks[:3])}.",
                )  # fmt: skip
        yield from _requirements(files, prefix)


def _above(prefix: str) -> Iterator[str]:
    """A folder and those above it: a workspace has one lock file at its root."""
    parts = prefix.split("/")[:-1]
    yield from ("".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts), -1, -1))


def _has(files: ServiceFiles, pattern: str) -> bool:
    """Whether there is such a file, be it too large to read; one of requirements counts if it is a lock."""
    found = [*files.matching(pattern), *(path for path in files.unread if path == pattern)]
    return any("requirements" not in path or _is_lock(files.texts.get(path, "")) for path in found)


def _requirement_lines(text: str) -> list[tuple[int, str]]:
    """The lines that name a package, with their numbers."""
    numbered = enumerate(text.splitlines(), 1)
    lines = [(number, line.split(" #")[0].strip().rstrip("\\").strip()) for number, line in numbered]
    return [(number, line) for number, line in lines if line and not line.startswith(("#", "-"))]


def _is_lock(text: str) -> bool:
    lines = _requirement_lines(text)
    return bool(lines) and all(_REQUIREMENTS.match(line) for _, line in lines)


def _requirements(files: ServiceFiles, prefix: str) -> Iterator[Fault]:
    path = f"{prefix}requirements.txt"
    if path in files.texts and not any(_has(files, prefix + lock) for lock in _LOCKS["pyproject.toml"]):
        loose = [
            (number, line) for number, line in _requirement_lines(files.texts[path]) if not _REQUIREMENTS.match(line)
        ]
        if loose:
            number, line = loose[0]
            package = re.split(r"[^A-Za-z0-9_.-]", line)[0]
            yield Fault(
                message=f"{path} does not say which version of {package} it means", path=path, line=number,
                remedy="Pin every package with ==, as pip-compile or uv pip compile does.",
            )  # fmt: skip


# -- actions and tokens ------------------------------------------------------------------------------------------------


def _actions(files: ServiceFiles) -> Iterator[Fault]:
    """Actions whose code somebody else can replace."""
    for path in [*workflow_paths(files), *files.matching(".github/actions/*action.y*ml", "action.y*ml")]:
        for number, line in enumerate(files.texts[path].splitlines(), 1):
            found = re.match(r"\s*-?\s*uses:\s*[\"']?([^\s\"'#]+)", line)
            if found is None or found[1].startswith(("./", "$")) or _PINNED.search(found[1]):
                continue
            name = found[1].removeprefix("docker://")
            owner = name.split("/")[0]
            if _BRANCH.search(name) or ("@" not in name and not found[1].startswith("docker://")):
                yield Fault(
                    message=f"the action {name} is whatever its branch holds at the moment", path=path, line=number,
                    remedy="Pin it to the full SHA of a commit, with its version in a comment.",
                )  # fmt: skip
            elif owner not in ("actions", "github") and not name.startswith("."):
                yield Fault(
                    message=f"the action {name} is pinned to a tag, which its owner can move", path=path, line=number,
                    remedy="Pin it to the full SHA of a commit, with its version in a comment.",
                )  # fmt: skip


def _tokens(files: ServiceFiles) -> Iterator[Fault]:
    """Workflows whose token can do more than they say."""
    for path in workflow_paths(files):
        content, text = workflow(files, path), files.texts[path]
        jobs = mapping(content, "jobs")
        given = [content, *(mapping(job) for job in jobs.values())]
        if any(one.get("permissions") == "write-all" for one in given):
            yield Fault(
                message="the token of the workflow may write everything", path=path,
                line=files.line(path, r"permissions:\s*write-all"), remedy="Name what each job needs.",
            )  # fmt: skip
        elif jobs and "permissions" not in content and any("permissions" not in mapping(job) for job in jobs.values()):
            yield Fault(
                message="the workflow does not limit its token, which may write to the repository", path=path,
                remedy="Add `permissions: {contents: read}` at the top, and to a job what else it needs.",
                fix=_limited(path) if _only_reads(jobs, text) else None,
            )  # fmt: skip


def _only_reads(jobs: Mapping[str, Any], text: str) -> bool:
    """Whether it is certain that no job writes to the repository."""
    uses = [str(mapping(step).get("uses", "")) for job in jobs.values() for step in items(mapping(job).get("steps"))]
    called = any("uses" in mapping(job) for job in jobs.values())
    known = all(not name or name.startswith("docker://") or _ONLY_READ.match(name) for name in uses)
    writes = re.search(r"secrets\.GITHUB_TOKEN|github\.token|git push|\bgh \w|permissions:", text)
    return known and not called and not writes


def _limited(path: str) -> Fix:
    def change(text: str) -> str:
        return re.sub(r"(?m)^jobs:", "permissions:\n  contents: read\n\njobs:", text, count=1)

    return Fix(path=path, change=change, says="lets the workflow's token only read the repository")


# -- updates and scans -------------------------------------------------------------------------------------------------


def _has_bot(files: ServiceFiles) -> bool:
    package = parsed_json(files.texts.get("package.json", "{}"))[0]
    for path in files.matching(*_BOTS):
        if "dependabot" not in path or items(workflow(files, path).get("updates")):
            return True
    return "renovate" in mapping(package)


def _scans(files: ServiceFiles) -> Iterator[Fault]:
    """Whether something looks for known vulnerabilities, or says what is in the image and who built it."""
    found = read_pipelines(files)
    known = any(_SCANS.search(f"{job.text}\n{' '.join(job.elsewhere)}") for one in found for job in one.jobs.values())
    known = known or any(_SCANS.search(" ".join(one.elsewhere)) for one in found)
    if found and not known and not any(one.elsewhere or _calls_elsewhere(one.jobs) for one in found):
        yield Fault(
            message="no pipeline scans the image or the packages for known vulnerabilities, or signs what it builds",
            path=found[0].path, remedy="Scan the image (trivy, grype), and sign it with its SBOM (cosign).",
        )  # fmt: skip


def _calls_elsewhere(jobs: Mapping[str, Any]) -> bool:
    return any(job.elsewhere for job in jobs.values())
