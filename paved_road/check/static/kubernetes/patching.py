"""Changing a resource as Kustomize does: by a strategic merge patch, or by the operations of RFC 6902."""

from __future__ import annotations

from typing import Any

from paved_road.check.static.kubernetes.resources import Fields, copied, text

_KEYS = {
    "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name", "volumes": "name",
    "volumeMounts": "mountPath", "volumeDevices": "devicePath", "imagePullSecrets": "name", "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}  # fmt: skip
"""The key by which the items of a list are merged (`patchMergeKey` in the types of Kubernetes)."""
_BUILT_IN = frozenset(
    {"", "apps", "batch", "policy", "autoscaling", "networking.k8s.io", "rbac.authorization.k8s.io", "extensions"}
)
"""The groups whose lists Kustomize merges; it replaces the lists of all other resources."""
_DIRECTIVE = "$patch"


class PatchFailed(Exception):
    """A patch does not fit the resource; the text says why."""


def merge(data: Fields, patch: Fields) -> Fields | None:
    """The resource after a strategic merge patch; None if the patch deletes it."""
    group = text(data.get("apiVersion")).rpartition("/")[0]
    kind = text(data.get("kind")) if group in _BUILT_IN else None
    if patch.get(_DIRECTIVE) == "delete":
        return None
    return _merged(data, patch, kind)


def _merged(data: Fields, patch: Fields, kind: str | None) -> Fields:
    if patch.get(_DIRECTIVE) == "replace":
        return {key: copied(value) for key, value in patch.items() if key != _DIRECTIVE}
    result = dict(data)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None or (isinstance(value, dict) and value.get(_DIRECTIVE) == "delete"):
            result.pop(key, None)
        elif isinstance(value, dict):
            before = result.get(key)
            result[key] = _merged(before if isinstance(before, dict) else {}, value, kind)
        elif isinstance(value, list) and (by := _merge_key(key, value, kind)) and isinstance(result.get(key), list):
            result[key] = _merged_list(result[key], value, by, kind)
        else:
            result[key] = _cleaned(value)
    return result


def _merge_key(name: str, patch: list[Any], kind: str | None) -> str | None:
    if kind is None:
        return None
    by = ("port" if kind == "Service" else "containerPort") if name == "ports" else _KEYS.get(name)
    if name == "ports" and kind not in {"Service", *_WITH_PODS}:
        return None
    return by if all(isinstance(item, dict) for item in patch) else None


_WITH_PODS = frozenset({
    "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"
})  # fmt: skip


def _merged_list(data: list[Any], patch: list[Fields], by: str, kind: str | None) -> list[Any]:
    """The patch's items come first, merged with those of the same key; then what the patch does not name."""
    if any(item.get(_DIRECTIVE) == "replace" and by not in item for item in patch):
        return [_cleaned(item) for item in patch if _DIRECTIVE not in item]
    left: list[Any] = list(data)
    result: list[Any] = []
    for item in patch:
        old = next((each for each in left if isinstance(each, dict) and each.get(by) == item.get(by)), None)
        if old is not None:
            left.remove(old)
        if item.get(_DIRECTIVE) != "delete":
            result.append(_cleaned(item) if old is None else _merged(old, item, kind))
    return result + left


def _cleaned(value: Any) -> Any:
    """A new value without what only directs a patch."""
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items() if not key.startswith("$") and inner is not None}
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value


# -- RFC 6902 ----------------------------------------------------------------------------------------------------------


def apply_operations(data: Fields, operations: list[Any]) -> Fields:
    """The resource after a JSON patch. Raises `PatchFailed` if an operation does not fit it."""
    result: Fields = copied(data)
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchFailed("an operation is no mapping")
        if text(operation.get("path")).startswith("/metadata/annotations/"):  # where Kustomize has notes of its own
            result.setdefault("metadata", {}).setdefault("annotations", {})
        _apply(result, text(operation.get("op")), operation)
    return result


def _apply(data: Fields, name: str, operation: Fields) -> None:
    path = text(operation.get("path"))
    if name in ("copy", "move"):
        source = text(operation.get("from"))
        value = copied(_get(data, source))
        if name == "move":
            _remove(data, source)
        _add(data, path, value)
    elif name == "add":
        _add(data, path, copied(operation.get("value")))
    elif name == "replace":  # a mapping need not have the key, as Kustomize has it
        holder, key = _holder(data, path)
        if not isinstance(holder, dict):
            _get(data, path)
        holder[key] = copied(operation.get("value"))
    elif name == "remove":
        _remove(data, path)
    elif name == "test":
        if _get(data, path) != operation.get("value"):
            raise PatchFailed(f"the test of {path} fails")
    else:
        raise PatchFailed(f"there is no operation {name!r}")


def tokens(path: str) -> list[str]:
    """The keys of a JSON pointer (RFC 6901)."""
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _get(data: Any, path: str) -> Any:
    for token in tokens(path):
        key = _key(data, token, path)
        try:
            data = data[key]
        except (LookupError, TypeError):
            raise PatchFailed(f"there is no {path}") from None
    return data


def _holder(data: Any, path: str) -> tuple[Any, Any]:
    """The mapping or list that holds the last key of a path, and that key."""
    *above, last = tokens(path) or [""]
    holder = _get(data, "".join(f"/{token.replace('~', '~0').replace('/', '~1')}" for token in above))
    return holder, _key(holder, last, path)


def _key(holder: Any, token: str, path: str) -> Any:
    if isinstance(holder, dict):
        return token
    if not isinstance(holder, list):
        raise PatchFailed(f"there is no {path}")
    if token == "-":  # noqa: S105
        return len(holder)
    if not token.isdecimal() or len(token) > _DIGITS:
        raise PatchFailed(f"{path} names no position of a list")
    return int(token)


_DIGITS = 6


def _add(data: Any, path: str, value: Any) -> None:
    holder, key = _holder(data, path)
    if isinstance(holder, list):
        if key > len(holder):
            raise PatchFailed(f"{path} is beyond the end of the list")
        holder.insert(key, value)
    else:
        holder[key] = value


def _remove(data: Any, path: str) -> None:
    _get(data, path)
    holder, key = _holder(data, path)
    del holder[key]
