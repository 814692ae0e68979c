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
