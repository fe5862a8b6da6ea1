"""GitHub's workflow commands: findings beside the lines of a pull request. What is excused is a notice."""

from __future__ import annotations

from paved_road.offroad.formats import Checked


def render(checked: Checked) -> str:
    """One command on a line."""
    lines = [
        _command("error" if checked.fails(one) else "warning", checked, one.path, one.line, str(one.state), one.text)
        for one in checked.standing.findings
    ]
    for one in checked.standing.excused:
        text = f"{one.difference.path}: {one.record.deviation.reason}"
        lines.append(_command("notice", checked, one.record.path, one.record.line("reason"), "off-road", text))
    return "\n".join(lines)


def _command(level: str, checked: Checked, path: str, line: int, title: str, text: str) -> str:
    where = f"file={_property(checked.prefix + path)},line={line},title={_property(title)}"
    return f"::{level} {where}::{_data(text)}"


def _data(text: str) -> str:
    """Escaped as the runner's own toolkit does; an unescaped line end would begin a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
