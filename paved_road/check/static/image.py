"""The container image: what it is built on, who runs in it, and what stays in its layers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.structured import ELSEWHERE, items, manifests, mapping

_NAMES = (
    "Dockerfile",
    "*/Dockerfile",
    "*Dockerfile.*",
    "*.Dockerfile",
    "*.dockerfile",
    "*Containerfile",
    "*Containerfile.*",
)
_NO_IMAGE = re.compile(r"\.(dockerignore|md|j2|tmpl|tpl|jinja|erb|sh|py)$|(^|/)dev/|^\.(github|gitlab)/", re.IGNORECASE)
_FOR_DEVELOPERS = re.compile(
    r"(^|[./_-])(dev|develop|development|local|tests?|ci|debug|lint|docs|playwright|cypress|e2e)([./_-]|$)",
    re.IGNORECASE,
)
_MOVING = {
    "latest",
    "stable",
    "edge",
    "nightly",
    "main",
    "master",
    "dev",
    "develop",
    "canary",
    "rolling",
    "current",
    "lts",
}
_MOVING |= {"mainline", "alpine", "slim", "nonroot", "debug", "debug-nonroot", "prod", "production", "snapshot"}
_OS_RELEASE = re.compile(r"\d")
_NOT_ROOT = re.compile(
    r"nonroot|non-root|unprivileged|rootless|^cgr\.dev/|chainguard"
    r"|(^|/)(grafana|prom|bitnami|curlimages|keycloak|jenkins|opensearchproject|elasticsearch)/",
    re.IGNORECASE,
)
"""Base images that state a user of their own, as far as their name tells."""
_SECRET_WORDS = {
    "password",
    "passwd",
    "secret",
    "secrets",
    "token",
    "apikey",
    "credential",
    "credentials",
    "passphrase",
}
_NO_SECRET = {
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "name",
    "id",
    "public",
    "length",
    "ttl",
    "expiry",
    "expiration",
    "dummy",
    "type",
}
_NO_SECRET |= {
    "timeout",
    "seconds",
    "minutes",
    "enabled",
    "header",
    "issuer",
    "algorithm",
    "parallelism",
    "ref",
    "limit",
    "max",
    "store",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile."""

    name: str
    """In capitals."""
    value: str
    line: int


@dataclass(kw_only=True, slots=True)
class Stage:
    """What follows one FROM."""

    image: str
    line: int
    name: str = ""
    user: Instruction | None = None


def names_a_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret, as far as a name tells."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().replace("-", "_").replace(".", "_").split("_")
    pairs = {"_".join(pair) for pair in itertools.pairwise(words)}
    secret = _SECRET_WORDS.intersection(words) or pairs & {
        "api_key",
        "private_key",
        "access_key",
        "secret_key",
        "signing_key",
    }
    return bool(secret) and words[-1] not in _NO_SECRET and "public" not in words and "dummy" not in words


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile; comments, continued lines and here-documents are understood."""
    found: list[Instruction] = []
    escape = "`" if re.match(r"(?i)^\s*(#.*\n)*?\s*#\s*escape\s*=\s*`", text) else "\\"
    ends: list[str] = []
    started, begun = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if ends:
            if line.strip() == ends[0]:
                ends.pop(0)
            continue
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        begun = begun if started else number
        started += stripped
        if started.endswith(escape):
            started = started[:-1].rstrip() + " "
            continue
        found += _instruction(started, begun)
        if found and found[-1].name in ("RUN", "COPY", "ADD"):
            ends = re.findall(r"<<-?\s*[\"']?([A-Za-z_]\w*)", started)
        started = ""
    return found + (_instruction(started, begun) if started else [])


def _instruction(line: str, number: int) -> list[Instruction]:
    word, _, value = line.partition(" ")
    return [Instruction(name=word.upper(), value=value.strip(), line=number)] if word.isalpha() else []


def dockerfiles(files: ServiceFiles) -> list[str]:
    """The Dockerfiles of images that run in production."""
    found = [path for path in files.matching(*_NAMES) if not ELSEWHERE.search(path) and not _NO_IMAGE.search(path)]
    kept = [path for path in found if not _FOR_DEVELOPERS.search(path.rpartition("/")[2])]
    return [path for path in kept if re.search(r"(?im)^[ \t]*FROM\s", files.texts[path])]


@static_check("immutable-image")
def immutable_image(files: ServiceFiles) -> Iterator[Fault]:
    """Every image is built on a pinned one, runs as somebody else than root, and holds no secret.

    Raises `NotApplicable` if the service builds none.
    """
    paths = dockerfiles(files)
    if not paths:
        raise NotApplicable("the service has no Dockerfile or Containerfile of an image for production")
    for path in paths:
        found = instructions(files.texts[path])
        values = _arguments(found)
        yield from _bases(path, found, values)
        yield from _secrets(path, found)
    yield from _deployed(files)


def _arguments(found: list[Instruction]) -> dict[str, str]:
    """The defaults of the arguments before the first FROM."""
    values: dict[str, str] = {}
    for one in found:
        if one.name == "FROM":
            break
        if one.name == "ARG":
            for name, value in re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)", one.value):
                values[name] = expanded(value.strip("\"'"), values)
    return values


def expanded(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables replaced; one that has no value stays as it is."""

    def value(found: re.Match[str]) -> str:
        return values.get(found["name"]) or found["default"] or found[0]

    return re.sub(r"\$\{?(?P<name>\w+)(?::?-(?P<default>[^}]*))?\}?", value, text)


