"""A road whose releases must be signed: by git's own verification, with the keys that the person named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Ran, evolve, paved

Sign = Callable[..., None]


def key(folder: Path, name: str) -> Path:
    """A new SSH key; its public half is beside it."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@localhost", "-f", str(folder / name)]
    subprocess.run(command, check=True)
    return folder / name


def public(private: Path) -> str:
    return private.with_suffix(".pub").read_text().strip()


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return key(tmp_path, "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    return key(tmp_path, "theirs")


def sign(road: Path, tag: str, private: Path, *options: str) -> None:
    """A tag that is signed by a key."""
    ssh = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={private}")
    git.process.run(*ssh, "tag", "--sign", "--force", "--message", "x", tag, *options, cwd=road)


def trust(road: Path | str, *keys: str) -> None:
    """The person's settings: the road is trusted when its releases are signed by one of the keys."""
    Path(os.environ["PAVED_CONFIG"]).write_text(f"trust = [{{road = '{road}', signed_by = {json.dumps(keys)}}}]\n")


def new(road: Path, tmp_path: Path, *words: str) -> Ran:
    """What `paved new` says; the service of a successful one is taken away again."""
    done = paved("new", tmp_path / "service", "--road", road, "--defaults", *words)
    assert (tmp_path / "service").exists() == (done.returncode == 0)
    shutil.rmtree(tmp_path / "service", ignore_errors=True)
    return done


def test_a_release_that_is_signed_by_a_named_key_is_taken(greeter: Path, tmp_path: Path, ours: Path) -> None:
    evolve(greeter, {"copier.yml": "_subdirectory: template\n_tasks: ['touch ran']\nname: x\n"})
    sign(greeter, "v1.1.0", ours)
    trust(greeter, public(ours))
    assert new(greeter, tmp_path).returncode == 0


@pytest.mark.parametrize("words", [(), ("--trust",), ("--ref", "v1.1.0"), ("--dry-run",)])
def test_a_release_that_is_signed_by_another_key_is_refused(
    greeter: Path, tmp_path: Path, ours: Path, theirs: Path, words: tuple[str, ...]
) -> None:
    evolve(greeter, {"a": "1"})
    sign(greeter, "v1.1.0", theirs)
    trust(greeter, public(ours))
    done = new(greeter, tmp_path, *words)
    assert done.returncode == 2
    assert "is not signed as you demand" in done.stderr
    assert "a key that you did not name" in done.stderr


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("lightweight", "is lightweight"),
        ("annotated", "the tag has no signature"),
        ("main", "the commit has no signature"),
        ("HEAD", "what lies on disk has no signature"),
    ],
)
def test_a_release_without_a_signature_is_refused(
    greeter: Path, tmp_path: Path, ours: Path, ref: str, said: str
) -> None:
    git.process.run("tag", "v1.1.0", cwd=evolve(greeter, {"a": "1"}))
    git.process.run("tag", "--annotate", "--message", "x", "v1.2.0", cwd=evolve(greeter, {"a": "2"}))
    evolve(greeter, {"a": "3"})
    trust(greeter, public(ours))
    done = new(greeter, tmp_path, "--ref", {"lightweight": "v1.1.0", "annotated": "v1.2.0"}.get(ref, ref))
    assert done.returncode == 2
    assert said in done.stderr


def test_a_release_without_a_tag_needs_a_signed_commit(greeter: Path, tmp_path: Path, ours: Path) -> None:
    ssh = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={ours}")
    git.process.run(*ssh, "commit", "--quiet", "--allow-empty", "--gpg-sign", "--message", "x", cwd=greeter)
    trust(greeter, public(ours))
    assert new(greeter, tmp_path, "--ref", "main").returncode == 0


def test_a_signed_tag_under_another_name_is_refused(greeter: Path, tmp_path: Path, ours: Path) -> None:
    """An old, vulnerable release cannot be passed off as a new one."""
    sign(greeter, "v0.9.0", ours)
    git.process.run("update-ref", "refs/tags/v9.0.0", "refs/tags/v0.9.0", cwd=greeter)
    trust(greeter, public(ours))
    done = new(greeter, tmp_path)
    assert done.returncode == 2
    assert "what was signed is the tag 'v0.9.0'" in done.stderr


def test_a_tag_whose_signature_was_taken_from_another_one_is_refused(greeter: Path, tmp_path: Path, ours: Path) -> None:
    sign(greeter, "v1.1.0", ours)
    tag = git.process.run("cat-file", "tag", "v1.1.0", cwd=greeter)
    commit = git.process.text("rev-parse", "HEAD", cwd=evolve(greeter, {"evil": "1"}))
    forged = tag.replace(tag.split(b"\n")[0], b"object " + commit.encode())
    name = git.process.run("hash-object", "-w", "-t", "tag", "--stdin", cwd=greeter, stdin=forged).decode().strip()
    git.process.run("update-ref", "refs/tags/v1.1.0", name, cwd=greeter)
    trust(greeter, public(ours))
    assert new(greeter, tmp_path).returncode == 2


