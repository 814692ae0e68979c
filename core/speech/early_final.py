"""A final text that is begun before the silence which ends its utterance is over, in case nothing more is said."""

from dataclasses import dataclass

from core.speech.decoder import Decoding
from core.speech.endpointing import SpeechStretch


@dataclass(slots=True)
class EarlyFinal:
    """An utterance as it will be if nobody speaks on. Whoever touches it holds its session's lock."""

    stretch: SpeechStretch
    ordinal: int | None = None
    """The utterance's, once it has ended just so; None while somebody may speak on, or did."""
    is_done: bool = False
    decoding: Decoding | None = None
    """What it was turned into; None while that is under way, or where the engine failed."""

    def is_of(self, stretch: SpeechStretch | None) -> bool:
        """Whether an utterance has ended as was expected: its audio is what is being decoded, or was."""
        return (
            stretch is not None
            and stretch.end_s == self.stretch.end_s
            and len(stretch.samples) == len(self.stretch.samples)
        )
