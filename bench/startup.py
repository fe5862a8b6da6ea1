"""How long `paved --help` takes, beside the least a Typer program can take."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.harness import Peer, interleave, process, table

PAVED = str(Path(sys.executable).with_name("paved"))
COPIER = str(Path(sys.executable).with_name("copier"))


def main(runs: int = 21) -> str:
    """The section of bench/RESULTS.md."""
    peers = [
        Peer(name='`python -c "import typer"`', run=lambda: process(sys.executable, "-c", "import typer")),
        Peer(name="`paved --help`", run=lambda: process(PAVED, "--help")),
        Peer(name="`copier --help`", run=lambda: process(COPIER, "--help")),
        Peer(name="`python -c pass`", run=lambda: process(sys.executable, "-c", "pass")),
    ]
    bar = f"Bar: `paved --help` at most 1.5 times the first. {runs} interleaved runs."
    return f"{bar}\n\n{table(interleave(peers, runs=runs))}"
