"""Vocabulary hints: names and phrases that callers are likely to say, for whichever speech engine is in use.

Whisper takes them as a prompt (`core.speech.whisper_prompt`), Google as inline phrase sets and custom classes.
"""

import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.model.call import Language

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
"""A class in a phrase: `${plan}`."""
MOST_PHRASES_A_SET = 1_200
"""Google's limit for one phrase set."""
MOST_EXPANSIONS = 500
"""Of one phrase with several classes, which would otherwise multiply."""
_GOOGLE_ID = re.compile(r"[a-z][a-z0-9-]{2,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class HintPhrase:
    """Words that are likely to be said."""

    value: str
    """The phrase, with its classes as `${name}`."""
    boost: float | None = None
    """How much likelier, above 0 up to 20; None leaves it to the engine."""

    @property
    def google_value(self) -> str:
        """The phrase as Google takes it, with each class by its id."""
        return REFERENCE.sub(lambda found: f"${{{google_class_id(found[1])}}}", self.value)

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the classes in it, in their order."""
        return tuple(REFERENCE.findall(self.value))


@dataclass(frozen=True, slots=True)
class HintClass:
    """Names of one kind, any of which may stand where a phrase has the class."""

    name: str
    """As the file's author calls it, in any script."""
    items: tuple[str, ...]

    @property
    def id(self) -> str:
        """The name as Google takes it."""
        return google_class_id(self.name)


def google_class_id(name: str) -> str:
    """A class's name as 4 to 63 lower-case letters, digits and hyphens; always the same for the same name."""
    return name if _GOOGLE_ID.fullmatch(name) else f"c-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True)
class SpeechHints:
    """All hints, or those for one language."""

    phrases: tuple[HintPhrase, ...] = ()
    """Those for every language; in the file's order."""
    classes: tuple[HintClass, ...] = ()
    languages: Mapping[Language, "SpeechHints"] = field(default_factory=dict)
    """What each language has besides."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no phrase at all."""
        return self.phrase_count == 0

    @property
    def phrase_count(self) -> int:
        """How many phrases there are, in all languages."""
        return len(self.phrases) + sum(each.phrase_count for each in self.languages.values())

    def in_language(self, language: Language) -> "SpeechHints":
        """What counts in one language: the phrases for all, then its own."""
        own = self.languages.get(language, SpeechHints())
        return SpeechHints(self.phrases + own.phrases, self.classes + own.classes)

    def phrase_sets(self) -> tuple[tuple[HintPhrase, ...], ...]:
        """The phrases as Google takes them: at most 1,200 a set, and each class by its id."""
        phrases = tuple(replace(phrase, value=phrase.google_value) for phrase in self.phrases)
        starts = range(0, len(phrases), MOST_PHRASES_A_SET)
        return tuple(phrases[start : start + MOST_PHRASES_A_SET] for start in starts)

    def expanded(self, phrase: HintPhrase) -> tuple[str, ...]:
        """A phrase with every item of its classes in their place; at most `MOST_EXPANSIONS`."""
        items = {each.name: each.items for each in self.classes}
        between = REFERENCE.split(phrase.value)[::2]
        choices = itertools.product(*(items[name] for name in phrase.references))
        return tuple(
            between[0] + "".join(item + rest for item, rest in zip(chosen, between[1:], strict=True))
            for chosen in itertools.islice(choices, MOST_EXPANSIONS)
        )
