"""Many voices at real time from a process of their own, so that what they cost is not counted for recognition.

The process decodes the recordings, and then hands out 100 ms of every voice when their last sample would have been
spoken, as the media process does.
"""

import itertools
import multiprocessing
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from core.model.audio import SPEECH_FORMAT
from core.speech.recording import BLOCK_S, read_recording

_HEADER = struct.Struct("<Id")
_APART_S = 37.0
"""Two voices of one recording are this much of it apart, so that they do not pause together."""
_READY_S = 120.0


@dataclass(frozen=True, slots=True)
class Block:
    """100 ms of one voice."""

    speaker: int
    start_s: float
    """Of its first sample, on the monotonic clock."""
    pcm: bytes


class Voices:
    """The process. Voice n is recording n (and again from the first on), from another place of it each round.

    Args:
        recordings: Sound files, at least one.
        speakers: How many voices.
        seconds: How long they speak.
    """

    def __init__(self, recordings: Sequence[Path], speakers: int, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_speak, args=(theirs, tuple(recordings), speakers, seconds), name="bench-voices", daemon=True
        )
        self._process.start()
        theirs.close()
        if not self._ours.poll(_READY_S):
            raise RuntimeError("the process with the voices did not come up")
        self._ours.recv()
        self.cpu_s = 0.0
        """What speaking cost; known when all blocks have come."""
        self.late_s = 0.0
        """How late the latest block was handed out: the figures of a generator that cannot keep up say nothing."""

    def __iter__(self) -> Iterator[Block]:
        """All blocks, each when it is due."""
        self._ours.send(None)
        while message := self._ours.recv_bytes():
            speaker, start_s = _HEADER.unpack_from(message)
            yield Block(speaker, start_s, message[_HEADER.size :])
        self.cpu_s, self.late_s = self._ours.recv()
        self._process.join()


def _speak(pipe: Connection, recordings: tuple[Path, ...], speakers: int, seconds: float) -> None:
    sounds = [np.frombuffer(b"".join(read_recording(path)), dtype="<i2") for path in recordings]
    rate, size = SPEECH_FORMAT.sample_rate, round(BLOCK_S * SPEECH_FORMAT.sample_rate)
    starts = [round(number // len(sounds) * _APART_S * rate) for number in range(speakers)]
    pipe.send("ready")
    pipe.recv()
    start_s, cpu_s, late_s = time.monotonic(), time.process_time(), 0.0
    for at in itertools.takewhile(lambda at: at < seconds * rate, itertools.count(step=size)):
        for number in range(speakers):
            sound = sounds[number % len(sounds)]
            # The voices' blocks come one after the other within the 100 ms, as packets do.
            begun_s = start_s + number * BLOCK_S / speakers + at / rate
            time.sleep(max(0.0, begun_s + BLOCK_S - time.monotonic()))
            late_s = max(late_s, time.monotonic() - begun_s - BLOCK_S)
            pcm = sound.take(range(starts[number] + at, starts[number] + at + size), mode="wrap")
            pipe.send_bytes(_HEADER.pack(number, begun_s) + pcm.tobytes())
    pipe.send_bytes(b"")
    pipe.send((time.process_time() - cpu_s, late_s))