def test_signers_may_be_a_file_in_which_keys_expire(greeter: Path, tmp_path: Path, ours: Path, theirs: Path) -> None:
    sign(greeter, "v1.1.0", ours)
    file = tmp_path / "signers"
    trust(greeter, str(file))
    assert "there is no file" in new(greeter, tmp_path).stderr
    words = " ".join(public(ours).split()[:2])
    file.write_text(f'them@localhost {public(theirs)}\nus@localhost namespaces="git" {words}\n')
    assert new(greeter, tmp_path).returncode == 0
    file.write_text(f'us@localhost valid-before="20200101" {words}\n')
    done = new(greeter, tmp_path)
    assert done.returncode == 2
    assert "the key that signed it has expired" in done.stderr


def test_any_of_several_keys_will_do(greeter: Path, tmp_path: Path, ours: Path, theirs: Path) -> None:
    sign(greeter, "v1.1.0", theirs)
    trust(greeter, public(ours), public(theirs))
    assert new(greeter, tmp_path).returncode == 0


@pytest.mark.usefixtures("open_keyring")
def test_an_openpgp_key_is_named_by_its_fingerprint(greeter: Path, tmp_path: Path, ours: Path, openpgp: str) -> None:
    pgp = ("-c", "gpg.format=openpgp", "-c", f"user.signingKey={openpgp}")
    git.process.run(*pgp, "tag", "--sign", "--message", "x", "v1.1.0", cwd=greeter)
    trust(greeter, openpgp)
    assert new(greeter, tmp_path).returncode == 0
    trust(greeter, "0" * 40)
    assert "a key that you did not name" in new(greeter, tmp_path).stderr
    trust(greeter, public(ours))
    assert new(greeter, tmp_path).returncode == 2  # the keyring's own trust is nobody's demand
    sign(greeter, "v1.2.0", ours)
    trust(greeter, openpgp)
    assert new(greeter, tmp_path).returncode == 2


@pytest.fixture
def open_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("g")
    folder.chmod(0o700)
    monkeypatch.setenv("GNUPGHOME", str(folder))


@pytest.fixture
def openpgp(open_keyring: None) -> str:
    """The fingerprint of a new OpenPGP key."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    make = [
        "gpg",
        "--batch",
        "--quiet",
        "--passphrase",
        "",
        "--quick-gen-key",
        "us@localhost",
        "ed25519",
        "sign",
        "never",
    ]
    subprocess.run(make, check=True, capture_output=True)
    listing = subprocess.run(["gpg", "--list-keys", "--with-colons"], check=True, capture_output=True, text=True).stdout
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr"))


def test_a_roads_own_settings_do_not_name_the_verifier(greeter: Path, tmp_path: Path, ours: Path, theirs: Path) -> None:
    sign(greeter, "v1.1.0", theirs)
    verifier = tmp_path / "verifier"
    verifier.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho 'Good \"git\" signature for us with ED25519 key x'\n")
    verifier.chmod(0o755)
    for setting in ("gpg.ssh.program", "gpg.program", "gpg.openpgp.program"):
        git.process.run("config", setting, str(verifier), cwd=greeter)
    trust(greeter, public(ours))
    assert new(greeter, tmp_path).returncode == 2
    assert not (tmp_path / "ran").exists()


def test_an_update_asks_for_the_signature_and_changes_nothing_without_it(
    greeter: Path, tmp_path: Path, ours: Path
) -> None:
    service = tmp_path / "hi"
    assert paved("new", service, "--road", greeter, "--defaults").returncode == 0  # of a release that nobody signed
    trust(greeter, public(ours))
    evolve(greeter, {"template/plain.txt": "2\n"}, tag="v1.1.0")
    done = paved("update", service, "--defaults")
    assert done.returncode == 2
    assert "is lightweight" in done.stderr
    assert git.changed_files(service) == []
    assert paved("status", service).returncode == 1  # a reader needs no signature
    sign(greeter, "v1.1.0", ours)
    assert paved("update", service, "--defaults").returncode == 0
    assert (service / "plain.txt").read_text() == "2\n"


def test_the_narrowest_demand_is_the_one_that_counts(greeter: Path, tmp_path: Path, ours: Path, theirs: Path) -> None:
    sign(greeter, "v1.1.0", theirs)
    rules = [
        {"road": f"{greeter.parent}/", "signed_by": public(theirs)},
        {"road": str(greeter), "signed_by": public(ours)},
    ]
    written = ", ".join(f"{{road = '{one['road']}', signed_by = '{one['signed_by']}'}}" for one in rules)
    Path(os.environ["PAVED_CONFIG"]).write_text(f"trust = ['{greeter}', {written}]\n")
    assert new(greeter, tmp_path).returncode == 2


def test_the_code_of_an_old_release_that_nobody_signed_does_not_run(greeter: Path, tmp_path: Path, ours: Path) -> None:
    service, ran = tmp_path / "hi", tmp_path / "ran"
    evolve(greeter, {"copier.yml": f"_subdirectory: template\n_tasks: ['echo x >>{ran}']\nname: x\n"}, tag="v1.0.1")
    assert paved("new", service, "--road", greeter, "--defaults", "--trust").returncode == 0
    ran.unlink()
    trust(greeter, public(ours))
    evolve(greeter, {"copier.yml": "_subdirectory: template\nname: x\n", "template/plain.txt": "2\n"})
    sign(greeter, "v1.1.0", ours)
    done = paved("update", service, "--defaults", "--trust")
    assert done.returncode == 0, done.stderr
    assert (service / "plain.txt").read_text() == "2\n"
    assert not ran.exists()
