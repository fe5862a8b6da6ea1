"""`make stub`: the stubs of all dependencies, at the addresses in dev/settings.env or the environment.

You can stop one of them to watch the service without it: the others go on.
"""

import os
import signal
import socket
import sys
import time
from contextlib import ExitStack

from dev.contract import Child, Dependency, contract, port_of, stub


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as a container is stopped
    stubbed = {each: port_of(each) for each in contract().dependencies if each.stub}
    if not stubbed:
        print("run.toml names no stub")
        return
    check_ports(stubbed)
    with ExitStack() as stack:
        children = []
        for dependency, port in stubbed.items():
            children.append(stub(dependency, port))
            stack.callback(children[-1].stop)
        try:
            watch(children)
        except KeyboardInterrupt:
            return


def check_ports(stubbed: dict[Dependency, int]) -> None:
    """End this process with one line if a stub cannot listen, before any has started."""
    with ExitStack() as stack:
        for dependency, port in stubbed.items():
            try:
                # Listening, so that a second stub with the same port is found, too.
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError as error:
                raise SystemExit(
                    f"error: the stub of the {dependency.name} cannot listen on port {port}"
                    f" ({os.strerror(error.errno or 0)}); change {dependency.env} in dev/settings.env"
                ) from None


def watch(children: list[Child]) -> None:
    """Say which one has ended, until none is left."""
    while children:
        for child in list(children):
            if ended := child.ended():
                print(ended, file=sys.stderr, flush=True)
                children.remove(child)
        time.sleep(0.2)
    raise SystemExit("error: no stub is left")


if __name__ == "__main__":
    main()
