"""Alerts about the path between a browser and the server: broken off, changing all the time, long in coming."""

from collections import deque
from dataclasses import dataclass, field

from core.model.call import LegId
from core.model.leg_facts import LegFacts
from core.model.quality import AlertKind
from core.model.sample import PathState, RtpSample, Vantage
from core.quality.alert_log import AlertKey, AlertLog

DISCONNECTED_S = 5.0
SWITCHES = 3
SWITCHES_S = 30.0
CALM_S = 60.0
SLOW_SET_UP_S = 5.0
_BROKEN = frozenset({PathState.DISCONNECTED, PathState.FAILED})


@dataclass(slots=True)
class _Path:
    """What is known of one leg's path."""

    path_id: str | None = None
    at_s: float = float("-inf")
    broken_since_s: float | None = None
    switches: deque[float] = field(default_factory=lambda: deque(maxlen=SWITCHES))


class PathWatch:
    """Judges each leg. A browser states its path in the samples of both directions."""

    def __init__(self, log: AlertLog) -> None:
        self._log = log
        self._paths: dict[LegId, _Path] = {}
        self._set_up: dict[LegId, LegFacts] = {}

    def add(self, sample: RtpSample) -> None:
        """Take the next sample."""
        if sample.vantage is not Vantage.BROWSER:
            return
        path = self._paths.setdefault(sample.leg_id, _Path())
        if sample.at_s <= path.at_s:
            return
        path.at_s = sample.at_s
        self._watch_state(path, sample)
        self._watch_switches(path, sample)

    def know(self, facts: LegFacts, now_s: float) -> None:
        """Take what is known of a leg by now; again whenever it has changed or time has gone on."""
        if facts.offered_at_s is None:
            return
        until_s = facts.connected_at_s
        if until_s is None:
            until_s = now_s if facts.ended_at_s is None else facts.ended_at_s
        took_s = until_s - facts.offered_at_s
        key = AlertKey(facts.leg_id, AlertKind.SLOW_SET_UP, None, Vantage.SERVER)
        is_over = facts.connected_at_s is not None or facts.ended_at_s is not None
        known = self._set_up.get(facts.leg_id)
        if known is not None and (known.connected_at_s is not None or known.ended_at_s is not None):
            return
        self._set_up[facts.leg_id] = facts
        if took_s > SLOW_SET_UP_S:
            self._log.open(key, facts.offered_at_s + SLOW_SET_UP_S, SLOW_SET_UP_S, (took_s,))
            self._log.worsen(key, took_s)
            if is_over:
                self._log.clear(key, until_s)

    def end_leg(self, leg_id: LegId) -> None:
        """A leg is over; idempotent."""
        self._paths.pop(leg_id, None)

    def _watch_state(self, path: _Path, sample: RtpSample) -> None:
        if sample.path_state is None:
            return
        key = AlertKey(sample.leg_id, AlertKind.ICE_DISCONNECTED, None, Vantage.BROWSER)
        if sample.path_state not in _BROKEN:
            path.broken_since_s = None
            if sample.path_state is PathState.CONNECTED:
                self._log.clear(key, sample.at_s)
            return
        if path.broken_since_s is None:
            path.broken_since_s = sample.at_s - sample.period_s
        broken_s = sample.at_s - path.broken_since_s
        if broken_s >= DISCONNECTED_S:
            self._log.open(key, sample.at_s, DISCONNECTED_S, (broken_s,))
            self._log.worsen(key, broken_s)

    def _watch_switches(self, path: _Path, sample: RtpSample) -> None:
        key = AlertKey(sample.leg_id, AlertKind.PATH_FLAPPING, None, Vantage.BROWSER)
        if sample.path_id is not None and path.path_id not in (None, sample.path_id):
            path.switches.append(sample.at_s)
            if self._log.is_open(key):
                self._log.worsen(key, self._log.worst(key) + 1.0)
            elif len(path.switches) == SWITCHES and path.switches[-1] - path.switches[0] <= SWITCHES_S:
                self._log.open(key, sample.at_s, float(SWITCHES), (float(SWITCHES),))
        path.path_id = sample.path_id or path.path_id
        if path.switches and sample.at_s - path.switches[-1] >= CALM_S:
            self._log.clear(key, sample.at_s)
