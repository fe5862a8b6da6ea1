"""The built documentation is a place one can read in: from disk, without a network, in the dark and on a phone."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer.main

from paved_road.cli import app
from paved_road.testing import run

PROJECT = Path(__file__).parent.parent
ASSETS = PROJECT / "docs" / "assets"
SVG = "{http://www.w3.org/2000/svg}"
OUTSIDE = re.compile(r"(?:https?:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, without a warning."""
    built = tmp_path_factory.mktemp("site")
    done = run(
        sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", built, cwd=PROJECT,
        env={"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return built


def test_the_site_knows_every_command(site: Path) -> None:
    reference = (site / "reference" / "cli.html").read_text()
    for name in _commands(typer.main.get_command(app), "paved"):
        assert f'id="{name.replace(" ", "-")}"' in reference, name


def test_the_site_fetches_nothing(site: Path) -> None:
    loaded = {(page.name, what) for page in site.rglob("*.html") for what in _loads(page.read_text())}
    assert loaded
    assert [one for one in loaded if OUTSIDE.match(one[1])] == []
    styles = [style for style in (site / "assets").rglob("*.css") if OUTSIDE.search(_fetched_by(style.read_text()))]
    assert styles == []


def test_what_a_page_loads_is_seen() -> None:
    page = '<img src="https://a/b.png"><a href="https://a/">a</a><link rel="icon" href="//c/d.ico"><script src="e.js">'
    assert list(_loads(page)) == ["https://a/b.png", "//c/d.ico", "e.js"]
    assert OUTSIDE.search(_fetched_by('@import "//a/b.css"; p { background: url(c.png) }'))


def test_the_search_works_from_disk(site: Path) -> None:
    assert (site / "search" / "search_index.js").read_text().startswith("var __index = {")
    for page in _pages(site):
        loaded = list(_loads(page.read_text()))
        shim = next(what for what in loaded if what.endswith("iframe-worker.js"))
        assert (page.parent / shim).is_file(), page


def test_every_page_is_in_the_navigation(site: Path) -> None:
    index = (site / "index.html").read_text()
    linked = set(re.findall(r'<a href="([^"#]+\.html)"[^>]*class="md-nav__link', index))
    pages = {str(page.relative_to(site)) for page in _pages(site)}
    assert pages - linked - {"index.html"} == set()


def test_a_generated_page_takes_the_place_of_a_file_that_says_so_on_a_git_host(site: Path) -> None:
    stubs = [page for page in (PROJECT / "docs" / "reference").glob("*.md") if "`make docs` makes" in page.read_text()]
    assert len(stubs) > 5
    for stub in stubs:
        built = (site / "reference" / stub.with_suffix(".html").name).read_text()
        heading = stub.read_text().splitlines()[0].removeprefix("# ")
        assert re.search(rf"<h1[^>]*>{re.escape(heading)}<", built), stub
        assert "make docs" not in built, stub


def test_the_theme_follows_the_system_until_the_reader_chooses(site: Path) -> None:
    index = (site / "index.html").read_text()
    schemes = re.findall(r'data-md-color-media="([^"]*)" data-md-color-scheme="([^"]*)"', index)
    assert schemes == [
        ("(prefers-color-scheme)", "default"),
        ("(prefers-color-scheme: light)", "default"),
        ("(prefers-color-scheme: dark)", "slate"),
    ]


def test_no_line_of_the_help_is_cut(site: Path) -> None:
    text = (site / "reference" / "cli.html").read_text()
    blocks = re.findall(r'<div class="language-text highlight">(.*?)</div>', text, re.DOTALL)
    lines = [line.rstrip() for block in blocks for line in unescape(re.sub(r"<[^>]*>", "", block)).splitlines()]
    assert len(lines) > 100
    assert [line for line in lines if len(line) > 108] == []  # as many fit into a window of 1,400 pixels
    # A longer one, on another page, goes on in the next line.
    assert re.search(r"\.language-text pre > code \{[^}]*white-space: pre-wrap", (ASSETS / "site.css").read_text())


@pytest.mark.parametrize("path", sorted(ASSETS.glob("*.svg")), ids=lambda path: path.name)
def test_a_drawing_says_what_it_shows_and_fetches_nothing(path: Path) -> None:
    drawing = ET.fromstring(path.read_text())
    assert drawing.get("role") == "img"
    named = (drawing.get("aria-labelledby") or "").split()
    texts = [drawing.find(f"{SVG}title"), drawing.find(f"{SVG}desc")]
    assert [one.get("id") for one in texts if one is not None and (one.text or "").strip()] == named
    assert drawing.get("viewBox")
    for element in drawing.iter():
        assert element.tag != f"{SVG}script"
        assert not any(value.startswith(("http:", "https:", "//", "data:")) for value in element.attrib.values())
    assert not OUTSIDE.search(_fetched_by(path.read_text()))


def test_every_picture_has_a_text_for_those_who_do_not_see_it() -> None:
    for page in (PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")):
        for text, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", page.read_text()):
            assert len(text.split()) > 3, f"{page.name}: {target}"
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def _pages(site: Path) -> list[Path]:
    return [page for page in sorted(site.rglob("*.html")) if page.name != "404.html"]


def _commands(command: object, name: str) -> Iterator[str]:
    yield name
    for word, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{name} {word}")


def _loads(page: str) -> Iterator[str]:
    """What a browser loads when it shows the page: not what a reader may click."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            where = given.get("href") if tag == "link" and given.get("rel") != "canonical" else given.get("src")
            if where and tag in ("script", "link", "img", "iframe", "source", "video", "object"):
                found.append(where)

    Reader().feed(page)
    yield from found


def _fetched_by(style: str) -> str:
    """What a style sheet (or the one in a drawing) names to be fetched."""
    return "\n".join(re.findall(r"""(?:@import\s+|url\()\s*["']?((?!data:)[^"')\s]+)""", style))
