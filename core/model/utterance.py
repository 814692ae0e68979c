"""What is said: recognitions as an engine gives them, utterances as a call keeps them."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.model.call import ParticipantId, Role


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word with its times on the clock of the audio that was fed."""

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """One answer of a speech session, interim or final.

    Recognitions of one stretch of speech share `ordinal` (0, 1, 2, ... within the session); the final one is the last.
    A final with empty text withdraws its interims: there was nothing to understand.
    Times are on the clock that `feed` was given.
    """

    ordinal: int
    text: str
    is_final: bool
    start_s: float
    end_s: float
    confidence: float | None = None
    """0 to 1; missing where the engine gives none."""
    words: tuple[Word, ...] = ()
    engine: str = ""
    model: str = ""
    stable_chars: int = 0
    """How many characters at the beginning of an interim text are agreed upon and will most likely stay."""
    is_given_up: bool = False
    """The audio between these times was never recognised, because it could not be kept any longer; it has no text."""
    is_typed: bool = False
    """It was written instead of said."""
    is_cut: bool = False
    """A persona was interrupted; `text` is about what was heard of it."""


def given_up(ordinal: int, start_s: float, end_s: float) -> Recognition:
    """That the audio between two times will never be recognised; the final of its ordinal."""
    return Recognition(ordinal, "", is_final=True, start_s=start_s, end_s=end_s, is_given_up=True)


@dataclass(frozen=True, slots=True)
class Correction:
    """That an utterance reads differently from what the engine had understood."""

    original: str
    """What the engine had understood."""
    by: str
    """Name of the person who corrected it last."""
    at: float
    """Seconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one participant said between two pauses, interim until final. Times are on the call's clock, in seconds."""

    id: str
    """Unique in the call; interim and final versions share it."""
    participant_id: ParticipantId
    speaker: str
    role: Role
    text: str
    """What is shown, searched and summed up."""
    is_final: bool
    start_s: float
    end_s: float
    confidence: float | None
    engine: str
    model: str
    recognised_s: float
    """When this version arrived, on the call's clock; minus `end_s` it is the transcription delay."""
    correction: Correction | None = None
    """Set where somebody changed what the engine had understood; `text` is then the corrected one."""
    stable_chars: int = 0
    """How many characters at the beginning of an interim text will most likely stay; 0 in a final one."""
    trace_id: str = ""
    """Unique over all calls, the same from the first interim text to the final one; empty in records of old."""
    first_interim_s: float | None = None
    """When the first interim text arrived, on the call's clock; None where there was none."""
    raw_text: str = ""
    """What the engine wrote, where it was made readable; empty where it is `text`, and if anything of it is hidden."""
    is_typed: bool = False
    """It was written instead of said."""
    is_cut: bool = False
    """A persona was interrupted; `text` is about what was heard of it."""

    @property
    def is_uncertain(self) -> bool:
        """Whether the engine itself doubts this text."""
        return self.confidence is not None and self.confidence < LOW_CONFIDENCE


def in_order_of_coming(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Final utterances as their texts arrived and were kept; of people who talk over each other not as they began."""
    return sorted(utterances, key=lambda each: (each.recognised_s, each.start_s, each.id))


LOW_CONFIDENCE = 0.5
"""Below this an utterance is marked on the page."""
