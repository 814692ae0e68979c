"""What the media process tells the calls, and how a leg is described to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from core.model.audio import PcmChunk
from core.model.call import CallId, LegId, LegState, ParticipantId
from core.model.media_path import MediaPath
from core.model.sample import RtpSample

CHUNK_S = 0.1
"""About how much sound a `PcmChunk` holds where nobody asked for less."""


@dataclass(frozen=True, slots=True)
class LegSpec:
    """A leg that is to be opened."""

    leg_id: LegId
    """Unique for good; never used again."""
    call_id: CallId
    participant_id: ParticipantId
    speech: bool
    """Whether its audio is decoded for speech recognition."""
    listen_only: bool = False
    """Whether it sends no audio: what its browser sends is ignored."""
    is_voice: bool = False
    """Whether what it says is given to it (`MediaProcess.speak`); it has no network and is connected at once."""
    chunk_s: float = CHUNK_S
    """About how much sound a `PcmChunk` holds. Less is sooner, at more of a price: for whoever waits for an answer."""


class PlaybackKind(StrEnum):
    """How a file's sound gets into a call."""

    NETWORK = "network"
    """A client of its own sends it over a real media connection: the RTP figures are real."""
    DIRECT = "direct"
    """The file feeds the bridge directly, because the machine has no address but loopback."""


@dataclass(frozen=True, slots=True)
class LegChanged:
    """A leg has a new state. LOST and CLOSED are the last: the media process then knows the leg no more.

    CLOSED is a leg that the call closed (`MediaProcess.close_leg`). Every other end is LOST, also when the far end said
    good-bye on the wire (DTLS close_notify): a browser says it when a tab is reloaded or navigates away just as when
    its user leaves for good, and only the call knows which of them was meant.
    """

    leg_id: LegId
    state: LegState
    at_s: float
    """Monotonic seconds."""
    path: MediaPath | None = None
    """The way that packets take, when the leg is CONNECTED over a network."""


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """The files that `MediaProcess.play` started have all come to their end, or could not be played on."""

    call_id: CallId
    legs: tuple[LegId, ...]
    error: str | None = None
    """Why it ended early, as an English sentence."""


@dataclass(frozen=True, slots=True)
class MediaRestarted:
    """The media process died and runs again. Each of its legs was LOST; participants need new ones."""

    at_s: float


@dataclass(frozen=True, slots=True)
class VoiceSent:
    """Sound that was given to a voice leg goes out to its listeners. Comes before any later `PcmChunk`."""

    leg_id: LegId
    item_id: str
    """As `MediaProcess.speak` was given it."""
    start_s: float
    """When it went out, monotonic seconds."""
    seconds: float


@dataclass(frozen=True, slots=True)
class MediaLoad:
    """One second of the media process's own figures."""

    at_s: float
    """End of the second, monotonic."""
    loop_lag_p50_ms: float
    """How late the media loop woke from a short sleep: median."""
    loop_lag_p99_ms: float
    cpu_pct: float
    """CPU time used, in percent of one core."""
    legs: int
    held: int
    """Of how many legs the bridge keeps anything; of none when there is no leg."""
    tasks: int
    """Tasks of the media loop that have not ended, its own among them."""
    dropped: Mapping[str, int]
    """By name, what every bounded queue dropped and every guard caught, since the process started."""


MediaEvent: TypeAlias = LegChanged | PcmChunk | RtpSample | PlaybackEnded | MediaRestarted | MediaLoad | VoiceSent
