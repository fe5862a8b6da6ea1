"""What runs a service in an environment: its pods, its settings, and the resources that are about it."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road.check.model import Fault, Fix
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.environments import (
    DeployedEnvironment,
    has_pods,
    leads_to,
    matches,
    production,
    same_namespace,
)
from paved_road.check.static.kubernetes.resources import Fields, Resource, fields, items, number, seconds, text
from paved_road.check.static.kubernetes.transforming import split_image

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract
    from paved_road.check.registry import StaticFunction

_DATA_STORES = frozenset({
    "redis", "valkey", "postgres", "postgresql", "mysql", "mariadb", "mongo", "mongodb", "rabbitmq", "kafka",
    "zookeeper", "elasticsearch", "opensearch", "memcached", "minio", "cassandra", "etcd", "nats", "clickhouse",
    "influxdb",
})  # fmt: skip
"""Images of what a service may bring along for its data."""

Keys = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PodContainer:
    """A container of a workload's pods."""

    data: Fields
    keys: Keys
    """The keys that lead to it in its workload."""

    @property
    def name(self) -> str:
        """Its name."""
        return text(self.data.get("name"))

    @property
    def ports(self) -> dict[str, float]:
        """The numbers of the ports that it declares, by name; a port without a name by its number."""
        found = items(self.data.get("ports"))
        return {
            text(each.get("name", each.get("containerPort"))): number(each.get("containerPort"), 0) for each in found
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet or Rollout with its pods."""

    resource: Resource
    environment: DeployedEnvironment

    def __str__(self) -> str:
        return f"{self.environment}{self.resource}"

    @property
    def pod(self) -> Fields:
        """The spec of its pods."""
        return fields(self.resource.at("spec", "template", "spec"))

    @property
    def labels(self) -> Fields:
        """The labels of its pods."""
        return fields(self.resource.at("spec", "template", "metadata", "labels"))

    @property
    def annotations(self) -> Fields:
        """The annotations of its pods."""
        return fields(self.resource.at("spec", "template", "metadata", "annotations"))

    @property
    def containers(self) -> list[PodContainer]:
        """The containers that run as long as the pod."""
        found = [("containers", each) for each in items(self.pod.get("containers"))]
        found += [
            ("initContainers", each) for each in items(self.pod.get("initContainers"))
            if each.get("restartPolicy") == "Always"
        ]  # fmt: skip
        return [
            PodContainer(data=each, keys=("spec", "template", "spec", group, text(each.get("name"))))
            for group, each in found
        ]

    @property
    def main(self) -> PodContainer | None:
        """The container of the service: the one of its name, else the first that has ports, else the first."""
        own = [each for each in self.containers if each.keys[3] == "containers"]
        named = [each for each in own if each.name == self.resource.name]
        return next(iter(named or [each for each in own if each.ports] or own), None)

    @property
    def ports(self) -> dict[str, float]:
        """The ports that its containers declare."""
        return {name: number for each in self.containers for name, number in each.ports.items()}

    @property
    def rollout(self) -> Resource | None:
        """The Rollout that runs its pods, if that is not the workload itself."""
        for each in self.environment.of_kind("Rollout"):
            named = fields(each.spec.get("workloadRef"))
            if (named.get("kind"), named.get("name")) == (self.resource.kind, self.resource.name):
                return each
        return None

    @property
    def runner(self) -> Resource:
        """What decides how many pods run, and which version: the Rollout, or the workload itself."""
        return self.rollout or self.resource

    # -- what is about it ----------------------------------------------------------------------------------------------

    @property
    def autoscaler(self) -> Resource | None:
        """The HorizontalPodAutoscaler, or KEDA's ScaledObject, that scales it."""
        return next(iter(self._scalers(self.runner)), None)

    @property
    def misled_autoscaler(self) -> Resource | None:
        """One that scales the workload although a Rollout runs its pods."""
        return next(iter(self._scalers(self.resource)), None) if self.rollout else None

    def _scalers(self, target: Resource) -> Iterator[Resource]:
        for each in self.environment.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
            named = fields(each.spec.get("scaleTargetRef"))
            kind = text(named.get("kind")) or "Deployment"
            if (kind, named.get("name")) == (target.kind, target.name) and same_namespace(each, target):
                yield each

    @property
    def fewest(self) -> int:
        """How many pods run at least."""
        scaler = self.autoscaler
        if scaler is not None:
            key, default = ("minReplicas", 1) if scaler.kind == "HorizontalPodAutoscaler" else ("minReplicaCount", 0)
            return int(number(scaler.spec.get(key), default))
        return int(number(self.runner.spec.get("replicas", self.resource.spec.get("replicas")), 1))

    def fewest_place(self) -> tuple[str, int]:
        """Where that number is written, or should be."""
        scaler = self.autoscaler
        if scaler is not None:
            return scaler.place(
                "spec", "minReplicas" if scaler.kind == "HorizontalPodAutoscaler" else "minReplicaCount"
            )
        return self.runner.place("spec", "replicas")

    def selecting(self, kind: str, *keys: str) -> list[Resource]:
        """The resources of a kind whose label selector, at these keys, selects the pods."""
        found = [each for each in self.environment.of_kind(kind) if same_namespace(each, self.resource)]
        return [each for each in found if isinstance(each.at(*keys), dict) and matches(each.at(*keys), self.labels)]

    @property
    def services(self) -> list[Resource]:
        """The Services that lead to its pods."""
        found = [each for each in self.environment.of_kind("Service") if same_namespace(each, self.resource)]
        chosen = [(each, fields(each.spec.get("selector"))) for each in found if each.group == ""]
        return [each for each, selector in chosen if selector and leads_to(selector, self.labels)]

    # -- its settings --------------------------------------------------------------------------------------------------

    def settings(self, container: PodContainer) -> dict[str, str]:
        """The environment variables of a container, as far as files say them. Those of Secrets are not among them."""
        return {name: value for name, (value, _) in self.placed_settings(container).items()}

    def placed_settings(self, container: PodContainer) -> dict[str, tuple[str, tuple[str, int]]]:
        """The environment variables of a container, each with the file and line that sets it."""
        found: dict[str, tuple[str, tuple[str, int]]] = {}
        for source in items(container.data.get("envFrom")):
            for config in self._config_maps(text(fields(source.get("configMapRef")).get("name"))):
                prefix = text(source.get("prefix"))
                for key, value in fields(config.data.get("data")).items():
                    found[f"{prefix}{key}"] = text(value), config.place("data", key)
        for variable in items(container.data.get("env")):
            name = text(variable.get("name"))
            place = self.resource.place(*container.keys, "env", name)
            if "value" in variable:
                found[name] = text(variable["value"]), place
            named = fields(fields(variable.get("valueFrom")).get("configMapKeyRef"))
            key = text(named.get("key"))
            for config in self._config_maps(text(named.get("name"))):
                found[name] = text(fields(config.data.get("data")).get(key)), config.place("data", key)
        return found

    def names_of_settings(self, container: PodContainer) -> tuple[set[str], bool]:
        """The names of a container's variables, and whether it may have more: from Secrets, or what is not here."""
        names = set(self.settings(container))
        names |= {text(variable.get("name")) for variable in items(container.data.get("env"))}
        sources = items(container.data.get("envFrom"))
        open_ended = any(
            not _is_optional(source) and not self._config_maps(text(fields(source.get("configMapRef")).get("name")))
            for source in sources
        )
        return names, open_ended

    def _config_maps(self, name: str) -> list[Resource]:
        found = [each for each in self.environment.of_kind("ConfigMap") if each.name == name and name]
        return [each for each in found if same_namespace(each, self.resource)]

    # -- faults --------------------------------------------------------------------------------------------------------

    def fault(
        self, message: str, *keys: str | int, about: Resource | None = None, remedy: str = "", fix: Fix | None = None
    ) -> Fault:
        """A fault of this workload, or of a resource about it, at the value that these keys lead to."""
        path, line = (about or self.resource).place(*keys)
        named = f"{self.environment}{about or self.resource}"
        return Fault(message=f"{named}: {message}", path=path, line=line, remedy=remedy, fix=fix)


def _is_optional(source: Fields) -> bool:
    """Whether the pod starts without what an `envFrom` names."""
    return any(fields(source.get(key)).get("optional") is True for key in ("secretRef", "configMapRef"))


def told_once(check: StaticFunction) -> StaticFunction:
    """A check that tells a fault once, although several environments have it from the same line of a base."""

    @functools.wraps(check)
    def telling(files: ServiceFiles) -> Iterator[Fault]:
        seen: set[tuple[str, int, str]] = set()
        for fault in check(files):
            key = fault.path, fault.line, fault.message.rpartition(": ")[2]
            if not fault.path or key not in seen:
                seen.add(key)
                yield fault

    return telling


def every_workload(files: ServiceFiles) -> list[Workload]:
    """All workloads of production. Raises `NotApplicable` if the service has no manifests."""
    return [
        Workload(resource=resource, environment=environment)
        for environment in production(files) for resource in environment.resources if has_pods(resource)
    ]  # fmt: skip


def own_workloads(files: ServiceFiles) -> list[Workload]:
    """The workloads of the service itself, without the data stores and tools that its manifests bring along.

    They are the ones of its name, else those whose images are not known as data stores. Raises `NotApplicable` if the
    service has no manifests.
    """
    every = [each for each in every_workload(files) if each.resource.kind != "DaemonSet"] or every_workload(files)
    name = files.subject.name.lower().replace("_", "-")
    named = [each for each in every if each.resource.name == name]
    near = [
        each for each in every if each.resource.name.startswith(f"{name}-") or each.resource.name.endswith(f"-{name}")
    ]
    chosen = [*named, *(each for each in near if each not in named)]
    return chosen or [each for each in every if not _is_data_store(each)] or every


def _is_data_store(workload: Workload) -> bool:
    main = workload.main
    image = split_image(text(main.data.get("image")))[0] if main else ""
    return bool(_DATA_STORES.intersection(re.split(r"[/_-]", image.lower())))


def duration_setting(name: str, value: str) -> float | None:
    """The seconds of a setting: its name may say the unit (`DRAIN_SECONDS`, `TIMEOUT_MS`), or its value (`10s`)."""
    found = seconds(value.strip())
    if found is None:
        return None
    says_milliseconds = re.search(r"_(MS|MILLIS|MILLISECONDS)$", name.upper())
    return found / 1000 if says_milliseconds and value.strip().replace(".", "").isdecimal() else found


def states(contract: RunContract, name: str) -> bool:
    """Whether a contract states a time of its own: nobody promised the one that holds for all."""
    (default,) = (each.default for each in dataclasses.fields(contract) if each.name == name)
    return bool(getattr(contract, name) != default)
