"""A persona's sound on its way to the listener: handed to the media process in order, and told back when it goes out.

    session -> waiting -> (one task) -> media process -> `VoiceSent` -> gate and ledger

Lives on the calls loop. No more than `LEAD_S` is in flight, so that an interruption has little to call back, and the
death of the media process little to lose.
"""

import asyncio
import logging
from collections import deque

from core.calls.services import Media
from core.media.events import VoiceSent
from core.model.call import LegId
from core.model.clock import Clock
from core.model.errors import MediaError
from core.model.persona import PERSONA_FORMAT, HeardItem
from core.persona.microphone_gate import MicrophoneGate
from core.persona.playout_ledger import PathDelay, PlayoutLedger

logger = logging.getLogger(__name__)

LEAD_S = 1.0
"""Sound that may be with the media process and not yet sent."""
PIECE_BYTES = PERSONA_FORMAT.sample_rate // 5 * 2
"""Most that is handed over at once, a fifth of a second."""
MOST_S = 600.0
"""Sound that may wait; what finds no room is counted."""


class PersonaPlayout:
    """Implements `core.model.persona.Playout` over a voice leg.

    Args:
        media: Has the legs.
        gate: Is told of every frame that goes out.
        clock: Tells what was heard by now.
        name: Names its task.
    """

    def __init__(self, media: Media, gate: MicrophoneGate, clock: Clock, name: str) -> None:
        self._media = media
        self._gate = gate
        self._clock = clock
        self._ledger = PlayoutLedger()
        self._leg_id: LegId | None = None
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._waiting_s = 0.0
        self._flying: dict[str, float] = {}
        """Seconds of each item that the media process was given and has not told back."""
        self._must_hush = False
        self._work = asyncio.Event()
        self._task = asyncio.create_task(self._hand_over(), name=name)
        self.dropped_s = 0.0

    # For the session

    def put(self, item_id: str, pcm: bytes) -> None:
        """Play sound after what was put before."""
        seconds = PERSONA_FORMAT.seconds(pcm)
        if self._waiting_s + seconds > MOST_S:
            self.dropped_s += seconds
            return
        self._ledger.note_given(item_id, seconds)
        self._waiting.extend((item_id, pcm[at : at + PIECE_BYTES]) for at in range(0, len(pcm), PIECE_BYTES))
        self._waiting_s += seconds
        self._work.set()

    def clear(self) -> None:
        """Play nothing more of what was put and not yet sent."""
        self._waiting.clear()
        self._waiting_s = 0.0
        self._must_hush = self._leg_id is not None
        self._work.set()

    def heard(self) -> tuple[HeardItem, ...]:
        """The last items, with what was heard of each."""
        return self._ledger.heard(self._clock.monotonic())

    @property
    def is_playing(self) -> bool:
        """Whether any of the sound waits, is in flight, or is still to be heard."""
        return bool(self._waiting) or bool(self._flying) or self._ledger.is_heard_at(self._clock.monotonic())

    # For the call

    def span(self, item_id: str) -> tuple[float, float] | None:
        """When an item began to be heard and when it is heard out, monotonic; None where nothing of it was sent."""
        return self._ledger.span(item_id)

    def note_path(self, delay: PathDelay) -> None:
        """Take the newest measurement of the listener's path."""
        self._ledger.note_path(delay)
        self._gate.note_path(delay)

    def voice_is(self, leg_id: LegId) -> None:
        """The voice leg is there, or another one in its place."""
        self._leg_id = leg_id
        self._work.set()

    def voice_is_gone(self) -> None:
        """The voice leg is gone: what was in flight is not heard any more; what waits waits for the next one."""
        self._leg_id = None
        self._must_hush = False
        self._lose_flying()

    def sent(self, event: VoiceSent) -> None:
        """Sound goes out."""
        self._gate.note_sent(event.start_s, event.seconds)
        self._ledger.note_sent(event.item_id, event.start_s, event.seconds)
        left_s = self._flying.get(event.item_id, 0.0) - event.seconds
        if left_s > 1e-6:
            self._flying[event.item_id] = left_s
        else:
            self._flying.pop(event.item_id, None)
        self._work.set()

    async def close(self) -> None:
        """Hand over nothing more. Idempotent."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    # The line

    async def _hand_over(self) -> None:
        while True:
            leg_id = self._leg_id
            if leg_id is None or not (self._must_hush or (self._waiting and self._has_room)):
                self._work.clear()
                await self._work.wait()
                continue
            try:
                await (self._hush(leg_id) if self._must_hush else self._speak(leg_id))
            except MediaError as error:
                # The leg's end is told by an event of its own, and another one follows.
                logger.info("sound for the voice leg %s is lost: %s", leg_id, error)
                self._lose_flying()

    @property
    def _has_room(self) -> bool:
        return sum(self._flying.values()) < LEAD_S

    async def _hush(self, leg_id: LegId) -> None:
        self._must_hush = False
        await self._media.hush(leg_id)
        # Everything that went out before has been told by now.
        self._lose_flying()

    async def _speak(self, leg_id: LegId) -> None:
        item_id, piece = self._waiting.popleft()
        seconds = PERSONA_FORMAT.seconds(piece)
        self._waiting_s = max(0.0, self._waiting_s - seconds)
        self._flying[item_id] = self._flying.get(item_id, 0.0) + seconds
        await self._media.speak(leg_id, item_id, piece)

    def _lose_flying(self) -> None:
        flying, self._flying = self._flying, {}
        for item_id, seconds in flying.items():
            self._ledger.note_lost(item_id, seconds)
