"""In which order a session's recognitions reach the caller, and that none comes after its end."""

import threading
from collections.abc import Iterable
from dataclasses import replace

from core.model.utterance import Recognition
from core.speech.transcriber import OnRecognition


class OrderedDelivery:
    """Finals in the order of their ordinals (each exactly once), interims never after their final. Any thread.

    Several workers finish utterances in any order; a final that is early is held back until those before it came.
    """

    def __init__(self, on_recognition: OnRecognition) -> None:
        self._on_recognition = on_recognition
        self._changed = threading.Condition(threading.RLock())
        self._expected = 0
        self._next = 0
        self._held: dict[int, Recognition] = {}
        self._shown: dict[int, float] = {}
        self._silent = False

    def expect(self, ordinal: int) -> None:
        """A final of this ordinal will come."""
        with self._changed:
            self._expected = max(self._expected, ordinal + 1)

    def give_interim(self, recognition: Recognition) -> None:
        """Pass an interim text on, unless its final or a longer interim was there first."""
        with self._changed:
            ordinal = recognition.ordinal
            if self._silent or ordinal < self._next or ordinal in self._held or not recognition.text:
                return
            if recognition.end_s >= self._shown.get(ordinal, recognition.end_s):
                self._shown[ordinal] = recognition.end_s
                self._on_recognition(recognition)

    def give_final(self, recognition: Recognition) -> None:
        """Pass a final on when its turn has come. An empty one that tells of no loss only withdraws interims."""
        with self._changed:
            self._held[recognition.ordinal] = recognition
            while not self._silent and (due := self._held.pop(self._next, None)) is not None:
                self._next += 1
                was_shown = self._shown.pop(due.ordinal, None) is not None
                self._changed.notify_all()
                if due.text or was_shown or due.is_given_up:
                    self._on_recognition(due)

    def wait_until_complete(self, timeout_s: float) -> bool:
        """Wait until all expected finals were passed on. Returns whether they were."""
        with self._changed:
            return self._changed.wait_for(lambda: self._next >= self._expected, timeout_s)

    def silence(self) -> None:
        """Pass nothing on from now; returns when no call of the callback is under way."""
        with self._changed:
            self._silent = True
            self._held.clear()

    def end(self, lost: Iterable[Recognition]) -> None:
        """Pass on what was lost, numbered behind all that was said, and then nothing; see `silence`."""
        with self._changed:
            if not self._silent:
                behind = max(self._expected, self._next)
                for ordinal, recognition in enumerate(lost, behind):
                    self._on_recognition(replace(recognition, ordinal=ordinal))
            self.silence()
