"""The field in which a person answers one question: a line to edit, or a list of choices.

prompt_toolkit, a dependency of Copier, draws it. All text comes from a template, so `visible` escapes every line first.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import os
import sys
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.layout.processors import (
    AfterInput,
    ConditionalProcessor,
    PasswordProcessor,
    Processor,
    Transformation,
    TransformationInput,
)
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style

from paved_road.ask.choosing import Menu
from paved_road.ask.interview import Back, Question, in_brief, yes_or_no
from paved_road.errors import AnswerError
from paved_road.render.prompts import MISSING, Prompt
from paved_road.text.escape import visible, visible_lines

MARGIN = "       "
"""The left margin of a question; its number (`2/4`) is printed in it."""

# Dim, not bright black, which is the colour of the background in some palettes.
STYLE = Style(
    [
        ("place", "dim"),
        ("keys", "dim"),
        ("placeholder", "dim"),
        ("refused", "dim"),
        ("pointed", "ansicyan bold"),
        ("wrong", "ansired"),
        ("answer", "bold"),
    ]
)


class Terminal:
    """The output that questions are drawn on, and the input that keys are read from."""

    def __init__(self) -> None:
        depth = ColorDepth.MONOCHROME if os.environ.get("NO_COLOR") else ColorDepth.ANSI_COLORS_ONLY
        # No request for the cursor position: the terminal's reply would mix with what the person types.
        self.output = Vt100_Output(sys.stderr, _size, default_color_depth=depth, enable_bell=False, enable_cpr=False)
        self.input = create_input(sys.stdin)

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.output.get_size().columns

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.output.get_size().rows


def _size() -> Size:
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        columns = rows = 0
    return Size(rows=rows or 24, columns=columns or 80)


def wrapped(text: str, width: int, *, indent: str = MARGIN, first: str | None = None) -> str:
    """Wrap a text to the width of the terminal; `first` is the indent of the first line."""
    initial = indent if first is None else first
    lines = textwrap.wrap(text, max(width - 1, 20), initial_indent=initial, subsequent_indent=indent)
    return "\n".join(lines) or initial


def place_of(question: Question) -> str:
    """The margin of a question's first line, with its number."""
    return f"{question.place:>{len(MARGIN) - 2}}  "


def label_of(prompt: Prompt) -> list[str]:
    """The lines of a question."""
    return [line for line in (prompt.help or prompt.name).split("\n") if line.strip()] or [prompt.name]


def field_for(terminal: Terminal, question: Question) -> Field:
    """The field for a question: a list if it has choices, else a line."""
    return (_Choosing if question.prompt.choices else _Typing)(terminal, question)


