"""What each kind of condition looks at, and when it holds. Pure functions of a call's moments, one after the other."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.assist.alert_rules import (
    AlertRule,
    Condition,
    RiskFlagged,
    Said,
    SentimentBelow,
    Silence,
    SpeakingShare,
    TalkOver,
    counts_for,
)
from core.assist.rule_matching import Hits
from core.model.call import ParticipantId
from core.model.insight import Summary
from core.model.utterance import Utterance

RECOGNITION_S = 3.0
"""How long after something was said its text may come: that something was not said is known only then."""
LONGEST_UTTERANCE_S = 120.0
LEAST_SPOKEN = 0.25
"""Part of a window that must be speech for a share of it to mean anything."""
MOST_HITS = 200
"""Kept of each condition; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A call as a rule sees it. Times are on the call's clock, in seconds, and never go back."""

    now_s: float
    live_s: float | None
    """When it went live; None while it waits for its people."""
    new: tuple[tuple[Utterance, Hits], ...] = ()
    """Final utterances since the last moment, with what they meet."""
    spoken: Sequence[Utterance] = ()
    """All utterances, interim ones, too, in the order of their beginning."""
    summary: Summary | None = None
    """The latest."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """That a condition holds, and by what."""

    at_s: float
    utterance_ids: tuple[str, ...] = ()
    participant_id: ParticipantId | None = None
    words: tuple[str, ...] = ()


class Watch(Protocol):
    """Watches one condition of one call."""

    is_lasting: bool
    """Evidence is given for as long as the condition holds; otherwise once, when something happens."""

    def look(self, moment: Moment) -> Evidence | None:
        """What there is to say at a moment."""


def watch(rule: AlertRule) -> Watch:
    """What watches a rule's condition in a call."""
    condition: Condition = rule.condition
    if isinstance(condition, Said):
        is_absence = all(each.is_negated for each in condition.conditions)
        return _AbsenceWatch(rule.id, condition) if is_absence else _SaidWatch(rule.id, condition)
    if isinstance(condition, SentimentBelow):
        return _SentimentWatch(condition)
    if isinstance(condition, RiskFlagged):
        return _RiskWatch(condition)
    if isinstance(condition, Silence):
        return _SilenceWatch(condition)
    return _TalkOverWatch(condition) if isinstance(condition, TalkOver) else _ShareWatch(condition)


@dataclass(frozen=True, slots=True)
class _Hit:
    utterance: Utterance
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pending:
    """Evidence that holds unless something is said that takes it back."""

    since_s: float
    until_s: float
    evidence: Evidence


class _SaidWatch:
    is_lasting = False

    def __init__(self, rule_id: str, said: Said) -> None:
        self._rule_id = rule_id
        self._within_s = said.within_s
        self._wanted = [n for n, each in enumerate(said.conditions) if not each.is_negated]
        self._negated = [n for n, each in enumerate(said.conditions) if each.is_negated]
        self._hits: Mapping[int, deque[_Hit]] = {n: deque(maxlen=MOST_HITS) for n in range(len(said.conditions))}
        self._pending: list[_Pending] = []

    def look(self, moment: Moment) -> Evidence | None:
        for utterance, hits in moment.new:
            for place, kept in self._hits.items():
                if words := hits.get((self._rule_id, place)):
                    kept.append(_Hit(utterance, words))
        for utterance, hits in moment.new:
            if any((self._rule_id, place) in hits for place in self._wanted) and (met := self._met(utterance)):
                since_s = min(hit.utterance.start_s for hit in met)
                evidence = _evidence(met)
                self._pending.append(_Pending(since_s, evidence.at_s + self._within_s, evidence))
        return _merged(list(self._settled(moment.now_s)))

    def _met(self, latest: Utterance) -> list[_Hit]:
        """The nearest hit of every condition that is wanted, or none where one has no hit in the window."""
        met: list[_Hit] = []
        for place in self._wanted:
            near = [hit for hit in self._hits[place] if _distance_s(hit.utterance, latest) <= self._within_s]
            if not near:
                return []
            met.append(min(near, key=lambda hit: _nearness(hit.utterance, latest)))
        return met

    def _settled(self, now_s: float) -> Iterator[Evidence]:
        still: list[_Pending] = []
        for each in self._pending:
            if any(
                each.since_s <= hit.utterance.end_s and hit.utterance.start_s <= each.until_s
                for place in self._negated
                for hit in self._hits[place]
            ):
                continue
            if self._negated and now_s < each.until_s + RECOGNITION_S:
                still.append(each)
            else:
                yield each.evidence
        self._pending = still[-MOST_HITS:]


class _AbsenceWatch:
    is_lasting = True

    def __init__(self, rule_id: str, said: Said) -> None:
        self._places = [(rule_id, n) for n in range(len(said.conditions))]
        self._within_s = said.within_s
        self._is_said = False

    def look(self, moment: Moment) -> Evidence | None:
        if any(place in hits for _, hits in moment.new for place in self._places):
            self._is_said = True
        if self._is_said or moment.live_s is None:
            return None
        due_s = moment.live_s + self._within_s + RECOGNITION_S
        return Evidence(moment.now_s) if moment.now_s >= due_s else None


