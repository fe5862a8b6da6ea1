"""The reference renderer: Copier itself, through its public API, in a process of its own.

It needs a process of its own because it changes the working directory, lets tasks print to our output, and reads git's
configuration from the environment. The child process runs `main`. It reads its job from standard input, and writes only
below the destination of that job.
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
    """What Copier renders a release with."""

    answers: Mapping[str, Any]
    """The settled answers and the other variables of the template; Copier asks nothing."""
    assumed: Mapping[str, Any]
    """Defaults of secret questions without an answer; Copier does not validate them."""
    external: Mapping[str, bytes]
    """Files of the service that the template reads (`_external_data`), by path."""
    destination: Path
    """The folder of the service; files that name their own folder name this one, not the scratch folder."""
    answers_file: str
    exclude: tuple[str, ...] = ()
    """Patterns to add to the template's `_exclude`."""
    trust: bool
    limits: Limits


def render(release: Release, job: Job) -> Tree:
    """Render a release with Copier in a scratch folder with the destination's name. No task runs.

    Raises `AnswerError`, `TemplateError`, `LimitError` or `UntrustedTemplate` if Copier fails.
    """
    with tempfile.TemporaryDirectory(prefix="paved-") as scratch:
        target = Path(scratch) / "out" / job.destination.name
        source, ref, substitutes = _source(release, Path(scratch))
        lent = _lend(job.external, target)
        arguments = {
            "src_path": source,
            "dst_path": str(target),
            "data": dict(job.answers),
            "user_defaults": dict(job.assumed),
            "vcs_ref": ref,
            "unsafe": job.trust,
            "answers_file": job.answers_file,
            # Copier's clone of the template has a .git folder, which a template with its own _exclude would render.
            "exclude": [*job.exclude, "/.git"],
            "skip_tasks": True,
        }
        _run(arguments, job.limits, Path(scratch), _environment(release, source, Path(scratch)))
        _check(target, job.limits)
        rendered = trees.read_folder(target) if target.is_dir() else {}
    rendered = {path: file for path, file in rendered.items() if file.data != lent.get(path)}
    rendered = trees.with_folder_replaced(rendered, target, job.destination)
    rendered = trees.with_folder_replaced(rendered, target.parent, job.destination.parent)
    answers_file = rendered.get(job.answers_file)
    if answers_file is not None:
        content = answers_file.data
        for stand_in, real in substitutes.items():
            content = content.replace(stand_in.encode(), real.encode())
        rendered[job.answers_file] = File(_with_chosen_tag(release, content), answers_file.mode)
    return rendered


def _with_chosen_tag(release: Release, answers_file: bytes) -> bytes:
    """The answers file (YAML or JSON) with the tag that was chosen as its `_commit`.

    If a commit has several tags, Copier records the one that `git describe` prefers. That may be a moving tag (`v1`),
    which does not identify the release.
    """
    if release.commit is None or release.described is None:
        return answers_file
    by_git = git.describe(release.template.road.location, release.commit)
    if by_git == release.described:
        return answers_file
    content = answers_file
    for before, after in [(form(by_git), form(release.described)) for form in (_yaml_line, _json_pair)]:
        written = rb"^(\s*\{?\s*)" + re.escape(before)
        replacement = rb"\g<1>" + after.replace(b"\\", rb"\\")
        content = re.sub(written, replacement, content, flags=re.MULTILINE)
    return content


def _yaml_line(commit: str) -> bytes:
    import yaml

    return yaml.safe_dump({"_commit": commit}).encode()


def _json_pair(commit: str) -> bytes:
    return f'"_commit": {json.dumps(commit)}'.encode()


def _lend(files: Mapping[str, bytes], target: Path) -> dict[str, bytes]:
    """Write files of the service to where Copier reads them, each with a comment that tells it from a rendered one."""
    mark = f"# {secrets.token_hex(16)}\n".encode()
    lent = {
        path: _BOM * content.startswith(_BOM) + mark + content.removeprefix(_BOM) for path, content in files.items()
    }
    scratch = target.parent
    for path, content in lent.items():
        place = Path(os.path.normpath(scratch / target.name / path))
        if place.is_relative_to(scratch):  # a trusted template reads a file outside the service in its own place
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return lent


_BOM = b"\xef\xbb\xbf"


def _source(release: Release, scratch: Path) -> tuple[str, str | None, dict[str, str]]:
    """Copier's arguments for the template: its source and ref; and what to replace in the answers file afterwards."""
    road = release.template.road
    if not release.template.folder and not release.borrows:
        ref = None if not road.is_git else WORKING_TREE if release.working_tree else release.tag or release.commit
        source = str(road.location) if is_relative(road.source) else road.source
        return source, ref, {source: road.source}
    # Copier cannot read a road of several templates, and would fetch submodules. So it gets a repository of one commit
    # that has this template alone, with all its files.
    alone = scratch / "template"
    alone.mkdir()
    trees.write_folder(release.files(), alone)
    if road.is_git:
        git.commit_everything(alone, release.version, forced=["."])
        if release.described:
            git.create_tag(alone, release.described)  # so that Copier describes it like the release
    return str(alone), WORKING_TREE if road.is_git else None, {str(alone): release.template.source}


