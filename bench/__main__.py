"""`python -m bench [NAME ...]`: run benchmarks and keep their results in bench/RESULTS.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import check, create, limit_live, resilience, scenarios, service, startup, update

RESULTS = Path(__file__).parent / "RESULTS.md"
BENCHMARKS: dict[str, tuple[str, Callable[[], str]]] = {
    "startup": ("Start-up", startup.main),
    "create": ("Creating a service", create.main),
    "update": ("Updating a service", update.main),
    "scenarios": ("What an update does to a team's work", scenarios.main),
    "resilience": ("Calling a dependency", resilience.main),
    "limit": ("What sheds load and what does not", limit_live.main),
    "check": ("Checking a service", check.main),
    "service": ("What the stamped runtime costs per request", service.main),
}
HEADER = """\
# Results

The last run of each benchmark of `make bench`. Ratios count: they are medians of ratios of paired runs, so that a slow
moment of the machine falls on every peer. Absolute times are this machine's.
"""


def main(names: list[str]) -> None:
    """Run the named benchmarks, all by default."""
    # What is installed has its bytecode; a checkout would be compiled anew in every run, the peers would not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["UV_PYTHON"] = sys.executable  # the one that a service's .python-version names may be out of reach
    text = RESULTS.read_text() if RESULTS.exists() else HEADER
    for name in names or list(BENCHMARKS):
        title, run = BENCHMARKS[name]
        print(f"{name} ...", file=sys.stderr)
        section = f"## {title}\n\n`python -m bench {name}`, {_machine()}.\n\n{run()}\n"
        print(section)
        pattern = re.compile(rf"^## {re.escape(title)}$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
        text = f"{pattern.sub('', text).rstrip()}\n\n{section}"
    RESULTS.write_text(text.rstrip() + "\n")


def _machine() -> str:
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    cpus = len(os.sched_getaffinity(0))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cpus} cores, {platform.system()}, git {git}, copier {version('copier')}, "
        f"typer {version('typer')}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
