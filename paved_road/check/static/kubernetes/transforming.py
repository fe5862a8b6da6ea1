"""What a kustomization changes in all its resources: namespace, names, labels, annotations, replicas and images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from paved_road.check.static.kubernetes.references import pod_template_keys
from paved_road.check.static.kubernetes.resources import Fields, Resource, SourceDocument, fields, items, text

CLUSTER_WIDE = frozenset({
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "ComponentStatus", "CustomResourceDefinition", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node",
    "PersistentVolume", "PodSecurityPolicy", "PriorityClass", "RuntimeClass", "StorageClass",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    "VolumeAttachment",
})  # fmt: skip
"""The kinds that are in no namespace."""
_UNNAMED = frozenset({"CustomResourceDefinition", "APIService", "Namespace"})
"""The kinds whose names Kustomize leaves alone."""
_TEMPLATED = frozenset({
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"
})  # fmt: skip
"""The kinds whose pod templates get labels and annotations."""


def transform(resources: Sequence[Resource], kustomization: Fields) -> None:
    """Apply what is not a patch, in Kustomize's order."""
    if namespace := text(kustomization.get("namespace")):
        for resource in resources:
            _move(resource, namespace)
    prefix, suffix = text(kustomization.get("namePrefix")), text(kustomization.get("nameSuffix"))
    if prefix or suffix:
        for resource in resources:
            if resource.kind not in _UNNAMED:
                resource.rename(f"{prefix}{resource.name}{suffix}")
    _label_all(resources, kustomization)
    if annotations := fields(kustomization.get("commonAnnotations")):
        for resource in resources:
            for holder in _metadata(resource, templates=True):
                _update(holder, "annotations", annotations)


def transform_last(resources: Sequence[Resource], kustomization: Fields, origin: SourceDocument) -> None:
    """Apply what comes after the JSON patches: replicas and images."""
    for at, entry in enumerate(items(kustomization.get("replicas"))):
        for resource in resources:
            scaled = resource.kind in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")
            if scaled and resource.is_called(text(entry.get("name"))) and "count" in entry:
                resource.data.setdefault("spec", {})["replicas"] = entry["count"]
                _note(resource, origin, ("replicas", at), {"spec": {"replicas": entry["count"]}})
    for at, entry in enumerate(items(kustomization.get("images"))):
        for resource in resources:
            for keys, container in _containers(resource.data.get("spec"), ("spec",)):
                before = text(container.get("image"))
                container["image"] = _image(before, entry)
                if container["image"] != before:
                    _note(resource, origin, ("images", at), _nested((*keys, "image"), container["image"]))


def _note(resource: Resource, origin: SourceDocument, where: tuple[str | int, ...], data: Any) -> None:
    """Remember that the kustomization itself changed a value."""
    line = origin.lines.get(where, origin.line)
    resource.origins.append(SourceDocument(path=origin.path, line=line, data=data, lines={}))


