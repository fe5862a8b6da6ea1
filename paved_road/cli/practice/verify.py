"""`paved practice verify`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
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


def verify(
    slugs: Annotated[
        list[str] | None,
        typer.Argument(metavar="PRACTICE...", show_default=False, help="The practices. Default: all of the road's."),
    ] = None,
    road: Annotated[str, typer.Option("--road", metavar="URL|PATH", help=_ROAD, show_default=False)] = ".",
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="NAME", help=_TEMPLATE, autocompletion=completion.template),
    ] = None,
    data: options.Data = None,
    answers: options.AnswersFile = None,
    trust: options.Trust = False,
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
    """
    from paved_road.road.opening import open_road
    from paved_road.road.releases import release
    from paved_road.road.templates import find_template
    from paved_road.settings.config import load_config

    config = load_config({"road": road})
    opened = open_road(config, trust=trust)
    found = release(find_template(opened, template), "HEAD" if opened.local else None)
    proofs = list(_proofs(found, slugs or [], config, options.answers(data, answers)))
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


def _proofs(release: Release, slugs: list[str], config: Config, answers: dict[str, Any]) -> Iterator[Proof]:
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
    with tempfile.TemporaryDirectory(prefix="paved-verify-") as folder:
        yield from _proved(release, own, named, config, _Stamped(release, config, answers, Path(folder)))


def _proved(
    release: Release, own: OwnPractices, named: list[str], config: Config, stamped: _Stamped
) -> Iterator[Proof]:
    from paved_road.check.proving import Proof, prove
    from paved_road.offroad import clock

    for slug in named:
        if slug in own.by_slug:
            yield prove(own.by_slug[slug], release, stamped.service(), config, today=clock.today())
            continue
        faults = [fault for fault in own.faults if Path(fault.path).stem == slug]
        yield Proof(slug=slug, proven=False, reason="; ".join(map(str, faults)))


class _Stamped:
    """A service that is stamped when the first practice needs it."""

    def __init__(self, release: Release, config: Config, answers: dict[str, Any], folder: Path) -> None:
        self._release, self._config, self._answers, self._folder = release, config, answers, folder
        self._service: Path | None = None

    def service(self) -> Path:
        """Its folder."""
        if self._service is None:
            self._service = self._folder / "example"
            self._stamp(self._service)
        return self._service

    def _stamp(self, destination: Path) -> None:
        from paved_road import create

        road = self._release.template.road
        request = create.CreateRequest(
            destination=destination, template=self._release.template.name, trust=road.trusted, answers=self._answers,
            ref="HEAD" if road.local else self._release.version,
        )  # fmt: skip
        planned = create.plan(request, self._config)
        created = create.create(planned)
        if missing := sorted(planned.derived.keys() - set(created.derived)):
            ui.note(f"{', '.join(missing)} was not made, and a live check may need it")
