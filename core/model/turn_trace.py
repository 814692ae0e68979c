"""A turn's way from the mouth to the page: what is kept of it, and its steps in order. No words are in here but names.

A turn is one final utterance with what it set off. All times are seconds on the call's clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import inf

from core.model.call import CallId, ParticipantId, Role
from core.model.insight import RequestTimes, TokenUsage
from core.model.utterance import Utterance, in_order_of_coming


class Step(StrEnum):
    """What happens to a turn. A moment is when a step was done."""

    SPEECH_START = "speech_start"
    FIRST_WORDS = "first_words"
    """The first interim text arrived."""
    SPEECH_END = "speech_end"
    FINAL = "final"
    """The final text arrived."""
    KEPT = "kept"
    """It was on the disk, and shown from then on."""
    TEXT_PAINTED = "text_painted"
    """A page had painted it."""
    REQUEST_SENT = "request_sent"
    """The request that had seen it went to whatever makes the summary, or work on it began."""
    FIRST_TOKEN = "first_token"
    SUMMARY = "summary"
    """The summary was complete and valid."""
    SUMMARY_PAINTED = "summary_painted"
    PASSAGES = "passages"
    """The handbook's passages arrived."""
    PASSAGES_PAINTED = "passages_painted"


WAY = (
    Step.SPEECH_END,
    Step.FINAL,
    Step.KEPT,
    Step.REQUEST_SENT,
    Step.FIRST_TOKEN,
    Step.SUMMARY,
    Step.SUMMARY_PAINTED,
)
"""What the latency budget is for: from the end of speech to the painted summary. Each step waits for the one before."""
BRANCHES: Mapping[Step, tuple[Step, ...]] = {
    Step.FIRST_WORDS: (Step.SPEECH_START,),
    Step.TEXT_PAINTED: (Step.KEPT, Step.FINAL),
    Step.PASSAGES: (Step.SUMMARY,),
    Step.PASSAGES_PAINTED: (Step.PASSAGES,),
}
"""What goes on beside the way: each step, and what it waits for (the first of them that is known)."""
PAINTED = (Step.TEXT_PAINTED, Step.SUMMARY_PAINTED, Step.PASSAGES_PAINTED)
"""What pages acknowledge."""


@dataclass(frozen=True, slots=True)
class Paint:
    """That a page has painted something, as the page tells it."""

    step: Step
    """One of `PAINTED`."""
    utterance_id: str
    """The utterance, or the last one that the summary, or the summary that the passages belong to, had seen."""
    ago_s: float
    """How long before it told so, measured in the browser."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step of an utterance was done; of those that nothing else that is kept tells."""

    utterance_id: str
    step: Step
    at_s: float


