"""Work that may wait until the packets that have come are on their way."""

import asyncio
from collections import deque
from collections.abc import Callable

from core.media.guard import Guard

Piece = Callable[[], None]
Later = Callable[[Piece], None]
"""Has a piece of work done, soon."""


def at_once(piece: Piece) -> None:
    """Do it now."""
    piece()


class SpareTurns:
    """Does one piece of work in each turn of the loop, so that datagrams wait for one at most. Media loop only.

    In the callback of a datagram it would hold up all that came in the same turn: of 160 legs a fifth decode a chunk in
    the same 20 ms. Nothing is dropped: whoever asks has one piece waiting at most, and sees to that.

    Args:
        guard: Lets no exception of a piece out.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._waiting: deque[Piece] = deque()

    def later(self, piece: Piece) -> None:
        """Do it in a turn of its own, first come first served."""
        self._waiting.append(piece)
        if len(self._waiting) == 1:
            self._ask()

    def _ask(self) -> None:
        asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        with self._guard:
            self._waiting[0]()
        self._waiting.popleft()
        if self._waiting:
            self._ask()
