"""The rehearsal's voices: espeak-ng, and tones where that is not installed."""

import asyncio
import io
import shutil
import wave
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from core.model.call import Language
from core.model.errors import PersonaVoiceMissing
from core.model.persona import PERSONA_FORMAT

RATE = PERSONA_FORMAT.sample_rate
COMMAND = "espeak-ng"
VOICES: Mapping[Language, str] = {"ko": "ko", "en": "en-gb"}
WORDS_A_MINUTE = "165"
SAY_S = 20.0
TONE_S_PER_CHARACTER = 0.06
LONGEST_TONE_S = 20.0


class Voice(Protocol):
    """Turns words into sound."""

    async def say(self, text: str, language: Language) -> bytes:
        """A text as sound in `PERSONA_FORMAT`. Raises PersonaVoiceMissing."""


class EspeakVoice:
    """espeak-ng, one process a sentence."""

    @staticmethod
    def is_installed() -> bool:
        """Whether this machine has it."""
        return shutil.which(COMMAND) is not None

    async def say(self, text: str, language: Language) -> bytes:
        """A text as sound. Raises PersonaVoiceMissing."""
        if not text.strip():
            return b""
        arguments = ("--stdout", "--stdin", "-v", VOICES.get(language, "en-gb"), "-s", WORDS_A_MINUTE)
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                COMMAND, *arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
            )
        except OSError as error:
            raise PersonaVoiceMissing(reason=error.strerror or type(error).__name__) from error
        try:
            async with asyncio.timeout(SAY_S):
                sound, _ = await process.communicate(text.encode())
        except TimeoutError as error:
            raise PersonaVoiceMissing(reason="it does not come to an end") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return as_persona_sound(sound)


class ToneVoice:
    """A soft tone for as long as the words would take."""

    async def say(self, text: str, language: Language) -> bytes:
        """A text's length as sound."""
        seconds = min(LONGEST_TONE_S, 0.3 + TONE_S_PER_CHARACTER * len(text))
        at = np.arange(int(seconds * RATE)) / RATE
        swell = np.minimum(1.0, np.minimum(at, seconds - at) * 20) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * at))
        return bytes((6000 * swell * np.sin(2 * np.pi * 220 * at)).astype("<i2").tobytes())


def as_persona_sound(wav: bytes) -> bytes:
    """espeak's WAV (mono, its own rate, of a length that it does not know beforehand) in `PERSONA_FORMAT`."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            rate = file.getframerate()
            samples = np.frombuffer(file.readframes(len(wav)), "<i2").astype(np.float32)
    except (wave.Error, EOFError) as error:
        raise PersonaVoiceMissing(reason="it gave no sound") from error
    positions = np.arange(0, len(samples), rate / RATE)
    return bytes(np.interp(positions, np.arange(len(samples)), samples).astype("<i2").tobytes())
