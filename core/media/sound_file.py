"""Sound files as streams of Opus packets, read ahead by a thread so that no loop ever waits for a disk or a codec."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from core.media.opus import SILENCE_PAYLOAD, OpusEncoder, Pcm
from core.media.packet import CLOCK_RATE, FRAME_SAMPLES
from core.model.errors import AudioFileUnreadable

AHEAD = 100
"""Packets that are encoded ahead: two seconds."""


def read_frames(path: Path) -> Iterator[Pcm]:
    """A file's first sound stream as 20 ms frames of 48 kHz mono, the last one filled up with silence. Blocking.

    Raises:
        AudioFileUnreadable: it is missing, holds no sound, or is damaged.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioFileUnreadable(path=str(path), reason="it holds no sound")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=CLOCK_RATE, frame_size=FRAME_SAMPLES)
            for frame in container.decode(container.streams.audio[0]):
                frame.pts = None
                for resampled in resampler.resample(frame):
                    yield _whole(resampled.to_ndarray()[0])
            for resampled in resampler.resample(None):
                yield _whole(resampled.to_ndarray()[0])
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioFileUnreadable(path=str(path), reason=reason) from error


def _whole(pcm: Pcm) -> Pcm:
    return np.pad(pcm, (0, FRAME_SAMPLES - len(pcm))) if len(pcm) < FRAME_SAMPLES else pcm


class SoundFile:
    """A file being played. `start` and `close` block briefly; `next_packet` never does. One owner."""

    def __init__(self, path: Path, loop: bool = False, offset_s: float = 0.0) -> None:
        """`offset_s` seconds of the file are left out when it is played first."""
        self._path = path
        self._skip = int(offset_s * CLOCK_RATE / FRAME_SAMPLES)
        self._loop = loop
        self._packets: queue.Queue[bytes | None] = queue.Queue(AHEAD)
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._error: AudioFileUnreadable | None = None
        self._thread = threading.Thread(target=self._read, name=f"media-file-{path.name}", daemon=True)
        self.ended = False
        """Whether the last packet was taken."""
        self.starved = 0
        """Packets of silence that stood in because the disk was slow."""

    def start(self) -> None:
        """Read ahead. Blocking until the first packet is there.

        Raises:
            AudioFileUnreadable: the file cannot be played.
        """
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    @property
    def error(self) -> AudioFileUnreadable | None:
        """What broke the file off in the middle, if anything did."""
        return self._error

    def _read(self) -> None:
        encoder = OpusEncoder()
        try:
            while not self._stop.is_set():
                heard = False
                for frame in read_frames(self._path):
                    heard = True
                    if self._skip > 0:
                        self._skip -= 1
                        continue
                    if not self._offer(encoder.encode(frame)):
                        return
                if not heard:
                    raise AudioFileUnreadable(path=str(self._path), reason="it is empty")
                if not self._loop:
                    break
        except AudioFileUnreadable as error:
            self._error = error
        self._offer(None)

    def _offer(self, packet: bytes | None) -> bool:
        while not self._stop.is_set():
            try:
                self._packets.put(packet, timeout=0.1)
            except queue.Full:
                continue
            finally:
                self._ready.set()
            return True
        self._ready.set()
        return False

    def next_packet(self) -> bytes:
        """The next 20 ms as an Opus packet; silence after the end. Never blocks."""
        if self.ended:
            return SILENCE_PAYLOAD
        try:
            packet = self._packets.get_nowait()
        except queue.Empty:
            self.starved += 1
            return SILENCE_PAYLOAD
        if packet is None:
            self.ended = True
            return SILENCE_PAYLOAD
        return packet

    def close(self) -> None:
        """Stop reading and wait for the thread. Idempotent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
