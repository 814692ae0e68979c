"""A controller that does not read never holds anything up."""

import pytest

from core.media.events import LegChanged, VoiceSent
from core.media.guard import Tally
from core.media.messages import (
    LENGTH_BYTES,
    Done,
    LegReport,
    PcmReport,
    VoiceReport,
    body_length,
    decode_from_process,
)
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


def sent(number: int, item_id: str = "item", leg_id: str = "persona", late_s: float = 0.0) -> VoiceReport:
    return VoiceReport(VoiceSent(LegId(leg_id), item_id, 0.02 * number + late_s, 0.02))


async def test_what_voices_sent_keeps_its_place_among_the_changes_and_is_one_message_while_it_waits() -> None:
    outbox = Outbox(Tally())
    change = LegReport(LegChanged(LegId("persona"), LegState.LOST, 1.0))
    waiting = [
        pcm(1),
        sent(0),
        sent(0, leg_id="other"),
        sent(1, late_s=0.003),
        sent(2, "next"),
        sent(3, "next"),
        change,
    ]
    for message in waiting:
        outbox.put(message)
    assert await read_all(outbox, 5) == [
        VoiceReport(VoiceSent(LegId("persona"), "item", 0.0, 0.04)),
        sent(0, leg_id="other"),
        VoiceReport(VoiceSent(LegId("persona"), "next", 0.04, 0.04)),
        change,
        pcm(1),
    ]
    outbox.put(sent(4, "next"))
    assert await read_all(outbox, 1) == [sent(4, "next")]


async def test_a_pause_between_two_stretches_of_a_voice_is_told() -> None:
    outbox = Outbox(Tally())
    for number in (0, 1, 3, 4):
        outbox.put(sent(number))
    told = await read_all(outbox, 2)
    assert [each.sent.start_s for each in told if isinstance(each, VoiceReport)] == pytest.approx([0.0, 0.06])


async def test_twenty_voices_do_not_cost_a_controller_its_place_that_pauses_for_minutes() -> None:
    outbox = Outbox(Tally())
    for number in range(3_000):
        for leg in range(20):
            outbox.put(sent(number, leg_id=f"{leg}"))
    told = await read_all(outbox, 20)
    assert [each.sent.seconds for each in told if isinstance(each, VoiceReport)] == pytest.approx([60.0] * 20)
