"""Commands of templates as processes: they end with the call, and with the process that made it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paved_road.process import child


def test_the_last_words_of_both_outputs_are_known(tmp_path: Path) -> None:
    ended = child.run("echo one; echo; echo two >&2; exit 4", cwd=tmp_path, env=os.environ)
    assert (ended.code, ended.last_lines, ended.why) == (4, ("one", "two"), "one\ntwo")
    assert child.run("exit 5", cwd=tmp_path, env=os.environ).why == "exit status 5"


def test_what_it_says_is_told_line_by_line(tmp_path: Path) -> None:
    heard: list[str] = []
    child.run("echo one; printf two", cwd=tmp_path, env=os.environ, tell=heard.append)
    assert heard == ["one", "two"]


def test_nobody_waits_for_what_it_leaves_behind(tmp_path: Path) -> None:
    """A server that a task starts has the task's output open; a pipe would have to be waited for."""
    os.mkfifo(tmp_path / "go")
    assert child.run("(cat go; echo over) & exit 0", cwd=tmp_path, env=os.environ).code == 0
    (tmp_path / "go").write_text("")


def test_a_limit_of_time_ends_all_of_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(child.OutOfTime):
        child.run("exec 9> alive; trap '' TERM; sleep 600 & wait; wait", cwd=tmp_path, env=os.environ, seconds=1)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b"", "nobody holds the other end any more"
    os.close(reader)


CHILD = """
import os, sys, threading, time
from paved_road.render import reference
sys.stdin.readline()
threading.Thread(target=reference._end_with_the_parent, daemon=True).start()
os.write(os.open("alive", os.O_WRONLY), b"running\\n")
time.sleep(600)
"""
PARENT = """
import os, sys
from pathlib import Path
from paved_road.process import child
child.run([sys.executable, "-c", sys.argv[1]], cwd=Path(), env=os.environ, line=b"{}")
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_copiers_process_ends_with_its_parent_however_that_ends(tmp_path: Path, number: signal.Signals) -> None:
    os.mkfifo(tmp_path / "alive")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD], cwd=tmp_path, stderr=subprocess.DEVNULL)
    with (tmp_path / "alive").open() as alive:
        assert alive.readline() == "running\n"
        parent.send_signal(number)
        parent.wait(30)
        assert alive.read() == "", "nobody holds the other end any more"
