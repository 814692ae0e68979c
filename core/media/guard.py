"""What must not go further: exceptions in handlers that aiortc or a shared clock calls; and what was dropped."""

import logging
from collections import Counter
from collections.abc import Mapping
from types import TracebackType

logger = logging.getLogger(__name__)


class Tally:
    """Counts by name of everything that queues dropped and guards caught. Media loop only."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        """Count something that was lost."""
        self._counts[name] += count

    def read(self) -> Mapping[str, int]:
        """All counts so far."""
        return dict(self._counts)


class Guard:
    """`with guard:` lets no exception out: it is counted, and the first one is logged with its traceback.

    An exception in a packet handler makes aiortc close the whole connection; one in the pacer would silence every ear.
    Cancellation passes.
    """

    def __init__(self, name: str, tally: Tally) -> None:
        self._name = name
        self._tally = tally
        self._logged = False

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._tally.add(self._name)
        if not self._logged:
            self._logged = True
            logger.error("%s failed; further failures are only counted", self._name, exc_info=error)
        return True
