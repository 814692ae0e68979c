"""A controller that does not read never holds anything up."""

import pytest

from core.media.events import LegChanged
from core.media.guard import Tally
from core.media.messages import LENGTH_BYTES, Done, LegReport, PcmReport, body_length, decode_from_process
from core.media.outbox import ORDER_LIMIT, PCM_LIMIT, Outbox, OutboxOverrun
from core.model.audio import PcmChunk
from core.model.call import LegId, LegState


def pcm(number: int) -> PcmReport:
    return PcmReport(PcmChunk(LegId("leg"), float(number), bytes(3200)))


async def read_all(outbox: Outbox, count: int) -> list[object]:
    messages: list[object] = []
    while len(messages) < count:
        batch = await outbox.next_batch()
        while batch:
            end = LENGTH_BYTES + body_length(batch[:LENGTH_BYTES])
            messages.append(decode_from_process(batch[LENGTH_BYTES:end]))
            batch = batch[end:]
    return messages


async def test_replies_and_changes_go_before_pcm() -> None:
    outbox = Outbox(Tally())
    change = LegReport(LegChanged(LegId("leg"), LegState.LOST, 1.0))
    for message in (pcm(1), Done(number=1), pcm(2), change):
        outbox.put(message)
    assert await read_all(outbox, 4) == [Done(number=1), change, pcm(1), pcm(2)]


async def test_the_oldest_pcm_is_dropped_and_counted() -> None:
    tally = Tally()
    outbox = Outbox(tally)
    for number in range(PCM_LIMIT + 7):
        outbox.put(pcm(number))
    outbox.put(Done(number=1))
    assert tally.read() == {"pcm_chunks": 7}
    assert await read_all(outbox, PCM_LIMIT + 1) == [
        Done(number=1),
        *(pcm(number) for number in range(7, PCM_LIMIT + 7)),
    ]


async def test_a_controller_that_never_reads_is_given_up() -> None:
    outbox = Outbox(Tally())
    for number in range(ORDER_LIMIT + 1):
        outbox.put(Done(number=number))
    with pytest.raises(OutboxOverrun):
        await outbox.next_batch()
