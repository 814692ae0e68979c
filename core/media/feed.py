"""Files that are heard without a network, on a machine with no address but loopback."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from core.media.guard import Guard
from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.sound_file import SoundFile
from core.model.call import LegId

TakePacket = Callable[[MediaPacket], None]


class DirectFeed:
    """Plays one file a leg, all in step, into the bridge; then silence until the legs are dropped. Media loop only.

    Args:
        files: Path by leg.
        offset_s: How much of each file is left out.
        takers: What takes a leg's packets.
        guard: Lets no exception of a taker out.
        on_end: Called once when all files have ended, with the sentence of what broke one off, or None.
    """

    def __init__(
        self,
        files: Mapping[LegId, str],
        offset_s: float,
        takers: Mapping[LegId, TakePacket],
        guard: Guard,
        on_end: Callable[[str | None], None],
    ) -> None:
        self._files = {leg_id: SoundFile(Path(path), offset_s=offset_s) for leg_id, path in files.items()}
        self._takers = dict(takers)
        self._guard = guard
        self._on_end = on_end
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open all files and begin to play; nothing, if all legs were dropped in the meantime.

        Raises:
            AudioFileUnreadable: one of the files.
        """
        try:
            await asyncio.gather(*(asyncio.to_thread(file.start) for file in self._files.values()))
        except BaseException:
            await self.close()
            raise
        if self._takers:
            self._task = asyncio.create_task(self._play(), name="media-direct-feed")

    async def _play(self) -> None:
        start_s = time.monotonic()
        slot = 0
        ended = False
        while self._takers:
            await asyncio.sleep(max(0.0, start_s + slot * FRAME_S - time.monotonic()))
            for ssrc, (leg_id, take) in enumerate(self._takers.items()):
                with self._guard:
                    take(self._packet(ssrc, leg_id, slot))
            slot += 1
            if not ended and all(file.ended for file in self._files.values()):
                ended = True
                errors = [str(file.error) for file in self._files.values() if file.error is not None]
                self._on_end(errors[0] if errors else None)

    def _packet(self, ssrc: int, leg_id: LegId, slot: int) -> MediaPacket:
        return MediaPacket(
            ssrc=ssrc,
            sequence=slot & 0xFFFF,
            timestamp=(slot * FRAME_SAMPLES) & 0xFFFFFFFF,
            payload=self._files[leg_id].next_packet(),
            arrival_s=time.monotonic(),
        )

    def drop(self, leg_id: LegId) -> bool:
        """Play nothing more for a leg. Returns whether that was the last one."""
        self._takers.pop(leg_id, None)
        return not self._takers

    async def close(self) -> None:
        """Stop, and wait for the task and the threads. Idempotent; while it starts, too."""
        self._takers.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*(asyncio.to_thread(file.close) for file in self._files.values()))
