"""What was written to a persona is said once, however often a browser sends it. On the calls loop."""

from collections import OrderedDict

from core.model.call import CallId

KEPT = 500
"""Messages of one call that are remembered: a browser sends one again within seconds."""


class TypedOnce:
    """Remembers which messages have been taken."""

    def __init__(self) -> None:
        self._taken: dict[CallId, OrderedDict[str, None]] = {}

    def is_new(self, call_id: CallId, message_id: str) -> bool:
        """Whether a message was not taken before; one without an id always is new."""
        return not message_id or message_id not in self._taken.get(call_id, ())

    def take(self, call_id: CallId, message_id: str) -> None:
        """Remember that one was taken."""
        if message_id:
            taken = self._taken.setdefault(call_id, OrderedDict())
            taken[message_id] = None
            if len(taken) > KEPT:
                taken.popitem(last=False)

    def keep_only(self, call_ids: set[CallId]) -> None:
        """Forget all other calls."""
        for call_id in self._taken.keys() - call_ids:
            del self._taken[call_id]
