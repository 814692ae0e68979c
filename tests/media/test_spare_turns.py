"""Work that waits until the packets that have come are on their way."""

import asyncio

from core.media.guard import Guard, Tally
from core.media.spare_turns import SpareTurns


async def test_each_piece_has_a_turn_of_its_own_so_that_a_packet_waits_for_one_at_most() -> None:
    done: list[str] = []
    loop = asyncio.get_running_loop()
    turns = SpareTurns(Guard("pieces", Tally()))

    def packet(number: int) -> None:
        """Its callback; the next one comes while a piece is done."""
        done.append(f"packet {number}")
        if number < 3:
            loop.call_soon(packet, number + 1)

    for number in range(3):
        turns.later(lambda number=number: done.append(f"piece {number}"))  # type: ignore[misc]
    packet(0)
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ["packet 0", "piece 0", "packet 1", "piece 1", "packet 2", "piece 2", "packet 3"]


async def test_a_piece_that_fails_is_counted_and_the_next_are_done() -> None:
    tally, done = Tally(), []
    turns = SpareTurns(Guard("pieces", tally))

    def fail() -> None:
        raise ValueError

    turns.later(fail)
    turns.later(lambda: done.append(1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert done == [1]
    assert tally.read() == {"pieces": 1}


async def test_a_piece_may_ask_for_another() -> None:
    done: list[int] = []
    turns = SpareTurns(Guard("pieces", Tally()))

    def first() -> None:
        done.append(1)
        turns.later(lambda: done.append(2))

    turns.later(first)
    for _ in range(4):
        await asyncio.sleep(0)
    assert done == [1, 2]
    turns.later(lambda: done.append(3))
    await asyncio.sleep(0)
    assert done == [1, 2, 3]
