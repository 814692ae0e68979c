"""Samples of a leg, one a second, as a test wants them."""

from collections.abc import Iterable

from core.model.call import LegId
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.alerts import QualityWatch

LEG = LegId("l1")
GOOD: dict[str, object] = {"packets": 50, "octets": 4_000, "lost": 0, "jitter_ms": 2.0}


def sample(
    at_s: float,
    direction: Direction = Direction.INBOUND,
    leg_id: LegId = LEG,
    vantage: Vantage = Vantage.SERVER,
    **figures: object,
) -> RtpSample:
    """A good second, but for the figures that are given."""
    rtt: dict[str, object] = {"rtt_ms": 20.0} if direction is Direction.OUTBOUND else {}
    values: dict[str, object] = {**GOOD, **rtt, **figures}
    return RtpSample(leg_id, direction, vantage, at_s, 1.0, **values)  # type: ignore[arg-type]


def feed(
    watch: QualityWatch, field: str, figures: Iterable[float | None], direction: Direction, start_s: float = 1.0
) -> float:
    """A second for each figure; the time after them. Good seconds of the other direction stand beside them."""
    at_s = start_s
    other = Direction.OUTBOUND if direction is Direction.INBOUND else Direction.INBOUND
    for figure in figures:
        watch.add(sample(at_s, direction, **{field: figure}))
        watch.add(sample(at_s, other))
        at_s += 1.0
    return at_s
