from __future__ import annotations

import os
from pathlib import Path

import pytest

from paved_road.errors import ConfigError
from paved_road.settings import config


def write_user(text: str) -> None:
    Path(os.environ["PAVED_CONFIG"]).write_text(text)


def test_the_stronger_source_wins_and_says_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.load_config(directory=tmp_path).road.origin == "default"
    write_user('road = "gh:user/road"\n')
    assert config.load_config(directory=tmp_path).road.value == "gh:user/road"
    (tmp_path / ".paved.toml").write_text('road = "gh:project/road"\n')
    found = config.load_config(directory=tmp_path).road
    assert (found.value, found.origin, found.where) == ("gh:project/road", "project", str(tmp_path / ".paved.toml"))
    monkeypatch.setenv("PAVED_ROAD", "gh:environment/road")
    assert config.load_config(directory=tmp_path).road.where == "PAVED_ROAD"
    assert config.load_config({"road": "gh:flag/road"}, directory=tmp_path).road.origin == "flag"


def test_a_projects_file_is_found_from_a_folder_below_but_not_above_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".paved.toml").write_text('template = "outer"\n')
    below = tmp_path / "repository" / "src"
    below.mkdir(parents=True)
    assert config.load_config(directory=below).template.value == "outer"
    (tmp_path / "repository" / ".git").mkdir()
    assert config.load_config(directory=below).template.value is None


@pytest.mark.parametrize("line", ['trust = ["gh:evil/"]', 'cache = "/tmp/x"'])
def test_a_project_cannot_decide_whom_you_trust(tmp_path: Path, line: str) -> None:
    (tmp_path / ".paved.toml").write_text(line)
    with pytest.raises(ConfigError, match=line.split(maxsplit=1)[0]):
        config.load_config(directory=tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [("road = ", "not TOML"), ('raod = "x"', "raod"), ("road = 3", "must be text"), ("trust = [3]", "must be a list")],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    write_user(text)
    with pytest.raises(ConfigError, match=said) as caught:
        config.load_config(directory=tmp_path)
    assert os.environ["PAVED_CONFIG"] in caught.value.message


def test_trust_is_a_source_or_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAVED_TRUST", "gh:acme/ /srv/road")
    found = config.load_config()
    assert found.trusts("gh:acme/road")
    assert found.trusts("/srv/road")
    assert not found.trusts("/srv/road-of-somebody-else")
    assert not found.trusts("gh:acmeevil/road")


def test_answers_of_the_project_go_over_those_of_the_user(tmp_path: Path) -> None:
    write_user('[answers]\nowner = "me"\nport = 9000\n')
    (tmp_path / ".paved.toml").write_text('[answers]\nowner = "payments"\n')
    assert config.load_config(directory=tmp_path).answers.value == {"owner": "payments", "port": 9000}


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHFsvNCa"


def test_trust_may_demand_a_signature() -> None:
    write_user(f'trust = ["gh:acme/", {{road = "gh:acme/road", signed_by = "{KEY}"}}]\n')
    found = config.load_config()
    assert found.signers("gh:acme/road") == (KEY,)
    assert found.signers("https://github.com/acme/road.git") == (KEY,)
    assert (found.trusts("gh:acme/other"), found.signers("gh:acme/other")) == (True, ())


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        ('["github.com/acme/"]', "does not name a road: 'github.com/acme/'"),
        ('["../roads/"]', "does not name a road"),
        ('["ext::sh -c x"]', "does not name a road"),
        ('[{road = "gh:acme/road"}]', "signed_by must be a key"),
        ('[{signed_by = "/keys"}]', "must be a list of roads"),
        ('[{road = "gh:acme/road", signed_by = []}]', "signed_by must be a key"),
        ('[{road = "gh:acme/road", signed_by = [3]}]', "signed_by must be a key"),
        ('[{road = "gh:acme/road", signed_by = "acme"}]', "signed_by does not name a key"),
        ('[{road = "gh:acme/road", signed_by = "DEADBEEF"}]', "signed_by does not name a key"),
        ('[{road = "gh:acme/road", signedby = "/keys"}]', "signedby"),
        ('{road = "gh:acme/road"}', "must be a list"),
    ],
)
def test_trust_that_is_written_wrong_is_refused(trust: str, said: str) -> None:
    write_user(f"trust = {trust}\n")
    with pytest.raises(ConfigError, match=said):
        config.load_config()


def test_the_variable_is_read_as_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAVED_TRUST", "gh:acme/ acme")
    with pytest.raises(ConfigError, match="PAVED_TRUST"):
        config.load_config()
