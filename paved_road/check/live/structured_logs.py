"""What a service writes is one format, line by line, and nobody can forge a line of it."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

from paved_road.check.contract.model import Sample
from paved_road.check.live.exercise import UNKNOWN, exercised
from paved_road.check.live.lab import Lab
from paved_road.check.live.log_lines import LogLine, log_lines
from paved_road.check.registry import live_check
from paved_road.text.counts import counted

AT_MOST = 5
"""Lines that an excerpt shows."""


@live_check("structured-logs")
async def structured_logs(lab: Lab) -> None:
    """All output is JSON lines or logfmt: at the start, with requests, with failures, and at the end."""
    nonce = f"forged-{lab.random.getrandbits(64):016x}"
    async with lab.service() as service:
        async for _ in exercised(lab, service, {}):
            pass
        for forged in _forgeries(nonce, lab.contract.samples[0] if lab.contract.samples else UNKNOWN):
            await service.ask(forged)
        await service.stop()
        lines = log_lines(service.process.said)
    did = "started it, sent requests that succeed and fail, stopped it, and read all that it wrote"
    _one_format(lab, lines, did)
    _complete(lab, lines, did)
    taken = [
        line for line in lines if line.message.startswith(nonce) or line.text.startswith((nonce, f'{{"msg":"{nonce}'))
    ]
    lab.expect(
        not taken, did="sent line feeds and a log line in a path, a header and a body",
        observed=f"{len(taken)} forged lines" if taken else "no forged line",
        expected="that what callers send is escaped", excerpt=_excerpt(taken),
    )  # fmt: skip
    raw = [line for line in lines if line.controls]
    lab.expect(
        not raw, did="sent control characters (ESC, CR) in a path and a header",
        observed=f"{counted(len(raw), 'line')} with control characters" if raw else "no line with a control character",
        expected="that what callers send is escaped",
        excerpt=_excerpt([LogLine(text=repr(line.text), form=line.form) for line in raw]),
    )  # fmt: skip


def _one_format(lab: Lab, lines: list[LogLine], did: str) -> None:
    forms = Counter(line.form for line in lines)
    observed = ", ".join(f"{count} lines of {form}" for form, count in forms.most_common()) or "no output at all"
    usual = "logfmt" if forms["logfmt"] > forms["json"] else "json"
    others = [line for line in lines if line.form != usual]
    lab.require(
        bool(lines) and not others, did=did, observed=observed, expected="JSON lines or logfmt, and nothing else",
        excerpt=_excerpt(others),
    )  # fmt: skip


def _complete(lab: Lab, lines: list[LogLine], did: str) -> None:
    lacking = [line for line in lines if line.missing]
    missing = sorted({what for line in lacking for what in line.missing})
    lab.expect(
        not lacking, did=did,
        observed=f"{len(lacking)} of {len(lines)} lines without {' or '.join(missing)}" if lacking
        else f"{counted(len(lines), 'line')} with time, level and message",
        expected="a time, a level and a message in each line", excerpt=_excerpt(lacking),
    )  # fmt: skip


def _forgeries(nonce: str, sample: Sample) -> list[Sample]:
    """Requests that carry line feeds, control characters and whole log lines wherever a request can."""
    as_json = f'{{"msg":"{nonce}","message":"{nonce}","event":"{nonce}","level":"error","time":"2000-01-01T00:00:00Z"}}'
    as_logfmt = f"msg={nonce} level=error time=2000-01-01T00:00:00Z"
    found = []
    for line in (as_json, as_logfmt):
        path = sample.target.partition("?")[0].rstrip("/")
        found.append(Sample(method="GET", target=f"{path}/{quote(f'x{chr(27)}[2K{chr(10)}{line}{chr(10)}', safe='')}"))
        found.append(Sample(method="GET", target=f"{path}?q={quote(f'x{chr(13)}{chr(10)}{line}{chr(10)}', safe='')}"))
        headers = {"x-request-id": f"x\x1b[2K{line}", "user-agent": f"x\x1b[31m{line}", **sample.headers}
        found.append(Sample(method=sample.method, target=sample.target, body=sample.body, headers=headers))
        quoted = {"x-request-id": f'x" {line}', "user-agent": f'x" {line}', **sample.headers}
        found.append(Sample(method=sample.method, target=sample.target, body=sample.body, headers=quoted))
        headers = {"content-type": "application/json", **sample.headers}
        found.append(Sample(method="POST", target=sample.target, body=f'"x\\n{line}'.encode(), headers=headers))
    return found


def _excerpt(lines: list[LogLine]) -> str:
    return "\n".join(line.text[:300] for line in lines[:AT_MOST])
