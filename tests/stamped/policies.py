"""What the template promises of an environment beyond its schemas: each policy yields what is wrong, mostly nothing.

What must hold of any service is not here: the static checks of `paved check` look at that, and
tests/check/test_twins.py tries them on every pair of answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import yaml

from tests.stamped.delivered import Environment, Manifest

Policy = Callable[[Environment], Iterator[str]]
POLICIES: list[Policy] = []

NAME = "app.kubernetes.io/name"
NAMESPACE = "kubernetes.io/metadata.name"
INTERNAL = {"x-request-priority", "x-request-timeout-ms", "baggage", "x-fault-signature"}
"""Request headers that only another service may set."""
FLUSH = 10  # seconds for the rest: STOP_SECONDS in paved/settings.py
"""Seconds to send the last traces and to end."""


def policy(check: Policy) -> Policy:
    POLICIES.append(check)
    return check


def faults(environment: Environment) -> list[str]:
    """What every policy finds."""
    return [fault for check in POLICIES for fault in check(environment)]


# -- the pod -----------------------------------------------------------------------------------------------------------


@policy
def resources_are_bounded(env: Environment) -> Iterator[str]:
    resources = env.container.get("resources", {})
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    if "cpu" not in requests:
        yield "no CPU is requested: nothing is reserved, and the autoscaler cannot count"
    if not limits.get("memory") or limits.get("memory") != requests.get("memory"):
        yield "memory is not limited to what is requested"
    if "cpu" in limits:
        yield "the CPU is limited: bursts become slow requests"


@policy
def pods_are_spread(env: Environment) -> Iterator[str]:
    keys = {rule["topologyKey"] for rule in env.pod["spec"].get("topologySpreadConstraints", ())}
    for key in {"topology.kubernetes.io/zone", "kubernetes.io/hostname"} - keys:
        yield f"pods are not spread over {key}"


# -- its life ----------------------------------------------------------------------------------------------------------


@policy
def probes_ask_what_the_contract_says(env: Environment) -> Iterator[str]:
    contract = paths(env)
    names = {"live": "livenessProbe", "ready": "readinessProbe", "startup": "startupProbe"}
    for role, name in names.items():
        probe = env.container.get(name, {})
        if probe.get("httpGet") != {"path": contract[role], "port": "internal"}:
            yield f"the {name} does not ask {contract[role]}"


@policy
def a_pod_has_time_to_stop(env: Environment) -> Iterator[str]:
    settings, spec = env.settings, env.pod["spec"]
    before = env.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = before + float(settings["DRAIN_SECONDS"]) + float(settings["GRACE_SECONDS"]) + FLUSH
    if spec["terminationGracePeriodSeconds"] < needed:
        yield f"a pod is killed after {spec['terminationGracePeriodSeconds']} s and needs {needed:g} s to stop"
    if float(settings["TERMINATION_SECONDS"]) > spec["terminationGracePeriodSeconds"] - before:
        yield "a pod is killed before TERMINATION_SECONDS have passed"


@policy
def the_road_s_settings_are_settings(env: Environment) -> Iterator[str]:
    """Each variable is one that the service reads, or one of OpenTelemetry's own."""
    source = "".join(text for path, text in env.files.items() if path.endswith("settings.py") and "test" not in path)
    known = {field.upper() for field in re.findall(r"^    (\w+): ", source, re.MULTILINE)}
    for name in env.settings.keys() - known - {"OTEL_RESOURCE_ATTRIBUTES"}:
        yield f"the service has no setting {name}"
    for field in re.findall(r"^    (\w+): \w+$", source, re.MULTILINE):
        if field.upper() not in env.settings:
            yield f"the service cannot start without {field.upper()}"


@policy
def secrets_are_no_settings(env: Environment) -> Iterator[str]:
    for name in env.settings:
        if re.search("KEY|PASSWORD|SECRET|TOKEN", name):
            yield f"{name} is in the ConfigMap"
    if {"secretRef": {"name": env.service, "optional": True}} not in env.container.get("envFrom", ()):
        yield "the pod does not read the Secret"


# -- names, labels, ports ----------------------------------------------------------------------------------------------


