"""What is kept of a call to compare it with others: figures of its legs, delays of its turns, what was wrong. Pure.

A percentile between two values is taken in proportion, as numpy, spreadsheets and DuckDB's `quantile_cont` do.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.model.call import Call, LegId, Participant
from core.model.diagnosis import Diagnosis
from core.model.leg_facts import LegFacts
from core.model.media_path import CandidateType
from core.model.quality import CallQuality
from core.model.sample import Direction, RtpSample, Vantage
from core.model.snapshot import CallSnapshot
from core.model.turn_trace import Step, TurnTrace
from core.quality.scores import Scorer

VERSION = 1
"""Of what is kept; a rollup of another version is made anew."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How the seconds of one figure spread, in the figure's unit."""

    seconds: int
    """How many samples had it."""
    mean: float
    min: float
    p5: float
    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class StreamRollup:
    """One direction of a leg from one vantage. A figure is None where it was never measured."""

    direction: Direction
    vantage: Vantage
    seconds: int
    packets: int
    lost_pct: float | None
    """Of all packets of the call, not a mean over its seconds; None where nobody counted."""
    jitter_ms: Spread | None
    loss_pct: Spread | None
    rtt_ms: Spread | None
    mos: Spread | None
    send_deviation_p99_ms: Spread | None
    jitter_buffer_ms: Spread | None
    concealed_pct: Spread | None


@dataclass(frozen=True, slots=True)
class LegRollup:
    """One leg. Texts are empty where nobody told."""

    leg_id: LegId
    participant: str
    """The name."""
    role: str
    language: str
    browser: str
    platform: str
    network: str
    path: str
    """How the browser's end was reached most of the time (`CandidateType`)."""
    set_up_s: float | None
    drift_ms_per_min: float | None
    """Slope of the browser's jitter buffer at the end."""
    streams: tuple[StreamRollup, ...]


@dataclass(frozen=True, slots=True)
class TurnRollup:
    """How long one turn took; None for what never came."""

    speaker: str
    final_s: float | None
    """From the end of speech to the final text."""
    summary_s: float | None
    """From the end of speech to the painted summary, or the valid one where nobody looked."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that was wrong on one leg, once or several times."""

    kind: str
    """`AlertKind` of an alert, `Cause` of a diagnosis."""
    leg_id: str
    """Empty where it is about the call as a whole."""
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class CallRollup:
    """One call."""

    version: int
    call_id: str
    language: str
    origin: str
    created_at: float
    """Seconds since the Unix epoch."""
    length_s: float
    people: tuple[str, ...]
    """Names of those who speak, in the order of their coming."""
    worst_mos: float | None
    """The mean of the leg and direction that sounded worst."""
    legs: tuple[LegRollup, ...]
    turns: tuple[TurnRollup, ...]
    alerts: tuple[Issue, ...]
    causes: tuple[Issue, ...]


def call_rollup(picture: CallSnapshot, samples: Sequence[RtpSample], traces: Iterable[TurnTrace]) -> CallRollup:
    """What is kept of a call that has ended.

    Args:
        picture: The call as the store gives it back, judged; its own samples are not looked at.
        samples: All of its samples, in the order of their times.
        traces: Its turns.
    """
    call = picture.call
    people = {person.id: person for person in call.participants}
    listeners = {leg for leg, owner in picture.legs.items() if owner in people and not people[owner].role.speaks}
    of_leg: dict[LegId, list[RtpSample]] = {}
    for sample in samples:
        of_leg.setdefault(sample.leg_id, []).append(sample)
    legs = tuple(
        _leg(leg_id, people.get(owner), call, picture.leg_facts.get(leg_id), of_leg.get(leg_id, ()), picture.quality)
        for leg_id, owner in picture.legs.items()
        if leg_id not in listeners
    )
    scores = [stream.mos.mean for leg in legs for stream in leg.streams if stream.mos is not None]
    return CallRollup(
        version=VERSION,
        call_id=call.id,
        language=call.language,
        origin=call.origin.value,
        created_at=call.created_at,
        length_s=max(0.0, (call.ended_at or call.created_at) - (call.live_at or call.created_at)),
        people=tuple(person.name for person in call.participants if person.role.speaks),
        worst_mos=min(scores, default=None),
        legs=legs,
        turns=tuple(_turn(trace) for trace in traces),
        alerts=_alerts(picture.quality, listeners, picture.now_s),
        causes=_causes(picture.quality.diagnoses, listeners, picture.now_s),
    )


def spread_of(values: Sequence[float]) -> Spread | None:
    """How values spread; None of nothing."""
    if not values:
        return None
    figures = np.asarray(values, dtype=float)
    p5, p50, p95, p99 = (float(each) for each in np.percentile(figures, (5, 50, 95, 99)))
    return Spread(len(values), float(figures.mean()), float(figures.min()), p5, p50, p95, p99, float(figures.max()))


