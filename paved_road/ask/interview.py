"""In which order a template's questions are put to a person, and what becomes of the answers when the person goes back.

Copier's semantics hold: a template's questions are settled in its own order, each in the light of the answers so far
(`paved_road.render.questions.settle`). Settling is cheap and changes nothing, so there is one mechanism for all that
a person may do: the questions are settled again from the start, those that have an answer are not put again, and what
depends on a changed answer is computed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from paved_road.errors import AnswerError, similar
from paved_road.render.context import SettledAnswers, parsed
from paved_road.render.prompts import MISSING, NOT_ASKED, Ask, Prompt, Topic


class Back(Exception):
    """The person wants the question before this one again."""


class Declined(Exception):
    """The person has seen the answers and wants nothing written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question as it is put: what it is, and where the person is."""

    prompt: Prompt
    place: str = ""
    """As in `2/4`; empty for what is not the template's question."""
    back: bool = False
    """Whether there is a question before this one."""
    said: str = ""
    """Why it is asked although it has an answer; empty when it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One answer in the review."""

    name: str
    answer: str
    number: int | None
    """What to type to change it; None for one that was given on the command line."""


class Person(Protocol):
    """Whoever is asked."""

    def ask(self, question: Question) -> Any:
        """The answer, as the prompt's `accept` returned it; raises `Back`, `KeyboardInterrupt` or `EOFError`."""

    def show(self, rows: Sequence[Row]) -> None:
        """Show the answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What a person answered."""

    value: Any
    usual: bool
    """Whether it was the default: then it follows when another answer changes the default."""
    secret: bool = False


@dataclass(kw_only=True, slots=True)
class AnswersSoFar:
    """All that a person has said so far."""

    answers: dict[str, Answered] = field(default_factory=dict)
    others: bool | None = None
    """Whether the questions that do not come first are asked, too; None while the person was not asked that."""


_OTHERS = ""
"""Stands in the trail for the question whether to customise the others."""


class Talk:
    """One person answers the questions of one template."""

    def __init__(
        self, topic: Topic, person: Person, said: AnswersSoFar, *, on_use: Callable[[], None] = lambda: None
    ) -> None:
        """`on_use` is called once, when the first of the answers in `said` is taken without a question."""
        self.topic, self.person, self.said = topic, person, said
        self._on_use = on_use
        self._earlier = set(said.answers)
        self.trail = _trail(topic, said)
        """The questions that were put, in that order."""
        self.drafts: dict[str, Any] = {}
        """Earlier answers to questions that are put again."""
        self.wanted: set[str] = set()
        """Questions that the person named in the review."""
        self.prompts: dict[str, Prompt] = {}
        """The questions that apply, from the last time they were settled."""
        self.kept_default: list[str] = []
        """Those of them that nobody was asked."""
        self.is_reviewed = False
        """Whether the person has seen all the answers: what is asked then is no part of a count."""

    def hold(self, settle: Callable[[Ask], SettledAnswers], *, review: str = "") -> SettledAnswers:
        """Settle the questions until the person is content. `review` is asked under the list of the answers."""
        while True:
            self.prompts, self.kept_default = {}, []
            try:
                answers = settle(self._answer)
                if self.said.others is None and self.topic.first and self.kept_default:
                    self._ask_for_the_others()
                elif not review or not self.prompts:
                    return answers
                else:
                    self.is_reviewed = True
                    if (name := self._review(answers, review)) is None:
                        return answers
                    self._put_again(name)
            except Back:
                self._put_again(self.trail[-1])

    def everything(self) -> AnswersSoFar:
        """All answers, with the earlier ones to questions that were about to be put again."""
        again = {name: Answered(value=value, usual=False) for name, value in self.drafts.items()}
        open_ones = {name: one for name, one in again.items() if name not in self.topic.secret}
        return replace(self.said, answers={**self.said.answers, **open_ones})

    def _answer(self, prompt: Prompt) -> Any:
        name = prompt.name
        self.prompts[name] = prompt
        why = ""
        try:
            if name in self.said.answers:
                value = self._once_more(prompt, self.said.answers[name])
                if name in self._earlier:
                    self._earlier.clear()
                    self._on_use()
                return value
            if not self._is_asked(name) and prompt.default is not MISSING:
                prompt.accept(parsed(prompt.default))
                self.kept_default.append(name)
                return NOT_ASKED
        except AnswerError as error:
            why = in_brief(error)
            if name in self.said.answers:
                self._put_again(name)
        shown = replace(prompt, default=self.drafts[name]) if name in self.drafts else prompt
        place = "" if self.is_reviewed else self._place(name)
        self._earlier.discard(name)
        value = self.person.ask(Question(prompt=shown, place=place, back=bool(self.trail), said=why))
        self.drafts.pop(name, None)
        usual = prompt.default is not MISSING and _is_same(value, prompt.default)
        self.said.answers[name] = Answered(value=value, usual=usual, secret=prompt.secret)
        self.trail.append(name)
        return value

    def _once_more(self, prompt: Prompt, earlier: Answered) -> Any:
        """An answer in the light of the answers before it, which may be others by now."""
        follows = earlier.usual and prompt.default is not MISSING
        return prompt.accept(parsed(prompt.default if follows else earlier.value))

    def _is_asked(self, name: str) -> bool:
        return not self.topic.first or bool(self.said.others) or name in self.topic.first or name in self.wanted

    def _put_again(self, name: str) -> None:
        """Put a question again; an answer that was typed is what it offers."""
        if name in self.trail:
            self.trail.remove(name)
        if name == _OTHERS:
            self.said.others = None
        elif name in self.said.answers:
            earlier = self.said.answers.pop(name)
            if not earlier.usual:
                self.drafts[name] = earlier.value
        else:
            self.wanted.add(name)

    def _place(self, name: str) -> str:
        """Which of how many: of those that come first, or of the others."""
        questions = [one for one in self.topic.questions if _is_first(one, self.topic) is not bool(self.said.others)]
        if name not in questions:
            return ""
        behind = questions[questions.index(name) + 1 :]
        number = 1 + sum(one in self.said.answers for one in questions)
        return f"{number}/{number + sum(one not in self.said.answers for one in behind)}"

    def _ask_for_the_others(self) -> None:
        count = len(self.kept_default)
        prompt = own_question(
            f"Customise the other {_WORDS[count] if count < len(_WORDS) else count}?",
            placeholder=", ".join(self.kept_default),
            default=False,
        )
        self.said.others = self.person.ask(Question(prompt=prompt, back=bool(self.trail)))
        self.trail.append(_OTHERS)

    def _review(self, answers: SettledAnswers, question: str) -> str | None:
        """The name of an answer to change; None when all are right."""
        given = answers.given.keys() - answers.hidden
        names = [name for name in answers.types if name in self.prompts or name in given]
        numbers = {name: number for number, name in enumerate((one for one in names if one in self.prompts), 1)}
        self.person.show([self._row(name, answers, numbers.get(name)) for name in names])

        def accept(typed: Any) -> Any:
            """True for yes, False for no, else the name of the answer to change. Raises `AnswerError` if unknown."""
            word = str(typed).strip()
            if word.lower() in ("", "y", "yes", "n", "no"):
                return word.lower()[:1] != "n"
            found = [name for name, number in numbers.items() if word in (str(number), name)]
            if not found:
                known = f"Available: {'1' if len(numbers) == 1 else f'1 to {len(numbers)}'}, or a name"
                raise AnswerError(f"no answer is called {word}.", hint=similar(word, numbers) or known)
            return found[0]

        prompt = own_question(question, placeholder="Y/n, or the number of an answer to change", accept=accept)
        wish = self.person.ask(Question(prompt=prompt, back=bool(self.trail)))
        if wish is False:
            raise Declined
        return None if wish is True else str(wish)

    def _row(self, name: str, answers: SettledAnswers, number: int | None) -> Row:
        value, kind = answers.answered.get(name), answers.types[name].type
        prompt = self.prompts.get(name)
        text = "(hidden)" if name in self.topic.secret else answer_text(value, kind, prompt)
        return Row(name=name, answer=text, number=number)


