"""A prompt: what the language model is told to do with a conversation, and the labels that it may choose from.

A Markdown file with a head in TOML between two lines of `+++`:

    +++
    [intents]
    billing = { ko = "요금·청구", en = "Billing" }
    [risks]
    churn = { ko = "해지 우려", en = "May leave" }
    +++
    You assist ... Labels for `intent`:
    {intents}
    +++ wrap_up
    You write the record of a call that is over ...
    +++ question
    Answer a question about the call ...

What follows `+++ wrap_up` and `+++ question` is told for those; a file without them leaves Earshot's own in use.
Labels are what the model answers and what is kept; the names beside them are what people read, in each of the
interface's languages. `{intents}` and `{risks}` stand for the two lists; all other text is taken as it is written.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from core.model.call import Language
from core.model.errors import PromptInvalid
from core.model.message import Message

FENCE = "+++"
NO_INTENT = "none"
"""What the model answers for `intent` where the customer wants nothing yet; no file may have it as a label."""
LOCALES = ("ko", "en")
LONGEST = 20_000
"""Characters of a prompt, all of which are paid for with every request."""
LONGEST_NAME = 40
MOST_INTENTS = 50
MOST_RISKS = 20
PARTS = ("wrap_up", "question")
"""What a file may have instructions for besides the running summary."""
_PART: Final = re.compile(r"\+\+\+\s+(\S+)")
_LABEL: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TOML_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$| \(at end of document\)$")


@dataclass(frozen=True, slots=True)
class Choice:
    """A label that the model may choose, and what people read for it."""

    label: str
    names: Mapping[str, str] = field(default_factory=dict)
    """By the interface's locale."""

    def name(self, locale: str) -> str:
        """What a reader in this locale sees."""
        return self.names.get(locale) or self.names.get("en") or self.label


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is told for calls in one language."""

    language: Language
    instructions: str
    """As written; `{intents}` and `{risks}` are filled in when it is sent."""
    intents: tuple[Choice, ...]
    risks: tuple[Choice, ...]
    wrap_up: str = ""
    """For the record of a call that is over; empty where the file has none of its own, and so is `question`."""
    question: str = ""
    """For a question about a call."""

    def call_types(self, language: Language) -> tuple[str, ...]:
        """What a call can be about, in words of a language."""
        return tuple(choice.name(language) for choice in self.intents)

    @property
    def intent_labels(self) -> tuple[str, ...]:
        """Labels for `insight_request`."""
        return tuple(choice.label for choice in self.intents)

    @property
    def risk_kinds(self) -> tuple[str, ...]:
        """Kinds for `insight_request`."""
        return tuple(choice.label for choice in self.risks)

    def intent_name(self, label: str, locale: str) -> str:
        """What a reader sees for an intent, one that the prompt no longer has, too."""
        return _name(self.intents, label, locale)

    def risk_name(self, kind: str, locale: str) -> str:
        """What a reader sees for a kind of risk, likewise."""
        return _name(self.risks, kind, locale)

    def filled(self, intents: Sequence[str], risks: Sequence[str]) -> str:
        """The instructions with the labels that may be chosen, each with its name in the calls' language."""
        lists = {"{intents}": (self.intents, intents), "{risks}": (self.risks, risks)}
        text = self.instructions
        for mark, (choices, labels) in lists.items():
            text = text.replace(mark, "\n".join(self._line(choices, label) for label in labels))
        return text

    def _line(self, choices: Sequence[Choice], label: str) -> str:
        name = next((choice.name(self.language) for choice in choices if choice.label == label), label)
        return f"- {label}: {name}" if name != label else f"- {label}"


def _name(choices: Sequence[Choice], label: str, locale: str) -> str:
    names = (choice.name(locale) for choice in choices if choice.label == label)
    return next(names, label.replace("_", " "))


