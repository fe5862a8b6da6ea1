"""A page that says what does not happen is found, in each way in which it can."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk import plain
from tests.docs.follow import follow
from tests.docs.page import steps
from tests.docs.shown import same

TRUE = {
    "output": "$ echo hello\nhello",
    "only success": "$ echo hello",
    "what differs each time": "$ echo 0123456789ab on 2026-01-01, 3 files\n9876543210 on 2025-12-31, 3 files",
    "lines left out": "$ seq 9\n1\n...\n9",
    "text left out": "$ echo took 12 ms\ntook ... ms",
    "no prompt": "mkdir -p a && cd a\ntest $(basename $PWD) = a",
    "the folder stays": "$ mkdir b && cd b\n$ pwd\n~/b",
    "a person is there": "$ test -t 0 && test -t 1 && echo terminal\nterminal",
    "nothing of the checkout": "$ python -c 'import pytest' 2> /dev/null || echo none\nnone",
}
WRONG = {
    "output": "$ echo hello\ngoodbye",
    "an exit code": "$ false",
    "a line more": "$ seq 2\n1",
    "a line less": "$ seq 2\n1\n2\n3",
    "another order": "$ seq 2\n2\n1",
    "the end of what is left out": "$ seq 9\n1\n...\n8",
}


@pytest.mark.parametrize("block", TRUE.values(), ids=TRUE)
def test_a_page_that_is_true_passes(block: str, wheel: Path, tmp_path: Path) -> None:
    follow(f"```console\n{block}\n```\n", tmp_path / "home", wheel)


@pytest.mark.parametrize("block", WRONG.values(), ids=WRONG)
def test_a_page_that_is_wrong_fails(block: str, wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the page says"):
        follow(f"# A page\n\n```console\n{block}\n```\n", tmp_path / "home", wheel)


def test_comments_say_what_a_reader_needs_no_word_for(wheel: Path, tmp_path: Path) -> None:
    page = """\
<!-- run: hidden
mkdir service
cd service
-->
<!-- run: write settings.py -->
```python
class Settings:
    port: int
```
<!-- run: change settings.py -->
```diff
-class Settings:
+class Settings(Base):
@@
     port: int
+    host: str
```
<!-- run: append settings.py -->
```python
settings = Settings()
```
<!-- run: exit 0 3 -->
```console
$ cat settings.py
class Settings(Base):
    port: int
    host: str
settings = Settings()
$ (exit 3)
```
<!-- run: answer name 'orders\\n' -->
```console
$ read -p "name: " name; echo; echo $name
name:
orders
```
<!-- run: terminal other -->
```console
$ touch running && sleep 1000
```
<!-- run: hidden until test -f running; do sleep 0.01; done -->
<!-- run: interrupt other -->
<!-- run: skip there is no such thing -->
```console
$ false
```
"""
    follow(page, tmp_path / "home", wheel)


def test_a_comment_that_nobody_understands_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 3: no such comment: skp a typo"):
        list(steps("\n\n<!-- run: skp a typo -->\n"))


def test_a_terminal_shows_what_was_not_erased() -> None:
    assert plain("working\r\x1b[2Kdone\r\n\x1b[31mred\x1b[0m") == "done\nred"
    assert plain("a\r\nb\r\n\x1b[2A\x1b[Jc") == "c"
    assert plain("orders\x1b[3Der?\x1b[K") == "order?"


def test_what_varies_is_no_more_than_that() -> None:
    assert same("committed as 0123456789", "committed as abcdef0123")
    assert not same("service 1.2.0", "service 1.1.0")
    assert not same("3 files", "4 files")
