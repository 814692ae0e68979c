import logging

import pytest

from core.model.call import EndReason, Role
from core.model.utterance import Recognition
from tests.calls.conftest import World


async def test_a_card_number_is_nowhere_but_in_the_caller_s_mouth(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    session = await world.call()
    customer = await session.join(Role.CUSTOMER, "이수진")
    with caplog.at_level(logging.DEBUG):
        for ordinal, text in enumerate(("카드 번호는 4111 1111 1111 1111이에요", "사일일일 일일일일")):
            for is_final in (False, True):
                session.said(customer.id, Recognition(ordinal, text, is_final, float(ordinal), ordinal + 0.5))
        await session.end(EndReason.HUNG_UP)
    snapshot = session.record.snapshot()
    kept = world.store.load_call(session.call.id)
    everywhere = f"{snapshot} {kept} {caplog.text}"
    assert "[카드 번호]" in everywhere
    assert "1111" not in everywhere
    assert "사일일일" not in everywhere


@pytest.mark.parametrize(
    ("text", "stable", "expected"),
    [
        ("요금이 두 번 나왔어요", "요금이 두", "요금이 두"),
        ("카드 번호는 4111 1111 1111 1111이고", "카드 번호는 4111 1111", "카드 번호는 [카드 번호]"),
        ("저는 010-1234-5678이고요", "저는 010-1", "저는 "),
        (
            "카드 번호는 4111 1111 1111 1111이고 이름은",
            "카드 번호는 4111 1111 1111 1111이고",
            "카드 번호는 [카드 번호]이고",
        ),
    ],
)
async def test_what_is_stable_of_a_masked_text_is_counted_in_the_masked_text(
    world: World, text: str, stable: str, expected: str
) -> None:
    session = await world.call()
    customer = await session.join(Role.CUSTOMER, "이수진")
    session.said(customer.id, Recognition(0, text, False, 0.0, 1.0, stable_chars=len(stable)))
    (shown,) = session.record.snapshot().utterances
    assert shown.text[: shown.stable_chars] == expected
    session.said(customer.id, Recognition(0, text, True, 0.0, 1.0, stable_chars=len(stable)))
    await session.end(EndReason.HUNG_UP)
    (kept,) = session.record.snapshot().utterances
    assert kept.stable_chars == 0


@pytest.mark.parametrize(
    "said",
    [
        "공일공 구팔칠육 오사삼이로 주세요",
        "제번호는공일공구팔칠육오사삼이입니다",
        "연락처는 이천 원 아니고 구팔칠육이에요",
    ],
)
async def test_neither_what_is_shown_nor_what_the_engine_wrote_tells_a_spoken_number(world: World, said: str) -> None:
    session = await world.call()
    customer = await session.join(Role.CUSTOMER, "이수진")
    for is_final in (False, True):
        session.said(customer.id, Recognition(0, said, is_final, 1.0, 2.0))
    await session.end(EndReason.HUNG_UP)
    (kept,) = world.store.load_call(session.call.id).utterances
    assert "[전화번호]" in kept.text
    assert kept.raw_text == ""
    for number in ("구팔칠육", "9876"):
        assert number not in f"{kept} {session.record.snapshot()}"


async def test_a_number_that_was_masked_as_it_was_said_names_no_context_for_the_next(world: World) -> None:
    session = await world.call()
    customer = await session.join(Role.CUSTOMER, "이수진")
    for ordinal, said in enumerate(("공일공 구팔칠육 오사삼이로 주세요", "주문은 사팔이구일삼이에요")):
        session.said(customer.id, Recognition(ordinal, said, True, float(ordinal), ordinal + 0.5))
    await session.end(EndReason.HUNG_UP)
    kept = world.store.load_call(session.call.id).utterances
    assert [utterance.text for utterance in kept] == ["[전화번호]로 주세요", "주문은 사팔이구일삼이에요"]
