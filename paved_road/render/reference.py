"""The reference renderer: Copier itself, through its public API, in a process of its own.

A process, because Copier changes the working directory, runs the template's tasks with their output on ours, and
reads git's configuration from the environment. The child gets a job on standard input and writes only below its
destination; `main` is what runs there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paved_road import git, process
from paved_road import tree as trees
from paved_road.address import is_relative
from paved_road.errors import TemplateError
from paved_road.road import WORKING_TREE, Release, git_url
from paved_road.tree import Tree


def render(
    release: Release, answers: Mapping[str, Any], *, destination: Path, answers_file: str, trust: bool,
    exclude: tuple[str, ...] = (),
) -> Tree:  # fmt: skip
    """The tree that Copier renders. `answers` are all that were settled; nothing is asked, and no task runs.

    It renders to a scratch folder of the destination's name; a file that says where it was rendered to says
    `destination`. `exclude` is added to the template's `_exclude`.
    """
    with tempfile.TemporaryDirectory(prefix="paved-") as scratch:
        target = Path(scratch) / "out" / destination.name
        source, ref, substitutes = _source(release, Path(scratch))
        job = {
            "src_path": source,
            "dst_path": str(target),
            "data": dict(answers),
            "vcs_ref": ref,
            "unsafe": trust,
            "answers_file": answers_file,
            # Its own clone of the template has a .git, which a template with an _exclude of its own would render.
            "exclude": [*exclude, "/.git"],
            "skip_tasks": True,
        }
        _run(job, Path(scratch), _environment(release, source, Path(scratch)))
        rendered = _moved(trees.read(target), target, destination) if target.is_dir() else {}
    record = rendered.get(answers_file)
    if record is not None:
        for stand_in, real in substitutes.items():
            record = trees.File(record.data.replace(stand_in.encode(), real.encode()), record.mode)
        rendered[answers_file] = record
    return rendered


def _source(release: Release, scratch: Path) -> tuple[str, str | None, dict[str, str]]:
    """What to tell Copier: a source, a ref, and what to replace in the answers file it writes."""
    road = release.template.road
    if not release.template.folder and not release.borrows:
        ref = None if not road.is_git else WORKING_TREE if release.working_tree else release.tag or release.commit
        source = str(road.location) if is_relative(road.source) else road.source
        return source, ref, {source: road.source}
    # Copier knows no road of several templates, and would fetch submodules: give it this template alone, with all its
    # files, as a repository of one commit.
    alone = scratch / "template"
    alone.mkdir()
    trees.write(release.files(), alone)
    git.commit_everything(alone, release.version)
    described = git.describe(alone, "HEAD")
    return str(alone), WORKING_TREE, {str(alone): road.source, described: release.described or described}


def _environment(release: Release, source: str, scratch: Path) -> dict[str, str]:
    """Git finds a remote road in our cache under its own URL, so that Copier records the URL and needs no network."""
    found = git.environment() | {"COPIER_CACHE_DIR": str(scratch / "copier")}
    url = git_url(source)
    if url is not None:
        found |= git.configured([(f"url.{release.template.road.location}.insteadOf", url)])
    return found


def _moved(rendered: Tree, target: Path, destination: Path) -> Tree:
    """The files, with `destination` where they name the scratch folder (`_copier_conf.dst_path`)."""
    here, there = os.fsencode(target), os.fsencode(destination)
    return {
        path: trees.File(file.data.replace(here, there), file.mode) if here in file.data else file
        for path, file in rendered.items()
    }


def _run(job: Mapping[str, Any], directory: Path, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "paved_road.render.reference"]
    done = process.run(command, cwd=directory, env=environment, line=json.dumps(job).encode())
    if done.code != 0:
        cause = done.said[-1] if done.said else done.why
        raise TemplateError("Copier could not render the template", cause=cause)


def main() -> int:
    """The child: one `run_copy`, told by JSON on standard input; a failure is one line on standard error."""
    from copier import Settings, run_copy

    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        run_copy(**job, defaults=True, overwrite=True, quiet=True, settings=Settings())
    except Exception as error:  # noqa: BLE001 - a foreign template raises what it likes; the parent reads one line
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _end_with_the_parent() -> None:
    """Standard input ends when the parent does, even one that was killed: nobody waits for what is rendered here."""
    while os.read(0, 1):
        pass
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
