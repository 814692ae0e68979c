"""Vocabulary hints for Whisper: the text it is told before an utterance, and when it only says that text again.

Whisper continues the prompt as if it had just heard it, so names in it are spelt as they stand there. It is a weaker
hint than an engine's own: there is no boost, and over noise the model likes to go on with the list.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.model.call import Language
from core.speech.decoder import (
    MAX_COMPRESSION_RATIO,
    NO_SPEECH_LOG_PROBABILITY,
    NO_SPEECH_PROBABILITY,
    Decoding,
    compression_ratio,
)
from core.speech.hints import SpeechHints

MOST_TOKENS = 100
"""What the prompt may take. Whisper reads 223; every one costs time at each utterance."""
DOUBTED_SHARE = 0.5
"""Share of an utterance's letters in words of the prompt from which on it may be nothing but the prompt."""
DOUBTED_NO_SPEECH_PROBABILITY = 0.4
"""Less than what silence alone is refused by: a prompt makes Whisper surer of what it makes up."""
MOST_CHARACTERS_A_SECOND = 30
"""Twice as fast as people speak."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class WhisperPrompt:
    """What Whisper is told in one language."""

    text: str
    """Empty where there are no hints."""
    tokens: int
    """An estimate that real names do not exceed."""
    told: int
    left_out: int
    """Phrases, with their classes' items in place, that are in the text, and that did not fit."""


def whisper_prompt(hints: SpeechHints) -> WhisperPrompt:
    """A list of the phrases of one language, those with the highest boost first where not all fit."""
    boosts: dict[str, float] = {}
    for phrase in hints.phrases:
        for text in hints.expanded(phrase):
            boosts[text] = max(boosts.get(text, 0.0), phrase.boost or 0.0)
    tokens, told = 0, set()
    for text in sorted(boosts, key=lambda text: -boosts[text]):
        cost = estimated_tokens(f"{text}, ")
        if tokens + cost <= MOST_TOKENS:
            tokens += cost
            told.add(text)
    # Without a full stop Whisper goes on with the list over noise, and leaves out full stops of its own.
    text = ", ".join(text for text in boosts if text in told) + "." if told else ""
    return WhisperPrompt(text, tokens, len(told), len(boosts) - len(told))


def estimated_tokens(text: str) -> int:
    """About how many tokens Whisper makes of a text, rather too many."""
    return round(sum(0.6 if character.isascii() else 1.3 for character in text) + 0.5)


class WhisperPrompts:
    """The prompt for each language, made again when its hints have changed. Any thread."""

    def __init__(self, hints: Callable[[Language], SpeechHints]) -> None:
        self._hints = hints
        self._made: dict[Language, tuple[SpeechHints, str]] = {}

    def __call__(self, language: Language) -> str:
        """What is told before an utterance in a language; empty for nothing."""
        hints = self._hints(language)
        made = self._made.get(language)
        if made is None or made[0] is not hints:
            made = self._made[language] = (hints, whisper_prompt(hints).text)
        return made[1]


def is_doubtful(decoding: Decoding, prompt: str, audio_s: float) -> bool:
    """Whether a decoding made with a prompt may come from the prompt instead of the `audio_s` seconds of audio.

    Whoever asks decodes again without the prompt, and takes `the_believed` of both.
    """
    return (
        _cannot_be_said(decoding, audio_s)
        or decoding.no_speech_probability > DOUBTED_NO_SPEECH_PROBABILITY
        or decoding.average_log_probability < NO_SPEECH_LOG_PROBABILITY
        or _share_of(prompt, decoding.text) >= DOUBTED_SHARE
    )


def the_believed(doubted: Decoding, without: Decoding, audio_s: float) -> Decoding:
    """The doubted decoding where the one without a prompt shows that somebody spoke; otherwise the latter."""
    is_heard = (
        without.no_speech_probability <= NO_SPEECH_PROBABILITY
        and without.average_log_probability >= NO_SPEECH_LOG_PROBABILITY
    )
    return doubted if is_heard and not _cannot_be_said(doubted, audio_s) else without


def _cannot_be_said(decoding: Decoding, audio_s: float) -> bool:
    """Whether a text repeats itself, or is longer than anybody speaks in that time."""
    text = decoding.text
    return compression_ratio(text) > MAX_COMPRESSION_RATIO or len(text) > MOST_CHARACTERS_A_SECOND * audio_s


def _share_of(prompt: str, text: str) -> float:
    """The share of a text's letters in words that the prompt has, too, whole or cut off."""
    told = _WORD.findall(prompt.casefold())
    words = _WORD.findall(text.casefold())
    taken = [word for word in words if any(each.startswith(word) for each in told)]
    return len("".join(taken)) / max(1, len("".join(words)))
