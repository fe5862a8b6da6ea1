"""Which renderer a release gets: ours where it was seen to agree with Copier, else Copier; and who hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paved_road import create, debug, render
from paved_road.git.entries import File, Tree
from paved_road.render import Pristine, Renderer, inprocess, prepare
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template
from paved_road.settings.config import load_config
from paved_road.testing import evolve, make_road

LOOP = {
    "copier.yml": "items: {type: yaml, default: [a, b]}\n",
    "{% yield item from items %}{{ item }}{% endyield %}.txt.jinja": "{{ item }}\n",
}


@pytest.fixture
def heard() -> Iterator[Callable[[], str]]:
    """What was told to those who debug."""
    lines: list[str] = []
    debug.send_to(lines.append)
    yield lambda: "\n".join(lines)
    debug.send_to(lambda _: None)


def rendered(road: Path, destination: Path, **answers: Any) -> Pristine:
    config = load_config({"road": str(road)})
    form = prepare(release(find_template(open_road(config), None)), cache=config.cache_dir)
    return render.render(form, form.settle(destination, given=answers), destination)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """An in-process renderer that gets one file wrong."""
    right = inprocess.render

    def wrong(*args: Any) -> Tree:
        return {**right(*args), "hello.txt": File(b"wrong")}

    monkeypatch.setattr(inprocess, "render", wrong)


def test_a_release_is_rendered_by_both_when_it_is_first_seen(greeter: Path, tmp_path: Path) -> None:
    first, second = (rendered(greeter, tmp_path / "hi") for _ in range(2))
    assert (first.renderer, second.renderer) == (Renderer.COPIER, Renderer.OURS)
    assert first.tree == second.tree
    assert first.differences == ()


def test_the_next_release_is_seen_for_the_first_time_again(greeter: Path, tmp_path: Path) -> None:
    rendered(greeter, tmp_path / "hi")
    evolve(greeter, {"template/plain.txt": "new\n"}, tag="v1.1.0")
    assert rendered(greeter, tmp_path / "hi").renderer is Renderer.COPIER


@pytest.mark.usefixtures("faulty")
def test_where_they_differ_copier_is_right_now_and_later(
    greeter: Path, tmp_path: Path, heard: Callable[[], str]
) -> None:
    first, second = (rendered(greeter, tmp_path / "hi") for _ in range(2))
    assert first.differences == ("hello.txt",)
    assert second.renderer is Renderer.COPIER
    assert first.tree["hello.txt"].data == second.tree["hello.txt"].data == b"Hello, world!\n"
    assert "the in-process renderer and Copier differ in hello.txt" in heard()


@pytest.mark.usefixtures("faulty")
def test_new_names_the_files_that_differ_and_asks_nothing_of_a_person(greeter: Path, tmp_path: Path) -> None:
    plan = create.plan(
        create.CreateRequest(destination=tmp_path / "hi", answers={}), load_config({"road": str(greeter)})
    )
    assert plan.notes == (
        "paved's fast renderer differs from Copier in hello.txt, so Copier rendered the files; no action is needed",
    )


def test_what_ours_does_not_cover_is_rendered_by_copier(tmp_path: Path, heard: Callable[[], str]) -> None:
    road = make_road(tmp_path / "road", LOOP)
    for _ in range(2):
        pristine = rendered(road, tmp_path / "hi", items=["x"])
        assert pristine.renderer is Renderer.COPIER
        assert pristine.tree["x.txt"].data == b"x\n"
    assert "not rendered in-process: the template loops over files" in heard()


def test_a_folder_without_history_is_verified_every_time(greeter: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    greeter.rename(plain)
    (plain / ".git").rename(tmp_path / "git")
    assert [rendered(plain, tmp_path / "hi").renderer for _ in range(2)] == [Renderer.COPIER, Renderer.COPIER]
