"""Ports on loopback that nobody listens on."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterable

import psutil


def free_port() -> int:
    """A free port below those that systems give to outgoing connections (Linux: 32768 and above).

    Until this process ends it holds the UDP port of the same number, so that no other caller gets it.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("", port))  # on every address, as a service does
                udp.bind(("", port))
            except OSError:
                continue
            udp.detach()
            return port


def listening(pids: Iterable[int]) -> set[int]:
    """The TCP ports that processes of this user listen on."""
    found = set()
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            sockets = psutil.Process(pid).net_connections(kind="tcp")
            found |= {each.laddr.port for each in sockets if each.status == psutil.CONN_LISTEN}
    return found
