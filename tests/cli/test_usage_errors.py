"""Wrong command lines: each prints one error and nothing on standard output, exits 2, and changes nothing.

Each line of `WRONG` is a case: variables, `paved`, its words. `# no hint` marks an error that needs no hint. The
current folder is the empty folder `here`; the fixture `world` makes what is beside it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from paved_road import git
from paved_road.cli import main
from paved_road.testing import evolve, make_road, write_files
from tests.renderers import assume_agreement

WRONG = """
# -- commands
paved stauts
paved updat
paved nwe orders
paved Status
paved of-road
paved off-road lst
paved off-road nwe x
paved off-road accpet own
paved config shw
paved help stauts
paved help off-road lst
paved help status more
paved list
paved show own
paved init
paved orders
paved ../orders
paved "status drift"
paved ""
paved off-road ""
paved é
paved 日本
paved {long}
paved -C ../orders
paved off-road -C ../orders
paved config -C ../orders
# -- options
paved --nonsense
paved --verison
paved -x
paved --json status
paved --road ../road templates
paved status --jsno
paved status -x
paved status --dry-run
paved status --offline=yes
paved drift --diff=1
paved drift --dif
paved new orders --dryrun
paved new orders --data
paved new orders -d
paved new orders --ref
paved new orders --default
paved update --comit
paved update --contineu
paved update --to
paved update --branch
paved adopt . --templat x
paved templates --release
paved doctor --fx
paved off-road list --al
paved off-road new --from-drfit
paved off-road check --format
paved off-road accept own --buy ann
paved off-road renew own --days
paved off-road close own --by ann
paved config show --jsn
paved -C
paved status -C
paved -vx status
paved --quiet=1 status
paved -q=1 status
# -- too many words, too few
paved new
paved new --defaults
paved new a b c
paved status a b
paved drift ../orders ../orders
paved update . .
paved adopt
paved adopt a b
paved templates service
paved doctor now
paved config show road
paved schema nonsense
paved schema off-road nonsense
paved off-road show
paved off-road show own more
paved off-road accept
paved off-road close
paved off-road rename
paved off-road rename old
paved off-road rename a b c
paved off-road report
paved off-road report . .
paved off-road list a b
paved off-road schema x
# -- blank words: a variable that is not set
paved new "" --defaults
paved new orders --road ""
paved new orders --ref ""
paved new orders --answers ""
paved new orders --data ""
paved status ""
paved -C "" status
paved status -C " "
paved update ../orders --branch ""
paved update ../orders --to " "
paved off-road new "" --path hello.txt -C ../orders
paved off-road accept own --by "" -C ../orders
paved off-road report ""
# -- -C
paved -C nowhere status
paved status -C nowhere
paved -C nowhere -C ../orders status
paved -C ../file.txt status
paved -C ../file.txt/x status
paved -C ../dangling status
paved -C ../loop status
paved -C {long} status
paved off-road -C nowhere list
paved config show -C nowhere
# -- places that are no service
paved status
paved drift
paved update
paved off-road list
paved off-road check
paved off-road migrate
paved off-road baseline
paved status nowhere
paved status ../file.txt
paved status ../plain
paved status ../repo
paved status ../empty
paved status ../dangling
paved status ../loop
paved status {long}
paved status "no\\nwhere"
paved status ~nobody/x
paved drift ../repo
paved drift ../file.txt
paved update ../repo
paved update ../file.txt
paved update nowhere --dry-run
paved update nowhere --abort
paved update ../orders --abort
paved update ../orders --continue
paved adopt nowhere
paved adopt ../file.txt
paved adopt ../plain
paved adopt ../repo
paved adopt ../orders
paved off-road show own --service nowhere
paved off-road show own --service ../file.txt
paved off-road list ../repo
paved off-road report nowhere
paved off-road report ../file.txt
paved -C ../broken status
paved -C ../broken drift
paved -C ../broken update
# -- destinations
paved new ../orders --road ../road --defaults
paved new ../file.txt --road ../road --defaults
paved new ../file.txt/x --road ../road --defaults
paved new ../dangling --road ../road --defaults
paved new ../loop/x --road ../road --defaults
paved new . --road ../road --defaults
paved new .. --road ../road --defaults
paved new / --road ../road --defaults
paved new ../orders/.git/x --road ../road --defaults
paved new {long} --road ../road --defaults
paved new "a\\nb" --defaults
# -- roads
paved templates --road nowhere
paved templates --road ../plain
paved templates --road ../repo
paved templates --road ../file.txt
paved templates --road ../empty
paved templates --road file:///nowhere/at/all
paved templates --road ""
paved templates --road gh:
paved templates --road "http://[bad/x"
paved templates --road nonsense://x/y
paved templates --road --json
paved templates --road {long}
paved new orders --road nowhere --defaults
paved new orders --road ../plain --defaults
paved doctor extra --road nowhere
PAVED_ROAD=nowhere paved templates
PAVED_ROAD=../file.txt paved new orders --defaults
PAVED_ROAD=gh: paved templates
# -- templates and releases
paved new servce orders --defaults
paved new nonsense orders --road ../road --defaults
paved new orders --road ../road --ref 9.9.9 --defaults
paved new orders --road ../road --ref v1.0 --defaults
paved new orders --road ../road --ref "1.0.0 " --defaults
paved new orders --road ../road --ref=--help --defaults
paved new orders --road ../road --ref "a b" --defaults
paved new orders --road ../road --ref deadbeef --defaults
paved new orders --road ../road --ref {long} --defaults
paved update ../orders --to 9.9.9
paved update ../orders --to newest
paved update ../orders --to 0.9
paved update ../orders --template nonsense
paved adopt ../repo --road ../road --ref 3
paved adopt ../repo --road ../road --template nonsense
PAVED_TEMPLATE=nonsense paved new orders --defaults
# -- answers
paved new orders --road ../road --data port
paved new orders --road ../road --data =8080
paved new orders --road ../road --data port= --defaults
paved new orders --road ../road --data port=eighty --defaults
paved new orders --road ../road --data port=80.5 --defaults
paved new orders --road ../road --data port=99999 --defaults
paved new orders --road ../road --data port=[1] --defaults
paved new orders --road ../road --data tier=brass --defaults
paved new orders --road ../road --data tier=Gold --defaults
paved new orders --road ../road --data tags=[red,blu] --defaults
paved new orders --road ../road --data tags={{a: --defaults
paved new orders --road ../road --data prot=8080 --defaults
paved new orders --road ../road --data "po rt=1" --defaults
paved new orders --road ../road --data _src_path=x --defaults
paved new orders --road ../needy --defaults
paved new orders --road ../needy --json
paved new orders --road ../road --answers nowhere.yml
paved new orders --road ../road --answers ../plain
paved new orders --road ../road --answers ../bad.yml
paved new orders --road ../road --answers ../bad.json
paved new orders --road ../road --answers ../list.yml
paved new orders --road ../road --answers ../word.yml
paved new orders --road ../road --answers ../binary
paved new orders --road ../road --answers ../typo.yml --defaults
paved new orders --road ../road --answers ../wrong.yml --defaults
paved new orders --road ../road --answers ../dangling
paved new orders --road ../road --answers-file ../out.yml --defaults
paved new orders --road ../road --answers-file /etc/x.yml --defaults
paved new orders --road ../road --answers-file .git/x.yml --defaults
paved update ../orders --data port=eighty
paved update ../orders --data prot=1
paved update ../orders --answers ../bad.yml
paved status ../orders --answers-file nowhere.yml
paved status ../orders -a ../plain
# -- what excludes each other
paved update ../orders --continue --abort
paved update ../orders --dry-run --abort
paved update ../orders --continue --dry-run
paved update ../orders --branch "a b"
paved update ../orders --branch=-x
paved update ../orders --branch main
paved update ../orders --branch ../x
paved off-road new -C ../orders
paved off-road new x -C ../orders
paved off-road new x --path hello.txt --practice y -C ../orders
paved off-road new x --path hello.txt --from-drift -C ../orders
paved off-road new --practice y --from-drift -C ../orders
# -- records
paved off-road show own-bse -C ../orders
paved off-road show own-bse
paved off-road show ../../x -C ../orders
paved off-road show .. -C ../orders
paved off-road show own.md -C ../orders
paved off-road show {long} -C ../orders
paved off-road accept nothing -C ../orders
paved off-road renew nothing -C ../orders
paved off-road renew own -C ../orders
paved off-road close nothing -C ../orders
paved off-road close own --as done -C ../orders
paved off-road close own --as superseded -C ../orders
paved off-road close own --superseded-by nothing -C ../orders
paved off-road close own --superseded-by own -C ../orders
paved off-road accept own --days 0 -C ../orders
paved off-road accept own --days many -C ../orders
paved off-road accept own --days 99999 -C ../orders
paved off-road accept own --days 1.5 -C ../orders
paved off-road accept own --days -1 -C ../orders
paved off-road accept own --by nobody -C ../orders
paved off-road baseline --days 365 -C ../orders
paved off-road baseline --risk huge -C ../orders
paved off-road new "Bad Slug" --path hello.txt -C ../orders
paved off-road new UPPER --path hello.txt -C ../orders
paved off-road new ../x --path hello.txt -C ../orders
paved off-road new é --path hello.txt -C ../orders
paved off-road new own --path hello.txt -C ../orders
paved off-road new README --path hello.txt -C ../orders
paved off-road new x --path nowhere.txt -C ../orders
paved off-road new x --path /etc/passwd -C ../orders
paved off-road new x --path team.txt -C ../orders
paved off-road new x --practice "No Slug" -C ../orders
paved off-road new x --path hello.txt --kind because -C ../orders
paved off-road new x --path hello.txt --risk huge -C ../orders
paved off-road new x --path hello.txt --support nobody -C ../orders
paved off-road new x --path hello.txt --days 9999 -C ../orders
paved off-road rename nowhere.txt elsewhere.txt -C ../orders
paved off-road migrate nowhere
paved off-road list --today tomorrow -C ../orders
paved off-road list --today 2026-13-45 -C ../orders
paved off-road list --today 9999-12-31 -C ../orders
paved off-road show own --today 24.11.2026 -C ../orders
paved off-road check --today "" -C ../orders
paved off-road check --format sariff -C ../orders
paved off-road check --base nowhere -C ../orders
paved off-road check --base "" -C ../orders
paved off-road check --base=--all -C ../orders
paved off-road report .. --format pdf
paved off-road report .. --today never
# -- variables and settings
PAVED_CONFIG=../bad.toml paved templates
PAVED_CONFIG=../plain paved templates
PAVED_CONFIG=../typo.toml paved status ../orders
PAVED_CONFIG=../typo.toml paved config show
PAVED_CONFIG=../kind.toml paved templates
PAVED_CONFIG=../limit.toml paved templates
PAVED_CONFIG=../nolimit.toml paved templates
PAVED_CONFIG=../trust.toml paved templates
PAVED_CONFIG=../binary paved templates
PAVED_DEBUG=perhaps paved status
PAVED_DEBUG=2 paved templates
PAVED_TRUST=nowhere:: paved templates --road nowhere
PAVED_CACHE=../file.txt paved templates --road file:///nowhere
paved config set
paved config set road
paved config set raod gh:acme/road
paved config set road a b
paved config set road ""
paved config set answers x
paved config set limits.seconds many
paved config set trust acme
paved config set --project road gh:acme/road
paved config set --project trust gh:acme/ -C ../repo
paved config set --projet road x
paved config get
paved config get nonsense
paved config unset road
paved config unset road --project -C ../repo
paved config path here
PAVED_CONFIG=../bad.toml paved config set road gh:acme/road
PAVED_CONFIG=../plain paved config set road gh:acme/road
PAVED_CONFIG=../file.txt/x paved config set road gh:acme/road
paved -C ../project status
paved -C ../project templates
paved -C ../project config show
"""


def cases() -> list[str]:
    """Return the lines of `WRONG` that are cases."""
    return [line for line in WRONG.splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Create, beside `here`, a road, a service with a deviation, and other folders."""
    found = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        assume_agreement(patch)
        for name in [name for name in os.environ if name.startswith(("PAVED_", "GIT_"))]:
            patch.delenv(name)
        (found / "home").mkdir()
        (found / "home/.gitconfig").write_text(
            "[user]\n\tname = Ann\n\temail = ann@localhost\n[init]\n\tdefaultBranch = main\n"
        )
        patch.setenv("HOME", str(found / "home"))
        patch.setenv("XDG_CONFIG_HOME", str(found / "home/.config"))
        patch.setenv("GIT_CONFIG_GLOBAL", str(found / "home/.gitconfig"))
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        patch.setenv("PAVED_CACHE", str(found / "home/cache"))
        patch.setenv("PAVED_CONFIG", str(found / "home/config.toml"))
        patch.setenv("NO_COLOR", "1")
        _furnish(found)
        yield found


def _furnish(world: Path) -> None:
    road = make_road(
        world / "road",
        {
            "copier.yml": (
                "_subdirectory: template\n"
                "port: {type: int, default: 8080, validator: '{% if port > 65535 %}too high{% endif %}'}\n"
                "debug: {type: bool, default: false}\n"
                "tier: {type: str, default: gold, choices: [gold, silver]}\n"
                "tags: {type: str, multiselect: true, default: [], choices: [red, blue]}\n"
            ),
            "paved-road.yml": "owners: {road: [hello.txt], service: [team.txt]}\n",
            "template/hello.txt.jinja": "{{ port }} {{ tier }}\n",
            "template/team.txt": "team\n",
            "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
        },
    )
    make_road(world / "needy", {"copier.yml": "name: {type: str}\n", "{{ name }}.txt.jinja": "{{ name }}\n"})
    assert main(["new", str(world / "orders"), "--road", str(road), "--defaults"]) == 0
    (world / "orders/hello.txt").write_text("ours\n")
    evolve(world / "orders", {})
    assert main(["off-road", "new", "own", "--path", "hello.txt", "--service", str(world / "orders")]) == 0
    evolve(world / "orders", {})
    evolve(road, {"template/team.txt": "team, too\n"}, tag="v1.1.0")
    assert main(["update", str(world / "orders"), "--dry-run"]) == 0
    make_road(world / "repo", {"README.md": "# No service\n"}, tag=None)
    git.process.run("init", "--quiet", "--template=", world / "empty")
    make_road(world / "broken", {".copier-answers.yml": "_src_path: [\n", "a": "a\n"}, tag=None)
    make_road(world / "project", {".paved.toml": "trust = ['x']\n"}, tag=None)
    # The first rendering of a road fills the cache.
    (world / "home/cache/roads").mkdir(parents=True, exist_ok=True)
    assert main(["adopt", str(world / "repo"), "--dry-run", "--defaults"]) == 2
    assert main(["new", str(world / "x"), "--road", str(world / "needy"), "--defaults"]) == 2
    write_files(
        world,
        {
            "here/.keep": "", "plain/a.txt": "a\n", "file.txt": "text\n", "binary": b"\x00\xff\xfe\x01",
            "bad.yml": "a: [1\nb: }\n", "bad.json": '{"port": 8080,}{', "list.yml": "- a\n- b\n",
            "word.yml": "port\n", "typo.yml": "prot: 8080\n", "wrong.yml": "port: eighty\n",
            "bad.toml": "road = [", "typo.toml": "raod = 'x'\n", "kind.toml": "road = 5\n",
            "limit.toml": "[limits]\nsecnds = 3\n", "nolimit.toml": "[limits]\nseconds = -3\n",
            "trust.toml": "trust = [{signed_by = 'x'}]\n",
        },
    )  # fmt: skip
    (world / "dangling").symlink_to("gone")
    (world / "loop").symlink_to("loop")


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below the folder, including git's own and the cache, with its mode and content."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(at, name)
            mode = path.lstat().st_mode
            content = os.readlink(path) if stat.S_ISLNK(mode) else path.read_bytes() if stat.S_ISREG(mode) else ""
            text = content if isinstance(content, str) else hashlib.sha256(content).hexdigest()
            found[str(path.relative_to(folder))] = f"{mode:o} {text}"
    return found


@pytest.fixture(scope="module")
def before(world: Path) -> dict[str, str]:
    """The world before the first command."""
    return fingerprint(world)


def test_there_are_enough_cases() -> None:
    assert len(set(cases())) > 250


@pytest.mark.parametrize("line", cases())
def test_a_usage_error_is_reported_once_and_changes_nothing(
    line: str, world: Path, before: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()  # the world's variables, not those of one test
    assume_agreement(monkeypatch)
    monkeypatch.chdir(world / "here")
    typed, _, remark = line.partition("  # ")
    words = shlex.split(typed.format(long="x" * 5000).replace("\\\\n", "\n"))
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    code = main(words[1:])
    said, after, was = capfd.readouterr(), fingerprint(world), before.copy()
    before.clear()
    before.update(after)  # what one case changes is not held against the next
    lines = said.err.splitlines()
    assert (code, said.out if "--json" not in words else "") == (2, ""), said.err
    if "--json" not in words:
        assert [text for text in lines if text.startswith("error: ")] == lines[:1], said.err
        assert [text for text in lines if not re.match(r"(error|cause|hint): ", text)] == []
        assert any(text.startswith("hint: ") for text in lines) or remark == "no hint", said.err
    assert "Traceback" not in said.err + said.out
    assert {path: now for path, now in after.items() if was.get(path) != now} == {}
    assert was.keys() == after.keys()