def _bases(path: str, found: list[Instruction], values: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong with the stages' images, and with who runs in the last one."""
    stages: list[Stage] = []
    for one in found:
        if one.name == "FROM":
            words = [word for word in one.value.split() if not word.startswith("--")]
            if words:
                name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else ""
                stages.append(Stage(image=expanded(words[0], values), line=one.line, name=name))
        elif one.name == "USER" and stages:
            stages[-1].user = one
    named: dict[str, Stage] = {}
    for number, stage in enumerate(stages):
        if stage.image.lower() not in named and (why := why_it_moves(stage.image)):
            yield Fault(
                message=f"the base image {stage.image} {why}", path=path, line=stage.line,
                remedy="Name a version or, better, a digest: FROM IMAGE:VERSION@sha256:...",
            )  # fmt: skip
        named |= {str(number): stage} | ({stage.name: stage} if stage.name else {})
    if stages:
        yield from _user(path, stages[-1], named)


def why_it_moves(image: str) -> str:
    """Why an image of this name is another one tomorrow; "" if it is pinned or only the build knows it."""
    if image.lower() == "scratch" or "@sha256:" in image or "$" in image or "{{" in image:
        return ""
    repository, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:
        return "has no tag, which means latest"
    if tag.lower().startswith(("nonroot", "debug")) and _OS_RELEASE.search(repository.rpartition("/")[2]):
        return ""
    parts = re.split(r"[-_]", tag.lower())
    moving = tag.lower() in _MOVING or parts[0] in {"latest", "stable", "edge", "nightly", "lts", "current", "mainline"}
    return f"has the tag {tag}, which names no version" if moving else ""


def _user(path: str, last: Stage, named: Mapping[str, Stage]) -> Iterator[Fault]:
    """Who runs: the last USER of the last stage, or of the stage that it is made from."""
    stage, seen = last, set[str]()
    while stage.user is None and stage.image.lower() in named and stage.image.lower() not in seen:
        seen.add(stage.image.lower())
        stage = named[stage.image.lower()]
    remedy = "End the last stage with a numeric user: USER 10001:10001"
    if stage.user is None:
        if not _NOT_ROOT.search(stage.image) or stage.image == "scratch":
            yield Fault(
                message="the image runs as root: its last stage has no USER", path=path, line=last.line, remedy=remedy
            )
    elif re.fullmatch(r"(root|0)(:.*)?", stage.user.value.strip("\"'"), re.IGNORECASE):
        yield Fault(
            message=f"the image runs as root: USER {stage.user.value}", path=path, line=stage.user.line, remedy=remedy
        )


def _secrets(path: str, found: list[Instruction]) -> Iterator[Fault]:
    """Secrets among the variables and arguments, which everybody who can pull the image can read."""
    remedy = "Give it to the running container, or mount it for one command: RUN --mount=type=secret,id=NAME"
    for one in found:
        if one.name == "ENV":
            pairs = re.findall(r"([\w.-]+)=(\"[^\"]*\"|'[^']*'|\S*)", one.value) or [tuple(one.value.split(None, 1))]
            for name, value in (pair for pair in pairs if len(pair) == 2):
                if names_a_secret(name) and value.strip("\"'") and not value.strip("\"'").startswith("$"):
                    yield Fault(
                        message=f"the variable {name} stays in the image", path=path, line=one.line, remedy=remedy
                    )
        elif one.name == "ARG":
            for name in re.findall(r"(?:^|\s)(\w+)(?==|\s|$)", one.value):
                if names_a_secret(name):
                    yield Fault(
                        message=f"the build argument {name} stays in the image's history", path=path, line=one.line,
                        remedy=remedy,
                    )  # fmt: skip


def _deployed(files: ServiceFiles) -> Iterator[Fault]:
    """Manifests that ask for `latest`: what runs would change without a roll-out."""
    for path, manifest in manifests(files, "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Rollout"):
        spec = mapping(manifest, "spec", "jobTemplate", "spec") or mapping(manifest, "spec")
        pod = mapping(spec, "template", "spec")
        for container in [*items(pod.get("initContainers")), *items(pod.get("containers"))]:
            image = str(mapping(container).get("image", ""))
            if image.endswith(":latest") and not _set_by_kustomize(files, image):
                yield Fault(
                    message=f"the {manifest.get('kind')} runs {image}, which changes without a roll-out", path=path,
                    line=files.line(path, re.escape(image)), remedy="Deploy a tag that is never moved, or a digest.",
                )  # fmt: skip


def _set_by_kustomize(files: ServiceFiles, image: str) -> bool:
    """Whether a kustomization replaces the tag."""
    name = re.escape(image.rpartition(":")[0])
    paths = files.matching("*kustomization.yaml", "*kustomization.yml")
    return any(re.search(rf"name:\s*[\"']?{name}[\"']?\s", files.texts[path]) for path in paths)
