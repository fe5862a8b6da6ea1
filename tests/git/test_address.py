from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.errors import RoadError
from paved_road.git import address
from paved_road.git.address import is_within


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("gh:acme/road", "https://github.com/acme/road.git"),
        ("gl:/acme/road.git", "https://gitlab.com/acme/road.git"),
        ("git+https://example.com/road", "https://example.com/road"),
        ("git@example.com:acme/road", "git@example.com:acme/road"),
        ("example.com:acme/road.git", "example.com:acme/road.git"),
        ("ssh://git@example.com/road", "ssh://git@example.com/road"),
        ("file:///srv/road", "file:///srv/road"),
        ("some/folder", None),
        ("/some/folder", None),
        ("/srv/road.git", None),
        ("./gh:acme/road", None),
        ("../https://example.com/road", None),
        ("~/road", None),
    ],
)
def test_the_look_of_a_source_tells_a_url_from_a_path(source: str, url: str | None) -> None:
    assert address.parse_address(source).url == url


@pytest.mark.parametrize(
    "source", ["gh:acme/road", "https://example.com/road", "git@example.com:road", "host:road.git"]
)
def test_no_folder_takes_the_place_of_an_address(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / source).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert address.parse_address(source).url is not None
    assert address.parse_address(f"./{source}").url is None


@pytest.mark.parametrize("source", ["https:", "GH:acme/road", "host:road"])
def test_what_is_neither_says_how_a_folder_is_written(source: str) -> None:
    with pytest.raises(RoadError) as caught:
        address.parse_address(source)
    assert "write ./ before" in caught.value.cause


@pytest.mark.parametrize(
    "source",
    [
        "--upload-pack=touch pwned",
        "-oProxyCommand=touch pwned",
        "ext::sh -c touch% pwned",
        "git+ext::sh -c touch% pwned",
        "fd::17",
        "ext://example.com/road",
        "s3://bucket/road",
        "ssh://-oProxyCommand=touch/road",
        "git@-oProxyCommand=touch:road",
        "https://example.com/road\n",
        "https://example.com:port/road",
        "https://example.com\\@evil.example/road",
        "",
        "gh:",
        "https:///road",
        "https://bot%0aurl=https:%2f%2fother.example:s3cr3t@example.com/road",
        "https://bot:s3cr3t%0d%0ahost=other.example@example.com/road",
        "https://bot:s3cr3t@/road",
        "file://",
    ],
)
def test_what_git_would_take_for_a_command_is_refused(source: str) -> None:
    with pytest.raises(RoadError):
        address.parse_address(source)


@pytest.mark.parametrize(
    ("source", "text", "name", "password"),
    [
        ("https://bot:s3cr3t@example.com/road.git", "https://example.com/road.git", "bot", "s3cr3t"),
        ("https://bot:s%40cr3t@example.com:8443/road", "https://example.com:8443/road", "bot", "s@cr3t"),
        ("https://s3cr3t@example.com/road", "https://example.com/road", "s3cr3t", None),
        ("git+https://bot:s3cr3t@example.com/road", "https://example.com/road", "bot", "s3cr3t"),
        ("https://example.com/road?private_token=s3cr3t", "https://example.com/road", "token", "s3cr3t"),
        ("https://example.com/road?a=1&access_token=s3cr3t", "https://example.com/road?a=1", "token", "s3cr3t"),
        ("ssh://git:s3cr3t@example.com/road", "ssh://git@example.com/road", "git", "s3cr3t"),
    ],
)
def test_a_login_is_taken_out_of_the_url(source: str, text: str, name: str, password: str | None) -> None:
    found = address.parse_address(source)
    assert (found.text, found.url) == (text, text)
    assert found.login is not None
    assert (found.login.name, found.login.password) == (name, password)
    assert "cr3t" not in repr(found)


@pytest.mark.parametrize(
    "source", ["ssh://git@example.com/road", "git@example.com:road", "gh:acme/road", "https://example.com/road?a=1"]
)
def test_the_user_of_an_ssh_address_is_no_secret(source: str) -> None:
    assert address.parse_address(source).text == source
    assert address.parse_address(source).login is None


