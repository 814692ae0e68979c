"""Alerts about whether anything flows at all: no media, one-way audio, no first packet, and figures that stay away."""

from dataclasses import dataclass, field

from core.model.call import LegId
from core.model.quality import AlertKind
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.alert_log import AlertKey, AlertLog

NO_MEDIA_SAMPLES = 3
ONE_WAY_S = 5.0
NO_FRAMES_S = 5.0
GAP_PERIODS = 2.0
GAP_S = 5.0
BROWSER_LATE_S = 65.0
"""Browsers' figures may come a minute after the fact, in one batch with all that is missing: only then they are."""


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
    """What is known of a leg from one vantage."""

    first_s: float
    flows: dict[Direction, _Flow] = field(default_factory=dict)
    one_way_since_s: float | None = None
    has_sent: bool = False
    """Whether anything at all has come from it."""


class FlowWatch:
    """Judges each leg from each vantage for itself. Samples of one leg and vantage come in the order of their times."""

    def __init__(self, log: AlertLog) -> None:
        self._log = log
        self._legs: dict[tuple[LegId, Vantage], _Leg] = {}

    @property
    def legs(self) -> frozenset[LegId]:
        """The legs that have sent samples and have not ended."""
        return frozenset(leg_id for leg_id, _ in self._legs)

    def add(self, sample: RtpSample) -> None:
        """Take the next sample."""
        begun_s = sample.at_s - sample.period_s
        leg = self._legs.setdefault((sample.leg_id, sample.vantage), _Leg(begun_s))
        self._watch_gap(leg, sample)
        self._watch_flow(leg, sample, begun_s)
        self._watch_one_way(leg, sample, begun_s)
        if sample.direction is Direction.INBOUND and sample.vantage is Vantage.SERVER:
            self._watch_first(leg, sample)

    def tick(self, now_s: float) -> None:
        """Say what time it is on the call's clock: samples that do not come are noticed by nothing else."""
        for (leg_id, vantage), leg in self._legs.items():
            for direction, flow in leg.flows.items():
                gap_s = now_s - flow.at_s
                limit_s = _gap_limit_s(flow)
                patience_s = limit_s if vantage is Vantage.SERVER else BROWSER_LATE_S
                if gap_s > patience_s:
                    key = AlertKey(leg_id, AlertKind.STATS_GAP, direction, vantage)
                    self._log.open(key, flow.at_s + limit_s, limit_s, (gap_s,))

    def end_leg(self, leg_id: LegId) -> float:
        """A leg is over. Returns when its last sample was taken, on the call's clock; idempotent."""
        ended = [self._legs.pop((leg_id, vantage), None) for vantage in Vantage]
        return max((flow.at_s for leg in ended if leg is not None for flow in leg.flows.values()), default=0.0)

    def _watch_gap(self, leg: _Leg, sample: RtpSample) -> None:
        flow = leg.flows.get(sample.direction)
        if flow is None:
            return
        gap_s = sample.at_s - flow.at_s
        limit_s = _gap_limit_s(flow)
        if gap_s <= limit_s and not self._log.has_open:
            return
        key = AlertKey(sample.leg_id, AlertKind.STATS_GAP, sample.direction, sample.vantage)
        if gap_s > limit_s:
            self._log.open(key, flow.at_s + limit_s, limit_s, (gap_s,))
            self._log.worsen(key, gap_s)
        self._log.clear(key, sample.at_s)

    def _watch_flow(self, leg: _Leg, sample: RtpSample, begun_s: float) -> None:
        flow = leg.flows.setdefault(sample.direction, _Flow(sample.at_s, sample.period_s, is_flowing=True))
        flow.at_s, flow.period_s, flow.is_flowing = sample.at_s, sample.period_s, sample.octets > 0
        if flow.is_flowing:
            flow.silent_samples = 0
            if not self._log.has_open:
                return
        key = AlertKey(sample.leg_id, AlertKind.NO_MEDIA, sample.direction, sample.vantage)
        if flow.is_flowing:
            self._log.clear(key, sample.at_s)
            return
        if not flow.silent_samples:
            flow.silent_since_s = begun_s
        flow.silent_samples += 1
        if flow.silent_samples >= NO_MEDIA_SAMPLES:
            silent_s = sample.at_s - flow.silent_since_s
            self._log.open(key, sample.at_s, float(NO_MEDIA_SAMPLES), (silent_s,))
            self._log.worsen(key, silent_s)

    def _watch_one_way(self, leg: _Leg, sample: RtpSample, begun_s: float) -> None:
        flowing = [flow.is_flowing for flow in leg.flows.values()]
        if len(flowing) == len(Direction) and all(flowing) and not self._log.has_open:
            leg.one_way_since_s = None
            return
        key = AlertKey(sample.leg_id, AlertKind.ONE_WAY_AUDIO, None, sample.vantage)
        if len(flowing) < len(Direction) or all(flowing) or not any(flowing):
            leg.one_way_since_s = None
            if all(flowing):
                self._log.clear(key, sample.at_s)
            return
        if leg.one_way_since_s is None:
            leg.one_way_since_s = begun_s
        one_way_s = sample.at_s - leg.one_way_since_s
        if one_way_s >= ONE_WAY_S:
            self._log.open(key, sample.at_s, ONE_WAY_S, (one_way_s,))
            self._log.worsen(key, one_way_s)

    def _watch_first(self, leg: _Leg, sample: RtpSample) -> None:
        """The server measures a leg from the moment when it is connected."""
        if leg.has_sent:
            return
        key = AlertKey(sample.leg_id, AlertKind.NO_FRAMES, Direction.INBOUND, sample.vantage)
        leg.has_sent = sample.packets > 0
        waited_s = sample.at_s - leg.first_s
        if leg.has_sent:
            self._log.clear(key, sample.at_s)
        elif waited_s >= NO_FRAMES_S:
            self._log.open(key, sample.at_s, NO_FRAMES_S, (waited_s,))
            self._log.worsen(key, waited_s)


def _gap_limit_s(flow: _Flow) -> float:
    return max(GAP_S, GAP_PERIODS * flow.period_s)
