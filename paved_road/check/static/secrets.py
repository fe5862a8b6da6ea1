"""Secrets in files: what everybody who can read the repository has, for as long as its history exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from paved_road.check.model import Fault
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.image import names_a_secret
from paved_road.check.static.structured import items, manifests, mapping

_FORMS = {
    "a private key": (
        "PRIVATE KEY",
        (
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\\nr\"'+,]*"
            r"(?:[A-Za-z-]+: [^\n]*\n\s*)*[A-Za-z0-9+/=]{40}"
        ),
    ),
    "an access key of AWS": ("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    "a token of GitHub": ("ghp_|gho_|ghu_|ghs_|ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "a fine-grained token of GitHub": ("github_pat_", r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"),
    "a token of GitLab": ("glpat-|gldt-|glrt-|glptt-", r"\bgl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,}"),
    "a token of Slack": ("xox", r"\bxox[abprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}"),
    "an address of a Slack webhook": (
        "hooks.slack.com",
        r"hooks\.slack\.com/services/T[A-Z0-9]{7,}/B[A-Z0-9]{7,}/[A-Za-z0-9]{20,}",
    ),
    "a live key of Stripe": ("k_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    "a key of Google's interfaces": ("AIza", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    "a token of npm": ("npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    "a token of PyPI": ("pypi-", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    "a key of SendGrid": ("SG.", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b"),
    "a key of an Azure storage account": ("AccountKey=", r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    "a key of Anthropic": ("sk-ant-", r"\bsk-ant-[A-Za-z0-9_-]{80,}"),
    "a key of OpenAI": ("T3BlbkFJ", r"\bsk-(?:proj-)?[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
    "a token of Hugging Face": ("hf_", r"\bhf_[A-Za-z]{34}\b"),
    "a token of DigitalOcean": ("_v1_", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    "a token of HashiCorp Vault": ("hvs.", r"\bhvs\.[A-Za-z0-9_-]{90,}"),
}
"""What cannot be anything else, because its issuer gave it a form of its own. First what a text has that holds one."""
_PATTERNS = {what: (hints.split("|"), re.compile(pattern)) for what, (hints, pattern) in _FORMS.items()}
_TESTED = re.compile(
    r"(^|/)(tests?|testing|spec|testdata|test-data|fixtures?|__tests__|mocks?|examples?|samples?|vendor|third_party|docs?)/"
    r"|[._-]tests?\.\w+$|(^|/)test_[^/]*$|\.(md|rst|adoc)$",
    re.IGNORECASE,
)
"""Keys that are made for tests and examples give nobody anything."""
_ENVIRONMENT = re.compile(r"(^|/)([^/]*\.env|\.env(\.[\w.-]+)?|\.envrc)$")
_SAMPLE = re.compile(
    r"example|sample|template|dist$|defaults?$|schema|(^|[./_-])(tests?|ci|dev|development|local)([./_-]|$)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"^$|[<>{}$%*…]|\.\.\.|change.?(me|this|it)|replace|placeholder"
    r"|example|dummy|fake|sample|secret|password|token|your[-_ ]|todo|fixme|xxx"
    r"|none|null|true|false|empty|unset|redacted|not-?set|insecure|default|test|ENC\[|^(vault|ssm|op|secret|ref\+\w+|arn|aws|gcp|sm|kms)[:/]|^/",
    re.IGNORECASE,
)
_NO_SECRET_IN_SECRET = re.compile(
    r"(^|[._-])(db|database|user|username|login|host|hostname|port|name|url|uri|pub|crt|cert|ca)$", re.IGNORECASE
)
"""What people keep beside a password in a Secret."""
_REMEDY = "Revoke it, give the service a new one from a secret store, and remove it from the files."


@static_check("secrets")
def secrets(files: ServiceFiles) -> Iterator[Fault]:
    """No file holds a secret: a key or token of a known form, or the value of a variable named like one."""
    for path, text in sorted(files.texts.items()):
        if not _TESTED.search(path):
            yield from _tokens(path, text)
        if _ENVIRONMENT.search(path) and not _SAMPLE.search(path) and not _TESTED.search(path):
            yield from _environment(path, text)
    yield from _manifests(files)


@lru_cache(maxsize=8192)
def _tokens(path: str, text: str) -> tuple[Fault, ...]:
    return tuple(_tokens_in(path, text))


def _tokens_in(path: str, text: str) -> Iterator[Fault]:
    for what, (hints, pattern) in _PATTERNS.items():
        for found in pattern.finditer(text) if any(hint in text for hint in hints) else ():
            value = found[0]
            if len(set(value[-16:])) < 6 or re.search(r"EXAMPLE|xxxx|XXXX|0000000|1234567|abcdefg", value):
                continue
            shown = "" if "PRIVATE KEY" in value else f" ({value[:4]}...)"
            yield Fault(
                message=f"{path} holds {what}{shown}", path=path, line=text.count("\n", 0, found.start()) + 1,
                remedy=_REMEDY,
            )  # fmt: skip


def _environment(path: str, text: str) -> Iterator[Fault]:
    """The variables of a file such as `.env` that hold a secret."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r"[ \t]*(?:export\s+)?([\w.]+)\s*=\s*(.*?)\s*(?:\s#.*)?$", line[:2000])
        if found and _is_secret(found[1], found[2]):
            yield Fault(message=f"{found[1]} has a value in {path}", path=path, line=number, remedy=_REMEDY)


def _is_secret(name: str, value: object) -> bool:
    """Whether a setting is a secret that somebody could use."""
    text = str(value).strip("\"' ") if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if names_a_secret(name):
        return len(text) >= 4 and not _PLACEHOLDER.search(text)
    credentials = re.match(r"[a-z][\w+.-]*://[^/\s:@]*:(?P<password>[^/\s@]+)@(?P<host>[^/\s:]+)", text)
    if credentials is None or _PLACEHOLDER.search(credentials["password"]):
        return False
    return "." in credentials["host"] and not re.match(
        r"127\.|localhost|.*\.(local|test|invalid|example)$", credentials["host"]
    )


def _manifests(files: ServiceFiles) -> Iterator[Fault]:
    """Values in ConfigMaps, Secrets and the environment of containers."""
    for path, manifest in manifests(files, "ConfigMap", "Secret"):
        encrypted = "sops" in manifest or "{{" in files.texts[path]
        data = {**mapping(manifest.get("data")), **mapping(manifest.get("stringData"))}
        for name, value in {} if encrypted else data.items():
            if _is_config_secret(str(manifest.get("kind")), str(name), value):
                whose = f"{manifest.get('kind')} {mapping(manifest.get('metadata')).get('name', '')}".strip()
                yield Fault(
                    message=f"the {whose} gives {name} a value",
                    path=path, line=files.line(path, rf"^\s*[\"']?{re.escape(str(name))}[\"']?\s*:"), remedy=_REMEDY,
                )  # fmt: skip
    for path, manifest in manifests(
        files, "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Rollout", "Pod"
    ):
        for name, value in _container_variables(manifest):
            if _is_secret(name, value):
                yield Fault(
                    message=f"the {manifest.get('kind')} gives {name} a value in the file", path=path,
                    line=files.line(path, rf"name:\s*[\"']?{re.escape(name)}\b"),
                    remedy="Revoke it, and take a new one from a Secret that is not in git: valueFrom.secretKeyRef.",
                )  # fmt: skip


def _is_config_secret(kind: str, name: str, value: Any) -> bool:
    if kind == "Secret" and not isinstance(value, bool) and isinstance(value, str):
        if _NO_SECRET_IN_SECRET.search(name):
            return _is_secret(name, _decoded(value))
        plain = _decoded(value)
        return len(plain) >= 4 and not _PLACEHOLDER.search(plain) and not re.fullmatch(r"[\w.-]*\d{2,5}|\w+@\S+", plain)
    return _is_secret(name, value)


def _decoded(value: str) -> str:
    """What base64 stands for, if it is that and text."""
    import base64
    import binascii

    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return value


def _container_variables(manifest: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    spec = mapping(manifest, "spec", "jobTemplate", "spec") or mapping(manifest, "spec")
    pod = mapping(spec, "template", "spec") or spec
    for container in [*items(pod.get("initContainers")), *items(pod.get("containers"))]:
        for variable in items(mapping(container).get("env")):
            yield str(mapping(variable).get("name", "")), mapping(variable).get("value")
