"""What the versions of one utterance have in common, from its first words to its final text. On the calls loop."""

from dataclasses import dataclass

from core.calls.services import MakeId


@dataclass(frozen=True, slots=True)
class Trace:
    """By what an utterance is found again, in the records, in files and in the log."""

    id: str
    """Unique over all calls."""
    first_interim_s: float | None
    """When its first interim text arrived, on the call's clock; None while there was none."""


class Traces:
    """The traces of the utterances that are not final yet."""

    def __init__(self, make_id: MakeId) -> None:
        self._make_id = make_id
        self._open: dict[str, Trace] = {}

    def take(self, utterance_id: str, is_final: bool, now_s: float) -> Trace:
        """The trace of an utterance of which a version has arrived at `now_s`; a final one is the last."""
        trace = self._open.pop(utterance_id, None) or Trace(self._make_id(), None if is_final else now_s)
        if not is_final:
            self._open[utterance_id] = trace
        return trace
