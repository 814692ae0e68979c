"""The listener's last sound, from which a new session begins where the former one left off. Pure, bounded."""

from collections import deque
from collections.abc import Iterator

from core.persona.microphone import SLIP_S, Sound

KEPT_S = 30.0
ONSET_S = 0.5
"""Sound before now that may hold the beginning of a word."""

TOGETHER_S = 1.0
"""Sound that is handed out in one piece."""


class RecentSound:
    """Sound that no session has answered for. One thread."""

    def __init__(self) -> None:
        self._sounds: deque[Sound] = deque()
        self._kept_s = 0.0

    def add(self, sound: Sound) -> float:
        """Keep sound; returns how many seconds found no room, the oldest."""
        self._sounds.append(sound)
        self._kept_s += sound.seconds
        return self._trim(KEPT_S)

    def settle(self) -> None:
        """All of it was understood, but for what may be a word's beginning."""
        self._trim(ONSET_S)

    def take(self, is_all: bool) -> Iterator[Sound]:
        """What a new session is sent first: all of it, or what may be a word's beginning. It stays kept."""
        if not is_all:
            self._trim(ONSET_S)
        joined: Sound | None = None
        for sound in tuple(self._sounds):
            if joined is not None and joined.seconds < TOGETHER_S - SLIP_S and _follows(joined, sound):
                joined = Sound(
                    joined.pcm + sound.pcm,
                    joined.captured_s,
                    joined.seconds + sound.seconds,
                    joined.loud_s + sound.loud_s,
                    joined.closed_s + sound.closed_s,
                )
                continue
            if joined is not None:
                yield joined
            joined = sound
        if joined is not None:
            yield joined

    def _trim(self, most_s: float) -> float:
        dropped_s = 0.0
        while self._kept_s > most_s and len(self._sounds) > 1:
            oldest_s = self._sounds.popleft().seconds
            self._kept_s -= oldest_s
            dropped_s += oldest_s
        return dropped_s


def _follows(former: Sound, later: Sound) -> bool:
    return abs(former.captured_s + former.seconds - later.captured_s) < SLIP_S
