"""RTP forwarding: packets go from socket to socket in the datagram's own callback, with a new header and new keys."""

import time

from aiortc import RTCRtpTransceiver

from core.media.bridge import Ear, Receive, TrackBridge
from core.media.compat import RtpOutlet, forward_receiver
from core.media.guard import Tally
from core.media.numbering import Numbering
from core.media.opus import SILENCE_PAYLOAD, OpusEncoder, Pcm
from core.media.pacer import Pacer
from core.media.packet import MediaPacket
from core.model.call import LegId

PACED = "pacer"
"""The source of what the server itself sends: a mix, or silence."""


class ForwardEar(Ear):
    """Sends packets past aiortc's sender, which is given a track that never has anything and goes on with RTCP."""

    def __init__(self, pacer: Pacer, tally: Tally) -> None:
        super().__init__(pacer, tally)
        self._numbering = Numbering()
        self._paced = 0
        self._encoder: OpusEncoder | None = None
        self.outlet: RtpOutlet | None = None
        """Where packets leave; given when the ear is wired."""

    def hear(self, leg_id: LegId, packet: MediaPacket, is_paced: bool) -> None:
        """Take a packet of one of the voices; `is_paced` as in `_spread`."""
        if len(self.voices) == 1:
            if self.track.started:
                source = (leg_id, packet.ssrc)
                pts = self.timeline.place(source, packet.timestamp, time.monotonic())
                if pts is not None:
                    number = self._numbering.place(source, packet.sequence)
                    arrival_s = None if is_paced else packet.arrival_s
                    self._send(number, pts, packet.payload, packet.marker, arrival_s)
        elif (voice := self.mixer.voice(leg_id)) is not None:
            voice.push_packet(packet)

    def send_mix(self, pcm: Pcm, pts: int) -> None:
        """See `Ear`."""
        if self._encoder is None:
            self._encoder = OpusEncoder()
        self._send_paced(self._encoder.encode(pcm), pts)

    def send_silence(self, pts: int) -> None:
        """See `Ear`."""
        self._send_paced(SILENCE_PAYLOAD, pts)

    def _send_paced(self, payload: bytes, pts: int) -> None:
        self._paced += 1
        self._send(self._numbering.place(PACED, self._paced & 0xFFFF), pts, payload, marker=False, arrival_s=None)

    def _send(self, number: int | None, pts: int, payload: bytes, marker: bool, arrival_s: float | None) -> None:
        if number is not None and self.outlet is not None and self.outlet.send(number, pts, payload, marker):
            self.track.note_sent(pts, arrival_s)


class ForwardBridge(TrackBridge):
    """Forwards packets without decoding or queueing them; loss and reordering reach the far end as they were."""

    def _new_ear(self) -> ForwardEar:
        return ForwardEar(self._pacer, self._tally)

    def attach(self, leg_id: LegId, transceiver: RTCRtpTransceiver, receive: Receive) -> None:
        """See `Bridge`."""
        transceiver.sender.replaceTrack(self._attach_ear(leg_id))
        ear = self._ears[leg_id]
        if isinstance(ear, ForwardEar):
            ear.outlet = RtpOutlet(transceiver, self._tally)

        def take(packet: MediaPacket) -> None:
            self._spread(leg_id, packet, is_paced=False)
            receive(packet)

        forward_receiver(transceiver.receiver, take, self._guard, self._tally)

    def inject(self, leg_id: LegId, packet: MediaPacket) -> None:
        """See `Bridge`."""
        self._spread(leg_id, packet, is_paced=True)

    def _spread(self, leg_id: LegId, packet: MediaPacket, is_paced: bool) -> None:
        """Let a packet be heard; `is_paced` if it was made here, in its slot on the server's clock."""
        for ear in self._hearing(leg_id):
            if isinstance(ear, ForwardEar):
                ear.hear(leg_id, packet, is_paced)
