"""Searches of personas in the handbook: off the loop, a few at a time, and none without an end."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from core.calls.handbook_search import MOST_AT_ONCE, HandbookSearch
from core.model.errors import GuidanceServerFailed, PersonaToolFailed
from core.model.passage import GuidanceAnswer, GuidanceRequest, Passage

FOUND = (Passage("Refunds", "Within 14 days.", 2.0, "billing.md#refunds"),)


class HeldRetriever:
    """Answers when it is let; implements `core.guidance.retriever.Retriever`."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[str] = []
        self.error: GuidanceServerFailed | None = None

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        self.asked.append(request.summary)
        assert self.may_answer.wait(30)
        if self.error is not None:
            raise self.error
        return GuidanceAnswer("", FOUND)


@pytest.fixture
def retriever() -> Iterator[HeldRetriever]:
    held = HeldRetriever()
    yield held
    held.may_answer.set()


async def test_a_search_gives_the_passages_and_the_loop_goes_on_meanwhile(retriever: HeldRetriever) -> None:
    search = HandbookSearch(retriever)
    asked = asyncio.create_task(search.search("refund"))
    await asyncio.sleep(0.01)
    assert not asked.done()
    retriever.may_answer.set()
    assert tuple(await asked) == FOUND
    retriever.error = GuidanceServerFailed(address="handbook.test", status=500)
    with pytest.raises(GuidanceServerFailed):
        await search.search("refund")
    search.close()


async def test_searches_that_hang_gather_no_others_even_when_nobody_waits_for_them(retriever: HeldRetriever) -> None:
    search = HandbookSearch(retriever)
    waiting = [asyncio.create_task(search.search(f"query {n}")) for n in range(MOST_AT_ONCE)]
    await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(PersonaToolFailed, match="too many searches"):
        await search.search("one more")
    retriever.may_answer.set()
    async with asyncio.timeout(30):
        while search._going_on:  # noqa: ASYNC110 - what is waited for happens on other threads
            await asyncio.sleep(0.005)
    assert tuple(await search.search("again")) == FOUND
    search.close()
