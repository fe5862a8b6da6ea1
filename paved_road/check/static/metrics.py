"""Every metric that a rule or a dashboard names exists: in the service's source, or by what runs or scrapes it.

A renamed metric breaks no test. Its alert never fires again, and its panel is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.dashboards import dashboards, queries
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.promql import asked
from paved_road.check.static.rules import rules

_PLATFORM = (
    "ALERTS", "up", "scrape_", "kube_", "container_", "machine_", "node_", "kubelet_", "apiserver_", "workqueue_",
    "rest_client_",
    "process_", "python_", "jvm_", "go_", "promhttp_", "prometheus_", "alertmanager_", "grafana_", "pushgateway_",
    "net_conntrack_",
    "probe_", "istio_", "pilot_", "envoy_", "linkerd_", "traefik_", "nginx_", "haproxy_", "kong_", "contour_",
    "cilium_", "hubble_",
    "coredns_", "cert_manager_", "certmanager_", "argocd_", "rollout_", "keda_", "karpenter_", "vpa_", "otelcol_",
    "loki_", "tempo_",
    "promtail_", "thanos_", "cortex_", "mimir_", "vm_", "vmagent_", "pg_", "postgres_", "mysql_", "redis_",
    "mongodb_", "kafka_",
    "rabbitmq_", "nats_", "elasticsearch_", "memcached_", "aws_", "stackdriver_", "azure_", "windows_", "nvidia_",
    "DCGM_", "target_info",
    "slo:", "sloth_", "pyrra_",
)  # fmt: skip
"""Beginnings of what Prometheus, Kubernetes, exporters, proxies and language runtimes export by themselves."""
_LIBRARIES = {
    r"micrometer|spring-boot|quarkus|micronaut|dropwizard": (
        "http_server_requests", "http_client_requests", "hikaricp_", "tomcat_", "jetty_", "jdbc_", "logback_",
        "log4j2_",
        "executor_", "system_", "disk_", "application_", "spring_", "resilience4j_", "cache_", "r2dbc_", "reactor_",
        "netty_", "base_", "vendor_", "worker_pool_", "agroal_", "tasks_", "lettuce_", "kafka_", "hystrix_",
    ),
    r"opentelemetry|otel": (
        "http_server_request_duration", "http_server_duration", "http_server_active_requests",
        "http_server_request_size",
        "http_server_response_size", "http_server_request_body_size", "http_server_response_body_size",
        "http_client_request_duration", "http_client_duration", "http_client_request_", "http_client_response_",
        "rpc_server_", "rpc_client_", "db_client_", "messaging_", "traces_", "process_runtime_", "system_", "otel_",
    ),
    r"go-grpc-(prometheus|middleware)|grpc_prometheus|grpcprom|py-grpc-prometheus": ("grpc_server_", "grpc_client_"),
    r"prom-client|express-prom-bundle|prometheus-api-metrics": (
        "nodejs_", "http_request_duration_", "http_request_size", "http_response_size",
    ),
    r"prometheus[-_]fastapi[-_]instrumentator": (
        "http_request_duration_", "http_requests_total", "http_request_size_", "http_response_size_",
    ),
    r"starlette[-_]exporter|starlette[-_]prometheus": ("starlette_", "fastapi_"),
    r"prometheus[-_]flask[-_]exporter": ("flask_",),
    r"django[-_]prometheus": ("django_",),
    r"gunicorn": ("gunicorn_",),
    r"celery": ("celery_", "flower_"),
    r"prometheus-net|OpenTelemetry\.|Microsoft\.AspNetCore": (
        "http_request", "aspnetcore_", "kestrel_", "dotnet_", "http_", "system_",
    ),
    r"prometheus_exporter|yabeda": ("ruby_", "rails_", "puma_", "sidekiq_", "http_", "active_record_", "job_"),
    r"prom_ex|telemetry_metrics": ("phoenix_", "ecto_", "beam_", "oban_", "erlang_", "plug_"),
    r"axum-prometheus|actix-web-prom": ("axum_", "http_requests_", "api_http_"),
    r"sarama|franz-go|confluent": ("kafka_",),
    r"gobreaker|hystrix": ("hystrix_", "gobreaker_"),
    r"promql|prometheus/client_golang": ("promhttp_",),
}  # fmt: skip
"""What a library exports by itself, if the service's manifest of packages names it."""
_MANIFESTS = (
    "*pyproject.toml", "*requirements*.txt", "*package.json", "*go.mod", "*pom.xml", "*build.gradle*", "*Cargo.toml",
    "*Gemfile",
    "*.csproj", "*mix.exs", "*build.sbt", "*libs.versions.toml", "*Pipfile", "*setup.py", "*setup.cfg",
    "*composer.json", "*Directory.Packages.props",
)  # fmt: skip
_SOURCE = re.compile(
    r"\.(py|go|js|mjs|cjs|ts|tsx|java|kt|kts|scala|clj|groovy|rb|php|rs|cs|fs|ex|exs|erl|swift|c|cc|cpp|h|hpp|lua"
    r"|pl|hs|ml|dart|cr|zig|nim|properties|conf|toml)$"
)
_TESTS = re.compile(
    r"(^|/)(tests?|spec|__tests__|testdata|src/test)/|(^|/)test_|[._-](test|spec|tests)\.\w+$|Tests?\.(java|kt|cs)$"
)
_SUFFIXES = ("_total", "_count", "_sum", "_bucket", "_created", "_info", "_max", "_min")
_UNITS = ("_seconds", "_milliseconds", "_bytes", "_ratio", "_percent", "_requests", "_celsius", "_meters")
_LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.){2,120})\"|'((?:[^'\\\n]|\\.){2,120})'|`([^`\n]{2,120})`")
_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_SNAKE = re.compile(r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b")
_APPENDED = re.compile(r"^([A-Za-z]\w*_)(?:$|[{%$#])")
"""The beginning of a text that something is appended to: `http_server_{name}`."""
_NAMESPACE = re.compile(
    r"(?i)(?:namespace|subsystem|prefix)\w{0,40}\s{0,9}(?::=|[:=,(])\s*[\"'`]([A-Za-z][\w.-]*?)_?[\"'`]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Use:
    name: str
    path: str
    line: int
    where: str


@static_check("alert-metrics")
def alert_metrics(files: ServiceFiles) -> Iterator[Fault]:
    """Every metric that a rule or a dashboard names exists somewhere.

    Raises `NotApplicable` if there are no rules and no dashboards.
    """
    known_rules = rules(files)
    uses = [*_in_rules(files), *_in_dashboards(files)]
    if not uses:
        raise NotApplicable("no rule of Prometheus and no dashboard names a metric")
    recorded = {rule.name for rule in known_rules if not rule.alerts}
    exported = _exported(files)
    if not exported.words:
        raise NotApplicable("the service has no source code that could name its metrics")
    told: set[str] = set()
    for use in uses:
        if use.name not in recorded and use.name not in told and not exported.has(use.name):
            told.add(use.name)
            yield Fault(
                message=f"{use.where} asks for {use.name}, which the service does not export", path=use.path,
                line=use.line, remedy="Correct the name, or export the metric.",
            )  # fmt: skip


def _in_rules(files: ServiceFiles) -> Iterator[_Use]:
    for rule in rules(files):
        for name in sorted(asked(rule.expression).metrics):
            where = f"the {'alert' if rule.alerts else 'recording rule'} {rule.name}"
            yield _Use(name=name, path=rule.path, line=rule.line, where=where)


def _in_dashboards(files: ServiceFiles) -> Iterator[_Use]:
    for dashboard in dashboards(files):
        for query in queries(dashboard):
            for name in sorted(asked(query.expression).metrics):
                line = files.line(dashboard.path, re.escape(name))
                yield _Use(name=name, path=dashboard.path, line=line, where=f"the panel {query.where}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Exported:
    """What a service may export, as far as its texts tell."""

    words: frozenset[str]
    """What its source has as a text of its own, or within one if it has an underscore; with underscores for dots."""
    prefixes: frozenset[str]
    """Namespaces, subsystems, and texts that something is appended to; without the last underscore."""
    beginnings: tuple[str, ...]

    def has(self, name: str) -> bool:
        """Whether it exports a metric of this name: as one text, or put together of up to three."""
        if name.startswith(self.beginnings):
            return True
        return any(form in self.words or self._is_joined(form, 2) for form in _forms(name))

    def _is_joined(self, name: str, prefixes: int) -> bool:
        """Whether a name is a prefix and a name, or a namespace, a subsystem and a name."""
        for at in (at for at, character in enumerate(name) if character == "_" and at):
            head, rest = name[:at], name[at + 1 :]
            if head in self.prefixes and (rest in self.words or (prefixes > 1 and self._is_joined(rest, prefixes - 1))):
                return True
        return False


def _forms(name: str) -> set[str]:
    """A name, and what it is called before the client library adds a suffix and a unit."""
    found = {name}
    for endings in (_SUFFIXES, _UNITS, _UNITS):
        found |= {form.removesuffix(ending) for form in found for ending in endings}
    return {form for form in found if form}


@lru_cache(maxsize=8192)
def _named_in(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words and the prefixes that a source file could name metrics with."""
    words: set[str] = set()
    prefixes = {re.sub(r"[.\-]", "_", found[1]) for found in _NAMESPACE.finditer(text)}
    for found in _LITERAL.finditer(text):
        literal = re.sub(r"(?<=\w)[.\-/](?=\w|$)", "_", found[1] or found[2] or found[3])
        words.update([literal] if _WORD.fullmatch(literal) else _SNAKE.findall(literal))
        prefixes.update(one.rstrip("_") for one in _APPENDED.findall(literal))
    return frozenset(words), frozenset(prefixes)


def _exported(files: ServiceFiles) -> _Exported:
    words: set[str] = set()
    prefixes: set[str] = set()
    for path, text in files.texts.items():
        if _SOURCE.search(path) and not _TESTS.search(path):
            more_words, more_prefixes = _named_in(text)
            words |= more_words
            prefixes |= more_prefixes
    packages = "\n".join(files.texts[path] for path in files.matching(*_MANIFESTS))
    named = (names for pattern, names in _LIBRARIES.items() if re.search(pattern, packages, re.IGNORECASE))
    beginnings = (*_PLATFORM, *(name for names in named for name in names))
    return _Exported(words=frozenset(words), prefixes=frozenset(prefixes), beginnings=beginnings)
