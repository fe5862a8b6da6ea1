"""The reference renderer: Copier itself, through its public API, in a process of its own.

A process, because Copier changes the working directory, runs the template's tasks with their output on ours, and
reads git's configuration from the environment. The child gets a job on standard input and writes only below its
destination; `main` is what runs there.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle
import re
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from paved_road import git
from paved_road.errors import AnswerError, LimitError, PavedError, TemplateError, UntrustedTemplate
from paved_road.files import yml
from paved_road.git import trees
from paved_road.git.address import is_relative
from paved_road.git.entries import File, Tree
from paved_road.process import child
from paved_road.process.limits import Limits, confine, out_of_memory, out_of_time
from paved_road.render import machine
from paved_road.render.config import unreadable
from paved_road.road.model import WORKING_TREE, Release
from paved_road.road.opening import git_url


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What Copier is to render, but for the release."""

    answers: Mapping[str, Any]
    """Those that were settled, and whatever else the template sees as a variable; nothing is asked."""
    assumed: Mapping[str, Any]
    """Values of questions that were not answered; Copier validates none of a secret one."""
    external: Mapping[str, bytes]
    """Files of the service that the template reads (`_external_data`), by path."""
    destination: Path
    """Where the service is, or will be: what its files say of that must not be where they were rendered."""
    answers_file: str
    exclude: tuple[str, ...] = ()
    """Added to the template's `_exclude`."""
    trust: bool
    limits: Limits


def render(release: Release, job: Job) -> Tree:
    """The tree that Copier renders, in a scratch folder of the destination's name; no task runs."""
    with tempfile.TemporaryDirectory(prefix="paved-") as scratch:
        target = Path(scratch) / "out" / job.destination.name
        source, ref, substitutes = _source(release, Path(scratch))
        lent = _lend(job.external, target)
        told = {
            "src_path": source,
            "dst_path": str(target),
            "data": dict(job.answers),
            "user_defaults": dict(job.assumed),
            "vcs_ref": ref,
            "unsafe": job.trust,
            "answers_file": job.answers_file,
            # Its own clone of the template has a .git, which a template with an _exclude of its own would render.
            "exclude": [*job.exclude, "/.git"],
            "skip_tasks": True,
        }
        _run(told, job.limits, Path(scratch), _environment(release, source, Path(scratch)))
        _check(target, job.limits)
        rendered = trees.read_folder(target) if target.is_dir() else {}
    rendered = {path: file for path, file in rendered.items() if file.data != lent.get(path)}
    rendered = trees.with_folder_replaced(rendered, target, job.destination)
    rendered = trees.with_folder_replaced(rendered, target.parent, job.destination.parent)
    record = rendered.get(job.answers_file)
    if record is not None:
        for stand_in, real in substitutes.items():
            record = File(record.data.replace(stand_in.encode(), real.encode()), record.mode)
        rendered[job.answers_file] = File(_called_as(release, record.data), record.mode)
    return rendered


def _called_as(release: Release, record: bytes) -> bytes:
    """The answers file with the tag that was chosen as its `_commit`, in YAML and in JSON.

    Of several tags of one commit Copier records the one that `git describe` prefers. When that is a tag that moves
    along (`v1`), the record would not say which release this is.
    """
    if release.commit is None or release.described is None:
        return record
    by_git = git.describe(release.template.road.location, release.commit)
    if by_git == release.described:
        return record
    for before, after in [(form(by_git), form(release.described)) for form in (_yaml_line, _json_pair)]:
        written = rb"^(\s*\{?\s*)" + re.escape(before)
        record = re.sub(written, rb"\g<1>" + after.replace(b"\\", rb"\\"), record, flags=re.MULTILINE)
    return record


def _yaml_line(commit: str) -> bytes:
    import yaml

    return yaml.safe_dump({"_commit": commit}).encode()


def _json_pair(commit: str) -> bytes:
    return f'"_commit": {json.dumps(commit)}'.encode()


def _lend(files: Mapping[str, bytes], target: Path) -> dict[str, bytes]:
    """Put files of the service where Copier finds them, each under a comment that tells it from a rendered one."""
    mark = f"# {secrets.token_hex(16)}\n".encode()
    lent = {
        path: _BOM * content.startswith(_BOM) + mark + content.removeprefix(_BOM) for path, content in files.items()
    }
    scratch = target.parent
    for path, content in lent.items():
        place = Path(os.path.normpath(scratch / target.name / path))
        if place.is_relative_to(scratch):  # one that is outside, and trusted, is found where it is
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return lent


_BOM = b"\xef\xbb\xbf"


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
    trees.write_folder(release.files(), alone)
    if road.is_git:
        git.commit_everything(alone, release.version, forced=["."])
        if release.described:
            git.create_tag(alone, release.described)  # so that Copier calls it as it would call the release
    return str(alone), WORKING_TREE if road.is_git else None, {str(alone): release.template.source}


def _environment(release: Release, source: str, scratch: Path) -> dict[str, str]:
    """Git finds a remote road in our cache under its own URL, so that Copier records the URL and needs no network."""
    url = git_url(source)
    found = [(f"url.{release.template.road.location}.insteadOf", url)] if url is not None else []
    return git.PERSON.environment(found) | {"COPIER_CACHE_DIR": str(scratch / "copier")}


