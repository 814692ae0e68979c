"""The answer of a language model on its way from the loop that receives it to the thread that reads it."""

import threading
from collections import deque
from collections.abc import Callable

from core.assist.language_model import ModelDelta
from core.model.errors import AssistError


class AnswerStream:
    """Implements `core.assist.language_model.ModelAnswer`.

    `close` may be called from any thread, while another one waits for the next piece, too.

    Nothing is dropped: whoever puts pieces in bounds the whole answer.
    """

    def __init__(self) -> None:
        self._pieces: deque[ModelDelta] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._failure: AssistError | None = None
        self._cancel: Callable[[], object] | None = None

    def __iter__(self) -> "AnswerStream":
        return self

    def __next__(self) -> ModelDelta:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._pieces) or self._ended)
            if self._pieces:
                return self._pieces.popleft()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        raise StopIteration

    def close(self) -> None:
        """End the request; what has not been read is gone, and whoever waits for it is let go. Idempotent."""
        with self._changed:
            self._pieces.clear()
        self.end()
        if self._cancel is not None:
            self._cancel()

    def cancel_with(self, cancel: Callable[[], object]) -> None:
        """State how the request is ended. Before the stream is handed out."""
        self._cancel = cancel

    def put(self, piece: ModelDelta) -> None:
        """Add a piece; nothing once it has ended."""
        with self._changed:
            if not self._ended:
                self._pieces.append(piece)
                self._changed.notify_all()

    def end(self, failure: AssistError | None = None) -> None:
        """Nothing more comes; only the first end counts."""
        with self._changed:
            if not self._ended:
                self._ended, self._failure = True, failure
                self._changed.notify_all()
