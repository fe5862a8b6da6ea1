"""`make pictures`: pictures of a terminal for the documentation, made of what `paved` really prints.

Each scene runs its commands on a pseudo-terminal of 100 columns, in a folder of its own, and becomes an SVG that
fetches nothing, no font either. Commit ids and folders, which differ from run to run, are replaced. Only uv is a
stand-in, because locking a service's dependencies needs the network.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from rich.console import Console
from rich.text import Text

from paved_road.testing import evolve, make_road, write_files

COLUMNS, ROWS = 100, 60
_CELL = 12.2
"""Units of the drawing that one column of the terminal takes."""
PICTURES = Path(__file__).parent.parent / "docs" / "assets"

COPIER_YML = """\
_subdirectory: template
name: {type: str, default: "{{ _folder_name }}"}
workers: {type: int, default: 2}
"""
PAVED_ROAD_YML = """\
owners:
  road: [Dockerfile, deploy/**]
  service: ["src/**"]
"""
DOCKERFILE = """\
FROM python:3.13-slim
COPY . /app
WORKDIR /app
USER 1000
CMD ["uvicorn", "app:app", "--workers", "{{ workers }}"]
"""
PYPROJECT = """\
[project]
name = "{{ name }}"
version = "0.1.0"
requires-python = ">=3.12"
dependencies = [
    "fastapi>=0.142",
    "uvicorn>=0.40",
]

[tool.ruff]
line-length = 100
"""
LIMITS = "timeout: 30s\nretries: 3\nbreaker: off\n"
ROAD = {
    "copier.yml": COPIER_YML,
    "paved-road.yml": PAVED_ROAD_YML,
    "template/Dockerfile.jinja": DOCKERFILE,
    "template/pyproject.toml.jinja": PYPROJECT,
    "template/config/limits.yml": LIMITS,
    "template/src/app.py": "app = ...\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
}
NEXT = {
    "template/Dockerfile.jinja": DOCKERFILE.replace("3.13", "3.14"),
    "template/pyproject.toml.jinja": PYPROJECT.replace('    "uvicorn', '    "opentelemetry-sdk>=1.40",\n    "uvicorn'),
    "template/config/limits.yml": LIMITS.replace("30s", "2s").replace("off", "50 %"),
    "CHANGELOG.md": "## 1.1.0\n\n- Python 3.14. Calls end after 2 s, and a circuit breaker guards them.\n",
}

SHOP = """\
import http.client
import http.server
import json
import os
import urllib.request


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, {"status": "live"})
        try:
            with urllib.request.urlopen(os.environ["INVENTORY_URL"] + "/items/1", timeout=0.5) as found:
                return self.answer(200, {"id": 1, "item": json.load(found)})
        except (OSError, ValueError, http.client.HTTPException):
            return self.answer(502, {"title": "inventory is down"})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop).serve_forever()
"""
RUN_YML = """\
start: python3 shop.py
port: {env: PORT}
probes: {live: /healthz, ready: /healthz}
samples: [GET /orders/1]
deadline: 2
dependencies:
  inventory: {env: INVENTORY_URL, critical: false, answer: {stock: 17}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A picture: what it shows, in words, and the commands that somebody types in it."""

    title: str
    tells: str
    commands: tuple[str, ...]
    prepare: Callable[[Path, Callable[[str], str]], None]


def _nothing(folder: Path, typed: Callable[[str], str]) -> None:
    """An empty folder is enough."""


def _edited_service(folder: Path, typed: Callable[[str], str]) -> None:
    """A service whose team edited three files, and a road that has released since."""
    road = make_road(folder / "road", ROAD, tag="v1.0.0")
    typed("paved new orders --road road --defaults")
    evolve(road, NEXT, tag="v1.1.0", message="Release 1.1.0")
    service = folder / "orders"
    edits = {
        "Dockerfile": ("USER 1000", "ENV TZ=UTC\nUSER 1000"),
        "pyproject.toml": ('    "uvicorn', '    "sqlalchemy>=2.1",\n    "uvicorn'),
        "config/limits.yml": ("30s", "10s"),
    }
    for path, (old, new) in edits.items():
        write_files(service, {path: (service / path).read_text().replace(old, new)})
    typed("cd orders && git commit --quiet --all --message Ours")


def _no_fallback(folder: Path, _: Callable[[str], str]) -> None:
    """A service that answers nothing of its own when its dependency does not answer."""
    write_files(folder / "orders", {"shop.py": SHOP, "run.yml": RUN_YML})


SCENES: Mapping[str, Scene] = {
    "new": Scene(
        title="paved new",
        tells="A terminal: paved new stamps a service and commits it, and paved status says that it is up to date.",
        commands=("paved new orders --defaults", "cd orders && paved status"),
        prepare=_nothing,
    ),
    "update": Scene(
        title="paved drift, paved update --dry-run",
        tells="A terminal: paved drift finds an edit in a file that the road owns, and a dry run of paved update shows "
        "what it would merge and which conflicts to expect.",
        commands=("cd orders && paved drift", "cd orders && paved update --dry-run"),
        prepare=_edited_service,
    ),
    "check": Scene(
        title="paved check",
        tells="A terminal: paved check runs a service while its inventory refuses, hangs and is slow. Each time it "
        "shows what it did, what it observed and what it expected.",
        commands=("cd orders && cat run.yml", "cd orders && paved check --select ready-in-time,fallbacks --seed 7"),
        prepare=_no_fallback,
    ),
}


def picture(name: str) -> str:
    """The SVG of a scene that is run now."""
    scene = SCENES[name]
    with tempfile.TemporaryDirectory(prefix="paved-picture-") as scratch:
        folder = Path(scratch).resolve()
        surroundings = _surroundings(folder)
        (folder / "work").mkdir()

        def typed(command: str) -> str:
            return _on_a_terminal(command, folder / "work", surroundings)

        scene.prepare(folder / "work", typed)
        shown = []
        for command in scene.commands:
            prompt = f"\x1b[1;32m$\x1b[0m \x1b[1m{command.removeprefix('cd orders && ')}\x1b[0m"
            shown += [prompt, _alike(typed(command), folder / "work").rstrip(), ""]
    return _drawn("\n".join(shown).rstrip(), name, scene)


def text_of(svg: str) -> list[str]:
    """The lines of a picture, as text."""
    rows: dict[float, str] = {}
    for x, y, text in re.findall(r'<text class="[^"]*-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        before = rows.get(float(y), "")
        rows[float(y)] = before.ljust(round(float(x) / _CELL)) + unescape(text).replace("\xa0", " ")
    return [line.rstrip() for _, line in sorted(rows.items())]


def _surroundings(folder: Path) -> dict[str, str]:
    """The environment of a person with a terminal, whoever runs this script."""
    tools = folder / "tools"
    write_files(
        tools,
        {
            "uv*": "#!/bin/sh\n[ \"$1\" = lock ] && echo 'version = 1' > uv.lock\nexit 0\n",
            "paved*": f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m paved_road "$@"\n',
        },
    )
    moment = "2026-11-26T09:00:00+00:00"
    return {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@acme.example",
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@acme.example",
        "GIT_COMMITTER_DATE": moment,
    }


def _on_a_terminal(command: str, folder: Path, surroundings: Mapping[str, str]) -> str:
    """What a command shows on a terminal. Its exit code may be any: a picture may show a conflict."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(
        ["sh", "-c", command], cwd=folder, env=surroundings,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ):  # fmt: skip
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return shown.decode()


def _read(terminal: int) -> bytes:
    """More of what is shown; nothing at the end, which Linux tells by an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def _alike(shown: str, folder: Path) -> str:
    """The same text for every run: no folder of this machine, no commit id, no progress that is gone in the end."""
    text = shown.replace("\r\n", "\n").replace(f"{folder}/", "~/").replace(str(folder), "~")
    text = re.sub(r"\x1b\[\?25[lh]", "", text)
    text = re.sub(r"[^\n]*\n\r\x1b\[1A\x1b\[2K|[^\n]*\r\x1b\[2K", "", text)  # lines of a progress display
    return re.sub(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}\b", lambda found: ("c0ffee" * 11)[: len(found[0])], text)


def _drawn(shown: str, name: str, scene: Scene) -> str:
    """The text of a terminal as an SVG."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(shown), soft_wrap=False)
        drawn = console.export_svg(title=scene.title, unique_id=f"terminal-{name}", code_format=_format(scene))
    drawn = re.sub(r"<text [^>]*>\s*</text>", "", drawn)  # ends of lines
    return re.sub(r"\s*\n\s*", "\n", drawn)


def _format(scene: Scene) -> str:
    """Rich's template, with a text for those who do not see the picture, and fonts that every machine has."""
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" role="img" aria-labelledby="title desc">
  <title id="title">{escape(scene.title)}</title>
  <desc id="desc">{escape(scene.tells)}</desc>
  <style>
    .{{unique_id}}-matrix {{{{
      font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
      font-size: {{char_height}}px;
      line-height: {{line_height}}px;
    }}}}
    .{{unique_id}}-title {{{{ font: bold 18px ui-sans-serif, system-ui, Helvetica, Arial, sans-serif }}}}
    {{styles}}
  </style>
  <defs>
    <clipPath id="{{unique_id}}-clip-terminal">
      <rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}"/>
    </clipPath>
    {{lines}}
  </defs>
  {{chrome}}
  <g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
    {{backgrounds}}
    <g class="{{unique_id}}-matrix">
    {{matrix}}
    </g>
  </g>
</svg>
"""


def main(folder: Path) -> None:
    """Write every picture into the folder."""
    for name in SCENES:
        path = folder / f"terminal-{name}.svg"
        path.write_text(picture(name))
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else PICTURES)
