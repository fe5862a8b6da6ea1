"""How long a service of the built-in template takes to make, beside plain Copier with the same template."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.harness import Peer, interleave, process, table
from bench.startup import COPIER, PAVED

TEMPLATE = Path(__file__).parent.parent / "templates" / "service"


def main(runs: int = 9) -> str:
    """The section of bench/RESULTS.md."""
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        # Without uv on PATH paved makes no lock file, which plain Copier does not either.
        bare = here / "bin"
        bare.mkdir()
        (bare / "git").symlink_to(shutil.which("git") or "git")
        without_uv = os.environ | {"PATH": str(bare)}
        service = here / "orders"
        clean = partial(shutil.rmtree, service, ignore_errors=True)

        def copier() -> None:
            process(COPIER, "copy", "--defaults", "--quiet", str(TEMPLATE), str(service))

        def commit() -> None:
            process("git", "init", "--quiet", cwd=service)
            process("git", "add", "--all", cwd=service)
            process("git", "-c", "user.name=b", "-c", "user.email=b", "commit", "--quiet", "-m", "x", cwd=service)

        def copier_and_commit() -> None:
            copier()
            commit()

        def copier_lock_and_commit() -> None:
            copier()
            process("uv", "lock", "--quiet", cwd=service)
            commit()

        new = (PAVED, "new", str(service), "--defaults")
        peers = [
            Peer(name="`copier copy`", run=copier, prepare=clean),
            Peer(
                name="`paved new`, git commit included, no lock file",
                run=lambda: process(*new, env=without_uv),
                prepare=clean,
            ),
            Peer(name="`copier copy`, `git init`, `add`, `commit`", run=copier_and_commit, prepare=clean),
            Peer(
                name="`paved new`, `uv.lock` and git commit included",
                run=lambda: process(*new),
                prepare=clean,
            ),
            Peer(
                name="`copier copy`, `uv lock`, `git init`, `add`, `commit`", run=copier_lock_and_commit, prepare=clean
            ),
        ]
        timings = interleave(peers, runs=runs)
        clean()
        process(*new, env=without_uv)
        files = sum(
            1 for path in service.rglob("*") if path.is_file() and ".git" not in path.relative_to(service).parts
        )
    return (
        f"Bar: `paved new`, git commit included, not slower than `copier copy`. {files} files; {runs} "
        f"interleaved runs, Python {sys.version.split()[0]}.\n\n{table(timings)}"
    )
