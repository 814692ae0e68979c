"""The alert about a microphone that is on and gives nothing."""

from collections import deque

from core.model.call import LegId
from core.model.quality import AlertKind
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.alert_log import AlertKey, AlertLog

CONSTANT_SAMPLES = 10
CONSTANT_DB = 0.001
"""Levels that differ by no more are the same."""
SILENT_DBFS = -60.0
"""Root mean square of 0.001 of full scale."""
SILENT_S = 30.0
GAP_S = 5.0
"""What lies on both sides of a longer gap does not hang together."""
SPEECH_DBFS = -50.0
"""From here on somebody is heard."""


class _Levels:
    """The latest levels of one leg from one vantage."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=CONSTANT_SAMPLES)
        self._silent_since_s: float | None = None
        self._constant_since_s = 0.0
        self._at_s = 0.0

    def add(self, level_dbfs: float, begun_s: float, at_s: float) -> None:
        if begun_s - self._at_s > GAP_S:
            self._recent.clear()
            self._silent_since_s = None
        self._at_s = at_s
        if self._recent and abs(level_dbfs - self._recent[-1]) > CONSTANT_DB:
            self._recent.clear()
        if not self._recent:
            self._constant_since_s = begun_s
        self._recent.append(level_dbfs)
        if level_dbfs > SILENT_DBFS:
            self._silent_since_s = None
        elif self._silent_since_s is None:
            self._silent_since_s = begun_s

    def dead_s(self, at_s: float) -> float | None:
        """For how long it has given nothing; None while it may be well."""
        if len(self._recent) == CONSTANT_SAMPLES:
            return at_s - self._constant_since_s
        if self._silent_since_s is not None and at_s - self._silent_since_s >= SILENT_S:
            return at_s - self._silent_since_s
        return None


class MicrophoneWatch:
    """Judges what comes from each leg. A microphone that is switched off on purpose is no dead one."""

    def __init__(self, log: AlertLog) -> None:
        self._log = log
        self._levels: dict[tuple[LegId, Vantage], _Levels] = {}
        self._muted: set[LegId] = set()

    def add(self, sample: RtpSample) -> None:
        """Take the next sample."""
        if sample.direction is not Direction.INBOUND:
            return
        if sample.is_muted is not None:
            self._mute(sample.leg_id, sample.is_muted, sample.at_s)
        if sample.level_dbfs is None or sample.leg_id in self._muted or not sample.packets:
            return
        key = AlertKey(sample.leg_id, AlertKind.DEAD_MICROPHONE, Direction.INBOUND, sample.vantage)
        levels = self._levels.setdefault((sample.leg_id, sample.vantage), _Levels())
        levels.add(sample.level_dbfs, sample.at_s - sample.period_s, sample.at_s)
        dead_s = levels.dead_s(sample.at_s)
        if dead_s is not None:
            self._log.open(key, sample.at_s, SILENT_DBFS, (sample.level_dbfs,))
        elif sample.level_dbfs > SPEECH_DBFS:
            self._log.clear(key, sample.at_s)

    def _mute(self, leg_id: LegId, is_muted: bool, at_s: float) -> None:
        if not is_muted:
            self._muted.discard(leg_id)
        elif leg_id not in self._muted:
            self._muted.add(leg_id)
            for vantage in Vantage:
                self._levels.pop((leg_id, vantage), None)
                self._log.clear(AlertKey(leg_id, AlertKind.DEAD_MICROPHONE, Direction.INBOUND, vantage), at_s)

    def end_leg(self, leg_id: LegId) -> None:
        """A leg is over; idempotent."""
        self._muted.discard(leg_id)
        for vantage in Vantage:
            self._levels.pop((leg_id, vantage), None)
