"""A call's alerts: each raised once, made worse, and cleared."""

from dataclasses import replace
from typing import NamedTuple

from core.model.call import LegId
from core.model.quality import Alert, AlertKind
from core.model.sample import Direction, Vantage

ALERTS_KEPT = 200
"""Alerts of one call that are kept; beyond it the oldest that is over is forgotten, and counted."""


class AlertKey(NamedTuple):
    """What an alert is about: at most one of a key is open."""

    leg_id: LegId
    kind: AlertKind
    direction: Direction | None
    vantage: Vantage


class AlertLog:
    """Alerts in the order in which they were raised. One thread at a time."""

    def __init__(self) -> None:
        self._open: dict[AlertKey, int] = {}
        self._alerts: dict[int, Alert] = {}
        self._next = 0
        self.forgotten = 0
        """Alerts that were over and are kept no more."""

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All that are kept."""
        return tuple(sorted(self._alerts.values(), key=lambda alert: alert.raised_at_s))

    @property
    def has_open(self) -> bool:
        """Whether any goes on: mostly none does, and nothing needs to be cleared."""
        return bool(self._open)

    def is_open(self, key: AlertKey) -> bool:
        """Whether it goes on."""
        return key in self._open

    def worst(self, key: AlertKey) -> float:
        """The worst figure of one that goes on."""
        return self._alerts[self._open[key]].worst

    def open(self, key: AlertKey, at_s: float, limit: float, evidence: tuple[float, ...]) -> None:
        """Raise an alert, unless it is raised already; its worst figure is the latest one."""
        if key in self._open:
            return
        self._open[key] = self._next
        self._alerts[self._next] = Alert(
            key.leg_id, key.kind, key.direction, at_s, limit, evidence, worst=evidence[-1], vantage=key.vantage
        )
        self._next += 1
        over = [number for number, alert in self._alerts.items() if not alert.is_open]
        for number in over[: max(0, len(self._alerts) - ALERTS_KEPT)]:
            del self._alerts[number]
            self.forgotten += 1

    def worsen(self, key: AlertKey, worst: float) -> None:
        """State the worst figure so far of one that goes on."""
        number = self._open[key]
        self._alerts[number] = replace(self._alerts[number], worst=worst)

    def clear(self, key: AlertKey, at_s: float) -> None:
        """It is over, if it went on; not before it was raised."""
        number = self._open.pop(key, None)
        if number is not None:
            alert = self._alerts[number]
            self._alerts[number] = replace(alert, cleared_at_s=max(at_s, alert.raised_at_s))

    def end_leg(self, leg_id: LegId, at_s: float) -> None:
        """A leg is over, and with it all that was wrong."""
        for key in [key for key in self._open if key.leg_id == leg_id]:
            self.clear(key, at_s)
