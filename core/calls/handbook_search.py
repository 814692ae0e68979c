"""Searches the handbook for personas: on threads of its own, a few at a time, and not without end."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from core.guidance.retriever import Retriever
from core.model.errors import PersonaToolFailed
from core.model.message import Message
from core.model.passage import GuidanceAnswer, GuidanceRequest, Passage
from core.persona.handbook_tool import MOST_PASSAGES, SEARCH_HANDBOOK

logger = logging.getLogger(__name__)

THREADS = 2
MOST_AT_ONCE = 8
"""Searches that go on or wait; whoever comes then is told to do without. What nobody waits for any more still counts
until it is over: a retrieval server that hangs must not gather threads or requests."""


class HandbookSearch:
    """One a server. `close` on any thread but the loop's, after the calls."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="earshot-persona-handbook")
        self._going_on = 0

    async def search(self, query: str) -> Sequence[Passage]:
        """The best passages for a query, best first. On the calls loop.

        Raises:
            GuidanceError: the handbook gives no answer.
            PersonaToolFailed: too many ask at once.
        """
        if self._going_on >= MOST_AT_ONCE:
            raise PersonaToolFailed(tool=SEARCH_HANDBOOK, reason=Message("too many searches go on at once"))
        request = GuidanceRequest(summary=query, max_documents=MOST_PASSAGES)
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, self._retriever.assist, request)
        self._going_on += 1
        future.add_done_callback(self._ended)
        # Whoever stops waiting must not make the count forget a thread that goes on.
        return (await asyncio.shield(future)).documents

    def _ended(self, future: "asyncio.Future[GuidanceAnswer]") -> None:
        self._going_on -= 1
        if not future.cancelled() and (error := future.exception()) is not None:
            # Only the kind: a server's own words may repeat what it was asked.
            logger.warning("the handbook gives a persona no passages: %s", type(error).__name__)

    def close(self) -> None:
        """Begin nothing more, and wait for what goes on; idempotent."""
        self._executor.shutdown(wait=True, cancel_futures=True)