def parse_prompt(text: str, language: Language, path: str) -> Prompt:
    """The prompt in a text; `path` is for the error. Any thread.

    Raises:
        PromptInvalid: with the line that cannot be used, and why.
    """
    if len(text) > LONGEST:
        _refuse(path, 1, Message("the prompt is longer than {limit} characters", {"limit": LONGEST}))
    lines = text.splitlines()
    if not lines or lines[0].strip() != FENCE:
        _refuse(path, 1, Message("the file has to begin with a line of +++ and the labels"))
    closing = next((number for number, line in enumerate(lines) if number and line.strip() == FENCE), None)
    if closing is None:
        _refuse(path, 1, Message("the second line of +++, which ends the labels, is missing"))
    head, parts = lines[1:closing], _parts(lines, closing, path)
    body = parts.pop("")
    if not body:
        _refuse(path, closing + 1, Message("there are no instructions below the labels"))
    values = _Head(path, head)
    intents = values.choices("intents", MOST_INTENTS)
    if not intents:
        _refuse(path, 1, Message("there has to be at least one label under [intents]"))
    return Prompt(language, body, intents, values.choices("risks", MOST_RISKS), **parts)


def _parts(lines: Sequence[str], closing: int, path: str) -> dict[str, str]:
    """The instructions by what they are for; the first, which has no name, are for the running summary."""
    texts: dict[str, list[str]] = {"": []}
    name = ""
    for number, line in enumerate(lines[closing + 1 :], start=closing + 2):
        if (mark := _PART.fullmatch(line.strip())) is None:
            texts[name].append(line)
            continue
        name = mark[1]
        if name not in PARTS or name in texts:
            allowed = ", ".join(f"{FENCE} {part}" for part in PARTS if part not in texts)
            reason = Message(
                "“{name}” is unknown here; what may stand here: {allowed}", {"name": line.strip(), "allowed": allowed}
            )
            _refuse(path, number, reason)
        texts[name] = []
    return {part: "\n".join(text).strip() for part, text in texts.items()}


class _Head:
    def __init__(self, path: str, lines: Sequence[str]) -> None:
        self._path = path
        self._lines = lines
        try:
            self._values = tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError as error:
            found = _TOML_LINE.search(str(error))
            line = int(found[1]) if found and found[1] else len(lines)
            problem = Message("it cannot be read as TOML ({problem})", {"problem": _TOML_LINE.sub("", str(error))})
            _refuse(path, line + 1, problem)
        for name in self._values:
            if name not in ("intents", "risks"):
                allowed = "[intents], [risks]"
                reason = Message(
                    "“{name}” is unknown here; what may stand here: {allowed}", {"name": name, "allowed": allowed}
                )
                self._refuse(name, reason)

    def choices(self, section: str, most: int) -> tuple[Choice, ...]:
        """The labels of a section."""
        listed = self._values.get(section, {})
        if not isinstance(listed, dict):
            self._refuse(section, Message("{name} has to be a section: [{name}]", {"name": section}))
        if len(listed) > most:
            self._refuse(section, Message("there are more than {limit} labels", {"limit": most}))
        return tuple(self._choice(label, value) for label, value in listed.items())

    def _choice(self, label: str, value: object) -> Choice:
        if not _LABEL.fullmatch(label):
            reason = Message(
                "“{name}” is no label: small letters, digits and _ only, at most 40, a letter first", {"name": label}
            )
            self._refuse(label, reason)
        if label == NO_INTENT:
            self._refuse(label, Message("“{name}” is what the model says where no label fits", {"name": label}))
        names = dict.fromkeys(LOCALES, value) if isinstance(value, str) else value
        if not isinstance(names, dict) or not names or not names.keys() <= set(LOCALES):
            example = 'billing = { ko = "요금", en = "Billing" }'
            reason = Message("a label needs its names, as in {example}", {"example": example})
            self._refuse(label, reason)
        for name in names.values():
            if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or "\n" in name:
                reason = Message("a name has to be a text of 1 to {limit} characters", {"limit": LONGEST_NAME})
                self._refuse(label, reason)
        return Choice(label, {locale: name.strip() for locale, name in names.items()})

    def _refuse(self, name: str, reason: Message) -> NoReturn:
        place = re.compile(rf"""\s*\[?\s*["']?{re.escape(name)}\b""")
        index = next((number for number, line in enumerate(self._lines) if place.match(line)), 0)
        _refuse(self._path, index + 2, reason)


def _refuse(path: str, line: int, reason: Message) -> NoReturn:
    raise PromptInvalid(path=path, line=line, reason=reason)
