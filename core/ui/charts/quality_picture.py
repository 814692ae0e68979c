"""What the charts of one call's Quality page show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.model.call import LegId, Participant, ParticipantId
from core.model.sample import Direction, Vantage
from core.model.utterance import Utterance
from core.quality.lines import Line


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, or lasted. Times are on the call's clock."""

    at_s: float
    text: str
    until_s: float | None = None
    panel: str = ""
    """The figure that an alert is about; empty for what is no alert."""
    is_alert: bool = False
    is_break: bool = False
    """Whether the lines before and after it are not of one piece: a reconnection, a change of who hears whom."""


@dataclass(frozen=True, slots=True)
class QualityPicture:
    """What is drawn."""

    lines: Sequence[Line]
    utterances: Sequence[Utterance]
    participants: Sequence[Participant]
    legs: Mapping[LegId, ParticipantId]
    span_s: tuple[float, float]
    marks: Sequence[Mark] = ()
    doubted: Mapping[str, float] = field(default_factory=dict)
    """Utterances whose confidence fell during loss, and the loss in percent."""
    has_words: bool = True
    """Whether it is known what was said; a file from elsewhere does not tell."""

    @property
    def speakers(self) -> tuple[Participant, ...]:
        """Who has a row in the strip of utterances."""
        spoke = {utterance.participant_id for utterance in self.utterances}
        return tuple(p for p in self.participants if p.role.speaks or p.id in spoke)

    @property
    def kinds(self) -> tuple[tuple[Direction, Vantage], ...]:
        """Which directions and vantages there are lines of, in the order of their dashes."""
        there = {(line.direction, line.vantage) for line in self.lines}
        return tuple(kind for kind in _kinds() if kind in there)


def _kinds() -> tuple[tuple[Direction, Vantage], ...]:
    first = (Vantage.BROWSER, Vantage.SERVER)
    return tuple((direction, vantage) for direction in (Direction.OUTBOUND, Direction.INBOUND) for vantage in first)
