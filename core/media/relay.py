"""The fallback: every voice is decoded by aiortc, fanned out by its MediaRelay, and encoded again for each ear."""

import asyncio
import time

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCRtpTransceiver
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError

from core.media.bridge import Ear, Receive, TrackBridge
from core.media.compat import tap_receiver
from core.media.guard import Tally
from core.media.opus import OpusDecoder, Pcm, audio_frame
from core.media.packet import FRAME_SAMPLES, MediaPacket
from core.model.call import LegId

SILENCE: Pcm = np.zeros(FRAME_SAMPLES, np.int16)


class RelayEar(Ear):
    """Gets decoded frames; aiortc's sender encodes them."""

    def hear(self, leg_id: LegId, pcm: Pcm, timestamp: int, now_s: float, is_paced: bool) -> None:
        """Take decoded samples of one of the voices, with their place on the voice's 48 kHz clock.

        `is_paced` as in `_spread`.
        """
        if len(self.voices) == 1:
            pts = self.timeline.place(leg_id, timestamp, now_s)
            if pts is not None:
                self.track.put(audio_frame(pcm, pts), None if is_paced else now_s)
        elif (voice := self.mixer.voice(leg_id)) is not None:
            voice.push(pcm)

    def send_mix(self, pcm: Pcm, pts: int) -> None:
        """See `Ear`."""
        self.track.put(audio_frame(pcm, pts))

    def send_silence(self, pts: int) -> None:
        """See `Ear`."""
        self.track.put(audio_frame(SILENCE, pts))


class RelayBridge(TrackBridge):
    """Works with any aiortc, at ten times the CPU and 80 ms more delay (its jitter buffer)."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._relay = MediaRelay()
        self._pumps: dict[LegId, asyncio.Task[None]] = {}
        self._decoders: dict[LegId, OpusDecoder] = {}

    def _new_ear(self) -> RelayEar:
        return RelayEar(self._pacer, self._tally)

    def attach(self, leg_id: LegId, transceiver: RTCRtpTransceiver, receive: Receive) -> None:
        """See `Bridge`."""
        transceiver.sender.replaceTrack(self._attach_ear(leg_id))
        tap_receiver(transceiver.receiver, receive, self._guard, decode=True)
        if transceiver.receiver.track is not None:
            source = self._relay.subscribe(transceiver.receiver.track)
            self._pumps[leg_id] = asyncio.create_task(self._pump(leg_id, source), name=f"media-relay-{leg_id}")

    async def _pump(self, leg_id: LegId, source: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await source.recv()
            except MediaStreamError:
                return
            if isinstance(frame, av.AudioFrame) and frame.pts is not None:
                with self._guard:
                    self._spread(leg_id, mono(frame), frame.pts, time.monotonic(), is_paced=False)

    def inject(self, leg_id: LegId, packet: MediaPacket) -> None:
        """See `Bridge`."""
        pcm = self._decoders.setdefault(leg_id, OpusDecoder()).decode(packet.payload)
        self._spread(leg_id, pcm, packet.timestamp, packet.arrival_s, is_paced=True)

    def _spread(self, leg_id: LegId, pcm: Pcm, timestamp: int, now_s: float, is_paced: bool) -> None:
        """Let samples be heard; `is_paced` if they were made here, in their slot on the server's clock."""
        for ear in self._hearing(leg_id):
            if isinstance(ear, RelayEar):
                ear.hear(leg_id, pcm, timestamp, now_s, is_paced)

    def _held(self) -> set[LegId]:
        return {*super()._held(), *self._pumps, *self._decoders}

    async def detach(self, leg_id: LegId) -> None:
        """See `Bridge`."""
        self._decoders.pop(leg_id, None)
        pump = self._pumps.pop(leg_id, None)
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        await super().detach(leg_id)


def mono(frame: av.AudioFrame) -> Pcm:
    """The samples of an interleaved 16-bit frame, its channels averaged."""
    samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
    return np.asarray(samples.mean(axis=1), np.int16)
