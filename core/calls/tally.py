"""What all calls together have come to since the server started, counted as it happens. Any thread."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from itertools import accumulate

from core.model.server_figures import Distribution

FINAL = "end_of_speech_to_final"
SUMMARY = "end_of_speech_to_summary"
BOUNDS_S: Mapping[str, tuple[float, ...]] = {
    FINAL: (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
    SUMMARY: (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0, 60.0),
}


class Tally:
    """Counts waits by their length and failures by their kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # One more than there are bounds: for what is longer than the last.
        self._counts = {what: [0] * (len(bounds) + 1) for what, bounds in BOUNDS_S.items()}
        self._totals = dict.fromkeys(BOUNDS_S, 0.0)
        self._failures: Counter[tuple[str, str]] = Counter()
        self._repeated = 0

    def waited(self, what: str, seconds: float) -> None:
        """Somebody waited for something; `what` is one of `BOUNDS_S`. Below zero, as early finals are, counts as 0."""
        length = max(0.0, seconds)
        with self._lock:
            self._counts[what][bisect_left(BOUNDS_S[what], length)] += 1
            self._totals[what] += length

    def failed(self, part: str, error: Exception) -> None:
        """A part (`assist`, `guidance`) did not answer, or the work on a call (`calls`) had a fault."""
        with self._lock:
            self._failures[part, type(error).__name__] += 1

    def repeated(self, seconds: int) -> None:
        """Seconds of a browser's figures came again: their request was sent twice, since its answer came late."""
        with self._lock:
            self._repeated += seconds

    @property
    def repeated_seconds(self) -> int:
        """How many seconds of figures came again so far."""
        with self._lock:
            return self._repeated

    @property
    def waits(self) -> Mapping[str, Distribution]:
        """All waits so far."""
        with self._lock:
            return {
                what: Distribution(bounds, tuple(accumulate(counts))[:-1], sum(counts), self._totals[what])
                for what, bounds in BOUNDS_S.items()
                for counts in (self._counts[what],)
            }

    @property
    def failures(self) -> Mapping[tuple[str, str], int]:
        """All failures so far."""
        with self._lock:
            return dict(self._failures)
