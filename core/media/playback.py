"""The demo's client process, as its starter sees it."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from core.media.events import PlaybackEnded
from core.media.impairing import ImpairOrder, encode_order
from core.model.call import CallId, LegId
from core.model.child_process import end_process
from core.model.errors import AudioFileUnreadable, MediaError, MediaProcessDown, MediaRequestFailed, MediaTimeout
from core.model.impairment import Impairment
from core.settings import PROJECT_ROOT

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 25.0
STOP_TIMEOUT_S = 3.0


class Playback:
    """One `python -m core.media play`, started, watched and stopped. Lives on one loop.

    Args:
        call_id: Whose demo it is.
        files: Path by leg.
        on_end: Told once when the files have ended or could not be played on; not after `stop`.
    """

    def __init__(self, call_id: CallId, files: Mapping[LegId, Path], on_end: Callable[[PlaybackEnded], None]) -> None:
        self._call_id = call_id
        self._files = {leg_id: path.absolute() for leg_id, path in files.items()}
        self._open = set(files)
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self, socket: Path, log_level: str, offset_s: float) -> None:
        """Start the process; returns when both connections are up and the files play.

        Raises:
            AudioFileUnreadable: one of the files.
            MediaError: a connection did not come about.
        """
        legs = [argument for leg_id, path in self._files.items() for argument in ("--leg", f"{leg_id}={path}")]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "core.media", "play", "--socket", str(socket), "--log-level", log_level),
            *("--take-orders", "--offset-seconds", str(offset_s)),
            *legs,
            cwd=PROJECT_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._expect("playing")
        except TimeoutError as error:
            await self.stop()
            raise MediaTimeout(request="play") from error
        except BaseException:
            await self.stop()
            raise
        self._watching = asyncio.create_task(self._watch(), name=f"media-playback-{self._call_id}")

    async def _expect(self, event: str) -> None:
        if self._process is None or self._process.stdout is None:
            raise MediaProcessDown
        line = await self._process.stdout.readline()
        if not line:
            raise MediaRequestFailed(request="play")
        report = json.loads(line)
        if report["event"] == "failed":
            raise _error_of(report["error"], report["parameters"])
        if report["event"] != event:
            raise MediaProcessDown

    async def _watch(self) -> None:
        problem: str | None = None
        try:
            await self._expect("ended")
        except MediaError as error:
            problem = str(error)
            logger.warning("the demo's client stopped early: %s", problem)
        self._on_end(PlaybackEnded(call_id=self._call_id, legs=tuple(self._files), error=problem))
        if self._process is not None:
            await self._process.wait()

    async def impair(self, leg_id: LegId, impairment: Impairment) -> None:
        """Do this to what a leg's voice sends from now on; what is done at last holds.

        Raises:
            MediaProcessDown: the process is gone.
        """
        if self._process is None or self._process.stdin is None:
            raise MediaProcessDown
        try:
            self._process.stdin.write(encode_order(ImpairOrder(leg_id, impairment)))
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise MediaProcessDown from error

    def drop(self, leg_id: LegId) -> bool:
        """Take note that the call closed a leg. Returns whether that was the last one of this playback."""
        if leg_id not in self._open:
            return False
        self._open.discard(leg_id)
        return not self._open

    def broken_off(self, error: str) -> PlaybackEnded:
        """The event that tells of an end before the end."""
        return PlaybackEnded(call_id=self._call_id, legs=tuple(self._files), error=error)

    async def stop(self) -> None:
        """End the process and wait for it. Idempotent; bounded in time."""
        watching, self._watching = self._watching, None
        if watching is not None and watching is not asyncio.current_task():
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        process, self._process = self._process, None
        if process is not None:
            await end_process(process, STOP_TIMEOUT_S)


def _error_of(name: str, parameters: Mapping[str, str]) -> MediaError:
    if name == AudioFileUnreadable.__name__:
        return AudioFileUnreadable(**parameters)
    if name == MediaTimeout.__name__:
        return MediaTimeout(**parameters)
    return MediaProcessDown()
