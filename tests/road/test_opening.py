from __future__ import annotations

import http.server
import shutil
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from paved_road import git
from paved_road.errors import GitError, RoadError, UnknownRelease
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template, templates
from paved_road.settings import config
from paved_road.testing import evolve, make_road, paved, write_files
from tests.road.roads import ONE, only, opened


def test_the_built_in_road_is_recorded_under_a_name_that_is_no_path() -> None:
    found = opened(config.BUILT_IN)
    assert found.source == "paved:built-in"
    assert found.trusted
    assert [template.name for template in templates(found)] == ["service"]


def test_a_folder_without_templates_is_not_a_road(tmp_path: Path) -> None:
    with pytest.raises(RoadError, match="is not a road"):
        find_template(opened(tmp_path), None)


def test_a_plain_folder_is_a_road_without_history(tmp_path: Path) -> None:
    (tmp_path / "copier.yml").write_text("name: x\n")
    found = release(only(tmp_path))
    assert (found.commit, found.version) == (None, "0.0.0")
    assert set(found.files()) == {"copier.yml"}
    with pytest.raises(UnknownRelease):
        release(only(tmp_path), "v1")


def test_a_remote_road_is_fetched_once_and_then_kept_fresh(greeter: Path) -> None:
    url = f"file://{greeter}"
    first = opened(url)
    assert first.source == f"git+{url}"
    assert first.location.is_relative_to(config.load_config().cache_dir)
    evolve(greeter, {"a": "1"}, tag="v1.1.0")
    assert release(only(url)).version == "1.1.0"


def test_a_git_bundle_is_a_road(greeter: Path, tmp_path: Path) -> None:
    git.process.run("bundle", "create", "--quiet", tmp_path / "road.bundle", "--all", cwd=greeter)
    assert opened(tmp_path / "road.bundle").source == str(tmp_path / "road.bundle")
    assert release(only(tmp_path / "road.bundle")).version == "1.0.0"


def test_an_unreachable_road_is_served_from_the_cache_and_says_so(greeter: Path) -> None:
    url = f"file://{greeter}"
    opened(url)
    shutil.move(greeter, greeter.with_name("gone"))
    found = opened(url)
    assert "gone" not in found.stale
    assert found.stale
    assert release(find_template(found, None)).version == "1.0.0"


def test_an_unreachable_road_without_a_copy_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RoadError, match="cannot fetch"):
        opened(f"file://{tmp_path}/nowhere")
    assert list((config.load_config().cache_dir / "roads").iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RoadError, match="no road at"):
        opened(tmp_path / "nowhere")


def test_a_road_without_commits(tmp_path: Path) -> None:
    git.process.run("init", "--quiet", tmp_path)
    with pytest.raises(RoadError):
        find_template(opened(tmp_path), None)


