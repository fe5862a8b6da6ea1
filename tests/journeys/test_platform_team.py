"""What a platform team does with a road of its own, as one story, on terminals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from paved_road.testing import Files, Link, write_files
from tests.journeys.conftest import Person

ENTER = "\r"

ANSWERS = {"template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
API = {
    **ANSWERS,
    "copier.yml": """\
_subdirectory: template
_templates_suffix: .jinja
name: {type: str, help: Name of the service, default: "{{ _folder_name }}"}
retries: {type: int, help: How often it retries, default: 2}
""",
    "paved-road.yml": "owners: {road: [pipeline.yml]}\n",
    "template/conf/settings.ini.jinja": "retries = {{ retries }}\n\nname = {{ name }}\n",
    "template/pipeline.yml": "test: make test\n",
}
NEWER_API = {
    "copier.yml": """\
_subdirectory: template
_templates_suffix: .jinja
_migrations:
  - version: 1.1.0
    when: "{{ _stage == 'before' }}"
    command: ["{{ _copier_python }}", "{{ _copier_conf.src_path }}/rename.py"]
name: {type: str, help: Name of the service, default: "{{ _folder_name }}"}
attempts: {type: int, help: How often it tries, default: 3}
""",
    "rename.py": """\
from pathlib import Path

answers = Path(".copier-answers.yml")
old = dict(line.split(": ") for line in answers.read_text().splitlines() if ": " in line)
if "retries" in old:
    text = answers.read_text().replace(f"retries: {old['retries']}", f"attempts: {int(old['retries']) + 1}")
    answers.write_text(text)
""",
    "CHANGELOG.md": "## 1.1.0\n\n- Attempts instead of retries; settings are in `config/`.\n",
    "template/conf/settings.ini.jinja": None,
    "template/config/settings.ini.jinja": "attempts = {{ attempts }}\n\nname = {{ name }}\n",
    "template/pipeline.yml": "test: make check\n",
}
WORKER = {
    **ANSWERS,
    "copier.yml": "_subdirectory: template\n_templates_suffix: .jinja\n",
    "template/worker.py": "QUEUE = 'mail'\n\n\ndef work() -> None: ...\n",
}
NEWER_WORKER = {"template/worker.py": "QUEUE = 'mail-v2'\n\n\ndef work() -> None: ...\n"}


def test_a_road_of_two_templates_is_released_evolves_and_reaches_its_services(
    person: Callable[[str], Person],
) -> None:
    kim = person("Kim")
    road = kim.home / "road"
    write_files(road, _below("api", API) | _below("worker", WORKER))
    kim.type("git init --quiet road && git -C road add . && git -C road commit --quiet --message 'Two templates'")
    assert "no problem found in api, worker" in kim.type("paved templates --road road --check")
    kim.type("git -C road tag api/v1.0.0 && git -C road tag worker/v1.0.0")

    kim.type(
        "paved new api orders --road road",
        ("Name of the service", ENTER),
        ("How often it retries", "\x15five" + ENTER),
        ("not a whole number", "\x155" + ENTER),
        ("Write it?", ENTER),
    )
    kim.type("paved new worker mail --road road --defaults")
    kim.type("echo 'timeout = 9' >> orders/conf/settings.ini && echo ours > orders/conf/ours.ini")
    kim.type("git -C orders add . && git -C orders commit --quiet --message Ours")
    kim.type("echo '# ours' >> mail/worker.py && git -C mail commit --quiet --all --message Ours")

    write_files(road, _below("api", NEWER_API) | _below("worker", NEWER_WORKER))
    kim.type("git -C road add --all && git -C road commit --quiet --message 'Attempts, and config/'")
    assert "no problem found" in kim.type("paved templates --road road --check")
    assert "(the latest)" in kim.type("paved status orders"), "what is not released reaches nobody"
    kim.type("git -C road tag api/v1.1.0 && git -C road tag worker/v1.1.0")
    assert _states(kim) == {"orders": "api 1.0.0 (1.1.0 is the latest: paved update orders)",
                            "mail": "worker 1.0.0 (1.1.0 is the latest: paved update mail)"}  # fmt: skip

    said = kim.type("paved update orders --dry-run", ("How often it tries", ENTER))
    assert "Attempts instead of retries" in said
    assert "config/ours.ini" in said
    assert "rename.py" in said, "a dry run says which migration it did not run"
    said = kim.type("paved update orders --commit", code=2)
    assert "add --trust" in said
    assert kim.type("git -C orders status --short") == ""

    assert "updated to 1.1.0, committed" in kim.type("paved update orders --commit --trust")
    assert "updated to 1.1.0, committed" in kim.type("paved update mail --commit")
    assert _files(kim.home / "orders" / "config") == {
        "ours.ini": "ours\n",
        "settings.ini": "attempts = 6\n\nname = orders\ntimeout = 9\n",
    }
    assert not (kim.home / "orders" / "conf").exists()
    assert (kim.home / "mail" / "worker.py").read_text() == NEWER_WORKER["template/worker.py"] + "# ours\n"
    assert _states(kim) == {"orders": "api 1.1.0 (the latest)", "mail": "worker 1.1.0 (the latest)"}
    assert "0 of 2 services leave the road" in kim.type("paved off-road report .")


def _states(person: Person) -> dict[str, str]:
    """What status says of both services."""
    said = (person.type(f"paved status {name} || true").splitlines()[0] for name in ("orders", "mail"))
    return dict(line.split(" is at ", 1) for line in said)


def _files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def _below(name: str, files: Files) -> dict[str, str | bytes | Link | None]:
    return {f"templates/{name}/{path}": content for path, content in files.items()}
