"""The words of a run contract, as a template's `paved-road.yml`, `run.yml` and `run.toml` write it.

`paved_road.check.contract` combines these files and checks what they say together.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0)]
Percentage = Annotated[float, Meta(gt=0, le=100)]
Count = Annotated[int, Meta(ge=1)]


class StrictStruct(Struct, forbid_unknown_fields=True, frozen=True):
    """Refuses keys that it does not know."""


class Variable(StrictStruct, frozen=True):
    """How the service gets a value."""

    env: Annotated[str, Meta(description="The name of the environment variable.")]


class Probes(StrictStruct, frozen=True, kw_only=True):
    """The paths of the probes and of the metrics."""

    port: Annotated[
        Variable | None,
        Meta(
            description="How the service gets the port of the probes and the metrics. "
            "Without this key it answers them on `run.port`."
        ),
    ] = None
    live: Annotated[str, Meta(description="Says that the process answers. It depends on no dependency.")]
    ready: Annotated[
        str,
        Meta(description="Says whether the service can take requests. It depends on critical dependencies only."),
    ]
    startup: Annotated[str | None, Meta(description="Says that the service has started.")] = None
    metrics: Annotated[str | None, Meta(description="The metrics, in Prometheus' text format.")] = None


class SampleRequest(StrictStruct, frozen=True, kw_only=True):
    """A sample request with a body or headers of its own."""

    request: Annotated[str, Meta(description="Method and path, as in `POST /orders`.")]
    body: Annotated[Any, Meta(description="The body: text is sent as it is, anything else as JSON.")] = None
    headers: Annotated[dict[str, str], Meta(description="Headers of this request.")] = {}


class DependencyContract(StrictStruct, frozen=True):
    """What a live check needs to know about a dependency."""

    env: Annotated[str, Meta(description="The environment variable with its base URL.")]
    critical: Annotated[bool, Meta(description="Whether the service is unready without it.")]
    sample: Annotated[
        str | None, Meta(description="A request that the service sends to it, such as `GET /items/42`.")
    ] = None
    answer: Annotated[
        Any, Meta(description="What it answers when it is healthy: text as it is, anything else as JSON.")
    ] = None
    answers: Annotated[
        dict[str, Any], Meta(description="Other answers, by request: `GET /items/42: {stock: 17}`.")
    ] = {}
    stub: Annotated[
        str | None,
        Meta(description="A Python script of the service that answers as it does; it is run with `--port N`."),
    ] = None
    url: Annotated[
        str | None,
        Meta(
            description="The address of one that speaks no HTTP and runs while the service is checked, such as "
            "`postgres://user:password@127.0.0.1:5432/orders`. Checks can make it refuse, hang and reset."
        ),
    ] = None
    path: Annotated[str, Meta(description="What follows the port in the variable, such as `/api`.")] = ""
    stateful: Annotated[bool, Meta(description="Whether it keeps data that the service cannot lose.")] = False
    timeout: Annotated[Positive | None, Meta(description="Seconds that one attempt may take.")] = None
    attempts: Annotated[Count | None, Meta(description="How often the service tries at most.")] = None
    availability: Annotated[
        Percentage | None, Meta(description="What the dependency promises, in percent of requests.")
    ] = None
    latency_ms: Annotated[
        float | None, Meta(description="Milliseconds that its answers take in production, for squeeze tests.")
    ] = None


class Run(StrictStruct, frozen=True, kw_only=True):
    """How to start a service and talk to it, for checks of a running service."""

    start: Annotated[str, Meta(description="The command that starts the service, run in its folder. No shell runs it.")]
    port: Annotated[Variable | int, Meta(description="How the service gets the port to listen on, or its fixed port.")]
    probes: Probes
    dependencies: Annotated[
        dict[str, DependencyContract], Meta(description="The service's dependencies, by name.")
    ] = {}
    sample: Annotated[
        str | SampleRequest | None, Meta(description="A request that the service answers, such as `GET /orders/1`.")
    ] = None
    samples: Annotated[
        list[str | SampleRequest], Meta(description="More of them; what users send most comes first.")
    ] = []
    headers: Annotated[
        dict[str, str], Meta(description="What every request to the service needs, such as Authorization.")
    ] = {}
    settings: Annotated[dict[str, str], Meta(description="Environment variables that the service needs to start.")] = {}
    settings_file: Annotated[
        str | None, Meta(description="A file of the service with more of them, a `NAME=value` in each line.")
    ] = None
    secrets: Annotated[list[str], Meta(description="The variables whose values the service must never show.")] = []
    deadline: Annotated[Positive, Meta(description="Seconds in which the service answers any request.")] = 5
    deadline_header: Annotated[
        str | None,
        Meta(description="The request header in which callers say how many milliseconds they still wait."),
    ] = None
    ready_within: Annotated[Positive, Meta(description="Seconds from the start until it is ready.")] = 30
    stop_within: Annotated[Positive, Meta(description="Seconds from SIGTERM until it has ended.")] = 30
    crash: Annotated[
        str | SampleRequest | None, Meta(description="A request on which a handler fails, where there is one.")
    ] = None
