"""Speech that a script knows: sound in which every sample says which word it belongs to, and who recognises it.

Word n of a script is a stretch of samples of the value `FIRST + n`. So a recogniser needs no model, hears exactly the
words whose sound it was given, and a test knows what was said and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray

from core.speech.provider import FinalText, HeardWord, StreamResult

RATE = 16_000
FIRST = 1_000
ENOUGH = 0.6
"""A word is understood from this share of its sound on, at its beginning or at its end."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word of a script; times in seconds from the script's beginning."""

    text: str
    start_s: float
    end_s: float


def make_script(random: Random, seconds: float) -> list[SpokenWord]:
    """Words as people say them: some without a breath between them, some after a pause, some after a long one."""
    words: list[SpokenWord] = []
    at_s = random.uniform(0.2, 2.0)
    while at_s < seconds - 1.0:
        length_s = round(random.uniform(0.12, 0.7), 3)
        words.append(SpokenWord(f"w{len(words)}", round(at_s, 3), round(at_s + length_s, 3)))
        pause_s = random.choices(
            (0.0, random.uniform(0.02, 0.3), random.uniform(0.6, 2.0), random.uniform(3.0, 12.0)), (4, 8, 2, 0.4)
        )[0]
        at_s += length_s + pause_s
    return words


def sound_of(words: Sequence[SpokenWord], seconds: float) -> NDArray[np.int16]:
    """The script's sound: 16 kHz mono."""
    sound = np.zeros(round(seconds * RATE), dtype=np.int16)
    for number, word in enumerate(words):
        sound[round(word.start_s * RATE) : round(word.end_s * RATE)] = FIRST + number
    return sound


@dataclass(slots=True)
class _Run:
    value: int
    start: int
    samples: int


class ScriptedRecogniser:
    """One stream's ear. Answers like a service: interims while words come, a final after a pause, or after many words.

    Args:
        words: The script.
        random: Decides how long finals get without a pause, and how far they reach into the silence after them.
        gives_words: Whether finals tell their words with times.
    """

    def __init__(self, words: Sequence[SpokenWord], random: Random, gives_words: bool = True) -> None:
        self._words = words
        self._random = random
        self._gives_words = gives_words
        self._received = 0
        self._run = _Run(0, 0, 0)
        self._heard: list[HeardWord] = []
        self._longest = random.randint(6, 40)
        self._pause_s = random.uniform(0.4, 0.8)
        self._interim_at = 0
        self._has_begun = False

    def push(self, pcm: bytes) -> list[StreamResult]:
        """Take audio; what there is to say about it."""
        results: list[StreamResult] = []
        samples = np.frombuffer(pcm, dtype="<i2")
        edges = [0, *(np.flatnonzero(np.diff(samples)) + 1).tolist(), len(samples)]
        for start, end in pairwise(edges):
            results += self._take(int(samples[start]), end - start)
        if self._heard and self._received - self._interim_at > 0.3 * RATE:
            self._interim_at = self._received
            text = " ".join(word.text for word in self._heard)
            results.append(StreamResult(interim=text, stable_chars=len(text) // 2))
        return results

    def finish(self) -> list[StreamResult]:
        """No more comes."""
        return [*self._close_run(), *self._final(self._received / RATE)]

    def _take(self, value: int, samples: int) -> list[StreamResult]:
        results: list[StreamResult] = []
        if value and not self._has_begun:
            self._has_begun = True
            results.append(StreamResult(speech_began_s=self._received / RATE))
        if value == self._run.value:
            self._run.samples += samples
        else:
            results += self._close_run()
            self._run = _Run(value, self._received, samples)
        self._received += samples
        quiet_s = self._run.samples / RATE
        if value == 0 and self._heard and quiet_s >= self._pause_s:
            reach_s = self._random.uniform(0.0, self._pause_s)
            results += self._final(self._run.start / RATE + reach_s)
        return results

    def _close_run(self) -> list[StreamResult]:
        run = self._run
        self._run = _Run(0, self._received, 0)
        if run.value < FIRST:
            return []
        word = self._words[run.value - FIRST]
        if run.samples < ENOUGH * round((word.end_s - word.start_s) * RATE):
            return []
        self._heard.append(HeardWord(word.text, run.start / RATE, (run.start + run.samples) / RATE, 0.9))
        if len(self._heard) >= self._longest:
            return self._final(self._heard[-1].end_s)
        return []

    def _final(self, end_s: float) -> list[StreamResult]:
        if not self._heard:
            return []
        heard, self._heard = tuple(self._heard), []
        self._has_begun = False
        text = " ".join(word.text for word in heard)
        return [StreamResult(finals=(FinalText(text, end_s, heard if self._gives_words else (), 0.9),))]
