"""How good a call is, as its samples come: scores, alerts and drifts. The rules stand beside it, one file a subject."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.model.call import LegId
from core.model.leg_facts import LegFacts
from core.model.quality import AlertKind, CallQuality, Score
from core.model.sample import Direction, RtpSample, Vantage
from core.model.snapshot import Note
from core.model.stored_call import StoredCall
from core.quality.alert_log import AlertKey, AlertLog
from core.quality.diagnosis import diagnose
from core.quality.drift import DriftWatch
from core.quality.flow_watch import FlowWatch
from core.quality.growth_watch import GrowthWatch
from core.quality.microphone_watch import MicrophoneWatch
from core.quality.path_watch import PathWatch
from core.quality.scores import Scorer
from core.quality.thresholds import Threshold, threshold_of


class QualityWatch:
    """Judges one call. Nothing here reads a clock. One thread at a time.

    The samples of a leg and vantage come in the order of their times; a browser's may come long after the server's of
    the same time.
    """

    def __init__(self) -> None:
        self._scorer = Scorer()
        self._scores: dict[tuple[LegId, Direction, Vantage], Score] = {}
        self._thresholds: dict[AlertKey, Threshold] = {}
        self._rtt_at_s: dict[tuple[LegId, Vantage], float] = {}
        self._log = AlertLog()
        self._flow = FlowWatch(self._log)
        self._microphone = MicrophoneWatch(self._log)
        self._path = PathWatch(self._log)
        self._growth = GrowthWatch(self._log)
        self._drift = DriftWatch()

    @property
    def forgotten(self) -> int:
        """Alerts that were over and are kept no more."""
        return self._log.forgotten

    @property
    def quality(self) -> CallQuality:
        """The picture so far, without diagnoses."""
        return CallQuality(tuple(self._scores.values()), self._log.alerts, self._drift.drifts)

    @property
    def final(self) -> CallQuality:
        """The picture of a call that has ended, without diagnoses: mean scores, last drifts, and all that was wrong."""
        return CallQuality(self._scorer.means(), self._log.alerts, self._drift.final)

    @property
    def legs(self) -> frozenset[LegId]:
        """The legs that have sent samples and have not ended."""
        return self._flow.legs

    def add(self, sample: RtpSample) -> None:
        """Take the next sample."""
        self._flow.add(sample)
        self._microphone.add(sample)
        self._path.add(sample)
        self._growth.add(sample)
        self._drift.add(sample)
        self._watch_figures(sample)

    def know(self, facts: Iterable[LegFacts], now_s: float) -> None:
        """Take what is known of the legs by now, at this time on the call's clock."""
        for each in facts:
            self._path.know(each, now_s)

    def tick(self, now_s: float) -> None:
        """Say what time it is on the call's clock: samples that do not come are noticed by nothing else."""
        self._flow.tick(now_s)

    def end_leg(self, leg_id: LegId) -> None:
        """A leg is over, and what was wrong with it with its last sample; idempotent."""
        self._log.end_leg(leg_id, self._flow.end_leg(leg_id))
        self._microphone.end_leg(leg_id)
        self._path.end_leg(leg_id)
        self._growth.end_leg(leg_id)
        self._drift.end_leg(leg_id)
        for key in [key for key in self._thresholds if key.leg_id == leg_id]:
            del self._thresholds[key]
        for score in [score for score in self._scores if score[0] == leg_id]:
            del self._scores[score]
        for vantage in Vantage:
            self._rtt_at_s.pop((leg_id, vantage), None)
        self._scorer.forget(leg_id)

    def _watch_figures(self, sample: RtpSample) -> None:
        direction = sample.direction
        score = self._scorer.score(sample)
        place = (sample.leg_id, direction, sample.vantage)
        if score is None:
            self._scores.pop(place, None)
        else:
            self._scores[place] = score
        figures: Iterable[tuple[AlertKind, Direction | None, float | None]] = (
            (AlertKind.HIGH_RTT, None, self._new_rtt_ms(sample)),
            (AlertKind.HIGH_JITTER, direction, sample.jitter_ms if sample.packets else None),
            (AlertKind.PACKET_LOSS, direction, sample.loss_pct),
            (AlertKind.CONCEALMENT, direction, sample.concealed_pct),
            (AlertKind.LOW_MOS, direction, score.mos if score else None),
        )
        for kind, towards, figure in figures:
            if figure is not None:
                self._judge(AlertKey(sample.leg_id, kind, towards, sample.vantage), figure, sample.at_s)

    def _new_rtt_ms(self, sample: RtpSample) -> float | None:
        """A browser may state the same round-trip time in the samples of both directions: it counts once."""
        if sample.rtt_ms is None:
            return None
        place = (sample.leg_id, sample.vantage)
        former_s, self._rtt_at_s[place] = self._rtt_at_s.get(place), sample.at_s
        return None if former_s == sample.at_s else sample.rtt_ms

    def _judge(self, key: AlertKey, figure: float, at_s: float) -> None:
        threshold = self._thresholds.get(key)
        if threshold is None:
            threshold = self._thresholds[key] = threshold_of(key.kind)
        threshold.add(figure)
        if self._log.is_open(key):
            self._log.worsen(key, threshold.worse(figure, self._log.worst(key)))
            if threshold.clears:
                self._log.clear(key, at_s)
        elif threshold.raises:
            self._log.open(key, at_s, threshold.limit, threshold.recent)
            for each in threshold.recent:
                self._log.worsen(key, threshold.worse(each, self._log.worst(key)))


def judged(
    samples: Iterable[RtpSample],
    facts: Mapping[LegId, LegFacts] | None = None,
    notes: Sequence[Note] = (),
    end_s: float | None = None,
) -> CallQuality:
    """How a call that has ended was. Any thread.

    Args:
        samples: All of them, in the order of their times.
        facts: What is known of its legs.
        notes: What it has noted.
        end_s: When it ended, on its clock; None for when it was measured last.
    """
    known, known_facts = tuple(samples), facts or {}
    watch = QualityWatch()
    for sample in known:
        watch.add(sample)
    last_s = max((sample.at_s for sample in known), default=0.0) if end_s is None else end_s
    ended = (each if each.ended_at_s is not None else replace(each, ended_at_s=last_s) for each in known_facts.values())
    watch.know(ended, last_s)
    for leg_id in watch.legs:
        watch.end_leg(leg_id)
    return replace(watch.final, diagnoses=diagnose(known, known_facts, notes, last_s))


def judged_call(kept: StoredCall, samples: Iterable[RtpSample]) -> CallQuality:
    """How a call of the store was, by all of its samples; whoever shows one shows the same. Any thread."""
    return judged(samples, kept.leg_facts, kept.notes, kept.end_s)
