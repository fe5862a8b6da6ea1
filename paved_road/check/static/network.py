"""Who may reach a service and whom it may call, and how requests get to its pods."""

from __future__ import annotations

from collections.abc import Iterator

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.references import ingress_backends
from paved_road.check.static.kubernetes.resources import Fields, Resource, fields, items, number, text
from paved_road.check.static.kubernetes.workloads import Workload, own_workloads, told_once

_DNS = 53

# -- network policies --------------------------------------------------------------------------------------------------


@static_check("network-policy")
@told_once
def network_policy(files: ServiceFiles) -> Iterator[Fault]:
    """Network policies say who may reach the pods and whom they may call, and let in what the Services promise.

    Raises `NotApplicable` if the service has no manifests.
    """
    for workload in own_workloads(files):
        policies = workload.selecting("NetworkPolicy", "spec", "podSelector")
        policies = [each for each in policies if each.group in ("networking.k8s.io", "extensions")]
        if not policies and workload.environment.of_kind("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"):
            continue  # in a language of its own
        ingress = [each for each in policies if "Ingress" in _types(each)]
        egress = [each for each in policies if "Egress" in _types(each)]
        if not ingress:
            yield workload.fault("no NetworkPolicy says who may reach its pods")
        if not egress:
            yield workload.fault("no NetworkPolicy says whom its pods may call", about=next(iter(ingress), None))
        yield from _let_in(workload, ingress)
        yield from _let_out(workload, egress)


def _types(policy: Resource) -> list[str]:
    written = policy.spec.get("policyTypes")
    if isinstance(written, list):
        return [text(each) for each in written]
    return ["Ingress", *(["Egress"] if policy.spec.get("egress") else [])]


def _let_in(workload: Workload, policies: list[Resource]) -> Iterator[Fault]:
    opened: set[str] = set()  # the ports that rules name; "" for all of them
    for policy in policies:
        for at, rule in enumerate(_rules(policy, "ingress")):
            if not rule.get("from") and not rule.get("ports"):
                yield workload.fault("it lets everybody reach every port", "spec", "ingress", at, about=policy)
            ports = items(rule.get("ports")) or [{}]
            opened |= {"" if "endPort" in port else text(port.get("port")) for port in ports}
            for name in {text(port.get("port")) for port in ports if "endPort" not in port} - {""}:
                if not _has_port(workload, name):
                    says = f"it opens the port {name}, which no container has"
                    yield workload.fault(says, "spec", "ingress", at, "ports", about=policy)
    if policies and "" not in opened:
        yield from _shut_out(workload, policies[0], opened)


def _shut_out(workload: Workload, policy: Resource, opened: set[str]) -> Iterator[Fault]:
    """The ports to which Services lead, and which nobody may reach."""
    numbers = {_number(workload, name) for name in opened}
    for service in workload.services:
        for port in items(service.spec.get("ports")):
            target = text(port.get("targetPort", port.get("port")))
            if target not in opened and _number(workload, target) not in numbers:
                says = f"it lets nobody reach the port {target}, to which the Service {service.name} leads"
                yield workload.fault(says, "spec", "ingress", about=policy)


def _rules(policy: Resource, direction: str) -> list[Fields]:
    return items(policy.spec.get(direction))


def _has_port(workload: Workload, name: str) -> bool:
    """Whether a container declares the port; a number may also be one that nobody declares."""
    numbers = workload.ports.values()
    return name in workload.ports or (name.isdecimal() and (not numbers or float(name[:6]) in numbers))


def _number(workload: Workload, name: str) -> float:
    return workload.ports.get(name, number(name, -1.0))


