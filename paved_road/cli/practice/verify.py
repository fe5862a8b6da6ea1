"""`paved practice verify`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paved_road import ui
from paved_road.cli import completion, options
from paved_road.errors import UsageError, nearest

if TYPE_CHECKING:
    from paved_road.check.proving import Proof
    from paved_road.cli.practice import results
    from paved_road.practices.of_road import OwnPractices
    from paved_road.road.model import Release
    from paved_road.settings.config import Config

_ROAD = "The road: a folder, or its URL. Default: the current folder."
_TEMPLATE = "The template, if the road has several."
_TRUST = "Allow the road to run code: the checks, and the template's tasks, extensions and lock commands."
_PREPARE = "What the service needs before a live check can start it, such as: uv sync. It runs in the service."


def verify(
    slugs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PRACTICE...",
            show_default=False,
            autocompletion=completion.own_practice,
            help="The practices. Default: all of the road's.",
        ),
    ] = None,
    road: Annotated[str, typer.Option("--road", metavar="URL|PATH", help=_ROAD, show_default=False)] = ".",
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="NAME", help=_TEMPLATE, autocompletion=completion.template),
    ] = None,
    prepare: Annotated[str, typer.Option("--prepare", metavar="COMMAND", help=_PREPARE)] = "",
    data: options.Data = None,
    answers: options.AnswersFile = None,
    trust: Annotated[bool, typer.Option("--trust", help=_TRUST)] = False,
    json: options.Json = False,
) -> None:
    """Prove the practices of a road: each check passes a freshly stamped service, and fails once its fault is seeded.

    A local road is taken as it is on disk, any other road in its latest release. The service is stamped into a
    temporary folder, with the default of each question that you do not answer. The checks are the road's code, so this
    needs --trust, or a road that your settings trust. Run it in the road's CI.

    Exit code 1: a practice is not proven.

    \b
    Examples:
      paved practice verify --trust
      paved practice verify ticket-queue --road ~/src/our-road --trust
      paved practice verify --trust --prepare "uv sync --locked"      with live checks
    """
    from paved_road.road.opening import open_road
    from paved_road.road.releases import release
    from paved_road.road.templates import find_template
    from paved_road.settings.config import load_config

    config = load_config({"road": road})
    opened = open_road(config, trust=trust)
    found = release(find_template(opened, template), "HEAD" if opened.local else None)
    proofs = list(_proofs(found, slugs or [], _Stamp(config, options.answers(data, answers), prepare)))
    exit_code = int(not all(proof.proven for proof in proofs))
    if json:
        facts: results.VerifiedJson = {
            "road": opened.source,
            "template": found.template.name,
            "practices": [{"slug": one.slug, "proven": one.proven, "reason": one.reason} for one in proofs],
        }
        ui.envelope("practice verify", exit_code, facts, notes=opened.notes)
    else:
        for text in opened.notes:
            ui.note(text)
        for one in proofs:
            ui.data(f"{'proven' if one.proven else 'not proven':<10}  {one.slug}: {one.reason}")
        if not exit_code:
            ui.good("every check passes the stamped service, and fails once its fault is seeded")
    raise typer.Exit(exit_code)


@dataclass(frozen=True)
class _Stamp:
    """How the service is made that the checks are tried on."""

    config: Config
    answers: dict[str, Any]
    prepare: str

    def service(self, release: Release, destination: Path) -> Path:
        """Stamp it. The folder is returned."""
        from paved_road import create

        road = release.template.road
        request = create.CreateRequest(
            destination=destination, template=release.template.name, trust=road.trusted, answers=self.answers,
            ref="HEAD" if road.local else release.version,
        )  # fmt: skip
        planned = create.plan(request, self.config)
        created = create.create(planned)
        if missing := sorted(planned.derived.keys() - set(created.derived)):
            ui.note(f"{', '.join(missing)} was not made, and a live check may need it")
        return destination


def _proofs(release: Release, slugs: list[str], stamp: _Stamp) -> Iterator[Proof]:
    """Prove the practices; what is wrong with one is its own. Raises `UsageError` if there is nothing to prove."""
    from paved_road.check.own import require_trust
    from paved_road.practices.of_road import release_practices

    own = release_practices(release)
    named = sorted(set(slugs) or own.slugs)
    for slug in named:
        if slug not in own.slugs:
            raise UsageError(f"the road has no practice {slug!r} of its own", hint=nearest(slug, sorted(own.slugs)))
    if not named:
        raise UsageError(
            f"{release.template.name} has no practices of its own",
            cause="its paved-road.yml names no folder with a practice in it",
            hint="paved practice new PRACTICE --from-incident URL",
        )
    require_trust(release, [each.code_path for slug, each in own.by_slug.items() if slug in named and each.code])
    yield from _proved(release, own, named, stamp)


def _proved(release: Release, own: OwnPractices, named: list[str], stamp: _Stamp) -> Iterator[Proof]:
    from paved_road.check.proving import Proof, prove
    from paved_road.offroad import clock
    from paved_road.settings.config import load_config

    recorded = load_config()  # without --road, which would be taken for where the stamped service's road has moved
    with tempfile.TemporaryDirectory(prefix="paved-verify-") as folder:
        readable = any(slug in own.by_slug for slug in named)
        service = stamp.service(release, Path(folder) / "example") if readable else Path(folder)
        for slug in named:
            if slug in own.by_slug:
                yield prove(own.by_slug[slug], release, service, recorded, today=clock.today(), prepare=stamp.prepare)
                continue
            faults = [fault for fault in own.faults if Path(fault.path).stem == slug]
            yield Proof(slug=slug, proven=False, reason="; ".join(map(str, faults)))
