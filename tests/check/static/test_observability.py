"""How telemetry of other people's services leaves the process."""

from __future__ import annotations

import pytest

from tests.check.static.reading import messages

SCRAPED = 'metadata: {annotations: {prometheus.io/scrape: "true"}}'


@pytest.mark.parametrize(
    "files",
    [
        {"k8s.yaml": SCRAPED, "go.mod": "go.opentelemetry.io/otel/exporters/otlp/otlptrace", "l.go": "log/slog"},
        {"k8s.yaml": SCRAPED, "pom.xml": "zipkin2.", "logback.xml": "net.logstash.logback.encoder.LogstashEncoder"},
        {"package.json": '{"dependencies": {"pino": "9"}}', "deploy.yaml": "[{name: OTEL_EXPORTER_OTLP_ENDPOINT}]"},
        {"Dockerfile": "ENV DD_AGENT_HOST=x", "app.py": "import structlog"},
        {"requirements.txt": "statsd\nopentelemetry-exporter-otlp\npython-json-logger\n"},
    ],
)  # fmt: skip
def test_telemetry_that_is_set_up_passes(files: dict[str, str]) -> None:
    assert messages("observability", files) == []


def test_telemetry_that_stays_in_the_process_is_found() -> None:
    assert messages("observability", {"main.py": "print('hello')"}) == [
        f"nothing says how {signal} leave the process" for signal in ("metrics", "traces", "logs")
    ]
    described = {"README.md": "prometheus.io/scrape OTEL_TRACES_EXPORTER LOG_FORMAT", "tests/test_a.py": "structlog"}
    assert len(messages("observability", described)) == 3


def test_an_exporter_of_traces_in_the_source_sends_no_metrics() -> None:
    files = {"a.py": 'os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]\nimport structlog'}
    assert messages("observability", files) == ["nothing says how metrics leave the process"]
