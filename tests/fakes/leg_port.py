"""Real leg ports without the media process: each leg is an aiortc peer connection in a thread of its own.

A leg with a microphone hears its own echo; a leg that only listens hears a tone. `EchoHouse.journal` gets one JSON line
for every leg that is opened, changes its state or is closed, so a test outside the process can follow.
"""

import asyncio
import fractions
import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import candidate_from_sdp

from core.calls.leg_port import LegPort
from core.calls.loop import CallsLoop
from core.model.call import LegId, LegState
from core.model.errors import EarshotError, LegNotFound, OfferRefused

SAMPLE_RATE = 48_000
FRAME = SAMPLE_RATE // 50


class Tone(MediaStreamTrack):
    """440 Hz at a quarter of full scale, 20 ms a frame, in real time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._index = 0
        self._start = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._start + self._index / 50 - time.monotonic()))
        phase = (np.arange(FRAME) + self._index * FRAME) * (2 * np.pi * 440 / SAMPLE_RATE)
        frame = av.AudioFrame.from_ndarray((np.sin(phase) * 8191).astype(np.int16)[None, :], layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            SAMPLE_RATE,
            self._index * FRAME,
            fractions.Fraction(1, SAMPLE_RATE),
        )
        self._index += 1
        return frame


class EchoHouse:
    """Implements `core.calls.leg_port.LegOwner`; `open` may be called from any thread."""

    def __init__(self, journal: Path) -> None:
        self._calls = CallsLoop("echo-house")
        self._journal = journal
        self._numbers = itertools.count(1)
        self._connections: dict[LegId, RTCPeerConnection] = {}
        self._states: dict[LegId, LegState] = {}
        self.refusal: EarshotError | None = None
        """Raised by every `open` while it is set."""

    def open(self) -> LegPort:
        if self.refusal is not None:
            raise self.refusal
        leg_id = LegId(f"leg-{next(self._numbers)}")
        self._note(leg_id, LegState.OPEN)
        return LegPort(leg_id, self, self._calls, leave_token="")

    def end_all(self, *, on_purpose: bool) -> None:
        """Drop every connection from the server's side, by intent or as if the media process had died."""
        for leg_id in list(self._connections):
            self._calls.post(lambda leg_id=leg_id: self._end(leg_id, LegState.CLOSED if on_purpose else LegState.LOST))

    async def answer(self, leg_id: LegId, offer_sdp: str) -> str:
        if leg_id in self._connections:
            raise OfferRefused(leg_id=leg_id, reason="a leg has one offer")
        connection = self._connections[leg_id] = RTCPeerConnection()
        self._note(leg_id, LegState.CONNECTING)

        @connection.on("track")
        def echo(track: MediaStreamTrack) -> None:
            if track.kind == "audio":
                connection.addTrack(track)

        @connection.on("connectionstatechange")
        def changed() -> None:
            if connection.connectionState == "connected":
                self._note(leg_id, LegState.CONNECTED)
            elif connection.connectionState in ("failed", "closed") and leg_id in self._connections:
                self._note(leg_id, LegState.LOST)

        await connection.setRemoteDescription(RTCSessionDescription(offer_sdp, "offer"))
        if not any(t.sender.track for t in connection.getTransceivers()):
            connection.addTrack(Tone())
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp

    async def add_candidate(self, leg_id: LegId, candidate: Mapping[str, object]) -> None:
        connection = self._connections.get(leg_id)
        if connection is None:
            raise LegNotFound(leg_id=leg_id)
        text = str(candidate.get("candidate", ""))
        if text:
            parsed = candidate_from_sdp(text)
            parsed.sdpMid, parsed.sdpMLineIndex = candidate.get("sdpMid"), candidate.get("sdpMLineIndex")
            await connection.addIceCandidate(parsed)

    async def close_leg(self, leg_id: LegId) -> None:
        await self._end(leg_id, LegState.CLOSED)

    async def lose_leg(self, leg_id: LegId) -> None:
        await self._end(leg_id, LegState.LOST)

    async def _end(self, leg_id: LegId, state: LegState) -> None:
        connection = self._connections.pop(leg_id, None)
        if connection is not None or self._states.get(leg_id) is LegState.OPEN:
            self._note(leg_id, state)
        if connection is not None:
            await connection.close()

    def leg_state(self, leg_id: LegId) -> LegState | None:
        return self._states.get(leg_id)

    def _note(self, leg_id: LegId, state: LegState) -> None:
        self._states[leg_id] = state
        with self._journal.open("a") as journal:
            journal.write(json.dumps({"leg_id": leg_id, "state": state.value, "at": time.monotonic()}) + "\n")
