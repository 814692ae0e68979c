"""Which of many running calls needs a supervisor most. Pure; any thread."""

from collections.abc import Iterable

from core.model.call import CallState, LegId, LegState
from core.model.diagnosis import ROUTINE, Diagnosis
from core.model.overview import CallOverview
from core.model.persona import PersonaState
from core.model.quality import UNHEARD, Alert, AlertKind, Band
from core.model.sample import Direction
from core.model.text_alert import LEVELS, AlertLevel, TextAlert
from core.quality.mos import band_of

KINDS = tuple(AlertKind)
"""Worst first."""
AUDIBLE = {Band.POOR: 0, Band.FAIR: 1}
"""Bands that are trouble, worst first. Between the others calls do not change places, nor within one."""


def worst_first(overviews: Iterable[CallOverview]) -> tuple[CallOverview, ...]:
    """Calls in the order of how badly they need somebody.

    First those in which somebody is lost or not heard at all, or whose persona has stopped or reconnects, then those in
    which something critical was said, then those with open network alerts by their kind, those with a warning of what
    was said, and those that sound bad; among equals live ones before waiting ones, and those that have run longest.
    """
    return tuple(sorted(overviews, key=_urgency))


def alerts_worst_first(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """The open alerts by their kind; among equals the oldest first. What both vantages have seen counts once."""
    ordered = sorted((a for a in alerts if a.is_open), key=lambda a: (KINDS.index(a.kind), a.raised_at_s, a.leg_id))
    once: dict[tuple[LegId, AlertKind, Direction | None], Alert] = {}
    for alert in ordered:
        once.setdefault((alert.leg_id, alert.kind, alert.direction), alert)
    return tuple(once.values())


def worst_cause(diagnoses: Iterable[Diagnosis]) -> Diagnosis | None:
    """Of what was found, worst first, the first that goes on and is a fault."""
    return next((each for each in diagnoses if each.end_s is None and each.cause not in ROUTINE), None)


def text_alerts_worst_first(alerts: Iterable[TextAlert]) -> tuple[TextAlert, ...]:
    """The open alerts by their level; among equals the oldest first."""
    return tuple(sorted((a for a in alerts if a.is_open), key=lambda a: (LEVELS.index(a.level), a.raised_at_s, a.id)))


def _urgency(overview: CallOverview) -> tuple[int, int, bool, float, str]:
    call = overview.call
    trouble, degree = _trouble(overview)
    return trouble, degree, call.state is not CallState.LIVE, call.live_at or call.created_at, call.id


def _trouble(overview: CallOverview) -> tuple[int, int]:
    kinds = {alert.kind for alert in overview.alerts}
    is_somebody_lost = any(p.leg_state is LegState.LOST for p in overview.call.participants if p.role.speaks)
    if is_somebody_lost or kinds & UNHEARD or overview.persona_state is PersonaState.ENDED:
        return 0, 0
    if overview.persona_state is PersonaState.RECONNECTING:
        return 0, 1
    levels = {alert.level for alert in overview.text_alerts}
    if AlertLevel.CRITICAL in levels:
        return 1, 0
    if kinds:
        return 2, min(map(KINDS.index, kinds))
    if AlertLevel.WARNING in levels:
        return 3, 0
    band = None if overview.mos is None else band_of(overview.mos)
    return (4, AUDIBLE[band]) if band in AUDIBLE else (5, 0)
