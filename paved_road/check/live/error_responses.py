"""What callers get when something is wrong: an error that programs can read, and nothing of the inside."""

from __future__ import annotations

import re

from paved_road.check.live.exercise import UNKNOWN, refused_requests
from paved_road.check.live.exposition import MalformedMetrics, Series, parsed
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.live.request_tracing import SOON, Ids, eventually
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.process.ask import Reply

STACK = re.compile(
    r"""Traceback\ \(most\ recent\ call\ last\)      # Python
      | File\ "[^"]+",\ line\ \d+
      | \bat\ [\w$.<>]+\([\w$]+\.(java|kt|scala):\d+\)   # the JVM
      | \bat\ .{0,200}\(?[\w/.@-]+\.(js|mjs|ts):\d+:\d+  # JavaScript
      | goroutine\ \d+\ \[                         # Go
      | \bin\ .{1,200}\.cs:line\ \d+               # .NET
      | [\w/.-]+\.rb:\d+:in\                       # Ruby
      | [\w/.-]+\.php(\ on\ line\ |:|\()\d+        # PHP
      | panicked\ at\                              # Rust
    """,
    re.VERBOSE,
)
EXCEPTION = re.compile(r"\b[A-Za-z][\w.]*[a-z](Error|Exception)\b")
"""The name of a class of exceptions, as in `RuntimeError`; "Internal Server Error" is none."""
FAILURE = re.compile(r"\b5(00|xx)\b|error|exception|crash", re.IGNORECASE)
"""What tells a failed handler in the name or the labels of a series."""
HTML = re.compile(r"^\s*<(!doctype|html)", re.IGNORECASE)


@live_check("error-responses")
async def error_responses(lab: Lab) -> None:
    """Unknown paths, wrong methods, wrong input and a failing handler are answered by problems, and are logged."""
    async with lab.service() as service:
        before = await _series(service)
        sent = []
        requests = [wrong for sample in lab.contract.samples or (UNKNOWN,) for wrong in refused_requests(sample)]
        for wrong in requests:
            ids = Ids(lab)
            did = f"{wrong.sample} ({wrong.why})"
            answer = await service.ask(wrong.sample, headers=ids.headers)
            lab.expect(
                0 < answer.status < 500 or answer.status == 501, did=did, observed=str(answer),
                expected="an answer below 500", excerpt=answer.text[:300],
            )  # fmt: skip
            if answer.status >= 400:
                sent.append((did, ids))
                _problem(lab, did, answer)
        if (crash := lab.contract.crash) is not None:
            ids = Ids(lab)
            did = f"{crash} (its handler fails)"
            answer = await service.ask(crash, headers=ids.headers)
            sent.append((did, ids))
            lab.expect(answer.status == 500, did=did, observed=str(answer), expected="500", excerpt=answer.text[:300])
            _problem(lab, did, answer)
            _no_exception(lab, did, answer)
        await _still_serves(lab, service)
        await _counted(lab, service, before)
        await _logged(lab, service, sent)


def _problem(lab: Lab, did: str, answer: Reply) -> None:
    """An error is JSON, and shows no stack, no path of the service's and no web page."""
    kind = answer.headers.get("content-type", "no content type").partition(";")[0].strip().lower()
    lab.expect(
        kind.endswith(("/json", "+json")) and _is_object(answer), did=did, observed=f"{answer.status} with {kind}",
        expected="a problem that programs can read (RFC 9457, application/problem+json, or other JSON)",
        excerpt=answer.text[:300],
    )  # fmt: skip
    shown = STACK.search(answer.text)
    inside = str(lab.path) in answer.text
    what = f"it shows {shown[0][:80]!r}" if shown else f"it shows {lab.path}" if inside else "a web page"
    fine = not shown and not inside and not HTML.match(answer.text)
    lab.expect(
        fine, did=did, observed="it shows nothing of the inside" if fine else what,
        expected="no stack, no path of a source file, and no page for debugging", excerpt=answer.text[:500],
    )  # fmt: skip


def _no_exception(lab: Lab, did: str, answer: Reply) -> None:
    named = EXCEPTION.search(answer.text)
    lab.expect(
        named is None, did=did, observed=f"it names {named[0]}" if named else "it names no exception",
        expected="that the answer does not say what failed inside", excerpt=answer.text[:300],
    )  # fmt: skip


def _is_object(answer: Reply) -> bool:
    try:
        return isinstance(answer.json(), dict | list)
    except ValueError:
        return False


async def _still_serves(lab: Lab, service: Instance) -> None:
    if lab.contract.samples:
        answer = await service.ask(lab.sample)
        lab.expect(
            200 <= answer.status < 300, did=f"{lab.sample} after the errors", observed=str(answer),
            expected="an answer of 2xx", excerpt=answer.text[:300],
        )  # fmt: skip


async def _series(service: Instance) -> set[Series]:
    """What the service counts now; nothing if it has no metrics that can be read, which is another practice's fault."""
    try:
        return set(parsed(await service.metrics()).values)
    except (NotApplicable, MalformedMetrics):
        return set()


async def _counted(lab: Lab, service: Instance, before: set[Series]) -> None:
    """The handler's failure is a series of its own, such as one with the status 500."""
    if lab.contract.crash is None or not before:
        return
    new = {name for name, labels in await _series(service) - before if FAILURE.search(f"{name} {labels}")}
    lab.expect(
        bool(new), did=f"{lab.contract.crash} (its handler fails), and scraped the metrics",
        observed=f"{', '.join(sorted(new)[:5])} counted it" if new else "no metric tells of it",
        expected="a metric of errors, or of requests by their status",
    )  # fmt: skip


async def _logged(lab: Lab, service: Instance, sent: list[tuple[str, Ids]]) -> None:
    """Each of them is in the log, soon or at the latest when the service has ended."""
    if not await eventually(service, lambda: all(ids.are_in(service.process.said) for _, ids in sent), within=SOON):
        await service.stop()
    for did, ids in sent:
        logged = ids.are_in(service.process.said)
        lab.expect(
            logged, did=did, observed="a log line with its id" if logged else "no log line with its id",
            expected=f"a log line with the {ids}", excerpt=service.process.said[-300:],
        )  # fmt: skip
