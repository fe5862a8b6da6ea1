"""What public templates do, over an update: paved beside plain Copier, and what is right."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Ran, contents, evolve, make_road, paved
from tests.render.shapes import SHAPES, Shape
from tests.renderers import assume_agreement


@pytest.fixture(autouse=True)
def copiers_own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copier keeps clones, and reads a person's settings; here neither is anybody's. Its repositories have no hooks."""
    monkeypatch.setenv("GIT_TEMPLATE_DIR", "")
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "copiers"))
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "settings.yml"))


@pytest.mark.parametrize("name", SHAPES)
def test_a_public_templates_shape(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = SHAPES[name]
    if shape.covered:  # this test compares with Copier itself
        assume_agreement(monkeypatch)
    road = make_road(tmp_path / "road", shape.old)
    mine, theirs = tmp_path / "mine" / "service", tmp_path / "theirs" / "service"
    _create(shape, road, mine, theirs)
    assert _made(mine) == _made(theirs)
    evolve(road, shape.new, tag="v2.0.0")
    for service in (mine, theirs):
        evolve(service, shape.edit, message="Our work")
    _expect(1, paved("status", mine))
    _expect(0, paved("drift", mine))
    _update(shape, mine)
    found = _made(mine)
    assert {path: found.get(path) for path in shape.after} == dict(shape.after)
    _copier_updates(shape, theirs)
    if shape.copier:
        assert _made(theirs) != found, "Copier is right now: say so in the shape"
    else:
        assert _made(theirs) == found


def _create(shape: Shape, road: Path, mine: Path, theirs: Path) -> None:
    """A service of the first release, by both."""
    from copier import run_copy

    given = [word for key, value in shape.answers.items() for word in ("--data", f"{key}={value}")]
    _expect(0, paved("new", mine, "--road", road, "--defaults", *given, *_trust(shape)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_copy(str(road), theirs, data=dict(shape.answers), defaults=True, quiet=True, unsafe=shape.trust)
    git.process.run("init", "--quiet", theirs)
    evolve(theirs, {}, message="Made by Copier")


def _update(shape: Shape, service: Path) -> None:
    """A dry run that changes nothing, and an update that does what it said."""
    before = _made(service)
    code = int(bool(shape.conflicts))
    dry = paved("update", service, "--dry-run", "--defaults", "--json", *_trust(shape))
    _expect(code, dry)
    assert _made(service) == before
    done = paved("update", service, "--defaults", "--json", *_trust(shape))
    _expect(code, done)
    assert tuple(done.envelope["result"]["conflicts"]) == shape.conflicts
    if not shape.trust:  # a dry run runs nothing of the template's, and says so
        assert done.envelope["result"]["changes"] == dry.envelope["result"]["changes"]
    if not code:
        evolve(service, {}, message="Updated")
        _expect(0, paved("status", service))


def _copier_updates(shape: Shape, service: Path) -> None:
    from copier import run_update

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_update(
            service, answers_file=shape.answers_file, defaults=True, overwrite=True, quiet=True, unsafe=shape.trust
        )


def _trust(shape: Shape) -> tuple[str, ...]:
    return ("--trust",) if shape.trust else ()


def _made(service: Path) -> dict[str, str]:
    """The service's files with their modes; but for the answers, whose comment may differ."""
    found = contents(service)
    return {path: text for path, text in found.items() if not path.endswith(("answers.yml", ".rej"))} | {
        f"{path} is executable": "" for path in found if (service / path).stat(follow_symlinks=False).st_mode & 0o100
    }


def _expect(code: int, said: Ran) -> None:
    assert said.returncode == code, said.stdout + said.stderr
