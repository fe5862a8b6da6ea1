"""The settings that every service has, and how bad ones end."""

import sys
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from .context import trust

STOP_SECONDS = 10  # after the grace: for background tasks (5), the last traces (2) and log lines (1)

Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda value: str(value).upper())
]


class RoadSettings(BaseSettings):
    """What can be set in every service: each field by the environment variable of its name in capitals."""

    # An empty variable is a variable that nobody has set.
    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, extra="ignore", use_attribute_docstrings=True
    )

    host: str = "0.0.0.0"  # noqa: S104 (in a container, all there is)
    """Address to listen on."""
    port: int = Field(8080, ge=1, le=65535)
    """Port of the API."""
    internal_port: int = Field(
        default_factory=lambda data: 8082 if data["port"] == 8081 else 8081,
        ge=0,
        le=65535,
        json_schema_extra={"default": 8081},
    )
    """Port of the probes and the metrics, which the route cannot reach; 0 answers them on PORT."""
    log_level: Level = "INFO"
    """Lowest level of the service's own log; libraries log warnings and above."""
    log_format: Literal["json", "console"] = "json"
    """console is for people, and only used on a terminal."""
    request_timeout_seconds: float = Field(10, gt=0, le=3600)
    """Time until the first byte of a response; after that, the answer is 504. Callers can shorten it."""
    concurrency_max: int = Field(1000, ge=1)
    """How many requests may be in flight; it bounds memory."""
    queue_seconds: float = Field(0.4, gt=0, le=60)
    """Time a request may wait for the event loop before it is refused; half of it in a queue that lasts."""
    trusted_callers: str = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"
    """Networks of the callers whose priority, deadline, baggage and faults are taken over, or none."""
    max_body_bytes: int = Field(1024 * 1024, ge=1)
    """Longest body of a request; a longer one is answered with 413."""
    max_buffered_bytes: int = Field(4 * 1024 * 1024, ge=1)
    """Bytes of all requests in memory; beyond it, the largest that is not all here is answered with 503."""
    max_connections: int = Field(10_000, ge=1)
    """Open connections; further ones are closed at once."""
    client_timeout_seconds: float = Field(20, gt=0, le=3600)
    """Time for a client to send a whole request (then 408), and to read each part of the response."""
    drain_seconds: float = Field(5, ge=0, le=600)
    """Time after SIGTERM in which the service is unready but serves, so that load balancers notice."""
    grace_seconds: int = Field(20, ge=1, le=600)
    """Time after that for the requests in flight to finish."""
    termination_seconds: int | None = Field(None, ge=1)
    """Time from SIGTERM until the platform kills the process; settings that need more are refused."""
    fault_injection_key: SecretStr | None = Field(None, min_length=32)
    """Signs the faults that may be injected; without it, none can be."""
    fault_injection_halt_file: Path | None = None
    """While this file exists, no fault is injected."""
    otel_exporter_otlp_endpoint: AnyHttpUrl | None = None
    """Where traces are sent, over HTTP; /v1/traces is added. Without it, none are sent."""
    otel_traces_sampler_arg: float = Field(0.05, ge=0, le=1)
    """Share of traces begun here that are sampled."""

    @field_validator("trusted_callers")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            trust(value)
        except ValueError:
            raise ValueError("must be networks, such as 10.0.0.0/8, separated by commas, or none") from None
        return value

    @field_validator("termination_seconds")
    @classmethod
    def _long_enough(cls, value: int | None, info: ValidationInfo) -> int | None:
        needed = info.data.get("drain_seconds", 0) + info.data.get("grace_seconds", 0) + STOP_SECONDS
        if value is not None and value < needed:
            raise ValueError(f"must be at least DRAIN_SECONDS + GRACE_SECONDS + {STOP_SECONDS} ({needed:g})")
        return value


S = TypeVar("S", bound=RoadSettings)


def load(service: str, settings: type[S]) -> S:
    """Read the environment; end the process with exit code 2 and one line when it is not right."""
    try:
        return settings()
    except (SettingsError, ValidationError) as error:
        sys.stderr.write(f"{service}: {explain(error)}\n")
        raise SystemExit(2) from None


def explain(error: SettingsError | ValidationError) -> str:
    """One line that names the environment variables and what is wrong with them, without their values."""
    if isinstance(error, SettingsError):
        return str(error).splitlines()[0]
    problems = []
    for each in error.errors(include_input=False, include_url=False):
        if each["type"] == "default_factory_not_called":  # since the setting that it depends on is wrong
            continue
        name, wrong = ".".join(map(str, each["loc"])).upper(), each["msg"].removeprefix("Value error, ")
        if each["type"].startswith("url"):
            wrong += " (such as http://host:port)"
        if wrong.startswith("Value should have"):  # pydantic's word for the characters of a secret is items
            wrong = wrong.replace("items after validation", "characters")
        problems.append(f"{name} is not set" if each["type"] == "missing" else f"{name}: {wrong}")
    return "; ".join(problems)