class Purpose(StrEnum):
    """What a language model was asked for."""

    SUMMARY = "summary"
    SUMMARY_IN_VAIN = "summary_in_vain"
    """A summary, of which nothing came that could be shown: it answers no turn, and has its price."""
    QUESTION = "question"
    """Somebody asked something about the call."""
    WRAP_UP = "wrap_up"
    PERSONA = "persona"
    """What a persona said and heard; several answers together, sound and text."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """One request that a model has worked on, whether or not its answer changed what is shown."""

    purpose: Purpose
    engine: str
    model: str
    at_s: float
    """When the answer, or its failure, reached the call."""
    seen_utterance: str
    """Id of the utterance that came last of those that it had seen; in records of old, of the one that began last."""
    turns: int
    """How many turns it had seen."""
    is_news: bool
    """Whether it changed the summary. Otherwise there was nothing to paint."""
    times: RequestTimes
    usage: TokenUsage | None = None
    """None where nobody told."""


@dataclass(frozen=True, slots=True)
class HeardAudio:
    """How much sound of one participant was given to a speech engine."""

    participant_id: ParticipantId
    engine: str
    """Empty where it has not recognised anything yet."""
    model: str
    seconds: float


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """That the handbook has answered."""

    seen_utterance: str
    """That of the summary that it was asked about; empty in records of old."""
    at_s: float


@dataclass(frozen=True, slots=True)
class TurnBatch:
    """What is new about a call's turns."""

    moments: tuple[Moment, ...] = ()
    answers: tuple[ModelAnswer, ...] = ()
    heard: tuple[HeardAudio, ...] = ()
    """These replace what was told of the same participants before."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """Everything that is kept of a call's turns. Utterances are in order of their start, the others of their coming."""

    call_id: CallId
    utterances: tuple[Utterance, ...] = ()
    passages: tuple[FoundPassages, ...] = ()
    moments: tuple[Moment, ...] = ()
    answers: tuple[ModelAnswer, ...] = ()
    heard: tuple[HeardAudio, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """How long one step took: from the end of what it waited for."""

    step: Step
    start_s: float
    end_s: float

    @property
    def took_s(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class TurnTrace:
    """One turn's steps, as far as they are known."""

    utterance_id: str
    trace_id: str
    """By what the log names it; empty in records of old."""
    speaker: str
    role: Role
    engine: str
    """Who recognised it."""
    model: str
    moments: Mapping[Step, float]
    answered_by: str = ""
    """Id of the last utterance that the request had seen which answered this one; empty where none did."""
    summary_engine: str = ""
    summary_model: str = ""
    is_news: bool = True
    """Whether the answer changed the summary."""

    @property
    def is_folded(self) -> bool:
        """Whether it shares the request of a later utterance, because one was in flight when it came."""
        return self.answered_by not in ("", self.utterance_id)

    @property
    def way(self) -> tuple[Span, ...]:
        """The steps from the end of speech on, one after the other without gaps; they add up to `total_s`.

        Clocks of two processes and a browser are behind these moments: one that seems to precede the step before it
        counts as simultaneous with it.
        """
        found: list[Span] = []
        known = [(step, self.moments[step]) for step in WAY if step in self.moments]
        if not known or known[0][0] is not Step.SPEECH_END:
            return ()
        reached = known[0][1]
        for _, (step, at_s) in pairwise(known):
            found.append(Span(step, reached, max(reached, at_s)))
            reached = max(reached, at_s)
        return tuple(found)

    @property
    def branches(self) -> tuple[Span, ...]:
        """What went on beside the way."""
        return tuple(span for step, before in BRANCHES.items() if (span := self._branch(step, before)))

    def _branch(self, step: Step, before: tuple[Step, ...]) -> Span | None:
        start_s = next((self.moments[each] for each in before if each in self.moments), None)
        if start_s is None or step not in self.moments:
            return None
        return Span(step, start_s, max(start_s, self.moments[step]))

    @property
    def total_s(self) -> float | None:
        """From the end of speech until the summary that had seen it was painted.

        Until it was valid, where no page looked or it was the same as before; None where it was never made.
        """
        if Step.SUMMARY not in self.moments or Step.SPEECH_END not in self.moments:
            return None
        return max(self.moments[step] for step in WAY if step in self.moments) - self.moments[Step.SPEECH_END]

    @property
    def slowest(self) -> Step | None:
        """The step of the way that took longest."""
        way = self.way
        return max(way, key=lambda span: span.took_s).step if way else None

    def exceeds(self, budget_s: float) -> bool:
        """Whether it took longer than it should."""
        total_s = self.total_s
        return total_s is not None and total_s > budget_s


def turn_traces(record: TurnRecord) -> tuple[TurnTrace, ...]:
    """The traces of a call's turns, in order of their start.

    A request has seen what was kept before it was asked, and turns are kept in the order in which their final texts
    arrive: the n-th turn of that order is answered by the first request that had seen n turns. What arrived while a
    request was in flight is so joined to the next one, whose `seen_utterance` is another.
    """
    observed = {(moment.utterance_id, moment.step): moment.at_s for moment in reversed(record.moments)}
    in_order = in_order_of_coming(record.utterances)
    answers = iter(answer for answer in record.answers if answer.purpose is Purpose.SUMMARY)
    answer = next(answers, None)
    answer_of: dict[str, ModelAnswer] = {}
    for number, utterance in enumerate(in_order, start=1):
        while answer is not None and answer.turns < number:
            answer = next(answers, None)
        if answer is not None:
            answer_of[utterance.id] = answer
    passages: dict[str, list[FoundPassages]] = {}
    for found in record.passages:
        passages.setdefault(found.seen_utterance, []).append(found)
    return tuple(_trace(each, answer_of.get(each.id), passages, observed) for each in record.utterances)


def _trace(
    utterance: Utterance,
    answer: ModelAnswer | None,
    passages: Mapping[str, Sequence[FoundPassages]],
    observed: Mapping[tuple[str, Step], float],
) -> TurnTrace:
    moments = {
        Step.SPEECH_START: utterance.start_s,
        Step.SPEECH_END: utterance.end_s,
        Step.FINAL: utterance.recognised_s,
    }
    if utterance.first_interim_s is not None:
        moments[Step.FIRST_WORDS] = utterance.first_interim_s
    for step in (Step.KEPT, Step.TEXT_PAINTED):
        if (at_s := observed.get((utterance.id, step))) is not None:
            moments[step] = at_s
    if answer is not None:
        moments |= dict(_after(answer, passages.get(answer.seen_utterance, ()), observed))
    return TurnTrace(
        utterance_id=utterance.id,
        trace_id=utterance.trace_id,
        speaker=utterance.speaker,
        role=utterance.role,
        engine=utterance.engine,
        model=utterance.model,
        moments={step: moments[step] for step in Step if step in moments},
        answered_by=answer.seen_utterance if answer else "",
        summary_engine=answer.engine if answer else "",
        summary_model=answer.model if answer else "",
        is_news=answer.is_news if answer else True,
    )


def _after(
    answer: ModelAnswer, passages: Iterable[FoundPassages], observed: Mapping[tuple[str, Step], float]
) -> Iterator[tuple[Step, float]]:
    yield Step.REQUEST_SENT, answer.times.sent_s
    if answer.times.first_token_s is not None:
        yield Step.FIRST_TOKEN, answer.times.first_token_s
    summary_s = answer.at_s if answer.times.summary_s is None else answer.times.summary_s
    yield Step.SUMMARY, summary_s
    if not answer.is_news:
        return
    # What was painted before there was anything to paint belongs to another answer that names the same utterance.
    if (at_s := observed.get((answer.seen_utterance, Step.SUMMARY_PAINTED), -inf)) >= summary_s:
        yield Step.SUMMARY_PAINTED, at_s
    for found in passages:
        if found.at_s >= answer.times.sent_s:
            yield Step.PASSAGES, found.at_s
            if (at_s := observed.get((answer.seen_utterance, Step.PASSAGES_PAINTED), -inf)) >= found.at_s:
                yield Step.PASSAGES_PAINTED, at_s
            return
