"""Alerts: somebody is told when users are hurt, and finds out what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.promql import asked, seconds
from paved_road.check.static.rules import AlertRule, malformed_rules, other_alerts, rules
from paved_road.check.static.structured import items, manifests, mapping

_PAGES = re.compile(r"page|critical|emergency|fatal|sev-?[01]|p[01]$|high|urgent", re.IGNORECASE)
_SUMMARIES = ("summary", "description", "message", "title")
_RUNBOOKS = ("runbook_url", "runbook", "runbook_link", "runbookUrl", "runbook_uri", "playbook", "playbook_url")
_LONGEST_BEFORE_A_PAGE = 3600.0
"""Seconds that something may hurt users before somebody is woken."""
_SCRAPED_EVERY = 15.0
"""Seconds, where no ServiceMonitor says otherwise."""
_IN_REPOSITORY = re.compile(
    r"https?://[^/]+/(?P<repository>[^?#]+?)/(?:-/)?(?:blob|tree|raw|src(?:/branch)?)/[^/]+/(?P<path>[^?#]+)"
)
_NAMED_WINDOW = re.compile(r"(?:rate|burn_?rate|ratio|window|:|_)_?(\d+[smhdw])(?![a-z0-9])")

_DURATION = re.compile(r"(?<=[\[_a-z:])(?<!\d)\d+[smhdw](?![a-z0-9])")
"""A window in an expression: of a range, or at the end of a recording rule's name."""


@static_check("alerts")
def alerts(files: ServiceFiles) -> Iterator[Fault]:
    """There are alerts; each says how urgent it is, what is wrong and what to do; one watches an objective.

    Raises `NotApplicable` if the service's alerts are no rules of Prometheus.
    """
    yield from malformed_rules(files)
    found = rules(files)
    alerting = [rule for rule in found if rule.alerts]
    other = other_alerts(files)
    if not alerting:
        if other:
            raise NotApplicable(f"the alerts are {other}, and this check reads rules of Prometheus")
        yield Fault(message="no alert watches the service", remedy="Add alerting rules for its objectives.")
        return
    recorded = {rule.name: rule for rule in found if not rule.alerts}
    scraped = _scraped_every(files)
    for rule in alerting:
        yield from _labels(files, rule)
        yield from _times(rule, recorded, scraped)
    if not other and not any(_watches_an_objective(rule, recorded) for rule in alerting):
        yield Fault(
            message="no alert watches an objective: none compares how fast its error budget is spent over two windows",
            path=alerting[0].path,
            remedy="Add a burn-rate alert with a long and a short window (Google's SRE workbook, chapter 5).",
        )  # fmt: skip


def _labels(files: ServiceFiles, rule: AlertRule) -> Iterator[Fault]:
    """How urgent it is, what is wrong, what to do."""
    if not str(rule.labels.get("severity", rule.labels.get("priority", ""))).strip():
        yield _fault(rule, "has no severity", "Add the label severity: page or ticket.")
    if not any(str(rule.annotations.get(name, "")).strip() for name in _SUMMARIES):
        yield _fault(rule, "has no summary", "Add the annotation summary: one sentence about what users notice.")
    link = next((str(rule.annotations[name]) for name in _RUNBOOKS if rule.annotations.get(name)), "")
    if not link:
        yield _fault(rule, "has no runbook", "Add the annotation runbook_url, and write the runbook.")
    elif missing := missing_runbook(files, link):
        yield _fault(rule, f"links to {missing}, which does not exist", f"Write {missing}, or correct the link.")


def missing_runbook(files: ServiceFiles, link: str) -> str:
    """The file of this service that a link names and that does not exist; "" if it exists or is elsewhere."""
    if "{{" in link:
        return ""
    found = _IN_REPOSITORY.match(link)
    if found is None:
        path = link.partition("#")[0]
        inside = "://" not in link and "." in path.rpartition("/")[2] and not path.startswith("/")
        return path if inside and not _exists(files, path) else ""
    if _exists(files, found["path"]):
        return ""
    ours = found["repository"].rpartition("/")[2].removesuffix(".git") == files.subject.name
    return found["path"] if ours else ""


def _exists(files: ServiceFiles, path: str) -> bool:
    """Whether a file of the repository is one of the service's, which may be in a subfolder of it."""
    path = path.rstrip("/")
    known = [*files.texts, *files.unread]
    return any(path == one or path.endswith(f"/{one}") or one.startswith(f"{path}/") for one in known)


def _times(rule: AlertRule, recorded: Mapping[str, AlertRule], scraped: float) -> Iterator[Fault]:
    """Whether its durations are long enough to be true and short enough to be in time."""
    lasting = seconds(rule.lasting) if rule.lasting else 0.0
    if lasting is None:
        if "{{" not in rule.lasting and "$" not in rule.lasting:
            yield _fault(rule, f"has `for: {rule.lasting}`, which is no duration", "Write a duration such as 5m.")
        return
    own = asked(rule.expression)
    windows = set(own.windows).union(
        *(asked(recorded[name].expression).windows for name in own.metrics if name in recorded)
    )
    for window in sorted(own.windows):
        length = seconds(window)
        if length is not None and 0 < length < 2 * scraped:
            yield _fault(
                rule, f"looks back {window}, and metrics are scraped every {scraped:g} s",
                f"A rate needs two values: look back at least {4 * scraped:g} s.",
            )  # fmt: skip
    urgent = _PAGES.search(str(rule.labels.get("severity", "")))
    if urgent and lasting > _LONGEST_BEFORE_A_PAGE:
        yield _fault(rule, f"pages after {rule.lasting}", "Page within an hour, or make it a ticket.")
    if urgent and not lasting and not windows and not _named_windows(rule.expression):
        yield _fault(rule, "pages for a single value", "Add `for: 5m`, or look at a window of time.")


def _fault(rule: AlertRule, what: str, remedy: str) -> Fault:
    return Fault(message=f"the alert {rule.name} {what}", path=rule.path, line=rule.line, remedy=remedy)


def _scraped_every(files: ServiceFiles) -> float:
    """Seconds between two scrapes, as a ServiceMonitor or PodMonitor says."""
    found = [
        seconds(str(mapping(endpoint).get("interval", "")))
        for _, monitor in manifests(files, "ServiceMonitor", "PodMonitor", "PodMonitoring")
        for key in ("endpoints", "podMetricsEndpoints")
        for endpoint in items(mapping(monitor, "spec").get(key))
    ]
    return min((one for one in found if one), default=_SCRAPED_EVERY)


def _named_windows(expression: str) -> set[str]:
    """The windows in the names of recording rules, which other files may hold: `job:errors:ratio_rate1h`."""
    return {window for name in asked(expression).metrics if ":" in name for window in _NAMED_WINDOW.findall(name)}


def _watches_an_objective(rule: AlertRule, recorded: Mapping[str, AlertRule]) -> bool:
    """Whether an alert asks for the same over two windows at once, as burn rates do."""
    windows: dict[str, set[str]] = {}
    for part in re.split(r"\b(?:and|or)\b", rule.expression):
        left = re.split(r"[<>]", part)[0]
        known = [recorded[name] for name in asked(left).metrics if name in recorded]
        if len(known) == 1 and not _named_windows(left):
            left = known[0].expression
        lengths = _DURATION.findall(left)
        shape = re.sub(r"[\s()]", "", _DURATION.sub("WINDOW", left))
        windows.setdefault(shape, set()).update(lengths)
    return any(len(each) >= 2 for each in windows.values())
