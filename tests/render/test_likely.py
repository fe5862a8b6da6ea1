"""A repository of any name is adopted without a question."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from paved_road.render.likely import likenesses
from paved_road.testing import Files, evolve, make_road, paved

NAME = "use lower-case letters"


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        ("My Repo", {}, {"name": "my-repo", "package": "my_repo"}),
        ("1st", {}, {"name": "st"}),
        ("Büro", {}, {"name": "buro"}),
        ("x" * 60, {}, {"name": "x" * 40}),
        ("_", {}, {"name": "service"}),
        ("b", {"pyproject.toml": '[project]\nname = "Foo_Bar"\n'}, {"name": "foo-bar", "package": "foo_bar"}),
        ("c", {"pyproject.toml": '[project]\nname = "true"\n'}, {"name": "true-service"}),
        ("d", {"src/test/__init__.py": ""}, {"name": "d", "package": "test_service"}),
        ("e", {"pyproject.toml": '[project]\ndescription = "a \\"b\\"\\nc"\n'}, {"description": "a 'b' c"}),
    ],
)
def test_what_the_template_does_not_take_is_answered_with_what_is_like_it(
    tmp_path: Path, folder: str, files: Files, expected: dict[str, str]
) -> None:
    service = make_road(tmp_path / folder, {"README.md": "by hand\n", **files}, tag=None)
    said = paved("adopt", service, "--road", "paved:built-in", "--defaults")
    assert said.returncode == 0, said.stderr
    answers = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert expected.items() <= answers.items()
    name = next(iter(expected)) if folder != "d" else "package"
    assert f"note: {name} is {expected[name]!r}: the template does not take " in " ".join(said.stderr.split())


def test_what_is_taken_as_it_is_needs_no_note(tmp_path: Path) -> None:
    service = make_road(tmp_path / "orders", {"README.md": "by hand\n"}, tag=None)
    said = paved("adopt", service, "--road", "paved:built-in", "--defaults")
    assert (said.returncode, "does not take" in said.stderr) == (0, False), said.stderr


def test_what_was_given_is_never_replaced(tmp_path: Path) -> None:
    service = make_road(tmp_path / "orders", {"README.md": "by hand\n"}, tag=None)
    said = paved("adopt", service, "--road", "paved:built-in", "--defaults", "--data", "name=My Repo")
    assert (said.returncode, NAME in said.stderr) == (2, True)


def test_nothing_is_made_up_where_nothing_like_it_is_valid(tmp_path: Path) -> None:
    question = 'code: {type: str, default: abc, validator: "{% if not code.isdigit() %}digits only{% endif %}"}\n'
    road = make_road(tmp_path / "road", {"copier.yml": question, "a.txt": "a\n"})
    service = make_road(tmp_path / "svc", {"a.txt": "a\n"}, tag=None)
    evolve(service, {})
    said = paved("adopt", service, "--road", road, "--defaults")
    assert (said.returncode, "digits only" in said.stderr, "--data code=VALUE" in said.stderr) == (2, True, True)


def test_no_likeness_is_longer_than_a_name_may_be() -> None:
    assert all(len(one) <= 40 for one in list(likenesses("Long name " * 20))[1:])
