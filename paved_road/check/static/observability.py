"""Telemetry leaves the process: something scrapes its metrics, traces have somewhere to go, logs have one format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from paved_road.check.model import Fault
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles

_AGENTS = (
    r"dd-java-agent|DD_AGENT_HOST|DD_TRACE_AGENT_URL|datadoghq|ddtrace|newrelic|NEW_RELIC_LICENSE_KEY"
    r"|APPLICATIONINSIGHTS|elastic-apm|ELASTIC_APM|dynatrace|oneagent|splunk-otel|SPLUNK_ACCESS|aws-otel"
    r"|instrumentation\.opentelemetry\.io/inject"
)
"""Agents and their settings: they send metrics, traces and logs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signal:
    name: str
    leaves: re.Pattern[str]
    """A text that is in the service when the signal leaves the process."""
    remedy: str


_SIGNALS = (
    _Signal(
        name="metrics",
        leaves=re.compile(
            r"kind:\s*[\"']?(ServiceMonitor|PodMonitor|PodMonitoring|VMServiceScrape|VMPodScrape)\b"
            r"|prometheus\.io/scrape|serviceMonitor:\s*\n\s+enabled|(?m:^[ \t]*(?:-[ \t]+)?job_name\s*:)|scrape_configs"
            r"|sidecar\.opentelemetry\.io/inject|OTEL_METRICS_EXPORTER|OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
            r"|OTLPMetricExporter|otlpmetric|statsd|STATSD_HOST"
            r"|remote_write|pushgateway|management\.otlp\.metrics|PutMetricData|aws-embedded-metrics|" + _AGENTS,
            re.IGNORECASE,
        ),
        remedy="Add a ServiceMonitor (or the scrape annotation), or set OTEL_EXPORTER_OTLP_ENDPOINT.",
    ),
    _Signal(
        name="traces",
        leaves=re.compile(
            r"OTEL_EXPORTER_OTLP_(TRACES_)?ENDPOINT|OTEL_TRACES_EXPORTER|OTLP(Span|Trace)Exporter|otlptrace"
            r"|exporter-(trace-)?otlp|opentelemetry-exporter|opentelemetry[-_]otlp|AddOtlpExporter"
            r"|opentelemetry-instrument|sidecar\.opentelemetry\.io/inject|ZIPKIN|starter-opentelemetry|quarkus-opentelemetry|JAEGER_(AGENT"
            r"|ENDPOINT)|management\.(otlp|zipkin)\.tracing|otel\.exporter|CloudTrace|xray[-_]sdk"
            r"|cloud-trace|SENTRY_DSN|traces_sample_rate|honeycomb|TRACE_ENDPOINT|" + _AGENTS,
            re.IGNORECASE,
        ),
        remedy="Set up OpenTelemetry's exporter, so that OTEL_EXPORTER_OTLP_ENDPOINT sends traces.",
    ),
    _Signal(
        name="logs",
        leaves=re.compile(
            r"LOG_?(FORMAT|FORMATTER|ENCODING|JSON)|LOGGING_FORMAT|logging\.structured\.format|log[-_.]format"
            r"|structlog|jsonlogger|python-json-logger|json_?log|JsonFormatter|loguru|go\.uber\.org/zap|zerolog"
            r"|log/slog|JSONFormatter|slog\.NewJSONHandler|go-kit/log|\bpino\b|winston|bunyan|logstash[-_]logback"
            r"|LogstashEncoder|JsonLayout|JsonTemplateLayout|EcsEncoder|ecs-logging|serilog|AddJsonConsole"
            r"|tracing[-_]subscriber|slog-json|semantic_logger|lograge|monolog|logger_json|timbre|klog|logrus"
            r"|fluent-?bit|vector\.dev|promtail|otelcol",
            re.IGNORECASE,
        ),
        remedy="Write one line of JSON for each event to standard output, with a setting such as LOG_FORMAT.",
    ),
)
_EVERYTHING = re.compile(r"OTEL_EXPORTER_OTLP_ENDPOINT\b")
"""Where a deployment sets it, OpenTelemetry sends metrics and traces; in source code it may be about traces only."""
_CONFIGURATION = re.compile(r"\.(ya?ml|env|tf|json)$|(^|/)(Dockerfile|Containerfile)[^/]*$")
_NO_TELEMETRY = re.compile(
    r"(^|/)(tests?|spec|__tests__|testdata|fixtures?|docs?|examples?|vendor|third_party|\.github|benchmarks?|dist|static|public)/"
    r"|\.(pb|gen)\.\w+$|_pb2?\.\w+$|\.min\.js$"
    r"|\.(md|rst|adoc|lock|sum|svg|css|html|txt)$|(^|/)(package-lock\.json|pnpm-lock\.yaml|yarn\.lock|CHANGELOG[^/]*)$",
    re.IGNORECASE,
)
_REQUIREMENTS = re.compile(r"(^|/)requirements[\w.-]*\.txt$")


_MOST = 200_000
"""Characters of one file that are read; bundles of a user interface have megabytes."""


@lru_cache(maxsize=8192)
def _leaving(text: str) -> frozenset[str]:
    """The signals that a text lets leave the process."""
    return frozenset(signal.name for signal in _SIGNALS if signal.leaves.search(text[:_MOST]))


@static_check("observability")
def observability(files: ServiceFiles) -> Iterator[Fault]:
    """Metrics, traces and logs are set up to leave the process."""
    read = [path for path in files.texts if not _NO_TELEMETRY.search(path) or _REQUIREMENTS.search(path)]
    everything = any(_EVERYTHING.search(files.texts[path]) for path in read if _CONFIGURATION.search(path))
    for signal in _SIGNALS:
        sent = everything and signal.name != "logs"
        if not sent and not any(signal.name in _leaving(files.texts[path]) for path in read):
            yield Fault(message=f"nothing says how {signal.name} leave the process", remedy=signal.remedy)
