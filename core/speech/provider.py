"""What a speech service over the network looks like to Earshot: streams that end, and what they answer until then."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.model.call import Language
from core.model.errors import SpeechError
from core.model.message import Message


@dataclass(frozen=True, slots=True)
class HeardWord:
    """One word; times in seconds from the stream's first sample."""

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class FinalText:
    """Text that the service will not change any more."""

    text: str
    end_s: float
    """Up to where in the stream it covers the audio, in seconds from its first sample."""
    words: tuple[HeardWord, ...] = ()
    """Empty where the service gives none."""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class StreamResult:
    """One answer of a stream."""

    finals: tuple[FinalText, ...] = ()
    interim: str = ""
    """All text after the last final, as far as it has come."""
    stable_chars: int = 0
    """How many characters at its beginning will most likely stay."""
    speech_began_s: float | None = None
    """Where somebody began to speak, where the service tells, in seconds from the stream's first sample."""


class EndKind(StrEnum):
    """Why a stream is over."""

    FINISHED = "finished"
    """The service closed it without an error."""
    LIMIT = "limit"
    """It has lived as long as streams may."""
    IDLE = "idle"
    """No audio came for a while."""
    TRANSIENT = "transient"
    """The service, or the way to it, failed."""
    QUOTA = "quota"
    """Too much was asked for."""
    REFUSED = "refused"
    """Somebody has to change something before another stream can do better."""
    DEAF = "deaf"
    """It gave no word for a long time although there was sound: given up on this side."""
    STALLED = "stalled"
    """It took no audio any more: given up on this side."""


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The end of a stream."""

    kind: EndKind
    error: SpeechError | None = None
    """What to tell the operator; None where nothing is wrong."""


class ProviderStream(Protocol):
    """One stream. All methods are called on the provider's loop and return at once."""

    @property
    def has_room(self) -> bool:
        """Whether `send` is welcome: the network takes what it is given."""

    def send(self, pcm: bytes) -> None:
        """Send audio in `SPEECH_FORMAT`."""

    def finish(self) -> None:
        """Say that no more audio comes; answers still arrive, then the end."""

    def drop(self) -> None:
        """Close it. Neither results nor an end are reported any more."""


@dataclass(frozen=True, slots=True)
class StreamListener:
    """What whoever opened a stream hears of it. Called on the provider's loop, never from within `open_stream`."""

    on_result: Callable[[StreamResult], None]
    """The stream answered."""
    on_end: Callable[[StreamEnd], None]
    """The stream is over; once, and last."""
    on_room: Callable[[], None]
    """The stream has room again."""


class Provider(Protocol):
    """A speech service. Made in any thread; everything else happens on its loop."""

    @property
    def service(self) -> str:
        """The service's name, for records and messages."""

    @property
    def model(self) -> str:
        """The model's name, for records."""

    @property
    def description(self) -> Message:
        """What is in use, for the operator."""

    @property
    def complaint(self) -> SpeechError | None:
        """What the service refuses although streams work without it; None for nothing. Any thread."""

    async def check(self) -> None:
        """Find out what can be known before anybody speaks; may be asked again. Raises SpeechError."""

    def open_stream(self, language: Language, listener: StreamListener) -> ProviderStream:
        """Open a stream for audio in this language; returns at once."""

    async def close(self) -> None:
        """End all streams and wait for their tasks; idempotent."""
