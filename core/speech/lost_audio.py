"""Which audio of a stream was lost: neighbouring pieces as one stretch."""

APART_S = 0.5
"""Pieces that lie further apart are told apart."""


class LostAudio:
    """Stretches of time on the clock of the audio. Not safe across threads: whoever owns it holds a lock."""

    def __init__(self) -> None:
        self._stretches: list[tuple[float, float]] = []

    def add(self, start_s: float, end_s: float) -> None:
        """The audio between these times is lost; pieces come in order of time, but that one may overtake another."""
        if self._stretches and start_s - self._stretches[-1][1] <= APART_S:
            former = self._stretches.pop()
            start_s, end_s = min(former[0], start_s), max(former[1], end_s)
        self._stretches.append((start_s, end_s))

    def take(self) -> list[tuple[float, float]]:
        """All stretches since the last time this was asked, oldest first."""
        taken, self._stretches = self._stretches, []
        return taken
