"""The signature of a release: git verifies it with the keys that the person's trust in the road names, and no others.

The tag must be signed, and its name must be the signed one, because anybody can push a signed tag under another name.
For a release without a tag, the commit must be signed.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from paved_road import git
from paved_road.errors import UntrustedTemplate
from paved_road.git import address
from paved_road.road.model import Release
from paved_road.settings.trust import FINGERPRINT, PUBLIC_KEY


def demand(release: Release) -> None:
    """Raise `UntrustedTemplate` unless the release is signed as the person's trust in its road demands."""
    road = release.template.road
    if not road.signed_by:
        return
    if release.commit is None or release.working_tree:
        raise _refused(release, "what lies on disk has no signature")
    with tempfile.TemporaryDirectory(prefix="paved-signature-") as folder:
        # In a scratch repository: the road's own may be a local folder whose git settings name another verifier.
        scratch = Path(folder) / "scratch.git"
        objects = git.objects_folder(road.location)
        with git.Scratch(scratch, [objects]):
            signed, kind = _signed(release, scratch)
            failures = [_verify(scratch, kind, signed, key) for key in road.signed_by]
    if all(failures):
        raise _refused(release, failures[0])


def is_signed(release: Release) -> bool:
    """Whether a release is signed as the person's trust in its road demands; True if it demands no signature."""
    try:
        demand(release)
    except UntrustedTemplate:
        return False
    return True


def _refused(release: Release, cause: str) -> UntrustedTemplate:
    road = release.template.road
    return UntrustedTemplate(
        f"{release.template.name} {release.version} is not signed as you demand",
        cause=cause,
        hint=f"your trust in {road.source} asks for a signature by {', '.join(map(_short, road.signed_by))}; "
        "see: paved config show",
    )


def _short(key: str) -> str:
    return key if len(key) < 60 else f"{key[:40]}..."


def _signed(release: Release, scratch: Path) -> tuple[str, str]:
    """The id of the object that must be signed, and its type. A tag must be annotated and contain its own name."""
    if release.tag is None:
        return str(release.commit), "commit"
    location = release.template.road.location
    tag = git.object_id(location, f"refs/tags/{release.tag}") or ""
    (content,) = git.read_objects(scratch, [tag])
    head, _, _ = (content or b"").partition(b"\n\n")
    facts = dict(line.split(b" ", 1) for line in head.splitlines() if b" " in line)
    if facts.get(b"tag") is None or git.object_type(scratch, tag) != "tag":
        raise _refused(release, f"the tag {release.tag} is lightweight, and such a tag has no signature")
    if facts[b"tag"].decode(errors="replace") != release.tag:
        raise _refused(release, f"what was signed is the tag {facts[b'tag'].decode(errors='replace')!r}")
    if git.resolve(scratch, tag) != release.commit:
        raise _refused(release, f"the tag {release.tag} was moved just now")
    return tag, "tag"


def _verify(scratch: Path, kind: str, signed: str, key: str) -> str:
    """Why the key did not sign the object; "" if it did. git may run only the verifier for this type of key."""
    if FINGERPRINT.fullmatch(key):
        wanted = re.sub(r"\s", "", key).upper()
        good, output = git.verify_signature(
            scratch, kind, signed, {"gpg.ssh.program": "false", "gpg.x509.program": "false"}
        )
        valid = [line.split() for line in output if line.startswith("[GNUPG:] VALIDSIG ")]
        if good and any(wanted in (facts[2].upper(), facts[-1].upper()) for facts in valid):
            return ""
        return _reason(output, kind)
    file = address.expanded(key)
    if PUBLIC_KEY.fullmatch(key):
        file = scratch / "allowed-signers"
        file.write_text(f"* {' '.join(key.split()[:2])}\n")
    elif not file.is_file():
        return f"there is no file {file} with the keys of those who may sign"
    settings = dict.fromkeys(("gpg.program", "gpg.openpgp.program", "gpg.x509.program"), "false")
    good, output = git.verify_signature(scratch, kind, signed, {**settings, "gpg.ssh.allowedSignersFile": str(file)})
    return "" if good else _reason(output, kind)


_REASONS = {
    "EXPKEYSIG": "the key that signed it has expired",
    "EXPSIG": "its signature has expired",
    "REVKEYSIG": "the key that signed it was revoked",
    "BADSIG": "its signature does not fit what it signs",
    "ERRSIG": "it is signed by a key that gpg does not know",
    "VALIDSIG": "it is signed by a key that you did not name",
}
"""The reason for each keyword of gpg's status lines; the first keyword that is present counts."""


def _reason(output: list[str], kind: str) -> str:
    """Why a verification failed, in plain English."""
    words = {line.split()[1] for line in output if line.startswith("[GNUPG:] ")}
    if reason := next((reason for word, reason in _REASONS.items() if word in words), None):
        return reason
    text = "\n".join(output)
    if "key has expired" in text or "has expired" in text:
        return "the key that signed it has expired"
    if key := re.search(r"signature .*with \S+ key (\S+)", text):
        return f"it is signed by {key[1]}, a key that you did not name"
    if not text.strip() or "no signature found" in text:
        return f"the {kind} has no signature"
    return text.strip().splitlines()[-1]
