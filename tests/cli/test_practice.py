"""`paved practice`: a practice is begun with its files, and counts once it is proven."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from paved_road.git.entries import File
from paved_road.practices.model import CheckKind
from paved_road.practices.of_road import own_practices
from paved_road.testing import evolve, make_road, paved, write_files
from tests.practices.world import CODE, OWN, PAGE, ROAD
from tests.renderers import assume_agreement

URL = "https://wiki.acme.example/outages/31"


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assume_agreement(monkeypatch)
    made = make_road(tmp_path / "road", ROAD)
    monkeypatch.chdir(made)
    return made


def verified(*words: str) -> dict[str, tuple[bool, str]]:
    done = paved("practice", "verify", "--trust", "--json", *words)
    proofs = done.envelope["result"]["practices"]
    assert done.returncode == int(not all(one["proven"] for one in proofs))
    return {one["slug"]: (one["proven"], one["reason"]) for one in proofs}


def test_a_check_that_passes_the_stamped_service_and_fails_the_seeded_one_is_proven(road: Path) -> None:
    assert verified() == {OWN: (True, "the service has no queue for tickets")}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            'write_text("")',
            'write_text("elsewhere")',
            "the check passes the service in which break_it seeded the fault",
        ),
        ('(service / "TICKETS").write_text("")', "pass", "break_it changed no file of the service"),
        ('(service / "TICKETS").write_text("")', "raise KeyError", "break_it failed: KeyError"),
        ("if not files", "if files", "does not pass the freshly stamped service, but says failed: the service has no"),
        ("    if not", "    return 1 / 0\n    if not", "but says error: the check itself failed: ZeroDivisionError"),
        ("def break_it", "def brake_it", f"practices/{OWN}.py:1: the function break_it(service: Path) is missing"),
        ('"acme-ticket"', '"acme-tickets"', f"practices/{OWN}.py:13: the check is of 'acme-tickets'"),
    ],
)
def test_whatever_proves_nothing_is_refused_with_the_reason(road: Path, old: str, new: str, reason: str) -> None:
    assert old in CODE
    write_files(road, {f"practices/{OWN}.py": CODE.replace(old, new)})
    proven, said = verified(OWN)[OWN]
    assert not proven
    assert reason in said


def test_code_runs_only_with_trust(road: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    write_files(road, {f"practices/{OWN}.py": f'{CODE}Path("{witness}").write_text("")\n'})
    done = paved("practice", "verify")
    assert done.returncode == 2
    assert f"cause: check: practices/{OWN}.py" in done.stderr
    assert not witness.exists()


def test_what_is_not_there_cannot_be_proven(road: Path) -> None:
    assert "hint: did you mean acme-ticket?" in paved("practice", "verify", "acme-tickets").stderr
    write_files(road, {f"practices/{OWN}.md": None, f"practices/{OWN}.py": None, "paved-road.yml": "version: 1.0.0\n"})
    done = paved("practice", "verify")
    assert done.returncode == 2
    assert "hint: paved practice new PRACTICE --from-incident URL" in done.stderr


@pytest.mark.parametrize("kind", ["static", "live"])
def test_a_skeleton_is_refused_until_it_is_written(road: Path, kind: str) -> None:
    done = paved("practice", "new", "warm-cache", f"--{kind}", "--from-incident", URL, "--level", "gold")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "practices/warm-cache.md\npractices/warm-cache.py\n"
    page = road / done.stdout.split()[0]
    assert f"source_url: {URL}\n" in page.read_text()
    assert "level: gold\n" in page.read_text()
    proven, said = verified("warm-cache")["warm-cache"]
    assert not proven
    assert "practices/warm-cache.md:6: source is not written yet" in said
    page.write_text(page.read_text().replace("TODO ", ""))
    proven, said = verified("warm-cache")["warm-cache"]
    assert not proven
    assert ("NotImplementedError: write the check" if kind == "static" else "run contract") in said


def test_the_files_of_a_new_practice_are_a_practice_once_its_texts_are_written(road: Path) -> None:
    for kind in CheckKind:
        paved("practice", "new", f"one-{kind}", f"--{kind}", "--from-incident", URL)
    names = [path.name for path in (road / "practices").iterdir() if path.name.startswith("one-")]
    assert sorted(names) == ["one-attested.md", "one-live.md", "one-live.py", "one-static.md", "one-static.py"]
    files = {f"p/{name}": File((road / "practices" / name).read_bytes().replace(b"TODO ", b"")) for name in names}
    found = own_practices(files, "p")
    assert found.faults == ()
    assert {own.practice.kind for own in found.by_slug.values()} == set(CheckKind)


def test_the_key_is_added_where_it_is_missing(road: Path) -> None:
    write_files(road, {"paved-road.yml": "# ours\nversion: 1.0.0 # the first\n"})
    done = paved("practice", "new", "warm-cache", "--from-incident", URL)
    assert done.stdout.splitlines()[-1] == "paved-road.yml"
    assert (road / "paved-road.yml").read_text() == "# ours\nversion: 1.0.0 # the first\npractices: practices/\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([OWN, "--from-incident", URL], "acme-ticket.md exists already"),
        (["Warm Cache", "--from-incident", URL], "'Warm Cache' cannot be a practice's name"),
        (["ready-in-time", "--from-incident", URL], "the built-in catalogue has a practice ready-in-time"),
        (["warm-cache", "--from-incident", "the wiki"], "--from-incident takes the address of a page"),
        (["warm-cache", "--from-incident", URL, "--level", "iron"], "--level cannot be 'iron'"),
        (["warm-cache", "--from-incident", URL, "--live", "--static"], "a practice has one kind of check"),
        (["warm-cache", "--from-incident", URL, "--road", "paved:built-in/x"], "error"),
    ],
)
def test_nothing_is_written_or_overwritten_where_it_is_refused(road: Path, words: list[str], said: str) -> None:
    done = paved("practice", "new", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert {path.name for path in (road / "practices").iterdir()} == {f"{OWN}.md", f"{OWN}.py"}
    assert (road / f"practices/{OWN}.md").read_text() == PAGE


def test_a_template_that_would_stamp_the_folder_is_told(road: Path) -> None:
    write_files(road, {"copier.yml": "name: {type: str, default: x}\n"})
    assert "note: every service would get this folder" in paved("practice", "new", "w", "--from-incident", URL).stderr


def test_a_road_on_disk_that_cannot_take_the_key_is_left_as_it_is(road: Path) -> None:
    write_files(road, {"paved-road.yml": "{version: 1.0.0}\n"})
    done = paved("practice", "new", "warm-cache", "--from-incident", URL)
    assert done.returncode == 2
    assert "cannot add a key to" in done.stderr
    assert (road / "paved-road.yml").read_text() == "{version: 1.0.0}\n"


SERVICE = """\
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
LIVE = """\
from pathlib import Path

from paved_road.check.live.lab import Lab
from paved_road.check.registry import live_check


@live_check("acme-greeting")
async def acme_greeting(lab: Lab) -> None:
    async with lab.service() as service:
        answer = await service.ask(lab.sample)
        lab.expect(answer.text == "hello", did=str(lab.sample), observed=answer.text, expected="hello")


def break_it(service: Path) -> None:
    path = service / "service.py"
    path.write_text(path.read_text().replace("hello", "go away"))
"""


def test_a_live_check_runs_the_stamped_service_and_the_seeded_one(road: Path) -> None:
    probes = "port: {env: PORT}, probes: {live: /, ready: /}, sample: GET /"
    run = f"run: {{start: {sys.executable} service.py, {probes}}}\n"
    live = {
        "practices/acme-greeting.md": PAGE.replace("check: static", "check: live"), "practices/acme-greeting.py": LIVE,
        "template/service.py": SERVICE,
    }  # fmt: skip
    evolve(road, {**live, "paved-road.yml": f"{ROAD['paved-road.yml']!s}{run}"})
    proven, said = verified("acme-greeting")["acme-greeting"]
    assert (proven, said) == (True, "GET /: go away, expected hello")
    proven, said = verified("acme-greeting", "--prepare", "echo no network; exit 1")["acme-greeting"]
    assert not proven
    assert "echo no network; exit 1 failed: no network" in said