@policy
def everything_has_the_service_s_name_and_labels(env: Environment) -> Iterator[str]:
    labels = {NAME: env.service, "tier": env.answers["tier"], "environment": env.name}
    for each in env.manifests:
        metadata = each["metadata"]
        where = f"{each['kind']} {metadata['name']}"
        if each["kind"] != "ConfigMap" and metadata["name"] != env.service:
            yield f"{where} is not called {env.service}"
        if metadata.get("namespace") != f"{env.service}-{env.name}":
            yield f"{where} is not in the namespace {env.service}-{env.name}"
        if not labels.items() <= metadata.get("labels", {}).items():
            yield f"{where} lacks labels of {labels}"
    if not labels.items() <= env.pod["metadata"]["labels"].items():
        yield f"the pod lacks labels of {labels}"
    if env.one("Deployment")["metadata"]["annotations"]["owner"] != str(env.answers.get("owner", "orders-team")):
        yield "the Deployment does not name the owner"


@policy
def one_port_everywhere(env: Environment) -> Iterator[str]:
    wanted = [env.answers["port"], 8082 if env.answers["port"] == 8081 else 8081]
    compose = yaml.safe_load(env.files["compose.yaml"])["services"]["service"]
    said = {
        "the container": [port["containerPort"] for port in env.container["ports"]],
        "the settings": [int(env.settings["PORT"]), int(env.settings["INTERNAL_PORT"])],
        "the Dockerfile": [
            int(port) for port in re.findall(r"^EXPOSE (.+)$", env.files["Dockerfile"], re.MULTILINE)[0].split()
        ],
        "compose": [int(port.split(":")[-1]) for port in compose["ports"]],
    }
    yield from (f"{who}: {numbers}, not {wanted}" for who, numbers in said.items() if numbers != wanted)
    served = env.one("Service")["spec"]["ports"]
    named = [port["name"] for port in env.container["ports"]]
    if (
        not named
        == [port["name"] for port in served]
        == [port["targetPort"] for port in served]
        == ["http", "internal"]
    ):
        yield f"ports are not named http and internal: {named}, {served}"


# -- traffic -----------------------------------------------------------------------------------------------------------


@policy
def the_route_leads_to_the_service_and_shows_no_insides(env: Environment) -> Iterator[str]:
    spec = env.one("HTTPRoute")["spec"]
    if not spec.get("hostnames"):
        yield "the route takes every host"
    served = {port["name"]: port["port"] for port in env.one("Service")["spec"]["ports"]}
    inside = [*paths(env).values(), "/docs"]
    for rule in spec["rules"]:
        if [(to["name"], to["port"]) for to in rule["backendRefs"]] != [(env.service, served["http"])]:
            yield "the route does not lead to the Service"
        for match in rule["matches"]:
            prefix = match["path"]["value"].rstrip("/")
            yield from (f"the route shows {path}" for path in inside if path.startswith(prefix))


@policy
def probes_and_metrics_are_out_of_reach(env: Environment) -> Iterator[str]:
    """Whoever calls the service reaches the public port, Prometheus the internal one, and neither the other's."""
    wanted = {"its own": {"http"}, "gateway": {"http"}, "monitoring": {"internal"}}
    for who, ports in reach(env).items():
        if ports != wanted.get(who, {"http"}):
            yield f"{who} may reach {sorted(ports)}"
    internal = {port["port"] for port in env.one("Service")["spec"]["ports"] if port["targetPort"] != "http"}
    for rule in env.one("HTTPRoute")["spec"]["rules"]:
        if any(to["port"] in internal for to in rule["backendRefs"]):
            yield "the route leads to the internal port"


def reach(env: Environment) -> dict[str, set[str]]:
    """Which ports the network policy opens, by namespace; a rule without a namespace's name opens them to all."""
    found: dict[str, set[str]] = {"its own": set(), "gateway": set(), "monitoring": set()}
    for rule in env.one("NetworkPolicy")["spec"]["ingress"]:
        ports = {port["port"] for port in rule.get("ports", ())} or {"all"}
        for source in rule.get("from", [{"namespaceSelector": {}}]):
            labels = source.get("namespaceSelector", {"matchLabels": {NAMESPACE: "its own"}}).get("matchLabels", {})
            for namespace in [labels[NAMESPACE]] if NAMESPACE in labels else list(found):
                found.setdefault(namespace, set()).update(ports)
    return found


