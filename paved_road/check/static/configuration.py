"""What a service is told when it starts, and what its pods keep that the next one would not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.environments import EARLIER_STAGES, is_production
from paved_road.check.static.kubernetes.resources import Resource, fields, items, text
from paved_road.check.static.kubernetes.workloads import PodContainer, Workload, own_workloads, told_once

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract

# -- settings ----------------------------------------------------------------------------------------------------------


@static_check("runtime-configuration")
@told_once
def runtime_configuration(files: ServiceFiles) -> Iterator[Fault]:
    """Every setting that the run contract names is set in production, and a changed setting reaches the pods.

    Raises `NotApplicable` if the service has no manifests, or its containers have no settings.
    """
    own = [(each, main) for each in own_workloads(files) if (main := each.main) is not None]
    configured = [(each, main) for each, main in own if main.data.get("env") or main.data.get("envFrom")]
    if not configured and not (files.contract and files.contract.dependencies):
        raise NotApplicable("the service's containers have no settings: neither env nor envFrom")
    for workload, main in configured:
        yield from _rolled_out(workload, main)
    if files.contract is not None and own:
        served = next((each for each in own if each[0].resource.name == files.subject.name), None)
        served = served or next((each for each in own if each[0].services), own[0])
        name = served[0].resource.name
        for workload, main in own:
            if workload.resource.name == name:
                yield from _as_the_contract_says(files.contract, workload, main)


_RELOADERS = re.compile(r"checksum|config[-_.]?(hash|version)|reloader\.stakater\.com", re.IGNORECASE)


def _rolled_out(workload: Workload, container: PodContainer) -> Iterator[Fault]:
    """Variables are read once: a changed ConfigMap of the same name reaches no pod that runs."""
    annotations = [*workload.annotations, *fields(workload.resource.metadata.get("annotations"))]
    if any(_RELOADERS.search(each) for each in annotations):
        return
    for config in _read_config_maps(workload, container):
        if not config.hashed and config.data.get("immutable") is not True:
            says = "a change of it does not reach the pods that run: they read it once, and its name stays the same"
            remedy = (
                "Generate it with Kustomize, which adds a hash to its name, or annotate the pods with its checksum."
            )
            yield workload.fault(says, "data", about=config, remedy=remedy)


def _read_config_maps(workload: Workload, container: PodContainer) -> list[Resource]:
    names = {text(fields(each.get("configMapRef")).get("name")) for each in items(container.data.get("envFrom"))}
    for variable in items(container.data.get("env")):
        names.add(text(fields(fields(variable.get("valueFrom")).get("configMapKeyRef")).get("name")))
    return [each for each in workload.environment.of_kind("ConfigMap") if each.name in names - {""}]


def _as_the_contract_says(contract: RunContract, workload: Workload, main: PodContainer) -> Iterator[Fault]:
    settings = workload.placed_settings(main)
    names, more = workload.names_of_settings(main)
    for dependency in contract.dependencies:
        if dependency.env in settings:
            value, place = settings[dependency.env]
            for says in _address(workload, dependency.env, value):
                yield Fault(message=f"{workload}: {says}", path=place[0], line=place[1])
        elif dependency.env not in names and not more:
            says = f"{dependency.env} is not set, which holds the address of {dependency.name}"
            yield workload.fault(says, *main.keys, "envFrom" if main.data.get("envFrom") else "env")
    if workload.ports:
        yield from _ports(contract, workload, main)


def _ports(contract: RunContract, workload: Workload, main: PodContainer) -> Iterator[Fault]:
    """The service listens where the manifest says."""
    settings = workload.placed_settings(main)
    for variable in (contract.port_env, contract.probe_port_env):
        value, place = settings.get(variable or "", ("", ("", 1)))
        if value.isdecimal() and float(value[:6]) not in workload.ports.values():
            says = f"{variable} is {value}, and no container declares this port"
            yield Fault(message=f"{workload}: {says}", path=place[0], line=place[1])
    if contract.port is not None and contract.port not in workload.ports.values():
        says = f"the service listens on the port {contract.port}, and no container declares it"
        yield workload.fault(says, *main.keys, "ports")


def _address(workload: Workload, name: str, value: str) -> Iterator[str]:
    if not value.strip():
        yield f"{name} is empty"
    elif len(workload.containers) == 1 and re.search(r"//(localhost|127\.0\.0\.1|\[::1\])([:/]|$)", value):
        yield f"{name} is {value}: nothing else runs in the pod"
    elif is_production(workload.environment):
        host = re.sub(r"^\w+://([^/@]*@)?", "", value).partition("/")[0]
        if stages := sorted(set(re.split(r"[-.:]", host.lower())) & EARLIER_STAGES - {"local"}):
            yield f"{name} is {value}, an address of {stages[0]}"


# -- state -------------------------------------------------------------------------------------------------------------


@static_check("stateless")
@told_once
def stateless(files: ServiceFiles) -> Iterator[Fault]:
    """Any pod can answer any request, and none keeps what the next one needs.

    Raises `NotApplicable` if the service has no manifests.
    """
    for workload in own_workloads(files):
        yield from _kept(workload)
        for service in workload.services:
            if service.spec.get("sessionAffinity") == "ClientIP":
                says = "it sends a client to the same pod each time (sessionAffinity: ClientIP)"
                yield workload.fault(says, "spec", "sessionAffinity", about=service)
        yield from _sticky(workload)
        for container in workload.containers:
            for name, (value, place) in workload.placed_settings(container).items():
                if re.match(r"(?i)(jdbc:)?(sqlite|h2:file|file:.*\.(db|sqlite))", value):
                    says = f"{name} is a database in a file, which each pod has to itself"
                    yield Fault(message=f"{workload}: {says}", path=place[0], line=place[1])


def _kept(workload: Workload) -> Iterator[Fault]:
    if items(workload.resource.spec.get("volumeClaimTemplates")):
        yield workload.fault("each pod keeps data on a disk of its own", "spec", "volumeClaimTemplates", remedy=_STATE)
    for at, volume in enumerate(items(workload.pod.get("volumes"))):
        name = text(volume.get("name"))
        keys: tuple[str | int, ...] = ("spec", "template", "spec", "volumes", name or at)
        claim = fields(volume.get("persistentVolumeClaim"))
        if claim and claim.get("readOnly") is not True and not _only_read(workload, name):
            yield workload.fault(f"the pods keep data on the disk {name}", *keys, remedy=_STATE)
        elif "hostPath" in volume and not _only_read(workload, name):
            yield workload.fault(f"the pods keep data on their node ({name}, a hostPath)", *keys, remedy=_STATE)


_STATE = "Keep the data in a data store. A service that is one needs a deviation, and redundancy of its own."


def _only_read(workload: Workload, volume: str) -> bool:
    mounts = [each for container in workload.containers for each in items(container.data.get("volumeMounts"))]
    own = [each for each in mounts if each.get("name") == volume]
    return bool(own) and all(each.get("readOnly") is True for each in own)


_COOKIES = {
    "nginx.ingress.kubernetes.io/affinity": "cookie",
    "traefik.ingress.kubernetes.io/service.sticky.cookie": "true",
    "traefik.ingress.kubernetes.io/affinity": "true",
    "haproxy.org/cookie-persistence": "",
    "alb.ingress.kubernetes.io/target-group-attributes": "stickiness.enabled=true",
}


def _sticky(workload: Workload) -> Iterator[Fault]:
    """Load balancers that send a user to the same pod each time."""
    names = {each.name for each in workload.services}
    says = "it sends a user to the same pod each time"
    for route in workload.environment.of_kind("Ingress"):
        annotations = fields(route.metadata.get("annotations"))
        about = any(f"'{name}'" in str(route.spec) for name in names)
        for key, value in _COOKIES.items():
            if about and key in annotations and value in text(annotations[key]).lower() + str(annotations[key]).lower():
                yield workload.fault(f"{says} ({key})", "metadata", "annotations", key, about=route)
    for route in workload.environment.of_kind("HTTPRoute"):
        for at, rule in enumerate(items(route.spec.get("rules"))):
            if rule.get("sessionPersistence") and names & {
                text(each.get("name")) for each in items(rule.get("backendRefs"))
            }:
                yield workload.fault(f"{says} (sessionPersistence)", "spec", "rules", at, about=route)
    for route in workload.environment.of_kind("DestinationRule"):
        keys = ("spec", "trafficPolicy", "loadBalancer", "consistentHash")
        hashed = fields(route.at(*keys))
        if text(route.spec.get("host")).split(".")[0] in names and (
            hashed.get("httpCookie") or hashed.get("useSourceIp")
        ):
            yield workload.fault(f"{says} (consistentHash)", *keys, about=route)
