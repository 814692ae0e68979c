"""What all call sessions share; made and owned by the backend."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.calls.alerting import Alerting
from core.calls.durable import DurableWriter
from core.calls.insights import Insights
from core.calls.tally import Tally
from core.calls.wrap_ups import WrapUps
from core.language.masking import MaskingRules
from core.media.events import LegSpec
from core.model.call import CallId, LegId
from core.model.clock import Clock
from core.model.sample import RtpSample
from core.persona.session_rules import SessionRules
from core.speech.transcriber import Transcriber
from core.store.records import Store


class Media(Protocol):
    """What a session asks of the media process; every coroutine runs on the calls loop and may raise MediaError."""

    async def open_leg(self, spec: LegSpec) -> None:
        """Make a leg known to the bridge."""

    async def answer(self, leg_id: LegId, offer_sdp: str) -> str:
        """Answer the leg's one offer."""

    async def add_candidate(
        self, leg_id: LegId, candidate: str | None, sdp_mid: str | None, sdp_mline_index: int | None
    ) -> None:
        """Pass on a trickled candidate."""

    async def set_routes(self, call_id: CallId, routes: Mapping[LegId, frozenset[LegId]]) -> None:
        """Replace the call's whole hearing table."""

    async def set_muted(self, leg_id: LegId, muted: bool) -> None:
        """Silence a leg, for every ear and for recognition."""

    async def close_leg(self, leg_id: LegId) -> None:
        """End a leg; idempotent."""

    async def speak(self, leg_id: LegId, item_id: str, pcm: bytes) -> None:
        """Have a voice leg say this, in `PERSONA_FORMAT`, after what it was given before; told back as `VoiceSent`."""

    async def hush(self, leg_id: LegId) -> None:
        """Have a voice leg say nothing more of what it was given; idempotent."""


@dataclass(frozen=True, slots=True)
class PersonaConditions:
    """What holds for every persona in a call."""

    tail_s: float = 0.3
    """How long the microphone stays closed after its sound has faded at the listener."""
    transcription_model: str = "gpt-transcribe"
    """Writes down the listener."""
    rules: SessionRules = field(default_factory=SessionRules)


class SampleSink(Protocol):
    """Where samples are kept; called on the calls loop, never blocks."""

    def keep(self, call_id: CallId, samples: tuple[RtpSample, ...]) -> None:
        """Keep samples that are on the call's clock."""

    def finish(self, call_id: CallId) -> None:
        """Close the call's files."""

    def afterwards(self, work: Callable[[], None]) -> None:
        """Do something short once everything before it is in the files. Any thread."""


class RollupSink(Protocol):
    """Where is kept what calls are compared by; any thread, never blocks."""

    def write(self, call_id: CallId) -> None:
        """Keep what there is of a call that has ended and is written."""


class MakeId(Protocol):
    """Makes ids that cannot be guessed."""

    def __call__(self) -> str:
        """A new id."""


@dataclass(frozen=True, slots=True)
class CallServices:
    """Handed to every session."""

    clock: Clock
    media: Media
    transcriber: Transcriber
    insights: Insights
    store: Store
    durable: DurableWriter
    samples: SampleSink
    rollups: RollupSink
    wrap_ups: WrapUps
    make_id: MakeId
    grace_s: float
    masking: MaskingRules | None
    """What is hidden of what is said before anybody else gets it; None where nothing is."""
    call_limit: int
    """Calls that may run at the same time."""
    alerting: Alerting
    tally: Tally = field(default_factory=Tally)
    personas: PersonaConditions = field(default_factory=PersonaConditions)