def _nested(keys: Sequence[str | int], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _move(resource: Resource, namespace: str) -> None:
    if resource.kind == "Namespace":
        resource.rename(namespace)
    if resource.kind not in CLUSTER_WIDE:
        resource.remember()
        resource.data.setdefault("metadata", {})["namespace"] = namespace
    if resource.kind in ("RoleBinding", "ClusterRoleBinding"):
        for subject in items(resource.data.get("subjects")):
            if subject.get("kind") == "ServiceAccount" and subject.get("name") == "default":
                subject["namespace"] = namespace


def _update(holder: Fields, key: str, added: Fields) -> None:
    holder[key] = fields(holder.get(key)) | added


# -- labels ------------------------------------------------------------------------------------------------------------


def _label_all(resources: Sequence[Resource], kustomization: Fields) -> None:
    for entry in items(kustomization.get("labels")):
        pairs = fields(entry.get("pairs"))
        selectors = entry.get("includeSelectors") is True
        templates = selectors or entry.get("includeTemplates") is True
        for resource in resources:
            _label(resource, pairs, selectors=selectors, templates=templates)
    if common := fields(kustomization.get("commonLabels")):
        for resource in resources:
            _label(resource, common, selectors=True, templates=True)


def _label(resource: Resource, pairs: Fields, *, selectors: bool, templates: bool) -> None:
    for holder in _metadata(resource, templates=templates):
        _update(holder, "labels", pairs)
    if selectors:
        for holder, key in _selectors(resource):
            _update(holder, key, pairs)


def _metadata(resource: Resource, *, templates: bool) -> Iterator[Fields]:
    """The metadata of a resource and, if asked for, of the pods that it makes."""
    yield resource.data.setdefault("metadata", {})
    keys = pod_template_keys(resource)
    if not templates or not keys or resource.kind not in _TEMPLATED:
        return
    if resource.kind == "CronJob":
        yield resource.at("spec", "jobTemplate").setdefault("metadata", {})
    template = resource.at(*keys)
    if isinstance(template.get("metadata", {}), dict):
        yield template.setdefault("metadata", {})
    for claim in items(resource.spec.get("volumeClaimTemplates")):
        yield claim.setdefault("metadata", {})


def _selectors(resource: Resource) -> Iterator[tuple[Fields, str]]:
    """The label selectors: the mapping that has one, and its key there."""
    spec = resource.data.get("spec")
    if not isinstance(spec, dict):
        return
    if resource.kind in ("Service", "ReplicationController"):
        yield spec, "selector"
    if resource.kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        yield spec.setdefault("selector", {}), "matchLabels"
    found = [spec.get("selector")] if resource.kind in ("PodDisruptionBudget", "Job") else []
    if resource.kind == "NetworkPolicy":
        found.append(spec.get("podSelector"))
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for rule in items(spec.get(direction)):
                found += [peer.get("podSelector") for peer in items(rule.get(side))]
    if resource.kind in ("Deployment", "StatefulSet"):
        pod = fields(resource.at("spec", "template", "spec"))
        found += [each.get("labelSelector") for each in items(pod.get("topologySpreadConstraints"))]
        found += _affinities(fields(pod.get("affinity")))
    yield from ((each, "matchLabels") for each in found if isinstance(each, dict) and "matchLabels" in each)


def _affinities(affinity: Fields) -> Iterator[Any]:
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = fields(affinity.get(kind))
        for term in items(rules.get("requiredDuringSchedulingIgnoredDuringExecution")):
            yield term.get("labelSelector")
        for preferred in items(rules.get("preferredDuringSchedulingIgnoredDuringExecution")):
            yield fields(preferred.get("podAffinityTerm")).get("labelSelector")


# -- images ------------------------------------------------------------------------------------------------------------


def _containers(
    value: Any, keys: tuple[str | int, ...], depth: int = 0
) -> Iterator[tuple[tuple[str | int, ...], Fields]]:
    """Every container below a value, whatever kind of resource it is."""
    if not isinstance(value, dict) or depth > _DEEP:
        return
    for key, inner in value.items():
        if key in ("containers", "initContainers"):
            for at, container in enumerate(items(inner)):
                if isinstance(container.get("image"), str):
                    yield (*keys, key, text(container.get("name")) or at), container
        else:
            yield from _containers(inner, (*keys, key), depth + 1)


_DEEP = 8


def split_image(image: str) -> tuple[str, str, str]:
    """The name, the tag and the digest of an image; "" for a part that it does not have."""
    name, _, digest = image.partition("@")
    rest, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, "", digest
    return rest, tag, digest


def _image(image: str, entry: Fields) -> str:
    name, tag, digest = split_image(image)
    if name != entry.get("name"):
        return image
    name = text(entry.get("newName")) or name
    if wanted := text(entry.get("digest")):
        return f"{name}@{wanted}"
    if wanted := text(entry.get("newTag")):
        return f"{name}:{wanted}"
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
