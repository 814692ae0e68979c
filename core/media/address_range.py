"""Where the media process listens for audio, and under which address browsers are told to send it."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class PortRange:
    """UDP ports, both ends included."""

    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`40000-40999` as the setting EARSHOT_MEDIA_PORTS has it.

        Raises:
            ValueError: it is no range.
        """
        low, high = (int(part) for part in text.split("-"))
        if not 0 < low <= high <= 65535:
            raise ValueError(f"{text} is not a range of ports")
        return cls(low, high)

    def __str__(self) -> str:
        return f"{self.low}-{self.high}"

    def __len__(self) -> int:
        return self.high - self.low + 1

    def beginning_at(self, offset: int) -> tuple[range, range]:
        """All ports once, from the one at `offset` on and then from the lowest."""
        middle = self.low + offset % len(self)
        return range(middle, self.high + 1), range(self.low, middle)
