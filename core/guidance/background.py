"""A retriever that is still being loaded: reading and indexing a handbook must not hold up the server's start."""

import threading
from collections.abc import Callable

from core.guidance.retriever import Retriever
from core.model.errors import GuidanceError
from core.model.health import PartHealth, PartState
from core.model.passage import GuidanceAnswer, GuidanceRequest

CLOSE_TIMEOUT_S = 10.0


class BackgroundRetriever:
    """Implements `core.guidance.retriever.Retriever`; loads the real one on a thread of its own. Any thread."""

    def __init__(self, load: Callable[[], Retriever]) -> None:
        self._load = load
        self._loaded: Retriever | None = None
        self._problem: GuidanceError | None = None
        self._thread = threading.Thread(target=self._run, name="earshot-guidance-load", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._loaded = self._load()
        except GuidanceError as error:
            self._problem = error

    @property
    def health(self) -> PartHealth:
        """The loaded retriever's state; before it, that it is being loaded, or why it cannot be."""
        if self._loaded is not None:
            return self._loaded.health
        if self._problem is not None:
            return PartHealth("guidance", PartState.DOWN, needed=False, detail=str(self._problem))
        if self._thread.is_alive():
            return PartHealth("guidance", PartState.STARTING, needed=False, detail="The handbook is being read.")
        return PartHealth("guidance", PartState.DOWN, needed=False, detail="The handbook broke off; see the log.")

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """Answer a request, once loaded. Waits for the loading: not for a loop's thread. Raises GuidanceError."""
        self._thread.join()
        if self._loaded is None:
            raise self._problem or GuidanceError()
        return self._loaded.assist(request)

    def close(self) -> None:
        """Wait for the thread; bounded and idempotent."""
        self._thread.join(CLOSE_TIMEOUT_S)
