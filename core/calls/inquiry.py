"""What is made of one call's words: when the language model is asked, what of its answers is kept, what stands in.

The model is asked after final utterances, once at a time; what is said meanwhile is folded into the next question.
While it is in trouble the extractive summary stands in, and the model is asked again until it answers.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from core.assist.last_valid import over
from core.assist.model_watch import Trouble, after_failure
from core.calls.asking import Answer, Asking, Question
from core.calls.insights import GuidanceResult, SummaryResult
from core.calls.record import CallRecord
from core.calls.services import CallServices
from core.calls.turn_log import TurnLog
from core.language.masking import masked
from core.model.errors import AssistError, GuidanceError
from core.model.insight import Insight, ModelActivity, ModelPhase, Summary, SummaryText
from core.model.passage import Guidance
from core.model.turn_trace import ModelAnswer, Purpose

logger = logging.getLogger(__name__)


class Inquiry:
    """One call's questions. `ask` and `tick` are called on the calls loop and never wait.

    `_trouble`, `_believed`, `_answered` and `_failed` are written by the call's job alone, of which one runs at a time
    (`_trouble` by `tick`, too, while there is no job); everything else belongs to the calls loop.
    """

    def __init__(
        self,
        record: CallRecord,
        services: CallServices,
        turns: TurnLog,
        hand_over: Callable[[Callable[[], None]], None],
    ) -> None:
        """`hand_over` has something done on the calls loop, from any thread."""
        self._turns = turns
        self._record = record
        self._services = services
        self._hand_over = hand_over
        self._insights = services.insights
        self._question: Question | None = None
        self._stood_in_for: Question | None = None
        self._query = ""
        self._unguided_by: object | None = None
        """The answer for which the handbook has failed with `_query`."""
        self._trouble: Trouble | None = None
        self._believed: Insight | None = None
        self._answered: Question | None = None
        self._failed: Question | None = None
        source = self._insights.source
        self._activity = ModelActivity(source.engine, source.model) if source is not None else None
        if self._activity is not None:
            record.set_model(self._activity)

    # On the calls loop

    def ask(self) -> None:
        """Have everything that was said so far summed up; nothing happens where nothing, or nothing new, was said."""
        finals = self._record.finals()
        if not finals or (self._question is not None and self._question.finals == finals):
            return
        self._question = Question(finals, self._record.call.language, self._record.now_s())
        trouble = self._trouble
        if self._insights.source is None:
            self._extract(self._question, "")
        elif trouble is not None and trouble.stands_in:
            self._extract(self._question, trouble.code)
        self._submit()

    def tick(self) -> None:
        """Once a second: ask the model again that failed, if it is time."""
        trouble, shared = self._trouble, self._insights.watch.trouble
        if trouble is None or self._question is self._answered or self._insights.is_asking(self._record.call.id):
            return
        if trouble.is_of_the_conversation and self._question is self._failed:
            return
        if trouble.is_shared and shared is not None and shared != trouble:
            # What another call's probe came to counts for this one, too: the time of the next above all.
            trouble = self._trouble = shared
            self._show(ModelPhase.FAILED)
        is_over_elsewhere = trouble.is_shared and shared is None
        if is_over_elsewhere or self._services.clock.monotonic() >= trouble.retry_at:
            self._submit()

    def _submit(self) -> None:
        self._insights.ask_model(self._record.call.id, self._run)

    def _extract(self, question: Question, stands_in_for: str) -> None:
        if question is self._stood_in_for:
            return
        self._stood_in_for = question
        done = partial(self._extracted, stands_in_for)
        self._insights.ask_summary(
            self._record.call.id,
            question.finals,
            question.language,
            done=lambda result: self._hand_over(partial(done, result)),
        )

    def _extracted(self, stands_in_for: str, result: SummaryResult) -> None:
        summary = Summary(
            text=result.text,
            engine=result.engine,
            model=result.model,
            seen_utterance=result.seen_utterance,
            turns=result.turns,
            at_s=self._record.now_s(),
            took_s=result.took_s,
            stands_in_for=stands_in_for,
        )
        is_news = self._is_news(summary)
        self._turns.answered(summary, is_news=is_news)
        if is_news:
            self._keep(summary)
            self._guide(summary.text, summary.seen_utterance, result)

    def _is_news(self, extracted: Summary) -> bool:
        """Whether an extractive summary says something that the latest one does not, and nothing better has come."""
        latest = self._record.latest_summary
        if extracted.stands_in_for and self._trouble is None:
            # The model has answered meanwhile: what stood in for it comes too late.
            return False
        if latest is None:
            return bool(extracted.text.summary)
        if (latest.text, latest.stands_in_for) == (extracted.text, extracted.stands_in_for):
            return False
        if latest.engine != extracted.engine:
            return latest.turns < extracted.turns
        return latest.turns <= extracted.turns

    def _take(self, question: Question, asking: Asking, answer: Answer, believed: Insight) -> None:
        """Keep what the model said, and what of an answer that broke off was valid."""
        assert self._activity is not None
        now_s = self._record.now_s()
        summary = Summary(
            text=believed.text,
            engine=self._activity.engine,
            model=self._activity.model,
            seen_utterance=question.seen_utterance,
            turns=len(question.finals),
            at_s=now_s,
            took_s=now_s - answer.times.sent_s,
            intent=believed.intent,
            sentiment=believed.sentiment,
            risks=believed.risks,
            suggested_reply=believed.suggested_reply,
            times=answer.times,
            usage=answer.usage,
        )
        self._turns.answered(summary, is_news=True)
        self._keep(summary)
        self._guide(believed.text, summary.seen_utterance, asking)

    def _charge(self, question: Question, answer: Answer) -> None:
        """Have it kept that the model was asked, although it has said nothing."""
        assert self._activity is not None
        self._turns.asked_in_vain(
            ModelAnswer(
                purpose=Purpose.SUMMARY_IN_VAIN,
                engine=self._activity.engine,
                model=self._activity.model,
                at_s=self._record.now_s(),
                seen_utterance=question.seen_utterance,
                turns=len(question.finals),
                is_news=False,
                times=answer.times,
                usage=answer.usage,
            )
        )

    def _keep(self, summary: Summary) -> None:
        self._record.add_summary(summary)
        store = self._services.store
        self._services.durable.post(partial(store.save_summary, self._record.call.id, summary))

    def _guide(self, text: SummaryText, seen_utterance: str, answer: object) -> None:
        """Ask the handbook, unless it has been asked just that; after a failure the next answer asks again.

        `answer` is the same for all that is known of one answer, while it arrives and at its end.
        """
        query = f"{text.summary} {text.customer_issue}"
        if query == self._query and self._unguided_by in (None, answer):
            return
        self._query, self._unguided_by = query, None
        asked_s = self._record.now_s()
        self._insights.ask_guidance(
            self._record.call.id,
            text,
            done=lambda found: self._hand_over(partial(self._guided, found, seen_utterance, asked_s)),
            failed=lambda error: self._hand_over(partial(self._unguided, query, answer, error)),
        )

    def _unguided(self, query: str, answer: object, error: GuidanceError) -> None:
        self._services.tally.failed("guidance", error)
        if query == self._query:
            self._unguided_by = answer
        self._record.set_guidance_problem(error)

    def _guided(self, result: GuidanceResult, seen_utterance: str, asked_s: float) -> None:
        guidance = Guidance(
            query=result.query,
            answer=result.answer,
            at_s=self._record.now_s(),
            took_s=result.took_s,
            asked_s=asked_s,
            seen_utterance=seen_utterance,
        )
        self._record.set_guidance(guidance)
        self._turns.guided(seen_utterance, guidance.at_s)
        call_id, store = self._record.call.id, self._services.store
        self._services.durable.post(partial(store.save_guidance, call_id, guidance))

    # On a thread of the pool

    def _run(self) -> None:
        question, trouble, watch = self._question, self._trouble, self._insights.watch
        if question is None or question is self._answered or self._insights.source is None:
            return
        if trouble is not None and not trouble.is_shared and self._services.clock.monotonic() < trouble.retry_at:
            return
        if not watch.may_ask():
            self._fall_back(question, watch.trouble)
            return
        asking = Asking(
            self._insights.source,
            question,
            self._services.clock,
            self._record.origin,
            partial(masked, self._services.masking),
            self._insights.is_closing,
        )
        answer = asking.run(self._believed, self._sent, partial(self._drafted, question.seen_utterance, asking))
        if answer is None:
            return
        if answer.error is None:
            self._whole(question, asking, answer)
        else:
            self._broken(question, asking, answer, answer.error)
        self._insights.source.prepare(question.turns, question.language)

    def _whole(self, question: Question, asking: Asking, answer: Answer) -> None:
        self._insights.watch.answered()
        self._trouble, self._answered = None, question
        self._believed = over(self._believed, answer.insight, is_whole=True)
        self._hand_over(partial(self._take, question, asking, answer, self._believed))
        self._show(ModelPhase.IDLE)

    def _broken(self, question: Question, asking: Asking, answer: Answer, error: AssistError) -> None:
        logger.warning("call %s: %s", self._record.call.id, error)
        self._services.tally.failed("assist", error)
        self._failed = question
        now = self._services.clock.monotonic()
        own = after_failure(error, self._trouble, now)
        self._insights.watch.failed(self._record.call.id, own)
        if answer.insight.text.summary:
            self._believed = over(self._believed, answer.insight, is_whole=False)
            self._hand_over(partial(self._take, question, asking, answer, self._believed))
        elif answer.was_worked_on:
            self._hand_over(partial(self._charge, question, answer))
        self._fall_back(question, self._insights.watch.trouble or own)

    def _fall_back(self, question: Question, trouble: Trouble | None) -> None:
        if trouble is None:
            # A probe of another call was answered at this very moment.
            self._submit()
            return
        self._trouble = trouble
        self._show(ModelPhase.FAILED)
        if trouble.stands_in:
            self._hand_over(partial(self._extract, question, trouble.code))

    def _sent(self) -> None:
        self._show(ModelPhase.ASKED)

    def _drafted(self, seen_utterance: str, asking: Asking, insight: Insight) -> None:
        self._show(ModelPhase.ANSWERING, insight, seen_utterance)
        if insight.text.summary and insight.text.customer_issue:
            self._hand_over(partial(self._guide, insight.text, seen_utterance, asking))

    def _show(self, phase: ModelPhase, draft: Insight | None = None, seen_utterance: str = "") -> None:
        if self._activity is None:
            return
        trouble = self._trouble
        shown = replace(
            self._activity,
            phase=phase,
            draft=draft,
            seen_utterance=seen_utterance,
            trouble=trouble.code if trouble is not None else "",
            stands_in=trouble is not None and trouble.stands_in,
            retry_at_s=trouble.retry_at - self._record.origin if trouble is not None else None,
            is_asked_again=trouble is None or not trouble.is_of_the_conversation,
        )
        self._hand_over(partial(self._record.set_model, shown))
