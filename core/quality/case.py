"""All that is known of a call when causes are looked for, and how a finding becomes a diagnosis."""

from collections.abc import Iterable, Mapping, Sequence

from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.model.leg_facts import LegFacts
from core.model.sample import Direction, RtpSample, Vantage
from core.model.snapshot import Note
from core.quality.grid import Bins, Grid, first_known
from core.quality.spans import Span

IN, OUT = Direction.INBOUND, Direction.OUTBOUND
SERVER, BROWSER = Vantage.SERVER, Vantage.BROWSER


class Case:
    """A call, or the latest stretch of one."""

    def __init__(
        self,
        samples: Iterable[RtpSample],
        facts: Mapping[LegId, LegFacts],
        notes: Sequence[Note],
        end_s: float | None,
    ) -> None:
        self.grid = Grid(samples)
        self.facts = facts
        self.notes = notes
        self.end_s = end_s
        told = [at_s for each in facts.values() for at_s in (each.opened_at_s, each.connected_at_s, each.ended_at_s)]
        self.now_s = max(self.grid.now_s, *(at_s or 0.0 for at_s in told), end_s or 0.0, 0.0)
        """The latest moment of which anything is known."""

    def is_listener(self, leg_id: LegId) -> bool:
        """Whether a leg sends no sound on purpose."""
        return leg_id in self.facts and self.facts[leg_id].is_listener

    def ended_at_s(self, leg_id: LegId | None) -> float | None:
        """When a leg was over, or the call; None while it goes on."""
        facts = self.facts.get(leg_id) if leg_id is not None else None
        if facts is not None and facts.ended_at_s is not None:
            return facts.ended_at_s
        return self.end_s

    def found(
        self,
        cause: Cause,
        leg_id: LegId | None,
        direction: Direction | None,
        span: Span,
        evidence: Sequence[Evidence],
        *,
        is_certain: bool = True,
    ) -> Diagnosis:
        """The diagnosis of what was seen for a stretch of time."""
        start_s, end_s = span.start_s(self.grid), span.end_s(self.grid)
        over_s = self.ended_at_s(leg_id)
        if span.is_open:
            end = None if over_s is None else max(start_s, over_s)
        else:
            end = max(start_s, end_s if over_s is None else min(end_s, over_s))
        return Diagnosis(cause, leg_id, direction, start_s, end, tuple(evidence), is_certain)


def shown(figure: str, value: float | None, limit: float | None = None) -> tuple[Evidence, ...]:
    """A figure as evidence; nothing where it is missing."""
    return () if value is None else (Evidence(figure, value, limit),)


def round_trip_ms(grid: Grid, leg_id: LegId) -> Bins:
    """The round-trip time of a leg, from whoever has it: browsers ask more often."""
    return first_known(
        *(grid.mean(leg_id, direction, vantage, "rtt_ms") for vantage in (BROWSER, SERVER) for direction in (IN, OUT))
    )
