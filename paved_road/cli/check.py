"""`paved check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paved_road import ui
from paved_road.cli import completion, formats, options, where
from paved_road.errors import ConfigError, UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from paved_road.check.catalogue import Selection
    from paved_road.check.engine import CheckRun
    from paved_road.check.fixing import AppliedFix
    from paved_road.check.readiness import Readiness

_STATIC = "Only read files. Nothing of the repository is executed."
_LIVE = "Only run the service."
_SELECT = "Check only this practice. You can repeat it, or give several with commas."
_TIER = "low, standard or critical. Default: the service's own, or else standard."
_EXPLORE = "Also search for the combinations of faults that break a promise. This takes longer."
_TRUST = "Also run the checks of the road's own practices, which are the road's code."
_SEED = "Repeat the random choices of another run, which printed this number."
_BASELINE = (
    "Show and count only the faults in files that this commit does not have. Live checks are not compared, and count "
    "in full."
)
_LEFT_OUT = "--static runs no code of the road, so its own practices are left out ({}); with --trust they are checked"
_FIX = "Correct what can be corrected mechanically, in files without uncommitted changes, then check."


def _option(flag: str, metavar: str, text: str, complete: Any = None) -> Any:
    """An option with a value, which `complete` completes in a shell."""
    return typer.Option(flag, metavar=metavar, help=text, autocompletion=complete, show_default=False)


def check(
    path: options.Service = Path(),
    static: Annotated[bool, typer.Option("--static", help=_STATIC)] = False,
    live: Annotated[bool, typer.Option("--live", help=_LIVE)] = False,
    select: Annotated[list[str] | None, _option("--select", "PRACTICE", _SELECT, completion.practice)] = None,
    tier: Annotated[str | None, _option("--tier", "TIER", _TIER, completion.tier)] = None,
    explore: Annotated[bool, typer.Option("--explore", help=_EXPLORE)] = False,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help=_SEED, min=0, show_default="random")] = None,
    trust: Annotated[bool, typer.Option("--trust", help=_TRUST)] = False,
    baseline_ref: Annotated[str | None, _option("--baseline-ref", "COMMIT", _BASELINE)] = None,
    fix: Annotated[bool, typer.Option("--fix", help=_FIX)] = False,
    form: Annotated[formats.CheckFormat | None, _option("--format", "FORMAT", formats.HELP)] = None,
    json: options.Json = False,
) -> None:
    """Check whether a service is ready for production.

    Static checks read its files. Live checks start it on this machine, put stand-ins in the place of its dependencies,
    and hurt it. They need its run contract. With --verbose, what passed is listed too.

    The level is bronze, silver or gold: the highest whose practices all hold. The service's tier decides which level
    it needs: low needs bronze, standard silver, critical gold.

    Exit code 1: the level that the service needs is not reached. 2: a file that says what to check is wrong.

    \b
    Examples:
      paved check
      paved check --static                        only read: for the repository of a stranger
      paved check --select graceful-shutdown,timeouts
      paved check ../orders --tier critical
      paved check --static --baseline-ref origin/main       what a pull request made worse
      paved check --fix
      paved check --format sarif > check.sarif
    """
    from paved_road.check import engine
    from paved_road.cli import check_shown

    _refuse_contradictions(static=static, live=live, fix=fix, baseline_ref=baseline_ref)
    folder, form = where.folder_of(path), formats.chosen(form, json=json)
    selection = _selection(select, static=static, live=live, explore=explore)
    run = _planned(folder, selection, tier=tier, seed=seed, baseline_ref=baseline_ref, trust=trust)
    fixed = _fixed(run) if fix else []
    with check_shown.progress(len(run.items)) as progress:
        found = _remembered(run, lambda: engine.run_checks(run, progress))
    check_shown.print_readiness(found, form, fixed)
    raise typer.Exit(found.exit_code)


def _refuse_contradictions(*, static: bool, live: bool, fix: bool, baseline_ref: str | None) -> None:
    """Raise `UsageError` for options that contradict each other."""
    if static and live:
        raise UsageError("--static and --live cannot be combined", hint="leave both out to run all checks")
    if live and (fix or baseline_ref):
        reading = "--fix" if fix else "--baseline-ref"
        raise UsageError(f"{reading} is about static checks, and --live leaves them out", hint="leave out --live")


def _fixed(run: CheckRun) -> list[AppliedFix]:
    from paved_road.check import engine, fixing

    return fixing.fix_files(run.subject, engine.judge_all_files(run))


def _remembered(run: CheckRun, check: Callable[[], Readiness]) -> Readiness:
    """What a check finds, kept for `paved status` if the whole catalogue was checked."""
    from paved_road.service import last_check
    from paved_road.settings.config import load_config

    folder = run.subject.path
    files = last_check.state_of_files(folder)
    found = check()
    if found.is_whole:
        try:
            last_check.remember(load_config(directory=folder).cache_dir, folder, found.level, files)
        except ConfigError as error:  # what was found is worth more than its being kept
            ui.note(f"paved status will not know this result: {error.message}")
    return found


def _selection(select: list[str] | None, *, static: bool, live: bool, explore: bool) -> Selection:
    from paved_road.check.catalogue import Selection

    slugs = tuple(slug for words in select or () for word in words.split(",") if (slug := word.strip()))
    if select and not slugs:
        raise UsageError("--select names no practice", hint="paved explain")
    return Selection(slugs=slugs, static=not live, live=not static, explore=explore)


def _planned(
    folder: Path, selection: Selection, *, tier: str | None, seed: int | None, baseline_ref: str | None, trust: bool
) -> CheckRun:
    """What to run. Raises `UsageError` for a practice, a tier or a commit that does not exist."""
    import secrets

    from paved_road import git
    from paved_road.check import baseline, catalogue, engine, subject
    from paved_road.check.own import own_checks
    from paved_road.check.registry import built_in_checks
    from paved_road.offroad.clock import today
    from paved_road.practices.built_in import built_in_practices
    from paved_road.practices.known import Catalogue, catalogue_of
    from paved_road.practices.model import REQUIRED_LEVELS
    from paved_road.settings import whereabouts
    from paved_road.settings.config import load_config

    if tier is not None and tier not in REQUIRED_LEVELS:
        raise UsageError(f"there is no tier {tier!r}", hint=nearest(tier, REQUIRED_LEVELS))
    service = subject.stamped_service(folder)
    found = subject.find_subject(folder, service, tier=tier)
    config = load_config(directory=found.path)
    known = catalogue_of(service, config, trust=trust) if service else Catalogue(practices=built_in_practices())
    built_in = built_in_practices()
    # A reader runs no code of a road, whatever the settings trust (law 10); --trust is the person's own word.
    runs_code = selection.live or trust
    practices = known.practices if runs_code else built_in
    checks = (own_checks(known) if runs_code else {}) | built_in_checks()
    left_out = ", ".join(sorted(known.practices.keys() - practices.keys()))
    items = catalogue.selected(catalogue.with_checks(practices.values(), checks), selection)
    template_run = subject.stated_by_template(service, config)
    contract = subject.find_contract(found, template_run)
    says_nothing = service is None and contract is None and git.repository(found.path)
    if says_nothing and whereabouts.tracked_services(found.path):  # the root of a monorepo
        raise whereabouts.no_service(found.path)
    return engine.CheckRun(
        subject=found,
        service=service,
        contract=contract or subject.find_contract(found, template_run, needed=not selection.static),
        items=items,
        selection=selection,
        seed=secrets.randbelow(10**6) if seed is None else seed,
        today=today(),
        notes=(*known.notes, *([_LEFT_OUT.format(left_out)] if left_out else [])),
        baseline=baseline.baseline_at(found, baseline_ref, template_run=template_run) if baseline_ref else None,
    )
