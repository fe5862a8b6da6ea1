"""Decides which question a person is asked next, also when the person goes back or changes an answer.

As in Copier, questions are settled in the template's order, and each may depend on the answers before it
(`paved_road.render.questions.settle`). Settling is cheap and has no side effects. So whatever the person does, all
questions are settled again from the start: a question that has an answer is not asked again, and everything that
depends on a changed answer is computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from paved_road.errors import AnswerError, similar
from paved_road.render.context import SettledAnswers, parsed
from paved_road.render.prompts import MISSING, NOT_ASKED, Ask, Prompt, Topic


class Back(Exception):
    """The person wants to go back to the question before this one."""


class Declined(Exception):
    """The person has reviewed the answers and declines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question to ask now, with its number and whether one can go back."""

    prompt: Prompt
    place: str = ""
    """The question's number, such as `2/4`; empty for a question that is not the template's."""
    back: bool = False
    """Whether there is a question before this one."""
    reason: str = ""
    """Why it is asked although it has an answer or a default; empty if it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One answer in the review."""

    name: str
    answer: str
    number: int | None
    """The number to type to change it; None if the answer was given on the command line."""


class Person(Protocol):
    """The interface to the person who is asked."""

    def ask(self, question: Question) -> Any:
        """Return the answer from the prompt's `accept`. Raises `Back`, `KeyboardInterrupt` or `EOFError`."""

    def show(self, rows: Sequence[Row]) -> None:
        """Show the answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A person's answer."""

    value: Any
    usual: bool
    """Whether it was the default; if so, it changes with the default when another answer changes that."""
    secret: bool = False


@dataclass(kw_only=True, slots=True)
class AnswersSoFar:
    """A person's answers so far."""

    answers: dict[str, Answered] = field(default_factory=dict)
    others: bool | None = None
    """Whether the person wants to answer the questions that do not come first; None if not asked yet."""


_OTHERS = ""
"""Stands in the trail for the question whether to customise the other answers."""


