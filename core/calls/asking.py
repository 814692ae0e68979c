"""One question to the language model about one call, from sending it to the end of its answer."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from core.assist.insight_source import InsightSource
from core.assist.insight_stream import EMPTY
from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import (
    AssistError,
    ModelKeyRefused,
    ModelQuotaUsedUp,
    ModelRateLimited,
    ModelRequestRefused,
    ModelServerFailed,
    ModelServerForeign,
    ModelUnknown,
    ModelUnreachable,
)
from core.model.insight import Insight, RequestTimes, RiskFlag, SummaryText, TokenUsage, Turn
from core.model.utterance import Utterance, in_order_of_coming

Mask = Callable[[str, Language], str]
TURNED_AWAY = (
    ModelUnreachable,
    ModelServerForeign,
    ModelServerFailed,
    ModelKeyRefused,
    ModelUnknown,
    ModelQuotaUsedUp,
    ModelRateLimited,
    ModelRequestRefused,
)
"""Failures of requests that no model has worked on, unless something had come of the answer before."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: everything that was said until now."""

    finals: tuple[Utterance, ...]
    """The final utterances as they read now, in order of their start; at least one."""
    language: Language
    wanted_s: float
    """When the last of them was kept, on the call's clock."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The utterances as a model or a summarizer reads them: what is masked in them stays masked."""
        return tuple(Turn(each.role, each.text) for each in self.finals)

    @property
    def seen_utterance(self) -> str:
        """Id of the one that came last: no question that has seen less has the same."""
        return in_order_of_coming(self.finals)[-1].id


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    insight: Insight
    """The fields that were complete and valid at the end, whatever the end was."""
    times: RequestTimes
    """`done_s` is None where the answer broke off."""
    usage: TokenUsage | None
    error: AssistError | None
    """Why it is no whole answer."""

    @property
    def was_worked_on(self) -> bool:
        """Whether a model has worked on the question, as far as anybody can tell: then it has its price."""
        return self.times.first_token_s is not None or not isinstance(self.error, TURNED_AWAY)


class Asking:
    """Runs one question on a thread of the pool."""

    def __init__(
        self,
        source: InsightSource,
        question: Question,
        clock: Clock,
        origin: float,
        mask: Mask,
        is_over: Callable[[], bool],
    ) -> None:
        """`origin` is where the call's clock starts, in monotonic seconds; `mask` hides what a model puts together of
        pieces that were harmless each; `is_over` is asked between two pieces of the answer: the server is closing."""
        self._source = source
        self._question = question
        self._clock = clock
        self._origin = origin
        self._mask = mask
        self._is_over = is_over

    def run(
        self, previous: Insight | None, sent: Callable[[], None], drafted: Callable[[Insight], None]
    ) -> Answer | None:
        """Ask, and wait for the end of the answer. Blocking. None when the server closes meanwhile.

        Args:
            previous: What is believed of the call so far.
            sent: Told when the question is about to be sent.
            drafted: Told what has come, each time that another field has become complete and valid.
        """
        question = self._question
        answers = self._source.ask(question.turns, question.language, previous)
        raw = shown = EMPTY
        usage: TokenUsage | None = None
        error: AssistError | None = None
        times = RequestTimes(wanted_s=question.wanted_s, sent_s=self._now_s())
        sent()
        try:
            with closing(answers):
                for each in answers:
                    if times.first_token_s is None:
                        times = replace(times, first_token_s=self._now_s())
                    usage = each.usage or usage
                    if each.insight != raw:
                        raw, shown = each.insight, self._masked(each.insight)
                        if times.summary_s is None and shown.text.summary:
                            times = replace(times, summary_s=self._now_s())
                        drafted(shown)
                    if self._is_over():
                        return None
            times = replace(times, done_s=self._now_s())
        except AssistError as failure:
            if self._is_over():
                return None
            error = failure
        return Answer(shown, times, usage, error)

    def _now_s(self) -> float:
        return self._clock.monotonic() - self._origin

    def _masked(self, insight: Insight) -> Insight:
        def mask(text: str) -> str:
            return self._mask(text, self._question.language) if text else text

        text = insight.text
        return replace(
            insight,
            text=SummaryText(mask(text.summary), mask(text.customer_issue), mask(text.agent_action)),
            risks=tuple(RiskFlag(risk.kind, mask(risk.words)) for risk in insight.risks),
            suggested_reply=mask(insight.suggested_reply),
        )
