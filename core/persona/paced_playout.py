"""A playout without a media connection: sends frame after frame by the clock. For the command line and for tests."""

from collections import deque
from collections.abc import Callable

from core.model.clock import Clock
from core.model.persona import PERSONA_FORMAT, HeardItem
from core.persona.microphone_gate import MicrophoneGate
from core.persona.playout_ledger import PathDelay, PlayoutLedger

FRAME_S = 0.02
FRAME_BYTES = int(FRAME_S * PERSONA_FORMAT.sample_rate) * 2
MOST_S = 600.0
"""Sound that may wait; what finds no room is counted."""


class PacedPlayout:
    """Implements `core.model.persona.Playout`. One thread.

    Args:
        clock: Tells which frames are due.
        gate: Is told of every frame that is sent.
        on_frame: Takes each frame with the time at which it was sent.
    """

    def __init__(
        self, clock: Clock, gate: MicrophoneGate, on_frame: Callable[[bytes, float], None] = lambda pcm, at_s: None
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._on_frame = on_frame
        self._ledger = PlayoutLedger()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._next_s = 0.0
        self.dropped_s = 0.0

    def note_path(self, delay: PathDelay) -> None:
        """Take the newest measurement of the listener's path."""
        self._ledger.note_path(delay)
        self._gate.note_path(delay)

    def put(self, item_id: str, pcm: bytes) -> None:
        """Play sound after what was put before."""
        self.advance()
        if len(self._waiting) * FRAME_S >= MOST_S:
            self.dropped_s += PERSONA_FORMAT.seconds(pcm)
            return
        if not self._waiting:
            self._next_s = max(self._next_s, self._clock.monotonic())
        self._ledger.note_given(item_id, PERSONA_FORMAT.seconds(pcm))
        self._waiting.extend((item_id, pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm), FRAME_BYTES))

    def clear(self) -> None:
        """Play nothing more of what was put and not yet sent."""
        self.advance()
        self._waiting.clear()

    def heard(self) -> tuple[HeardItem, ...]:
        """The last items, with what was heard of each."""
        self.advance()
        return self._ledger.heard(self._clock.monotonic())

    @property
    def is_playing(self) -> bool:
        """Whether any of the sound is being, or still to be, heard."""
        self.advance()
        return bool(self._waiting) or self._ledger.is_heard_at(self._clock.monotonic())

    def advance(self) -> None:
        """Send the frames that are due by now; called at least as often as anybody asks what was heard."""
        now = self._clock.monotonic()
        while self._waiting and self._next_s <= now:
            item_id, frame = self._waiting.popleft()
            seconds = PERSONA_FORMAT.seconds(frame)
            self._ledger.note_sent(item_id, self._next_s, seconds)
            self._gate.note_sent(self._next_s, seconds)
            self._on_frame(frame, self._next_s)
            self._next_s += seconds