def _environment(release: Release, source: str, scratch: Path) -> dict[str, str]:
    """An environment in which git reads a remote road's URL from our cache, so that Copier needs no network."""
    url = git_url(source)
    redirection = [(f"url.{release.template.road.location}.insteadOf", url)] if url is not None else []
    return git.PERSON.environment(redirection) | {"COPIER_CACHE_DIR": str(scratch / "copier")}


def _run(arguments: Mapping[str, Any], limits: Limits, directory: Path, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "paved_road.render.reference"]
    # A pickle, because answers may be dates or sets, which JSON does not have.
    line = base64.b64encode(pickle.dumps((arguments, limits)))
    try:
        done = child.run(command, cwd=directory, env=environment, line=line, seconds=_WALL * limits.seconds)
    except child.OutOfTime:
        raise out_of_time(_WALL * limits.seconds, "rendering the template with Copier") from None
    if done.code == -signal.SIGXCPU:
        raise out_of_time(limits.seconds, "rendering the template with Copier")
    if done.code != 0:
        raise _fault(_lasting(done.last_lines[-1], directory) if done.last_lines else done.why)


_WALL = 20
"""The limit of elapsed time, as a multiple of the processor time: for waiting for git, or for a slow machine."""


def _lasting(message: str, scratch: Path) -> str:
    """A message with paths relative to the template, because the scratch folders are gone when it is read."""
    own, clone = re.escape(str(scratch)), re.escape(f"{tempfile.gettempdir()}/copier.")
    return re.sub(rf"{own}/(?:template/|out/|copier/[^\s/]*/)?|{clone}[^\s/]*/", "", message)


def _fault(line: str) -> PavedError:
    """The error for the last line that Copier printed."""
    if refused := re.fullmatch(r"ValueError: Validation error for question '(.+?)': (.*)", line):
        name, why = refused.groups()
        return AnswerError(f"the answer to {name!r} is not valid", cause=why, hint=f"--data {name}=VALUE")
    if refused := re.fullmatch(r"YAMLError: (\S+) (.*)", line):
        return unreadable(*refused.groups())
    if line.startswith("MemoryError"):
        return out_of_memory("rendering the template with Copier")
    if spent := re.fullmatch(r"LimitError: (.*)", line):
        return LimitError(spent[1])
    if refused := re.fullmatch(r"UntrustedTemplate: (.*)", line):
        return UntrustedTemplate(refused[1], hint="read the template first; to let it, add --trust")
    return _raised(line)


def _raised(line: str) -> TemplateError:
    """The error for an exception of the template's Jinja; `line` has its type and message."""
    from paved_road.render import unknown

    named = re.fullmatch(r"Template\w+Error: (?:(.+?:\d+): )?(.*)", line)
    if named and (undefined := unknown.unknown(named[2])):
        return unknown.fault(undefined, named[1] or "", None)
    return TemplateError("Copier could not render the template", cause=line)


def main() -> int:
    """Run `run_copy` in the child process, with the arguments pickled on standard input.

    A failure is one line on standard error.
    """
    from copier import Settings, run_copy
    from jinja2_ansible_filters.core_filters import FilterModule

    # The pickle comes from our own parent process.
    job, most = pickle.loads(base64.b64decode(sys.stdin.readline()))  # noqa: S301
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    threading.Thread(target=_end_when_it_is_too_much, args=(Path(job["dst_path"]), most), daemon=True).start()
    confine(most)
    if not job["unsafe"]:
        filters = FilterModule.filters
        FilterModule.filters = lambda module: filters(module) | machine.without_trust()
    try:
        run_copy(**job, defaults=True, overwrite=True, quiet=True, settings=Settings())
    except Exception as error:  # noqa: BLE001 - a foreign template may raise anything; the parent reads one line
        print(_last_words(error), file=sys.stderr)
        return 1
    return 0


def _last_words(error: Exception) -> str:
    """An error on one line. For a file that is not YAML it adds the reason, which Copier's own error lacks."""
    from jinja2 import TemplateSyntaxError

    cause = error.__cause__
    if type(error).__name__ == "InvalidConfigFileError" and isinstance(cause, yaml.MarkedYAMLError):
        mark = cause.problem_mark or cause.context_mark
        included = "a file that it includes, " if mark and mark.name.startswith("<") else ""
        return f"YAMLError: {Path(str(error)).name} {included}{yml.located_message(cause)}"
    message = str(error)
    if isinstance(error, TemplateSyntaxError) and error.name:
        message = f"{error.name}:{error.lineno}: {error.message}"
    return f"{type(error).__name__}: {' '.join(message.split())}"


def _end_with_the_parent() -> None:
    """Kill this process group when standard input ends: the parent is gone, even if it was killed."""
    while os.read(0, 1):
        pass
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)


def _end_when_it_is_too_much(target: Path, most: Limits) -> None:
    """End this process when it writes more than the limits allow."""
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
            with contextlib.suppress(OSError):  # Copier is replacing the file
                sizes.append(Path(folder, name).lstat().st_size)
    most.check("what Copier renders of the template", files=len(sizes), size=sum(sizes))


if __name__ == "__main__":
    sys.exit(main())
