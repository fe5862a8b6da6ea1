"""The pods of a service: whether they are asked how they are, bounded, and locked in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paved_road.check.model import Fault, Fix, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.image import dockerfiles, instructions
from paved_road.check.static.kubernetes.resources import Fields, fields, items, number, text
from paved_road.check.static.kubernetes.workloads import (
    PodContainer,
    Workload,
    every_workload,
    own_workloads,
    states,
    told_once,
)

# -- health checks -----------------------------------------------------------------------------------------------------

_PROBES = {"livenessProbe": "live", "readinessProbe": "ready", "startupProbe": "startup"}


@static_check("health-checks")
@told_once
def health_checks(files: ServiceFiles) -> Iterator[Fault]:
    """Pods have probes that ask what the run contract says, and that give up before they ask again.

    Raises `NotApplicable` if the service has no manifests, or nothing in them has a port.
    """
    serving = [(each, each.main) for each in own_workloads(files)]
    serving = [(each, main) for each, main in serving if main and (each.services or main.ports or _has_probe(main))]
    if not serving:
        raise NotApplicable("no workload of the service has a port")
    for workload, main in serving:
        if main is not None:
            yield from _probes(files, workload, main)


def _has_probe(container: PodContainer) -> bool:
    return any(container.data.get(name) for name in _PROBES)


def _probes(files: ServiceFiles, workload: Workload, container: PodContainer) -> Iterator[Fault]:
    if not container.data.get("readinessProbe"):
        yield workload.fault(
            f"the container {container.name} has no readinessProbe, so it gets requests before it can answer them",
            *container.keys,
        )
    for name, role in _PROBES.items():
        if probe := fields(container.data.get(name)):
            yield from _probe(workload, container, name, probe)
            yield from _asks_what_the_contract_says(files, workload, container, name, role)
    yield from _time_to_start(files, workload, container)


def _probe(workload: Workload, container: PodContainer, name: str, probe: Fields) -> Iterator[Fault]:
    keys = (*container.keys, name)
    timeout, period = number(probe.get("timeoutSeconds"), 1), number(probe.get("periodSeconds"), 10)
    if timeout >= period > 1:
        key = "timeoutSeconds" if "timeoutSeconds" in probe else "periodSeconds"
        yield workload.fault(f"the {name} waits {timeout:g} s for an answer and asks every {period:g} s", *keys, key)
    port = fields(probe.get("httpGet") or probe.get("tcpSocket")).get("port")
    if isinstance(port, str) and not port.isdecimal() and port not in workload.ports:
        kind = "httpGet" if "httpGet" in probe else "tcpSocket"
        yield workload.fault(f"the {name} asks the port {port!r}, which no container has", *keys, kind, "port")


def _asks_what_the_contract_says(
    files: ServiceFiles, workload: Workload, container: PodContainer, name: str, role: str
) -> Iterator[Fault]:
    wanted = getattr(files.contract, role, None) if files.contract else None
    if not wanted or workload.resource.name != _contract_s_workload(files):
        return
    probe = fields(container.data.get(name))
    asked = fields(probe.get("httpGet"))
    if asked and text(asked.get("path")).partition("?")[0] != wanted:
        says = f"the {name} asks {text(asked.get('path')) or '/'}, the run contract says {wanted}"
        yield workload.fault(says, *container.keys, name, "httpGet", "path")
    elif "tcpSocket" in probe:
        says = f"the {name} only opens a connection, which a service that hangs accepts too; ask {wanted}"
        yield workload.fault(says, *container.keys, name, "tcpSocket")


def _contract_s_workload(files: ServiceFiles) -> str:
    """The contract is about one workload: the one of the service's name, else the first that a Service leads to."""
    own = own_workloads(files)
    served = [each for each in own if each.services] or own
    return next((each for each in own if each.resource.name == files.subject.name), served[0]).resource.name


def _time_to_start(files: ServiceFiles, workload: Workload, container: PodContainer) -> Iterator[Fault]:
    """A pod that is killed before it may be ready never gets ready."""
    contract = files.contract
    if contract is None or not states(contract, "ready_within"):
        return
    name = next((each for each in ("startupProbe", "livenessProbe") if container.data.get(each)), None)
    if name is None or workload.resource.name != _contract_s_workload(files):
        return
    probe = fields(container.data[name])
    attempts, period = number(probe.get("failureThreshold"), 3), number(probe.get("periodSeconds"), 10)
    budget = number(probe.get("initialDelaySeconds"), 0) + attempts * period
    if budget < contract.ready_within:
        says = f"the {name} restarts a pod after {budget:g} s, and a start may take {contract.ready_within:g} s"
        yield workload.fault(says, *container.keys, name, "failureThreshold")


