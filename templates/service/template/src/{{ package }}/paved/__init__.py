"""The road's code: what every service lives on. Updates of the road change it; do not edit it by hand.

The service uses these names. The rest of this package is not for it.
"""

from .context import deadline, request_id
from .lifecycle import run
from .logs import get_logger
from .resilience.client import Client
from .resilience.model import Answer, Dependency, DependencyError, Policy, Reason, Response, StaleIfError
from .runtime import Runtime
from .settings import RoadSettings

Stale = StaleIfError  # its name until 1.2.0

__all__ = [
    "Answer",
    "Client",
    "Dependency",
    "DependencyError",
    "Policy",
    "Reason",
    "Response",
    "RoadSettings",
    "Runtime",
    "Stale",
    "StaleIfError",
    "deadline",
    "get_logger",
    "request_id",
    "run",
]