# -- what a source may be ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["gh:acme/road", "https://localhost:1/road"])
def test_a_folder_that_is_called_like_an_address_is_not_the_road(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_road(tmp_path / source, ONE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "none")
    with pytest.raises(RoadError, match="cannot fetch"):
        opened(source)
    assert opened(f"./{source}").location == tmp_path / source


def test_only_branches_and_tags_are_fetched(greeter: Path) -> None:
    git.process.run("update-ref", "refs/pull/1/head", "HEAD", cwd=greeter)
    found = opened(f"file://{greeter}")
    assert set(git.refs(found.location)) == {"refs/heads/main", "refs/tags/v1.0.0"}
    git.process.run("update-ref", "refs/pull/2/head", "HEAD", cwd=greeter)
    git.process.run("branch", "next", cwd=greeter)
    fetched = git.refs(opened(f"file://{greeter}").location)
    assert set(fetched) == {"refs/heads/main", "refs/heads/next", "refs/tags/v1.0.0", git.MAIN}


def test_a_branch_and_a_tag_that_are_gone_are_gone_from_the_cache(greeter: Path) -> None:
    git.process.run("branch", "next", cwd=greeter)
    url = f"file://{greeter}"
    opened(url)
    git.process.run("branch", "-D", "next", cwd=greeter)
    git.process.run("tag", "-d", "v1.0.0", cwd=greeter)
    assert set(git.refs(opened(url).location)) == {"refs/heads/main", git.MAIN}


@pytest.mark.parametrize("kept", [True, False])
def test_the_main_branch_is_the_roads_own_whatever_it_is_called_by_now(tmp_path: Path, kept: bool) -> None:
    road = make_road(tmp_path / "road", ONE, tag=None)
    opened(f"file://{road}")
    git.process.run("checkout", "--quiet", "-b", "trunk", cwd=road)
    evolve(road, {"a": "1"})
    if not kept:
        git.process.run("branch", "-D", "main", cwd=road)
    for ref in (None, "HEAD"):
        assert release(only(f"file://{road}"), ref).commit == git.resolve(road, "trunk")


def test_a_road_on_no_branch_is_fetched_too(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", ONE)
    git.process.run("symbolic-ref", "HEAD", "refs/heads/none", cwd=road)
    opened(f"file://{road}")
    evolve(road, {"a": "1"}, tag="v1.1.0")
    git.process.run("symbolic-ref", "HEAD", "refs/heads/none-yet", cwd=road)
    found = opened(f"file://{road}")
    assert found.stale == ""
    assert release(find_template(found, None)).version == "1.1.0"


# -- relative paths ------------------------------------------------------------------------------------------------


def test_a_relative_road_of_a_new_service_starts_at_the_current_folder(
    greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(greeter)
    assert opened(".").source == str(greeter)
    monkeypatch.chdir(tmp_path)
    assert opened("greeter").source == opened("./greeter").source == str(greeter)


def test_a_relative_road_in_a_file_of_settings_starts_at_that_file(
    greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "project" / "src"
    below.mkdir(parents=True)
    write_files(tmp_path / "project", {".paved.toml": 'road = "../greeter"\n'})
    monkeypatch.chdir(below)
    assert open_road(config.load_config()).location == greeter


def test_a_relative_road_that_is_recorded_starts_at_the_service(tmp_path: Path) -> None:
    road = make_road(tmp_path / "a" / "tpl", ONE)
    make_road(tmp_path / "tpl", ONE)
    (tmp_path / "a" / "service").mkdir()
    found = open_road(config.load_config({"road": "../tpl"}), beside=tmp_path / "a" / "service")
    assert (found.location, found.source) == (road, "../tpl")


# -- a password in a URL -------------------------------------------------------------------------------------------


class _Locked(http.server.SimpleHTTPRequestHandler):
    """A repository behind a password."""

    logins: tuple[str, ...] = ()

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "")
        if given not in {f"Basic {b64encode(login.encode()).decode()}" for login in self.logins}:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="road"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody listens."""


@pytest.fixture
def locked(greeter: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Host and port of a server that has the road at `/.git`, for `bot:s3cr3t` and for the token `s3cr3t-token`."""
    monkeypatch.setattr(_Locked, "logins", ("bot:s3cr3t", "s3cr3t-token:", "token:s3cr3t"))
    git.process.run("update-server-info", cwd=greeter)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Locked, directory=str(greeter)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "url",
    [
        "http://bot:s3cr3t@{host}/.git",
        "git+http://bot:s3cr3t@{host}/.git",
        "http://s3cr3t-token@{host}/.git",
        "http://{host}/.git?private_token=s3cr3t",
    ],
)
def test_a_password_opens_the_road_and_is_written_nowhere(
    url: str, locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = _written_down(tmp_path, monkeypatch)
    done = paved("--debug", "new", tmp_path / "hi", "--road", url.format(host=locked), "--defaults", "--json")
    assert done.returncode == 0, done.stderr
    assert done.envelope["result"]["road"] == f"http://{locked}/.git"
    assert any("password or token" in note for note in done.envelope["notes"])
    cache = config.load_config().cache_dir
    written = [path.read_bytes() for where in (tmp_path, cache) for path in where.rglob("*") if path.is_file()]
    assert "clone" in arguments()
    for text in (done.stdout, done.stderr, arguments(), *(content.decode("latin-1") for content in written)):
        assert "s3cr3t" not in text


def _written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The arguments of every git command from now on: what `ps` shows to everybody."""
    real, log, folder = shutil.which("git"), tmp_path / "arguments", tmp_path / "bin"
    write_files(folder, {"git*": f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{log}"\nexec "{real}" "$@"\n'})
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return log.read_text


def test_a_wrong_password_is_not_shown_and_a_helper_is_not_asked(
    locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    git.process.run("config", "--global", "credential.helper", f"!touch {asked};")
    with pytest.raises(RoadError) as caught:
        opened(f"http://bot:wr0ng@{locked}/.git")
    assert "wr0ng" not in str(vars(caught.value))
    assert not asked.exists()


def test_without_a_password_gits_credential_helpers_are_asked(
    locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.process.run("config", "--global", "credential.helper", "!printf 'username=bot\\npassword=s3cr3t\\n';")
    assert opened(f"http://{locked}/.git").notes == ()
    assert [template.name for template in templates(opened(f"http://bot@{locked}/.git"))]


def test_a_password_is_for_its_host_alone(locked: str) -> None:
    login = git.Login(base="http://elsewhere.example", name="bot", password="s3cr3t")
    role = git.Role(settings=login.settings, variables=login.variables)
    with pytest.raises(GitError):
        git.process.run("ls-remote", "--", f"http://{locked}/.git", role=role)


def test_a_password_in_the_records_of_a_service_is_taken_out_by_its_next_update(
    locked: str, tmp_path: Path, greeter: Path
) -> None:
    service = tmp_path / "hi"
    assert paved("new", service, "--road", f"http://bot:s3cr3t@{locked}/.git").returncode == 0
    for record in (".paved-road.lock", ".copier-answers.yml"):
        file = service / record
        file.write_text(file.read_text().replace(f"http://{locked}", f"http://bot:s3cr3t@{locked}"))
    git.process.run("commit", "--quiet", "--all", "--message", "As an older paved wrote it", cwd=service)
    evolve(greeter, {"template/plain.txt": "2\n"}, tag="v1.1.0")
    git.process.run("update-server-info", cwd=greeter)
    words = (("status",), ("update", "--defaults", "--dry-run"), ("update", "--defaults", "--dry-run", "--json"))
    done = [paved(*command, service) for command in (*words, ("update", "--defaults"))]
    assert [one.returncode for one in done] == [1, 0, 0, 0]
    assert "replace it" in done[0].stderr
    assert not any("s3cr3t" in one.stdout + one.stderr for one in done)
    assert "s3cr3t" not in "".join((service / name).read_text() for name in (".paved-road.lock", ".copier-answers.yml"))


# -- what only a service names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("status",), ("update", "--dry-run"), ("adopt", "--dry-run")])
def test_a_reader_fetches_no_road_that_only_the_service_names(
    words: tuple[str, ...], greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, url = tmp_path / "hi", f"file://{greeter}"
    assert paved("new", service, "--road", url, "--defaults").returncode == 0
    if words[0] == "adopt":
        git.process.run("rm", "--quiet", ".paved-road.lock", cwd=service)
        git.process.run("commit", "--quiet", "--message", "As Copier leaves it", cwd=service)
    elsewhere = tmp_path / "another machine's cache"
    monkeypatch.setenv("PAVED_CACHE", str(elsewhere))
    done = paved(*words, service)
    assert done.returncode == 2
    assert "has never been fetched on this machine" in done.stderr
    assert f"paved templates --road {url}" in done.stderr
    assert not elsewhere.exists() or not list(elsewhere.rglob("*.git"))
    for name in ("PAVED_TRUST", "PAVED_ROAD"):
        with monkeypatch.context() as own:
            own.setenv("PAVED_CACHE", str(tmp_path / name))
            own.setenv(name, url)
            assert paved(*words, service).returncode == 0
    assert paved("templates", "--road", url).returncode == 0
    assert paved(*words, service).returncode == 0


@pytest.mark.parametrize(
    "words", [("templates",), ("new", "hi", "--dry-run"), ("adopt", "old", "--dry-run"), ("doctor",)]
)
def test_a_reader_fetches_no_road_that_only_the_projects_file_names(
    words: tuple[str, ...], greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"file://{greeter}"
    project = make_road(tmp_path / "project", {".paved.toml": f'road = "{url}"\n', "old/a.txt": "a\n"}, tag=None)
    monkeypatch.chdir(project)
    elsewhere = tmp_path / "another machine's cache"
    monkeypatch.setenv("PAVED_CACHE", str(elsewhere))
    done = paved(*words)
    assert done.returncode == (1 if words == ("doctor",) else 2)
    assert "has never been fetched on this machine" in done.stdout + done.stderr
    assert f"{project / '.paved.toml'} names it" in done.stdout + done.stderr
    assert f"paved templates --road {url}" in done.stdout + done.stderr
    assert not elsewhere.exists() or not list(elsewhere.rglob("*.git"))
    for name in ("PAVED_TRUST", "PAVED_ROAD"):
        with monkeypatch.context() as own:
            own.setenv("PAVED_CACHE", str(tmp_path / name))
            own.setenv(name, url)
            assert "never been fetched" not in (done := paved(*words)).stdout + done.stderr
            assert done.returncode in (0, 1)
    assert paved("templates", "--road", url).returncode == 0
    assert "never been fetched" not in (done := paved(*words)).stdout + done.stderr


def test_a_new_service_of_a_road_that_the_projects_file_names_says_so(
    greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"file://{greeter}"
    project = make_road(tmp_path / "project", {".paved.toml": f'road = "{url}"\n'}, tag=None)
    monkeypatch.chdir(project)
    done = paved("new", "hi", "--defaults")
    assert done.returncode == 0
    assert f"the road is git+{url}, which {project / '.paved.toml'} names" in done.stdout + done.stderr
    assert "which" not in paved("new", "ho", "--defaults", "--road", url).stderr


def test_a_projects_own_settings_do_not_vouch_for_its_road(
    greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, url = tmp_path / "hi", f"file://{greeter}"
    assert paved("new", service, "--road", url, "--defaults").returncode == 0
    write_files(service, {".paved.toml": f'road = "{url}"\n'})
    monkeypatch.setenv("PAVED_CACHE", str(tmp_path / "empty"))
    assert paved("status", service).returncode == 2
    assert paved("status", service, "--road", url).returncode == 0
