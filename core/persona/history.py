"""What was said and called so far, as a new session is told it. Bounded: the oldest is left out. One thread."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.model.persona import PersonaSide, ToolCall
from core.persona.client_events import call_item, listener_item, output_item, persona_item
from core.persona.connection import ClientEvent

MOST_ITEMS = 200
MOST_CHARACTERS = 24_000


@dataclass(slots=True)
class _Said:
    item_id: str
    side: PersonaSide
    text: str
    is_told: bool = False
    """It was said while the persona was held; no answer is due."""

    @property
    def size(self) -> int:
        return len(self.text)


@dataclass(slots=True)
class _Called:
    call: ToolCall

    @property
    def size(self) -> int:
        return len(str(self.call.arguments)) + len(self.call.output or "")


class History:
    """Turns in the conversation's order."""

    def __init__(self) -> None:
        self._turns: list[_Said | _Called] = []
        self.dropped = 0
        """Turns that are no longer told."""

    def begin(self, item_id: str, side: PersonaSide) -> None:
        """Keep a place for what somebody said and whose text is still to come."""
        if not any(isinstance(turn, _Said) and turn.item_id == item_id for turn in self._turns):
            self._turns.append(_Said(item_id, side, ""))
            self._bound()

    def say(self, item_id: str, side: PersonaSide, text: str) -> None:
        """Put a text into its place, or at the end; an empty one takes the place away."""
        for turn in self._turns:
            if isinstance(turn, _Said) and turn.item_id == item_id:
                turn.text = text
                if not text:
                    self._turns.remove(turn)
                break
        else:
            if text:
                self._turns.append(_Said(item_id, side, text))
        self._bound()

    def tell(self, item_id: str, text: str) -> None:
        """Add what was said while the persona was held."""
        self._turns.append(_Said(item_id, PersonaSide.LISTENER, text, is_told=True))
        self._bound()

    def call(self, call: ToolCall) -> None:
        """Keep a tool's call, or what it answered."""
        for turn in self._turns:
            if isinstance(turn, _Called) and turn.call.call_id == call.call_id:
                turn.call = call
                break
        else:
            self._turns.append(_Called(call))
        self._bound()

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything."""
        return not any(isinstance(turn, _Called) or turn.text for turn in self._turns)

    @property
    def awaits_answer(self) -> bool:
        """Whether the last word is not the persona's: the listener's, or a tool's answer."""
        told = [turn for turn in self._turns if isinstance(turn, _Called) or turn.text]
        if not told:
            return False
        last = told[-1]
        return (
            last.call.output is not None
            if isinstance(last, _Called)
            else last.side is PersonaSide.LISTENER and not last.is_told
        )

    def replay(self) -> Iterator[ClientEvent]:
        """The events that tell a new session all of it. Every identifier is new to the new session."""
        for number, turn in enumerate(self._turns):
            if isinstance(turn, _Called):
                yield call_item(turn.call)
                if turn.call.output is not None:
                    yield output_item(turn.call)
            elif turn.text and turn.side is PersonaSide.LISTENER:
                yield listener_item(f"replay_{number}", turn.text)
            elif turn.text:
                yield persona_item(f"replay_{number}", turn.text)

    def _bound(self) -> None:
        while len(self._turns) > MOST_ITEMS or sum(turn.size for turn in self._turns) > MOST_CHARACTERS:
            if len(self._turns) == 1:
                return
            del self._turns[0]
            self.dropped += 1