class _SentimentWatch:
    is_lasting = True

    def __init__(self, condition: SentimentBelow) -> None:
        self._condition = condition
        self._since_s: float | None = None
        self._seen: str = ""

    def look(self, moment: Moment) -> Evidence | None:
        summary = moment.summary
        # A summary without a sentiment says nothing about it: the last one stands.
        if summary is not None and summary.sentiment is not None:
            self._seen = summary.seen_utterance
            if summary.sentiment.score >= self._condition.below:
                self._since_s = None
            elif self._since_s is None:
                self._since_s = summary.at_s
        if self._since_s is None or moment.now_s - self._since_s < self._condition.for_s:
            return None
        return Evidence(moment.now_s, (self._seen,) if self._seen else ())


class _RiskWatch:
    is_lasting = False

    def __init__(self, condition: RiskFlagged) -> None:
        self._kind = condition.kind
        self._last: Summary | None = None

    def look(self, moment: Moment) -> Evidence | None:
        summary, before = moment.summary, self._last
        self._last = summary
        if summary is None or summary == before:
            return None
        words = tuple(flag.words for flag in summary.risks if self._kind in ("", flag.kind))
        if not words:
            return None
        finals = [each for each in moment.spoken if each.is_final]
        shown = [each for each in finals if any(quote and quote in each.text for quote in words)]
        shown = shown or [each for each in finals if each.id == summary.seen_utterance]
        return Evidence(
            summary.at_s,
            tuple(each.id for each in shown),
            shown[0].participant_id if shown else None,
            tuple(dict.fromkeys(words)),
        )


class _SilenceWatch:
    is_lasting = True

    def __init__(self, condition: Silence) -> None:
        self._for_s = condition.for_s

    def look(self, moment: Moment) -> Evidence | None:
        if moment.live_s is None:
            return None
        last_s = max((each.end_s for each in moment.spoken), default=moment.live_s)
        return Evidence(moment.now_s) if moment.now_s - max(last_s, moment.live_s) >= self._for_s else None


class _TalkOverWatch:
    is_lasting = False

    def __init__(self, condition: TalkOver) -> None:
        self._for_s = condition.for_s

    def look(self, moment: Moment) -> Evidence | None:
        found = [
            Evidence(
                min(one.end_s, other.end_s),
                tuple(each.id for each in sorted((one, other), key=lambda u: (u.start_s, u.id))),
                max((one, other), key=lambda u: (u.start_s, u.id)).participant_id,
            )
            for one, _ in moment.new
            for other in _since(moment.spoken, one.start_s)
            if other.is_final
            and other.participant_id != one.participant_id
            and min(one.end_s, other.end_s) - max(one.start_s, other.start_s) >= self._for_s
        ]
        return _merged(found)


class _ShareWatch:
    is_lasting = True

    def __init__(self, condition: SpeakingShare) -> None:
        self._condition = condition

    def look(self, moment: Moment) -> Evidence | None:
        from_s = moment.now_s - self._condition.within_s
        if moment.live_s is None or moment.live_s > from_s:
            return None
        spoken = {True: 0.0, False: 0.0}
        for each in _since(moment.spoken, from_s):
            lasted_s = min(each.end_s, moment.now_s) - max(each.start_s, from_s)
            spoken[counts_for(each.role, self._condition.by)] += max(0.0, lasted_s)
        total_s = spoken[True] + spoken[False]
        if total_s < self._condition.within_s * LEAST_SPOKEN:
            return None
        return Evidence(moment.now_s) if spoken[True] / total_s * 100 > self._condition.above_pct else None


def _since(spoken: Sequence[Utterance], from_s: float) -> Iterator[Utterance]:
    """The utterances that are not over before a moment, latest first."""
    for each in reversed(spoken):
        if each.start_s < from_s - LONGEST_UTTERANCE_S:
            return
        if each.end_s > from_s:
            yield each


def _distance_s(one: Utterance, other: Utterance) -> float:
    """How long nothing of both is being said; 0 where they overlap."""
    return max(0.0, max(one.start_s, other.start_s) - min(one.end_s, other.end_s))


def _nearness(one: Utterance, latest: Utterance) -> tuple[bool, float, float]:
    """Less is nearer; what was said itself is nearer than what was said at the same time."""
    return one is not latest, _distance_s(one, latest), one.start_s


def _evidence(met: list[_Hit]) -> Evidence:
    hits = sorted(met, key=lambda hit: (hit.utterance.start_s, hit.utterance.id))
    return Evidence(
        max(hit.utterance.end_s for hit in hits),
        tuple(dict.fromkeys(hit.utterance.id for hit in hits)),
        hits[0].utterance.participant_id,
        tuple(dict.fromkeys(word for hit in hits for word in hit.words)),
    )


def _merged(found: list[Evidence]) -> Evidence | None:
    if not found:
        return None
    found.sort(key=lambda each: each.at_s)
    return Evidence(
        found[-1].at_s,
        tuple(dict.fromkeys(name for each in found for name in each.utterance_ids)),
        found[0].participant_id,
        tuple(dict.fromkeys(word for each in found for word in each.words)),
    )
