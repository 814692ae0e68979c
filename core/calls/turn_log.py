"""Takes down when the steps of a call's turns were done, and what was used for them. Lives on the calls loop.

It holds no words. What it has taken down is fetched about once a second to be kept, so that a busy call costs the store
one small transaction a second and not one for every step.
"""

import logging
from collections.abc import Iterable

from core.calls.record import CallRecord
from core.calls.tally import FINAL, SUMMARY, Tally
from core.model.audio import SPEECH_FORMAT
from core.model.call import ParticipantId
from core.model.insight import RequestTimes, Summary
from core.model.turn_trace import HeardAudio, ModelAnswer, Moment, Paint, Purpose, Step, TurnBatch
from core.model.utterance import Utterance

logger = logging.getLogger(__name__)

HEARD_EVERY_S = 15.0
"""How often the seconds of sound are kept while a call goes on."""


class TurnLog:
    """One call's turns."""

    def __init__(self, record: CallRecord, tally: Tally) -> None:
        self._record = record
        self._tally = tally
        self._finals: dict[str, Utterance] = {}
        self._seen: set[tuple[str, Step]] = set()
        self._moments: list[Moment] = []
        self._answers: list[ModelAnswer] = []
        self._heard_s: dict[ParticipantId, float] = {}
        self._engines: dict[ParticipantId, tuple[str, str]] = {}
        self._engine = ("", "")
        self._heard_at_s = 0.0
        self._kept_heard_s: dict[ParticipantId, float] = {}

    def heard(self, participant_id: ParticipantId, pcm: bytes) -> None:
        """Sound of a participant went to the speech engine."""
        self._heard_s[participant_id] = self._heard_s.get(participant_id, 0.0) + SPEECH_FORMAT.seconds(pcm)

    def kept(self, utterance: Utterance, *, is_durable: bool) -> None:
        """A final utterance is shown from now on, and on the disk unless the store is unwell."""
        self._finals[utterance.id] = utterance
        self._engine = utterance.engine, utterance.model
        self._engines[utterance.participant_id] = self._engine
        self._tally.waited(FINAL, utterance.recognised_s - utterance.end_s)
        now_s = self._record.now_s()
        if is_durable:
            self._take_down(utterance.id, Step.KEPT, now_s)
        logger.debug(
            "call %s: utterance %s was recognised %.2f s after its end by %s %s, and kept %.3f s later",
            self._record.call.id,
            utterance.trace_id,
            utterance.recognised_s - utterance.end_s,
            utterance.engine,
            utterance.model,
            now_s - utterance.recognised_s,
        )

    def answered(self, summary: Summary, *, is_news: bool) -> None:
        """A summary that was asked for arrived; `is_news` where it is another than before."""
        # A summarizer that is no server tells no times: its work begins when it is asked and ends with its answer.
        sent_s = max(0.0, summary.at_s - summary.took_s)
        times = summary.times or RequestTimes(
            wanted_s=sent_s, sent_s=sent_s, summary_s=summary.at_s, done_s=summary.at_s
        )
        self._answers.append(
            ModelAnswer(
                purpose=Purpose.SUMMARY,
                engine=summary.engine,
                model=summary.model,
                at_s=summary.at_s,
                seen_utterance=summary.seen_utterance,
                turns=summary.turns,
                is_news=is_news,
                times=times,
                usage=summary.usage,
            )
        )
        seen = self._finals.get(summary.seen_utterance)
        if seen is not None:
            if is_news:
                self._tally.waited(SUMMARY, summary.at_s - seen.end_s)
            logger.debug(
                "call %s: utterance %s was the last of %d in a request that was sent %.2f s after its end; %s %s took "
                "%.2f s, and the summary is %s",
                self._record.call.id,
                seen.trace_id,
                summary.turns,
                times.sent_s - seen.end_s,
                summary.engine,
                summary.model,
                summary.took_s,
                "another" if is_news else "the same",
            )

    def asked_in_vain(self, answer: ModelAnswer) -> None:
        """A model has worked on a request, and nothing came of it that could be shown."""
        self._answers.append(answer)

    def guided(self, seen_utterance: str, at_s: float) -> None:
        """Passages arrived for the summary whose last utterance was this."""
        if (seen := self._finals.get(seen_utterance)) is not None:
            logger.debug(
                "call %s: utterance %s had its passages %.2f s after its end",
                self._record.call.id,
                seen.trace_id,
                at_s - seen.end_s,
            )

    def painted(self, paints: Iterable[Paint], received_s: float) -> None:
        """A page has painted something; `received_s` is when it told so, on the call's clock.

        Of several pages the one that tells first counts. What is not about a final utterance of this call is let go, so
        that no page can make this grow.
        """
        for paint in paints:
            utterance = self._finals.get(paint.utterance_id)
            if utterance is None or (paint.utterance_id, paint.step) in self._seen:
                continue
            at_s = max(utterance.recognised_s, received_s - paint.ago_s)
            self._take_down(paint.utterance_id, paint.step, at_s)
            logger.debug(
                "call %s: utterance %s: %s %.2f s after its end",
                self._record.call.id,
                utterance.trace_id,
                paint.step,
                at_s - utterance.end_s,
            )

    def _take_down(self, utterance_id: str, step: Step, at_s: float) -> None:
        if (utterance_id, step) not in self._seen:
            self._seen.add((utterance_id, step))
            self._moments.append(Moment(utterance_id, step, at_s))

    def fetch(self, *, is_over: bool) -> TurnBatch | None:
        """What is to be kept since the last time; None where there is nothing. Sound is told of now and then alone."""
        now_s = self._record.now_s()
        heard: tuple[HeardAudio, ...] = ()
        if self._heard_s != self._kept_heard_s and (is_over or now_s - self._heard_at_s >= HEARD_EVERY_S):
            heard = tuple(
                HeardAudio(each, *self._engines.get(each, self._engine), seconds)
                for each, seconds in self._heard_s.items()
            )
            self._kept_heard_s, self._heard_at_s = dict(self._heard_s), now_s
        if not (self._moments or self._answers or heard):
            return None
        batch = TurnBatch(tuple(self._moments), tuple(self._answers), heard)
        self._moments, self._answers = [], []
        return batch
