"""Which `paved` the stamped pipeline runs: the pinned one, named in one place; when it cannot be had, a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from paved_road import __version__
from paved_road.cli import main
from paved_road.testing import evolve, run, write_files
from tests.stamped.delivered import form, stamped
from tests.stamped.world import stamp

ANSWERS = ".copier-answers.yml"
COMMIT = "paved-road@git+https://git.example.com/platform/paved-road@0123abcd"


@pytest.fixture
def uvx(tmp_path: Path) -> dict[str, str]:
    """A uvx that writes down what it is asked, a word on each line, in an environment that finds it first."""
    write_files(tmp_path, {"bin/uvx*": f"#!/bin/sh\nprintf '%s\\n' \"$@\" >>'{tmp_path}/asked'\n"})
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}


def test_the_default_is_the_version_that_stamps() -> None:
    assert form().config.questions["paved"]["default"] == f"paved-road=={__version__}"


def test_the_answer_is_in_one_file_beside_the_answers() -> None:
    default, other = stamped(), stamped(paved=COMMIT)
    assert {path for path in default if default[path] != other[path]} == {"dev/paved", ANSWERS}
    named = {path for path, text in default.items() if re.search(r"paved-road[=@ ]+\d", text)}
    assert named == {"dev/paved", ANSWERS}, "no other file names a version"


@pytest.mark.parametrize(
    "requirement",
    ["paved-road==0.1.0", "acme-paved~=1.2", "paved-road>=1,!=1.1", COMMIT,
     "./vendor/paved_road-0.1.0-py3-none-any.whl",
     "paved-road@https://files.example.com/paved_road-0.1.0%2Blocal-py3-none-any.whl#sha256=00"],
)  # fmt: skip
def test_a_requirement_reaches_uv_as_it_is(tmp_path: Path, uvx: dict[str, str], requirement: str) -> None:
    write_files(tmp_path, {"Makefile": stamped()["Makefile"], "dev/paved*": stamped(paved=requirement)["dev/paved"]})
    done = run("make", "road", cwd=tmp_path, env=uvx)
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text()
    for words in (["--version"], ["drift"], ["off-road", "check"]):
        assert "\n".join(["--from", requirement, "paved", *words, ""]) in asked


@pytest.mark.parametrize(
    "requirement",
    ["", " ", "paved road", "x'; touch pwned; '", '"x"', "$(touch pwned)", "${{ secrets.X }}", "`x`", "--with=x", "x\n",
     "x\ny", "{{ name }}", "a\\b", "x;y", "x|y", "a&b"],
)  # fmt: skip
def test_what_a_shell_would_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], requirement: str
) -> None:
    write_files(tmp_path, {"given.yml": yaml.safe_dump({"paved": requirement})})
    words = ["new", str(tmp_path / "orders"), "--ref", "HEAD", "--defaults", "--answers", str(tmp_path / "given.yml")]
    assert main(words) == 2
    assert "the answer to 'paved' is not valid" in capsys.readouterr().err
    assert not (tmp_path / "orders").exists()


def test_a_paved_that_cannot_be_had_is_told_in_one_line(tmp_path: Path) -> None:
    files = stamped()
    write_files(tmp_path, {"Makefile": files["Makefile"], "dev/paved*": files["dev/paved"]})
    nothing = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_TOOL_DIR": str(tmp_path / "tools")}
    done = run("make", "--silent", "road", cwd=tmp_path, env=nothing)
    assert done.returncode == 2
    error, make = done.stderr.splitlines()
    assert re.fullmatch(
        r"error: cannot get paved-road==\S+ \(.+\); set the answer 'paved' \(README.md, On the road\)", error
    )
    assert re.match(r"make(\[\d+\])?: \*\*\*", make)
    assert "\n## On the road\n" in files["README.md"]
    without_uv = run("dev/paved", "drift", cwd=tmp_path, env={"PATH": "/usr/bin:/bin"})
    assert without_uv.returncode == 2
    assert re.fullmatch(r"error: cannot get .*uvx: not found\); set the answer .*\n", without_uv.stderr)


def test_another_one_is_pinned_by_an_update_and_stays(tmp_path: Path) -> None:
    service = stamp(tmp_path / "orders")
    assert main(["update", str(service), "--to", "HEAD", "--data", f"paved={COMMIT}", "--commit"]) == 0
    assert COMMIT in (service / "dev/paved").read_text()
    assert main(["drift", str(service)]) == 0
    evolve(service, {"README.md": "ours\n"})
    assert main(["update", str(service), "--to", "HEAD", "--defaults", "--commit"]) == 0
    assert COMMIT in (service / ANSWERS).read_text()
