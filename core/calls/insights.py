"""From utterances to the summary, and from the summary to the handbook: the order of questions, not their answers."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.assist.insight_source import InsightSource
from core.assist.model_watch import ModelWatch
from core.assist.summarizer import Summarizer
from core.calls.folding import FoldingPool, Job
from core.guidance.retriever import Retriever
from core.model.call import CallId, Language
from core.model.clock import Clock
from core.model.errors import AssistError, EarshotError, GuidanceError
from core.model.health import PartHealth, PartState
from core.model.insight import SummaryText, Turn
from core.model.message import Message
from core.model.passage import GuidanceAnswer, GuidanceRequest
from core.model.utterance import Utterance, in_order_of_coming

logger = logging.getLogger(__name__)

STALLED_S = 10.0
"""An extractive summary that takes longer than this is called stalled; requests to a model have their own limits."""
GUIDANCE_THREADS = 4
"""Calls whose handbook is asked at the same time: a remote one may be slow."""


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
    """The questions of all calls, on named threads; what arrives meanwhile is folded into the next.

    What begins with `ask` is called from any thread and never waits. The callbacks run on the threads.
    """

    def __init__(
        self,
        summarizer: Summarizer,
        retriever: Retriever,
        documents: int,
        clock: Clock,
        source: InsightSource | None = None,
        requests: int = 1,
    ) -> None:
        """`source` is the language model that is asked, None for none; `requests` may be on their way to it at once."""
        self._summarizer = summarizer
        self._retriever = retriever
        self._documents = documents
        self._clock = clock
        self.source = source
        self.watch = ModelWatch(clock)
        self.model_pool = FoldingPool("earshot-questions", clock, requests) if source is not None else None
        self.summary_worker = FoldingPool("earshot-assist", clock)
        self.guidance_worker = FoldingPool("earshot-guidance", clock, GUIDANCE_THREADS)

    def ask_model(self, call_id: CallId, job: Job) -> None:
        """Have a call's job with the model done; nothing happens where there is no model."""
        if self.model_pool is not None:
            self.model_pool.submit(call_id, job)

    def is_asking(self, call_id: CallId) -> bool:
        """Whether a call's job with the model runs or waits."""
        return self.model_pool is not None and self.model_pool.is_busy_with(call_id)

    def is_closing(self) -> bool:
        """Whether jobs should come to their end."""
        return self.model_pool is not None and self.model_pool.is_closed

    def ask_summary(
        self,
        call_id: CallId,
        finals: tuple[Utterance, ...],
        language: Language,
        done: Callable[[SummaryResult], None],
    ) -> None:
        """Sum the whole conversation up without a model."""
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
                    seen_utterance=in_order_of_coming(finals)[-1].id,
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

    def trouble(self) -> AssistError | None:
        """Why the model answers no call just now; None while it does. Any thread."""
        trouble = self.watch.trouble
        return trouble.error if trouble is not None else None

    @property
    def health(self) -> PartHealth:
        """DEGRADED while a summary is stalled, or something stands in for the model. Any thread."""
        busy_s = self.summary_worker.busy_s
        if busy_s > STALLED_S:
            busy = Message("The summary has been busy for {seconds} s.", {"seconds": round(busy_s)})
            return _health(PartState.DEGRADED, busy)
        if self.source is None:
            return _health(PartState.UP, Message("Extractive summary."))
        trouble = self.watch.stand_in_trouble
        if trouble is None:
            model = {"engine": self.source.engine, "model": self.source.model}
            return _health(PartState.UP, Message("Summary by {engine}, model {model}.", model))
        stands_in = Message("The extractive summary stands in until the language model answers again.")
        return _health(PartState.DEGRADED, trouble.error, stands_in)

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop all threads; idempotent."""
        if self.model_pool is not None and self.source is not None:
            # Jobs have to know that they end because of this before their answers break off.
            self.model_pool.close(0.0)
            self.source.close()
            self.model_pool.close(timeout_s)
        self.summary_worker.close(timeout_s)
        self.guidance_worker.close(timeout_s)


def _health(state: PartState, *detail: Message | EarshotError) -> PartHealth:
    return PartHealth("assist", state, needed=False, detail=detail)
