"""Where resources name each other: a pod its settings, an autoscaler what it scales, an Ingress its Service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paved_road.check.static.kubernetes.resources import Fields, Resource, fields, items, text


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A field that holds the name of another resource."""

    holder: Fields
    """The mapping that has the field."""
    key: str
    kinds: tuple[str, ...]
    """What it may name."""
    where: tuple[str | int, ...]
    """The keys that lead to the field."""
    optional: bool = False
    """Whether the resource works without it."""

    @property
    def name(self) -> str:
        """The name that it holds."""
        return text(self.holder.get(self.key))


_CONFIG, _SECRET = ("ConfigMap",), ("Secret",)


def pod_template_keys(resource: Resource) -> tuple[str, ...] | None:
    """The keys of the pod's template of a workload (for a Pod, of itself); None if it has no pods of its own."""
    if resource.kind == "Pod":
        return ()
    if resource.kind == "CronJob":
        return ("spec", "jobTemplate", "spec", "template")
    return ("spec", "template") if isinstance(resource.at("spec", "template", "spec"), dict) else None


def references(resource: Resource) -> Iterator[Reference]:
    """The names of other resources that Kustomize keeps up to date in a resource."""
    keys = pod_template_keys(resource)
    if keys is not None:
        yield from _of_a_pod(fields(resource.at(*keys, "spec")), (*keys, "spec"))
    spec = resource.spec
    if resource.kind == "StatefulSet" and spec.get("serviceName"):
        yield _reference(spec, "serviceName", ("Service",), ("spec",))
    elif resource.kind == "HorizontalPodAutoscaler":
        target = fields(spec.get("scaleTargetRef"))
        yield _reference(target, "name", (text(target.get("kind")),), ("spec", "scaleTargetRef"))
    elif resource.kind == "Ingress":
        yield from _of_an_ingress(spec)
    elif resource.kind in ("RoleBinding", "ClusterRoleBinding"):
        role = fields(resource.data.get("roleRef"))
        yield _reference(role, "name", (text(role.get("kind")),), ("roleRef",))
        for at, subject in enumerate(items(resource.data.get("subjects"))):
            if subject.get("kind") == "ServiceAccount":
                yield _reference(subject, "name", ("ServiceAccount",), ("subjects", at))


def _reference(
    holder: Fields, key: str, kinds: tuple[str, ...], where: Sequence[str | int], *, optional: Any = False
) -> Reference:
    return Reference(holder=holder, key=key, kinds=kinds, where=(*where, key), optional=bool(optional))


def _of_a_pod(spec: Fields, where: tuple[str | int, ...]) -> Iterator[Reference]:
    if spec.get("serviceAccountName"):
        yield _reference(spec, "serviceAccountName", ("ServiceAccount",), where)
    for group in ("containers", "initContainers", "ephemeralContainers"):
        for at, container in enumerate(items(spec.get(group))):
            yield from _of_a_container(container, (*where, group, text(container.get("name")) or at))
    for at, volume in enumerate(items(spec.get("volumes"))):
        yield from _of_a_volume(volume, (*where, "volumes", text(volume.get("name")) or at))
    for at, secret in enumerate(items(spec.get("imagePullSecrets"))):
        yield _reference(secret, "name", _SECRET, (*where, "imagePullSecrets", at), optional=True)


def _of_a_container(container: Fields, where: tuple[str | int, ...]) -> Iterator[Reference]:
    for at, source in enumerate(items(container.get("envFrom"))):
        for key, kinds in (("configMapRef", _CONFIG), ("secretRef", _SECRET)):
            if named := fields(source.get(key)):
                yield _reference(named, "name", kinds, (*where, "envFrom", at, key), optional=named.get("optional"))
    for at, variable in enumerate(items(container.get("env"))):
        place = (*where, "env", text(variable.get("name")) or at, "valueFrom")
        for key, kinds in (("configMapKeyRef", _CONFIG), ("secretKeyRef", _SECRET)):
            if named := fields(fields(variable.get("valueFrom")).get(key)):
                yield _reference(named, "name", kinds, (*place, key), optional=named.get("optional"))


def _of_a_volume(volume: Fields, where: tuple[str | int, ...]) -> Iterator[Reference]:
    sources = [(volume, where)]
    projected = items(fields(volume.get("projected")).get("sources"))
    sources += [(source, (*where, "projected", "sources", at)) for at, source in enumerate(projected)]
    for source, place in sources:
        if config := fields(source.get("configMap")):
            yield _reference(config, "name", _CONFIG, (*place, "configMap"), optional=config.get("optional"))
        if secret := fields(source.get("secret")):
            key = "secretName" if "secretName" in secret else "name"
            yield _reference(secret, key, _SECRET, (*place, "secret"), optional=secret.get("optional"))
    if claim := fields(volume.get("persistentVolumeClaim")):
        yield _reference(claim, "claimName", ("PersistentVolumeClaim",), (*where, "persistentVolumeClaim"))


def _of_an_ingress(spec: Fields) -> Iterator[Reference]:
    for backend, where in ingress_backends(spec):
        if service := fields(backend.get("service")):
            yield _reference(service, "name", ("Service",), (*where, "service"))
        elif backend.get("serviceName"):
            yield _reference(backend, "serviceName", ("Service",), where)


def ingress_backends(spec: Fields) -> Iterator[tuple[Fields, tuple[str | int, ...]]]:
    """Where an Ingress leads to: each backend, and the keys that lead to it."""
    for key in ("defaultBackend", "backend"):
        if backend := fields(spec.get(key)):
            yield backend, ("spec", key)
    for number, rule in enumerate(items(spec.get("rules"))):
        for at, path in enumerate(items(fields(rule.get("http")).get("paths"))):
            if backend := fields(path.get("backend")):
                yield backend, ("spec", "rules", number, "http", "paths", at, "backend")


def update_references(resources: Sequence[Resource], *, custom: bool) -> None:
    """Make every reference to a former name of a resource one to its present name.

    Kustomize does so in custom resources, such as a Rollout, only if a `configurations` file says where: `custom`.
    """
    renamed = [each for each in resources if each.former]
    for resource in resources if custom else (each for each in resources if each.is_built_in):
        for reference in references(resource):
            named = [
                each for each in renamed
                if each.kind in reference.kinds and any(reference.name == name for name, _ in each.former)
            ]  # fmt: skip
            near = [each for each in named if each.namespace == resource.namespace] or named
            if near and not any(each.name == reference.name for each in near):
                reference.holder[reference.key] = near[0].name
            if near and reference.holder.get("kind") == "ServiceAccount" and near[0].namespace:
                reference.holder["namespace"] = near[0].namespace  # a subject of a RoleBinding