def _leg(
    leg_id: LegId,
    owner: Participant | None,
    call: Call,
    facts: LegFacts | None,
    samples: Sequence[RtpSample],
    quality: CallQuality,
) -> LegRollup:
    browser = facts.browser if facts else None
    series: dict[tuple[Direction, Vantage], list[RtpSample]] = {}
    for sample in samples:
        series.setdefault((sample.direction, sample.vantage), []).append(sample)
    scores = _scores(samples)
    return LegRollup(
        leg_id=leg_id,
        participant=owner.name if owner else "",
        role=owner.role.value if owner else "",
        language=(owner.language if owner else None) or call.language,
        browser=browser.name if browser else "",
        platform=browser.platform if browser else "",
        network=browser.network if browser else "",
        path=_usual_path(samples),
        set_up_s=facts.set_up_s if facts else None,
        drift_ms_per_min=next((each.slope_ms_per_min for each in quality.drifts if each.leg_id == leg_id), None),
        streams=tuple(
            _stream(direction, vantage, each, scores.get((direction, vantage), ()))
            for (direction, vantage), each in sorted(series.items())
        ),
    )


def _scores(samples: Iterable[RtpSample]) -> Mapping[tuple[Direction, Vantage], Sequence[float]]:
    """The score of every second that has one; each vantage is scored by its own figures."""
    scorers = {vantage: Scorer() for vantage in Vantage}
    found: dict[tuple[Direction, Vantage], list[float]] = {}
    for sample in samples:
        score = scorers[sample.vantage].score(sample)
        if score is not None:
            found.setdefault((sample.direction, sample.vantage), []).append(score.mos)
    return found


def _stream(
    direction: Direction, vantage: Vantage, samples: Sequence[RtpSample], scores: Sequence[float]
) -> StreamRollup:
    return StreamRollup(
        direction=direction,
        vantage=vantage,
        seconds=len(samples),
        packets=sum(sample.packets for sample in samples),
        lost_pct=_lost_pct(samples),
        # A stream that carries nothing has no jitter, whatever figure it still reports.
        jitter_ms=_spread(sample.jitter_ms for sample in samples if sample.packets),
        loss_pct=_spread(sample.loss_pct for sample in samples),
        rtt_ms=_spread(sample.rtt_ms for sample in samples),
        mos=spread_of(scores),
        send_deviation_p99_ms=_spread(sample.send_deviation_p99_ms for sample in samples),
        jitter_buffer_ms=_spread(sample.jitter_buffer_ms for sample in samples),
        concealed_pct=_spread(sample.concealed_pct for sample in samples),
    )


def _spread(values: Iterable[float | None]) -> Spread | None:
    return spread_of([value for value in values if value is not None])


def _lost_pct(samples: Iterable[RtpSample]) -> float | None:
    lost = expected = 0
    for sample in samples:
        if sample.lost is not None:
            lost += sample.lost
            expected += sample.packets + sample.lost if sample.expected is None else sample.expected
    return None if expected <= 0 else min(100.0, max(0.0, 100.0 * lost / expected))


def _usual_path(samples: Iterable[RtpSample]) -> str:
    seen: Counter[CandidateType] = Counter(each.local_candidate for each in samples if each.local_candidate is not None)
    return seen.most_common(1)[0][0].value if seen else ""


def _turn(trace: TurnTrace) -> TurnRollup:
    final_s = next((span.took_s for span in trace.way if span.step is Step.FINAL), None)
    return TurnRollup(trace.speaker, final_s, trace.total_s)


def _alerts(quality: CallQuality, listeners: set[LegId], end_s: float) -> tuple[Issue, ...]:
    return _issues(
        (
            alert.kind.value,
            alert.leg_id,
            (end_s if alert.cleared_at_s is None else alert.cleared_at_s) - alert.raised_at_s,
        )
        for alert in quality.alerts
        if alert.leg_id not in listeners
    )


def _causes(diagnoses: Iterable[Diagnosis], listeners: set[LegId], end_s: float) -> tuple[Issue, ...]:
    return _issues(
        (each.cause.value, each.leg_id or "", (end_s if each.end_s is None else each.end_s) - each.start_s)
        for each in diagnoses
        if each.leg_id not in listeners
    )


def _issues(found: Iterable[tuple[str, str, float]]) -> tuple[Issue, ...]:
    lengths: dict[tuple[str, str], list[float]] = {}
    for kind, leg_id, seconds in found:
        lengths.setdefault((kind, leg_id), []).append(max(0.0, seconds))
    return tuple(Issue(kind, leg_id, len(each), sum(each)) for (kind, leg_id), each in lengths.items())
