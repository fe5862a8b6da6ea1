"""Shell completion, as a shell runs it when someone presses the tab key: in a process, with its variables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from paved_road.testing import evolve, make_road
from tests.practices import world as practices

Paved = Callable[..., CompletedProcess[str]]
Tab = Callable[..., list[str]]


@pytest.fixture
def road(tmp_path: Path) -> Path:
    return make_road(
        tmp_path / "road",
        {
            "templates/web/copier.yml": (
                "_subdirectory: template\n"
                "port: {type: int, default: 80}\n"
                "debug: {type: bool, default: false}\n"
                "tier: {type: str, default: gold, choices: [gold, silver]}\n"
            ),
            "templates/web/paved-road.yml": "owners: {road: [hello.txt]}\n",
            "templates/web/template/hello.txt": "hello\n",
            "templates/web/template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
            "templates/job/copier.yml": "x: 1\n",
        },
        tag="web/v1.0.0",
    )


@pytest.fixture
def service(road: Path, tmp_path: Path, here: Paved) -> Path:
    """A service with a deviation; its road has a newer release."""
    path = tmp_path / "orders"
    assert here("new", "web", path, "--road", road, "--defaults").returncode == 0
    (path / "hello.txt").write_text("ours\n")
    assert here("off-road", "new", "own-greeting", "--path", "hello.txt", "-C", path).returncode == 0
    evolve(path, {})
    evolve(road, {"templates/web/template/hello.txt": "good day\n"}, tag="web/v1.1.0")
    return path


def asked(shell: str, *words: str | Path, cwd: Path, **env: str) -> CompletedProcess[str]:
    """Run paved as the shell's script does; the last word is the one at the cursor."""
    typed = ["paved", *map(str, words)]
    variables = {
        "_PAVED_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "\n".join(typed),
        "COMP_CWORD": str(len(typed) - 1),
        "_TYPER_COMPLETE_ARGS": " ".join(typed),
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    program = Path(sys.executable).with_name("paved")
    return subprocess.run(
        [program], env=os.environ | variables | env, cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture
def tab(service: Path) -> Tab:
    """`tab("off-road", "sh")` in the service's folder, in bash."""

    def complete(*words: str | Path, cwd: Path = service, **env: str) -> list[str]:
        done = asked("bash", *words, cwd=cwd, **env)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    return complete


def test_commands_and_options(tab: Tab) -> None:
    assert tab("off") == ["off-road"]
    assert tab("off-road", "re") == ["renew", "rename", "report"]
    assert tab("help", "off-road", "cl") == ["close"]
    assert tab("status", "--of") == ["--offline"]
    assert {"-C", "-v", "-q", "-h", "--json"} <= set(tab("status", "-"))


@pytest.mark.parametrize("command", ["show", "accept", "renew", "close"])
def test_the_slugs_of_the_service(command: str, tab: Tab, service: Path, tmp_path: Path) -> None:
    assert tab("off-road", command, "") == ["own-greeting"]
    assert tab("off-road", command, "x") == []
    assert tab("-C", service, "off-road", command, "own", cwd=tmp_path) == ["own-greeting"]
    assert tab("off-road", command, "-C", service, "own", cwd=tmp_path) == ["own-greeting"]
    assert tab("off-road", command, "--service", service, "own", cwd=tmp_path) == ["own-greeting"]
    assert tab("off-road", command, "own", cwd=service / "docs") == ["own-greeting"]


@pytest.mark.parametrize("command", ["accept", "renew", "close"])
def test_commands_that_change_a_record_do_not_offer_closed_ones(
    command: str, tab: Tab, service: Path, here: Paved
) -> None:
    record = service / "docs/off-road/own-greeting.md"
    reason = "reason: The greeting of this service is printed on paper, whose layout takes four letters and no more."
    record.write_text(re.sub(r"^reason:.*$", reason, record.read_text(), flags=re.MULTILINE))
    done = here("off-road", "close", "own-greeting", "--as", "rejected", "--service", service)
    assert done.returncode == 0, done.stderr
    assert tab("off-road", command, "") == []
    assert tab("off-road", "show", "") == ["own-greeting"]


def test_values_in_records(tab: Tab) -> None:
    assert tab("off-road", "rename", "") == ["hello.txt"]
    assert tab("off-road", "new", "--path", "") == ["hello.txt"]
    assert tab("off-road", "new", "--risk", "") == ["low", "medium", "high"]
    assert tab("off-road", "new", "--kind", "op") == ["operational-need"]
    assert tab("off-road", "new", "--support", "") == ["team", "platform"]
    assert tab("off-road", "close", "x", "--as", "re") == ["resolved", "revoked", "rejected"]
    assert tab("off-road", "close", "x", "--superseded-by", "o") == ["own-greeting"]
    assert tab("off-road", "check", "--format", "sa") == ["sarif"]


def test_templates_and_releases(tab: Tab, road: Path, tmp_path: Path) -> None:
    assert tab("new", "--road", road, "") == ["job", "web"]
    assert tab("new", "", cwd=tmp_path, PAVED_ROAD=str(road)) == ["job", "web"]
    assert tab("new", "--road", road, "web", "x", "--ref", "") == ["1.1.0", "1.0.0"]
    assert tab("update", "--to", "1.1") == ["1.1.0"], "of the service's own road"
    assert tab("adopt", ".", "--road", road, "--template", "w") == ["web"]


def test_practices_with_those_of_a_road(tab: Tab, tmp_path: Path) -> None:
    for words in (["explain"], ["off-road", "new", "--practice"], ["check", "--select"]):
        assert tab(*words, "stateful") == ["stateful-redundancy"]
        assert tab(*words, "stateful", cwd=tmp_path) == ["stateful-redundancy"], "in no service"
    own = make_road(tmp_path / "own", practices.ROAD)
    assert tab("practice", "verify", "", cwd=own) == [practices.OWN]
    assert tab("practice", "verify", "--road", own, "ac", cwd=tmp_path) == [practices.OWN]


def test_questions_and_then_their_answers(tab: Tab, road: Path) -> None:
    assert tab("new", "--road", road, "web", "x", "--data", "t") == ["tier=", "tier=gold", "tier=silver"]
    assert tab("update", "--data", "p") == ["port="]
    # bash takes a word apart at each =, and completes what comes after it.
    assert tab("new", "--road", road, "web", "x", "-d", "tier", "=") == ["gold", "silver"]
    assert tab("new", "--road", road, "web", "x", "-d", "tier", "=", "g") == ["gold"]
    assert tab("update", "--data", "debug", "=", "t") == ["true"]
    assert tab("update", "--data", "debug", "=", "true", "--data", "p") == ["port="]
    assert tab("off-road", "new", "--risk", "=", "h") == ["high"]
    assert tab("off-road", "new", "--risk", "=") == ["low", "medium", "high"]
    assert tab("update", "--data", "=", "tier", "=", "s") == ["silver"]


def test_settings_and_schemas(tab: Tab) -> None:
    assert tab("config", "set", "limits.") == ["limits.seconds", "limits.files", "limits.bytes"]
    assert tab("schema", "paved") == ["paved-road.yml"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_the_same_completions(shell: str, service: Path) -> None:
    for words, expected in (
        (("off-road", "show", "o"), "own-greeting"),
        (("update", "--data", "tier=s"), "tier=silver"),
        (("update", "--to", "1.1"), "1.1.0"),
    ):
        done = asked(shell, *words, cwd=service)
        assert (done.returncode, done.stderr) == (0, "")
        assert expected in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("off-road", "show", ""),
        ("off-road", "show", "--service", "nowhere", ""),
        ("-C", "nowhere", "off-road", "show", ""),
        ("update", "--to", ""),
        ("new", "--road", "nowhere", "x", "--ref", ""),
        ("new", "--road", "https://127.0.0.1:1/x.git", "--data", ""),
        ("-v", "new", "--road", "gh:acme/road", ""),
        ("help", "nonsense", ""),
        ("new", "'unbalanced", ""),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_that_fails_prints_nothing_and_fetches_nothing(
    shell: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/.copier-answers.yml").write_text("_src_path: [\n")
    done = asked(shell, *words, cwd=tmp_path / "empty", PAVED_CONFIG=str(tmp_path / "empty"))
    assert (done.stdout.strip(), done.stderr) in (("", ""), ("_files", ""))
    assert not (Path(os.environ["PAVED_CACHE"]) / "roads").exists()


def test_bash_completes_with_the_script_that_paved_prints(service: Path) -> None:
    program = Path(sys.executable).with_name("paved")
    script = f"""
        eval "$(_PAVED_COMPLETE=source_bash '{program}')"
        COMP_WORDS=('{program}' off-road show o) COMP_CWORD=3
        _paved_completion '{program}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], cwd=service, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("own-greeting\n", "")