def _let_out(workload: Workload, policies: list[Resource]) -> Iterator[Fault]:
    protocols: set[str] = set()
    for policy in policies:
        for at, rule in enumerate(_rules(policy, "egress")):
            if not rule.get("to") and not rule.get("ports"):
                says = "it lets the pods call everything"
                yield workload.fault(says, "spec", "egress", at, about=policy)
                protocols |= {"UDP", "TCP"}
            ports = items(rule.get("ports"))
            if not ports and any(not peer.get("podSelector") for peer in items(rule.get("to"))):
                protocols |= {"UDP", "TCP"}  # to a namespace or a network, on every port
            for port in ports:
                last = number(port.get("endPort"), number(port.get("port"), -1))
                if text(port.get("port")) in ("", "dns", "dns-tcp") or number(port.get("port"), -1) <= _DNS <= last:
                    protocols.add(text(port.get("protocol")) or "TCP")
    if policies and (missing := {"UDP", "TCP"} - protocols):
        over = "" if len(missing) > 1 else f" over {missing.pop()}"
        says = f"its pods cannot resolve names{over}: no rule lets them reach port 53"
        yield workload.fault(says, "spec", "egress", about=policies[0], remedy="Allow port 53 by UDP and TCP.")


# -- load balancing ----------------------------------------------------------------------------------------------------


@static_check("load-balancing")
@told_once
def load_balancing(files: ServiceFiles) -> Iterator[Fault]:
    """Requests reach the pods through a Service whose ports exist, and routes that wait a known time.

    Raises `NotApplicable` if the service has no manifests, or nothing in production has a port.
    """
    serving = [each for each in own_workloads(files) if each.ports or each.services]
    if not serving:
        raise NotApplicable("no workload of the service has a port")
    for workload in serving:
        if not workload.services:
            yield workload.fault("no Service leads to its pods")
        for service in workload.services:
            yield from _targets(workload, service)
    for environment in {id(each.environment): each for each in serving}.values():
        yield from _routes(environment)


def _targets(workload: Workload, service: Resource) -> Iterator[Fault]:
    for at, port in enumerate(items(service.spec.get("ports"))):
        target = text(port.get("targetPort", port.get("port")))
        if target and not _has_port(workload, target):
            has = ", ".join(f"{name} ({number:g})" for name, number in workload.ports.items()) or "none"
            says = f"it leads to the port {target}, and the pods have {has}"
            key = "targetPort" if "targetPort" in port else "port"
            where: str | int = text(port.get("name")) or at
            yield workload.fault(says, "spec", "ports", where, key, about=service)


def _routes(workload: Workload) -> Iterator[Fault]:
    """The routes of an environment: to ports that exist, with times and hosts."""
    for route in workload.environment.of_kind("HTTPRoute"):
        if not route.spec.get("hostnames"):
            yield workload.fault("it takes the requests of every host: it has no hostnames", "spec", about=route)
        for at, rule in enumerate(items(route.spec.get("rules"))):
            keys: tuple[str | int, ...] = ("spec", "rules", at)
            backends = items(rule.get("backendRefs"))
            for backend in backends:
                yield from _port_exists(workload, route, text(backend.get("name")), backend.get("port"), keys)
            if backends and not fields(rule.get("timeouts")):
                says = "it states no timeouts, so that nobody knows how long a request may hang"
                yield workload.fault(says, *keys, about=route, remedy="State timeouts.request and backendRequest.")
    yield from _other_routes(workload)


def _other_routes(workload: Workload) -> Iterator[Fault]:
    for route in workload.environment.of_kind("VirtualService"):
        for at, rule in enumerate(items(route.spec.get("http"))):
            if rule.get("route") and not rule.get("timeout"):
                says = "it states no timeout, and Istio's own is none"
                yield workload.fault(says, "spec", "http", text(rule.get("name")) or at, about=route)
    for route in workload.environment.of_kind("Ingress"):
        for backend, where in ingress_backends(route.spec):
            service = fields(backend.get("service"))
            port = fields(service.get("port"))
            wanted = port.get("name", port.get("number")) if service else backend.get("servicePort")
            name = text(service.get("name") or backend.get("serviceName"))
            yield from _port_exists(workload, route, name, wanted, where)


def _port_exists(
    workload: Workload, route: Resource, name: str, port: object, keys: tuple[str | int, ...]
) -> Iterator[Fault]:
    service = next((each for each in workload.environment.of_kind("Service") if each.name == name), None)
    if service is None or port is None or service.spec.get("type") == "ExternalName":
        return
    ports = items(service.spec.get("ports"))
    has = {text(each.get(key)) for each in ports for key in ("name", "port")}
    if text(port) and text(port) not in has:
        says = f"it leads to the port {text(port)} of the Service {name}, which has no such port"
        yield workload.fault(says, *keys, about=route)
