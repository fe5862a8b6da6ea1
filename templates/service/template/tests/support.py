"""Real processes, and doubles for the tests of a client: the road's own tests have the same."""

from paved.doubles import FakeTransport, Recorder, make_client
from paved.processes import PATIENCE, PROBES, ROOT, Process, free_port

__all__ = [
    "PATIENCE",
    "PROBES",
    "ROOT",
    "FakeTransport",
    "Process",
    "Recorder",
    "free_port",
    "make_client",
]