class Field(ABC):
    """A question on the screen: its text, the input below it, the error, and the help for the keys."""

    def __init__(self, terminal: Terminal, question: Question) -> None:
        self.terminal, self.question, self.prompt = terminal, question, question.prompt
        self.wrong = question.reason

    def run(self) -> Any:
        """Ask until the answer is valid, and return it. Raises `Back`, `KeyboardInterrupt` or `EOFError`."""
        body = self.body()
        layout = HSplit(
            [
                _lines(self._head),
                body,
                ConditionalContainer(_lines(self._wrong), Condition(lambda: bool(self.wrong))),
                _lines(self._keys),
            ]
        )
        application: Application[Any] = Application(
            layout=Layout(layout, focused_element=body), key_bindings=self._bindings(), style=STYLE,
            erase_when_done=True, input=self.terminal.input, output=self.terminal.output,
        )  # fmt: skip

        def fail(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            application.exit(exception=context.get("exception") or RuntimeError(context["message"]))

        try:
            return application.run(
                pre_run=lambda: asyncio.get_running_loop().set_exception_handler(fail),
                set_exception_handler=False,
                handle_sigint=False,
            )
        except BaseException:
            with contextlib.suppress(
                OSError
            ):  # after a signal the question is still drawn, unless the terminal is gone
                application.renderer.erase()
            raise

    @abstractmethod
    def body(self) -> Window:
        """The part of the field that takes the input."""

    @abstractmethod
    def keys(self) -> str:
        """The help for the keys."""

    @abstractmethod
    def bind(self, bindings: KeyBindings) -> None:
        """Add the keys of this kind of field."""

    def accept(self, application: Application[Any], raw: Callable[[], Any]) -> None:
        """Finish with this answer if it is valid, else show the error."""
        try:
            application.exit(result=self.prompt.accept(raw()))
        except AnswerError as error:
            self.wrong = in_brief(error)
        except BaseException as error:  # noqa: BLE001 - raised again by `run`, outside of prompt_toolkit's event loop
            application.exit(exception=error)

    def wrapped(self, text: str, *, indent: str = MARGIN, first: str | None = None) -> str:
        """Wrap a text to the width of this terminal."""
        return wrapped(text, self.terminal.width, indent=indent, first=first)

    def _head(self) -> StyleAndTextTuples:
        first, *others = [visible(line) for line in label_of(self.prompt)]
        place = place_of(self.question)
        text = self.wrapped(first)[len(MARGIN) :]
        more = "".join(f"\n{self.wrapped(line)}" for line in others)
        return [("class:place", place), ("bold", text), ("", more)]

    def _wrong(self) -> StyleAndTextTuples:
        return [("class:wrong", self.wrapped(" ".join(visible_lines(self.wrong))))]

    def _keys(self) -> StyleAndTextTuples:
        back = ", Shift-Tab goes back" if self.question.back else ""
        return [("class:keys", self.wrapped(f"{self.keys()}{back}"))]

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()

        @bindings.add("c-c", eager=True)
        def _(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt())

        @bindings.add("c-d", filter=Condition(self.is_empty))
        def _(event: KeyPressEvent) -> None:
            event.app.exit(exception=EOFError())

        @bindings.add("s-tab", eager=True, filter=Condition(lambda: self.question.back))
        def _(event: KeyPressEvent) -> None:
            event.app.exit(exception=Back())

        self.bind(bindings)
        return bindings

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return True


def _lines(text: Callable[[], StyleAndTextTuples]) -> Window:
    return Window(FormattedTextControl(text), wrap_lines=True, dont_extend_height=True)


class _Visible(Processor):
    """Escapes every letter with `visible`, because prompt_toolkit does not escape bidirectional overrides."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """The escaped line, and the position of each letter in it."""
        shown: StyleAndTextTuples = []
        starts = [0]
        for style, letters, *_ in transformation_input.fragments:
            for letter in letters:
                shown.append((style, visible(letter)))
                starts.append(starts[-1] + len(visible(letter)))
        return Transformation(
            shown,
            source_to_display=lambda at: starts[at] if at < len(starts) else starts[-1] + at - len(starts) + 1,
            display_to_source=lambda at: bisect.bisect_right(starts, at) - 1,
        )


class _Typing(Field):
    """One or several lines to edit. The default is selected at first: typing replaces it, arrow keys edit it."""

    def __init__(self, terminal: Terminal, question: Question) -> None:
        super().__init__(terminal, question)
        prompt = self.prompt
        self.is_yes_or_no = prompt.type == "bool"
        default = "" if prompt.secret or self.is_yes_or_no else prompt.typed or ""
        self.several_lines = (prompt.multiline or "\n" in default) and not prompt.secret
        self.buffer = Buffer(multiline=self.several_lines, document=Document(default))
        self.buffer.on_text_changed += self._changed
        self._select()

    def body(self) -> Window:
        hidden = [PasswordProcessor()] if self.prompt.secret else []
        hint = f"[{self._hint()}]" if self._hint() else ""
        placeholder = AfterInput(visible(hint), "class:placeholder")
        if_empty = ConditionalProcessor(placeholder, Condition(self.is_empty))
        control = BufferControl(self.buffer, input_processors=[*hidden, _Visible(), if_empty])
        return Window(control, wrap_lines=True, dont_extend_height=True, get_line_prefix=lambda *_: MARGIN)

    def keys(self) -> str:
        if self.several_lines:
            return "Esc then Enter accepts, Enter starts a new line"
        if self.prompt.secret and self.prompt.typed is not None:
            return "Enter accepts; left empty, the default is taken"
        return "Enter accepts, typing replaces" if self.buffer.selection_state else "Enter accepts"

    def is_empty(self) -> bool:
        return not self.buffer.text

    def bind(self, bindings: KeyBindings) -> None:
        # prompt_toolkit's own keys for editing are off while text is selected.
        selected = Condition(lambda: self.buffer.selection_state is not None)
        for key in ("c-a", "c-e", "c-b", "c-f", "c-k"):
            bindings.add(key, filter=selected)(self._edit_it)
        for key in ("delete", "c-u", "c-w"):
            bindings.add(key, filter=selected)(lambda _: self.buffer.cut_selection())

        @bindings.add(*(("escape", "enter") if self.several_lines else ("enter",)), eager=True)
        def _(event: KeyPressEvent) -> None:
            self.accept(event.app, lambda: self._raw(self.buffer.text))
            self._select()

        @bindings.add(Keys.BracketedPaste, filter=has_focus(self.buffer))
        def _(event: KeyPressEvent) -> None:
            pasted = event.data.replace("\r\n", "\n").replace("\r", "\n")
            if self.buffer.selection_state:
                self.buffer.cut_selection()
            self.buffer.insert_text(pasted if self.several_lines else " ".join(pasted.split("\n")).strip())

    def _hint(self) -> str:
        if not self.is_yes_or_no:
            return self.prompt.placeholder
        return {"yes": "Y/n", "no": "y/N"}.get(self.prompt.typed or "", "y/n")

    def _changed(self, _: Buffer) -> None:
        self.wrong = ""

    def _select(self) -> None:
        """Select all of the text, so that typing replaces it."""
        if self.buffer.text:
            self.buffer.cursor_position = 0
            self.buffer.start_selection()
            if self.buffer.selection_state:
                self.buffer.selection_state.enter_shift_mode()
            self.buffer.cursor_position = len(self.buffer.text)

    def _edit_it(self, event: KeyPressEvent) -> None:
        self.buffer.exit_selection()
        event.key_processor.feed(event.key_sequence[0], first=True)

    def _raw(self, text: str) -> Any:
        blank = not text.strip()
        if blank and self.prompt.typed is not None and (self.prompt.secret or self.is_yes_or_no):
            return self.prompt.typed
        if self.is_yes_or_no:
            return yes_or_no(text)
        return text


class _Choosing(Field):
    """A list of choices."""

    def __init__(self, terminal: Terminal, question: Question) -> None:
        super().__init__(terminal, question)
        self.menu = Menu(self.prompt)

    def body(self) -> Window:
        return Window(
            FormattedTextControl(self._choices, focusable=True, show_cursor=False), wrap_lines=True,
            dont_extend_height=True,
        )  # fmt: skip

    def keys(self) -> str:
        if self.menu.typed:
            return f"find: {visible(self.menu.typed)}"
        check = "Space checks, " if self.menu.several else ""
        return f"Arrows or typing to choose, {check}Enter accepts"

    def is_empty(self) -> bool:
        return not self.menu.typed

    def bind(self, bindings: KeyBindings) -> None:
        menu = self.menu
        acts: dict[str, Callable[[KeyPressEvent], None]] = {
            "up": lambda _: menu.move(-1),
            "down": lambda _: menu.move(1),
            "backspace": lambda _: menu.erase(),
            "enter": lambda event: self._entered(event.app),
            " ": lambda _: menu.space(),
            Keys.BracketedPaste: lambda event: menu.type(" ".join(event.data.split())),
            Keys.Any: lambda event: menu.type(event.data) if event.data.isprintable() else None,
        }
        for key, act in acts.items():
            bindings.add(key)(self._doing(act))

    def _doing(self, act: Callable[[KeyPressEvent], None]) -> Callable[[KeyPressEvent], None]:
        def done(event: KeyPressEvent) -> None:
            self.wrong = ""
            try:
                act(event)
            except AnswerError as error:
                self.wrong = in_brief(error)

        return done

    def _entered(self, application: Application[Any]) -> None:
        chosen = self.menu.enter()
        if chosen is not MISSING:
            self.accept(application, lambda: chosen)

    def _choices(self) -> StyleAndTextTuples:
        parts: StyleAndTextTuples = []
        for place, choice in enumerate(self.menu.choices):
            pointed = place == self.menu.pointed and not choice.refused
            mark = ("[x] " if place in self.menu.checked else "[ ] ") if self.menu.several else ""
            why = f" (not available: {choice.refused.strip()})" if choice.refused else ""
            first = f"{MARGIN[:-2]}{'>' if pointed else ' '} {mark}"
            style = "class:refused" if why else "class:pointed" if pointed else ""
            if pointed:
                parts.append(("[SetCursorPosition]", ""))
            parts.append((style, self.wrapped(visible(choice.label + why), indent=" " * len(first), first=first)))
            parts.append(("", "\n"))
        return parts[:-1]
