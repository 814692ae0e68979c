"""When a datagram came, as the kernel noted it: what it then waited for the loop is the server's doing."""

import asyncio
import fcntl
import socket
import struct
import sys
import time

_LAST_STAMP = 0x8907
"""SIOCGSTAMPNS of Linux, see socket(7): when the datagram came that was read last, on the wall clock."""
_STAMP = struct.Struct("@ll")
"""Seconds and nanoseconds."""
LONGEST_WAIT_S = 5.0
"""A wait beyond it, or below 0, is a wall clock that was set."""


class SocketClock:
    """The arrivals of one socket's datagrams. Loop of the socket only.

    Where the kernel tells none (another system, a way through a TURN server), a datagram arrives when it is read.
    """

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        own = transport.get_extra_info("socket")
        is_stamped = sys.platform == "linux" and own is not None and own.type == socket.SOCK_DGRAM
        self._fileno: int | None = own.fileno() if is_stamped else None
        self._stamp = bytearray(_STAMP.size)

    def arrival_s(self) -> float:
        """When the datagram arrived that is being handled now, in monotonic seconds."""
        now_s = time.monotonic()
        if self._fileno is None:
            return now_s
        try:
            fcntl.ioctl(self._fileno, _LAST_STAMP, self._stamp)
        except OSError:
            self._fileno = None
            return now_s
        seconds, nanoseconds = _STAMP.unpack(self._stamp)
        waited_s = time.time() - seconds - nanoseconds * 1e-9
        return now_s - waited_s if 0.0 <= waited_s < LONGEST_WAIT_S else now_s
