"""The interface of a speech engine: a shared `Transcriber`, and one `SpeechSession` a participant.

Both engines are sessions of this one interface; a call never sees which one it talks to.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from core.model.call import Language
from core.model.health import PartHealth
from core.model.utterance import Recognition

OnRecognition = Callable[[Recognition], None]
"""Called on one of the engine's threads; must hand off and return at once."""


@dataclass(frozen=True, slots=True)
class SpeechStats:
    """What a session has done with its audio."""

    fed_s: float
    """Seconds of audio that were fed."""
    dropped_s: float
    """Seconds of audio that were given up because the queue was full (oldest first)."""
    waiting_s: float
    """Seconds of audio that are still to be looked at."""
    oldest_s: float = 0.0
    """Seconds since the end of the speech that waits longest for its final text; 0 where none waits."""
    hand_overs: int = 0
    """How often a service's stream was changed as a matter of course."""


class SpeechSession(Protocol):
    """One participant's stream of audio."""

    def feed(self, pcm: bytes, start_s: float) -> None:
        """Take audio in `SPEECH_FORMAT` whose first sample is at `start_s` on the caller's clock.

        Any thread; never blocks. A jump of `start_s` is a gap in the audio and is kept in the utterances' times.
        """

    def close(self, timeout_s: float) -> bool:
        """Recognise what was fed, end the last utterance, and stop.

        Any thread but the engine's; idempotent. Returns whether everything was recognised within the time; no
        recognition is delivered after it returns.
        """

    @property
    def stats(self) -> SpeechStats:
        """Counters; any thread."""


class Transcriber(Protocol):
    """A speech engine that is loaded once and shared by all calls."""

    @property
    def health(self) -> PartHealth:
        """The engine's state, with its name and model in the detail; any thread."""

    def open_session(self, name: str, language: Language, on_recognition: OnRecognition) -> SpeechSession:
        """A session for one participant. `name` names its threads and log lines. Any thread."""

    def close(self) -> None:
        """Close every session and stop all threads; idempotent."""


def close_sessions(sessions: Iterable[SpeechSession], timeout_s: float) -> None:
    """Close one session after the other, all of them within the time."""
    deadline = time.monotonic() + timeout_s
    for session in sessions:
        session.close(max(0.0, deadline - time.monotonic()))
