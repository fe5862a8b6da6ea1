"""What a benchmark does when what it measures does not do its part."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from bench import check
from bench.service import BODY, Worker


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\nhalf", b"HTTP/1.1 503 Busy\r\n\r\n" + BODY])
def test_a_service_that_closes_a_connection_or_fails_ends_the_benchmark(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(ConnectionError, match=r"the service (closed a connection|answered)"):
            Worker(pid=os.getpid(), port=server.getsockname()[1]).one_round()
        server.shutdown(socket.SHUT_RDWR)


def test_a_verdict_that_differs_on_a_busy_machine_is_counted_and_shown() -> None:
    usual = {"timeouts": "passed", "metrics": "passed", "alerts": "passed", "api-fuzz": "not applicable"}
    times = {"timeouts": 1.0, "metrics": 0.5, "api-fuzz": 0.0}

    def one(**changed: str) -> check.Run:
        return check.Run(seconds=9, cpu=3, outcomes=usual | changed, times=times, messages=dict.fromkeys(usual, "said"))

    text = check.report([one(), one()], [one(), one(metrics="failed")])
    assert "6 live verdicts, 2 runs of them beside busy processes: 1 differed." in text
    assert "| metrics | passed | 0.5 | 0.5 | 1 |" in text
    assert "- failed: said" in text
    assert text.index("| timeouts |") < text.index("| metrics |")
