"""Alerts about a call's network: raised and cleared with hysteresis, so that one bad second is none.

Rules and thresholds are those of `docs/quality-metrics.md` in the project's design; most are twilio-voice.js's.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from core.model.call import LegId
from core.model.quality import Alert, AlertKind, CallQuality, Score
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.scores import Scorer

RECENT = 5
"""Figures that are looked at."""
TO_RAISE = 3
"""So many of them beyond the limit raise an alert; none clears it."""
LOSS_RECENT = 7
LOSS_MEAN_RAISE_PCT = 3.0
NO_MEDIA_SAMPLES = 3
ONE_WAY_S = 5.0
GAP_PERIODS = 2.0
GAP_S = 5.0
ALERTS_KEPT = 200
"""Alerts of one call that are kept; beyond it the oldest that is over is forgotten, and counted."""

RTT_LIMIT_MS = 400.0
JITTER_LIMIT_MS = 30.0
LOSS_LIMIT_PCT = 1.0
MOS_LIMIT = 3.5


class Threshold:
    """Decides on one alert from one figure: raised by three of the last five beyond the limit, cleared by none."""

    def __init__(self, limit: float, is_floor: bool = False) -> None:
        """`is_floor`: what lies below the limit is beyond it."""
        self.limit = limit
        self._is_floor = is_floor
        self._figures: deque[float] = deque(maxlen=LOSS_RECENT)

    def add(self, figure: float) -> None:
        """Take the next figure. A missing one is not added: it says nothing."""
        self._figures.append(figure)

    @property
    def recent(self) -> tuple[float, ...]:
        """The figures that decide, oldest first."""
        return tuple(self._figures)[-RECENT:]

    def is_beyond(self, figure: float) -> bool:
        """Whether a figure is worse than the limit."""
        return figure < self.limit if self._is_floor else figure > self.limit

    def worse(self, one: float, other: float) -> float:
        """The worse of two figures."""
        return min(one, other) if self._is_floor else max(one, other)

    @property
    def raises(self) -> bool:
        """Whether the figures raise the alert."""
        return sum(map(self.is_beyond, self.recent)) >= TO_RAISE

    @property
    def clears(self) -> bool:
        """Whether they clear it."""
        return len(self.recent) == RECENT and not any(map(self.is_beyond, self.recent))


class LossThreshold(Threshold):
    """Loss comes in bursts: a bad mean raises it, too, and only a good mean clears it."""

    @property
    def recent(self) -> tuple[float, ...]:
        """See `Threshold`."""
        return tuple(self._figures) if self._mean_is_bad else tuple(self._figures)[-RECENT:]

    @property
    def raises(self) -> bool:
        """See `Threshold`."""
        return self._mean_is_bad or sum(map(self.is_beyond, tuple(self._figures)[-RECENT:])) >= TO_RAISE

    @property
    def clears(self) -> bool:
        """See `Threshold`."""
        return len(self._figures) >= RECENT and sum(self._figures) / len(self._figures) < self.limit

    @property
    def _mean_is_bad(self) -> bool:
        return len(self._figures) == LOSS_RECENT and sum(self._figures) / LOSS_RECENT > LOSS_MEAN_RAISE_PCT


Key = tuple[LegId, AlertKind, Direction | None]


@dataclass(slots=True)
class _Flow:
    """What is known of one direction of a leg."""

    at_s: float
    period_s: float
    is_flowing: bool
    silent_samples: int = 0
    silent_since_s: float = 0.0


@dataclass(slots=True)
class _Leg:
    flows: dict[Direction, _Flow] = field(default_factory=dict)
    one_way_since_s: float | None = None


class QualityWatch:
    """Judges one call. Samples come in the order of their times; nothing here reads a clock. One thread at a time."""

    def __init__(self) -> None:
        self._scorer = Scorer()
        self._scores: dict[tuple[LegId, Direction], Score] = {}
        self._thresholds: dict[Key, Threshold] = {}
        self._legs: dict[LegId, _Leg] = {}
        self._open: dict[Key, int] = {}
        self._alerts: dict[int, Alert] = {}
        self._next = 0
        self.forgotten = 0
        """Alerts that were over and are kept no more."""

    @property
    def quality(self) -> CallQuality:
        """The picture so far."""
        return CallQuality(tuple(self._scores.values()), tuple(self._alerts.values()))

    @property
    def final(self) -> CallQuality:
        """The picture of a call that has ended: its mean scores, and all that was wrong."""
        return CallQuality(self._scorer.means(), tuple(self._alerts.values()))

    @property
    def legs(self) -> frozenset[LegId]:
        """The legs that have sent samples and have not ended."""
        return frozenset(self._legs)

    def add(self, sample: RtpSample) -> None:
        """Take the next sample; those that a browser measured say nothing here."""
        if sample.vantage is not Vantage.SERVER:
            return
        leg = self._legs.setdefault(sample.leg_id, _Leg())
        self._watch_gap(leg, sample)
        self._watch_flow(leg, sample)
        self._watch_figures(sample)

    def tick(self, now_s: float) -> None:
        """Say what time it is on the call's clock: samples that do not come are noticed by nothing else."""
        for leg_id, leg in self._legs.items():
            for direction, flow in leg.flows.items():
                gap_s = now_s - flow.at_s
                limit_s = max(GAP_S, GAP_PERIODS * flow.period_s)
                if gap_s > limit_s:
                    self._raise((leg_id, AlertKind.STATS_GAP, direction), flow.at_s + limit_s, limit_s, (gap_s,))

    def end_leg(self, leg_id: LegId) -> None:
        """A leg is over, and what was wrong with it with its last sample; idempotent."""
        leg = self._legs.pop(leg_id, None)
        if leg is None:
            return
        last_s = max((flow.at_s for flow in leg.flows.values()), default=0.0)
        for key in [key for key in self._open if key[0] == leg_id]:
            self._clear(key, max(last_s, self._alerts[self._open[key]].raised_at_s))
        for key in [key for key in self._thresholds if key[0] == leg_id]:
            del self._thresholds[key]
        for direction in Direction:
            self._scores.pop((leg_id, direction), None)
        self._scorer.forget(leg_id)

    # Rules

    def _watch_gap(self, leg: _Leg, sample: RtpSample) -> None:
        flow = leg.flows.get(sample.direction)
        key = (sample.leg_id, AlertKind.STATS_GAP, sample.direction)
        if flow is None:
            return
        gap_s = sample.at_s - flow.at_s
        limit_s = max(GAP_S, GAP_PERIODS * flow.period_s)
        if gap_s > limit_s:
            self._raise(key, flow.at_s + limit_s, limit_s, (gap_s,))
            self._worsen(key, gap_s)
        self._clear(key, sample.at_s)

    def _watch_flow(self, leg: _Leg, sample: RtpSample) -> None:
        begun_s = sample.at_s - sample.period_s
        flow = leg.flows.setdefault(sample.direction, _Flow(sample.at_s, sample.period_s, is_flowing=True))
        flow.at_s, flow.period_s, flow.is_flowing = sample.at_s, sample.period_s, sample.octets > 0
        key = (sample.leg_id, AlertKind.NO_MEDIA, sample.direction)
        if flow.is_flowing:
            flow.silent_samples = 0
            self._clear(key, sample.at_s)
        else:
            if not flow.silent_samples:
                flow.silent_since_s = begun_s
            flow.silent_samples += 1
            silent_s = sample.at_s - flow.silent_since_s
            if flow.silent_samples >= NO_MEDIA_SAMPLES:
                self._raise(key, sample.at_s, float(NO_MEDIA_SAMPLES), (silent_s,))
                self._worsen(key, silent_s)
        self._watch_one_way(leg, sample, begun_s)

    def _watch_one_way(self, leg: _Leg, sample: RtpSample, begun_s: float) -> None:
        key = (sample.leg_id, AlertKind.ONE_WAY_AUDIO, None)
        flowing = [flow.is_flowing for flow in leg.flows.values()]
        if len(flowing) < len(Direction) or all(flowing) or not any(flowing):
            leg.one_way_since_s = None
            if all(flowing):
                self._clear(key, sample.at_s)
            return
        if leg.one_way_since_s is None:
            leg.one_way_since_s = begun_s
        one_way_s = sample.at_s - leg.one_way_since_s
        if one_way_s >= ONE_WAY_S:
            self._raise(key, sample.at_s, ONE_WAY_S, (one_way_s,))
            self._worsen(key, one_way_s)

    def _watch_figures(self, sample: RtpSample) -> None:
        leg_id, direction, at_s = sample.leg_id, sample.direction, sample.at_s
        score = self._scorer.score(sample)
        if score is None:
            self._scores.pop((leg_id, direction), None)
        else:
            self._scores[leg_id, direction] = score
        figures: Iterable[tuple[AlertKind, Direction | None, float | None]] = (
            (AlertKind.HIGH_RTT, None, sample.rtt_ms),
            (AlertKind.HIGH_JITTER, direction, sample.jitter_ms if sample.packets else None),
            (AlertKind.PACKET_LOSS, direction, sample.loss_pct),
            (AlertKind.LOW_MOS, direction, score.mos if score else None),
        )
        for kind, towards, figure in figures:
            if figure is not None:
                self._judge((leg_id, kind, towards), figure, at_s)

    def _judge(self, key: Key, figure: float, at_s: float) -> None:
        threshold = self._thresholds.get(key)
        if threshold is None:
            threshold = self._thresholds[key] = _threshold(key[1])
        threshold.add(figure)
        if key in self._open:
            self._worsen(key, threshold.worse(figure, self._alerts[self._open[key]].worst))
            if threshold.clears:
                self._clear(key, at_s)
        elif threshold.raises:
            self._raise(key, at_s, threshold.limit, threshold.recent)
            for each in threshold.recent:
                self._worsen(key, threshold.worse(each, self._alerts[self._open[key]].worst))

    # Alerts

    def _raise(self, key: Key, at_s: float, limit: float, evidence: tuple[float, ...]) -> None:
        if key in self._open:
            return
        leg_id, kind, direction = key
        self._open[key] = self._next
        self._alerts[self._next] = Alert(leg_id, kind, direction, at_s, limit, evidence, worst=evidence[-1])
        self._next += 1
        over = [number for number, alert in self._alerts.items() if not alert.is_open]
        for number in over[: max(0, len(self._alerts) - ALERTS_KEPT)]:
            del self._alerts[number]
            self.forgotten += 1

    def _worsen(self, key: Key, worst: float) -> None:
        number = self._open[key]
        self._alerts[number] = replace(self._alerts[number], worst=worst)

    def _clear(self, key: Key, at_s: float) -> None:
        number = self._open.pop(key, None)
        if number is not None:
            self._alerts[number] = replace(self._alerts[number], cleared_at_s=at_s)


def _threshold(kind: AlertKind) -> Threshold:
    match kind:
        case AlertKind.HIGH_RTT:
            return Threshold(RTT_LIMIT_MS)
        case AlertKind.HIGH_JITTER:
            return Threshold(JITTER_LIMIT_MS)
        case AlertKind.PACKET_LOSS:
            return LossThreshold(LOSS_LIMIT_PCT)
        case _:
            return Threshold(MOS_LIMIT, is_floor=True)


def judged(samples: Iterable[RtpSample]) -> CallQuality:
    """How a call that has ended was, from all its samples in the order of their times."""
    watch = QualityWatch()
    for sample in samples:
        watch.add(sample)
    for leg_id in watch.legs:
        watch.end_leg(leg_id)
    return watch.final
