"""Times and promises that must fit into each other, worked out from files without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.resources import Fields, Resource, fields, items, number, seconds, text
from paved_road.check.static.kubernetes.workloads import (
    PodContainer,
    Workload,
    duration_setting,
    own_workloads,
    states,
    told_once,
)

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract

Place = tuple[str, int]

_UNIT = r"(_(S|SEC|SECS|SECONDS|MS|MILLIS|MILLISECONDS))?$"
_WHOLE_STOP = re.compile(
    r"^((GRACEFUL_)?(SHUTDOWN|TERMINATION|STOP)(_GRACE)?(_PERIOD|_TIMEOUT|_DEADLINE)?"
    r"|GRACEFUL_TIMEOUT|SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE)" + _UNIT
)
"""Settings that say how long a service takes to stop as a whole."""
_DRAIN = re.compile(r"^(SHUTDOWN_|PRE_?STOP_)?(DRAIN|DELAY)(_PERIOD|_TIME|_TIMEOUT|_DELAY)?" + _UNIT)
_GRACE = re.compile(r"^(SHUTDOWN_)?GRACE(_PERIOD|_TIME|_TIMEOUT)?" + _UNIT)
"""Settings that say a part of it."""
_DEADLINE = re.compile(r"^(SERVER_|HTTP_|HTTP_SERVER_)?REQUEST_(TIMEOUT|DEADLINE)" + _UNIT)
_FLAGS = re.compile(
    r"(?:^|\s)--(graceful-timeout|timeout-graceful-shutdown|shutdown-timeout|grace-period)[=\s]+(\d+\w*)"
)
_DEFAULT_GRACE = 30.0
"""Seconds that Kubernetes gives a pod to stop, when nobody says otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopping:
    """How a pod stops: seconds, as its files say them."""

    before: float
    """The preStop hook, before the process gets SIGTERM."""
    whole: float | None
    """What the process takes at most after it."""
    drain: float | None
    grace: float | None
    killed: float
    """When the pod is killed."""

    @property
    def after(self) -> float:
        """What the process needs after SIGTERM."""
        return max(self.whole or 0.0, (self.drain or 0.0) + (self.grace or 0.0))


# -- stopping ----------------------------------------------------------------------------------------------------------


@static_check("shutdown-arithmetic")
@told_once
def shutdown_arithmetic(files: ServiceFiles) -> Iterator[Fault]:
    """What a pod does when it stops fits into the time until it is killed.

    Raises `NotApplicable` if the service has no manifests.
    """
    for workload in own_workloads(files):
        if (main := workload.main) is not None:
            yield from _stops_in_time(files, workload, main)


def _stops_in_time(files: ServiceFiles, workload: Workload, main: PodContainer) -> Iterator[Fault]:
    stopping = _stopping(files, workload, main)
    keys = ("spec", "template", "spec", "terminationGracePeriodSeconds")
    needed = stopping.before + stopping.after
    if stopping.killed < needed:
        parts = [f"{stopping.before:g} s before SIGTERM"] if stopping.before else []
        parts += [f"{stopping.after:g} s after it"] if stopping.after else []
        says = f"a pod is killed after {stopping.killed:g} s and needs {needed:g} s to stop: {' and '.join(parts)}"
        yield workload.fault(says, *keys)
    elif 0 < stopping.before == stopping.killed:
        yield workload.fault("its preStop hook takes all the time until the pod is killed", *keys)
    deadline = _deadline(files, workload, main)
    time = stopping.grace if stopping.grace is not None else stopping.killed - stopping.before - (stopping.drain or 0.0)
    if deadline is not None and time < deadline[0]:
        says = f"a request may take {deadline[0]:g} s, and one in flight gets {time:g} s when the pod stops"
        yield Fault(message=f"{workload}: {says}", path=deadline[1][0], line=deadline[1][1])
    if workload.services and not stopping.before and not stopping.drain:
        says = "it stops at once, and callers still send it requests until they know: it has no preStop and no drain"
        remedy = (
            "Add a preStop hook that sleeps 5 seconds, or serve on for a while after SIGTERM, with a setting for it."
        )
        yield workload.fault(says, *main.keys, "lifecycle", remedy=remedy)


