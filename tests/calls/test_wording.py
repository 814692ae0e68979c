"""Which of what an engine wrote is shown, searched and kept, and what of it stays as it was."""

import asyncio

from core.model.archive import CallQuery
from core.model.call import EndReason, Role
from core.model.utterance import Recognition
from tests.calls.conftest import World

SAID = "세 시 삼십 분에 만 오천 원 결제하실때"
SHOWN = "3시 30분에 15,000원 결제하실 때"


async def test_korean_is_shown_searched_and_summed_up_as_one_reads_it_and_kept_as_it_was_heard(world: World) -> None:
    session = await world.call()
    customer = await session.join(Role.CUSTOMER, "이수진")
    session.said(customer.id, Recognition(0, SAID, False, 1.0, 2.0))
    (interim,) = session.record.snapshot().utterances
    assert (interim.text, interim.raw_text) == ("3시 30분에 15,000원 결제하실때", SAID)
    session.said(customer.id, Recognition(0, SAID, True, 1.0, 2.0))
    session.said(customer.id, Recognition(1, "네", True, 2.0, 2.5))
    await session.end(EndReason.HUNG_UP)
    kept = world.store.load_call(session.call.id).utterances
    assert [(utterance.text, utterance.raw_text) for utterance in kept] == [(SHOWN, SAID), ("네", "")]
    assert world.store.search(CallQuery(text="15,000원")).total == 1
    assert world.store.search(CallQuery(text="오천")).total == 0


async def test_other_languages_stay_as_they_were_recognised(world: World) -> None:
    session = await world.call(language="en")
    customer = await session.join(Role.CUSTOMER, "Sue")
    for is_final in (False, True):
        session.said(customer.id, Recognition(0, SAID, is_final, 1.0, 2.0))
    await session.end(EndReason.HUNG_UP)
    (kept,) = world.store.load_call(session.call.id).utterances
    assert (kept.text, kept.raw_text) == (SAID, "")


async def test_a_correction_keeps_what_was_shown_as_the_original_and_what_was_heard_beside_it(world: World) -> None:
    session = await world.call()
    customer = await session.join(Role.CUSTOMER, "이수진")
    session.said(customer.id, Recognition(0, SAID, True, 1.0, 2.0))
    await session.end(EndReason.HUNG_UP)
    (kept,) = world.store.load_call(session.call.id).utterances
    corrected = world.store.correct(session.call.id, kept.id, "네 시에 결제했어요", "admin", 9.0)
    assert corrected.correction is not None
    assert (corrected.text, corrected.correction.original, corrected.raw_text) == ("네 시에 결제했어요", SHOWN, SAID)


async def test_finals_keep_their_order_though_some_take_longer_to_be_made_readable(world: World) -> None:
    session = await world.call()
    customer = await session.join(Role.CUSTOMER, "이수진")
    for ordinal in range(20):
        said = "안녕하세요무엇을도와드릴까요" * (1 + ordinal % 2 * 5) if ordinal % 3 else "네"
        session.said(customer.id, Recognition(ordinal, said, True, 20.0 - ordinal, 21.0))
    assert session.record.finals() == (), "nothing holds the loop up"
    kept: list[str] = []
    while len(kept) < 20:
        await asyncio.sleep(0)
        kept += [utterance.id for utterance in session.record.finals() if utterance.id not in kept]
    assert kept == [f"{customer.id}-{ordinal}" for ordinal in range(20)]
