"""What plain Copier makes of a service that paved stamped: it works on it, or it stops before it writes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from paved_road import git, testing
from paved_road.git import address
from paved_road.testing import Files, evolve, make_road

Here = Callable[..., CompletedProcess[str]]

FILES: Files = {
    "copier.yml": "_subdirectory: template\nname: {type: str, default: world}\n",
    "template/hello.txt.jinja": "Hello, {{ name }}!\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
}
GREETS: Files = {"template/hello.txt.jinja": "Hi, {{ name }}!\n"}


def below(folder: str, files: Files) -> Files:
    return {f"{folder}/{path}": content for path, content in files.items()}


@pytest.fixture
def single(tmp_path: Path) -> Path:
    """A road with its template at the root, and a second release."""
    return evolve(make_road(tmp_path / "single", FILES), GREETS, tag="v1.1.0")


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A road of two templates, and a second release."""
    files = {**below("templates/greeter", FILES), **below("templates/other", FILES), "README.md": "# The road\n"}
    return evolve(make_road(tmp_path / "several", files), below("templates/greeter", GREETS), tag="v1.1.0")


def copier(service: Path, *words: str) -> CompletedProcess[str]:
    return testing.run(sys.executable, "-m", "copier", *words, cwd=service)


@pytest.mark.parametrize(
    ("command", "code", "greeting"),
    [
        (("update", "--defaults"), 0, "Hi, Ada!\n"),
        (("recopy", "--defaults", "--overwrite"), 0, "Hi, Ada!\n"),
        (("check-update", "--quiet"), 2, "Hello, Ada!\n"),
        (("check-update",), 0, "Hello, Ada!\n"),
    ],
)
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_road_of_one_template_is_copiers_too(
    here: Here, single: Path, command: tuple[str, ...], code: int, greeting: str, scheme: str
) -> None:
    stamped = here("new", "hi", "--road", f"{scheme}{single}", "--ref", "1.0.0", "--data", "name=Ada", "--defaults")
    assert stamped.returncode == 0, stamped.stderr
    done = copier(Path("hi"), *command)
    assert done.returncode == code, done.stderr
    assert Path("hi/hello.txt").read_text() == greeting
    assert yaml.safe_load(Path("hi/.copier-answers.yml").read_text())["name"] == "Ada"


@pytest.mark.parametrize(
    "command", [("update", "--defaults"), ("recopy", "--defaults", "--overwrite"), ("check-update",)]
)
@pytest.mark.parametrize("kind", ["several", "several, by its URL", "several, as a relative path", "built-in"])
def test_for_any_other_road_copier_stops_before_it_writes(
    here: Here, several: Path, command: tuple[str, ...], kind: str
) -> None:
    road = {
        "several": str(several),
        "several, by its URL": f"file://{several}",
        "several, as a relative path": "../several",
        "built-in": "paved:built-in",
    }[kind]
    template = ["service"] if kind == "built-in" else ["greeter"]
    assert here("new", *template, "hi", "--road", road, "--defaults").returncode == 0
    before, written = git.process.text("rev-parse", "HEAD", cwd=Path("hi")), _files(Path("hi"))
    done = copier(Path("hi"), *command)
    assert done.returncode == 1
    assert re.search(r"Local template must be a directory|only supported in git-tracked templates", done.stderr)
    assert (git.process.text("rev-parse", "HEAD", cwd=Path("hi")), _files(Path("hi"))) == (before, written)
    assert git.process.text("status", "--porcelain", cwd=Path("hi")) == ""


def _files(service: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in service.rglob("*") if path.is_file() and ".git" not in path.parts}


def test_what_is_recorded_names_the_template_and_paved_reads_it(here: Here, several: Path) -> None:
    here("new", "greeter", "hi", "--road", several, "--ref", "1.0.0", "--defaults")
    service = Path("hi")
    record = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert record == {"_src_path": f"paved:{several}#templates/greeter", "_commit": "v1.0.0", "name": "world"}
    assert here("status", service).returncode == 1
    assert here("update", service, "--commit").returncode == 0
    assert (service / "hello.txt").read_text() == "Hi, world!\n"
    assert "is at greeter 1.1.0 (the latest)" in here("status", service).stdout


def test_a_record_of_the_road_alone_is_read_and_the_update_names_the_template(here: Here, several: Path) -> None:
    here("new", "greeter", "hi", "--road", several, "--ref", "1.0.0", "--defaults")
    service = Path("hi")
    answers = (service / ".copier-answers.yml").read_text()
    evolve(service, {".copier-answers.yml": answers.replace("paved:", "").replace("#templates/greeter", "")})
    assert here("status", service).stderr == ""
    assert here("drift", service).returncode == 0
    assert here("update", service, "--commit").returncode == 0
    record = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert record["_src_path"] == f"paved:{several}#templates/greeter"


def test_without_a_lock_the_record_says_which_template_it_is(here: Here, several: Path) -> None:
    here("new", "greeter", "hi", "--road", several, "--ref", "1.0.0", "--defaults")
    service = Path("hi")
    evolve(service, {".paved-road.lock": None})
    done = here("update", service, "--commit")
    assert done.returncode == 0, done.stderr
    assert (service / "hello.txt").read_text() == "Hi, world!\n"


@pytest.mark.parametrize(
    "source", ["gh:acme/road", "git@localhost:road.git", "/a/road", "../road", "git+https://localhost/r.git", "/a#b"]
)
def test_a_recorded_address_is_read_back(source: str) -> None:
    assert address.as_recorded(address.recorded(source, "templates/x")) == (source, "templates/x")
    assert address.as_recorded(address.recorded(source, "")) == (source, "")


def test_the_built_in_road_is_recorded_by_its_name() -> None:
    assert address.recorded("paved:built-in", "templates/service") == "paved:built-in"
    assert address.as_recorded("paved:built-in") == ("paved:built-in", "")
