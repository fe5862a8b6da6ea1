"""The service that a check is about: a stamped one, or any folder with a service in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from paved_road import git
from paved_road.check.model import Subject
from paved_road.errors import NoRunContract, ServiceError
from paved_road.files import contained, yml
from paved_road.git import address
from paved_road.practices.model import REQUIRED_LEVELS
from paved_road.service import model
from paved_road.settings import whereabouts

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

_CATALOGUE = ("catalog-info.yaml", "catalog-info.yml")
_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
USUAL_TIER = "standard"


def stamped_service(folder: Path) -> Service | None:
    """The service in a folder, if it was stamped from a road. Raises `ServiceError` if its lock is broken."""
    return model.open_service(folder) if whereabouts.is_service(folder) else None


def find_subject(folder: Path, service: Service | None, *, tier: str | None = None) -> Subject:
    """The service in a folder, with its name and its tier.

    The name comes from catalog-info.yaml, the answers, compose.yaml, or else it is the folder's; the tier from `tier`,
    the answers or catalog-info.yaml, or else it is standard. Raises `ServiceError` if there is no such folder.
    """
    if not folder.is_dir():
        raise ServiceError(f"there is no folder {folder}", hint="name the service's folder: paved check SERVICE")
    path = address.resolved(folder)
    answers = service.answers if service else {}
    component = next(_documents(path, _CATALOGUE), {})
    compose = next(_documents(path, _COMPOSE), {})
    metadata = _mapping(component, "metadata")
    names = (metadata.get("name"), answers.get("name"), compose.get("name"), path.name)
    tiers = (tier, answers.get("tier"), *_stated_tiers(component))
    return Subject(
        path=path,
        name=next(name for name in names if isinstance(name, str) and name),
        tier=next((one for one in tiers if isinstance(one, str) and one in REQUIRED_LEVELS), USUAL_TIER),
    )


def place_of(subject: Subject) -> tuple[git.Repository | None, str]:
    """The repository that a service is in, and its folder there: "" for the root, else ending in "/"."""
    repository = git.repository(subject.path)
    if repository is None or not subject.path.is_relative_to(repository.top):
        return None, ""
    return repository, model.prefix_of(subject.path, repository)


def _documents(folder: Path, names: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """The mappings in the first file of these names that can be read. What is wrong with a file is a check's to say."""
    for name in names:
        try:
            documents = yml.load_all(contained.read_regular(folder, name))
        except (OSError, yaml.YAMLError):
            continue
        yield from (one for one in documents if isinstance(one, dict))


def _stated_tiers(component: Mapping[str, Any]) -> Iterator[Any]:
    """The tiers that Backstage's entity states: `spec.tier`, or a label or annotation whose name ends in `tier`."""
    metadata = _mapping(component, "metadata")
    yield _mapping(component, "spec").get("tier")
    for where in ("labels", "annotations"):
        yield from (value for key, value in _mapping(metadata, where).items() if str(key).split("/")[-1] == "tier")


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def stated_by_template(service: Service | None, config: Config) -> Mapping[str, Any] | None:
    """What the template of a stamped service says about running it."""
    from paved_road.check.contract.template import template_run

    return template_run(service, config) if service else None


def find_contract(
    subject: Subject, template_run: Mapping[str, Any] | None, *, needed: bool = False
) -> RunContract | None:
    """How the service is run; None if nothing says it.

    Raises `ContractError` if what says it is wrong, and `NoRunContract` if nothing says it but it is `needed`.
    """
    from paved_road.check.contract.resolve import resolve_contract

    try:
        return resolve_contract(subject.path, template_run)
    except NoRunContract:
        if needed:
            raise
        return None
