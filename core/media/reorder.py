"""Packets back in order, with a small patience."""

from core.media.packet import MediaPacket, signed_difference

PATIENCE = 3
"""Packets that may wait for a missing one before it is given up: 60 ms of usual packets."""

RESTART = 200
"""A sequence number this far away is a new beginning, not a reordered packet."""


class Reorder:
    """Hands packets on by sequence number. A missing one is awaited for a few packets; one that comes later is late."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._ssrc = 0
        self._held: dict[int, MediaPacket] = {}
        self.late = 0
        """Packets that came after they had been given up, or twice."""

    def push(self, packet: MediaPacket) -> list[MediaPacket]:
        """Take a packet; returns those that are now in order, oldest first."""
        ready: list[MediaPacket] = []
        distance = 0 if self._next is None else signed_difference(packet.sequence, self._next, 16)
        if self._next is None or packet.ssrc != self._ssrc or abs(distance) > RESTART:
            ready = self.flush()
            self._next, self._ssrc, distance = packet.sequence, packet.ssrc, 0
        if distance < 0 or packet.sequence in self._held:
            self.late += 1
            return ready
        self._held[packet.sequence] = packet
        if len(self._held) > PATIENCE and self._next not in self._held:
            self._next = min(self._held, key=self._distance)
        while (following := self._held.pop(self._next, None)) is not None:
            ready.append(following)
            self._next = (self._next + 1) & 0xFFFF
        return ready

    def flush(self) -> list[MediaPacket]:
        """Give up what is missing; returns what was waiting. The next packet is a new beginning."""
        waiting = sorted(self._held.values(), key=lambda packet: self._distance(packet.sequence))
        self._held.clear()
        self._next = None
        return waiting

    def _distance(self, sequence: int) -> int:
        return 0 if self._next is None else signed_difference(sequence, self._next, 16)
