"""The rehearsal's ears: a script that knows what is said, or the real engine in a process of its own.

A process, because DESIGN lets this package import no other part: what may not be imported can be talked to, as the
backend does with the media process. Whoever stands above both parts may hand in an ear of its own instead.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from core.model.audio import SPEECH_FORMAT
from core.model.call import Language
from core.model.errors import EngineUnavailable
from core.model.persona import PERSONA_FORMAT

DICTATION = (sys.executable, "-m", "core.speech.dictation")
LOAD_S = 120.0
HEAR_S = 90.0
CLOSE_S = 5.0


class Hearing(Protocol):
    """Writes down what is said."""

    async def hear(self, pcm: bytes, language: Language) -> str:
        """What was said in sound in `PERSONA_FORMAT`; empty where nothing was understood."""

    async def close(self) -> None:
        """Let go of what it needs; idempotent."""


class ScriptedHearing:
    """Hears the lines of a script, one a stretch, and the last one again and again."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = list(lines)
        self._heard = 0

    async def hear(self, pcm: bytes, language: Language) -> str:
        """The next line."""
        self._heard += 1
        return self._lines[min(self._heard, len(self._lines)) - 1] if self._lines else ""

    async def close(self) -> None:
        """Nothing to let go of."""


class DictationHearing:
    """The speech engine of the settings, behind the pipes of `python -m core.speech.dictation`. One loop."""

    def __init__(self, command: Sequence[str] = DICTATION, hear_s: float = HEAR_S) -> None:
        """`hear_s`: how long a stretch may take."""
        self._command = tuple(command)
        self._hear_s = hear_s
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Load the engine. Raises EngineUnavailable."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        told = await self._read(LOAD_S)
        if not told.get("ready"):
            raise EngineUnavailable(engine="dictation", reason=str(told.get("error", "it ended")).rstrip("."))

    async def hear(self, pcm: bytes, language: Language) -> str:
        """What was said. Raises EngineUnavailable; for good, once it has not answered in time."""
        sound = as_speech_sound(pcm)
        async with self._turn:
            if self._process is None or self._process.stdin is None:
                raise EngineUnavailable(engine="dictation", reason="it was not started")
            head = json.dumps({"language": language, "bytes": len(sound)}).encode() + b"\n"
            try:
                self._process.stdin.write(head + sound)
                await self._process.stdin.drain()
            except ConnectionError as error:
                raise EngineUnavailable(engine="dictation", reason="its process is gone") from error
            try:
                return str((await self._read(self._hear_s)).get("text", ""))
            except EngineUnavailable:
                # What it may still answer belongs to no later stretch.
                await self.close()
                raise

    async def close(self) -> None:
        """End the process and wait for it."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _read(self, timeout_s: float) -> dict[str, object]:
        if self._process is None or self._process.stdout is None:
            return {}
        try:
            async with asyncio.timeout(timeout_s):
                line = await self._process.stdout.readline()
            told = json.loads(line)
        except (TimeoutError, ValueError) as error:
            raise EngineUnavailable(engine="dictation", reason="it does not answer") from error
        return told if isinstance(told, dict) else {}


def as_speech_sound(pcm: bytes) -> bytes:
    """`PERSONA_FORMAT` as `SPEECH_FORMAT`: three samples become two, each the mean around its place."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    smooth = np.convolve(samples, np.array([0.25, 0.5, 0.25], np.float32), mode="same") if len(samples) else samples
    positions = np.arange(0, len(samples), PERSONA_FORMAT.sample_rate / SPEECH_FORMAT.sample_rate)
    return bytes(np.interp(positions, np.arange(len(samples)), smooth).astype("<i2").tobytes()) if len(samples) else b""