def _trail(topic: Topic, said: AnswersSoFar) -> list[str]:
    """The way a person went who has answered this much."""
    first = [name for name in said.answers if _is_first(name, topic)]
    others = [name for name in said.answers if name not in first]
    return [*first, *([_OTHERS] if said.others is not None else []), *others]


def _is_first(name: str, topic: Topic) -> bool:
    """Whether a question is put before the person is asked about the others."""
    return not topic.first or name in topic.first or name in topic.required


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def in_brief(error: AnswerError) -> str:
    """What is wrong with an answer, for the line below it."""
    return error.cause or " ".join(part for part in (error.message, error.hint) if part)


def answer_text(value: Any, kind: str, prompt: Prompt | None = None) -> str:
    """An answer for people to read: the labels of what was chosen, else the text that would be typed."""
    choices = prompt.choices if prompt else ()
    if choices:
        chosen = value if isinstance(value, list) and prompt and prompt.multiselect else [value]
        labels = [next((one.label for one in choices if _is_same(one.value, item)), str(item)) for item in chosen]
        return ", ".join(labels) or "none"
    if isinstance(value, list) and kind not in ("json", "yaml"):
        return ", ".join(map(str, value)) or "none"
    shown = Prompt(
        name="", type=kind, help="", default=value, choices=(), multiselect=False, secret=False, accept=lambda _: None
    )
    first, _, more = (shown.typed or "").partition("\n")
    return f"{first} ..." if more.strip() else first


def own_question(
    text: str, *, placeholder: str, default: Any = MISSING, accept: Callable[[Any], Any] | None = None
) -> Prompt:
    """A question that is not the template's: yes or no, unless `accept` takes more."""
    return Prompt(
        name="", type="bool" if accept is None else "str", help=text, default=default, choices=(), multiselect=False,
        secret=False, accept=accept or yes_or_no, placeholder=placeholder,
    )  # fmt: skip


def yes_or_no(typed: Any) -> bool:
    """Parse y, n or another word for them. Raises `AnswerError` for any other text."""
    word = str(typed).strip().lower()
    if word not in _YES | _NO:
        raise AnswerError("type y or n")
    return word in _YES


_YES = frozenset({"y", "yes", "t", "true", "on", "1"})
_NO = frozenset({"n", "no", "f", "false", "off", "0"})


_WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