@policy
def the_route_takes_nothing_from_strangers_that_services_tell_each_other(env: Environment) -> Iterator[str]:
    for rule in env.one("HTTPRoute")["spec"]["rules"]:
        modifiers = [each.get("requestHeaderModifier", {}) for each in rule.get("filters", ())]
        removed = {name.lower() for modifier in modifiers for name in modifier.get("remove", ())}
        for name in INTERNAL - removed:
            yield f"a stranger may set {name}"


@policy
def dependencies_can_be_called(env: Environment) -> Iterator[str]:
    rules = env.one("NetworkPolicy")["spec"]["egress"]
    egress = str(rules)
    names = [rule for rule in rules if {53} == {port["port"] for port in rule.get("ports", ())}]
    if {port["protocol"] for rule in names for port in rule["ports"]} != {"UDP", "TCP"}:
        yield "names cannot be resolved"
    for server in ("kube-system", "169.254.20.10/32", "169.254.169.254/32"):
        if server not in str([rule["to"] for rule in names]):
            yield f"names cannot be resolved by {server}"
    for name, dependency in env.contract["dependencies"].items():
        if f"'{name}'" not in egress:
            yield f"{name} may not be called"
        if dependency["env"] not in env.settings:
            yield f"{dependency['env']} is not set"


@policy
def metrics_are_scraped(env: Environment) -> Iterator[str]:
    spec = env.one("ServiceMonitor")["spec"]
    (endpoint,) = spec["endpoints"]
    if endpoint["port"] != "internal":
        yield f"Prometheus asks the port {endpoint['port']}"
    if endpoint["path"] != env.contract["probes"]["metrics"]:
        yield f"Prometheus asks {endpoint['path']}"
    if seconds(endpoint["scrapeTimeout"]) >= seconds(endpoint["interval"]):
        yield "the scrape's timeout is not below its interval"
    if spec.get("jobLabel") != NAME:
        yield "the job is not called like the service"


# -- how many, and which version ---------------------------------------------------------------------------------------


@policy
def a_bad_version_is_taken_back(env: Environment) -> Iterator[str]:
    deployment = env.one("Deployment")["spec"]
    if "progressDeadlineSeconds" not in deployment:
        yield "a roll-out has no deadline"
    if deployment["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
        yield "a roll-out takes pods away before their successors are ready"
    progressive = env.answers["rollout"] != "rolling" and env.name != "dev"
    if bool(env.all("Rollout")) is not progressive:
        yield f"{env.answers['rollout']} in {env.name} " + ("has no Rollout" if progressive else "has a Rollout")
    for rollout in env.all("Rollout"):
        yield from _rollout(env, rollout["spec"])


def _rollout(env: Environment, spec: Manifest) -> Iterator[str]:
    canary = spec["strategy"].get("canary")
    analysis = canary["analysis"] if canary else spec["strategy"]["blueGreen"]["postPromotionAnalysis"]
    if {"name": "version", "valueFrom": {"podTemplateHashValue": "Latest"}} not in analysis["args"]:
        yield "the analysis does not look at the new version"
    if "rollouts-pod-template-hash" not in env.one("ServiceMonitor")["spec"].get("podTargetLabels", ()):
        yield "the metrics do not tell the new version from the old"


@policy
def the_analysis_decides_and_can_be_inconclusive(env: Environment) -> Iterator[str]:
    for template in env.all("AnalysisTemplate"):
        for metric in template["spec"]["metrics"]:
            good, bad = metric["successCondition"], metric["failureCondition"]
            if good.replace("<=", ">") != bad or "len(result) > 0" not in good:
                yield f"the conditions of {metric['name']} are not each other's opposite"
            allowed = 1 - env.answers.get("slo_availability", 99.9) / 100
            if metric["name"] == "errors" and float(good.split()[-1]) <= allowed:
                yield "the analysis fails a version that meets its objective"
            query = metric["provider"]["prometheus"]["query"]
            selectors = re.findall(r"\{([^{}]*(?:\{\{[^}]*\}\}[^{}]*)*)\}", query)
            for selector in selectors:
                if f'job="{env.service}"' not in selector or "{{args.version}}" not in selector:
                    yield f"{metric['name']} asks about more than the new version: {selector}"


def paths(env: Environment) -> dict[str, str]:
    """The paths of the probes and of the metrics."""
    return {role: path for role, path in env.contract["probes"].items() if role != "port"}


def seconds(duration: str) -> float:
    """`90s`, `1m`, `1h` in seconds."""
    return float(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]