# -- resources ---------------------------------------------------------------------------------------------------------

_QUANTITY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:e(\d+))?(m|[kMGTPE]i?)?")
_FACTORS = {"m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60}


def quantity(value: Any) -> float | None:
    """`250m`, `192Mi`, `1.5` as a number; None if it is none."""
    found = _QUANTITY.fullmatch(text(value)[:40])
    if not found:
        return None
    amount, exponent, unit = found.groups()
    return float(amount) * 10.0 ** min(int(exponent or 0), 30) * (_FACTORS | _BINARY).get(unit or "", 1.0)


@static_check("resource-limits")
@told_once
def resource_limits(files: ServiceFiles) -> Iterator[Fault]:
    """Every container requests CPU and memory, and has a limit of memory.

    Raises `NotApplicable` if the service has no manifests.
    """
    for workload in every_workload(files):
        ranges = [items(each.spec.get("limits")) for each in workload.environment.of_kind("LimitRange")]
        defaults = [each for limits in ranges for each in limits if each.get("type") == "Container"]
        for container in workload.containers:
            yield from _resources(files, workload, container, defaults)


def _resources(
    files: ServiceFiles, workload: Workload, container: PodContainer, defaults: list[Fields]
) -> Iterator[Fault]:
    resources = fields(container.data.get("resources"))
    requests, limits = dict(fields(resources.get("requests"))), dict(fields(resources.get("limits")))
    for each in defaults:
        requests = fields(each.get("defaultRequest")) | requests
        limits = fields(each.get("default")) | limits
    requests = limits | requests  # Kubernetes takes a limit for the request that is missing
    keys, named = (*container.keys, "resources"), f"the container {container.name}"
    if not limits.get("memory"):
        fix = _memory_limit(files, workload, keys, requests)
        yield workload.fault(f"{named} has no limit of memory, so it can take the node's", *keys, fix=fix)
    if "cpu" not in requests:
        yield workload.fault(f"{named} requests no CPU, so it is the first to get none", *keys)
    if "memory" not in requests and limits.get("memory"):
        yield workload.fault(f"{named} requests no memory", *keys)
    for what in ("cpu", "memory"):
        least, most = quantity(requests.get(what)), quantity(limits.get(what))
        if least is not None and most is not None and least > most:
            says = f"{named} requests more {what} ({requests[what]}) than its limit ({limits[what]})"
            yield workload.fault(says, *keys, "limits", what)


def _memory_limit(files: ServiceFiles, workload: Workload, keys: tuple[str | int, ...], requests: Fields) -> Fix | None:
    """Limit the memory to what is requested, where `requests:` stands on a line of its own and no limits do."""
    wanted = text(requests.get("memory"))
    resources = fields(workload.resource.at(*_positions(workload, keys)))
    if not wanted or "limits" in resources or not fields(resources.get("requests")).get("memory"):
        return None
    path, line = workload.resource.place(*keys, "requests")
    lines = files.texts.get(path, "").splitlines(keepends=True)
    found = re.fullmatch(r"([ \t]*)requests:.*(\r?\n)", lines[line - 1]) if line <= len(lines) else None
    if not found:
        return None
    before, added = lines[line - 1], f"{found[1]}limits: {{memory: {wanted}}}{found[2]}"

    def change(content: str) -> str:
        now = content.splitlines(keepends=True)
        at = line - 1 if line <= len(now) and now[line - 1] == before else None
        return content if at is None else "".join([*now[:at], added, *now[at:]])

    return Fix(path=path, change=change, says="limits the memory to what is requested")


def _positions(workload: Workload, keys: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The keys with the container's position in place of its name."""
    group, name = str(keys[3]), keys[4]
    names = [text(each.get("name")) for each in items(workload.pod.get(group))]
    return (*keys[:4], names.index(str(name)), *keys[5:])


# -- security ----------------------------------------------------------------------------------------------------------


@static_check("pod-security")
@told_once
def pod_security(files: ServiceFiles) -> Iterator[Fault]:
    """Pods keep to Kubernetes' restricted standard, cannot write their image, and hold no token that they do not need.

    Raises `NotApplicable` if the service has no manifests.
    """
    for workload in every_workload(files):
        if wrong := list(_of_the_pod(workload)):
            yield workload.fault("the pod " + ", ".join(wrong), "spec", "template", "spec")
        for container in workload.containers:
            if wrong := list(_of_the_container(workload, container)):
                where = (*container.keys, "securityContext")
                yield workload.fault(f"the container {container.name} " + ", ".join(wrong), *where)
    for workload in own_workloads(files):
        yield from _user_of_the_image(files, workload)


def _of_the_pod(workload: Workload) -> Iterator[str]:
    pod = workload.pod
    if shared := [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]:
        yield f"shares the node's own namespaces ({', '.join(shared)})"
    if any("hostPath" in volume for volume in items(pod.get("volumes"))):
        yield "mounts a folder of the node (hostPath)"
    if not _needs_no_token(workload):
        yield "has a token for the Kubernetes API (automountServiceAccountToken is not false)"


def _needs_no_token(workload: Workload) -> bool:
    """Whether no token is mounted, or the service has rights in the API that it needs one for."""
    mounted = workload.pod.get("automountServiceAccountToken")
    name = text(workload.pod.get("serviceAccountName") or workload.pod.get("serviceAccount")) or "default"
    accounts = [each for each in workload.environment.of_kind("ServiceAccount") if each.name == name]
    if mounted is None and accounts:
        mounted = accounts[0].data.get("automountServiceAccountToken")
    if mounted is False:
        return True
    bindings = workload.environment.of_kind("RoleBinding", "ClusterRoleBinding")
    return any(subject.get("name") == name for each in bindings for subject in items(each.data.get("subjects")))


def _of_the_container(workload: Workload, container: PodContainer) -> Iterator[str]:
    own, pod = fields(container.data.get("securityContext")), fields(workload.pod.get("securityContext"))
    user = own.get("runAsUser", pod.get("runAsUser"))
    if user == 0 or (own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True and not number(user, 0)):
        yield "may run as root (runAsNonRoot is not true)"
    profile = fields(own.get("seccompProfile") or pod.get("seccompProfile"))
    if profile.get("type") not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile"
    if own.get("privileged") is True:
        yield "is privileged"
    elif own.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges (allowPrivilegeEscalation is not false)"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "can write its root file system (readOnlyRootFilesystem is not true)"
    capabilities = fields(own.get("capabilities"))
    dropped, added = capabilities.get("drop"), capabilities.get("add")
    if not isinstance(dropped, list) or "ALL" not in [text(each).upper() for each in dropped]:
        yield "keeps capabilities (drop: [ALL] is missing)"
    if isinstance(added, list) and (more := [text(each) for each in added if each != "NET_BIND_SERVICE"]):
        yield f"adds the capabilities {', '.join(more)}"


def _user_of_the_image(files: ServiceFiles, workload: Workload) -> Iterator[Fault]:
    """The user that the manifest sets is the image's; one without a number cannot be checked by Kubernetes."""
    paths = dockerfiles(files)
    main = workload.main
    if len(paths) != 1 or main is None:
        return
    users = [each for each in instructions(files.texts[paths[0]]) if each.name == "USER"]
    name = users[-1].value.split(":")[0].strip() if users else ""
    own, pod = fields(main.data.get("securityContext")), fields(workload.pod.get("securityContext"))
    user, strict = own.get("runAsUser", pod.get("runAsUser")), own.get("runAsNonRoot", pod.get("runAsNonRoot"))
    if name.isdecimal() and isinstance(user, int) and user and int(name) != user:
        yield Fault(
            message=f"{workload}: it runs as the user {user}, the image is made for the user {name}",
            path=paths[0], line=users[-1].line, remedy="Name the same user in both.",
        )  # fmt: skip
    elif name and not name.isdecimal() and "$" not in name and strict is True and user is None:
        yield Fault(
            message=f"{workload}: Kubernetes cannot tell whether the user {name!r} is root, and refuses to start it",
            path=paths[0], line=users[-1].line, remedy="Name the user by a number, in the Dockerfile or in runAsUser.",
        )  # fmt: skip
