"""The mean opinion score, estimated from what the network does. Pure; any thread.

The formula is Twilio's simplification of the E-model (ITU-T G.107): twilio-voice.js, `lib/twilio/rtc/mos.ts`.
"""

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.model.quality import Band

Column: TypeAlias = NDArray[np.float64]
Figure = TypeVar("Figure", float, Column)

BEST_R = 94.768
WORST_R = 6.52
LOSS_WEIGHT = 2.5
"""Points of R for each percent of lost packets."""
KNEE_MS = 160.0
"""From here on delay disturbs a conversation, and counts four times as much."""
HOPELESS_MS = 1_000.0


def mean_opinion_score(rtt_ms: float, jitter_ms: float, loss_pct: float) -> float:
    """What listeners would say of a connection, 1 (worst) to about 4.4.

    Args:
        rtt_ms: Round-trip time.
        jitter_ms: Interarrival jitter (RFC 3550).
        loss_pct: Share of the packets that were lost, in percent.
    """
    return _opinion(_rating(_effective_ms(rtt_ms, jitter_ms), loss_pct))


def opinion_scores(rtt_ms: Column, jitter_ms: Column, loss_pct: Column) -> Column:
    """`mean_opinion_score` of whole columns; NaN where an input is."""
    delay_ms = _effective_ms(rtt_ms, jitter_ms)
    near, far = BEST_R - delay_ms / 40, BEST_R - (delay_ms - 120) / 10
    r = np.where(delay_ms < KNEE_MS, near, np.where(delay_ms < HOPELESS_MS, far, 0.0))
    r = np.where(loss_pct <= r / LOSS_WEIGHT, np.maximum(r - LOSS_WEIGHT * loss_pct, WORST_R), 0.0)
    return np.where(np.isnan(delay_ms) | np.isnan(loss_pct), np.nan, _opinion(r))


def _effective_ms(rtt_ms: Figure, jitter_ms: Figure) -> Figure:
    return rtt_ms + 2 * jitter_ms + 10


def _opinion(r: Figure) -> Figure:
    return 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)


def _rating(effective_ms: float, loss_pct: float) -> float:
    if effective_ms < KNEE_MS:
        r = BEST_R - effective_ms / 40
    elif effective_ms < HOPELESS_MS:
        r = BEST_R - (effective_ms - 120) / 10
    else:
        r = 0.0
    return max(r - LOSS_WEIGHT * loss_pct, WORST_R) if loss_pct <= r / LOSS_WEIGHT else 0.0


def band_of(mos: float) -> Band:
    """What a score means; every number has a band."""
    if mos > 4.2:
        return Band.EXCELLENT
    if mos > 4.1:
        return Band.GREAT
    if mos > 3.7:
        return Band.GOOD
    return Band.FAIR if mos >= 3.1 else Band.POOR