@pytest.mark.parametrize(
    "source",
    [
        "https://bot:s3cr3t@exa mple/road",
        "https://bot:s3cr3t@example.com:x/road",
        "https://bot:a s3cr3t/x@h/r",
        "x://a:s3cr3t@h",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(source: str) -> None:
    with pytest.raises(RoadError) as caught:
        address.parse_address(source)
    assert "s3cr3t" not in f"{caught.value.message} {caught.value.cause} {caught.value.hint}"


@pytest.mark.parametrize(
    ("source", "trusted"),
    [
        ("gh:acme/road", "gh:acme/"),
        ("gh:acme/road", "gh:acme/road"),
        ("https://github.com/acme/road", "gh:acme/road"),
        ("https://github.com/acme/road.git", "gh:acme/"),
        ("git+https://git.example.com/acme/road", "https://git.example.com/acme/road.git"),
        ("https://GIT.example.com:443/acme//road/", "https://git.example.com/acme/road"),
        ("https://bot@git.example.com/acme/road", "https://git.example.com/acme/"),
        ("https://git.example.com/%61cme/road", "https://git.example.com/acme/"),
        ("ssh://git@git.example.com:22/acme/road", "ssh://git@git.example.com/acme/"),
        ("git@Git.example.com:acme/road.git", "git@git.example.com:acme/"),
    ],
)
def test_trust_is_of_the_place_and_not_of_its_spelling(source: str, trusted: str) -> None:
    assert is_within(source, trusted)


@pytest.mark.parametrize(
    ("source", "trusted"),
    [
        ("gh:acmeevil/road", "gh:acme/"),
        ("gh:acme/../evil/road", "gh:acme/"),
        ("gh:acme/%2e%2e/evil/road", "gh:acme/"),
        ("gh:acme/%2E./evil/road", "gh:acme/"),
        ("gh:acme/%252e%252e/evil/road", "gh:acme/"),
        ("gh:acme/..%2fevil/road", "gh:acme/"),
        ("gh:acme/x%5c..%5cevil", "gh:acme/"),
        ("https://git.example.com/acme/./../evil", "https://git.example.com/acme/"),
        ("https://git.example.com/acme/?x=/evil", "https://git.example.com/acme/"),
        ("https://git.example.com/acme", "https://git.example.com/acme/"),
        ("https://git.example.com@evil.example/acme/road", "https://git.example.com/acme/"),
        ("https://git.example.com.evil.example/acme/road", "https://git.example.com/acme/"),
        ("https://git.example.com:8443/acme/road", "https://git.example.com/acme/"),
        ("http://git.example.com/acme/road", "https://git.example.com/acme/"),
        ("evil@git.example.com:acme/road", "git@git.example.com:acme/"),
        ("git@git.example.com:acme/../evil", "git@git.example.com:acme/"),
        ("./gh:acme/road", "gh:acme/"),
        ("https://git.example.com/Acme/road", "https://git.example.com/acme/"),
        ("--upload-pack=gh:acme/road", "gh:acme/"),
    ],
)
def test_trust_in_a_prefix_cannot_be_left(source: str, trusted: str) -> None:
    assert not is_within(source, trusted)


def test_trust_in_a_folder_is_left_neither_by_dots_nor_by_links(tmp_path: Path) -> None:
    (tmp_path / "roads" / "ours").mkdir(parents=True)
    (tmp_path / "evil").mkdir()
    (tmp_path / "roads" / "link").symlink_to(tmp_path / "evil")
    (tmp_path / "way").symlink_to(tmp_path / "roads")
    trusted = f"{tmp_path}/roads/"
    assert is_within(f"{tmp_path}/roads/ours", trusted)
    assert is_within(f"{tmp_path}/evil/../roads/ours", trusted)
    assert is_within(f"file://{tmp_path}/roads/ours", trusted)
    assert is_within(f"{tmp_path}/roads/ours", f"{tmp_path}/way/")
    assert not is_within(f"{tmp_path}/roads/../evil", trusted)
    assert not is_within(f"{tmp_path}/roads/link", trusted)
    assert not is_within(f"file://{tmp_path}/roads/%2e%2e/evil", trusted)
    assert not is_within(f"file://elsewhere{tmp_path}/roads/ours", trusted)
