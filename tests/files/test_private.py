"""The cache is used only where nobody else can have written it: what lies there decides what runs."""

from __future__ import annotations

import io
import marshal
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paved_road.errors import ConfigError
from paved_road.files import private
from paved_road.settings import config
from paved_road.testing import Ran, make_road, paved, run

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A process looks once; every test here is a process of its own."""
    private.private_folder.cache_clear()
    yield
    private.private_folder.cache_clear()


@pytest.fixture
def cache() -> Path:
    return config.load_config().cache_dir


@pytest.fixture
def road(tmp_path: Path) -> Path:
    return make_road(
        tmp_path / "road",
        {"copier.yml": "name: x\n", "a.txt.jinja": "{{ name }}\n", "paved-road.yml": "owners: {road: [a.txt]}\n"},
    )


def new(road: Path, tmp_path: Path, name: str = "svc") -> Ran:
    return paved("new", tmp_path / name, "--road", f"file://{road}", "--defaults")


def test_a_cache_is_made_for_us_alone(road: Path, tmp_path: Path, cache: Path) -> None:
    before = os.umask(0o002)
    try:
        assert new(road, tmp_path).returncode == 0
    finally:
        os.umask(before)
    assert cache.stat().st_mode & 0o777 == 0o700
    assert private.why_not_private(cache / "roads") == ""


@pytest.mark.parametrize("folder", ["", "roads", "jinja", "verified"])
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
def test_a_cache_that_others_can_write_is_not_used(
    folder: str, mode: int, road: Path, tmp_path: Path, cache: Path
) -> None:
    shared = cache / folder
    shared.mkdir(parents=True, exist_ok=True)
    cache.chmod(0o755)
    shared.chmod(mode)
    said = new(road, tmp_path)
    assert said.returncode == 2
    assert "cannot use the cache" in said.stderr
    assert f"others can write {shared} (mode {mode:04o})" in said.stderr
    assert not (tmp_path / "svc").exists()
    assert f"others can write {shared}" in paved("doctor").stdout.replace("\n", "")


def above(path: Path) -> None:
    path.parent.chmod(0o777)


def through_a_link(path: Path) -> None:
    """The way to the cache is a link in a folder that others can write."""
    (path.parent / "open").mkdir()
    path.mkdir()
    path.rename(path.parent / "real")
    (path.parent / "open" / "link").symlink_to(path.parent / "real")
    path.symlink_to(path.parent / "open" / "link")
    (path.parent / "open").chmod(0o777)


@pytest.mark.parametrize("make", [above, through_a_link])
def test_every_step_on_the_way_counts(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paved_road.files.private.is_closed", lambda *_: False)  # pytest's own folder is
    place = tmp_path / "on" / "the-way"
    place.parent.mkdir()
    make(place)
    assert "others can write" in private.why_not_private(place)
    with pytest.raises(ConfigError, match="cannot use the cache"):
        private.private_folder(place, "jinja")


def test_a_sticky_folder_above_is_fine_and_a_closed_one_is_enough(tmp_path: Path) -> None:
    (tmp_path / "tmp" / "mine").mkdir(parents=True)
    (tmp_path / "tmp").chmod(0o1777)
    assert private.why_not_private(tmp_path / "tmp" / "mine") == ""
    (tmp_path / "closed" / "group" / "mine").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    (tmp_path / "closed" / "group").chmod(0o775)
    assert private.why_not_private(tmp_path / "closed" / "group" / "mine") == ""
    assert "others can write" in private.why_not_private(tmp_path / "closed" / "group")


@root_only
@pytest.mark.parametrize("folder", ["", "roads", "jinja", "verified"])
def test_a_cache_of_somebody_else_is_not_used(folder: str, road: Path, tmp_path: Path, cache: Path) -> None:
    (cache / folder).mkdir(parents=True, exist_ok=True)
    os.chown(cache / folder, NOBODY, NOBODY)
    said = new(road, tmp_path)
    assert (said.returncode, f"belongs to the user {NOBODY}" in said.stderr) == (2, True)


@root_only
def test_a_copy_of_a_road_that_somebody_else_made_is_not_used(road: Path, tmp_path: Path, cache: Path) -> None:
    assert new(road, tmp_path).returncode == 0
    (copy,) = (cache / "roads").glob("*.git")
    os.chown(copy, NOBODY, NOBODY)
    private.private_folder.cache_clear()
    said = new(road, tmp_path, "second")
    assert (said.returncode, f"other users may write to {copy}" in said.stderr) == (2, True)
    assert "cache" in paved("doctor").stdout


def test_doctor_closes_and_empties_a_cache_of_ours(road: Path, tmp_path: Path, cache: Path) -> None:
    assert new(road, tmp_path).returncode == 0
    cache.chmod(0o777)
    assert "emptied it" in paved("doctor", "--fix").stderr
    assert not (cache / "roads").exists()
    private.private_folder.cache_clear()
    assert new(road, tmp_path, "second").returncode == 0


def test_a_cache_that_is_not_needed_is_not_looked_at(road: Path, tmp_path: Path, cache: Path) -> None:
    assert new(road, tmp_path).returncode == 0
    cache.chmod(0o777)
    private.private_folder.cache_clear()
    assert paved("drift", tmp_path / "svc").returncode == 0


# -- compiled templates ------------------------------------------------------------------------------------------------


def planted(file: Path, marker: Path, road: Path) -> None:
    """Put code of ours in the place of a compiled template, in Jinja's own format."""
    from jinja2.bccache import bc_magic

    code = compile(f"open({str(marker)!r}, 'w')", "evil", "exec")
    content = file.read_bytes()
    body = content[content.index(bc_magic) :]
    stream = io.BytesIO(body[len(bc_magic) :])
    checksum = pickle.load(stream)
    file.write_bytes(content[: content.index(bc_magic)] + bc_magic + pickle.dumps(checksum, 2) + marshal.dumps(code))


def new_process(road: Path, tmp_path: Path) -> Path:
    """A service stamped by a process that has compiled nothing yet."""
    command = (sys.executable, "-m", "paved_road", "new", tmp_path / "again", "--road", f"file://{road}", "--defaults")
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "again"


def test_compiled_templates_that_we_did_not_write_are_not_run(road: Path, tmp_path: Path, cache: Path) -> None:
    """Also in a folder of ours: a cache is copied about, by CI servers above all."""
    assert [new(road, tmp_path, str(n)).returncode for n in range(2)] == [0, 0]
    files = list((cache / "jinja").iterdir())
    assert files
    for file in files:
        planted(file, tmp_path / "ran", road)
    assert (new_process(road, tmp_path) / "a.txt").read_text() == "x\n"
    assert not (tmp_path / "ran").exists()


def test_a_compiled_template_is_not_taken_for_another(road: Path, tmp_path: Path, cache: Path) -> None:
    assert new(road, tmp_path).returncode == 0
    files = sorted((cache / "jinja").iterdir())
    contents = [file.read_bytes() for file in files]
    checksums = {content[32:80] for content in contents}
    for file, content in zip(files, contents[1:] + contents[:1], strict=True):
        file.write_bytes(content)
    assert len(checksums) > 1
    assert (new_process(road, tmp_path) / "a.txt").read_text() == "x\n"


def test_without_a_place_for_the_key_nothing_compiled_is_kept(road: Path, tmp_path: Path, cache: Path) -> None:
    key = config.user_file().with_name("cache-key")
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)
    assert new(road, tmp_path).returncode == 0
    assert not (cache / "jinja").exists()
