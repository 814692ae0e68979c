"""What turns the audio of one utterance into text, and how much of it can be believed."""

import math
import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.model.call import Language
from core.model.utterance import Recognition
from core.speech.endpointing import SpeechStretch
from core.speech.inventions import is_known, is_loop, is_too_much


@dataclass(frozen=True, slots=True)
class Decoding:
    """What a decoder made of one utterance."""

    text: str
    average_log_probability: float
    """Natural logarithm, per token; 0 is certain."""
    no_speech_probability: float
    """0 to 1: that there was nothing to understand."""
    engine: str = ""
    model: str = ""

    @property
    def confidence(self) -> float:
        """The geometric mean of the tokens' probabilities, 0 to 1."""
        return min(1.0, math.exp(self.average_log_probability))


class Decoder(Protocol):
    """A loaded model; several threads may decode at the same time."""

    @property
    def engine(self) -> str:
        """The engine's name, for records."""

    @property
    def model(self) -> str:
        """The model's name, for records."""

    def knows(self, language: Language) -> bool:
        """Whether the model was made for this language; for another one it guesses."""

    def decode(self, samples: NDArray[np.int16], language: Language, is_final: bool) -> Decoding:
        """The text of `samples` (16 kHz mono, at most 30 s). Blocking; a final text may take more care than an interim.

        Raises:
            RecognitionFailed: the engine gave an error.
        """

    def batch_key(self, seconds: float, language: Language) -> Hashable:
        """Utterances with one key, hence of one language, cost less decoded together; None for one that stays alone."""

    def decode_batch(self, batch: Sequence[NDArray[np.int16]], language: Language) -> list[Decoding]:
        """The final texts of utterances that have one `batch_key`, in their order.

        Each is as `decode` gives it, but that a decoder which repeats itself may do so for as long as in the longest.

        Raises:
            RecognitionFailed: the engine gave an error.
        """


NO_SPEECH_PROBABILITY = 0.6
NO_SPEECH_LOG_PROBABILITY = -0.6
"""Both together mean silence. Speech on the telephone mostly has under 0.2, noise over 0.4 and under -0.75."""
MIN_LOG_PROBABILITY = -1.3
"""Below this the decoder guessed: bad lines give -1.1, noise often less than this."""
MAX_COMPRESSION_RATIO = 2.4
"""Text that compresses better is a loop whatever the evidence, as in Whisper's own transcribe()."""
MIN_SPEECH_RATIO = 0.1
SHORT_SPEECH_S = 0.3
SHORT_SPEECH_LOG_PROBABILITY = -0.7
WEAK_SPEECH_RATIO = 0.25
WEAK_NO_SPEECH_PROBABILITY = 0.4
WEAK_LOG_PROBABILITY = -0.5
"""What the model invents, and what people say as well, is believed with better evidence than this.

That is what it is known to invent, and short loops: on a bad line people do say "Hello? Hello? Hello? Hello?".
Whisper base was as sure as -0.15 of loops over noise, but never gave less than 0.5 that nobody had spoken.
"""


def compression_ratio(text: str) -> float:
    """How much smaller zlib makes `text`; 1 for none."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 1.0


def repeats_itself(decoding: Decoding) -> bool:
    """Whether a text is a loop in which the decoder was caught, as far as that is seen without the audio."""
    return compression_ratio(decoding.text) > MAX_COMPRESSION_RATIO or (is_loop(decoding.text) and _is_unsure(decoding))


def is_invented(decoding: Decoding, speech_s: float, audio_s: float) -> bool:
    """Whether a decoder most likely made its text up out of noise or silence.

    Args:
        decoding: What it said.
        speech_s: Seconds of the audio that the voice activity detector took for speech.
        audio_s: Seconds of the audio.
    """
    log_probability = decoding.average_log_probability
    return (
        not any(character.isalnum() for character in decoding.text)
        or compression_ratio(decoding.text) > MAX_COMPRESSION_RATIO
        or is_too_much(decoding.text, speech_s)
        or log_probability < MIN_LOG_PROBABILITY
        or (decoding.no_speech_probability > NO_SPEECH_PROBABILITY and log_probability < NO_SPEECH_LOG_PROBABILITY)
        or speech_s < MIN_SPEECH_RATIO * audio_s
        or (speech_s < SHORT_SPEECH_S and log_probability < SHORT_SPEECH_LOG_PROBABILITY)
        or ((is_known(decoding.text) or is_loop(decoding.text)) and _is_weak(decoding, speech_s, audio_s))
    )


def _is_weak(decoding: Decoding, speech_s: float, audio_s: float) -> bool:
    return _is_unsure(decoding) or speech_s < SHORT_SPEECH_S or speech_s < WEAK_SPEECH_RATIO * audio_s


def _is_unsure(decoding: Decoding) -> bool:
    return (
        decoding.average_log_probability < WEAK_LOG_PROBABILITY
        or decoding.no_speech_probability > WEAK_NO_SPEECH_PROBABILITY
    )


def as_recognition(ordinal: int, stretch: SpeechStretch, decoding: Decoding, is_final: bool) -> Recognition:
    """What is told of an utterance: nothing was said in one whose text was most likely made up."""
    believed = not is_invented(decoding, stretch.speech_s, stretch.duration_s)
    return Recognition(
        ordinal=ordinal,
        text=decoding.text if believed else "",
        is_final=is_final,
        start_s=stretch.start_s,
        end_s=stretch.end_s,
        confidence=decoding.confidence,
        engine=decoding.engine,
        model=decoding.model,
    )
