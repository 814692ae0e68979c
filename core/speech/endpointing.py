"""Where an utterance begins and ends, from the probability of speech of each 32 ms. Pure: no threads, no clock."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.speech.framing import FRAME_S


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """When speech begins and when it is over."""

    endpoint_s: float = 0.5
    """Silence that ends an utterance."""
    speech_probability: float = 0.5
    """From this on a frame is speech."""
    silence_probability: float = 0.35
    """Below this a frame within an utterance is silence (Silero's own distance of 0.15)."""
    min_speech_s: float = 0.1
    """An utterance with less speech in it is a click or a cough."""
    pre_roll_s: float = 0.4
    """Audio that is kept from before the first frame of speech."""
    post_roll_s: float = 0.3
    """Audio that is kept from after the last frame of speech."""
    max_s: float = 15.0
    """An utterance that grows to this is cut at a breath in its second half; without one at its quietest place."""
    long_breath_s: float = 0.3
    """Silence at which an utterance half as long is cut at once; from there on, less and less is asked for."""
    breath_s: float = 0.09
    """Silence that cuts one three quarters as long. Closing the lips for a consonant takes less."""

    def breath_that_cuts_s(self, length_s: float) -> float:
        """The silence at which an utterance that has lasted `length_s` seconds is cut; infinite while it is short."""
        beyond_half = length_s / self.max_s - 0.5
        if beyond_half < 0:
            return math.inf
        return max(self.breath_s, self.long_breath_s - 4 * beyond_half * (self.long_breath_s - self.breath_s))


@dataclass(frozen=True, slots=True)
class SpeechStretch:
    """The audio of one utterance, whole or as far as it has come. Times are on the clock of the frames."""

    samples: NDArray[np.int16]
    start_s: float
    """First speech."""
    end_s: float
    """End of the last speech."""
    speech_s: float
    """How much of it is speech."""

    @property
    def duration_s(self) -> float:
        """Seconds of audio, pre-roll and post-roll included."""
        return len(self.samples) / 16_000


@dataclass(frozen=True, slots=True)
class _Frame:
    start_s: float
    samples: NDArray[np.int16]
    probability: float


class Endpointer:
    """Takes the frames of one stream in order. One thread at a time."""

    def __init__(self, rules: EndpointRules) -> None:
        self._rules = rules
        self._before: deque[_Frame] = deque(maxlen=max(1, round(rules.pre_roll_s / FRAME_S)))
        self._open: list[_Frame] = []
        self._first_speech = 0
        self._last_speech = 0

    @property
    def is_open(self) -> bool:
        """Whether somebody is speaking."""
        return bool(self._open)

    @property
    def silence_s(self) -> float:
        """Silence since the last frame of speech of the open utterance."""
        return (len(self._open) - 1 - self._last_speech) * FRAME_S if self._open else 0.0

    @property
    def spoken(self) -> tuple[float, float]:
        """From where to where the open utterance is speech, on the clock of the frames; without its audio, so cheap."""
        return self._open[self._first_speech].start_s, self._open[self._last_speech].start_s + FRAME_S

    def push(self, samples: NDArray[np.int16], start_s: float, probability: float) -> SpeechStretch | None:
        """Take one frame. Returns the utterance that it ends, if it does."""
        frame = _Frame(start_s, samples, probability)
        if not self._open:
            if probability >= self._rules.speech_probability:
                self._begin([*self._before, frame], first_speech=len(self._before))
            else:
                self._before.append(frame)
            return None
        self._open.append(frame)
        if probability >= self._rules.silence_probability:
            self._last_speech = len(self._open) - 1
        length_s = len(self._open) * FRAME_S
        if self.silence_s >= self._rules.endpoint_s:
            return self.flush()
        if self.silence_s >= self._rules.breath_that_cuts_s(length_s):
            return self._cut((self._last_speech + len(self._open)) // 2)
        if length_s >= self._rules.max_s:
            return self._cut(self._best_place())
        return None

    def flush(self) -> SpeechStretch | None:
        """End the open utterance now. None where there is none, or too little speech in it."""
        ended = self.current()
        tail = self._open[self._last_speech + 1 :]
        self._open = []
        self._before.clear()
        self._before.extend(tail)
        return ended

    def forget(self) -> None:
        """Forget the pre-roll: the next frame does not follow the last one."""
        self._before.clear()

    def current(self) -> SpeechStretch | None:
        """The open utterance as far as it has come. None where there is none, or too little speech in it."""
        return self._stretch(self._open, self._last_speech)

    def _begin(self, frames: list[_Frame], first_speech: int) -> None:
        self._open = frames
        self._first_speech = first_speech
        self._last_speech = len(frames) - 1
        self._before.clear()

    def _best_place(self) -> int:
        """After which frame to cut what can wait for a breath no longer."""
        last = self._breath()
        if last is None:
            from_frame = max(self._first_speech + 1, len(self._open) * 2 // 3)
            last = min(range(from_frame, len(self._open)), key=lambda index: self._open[index].probability)
        return last

    def _cut(self, last: int) -> SpeechStretch | None:
        """End the utterance with the frame `last`; what comes after it is the next one's, or its pre-roll."""
        is_speech = [frame.probability >= self._rules.silence_probability for frame in self._open[: last + 1]]
        ended = self._stretch(self._open[: last + 1], max(i for i, speech in enumerate(is_speech) if speech))
        rest = self._open[last + 1 :]
        speech = [i for i, frame in enumerate(rest) if frame.probability >= self._rules.silence_probability]
        if speech:
            self._begin(rest, first_speech=speech[0])
            self._last_speech = speech[-1]
        else:
            self._open = []
            self._before.extend(rest)
        return ended

    def _breath(self) -> int | None:
        """The middle of the longest silence in the second half, the later one of equals; None if none is a breath."""
        longest, run = (0, 0), 0
        for index in range(max(self._first_speech + 1, len(self._open) // 2), len(self._open)):
            run = run + 1 if self._open[index].probability < self._rules.silence_probability else 0
            longest = max(longest, (run, index))
        length, end = longest
        return end - length // 2 if length * FRAME_S >= self._rules.breath_s else None

    def _stretch(self, frames: list[_Frame], last_speech: int) -> SpeechStretch | None:
        spoken = sum(frame.probability >= self._rules.silence_probability for frame in frames) * FRAME_S
        if not frames or spoken < self._rules.min_speech_s:
            return None
        kept = frames[: last_speech + 1 + math.ceil(self._rules.post_roll_s / FRAME_S)]
        return SpeechStretch(
            samples=np.concatenate([frame.samples for frame in kept]),
            start_s=frames[self._first_speech].start_s,
            end_s=frames[last_speech].start_s + FRAME_S,
            speech_s=spoken,
        )
