"""The image, really built and run: `make image`. As root, on Debian, with its package registries in reach."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from paved_road.process.ports import free_port
from paved_road.testing import PATIENCE, ask, ask_until, run, running
from tests.stamped.world import stamp_apart
from tests.tools import tool

pytestmark = pytest.mark.image

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

# Debian's Python made to look like the official image: `python`, and pip where it may install.
LIKE_THE_OFFICIAL_IMAGE = "ln -s python3 {root}/usr/bin/python; rm -f {root}/usr/lib/python3*/EXTERNALLY-MANAGED"

# What Kubernetes does with `readOnlyRootFilesystem`, an emptyDir at /tmp and `runAsUser`.
READ_ONLY = """\
mount --bind {root} {root} && mount -o remount,ro,bind {root} && mount -t tmpfs tmpfs {root}/tmp
exec chroot --userspec={user} {root} env {environment} {command}
"""


@dataclass(frozen=True, kw_only=True)
class Store:
    """Images and containers of these tests alone."""

    folder: Path

    def __call__(self, *words: str | Path) -> str:
        """Run buildah; what it prints."""
        own = ("--root", self.folder / "images", "--runroot", self.folder / "run", "--storage-driver", "vfs")
        done = run(tool("buildah"), *own, *words, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    if os.geteuid() != 0:
        pytest.skip("buildah's chroot isolation and debootstrap need root")
    folder = Path(tempfile.mkdtemp(prefix="paved-image-"))
    yield Store(folder=folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def base(store: Store) -> str:
    """A base image made of this machine's Debian, from the mirror that this machine uses, trusting whom it trusts."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite, root = release["VERSION_CODENAME"], store.folder / "base"
    wanted = ("--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {suite}")
    mirror = run("apt-get", "indextargets", *wanted, cwd=store.folder).stdout.split()[0]
    packages = "--include=python3,python3-pip,ca-certificates"
    made = run(tool("debootstrap"), "--variant=minbase", packages, suite, root, mirror, cwd=store.folder)
    assert made.returncode == 0, made.stdout[-2000:]
    run("sh", "-c", LIKE_THE_OFFICIAL_IMAGE.format(root=root), cwd=store.folder)
    shutil.copyfile(CERTIFICATES, f"{root}{CERTIFICATES}")
    container = store("from", "scratch")
    store("add", container, root, "/")
    store("config", "--env", f"SSL_CERT_FILE={CERTIFICATES}", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    store("commit", container, "base")
    store("rm", container)
    shutil.rmtree(root)
    return "localhost/base"


@pytest.fixture(scope="module")
def container(store: Store, base: str) -> str:
    """A container of the image of a stamped service."""
    service = stamp_apart(store.folder)
    (service / ".env").write_text("SECRET=1\n")
    python = (Path(store("mount", store("from", base))) / "usr/bin/python3").readlink().name
    (service / ".python-version").write_text(python.removeprefix("python") + "\n")
    arguments = ("--build-arg", f"BASE={base}", "--build-arg", "REVISION=0123abc")
    store("build", "--isolation", "chroot", "--layers=false", *arguments, "--tag", "orders:local", service)
    return store("from", "orders:local")


def test_the_image_says_what_it_is_and_runs_as_a_number(store: Store, container: str) -> None:
    config = json.loads(store("inspect", container))["OCIv1"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["orders"]
    assert config["Labels"]["org.opencontainers.image.title"] == "orders"
    assert config["Labels"]["org.opencontainers.image.revision"] == "0123abc"


def test_there_is_nothing_in_it_but_the_service(store: Store, container: str) -> None:
    root = Path(store("mount", container))
    assert [path.name for path in (root / "app").iterdir()] == [".venv"]
    programs = {path.name for folder in ("usr/local/bin", "app/.venv/bin") for path in (root / folder).iterdir()}
    assert "orders" in programs
    assert not programs & {"uv", "uvx", "pytest", "ruff", "mypy"}
    others = ("(", "-not", "-user", "0", "-o", "-perm", "-o+w", ")")
    # uv's lock of the environment is empty, and nobody reads it.
    writable = run("find", root / "app", *others, "-not", "-type", "l", "-not", "-name", ".lock", cwd=root)
    assert writable.stdout == "", "the service could change its own code"


def test_it_serves_and_drains_on_a_read_only_root(store: Store, container: str, tmp_path: Path) -> None:
    config = json.loads(store("inspect", container))["OCIv1"]["config"]
    root, log = store("mount", container), tmp_path / "log"
    port, internal_port = free_port(), free_port()
    own = {
        "PORT": port,
        "INTERNAL_PORT": internal_port,
        "HOST": "127.0.0.1",
        "INVENTORY_URL": "http://127.0.0.1:1",
        "DRAIN_SECONDS": 1,
    }
    environment = shlex.join(["-i", *config["Env"], *(f"{name}={value}" for name, value in own.items())])
    script = READ_ONLY.format(
        root=root, user=config["User"], environment=environment, command=shlex.join(config["Entrypoint"])
    )
    with running("unshare", "--mount", "sh", "-ec", script, cwd=tmp_path, env={}, log=log) as process:
        assert ask_until(internal_port, "/readyz", 200, process=process).status == 200, log.read_text()
        assert json.loads(ask(port, "/orders/1").body)["degraded"] is True
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "Uid:\t10001\t10001" in status
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, log.read_text()
    assert '"draining"' in log.read_text()