def _stopping(files: ServiceFiles, workload: Workload, main: PodContainer) -> Stopping:
    settings = workload.settings(main)
    whole = [*_times(settings, _WHOLE_STOP), *_flags(main)]
    contract = files.contract
    if contract is not None and states(contract, "stop_within") and not whole:
        whole.append(contract.stop_within)
    drain, grace = _times(settings, _DRAIN), _times(settings, _GRACE)
    return Stopping(
        before=_pre_stop(main),
        whole=max(whole, default=None),
        drain=max(drain, default=None),
        grace=max(grace, default=None),
        killed=number(workload.pod.get("terminationGracePeriodSeconds"), _DEFAULT_GRACE),
    )


def _times(settings: Mapping[str, str], names: re.Pattern[str]) -> list[float]:
    found = [duration_setting(name, value) for name, value in settings.items() if names.search(name.upper())]
    return [each for each in found if each is not None]


def _flags(container: PodContainer) -> list[float]:
    """What the command line of a known server says: gunicorn, uvicorn."""
    words = [text(word) for key in ("command", "args") for word in _list(container.data.get(key))]
    found = [seconds(value) for _, value in _FLAGS.findall(" ".join(words)[:10_000])]
    return [each for each in found if each is not None]


def _pre_stop(container: PodContainer) -> float:
    """The seconds that the preStop hook sleeps."""
    hook = fields(fields(container.data.get("lifecycle")).get("preStop"))
    if sleep := fields(hook.get("sleep")):
        return number(sleep.get("seconds"), 0)
    command = " ".join(text(word) for word in _list(fields(hook.get("exec")).get("command")))
    return sum(float(each) for each in re.findall(r"\bsleep\s+(\d{1,5})", command))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _deadline(files: ServiceFiles, workload: Workload, main: PodContainer) -> tuple[float, Place] | None:
    """The seconds that a request may take, and who says so: a setting, or the run contract."""
    for name, (value, place) in workload.placed_settings(main).items():
        if _DEADLINE.search(name.upper()) and (found := duration_setting(name, value)):
            return found, place
    contract = files.contract
    if contract is None or not states(contract, "deadline") or contract.source not in files.texts:
        return None
    return contract.deadline, (contract.source, files.line(contract.source, r"^\W*deadline\b"))


# -- timeouts ----------------------------------------------------------------------------------------------------------


@static_check("timeout-arithmetic")
@told_once
def timeout_arithmetic(files: ServiceFiles) -> Iterator[Fault]:
    """All attempts fit into the service's deadline, and the deadline into what callers and routes wait.

    Raises `NotApplicable` if no file says two times that one could compare.
    """
    compared = 0
    for found in (_attempts(files), _routes(files)):
        for fault in found:
            compared += 1
            if fault is not None:
                yield fault
    if not compared:
        raise NotApplicable(
            "no file says times that one could compare: state timeout and attempts of each dependency, and the"
            " deadline, in the run contract"
        )


def _attempts(files: ServiceFiles) -> Iterator[Fault | None]:
    """For each dependency that states its times: None if they fit."""
    contract = files.contract
    for dependency in contract.dependencies if contract else ():
        if contract is None or dependency.timeout is None:
            continue
        attempts = dependency.attempts or 1
        whole = dependency.timeout * attempts
        if whole <= contract.deadline:
            yield None
            continue
        tries = f"{attempts} attempts of {dependency.timeout:g} s" if attempts > 1 else "one attempt"
        yield Fault(
            message=f"{dependency.name}: {tries} take {whole:g} s, and the service must answer within"
            f" {contract.deadline:g} s",
            path=_contract_file(files, contract),
            line=_contract_line(files, contract, dependency.name),
            remedy="Shorten the attempts, make fewer, or bound them all by one deadline.",
        )


def _contract_file(files: ServiceFiles, contract: RunContract) -> str:
    return contract.source if contract.source in files.texts else ""


