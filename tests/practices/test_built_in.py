"""The built-in catalogue is complete (tests/test_wheel.py: and an installed paved has it)."""

from __future__ import annotations

from paved_road.practices.built_in import built_in_practices, built_in_slugs
from tests.stranger import PROJECT

FOLDER = "paved_road/practices/catalogue"


def test_every_file_of_the_catalogue_is_a_practice() -> None:
    assert built_in_practices().keys() == built_in_slugs()
    on_disk = {path.stem for path in (PROJECT / FOLDER).iterdir()}
    assert built_in_slugs() == on_disk, "nothing else belongs in the folder"
    assert {slug for slug, practice in built_in_practices().items() if practice.slug != slug} == set()


def test_no_two_practices_have_one_title() -> None:
    titles = [practice.title.casefold() for practice in built_in_practices().values()]
    assert len(set(titles)) == len(titles)