class Talk:
    """The conversation in which one person answers the questions of one template."""

    def __init__(
        self, topic: Topic, person: Person, so_far: AnswersSoFar, *, on_use: Callable[[], None] = lambda: None
    ) -> None:
        """`on_use` is called once, when the first of the answers in `so_far` is used without asking."""
        self.topic, self.person, self.so_far = topic, person, so_far
        self._on_use = on_use
        self._earlier = set(so_far.answers)
        self.trail = _trail(topic, so_far)
        """The questions that were asked, in that order."""
        self.drafts: dict[str, Any] = {}
        """Earlier answers to the questions that are asked again."""
        self.wanted: set[str] = set()
        """The questions that the person chose to change in the review."""
        self.prompts: dict[str, Prompt] = {}
        """The questions that applied when they were last settled."""
        self.kept_default: list[str] = []
        """Those of `prompts` that were not asked and have their default."""
        self.is_reviewed = False
        """Whether the person has reviewed all the answers; questions after that have no number."""

    def hold(self, settle: Callable[[Ask], SettledAnswers], *, review: str = "") -> SettledAnswers:
        """Settle the questions until the person confirms the answers. `review` is asked below their list.

        Raises `Declined` if the person declines.
        """
        while True:
            self.prompts, self.kept_default = {}, []
            try:
                answers = settle(self._answer)
                if self.so_far.others is None and self.topic.first and self.kept_default:
                    self._ask_for_the_others()
                elif not review or not self.prompts:
                    return answers
                else:
                    self.is_reviewed = True
                    if (name := self._review(answers, review)) is None:
                        return answers
                    self._ask_again(name)
            except Back:
                self._ask_again(self.trail[-1])

    def everything(self) -> AnswersSoFar:
        """All answers, including earlier ones to questions that were about to be asked again."""
        drafts = {name: value for name, value in self.drafts.items() if name not in self.topic.secret}
        answered = {name: Answered(value=value, usual=False) for name, value in drafts.items()}
        return replace(self.so_far, answers={**self.so_far.answers, **answered})

    def _answer(self, prompt: Prompt) -> Any:
        name = prompt.name
        self.prompts[name] = prompt
        reason = ""
        try:
            if name in self.so_far.answers:
                value = self._reused(prompt, self.so_far.answers[name])
                if name in self._earlier:
                    self._earlier.clear()
                    self._on_use()
                return value
            if not self._is_asked(name) and prompt.default is not MISSING:
                prompt.accept(parsed(prompt.default))
                self.kept_default.append(name)
                return NOT_ASKED
        except AnswerError as error:
            reason = in_brief(error)
            if name in self.so_far.answers:
                self._ask_again(name)
        shown = replace(prompt, default=self.drafts[name]) if name in self.drafts else prompt
        place = "" if self.is_reviewed else self._place(name)
        self._earlier.discard(name)
        value = self.person.ask(Question(prompt=shown, place=place, back=bool(self.trail), reason=reason))
        self.drafts.pop(name, None)
        usual = prompt.default is not MISSING and _is_same(value, prompt.default)
        self.so_far.answers[name] = Answered(value=value, usual=usual, secret=prompt.secret)
        self.trail.append(name)
        return value

    def _reused(self, prompt: Prompt, earlier: Answered) -> Any:
        """An earlier answer, validated again because the answers before it may have changed."""
        follows = earlier.usual and prompt.default is not MISSING
        return prompt.accept(parsed(prompt.default if follows else earlier.value))

    def _is_asked(self, name: str) -> bool:
        return not self.topic.first or bool(self.so_far.others) or name in self.topic.first or name in self.wanted

    def _ask_again(self, name: str) -> None:
        """Remove an answer, so that its question is asked again; it offers the answer that the person typed."""
        if name in self.trail:
            self.trail.remove(name)
        if name == _OTHERS:
            self.so_far.others = None
        elif name in self.so_far.answers:
            earlier = self.so_far.answers.pop(name)
            if not earlier.usual:
                self.drafts[name] = earlier.value
        else:
            self.wanted.add(name)

    def _place(self, name: str) -> str:
        """The question's number and the count, among those that come first or among the others."""
        others = bool(self.so_far.others)
        questions = [question for question in self.topic.questions if _is_first(question, self.topic) is not others]
        if name not in questions:
            return ""
        behind = questions[questions.index(name) + 1 :]
        number = 1 + sum(question in self.so_far.answers for question in questions)
        return f"{number}/{number + sum(question not in self.so_far.answers for question in behind)}"

    def _ask_for_the_others(self) -> None:
        count = len(self.kept_default)
        prompt = own_question(
            f"Customise the other {_WORDS[count] if count < len(_WORDS) else count}?",
            placeholder=", ".join(self.kept_default),
            default=False,
        )
        self.so_far.others = self.person.ask(Question(prompt=prompt, back=bool(self.trail)))
        self.trail.append(_OTHERS)

    def _review(self, answers: SettledAnswers, question: str) -> str | None:
        """The name of an answer to change; None if the person confirms all. Raises `Declined`."""
        given = answers.given.keys() - answers.hidden
        names = [name for name in answers.types if name in self.prompts or name in given]
        numbers = {name: number for number, name in enumerate(filter(self.prompts.__contains__, names), 1)}
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


def _trail(topic: Topic, so_far: AnswersSoFar) -> list[str]:
    """The order in which a person with these answers was asked the questions."""
    first = [name for name in so_far.answers if _is_first(name, topic)]
    others = [name for name in so_far.answers if name not in first]
    return [*first, *([_OTHERS] if so_far.others is not None else []), *others]


def _is_first(name: str, topic: Topic) -> bool:
    """Whether a question comes before the one about the others."""
    return not topic.first or name in topic.first or name in topic.required


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def in_brief(error: AnswerError) -> str:
    """An error as one line, to show below the answer."""
    return error.cause or " ".join(part for part in (error.message, error.hint) if part)


def answer_text(value: Any, kind: str, prompt: Prompt | None = None) -> str:
    """An answer for people to read: the labels of the choices, else the text that one would type."""
    choices = prompt.choices if prompt else ()
    if choices:
        chosen = value if isinstance(value, list) and prompt and prompt.multiselect else [value]
        labels = [next((each.label for each in choices if _is_same(each.value, item)), str(item)) for item in chosen]
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
    """A question of paved itself: yes or no, unless `accept` parses the answer."""
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
