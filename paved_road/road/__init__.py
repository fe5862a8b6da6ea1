"""Roads, their templates and releases: resolve a source, fetch it once into the cache, read a release's files."""

from paved_road.road.model import WORKING_TREE, Release, Road, Template
from paved_road.road.opening import git_url, open_road
from paved_road.road.releases import goes_back, is_news, is_same_commit, offer, release, releases
from paved_road.road.templates import CONFIG_NAMES, find_template, offers, templates
from paved_road.versions import is_older, is_passed

__all__ = [
    "CONFIG_NAMES",
    "WORKING_TREE",
    "Release",
    "Road",
    "Template",
    "find_template",
    "git_url",
    "goes_back",
    "is_news",
    "is_older",
    "is_passed",
    "is_same_commit",
    "offer",
    "offers",
    "open_road",
    "release",
    "releases",
    "templates",
]
