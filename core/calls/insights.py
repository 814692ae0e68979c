"""From utterances to the summary, and from the summary to the handbook: the order of questions, not their answers."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.assist.summarizer import Summarizer
from core.calls.folding import FoldingWorker
from core.guidance.retriever import Retriever
from core.model.call import CallId, Language
from core.model.clock import Clock
from core.model.errors import GuidanceError
from core.model.health import PartHealth, PartState
from core.model.insight import SummaryText, Turn
from core.model.message import Message
from core.model.passage import GuidanceAnswer, GuidanceRequest
from core.model.utterance import Utterance

logger = logging.getLogger(__name__)

STALLED_S = 10.0
"""A summary that takes longer than this is called stalled."""


@dataclass(frozen=True, slots=True)
class SummaryResult:
    """A summarizer's answer with what it was asked about."""

    text: SummaryText
    engine: str
    model: str
    seen_utterance: str
    turns: int
    took_s: float


@dataclass(frozen=True, slots=True)
class GuidanceResult:
    """A retriever's answer with the query it belongs to."""

    query: str
    answer: GuidanceAnswer
    took_s: float


class Insights:
    """The two questions of all calls, each on its own named thread; what arrives meanwhile is folded into the next.

    `ask_summary` and `ask_guidance` are called on the calls loop and never wait. The callbacks run on the threads.
    """

    def __init__(self, summarizer: Summarizer, retriever: Retriever, documents: int, clock: Clock) -> None:
        self._summarizer = summarizer
        self._retriever = retriever
        self._documents = documents
        self._clock = clock
        self.summary_worker = FoldingWorker("earshot-assist", clock)
        self.guidance_worker = FoldingWorker("earshot-guidance", clock)

    def ask_summary(
        self,
        call_id: CallId,
        finals: tuple[Utterance, ...],
        language: Language,
        done: Callable[[SummaryResult], None],
    ) -> None:
        """Sum the whole conversation up."""
        if not finals:
            return

        def job() -> None:
            started = self._clock.monotonic()
            text = self._summarizer.summarize([Turn(u.role, u.text) for u in finals], language)
            done(
                SummaryResult(
                    text=text,
                    engine=self._summarizer.engine,
                    model=self._summarizer.model,
                    seen_utterance=finals[-1].id,
                    turns=len(finals),
                    took_s=self._clock.monotonic() - started,
                )
            )

        self.summary_worker.submit(call_id, job)

    def ask_guidance(
        self,
        call_id: CallId,
        text: SummaryText,
        done: Callable[[GuidanceResult], None],
        failed: Callable[[GuidanceError], None],
    ) -> None:
        """Ask the handbook about a summary and the customer's issue."""
        query = " ".join(part for part in (text.summary, text.customer_issue) if part)
        if not query:
            return

        def job() -> None:
            started = self._clock.monotonic()
            try:
                answer = self._retriever.assist(GuidanceRequest(summary=query, max_documents=self._documents))
            except GuidanceError as error:
                # Only the kind: a server's own words may repeat what it was asked.
                logger.warning("call %s: the handbook gives no passages: %s", call_id, type(error).__name__)
                failed(error)
                return
            done(GuidanceResult(query=query, answer=answer, took_s=self._clock.monotonic() - started))

        self.guidance_worker.submit(call_id, job)

    @property
    def health(self) -> PartHealth:
        """DEGRADED while a summary is stalled. Any thread."""
        busy_s = self.summary_worker.busy_s
        stalled = busy_s > STALLED_S
        busy = Message("The summary has been busy for {seconds} s.", {"seconds": round(busy_s)})
        return PartHealth(
            name="assist",
            state=PartState.DEGRADED if stalled else PartState.UP,
            needed=False,
            detail=(busy if stalled else Message("Extractive summary."),),
        )

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop both threads; idempotent."""
        self.summary_worker.close(timeout_s)
        self.guidance_worker.close(timeout_s)
