"""A cause that only the server can measure: a sender whose clock does not keep time."""

from collections.abc import Iterator

from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis
from core.quality.case import IN, SERVER, Case, shown
from core.quality.spans import spans, where

CLOCK_LIMIT_MS_PER_MIN = 20.0
"""A third of a thousandth: more than the quartz clocks of sound cards and headsets differ by."""
TROUBLE_S = 10.0
APART_S = 16.0


def sender_clock(case: Case, leg_id: LegId) -> Iterator[Diagnosis]:
    """Time stamps that run faster or slower than time as their packets arrive.

    It is found before any jitter buffer has grown, and without a browser that tells of one: a browser that plays a
    little faster or slower hides the growth for a while, at the price of the sound.
    """
    grid = case.grid
    drift = grid.mean(leg_id, IN, SERVER, "timestamp_drift_ms_per_min")
    found = spans(where(abs(drift) > CLOCK_LIMIT_MS_PER_MIN, drift), for_s=TROUBLE_S, apart_s=APART_S)
    for span in found:
        evidence = shown("timestamp_drift_ms_per_min", span.median(drift), CLOCK_LIMIT_MS_PER_MIN)
        evidence += shown("arriving_per_s", span.mean(grid.rate(leg_id, IN, SERVER)))
        yield case.found(Cause.TIMESTAMP_DRIFT, leg_id, IN, span, evidence)