def _run(told: Mapping[str, Any], limits: Limits, directory: Path, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "paved_road.render.reference"]
    # Answers are YAML, and JSON has neither its dates nor its sets.
    line = base64.b64encode(pickle.dumps((told, limits)))
    try:
        done = child.run(command, cwd=directory, env=environment, line=line, seconds=_WALL * limits.seconds)
    except child.OutOfTime:
        raise out_of_time(_WALL * limits.seconds, "rendering the template with Copier") from None
    if done.code == -signal.SIGXCPU:
        raise out_of_time(limits.seconds, "rendering the template with Copier")
    if done.code != 0:
        raise _fault(_lasting(done.last_lines[-1], directory) if done.last_lines else done.why)


_WALL = 20
"""Times the seconds of processor time that a rendering may wait: for git, for a slow machine."""


def _lasting(said: str, scratch: Path) -> str:
    """A message without the folders that are gone when somebody reads it: the rest names a file of the template's."""
    own, clone = re.escape(str(scratch)), re.escape(f"{tempfile.gettempdir()}/copier.")
    return re.sub(rf"{own}/(?:template/|out/|copier/[^\s/]*/)?|{clone}[^\s/]*/", "", said)


def _fault(said: str) -> PavedError:
    """Copier's last words as an error of ours."""
    if refused := re.fullmatch(r"ValueError: Validation error for question '(.+?)': (.*)", said):
        name, why = refused.groups()
        return AnswerError(f"the answer to {name!r} is not valid", cause=why, hint=f"--data {name}=VALUE")
    if refused := re.fullmatch(r"YAMLError: (\S+) (.*)", said):
        return unreadable(*refused.groups())
    if said.startswith("MemoryError"):
        return out_of_memory("rendering the template with Copier")
    if spent := re.fullmatch(r"LimitError: (.*)", said):
        return LimitError(spent[1])
    if refused := re.fullmatch(r"UntrustedTemplate: (.*)", said):
        return UntrustedTemplate(refused[1], hint="read the template first; to let it, add --trust")
    return _raised(said)


def _raised(said: str) -> TemplateError:
    """What the template's Jinja raised: one line of Python's."""
    from paved_road.render import unknown

    named = re.fullmatch(r"Template\w+Error: (?:(.+?:\d+): )?(.*)", said)
    if named and (found := unknown.unknown(named[2])):
        return unknown.fault(found, named[1] or "", None)
    return TemplateError("Copier could not render the template", cause=said)


def main() -> int:
    """The child: one `run_copy`, told by a pickle on standard input; a failure is one line on standard error."""
    from copier import Settings, run_copy
    from jinja2_ansible_filters.core_filters import FilterModule

    # It comes from our own parent process.
    job, most = pickle.loads(base64.b64decode(sys.stdin.readline()))  # noqa: S301
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    threading.Thread(target=_end_when_it_is_too_much, args=(Path(job["dst_path"]), most), daemon=True).start()
    confine(most)
    if not job["unsafe"]:
        filters = FilterModule.filters
        FilterModule.filters = lambda module: filters(module) | machine.without_trust()
    try:
        run_copy(**job, defaults=True, overwrite=True, quiet=True, settings=Settings())
    except Exception as error:  # noqa: BLE001 - a foreign template raises what it likes; the parent reads one line
        print(_last_words(error), file=sys.stderr)
        return 1
    return 0


def _last_words(error: Exception) -> str:
    """An error on one line; for a file that is not YAML, its name and why: Copier's own error has the name alone."""
    from jinja2 import TemplateSyntaxError

    cause = error.__cause__
    if type(error).__name__ == "InvalidConfigFileError" and isinstance(cause, yaml.MarkedYAMLError):
        mark = cause.problem_mark or cause.context_mark
        included = "a file that it includes, " if mark and mark.name.startswith("<") else ""
        return f"YAMLError: {Path(str(error)).name} {included}{yml.located_message(cause)}"
    said = str(error)
    if isinstance(error, TemplateSyntaxError) and error.name:
        said = f"{error.name}:{error.lineno}: {error.message}"
    return f"{type(error).__name__}: {' '.join(said.split())}"


def _end_with_the_parent() -> None:
    """Standard input ends when the parent does, even one that was killed: nobody waits for what is rendered here."""
    while os.read(0, 1):
        pass
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)


def _end_when_it_is_too_much(target: Path, most: Limits) -> None:
    """End this process when more is written than may be."""
    while True:
        time.sleep(0.2)
        try:
            _check(target, most)
        except LimitError as error:
            print(f"LimitError: {error.message}", file=sys.stderr, flush=True)
            os._exit(1)


def _check(target: Path, most: Limits) -> None:
    sizes = []
    for folder, _, names in os.walk(target):
        for name in names:
            with contextlib.suppress(OSError):  # it is being replaced
                sizes.append(Path(folder, name).lstat().st_size)
    most.check("what Copier renders of the template", files=len(sizes), size=sum(sizes))


if __name__ == "__main__":
    sys.exit(main())
