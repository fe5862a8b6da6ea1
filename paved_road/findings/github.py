"""GitHub's workflow commands: annotations beside the lines of a pull request. What is accepted is a notice."""

from __future__ import annotations

from paved_road.findings import CheckResult


def render(result: CheckResult) -> str:
    """One command on a line."""
    lines = [
        _command(result.level(one), one.path and result.prefix + one.path, one.line, one.rule, one.text)
        for one in result.problems
    ]
    if result.summary:
        lines.append(_command("notice", "", 1, f"paved {result.check}", result.summary))
    for one, deviation in result.accepted:
        text = f"{one.subject}: {deviation.reason}"
        lines.append(_command("notice", result.prefix + deviation.path, deviation.line, result.check, text))
    return "\n".join(lines)


def _command(level: str, path: str, line: int, title: str, text: str) -> str:
    place = f"file={escape_property(path)},line={line}," if path else ""
    return f"::{level} {place}title={escape_property(title)}::{escape_data(text)}"


def escape_data(text: str) -> str:
    """Escaped as the runner's own toolkit does; an unescaped line end would begin a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """The same for a property, which a colon or a comma would end."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")
