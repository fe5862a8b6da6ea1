"""Where log lines go: a thread writes them, so that a reader who is slow or gone costs lines, no requests."""

import atexit
import os
import threading
import time

from prometheus_client import Counter

CAPACITY = 1 << 20  # bytes that may wait: seconds of a busy service, and little of a pod's memory
PAUSE = 0.01  # seconds between two writes: each wakes the thread, which costs more than the line
PATIENCE = 1.0  # seconds that the end of the process waits for the last lines

# Of the process, like standard output; each application's registry shows it.
dropped = Counter("log_lines_dropped", "Log lines that nobody got", ["reason"], registry=None)
_full = dropped.labels("full")  # the reader is too slow, or reads no more
_failed = dropped.labels("failed")  # the write failed: no reader, no space


class Sink:
    """Takes lines from any thread without waiting, and writes them in their order to a file descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._start()
        os.register_at_fork(after_in_child=self._start)  # a fork has no threads, and perhaps a locked lock
        atexit.register(self.close)

    def _start(self) -> None:
        self._changed = threading.Condition()
        self._lines: list[bytes] = []
        self._size = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Take a line that ends in a newline, or count it as dropped."""
        with self._changed:
            if self._size + len(line) > CAPACITY:
                _full.inc()
                return
            self._size += len(line)
            self._lines.append(line)
            if len(self._lines) == 1:
                self._changed.notify()

    def close(self) -> None:
        """Write what waits; a reader who reads no more keeps the process for no longer than PATIENCE."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closing)
                lines, self._lines, self._size = self._lines, [], 0
            if not lines:
                return
            self._send(b"".join(lines))
            time.sleep(PAUSE)

    def _send(self, text: bytes) -> None:
        try:
            while text:
                text = text[os.write(self._fd, text) :]
        except OSError:
            _failed.inc(text.count(b"\n"))
