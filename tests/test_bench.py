"""What a benchmark does when what it measures does not do its part."""

from __future__ import annotations

import os
import socket
import threading

import pytest

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
