"""A bridge whose voice legs speak in real time and tell so: no media process, no network."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from core.media.events import LegChanged, LegSpec, MediaEvent, MediaRestarted, VoiceSent
from core.model.call import CallId, LegId, LegState
from core.model.clock import Clock
from core.model.errors import LegNotFound, MediaProcessDown
from core.model.persona import PERSONA_FORMAT
from tests.fakes.bridge import SilentBridge

FRAME_S = 0.02
FRAME_BYTES = int(FRAME_S * PERSONA_FORMAT.sample_rate) * 2


class SpeakingBridge(SilentBridge):
    """Implements `core.calls.services.Media`. `run` belongs to the test; `emit` is where its events go."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.emit: Callable[[MediaEvent], None] = lambda event: None
        self._clock = clock
        self.loses_next_voice = False
        """Whether the next voice leg is lost again before the calls have heard that it is there."""
        self._lines: dict[LegId, deque[tuple[str, bytes]]] = {}

    async def open_leg(self, spec: LegSpec) -> None:
        await super().open_leg(spec)
        if spec.is_voice:
            self._lines[spec.leg_id] = deque()
            # Told before the request is answered, as a media process does.
            self.emit(LegChanged(spec.leg_id, LegState.CONNECTED, self._clock.monotonic()))
            await asyncio.sleep(0.01)
            if spec.leg_id not in self.legs:
                # Requests that wait when a media process dies fail with it.
                raise MediaProcessDown

    async def set_routes(self, call_id: CallId, routes: Mapping[LegId, frozenset[LegId]]) -> None:
        await super().set_routes(call_id, routes)
        if self.loses_next_voice and self._lines:
            self.loses_next_voice = False
            for leg_id in list(self._lines):
                del self._lines[leg_id], self.legs[leg_id]
                self.emit(LegChanged(leg_id, LegState.LOST, self._clock.monotonic()))
            for _ in range(10):
                # The news of it is taken before this returns.
                await asyncio.sleep(0)

    async def speak(self, leg_id: LegId, item_id: str, pcm: bytes) -> None:
        await super().speak(leg_id, item_id, pcm)
        line = self._line(leg_id)
        line.extend((item_id, pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm), FRAME_BYTES))

    async def hush(self, leg_id: LegId) -> None:
        await super().hush(leg_id)
        self._line(leg_id).clear()

    def _line(self, leg_id: LegId) -> "deque[tuple[str, bytes]]":
        if leg_id not in self._lines:
            raise LegNotFound(leg_id=leg_id)
        return self._lines[leg_id]

    def die(self) -> None:
        """Lose every leg, as a media process that is killed."""
        self.is_down = True
        for leg_id in list(self.legs):
            self.emit(LegChanged(leg_id, LegState.LOST, self._clock.monotonic()))
        self.legs, self._lines = {}, {}

    def come_back(self) -> None:
        """Be there again, with no leg."""
        self.is_down = False
        self.emit(MediaRestarted(self._clock.monotonic()))

    async def run(self) -> None:
        """Send what is given, frame after frame."""
        next_s = self._clock.monotonic()
        while True:
            next_s += FRAME_S
            await asyncio.sleep(max(0.0, next_s - self._clock.monotonic()))
            for leg_id, line in list(self._lines.items()):
                if line:
                    item_id, frame = line.popleft()
                    self.emit(VoiceSent(leg_id, item_id, next_s, PERSONA_FORMAT.seconds(frame)))
