"""`make stub`: the stubs of all dependencies, at the addresses in dev/settings.env or the environment."""

import signal
import sys
import time
from contextlib import ExitStack

from dev.contract import contract, port_of, stub


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as a container is stopped
    stubbed = [dependency for dependency in contract().dependencies if dependency.stub]
    if not stubbed:
        print("run.toml names no stub")
        return
    with ExitStack() as stack:
        children = []
        for dependency in stubbed:
            children.append(stub(dependency, port_of(dependency)))
            stack.callback(children[-1].stop)
        try:
            while True:
                for child in children:
                    child.check()
                time.sleep(0.2)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
