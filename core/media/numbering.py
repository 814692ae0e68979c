"""Which sequence numbers an outgoing stream's packets bear, whichever source they come from."""

from collections.abc import Hashable

from core.media.packet import signed_difference

LONGEST_GAP = 1_000
"""Packets; a source's number that goes further than this, or as far back, is a new beginning of its count."""


class Numbering:
    """Sequence numbers of one outgoing stream.

    As long as the source stays the same, a packet keeps its number plus one constant: gaps and reordering reach the
    ear as they were, whose jitter buffer knows what to do with them. When the source changes, its first packet bears
    the number after the highest.
    """

    def __init__(self, first: int = 0) -> None:
        """`first` is the first number, of 16 bits."""
        self._source: Hashable = None
        self._highest = first - 1
        self._latest = 0
        self._begun = first

    def place(self, source: Hashable, sequence: int) -> int | None:
        """The outgoing number, unwrapped, of a packet that bears `sequence` (16 bits) at its source.

        None for a packet from before the source was heard: its number is another packet's.
        """
        if source == self._source:
            step = signed_difference(sequence, self._latest, 16)
            if -LONGEST_GAP < step < LONGEST_GAP:
                number = self._highest + step
                if step > 0:
                    self._highest, self._latest = number, sequence
                return number if number >= self._begun else None
        self._source, self._latest = source, sequence
        self._highest += 1
        self._begun = self._highest
        return self._highest
