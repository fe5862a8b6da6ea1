"""An installed paved works as one run from a checkout does: offline, with the built-in road and its history inside."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from paved_road import git
from paved_road.git import trees
from paved_road.practices.built_in import built_in_slugs
from paved_road.testing import run
from tests.stranger import PROJECT

UNPLUGGED = {
    "UV_OFFLINE": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}


@pytest.fixture
def paved(wheel: Path) -> Path:
    return wheel / "paved"


def test_a_wheel_stamps_the_same_service_as_the_checkout_without_a_network(paved: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "wheel" / "orders", tmp_path / "checkout" / "orders"
    done = run(paved, "new", one, cwd=tmp_path, env=UNPLUGGED)
    assert done.returncode == 0, done.stderr
    assert run(sys.executable, "-m", "paved_road", "new", other, cwd=tmp_path, env=UNPLUGGED).returncode == 0
    assert trees.read_folder(one, git.working_files(one)) == trees.read_folder(other, git.working_files(other))
    assert git.process.text("rev-parse", "HEAD^{tree}", cwd=one) == git.process.text(
        "rev-parse", "HEAD^{tree}", cwd=other
    )


def test_no_path_of_the_installation_is_recorded(paved: Path, tmp_path: Path) -> None:
    assert run(paved, "new", "orders", cwd=tmp_path).returncode == 0
    for record in (".copier-answers.yml", ".paved-road.lock"):
        text = (tmp_path / "orders" / record).read_text()
        assert "paved:built-in" in text
        assert str(tmp_path) not in text
        assert str(paved.parent.parent) not in text


def test_the_wheel_knows_every_release_of_the_checkout(paved: Path, tmp_path: Path) -> None:
    words = ("templates", "--releases", "--json")
    from_wheel = run(paved, *words, cwd=tmp_path, env=UNPLUGGED)
    from_checkout = run(sys.executable, "-m", "paved_road", *words, cwd=tmp_path)
    assert from_wheel.stdout == from_checkout.stdout
    assert '"service"' in from_wheel.stdout


def test_an_installed_paved_has_the_catalogue_of_practices(paved: Path, tmp_path: Path) -> None:
    code = "from paved_road.practices.built_in import built_in_practices; print(*sorted(built_in_practices()))"
    done = run(paved.parent / "python", "-c", code, cwd=tmp_path)
    assert set(done.stdout.split()) == built_in_slugs(), done.stderr


@pytest.mark.soak
def test_the_sdist_has_the_catalogue_of_practices(tmp_path: Path) -> None:
    done = run("uv", "build", "--sdist", "--no-build-isolation", "--out-dir", tmp_path, PROJECT, cwd=tmp_path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = [Path(name) for name in opened.getnames()]
    assert {path.stem for path in names if path.match("practices/catalogue/*.md")} == built_in_slugs(), done.stderr


def test_an_installed_paved_is_healthy_and_completes(paved: Path, tmp_path: Path) -> None:
    assert run(paved, "--version", cwd=tmp_path).stdout.startswith("paved ")
    env = {"_PAVED_COMPLETE": "complete_bash", "COMP_WORDS": "paved new ser", "COMP_CWORD": "2"}
    assert "service" in run(paved, cwd=tmp_path, env=env).stdout.split()


def test_a_shallow_clone_fetches_the_history_that_its_wheel_carries(tmp_path: Path) -> None:
    """pre-commit makes such a clone, and builds from it."""
    shallow = tmp_path / "shallow"
    assert run("git", "clone", "--quiet", "--depth", "1", PROJECT.as_uri(), shallow, cwd=tmp_path).returncode == 0
    words = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path / "dist")
    git.process.run("remote", "set-url", "origin", tmp_path / "nowhere", cwd=shallow)
    refused = run(*words, cwd=shallow)
    assert refused.returncode != 0
    assert "a shallow clone has no history to bundle: git fetch --unshallow" in refused.stderr
    git.process.run("remote", "set-url", "origin", PROJECT.as_uri(), cwd=shallow)
    done = run(*words, cwd=shallow)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extract("paved_road/road.bundle", tmp_path)
    run("git", "clone", "--quiet", "paved_road/road.bundle", "road", cwd=tmp_path)
    commits = ("rev-list", "--count", "HEAD")
    assert git.process.text(*commits, cwd=tmp_path / "road") == git.process.text(*commits, cwd=PROJECT)


@pytest.mark.parametrize(("name", "fault"), [("text", ""), ("number", "Incompatible types in assignment")])
def test_who_imports_it_gets_its_types(wheel: Path, tmp_path: Path, name: str, fault: str) -> None:
    """Their mypy reads ours: without `py.typed` it would call the package untyped."""
    kind = {"text": "str", "number": "int"}[name]
    (tmp_path / "ours.py").write_text(
        "from pathlib import Path\n\nfrom paved_road.testing import make_road, run\n\n"
        f'road: Path = make_road(Path("road"), {{"copier.yml": ""}})\n{name}: {kind} = run("paved", cwd=road).stdout\n'
    )
    words = ("--strict", "--python-executable", wheel / "python", "--cache-dir", tmp_path / "cache")
    done = run(sys.executable, "-m", "mypy", *words, "ours.py", cwd=tmp_path)
    assert done.returncode == bool(fault), done.stdout
    assert fault in done.stdout
