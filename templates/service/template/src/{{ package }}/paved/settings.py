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

Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda value: str(value).upper())
]


class RoadSettings(BaseSettings):
    # An empty variable is a variable that nobody has set.
    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    host: str = "0.0.0.0"  # noqa: S104 (in a container, all there is)
    port: int = Field(8080, ge=1, le=65535)
    # For probes and metrics alone, where the route cannot lead; 0 answers them on the public port.
    internal_port: int = Field(
        default_factory=lambda data: 8082 if data["port"] == 8081 else 8081,
        ge=0,
        le=65535,
        json_schema_extra={"default": 8081},
    )
    log_level: Level = "INFO"
    log_format: Literal["json", "console"] = "json"  # console only on a terminal
    request_timeout_seconds: float = Field(10, gt=0, le=3600)
    concurrency_max: int = Field(200, ge=1)  # requests in flight
    queue_seconds: float = Field(0.4, gt=0, le=60)  # that a request may wait for the event loop
    drain_seconds: float = Field(
        5, ge=0, le=600
    )  # unready but serving, until the load balancers have noticed
    grace_seconds: int = Field(20, ge=1, le=600)  # then, for the requests in flight
    fault_injection_key: SecretStr | None = Field(None, min_length=32)  # without it no fault can be injected
    fault_injection_halt_file: Path | None = None  # while it exists, none is
    otel_exporter_otlp_endpoint: AnyHttpUrl | None = None
    otel_traces_sampler_arg: float = Field(0.05, ge=0, le=1)

    @field_validator("internal_port")
    @classmethod
    def _not_the_public_port(cls, value: int, info: ValidationInfo) -> int:
        if value == info.data.get("port"):
            raise ValueError("must not be PORT")
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
        name = ".".join(map(str, each["loc"])).upper()
        problems.append(f"{name} is not set" if each["type"] == "missing" else f"{name}: {each['msg']}")
    return "; ".join(problems)
