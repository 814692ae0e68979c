"""What is said: recognitions as an engine gives them, utterances as a call keeps them."""

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

    @property
    def is_uncertain(self) -> bool:
        """Whether the engine itself doubts this text."""
        return self.confidence is not None and self.confidence < LOW_CONFIDENCE


LOW_CONFIDENCE = 0.5
"""Below this an utterance is marked on the page."""