def _contract_line(files: ServiceFiles, contract: RunContract, dependency: str) -> int:
    path = _contract_file(files, contract)
    return files.line(path, rf"\b{re.escape(dependency)}\b") if path else 1


def _routes(files: ServiceFiles) -> Iterator[Fault | None]:
    """For each time that a route states: None if the service's deadline is below it."""
    try:
        workloads = own_workloads(files)
    except NotApplicable:
        return
    seen: set[int] = set()
    for workload in workloads:
        deadline = _deadline(files, workload, workload.main) if workload.main else None
        names = {each.name for each in workload.services}
        for route, keys, rule in _rules(workload, names):
            if id(rule) in seen:
                continue
            seen.add(id(rule))
            yield from _within_the_rule(workload, route, keys, rule)
            for key, waits in _waits(route, rule).items():
                if deadline is None:
                    continue
                says = f"it waits {waits:g} s, and the service answers within {deadline[0]:g} s: it gives up first"
                held = deadline[0] < waits
                yield None if held else workload.fault(says, *keys, *key, about=route, remedy=_OUTLAST)


_OUTLAST = "Let the route wait longer than the service's own deadline, so that the service says itself that it is late."


def _rules(workload: Workload, services: set[str]) -> Iterator[tuple[Resource, tuple[str | int, ...], Fields]]:
    """The rules of routes that lead to a workload: of HTTPRoute, Istio's VirtualService, and an Ingress of nginx."""
    for route in workload.environment.of_kind("HTTPRoute", "GRPCRoute"):
        for at, rule in enumerate(items(route.spec.get("rules"))):
            if services & {text(each.get("name")) for each in items(rule.get("backendRefs"))}:
                yield route, ("spec", "rules", at), rule
    for route in workload.environment.of_kind("VirtualService"):
        for at, rule in enumerate(items(route.spec.get("http"))):
            hosts = {text(fields(each.get("destination")).get("host")) for each in items(rule.get("route"))}
            if services & {host.split(".")[0] for host in hosts}:
                yield route, ("spec", "http", text(rule.get("name")) or at), rule
    for route in workload.environment.of_kind("Ingress"):
        if any(f"'{name}'" in str(route.spec) for name in services):
            yield route, ("metadata", "annotations"), fields(route.metadata.get("annotations"))


_NGINX = "nginx.ingress.kubernetes.io/proxy-read-timeout"


def _waits(route: Resource, rule: Fields) -> dict[tuple[str, ...], float]:
    """The times that a rule waits for the service, by the keys that lead to them."""
    written: dict[tuple[str, ...], object]
    if route.kind == "Ingress":
        written = {(_NGINX,): rule.get(_NGINX)}
    elif route.kind == "VirtualService":
        retries = fields(rule.get("retries"))
        written = {("timeout",): rule.get("timeout"), ("retries", "perTryTimeout"): retries.get("perTryTimeout")}
    else:
        times = fields(rule.get("timeouts"))
        written = {("timeouts", key): times.get(key) for key in ("request", "backendRequest")}
    found = {keys: seconds(value) for keys, value in written.items()}
    return {keys: value for keys, value in found.items() if value}


def _within_the_rule(
    workload: Workload, route: Resource, keys: tuple[str | int, ...], rule: Fields
) -> Iterator[Fault | None]:
    """One attempt of a route takes no longer than all of them."""
    waits = _waits(route, rule)
    whole = waits.get(("timeouts", "request")) or waits.get(("timeout",))
    one = waits.get(("timeouts", "backendRequest"))
    if whole and one:
        says = f"one attempt may take {one:g} s, and the whole request {whole:g} s"
        yield workload.fault(says, *keys, "timeouts", about=route) if one > whole else None
    one = waits.get(("retries", "perTryTimeout"))
    if whole and one:
        attempts = 1 + number(fields(rule.get("retries")).get("attempts"), 2)
        says = f"{attempts:g} attempts of {one:g} s do not fit into its timeout of {whole:g} s"
        yield workload.fault(says, *keys, "retries", about=route) if one * attempts > whole else None
