"""Whether to ask a language model again after it failed: how long to wait, and when something else stands in for it.

Two failures in a row, or one that trying again cannot cure, and the extractive summary stands in; the model is tried
again and again, at growing distances, until it answers. What fails for one call is that call's trouble (a refusal is
about its words); once requests of two calls have failed and none in between was answered, it is everybody's, and one
probe at a time is sent for all.
"""

import threading
from dataclasses import dataclass

from core.model.clock import Clock
from core.model.errors import (
    AssistError,
    ModelAnswerFiltered,
    ModelAnswerTooLong,
    ModelDeclined,
    ModelRateLimited,
)

FAILURES = 2
"""So many in a row, and something else stands in."""
PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Pause after the first failure, the second one, and so on; the last one from then on."""
HOPELESS_PAUSE_S = 20.0
"""Least pause after a failure that trying again does not cure: somebody has to do something first."""
LONGEST_WAIT_S = 600.0
"""However long a server wants to be left alone, it is asked again after so long."""
OF_THE_CONVERSATION = (ModelAnswerTooLong, ModelAnswerFiltered, ModelDeclined)
"""Failures that are about what was said: the same question is not asked again, the next one may pass."""
PROBE_S = 60.0
"""How long a probe keeps others from being sent, if nothing is heard of it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """That the latest requests failed. Times are monotonic seconds."""

    error: AssistError
    failures: int
    """In a row."""
    retry_at: float
    is_shared: bool = False
    """Whether it is every call's."""

    @property
    def stands_in(self) -> bool:
        """Whether something else is to stand in for the model."""
        return self.failures >= FAILURES or not self.error.retryable

    @property
    def is_of_the_conversation(self) -> bool:
        """Whether only another question may be answered."""
        return isinstance(self.error, OF_THE_CONVERSATION)

    @property
    def code(self) -> str:
        """The error's name, for pages and records."""
        return type(self.error).__name__


def after_failure(error: AssistError, before: Trouble | None, now: float) -> Trouble:
    """The trouble after one more failure at `now`; `before` is that of the failures before it, if there were any."""
    failures = before.failures + 1 if before is not None else 1
    pause_s = PAUSES_S[min(failures, len(PAUSES_S)) - 1]
    if not error.retryable and not isinstance(error, OF_THE_CONVERSATION):
        pause_s = max(pause_s, HOPELESS_PAUSE_S)
    if isinstance(error, ModelRateLimited):
        pause_s = max(pause_s, min(error.wait_s, LONGEST_WAIT_S))
    return Trouble(error, failures, now + pause_s)


class ModelWatch:
    """What all calls' requests to one model came to. Any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: dict[str, AssistError] = {}
        """Calls whose requests have failed since anything was answered: as many as it takes."""
        self._shared: Trouble | None = None
        self._latest: Trouble | None = None

    @property
    def trouble(self) -> Trouble | None:
        """The trouble that all calls share, if there is any."""
        return self._shared

    @property
    def stand_in_trouble(self) -> Trouble | None:
        """Why something stands in, as far as the latest request of any call tells; None when it was answered."""
        latest = self._shared or self._latest
        return latest if latest is not None and latest.stands_in else None

    def may_ask(self) -> bool:
        """Whether a request may be sent now. While all calls are in trouble, one at a time finds that it may."""
        with self._lock:
            shared, now = self._shared, self._clock.monotonic()
            if shared is None:
                return True
            if now < shared.retry_at:
                return False
            self._shared = Trouble(shared.error, shared.failures, now + PROBE_S, is_shared=True)
            return True

    def answered(self) -> None:
        """A request was answered."""
        with self._lock:
            self._failing.clear()
            self._shared = self._latest = None

    def failed(self, call: str, trouble: Trouble) -> None:
        """A call's request failed, which left it in this trouble of its own."""
        with self._lock:
            self._latest = trouble
            if trouble.is_of_the_conversation:
                if self._shared is not None:
                    # The probe came through: what is the matter is this call's alone.
                    self._shared = None
                    self._failing.clear()
                return
            if len(self._failing) < FAILURES:
                self._failing[call] = trouble.error
            if self._shared is not None or len(self._failing) >= FAILURES:
                shared = after_failure(trouble.error, self._shared, self._clock.monotonic())
                failures = max(shared.failures, FAILURES)
                retry_at = max(shared.retry_at, trouble.retry_at)
                self._shared = Trouble(trouble.error, failures, retry_at, is_shared=True)
