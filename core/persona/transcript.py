"""What both sides say, put together from the provider's events, interim until final, and kept for a new session.

What the listener says is final when its transcription is. What the persona says is final when it was heard to its end,
or when it was cut off: until then nobody can know which. One thread; times in monotonic seconds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core.model.persona import HeardItem, PersonaSide, PersonaUtterance
from core.persona.history import History

MOST_OPEN = 32
LATE_S = 8.0
"""A transcription that has not come so long after the end of the speech does not come any more."""
WHOLE_S = 0.06
"""What is heard but for this is heard to its end."""
LONGEST = 20_000


@dataclass(slots=True)
class _Heard:
    """What the listener is saying or has said."""

    start_s: float
    end_s: float
    text: str = ""
    is_over: bool = False


@dataclass(slots=True)
class _Spoken:
    """What the persona is saying or has said."""

    start_s: float
    text: str = ""
    sound_s: float = 0.0
    is_over: bool = False


class Transcript:
    """One session's, over all its connections.

    Args:
        tell: Takes every version of every utterance.
        model: The persona's, for the records.
        transcription_model: The one that writes down the listener.
    """

    def __init__(self, tell: Callable[[PersonaUtterance], None], model: str, transcription_model: str) -> None:
        self.history = History()
        self._tell = tell
        self._model = model
        self._transcription_model = transcription_model
        self._heard: dict[str, _Heard] = {}
        self._spoken: dict[str, _Spoken] = {}
        self._typed = self._told = 0

    # The listener

    def hear_begin(self, item_id: str, start_s: float) -> None:
        """The listener began to speak."""
        self._heard[item_id] = _Heard(start_s, start_s)
        while len(self._heard) > MOST_OPEN:
            self.hear_final(next(iter(self._heard)), "")

    def hear_end(self, item_id: str, end_s: float) -> None:
        """The listener stopped speaking; the text is still to come."""
        heard = self._heard.setdefault(item_id, _Heard(end_s, end_s))
        heard.end_s, heard.is_over = max(heard.start_s, end_s), True
        self.history.begin(item_id, PersonaSide.LISTENER)

    def hear_commit(self, item_id: str, now: float) -> None:
        """The listener's sound became an item; its end is `now` where none was told."""
        if item_id not in self._heard:
            self.hear_end(item_id, now)

    def hear_delta(self, item_id: str, text: str, now: float) -> None:
        """A piece of the listener's text."""
        heard = self._heard.setdefault(item_id, _Heard(now, now, is_over=True))
        heard.text = (heard.text + text)[:LONGEST]
        self._tell_heard(item_id, heard, heard.text, is_final=False)

    def hear_final(self, item_id: str, text: str) -> None:
        """All of the listener's text; empty where there was nothing to understand."""
        heard = self._heard.pop(item_id, None)
        if heard is None:
            return
        self.history.say(item_id, PersonaSide.LISTENER, text.strip())
        if text.strip() or heard.text:
            self._tell_heard(item_id, heard, text.strip()[:LONGEST], is_final=True)

    def _tell_heard(self, item_id: str, heard: _Heard, text: str, is_final: bool) -> None:
        self._tell(
            PersonaUtterance(
                item_id, PersonaSide.LISTENER, text, is_final, heard.start_s, heard.end_s, self._transcription_model
            )
        )

    def type(self, text: str, now: float) -> str:
        """The listener wrote something; returns its item."""
        self._typed += 1
        item_id = f"typed_{self._typed}"
        self.history.say(item_id, PersonaSide.LISTENER, text)
        self._tell(PersonaUtterance(item_id, PersonaSide.LISTENER, text, True, now, now, "", is_typed=True))
        return item_id

    def tell(self, text: str) -> str:
        """Somebody said something that was heard elsewhere; returns its item."""
        self._told += 1
        item_id = f"told_{self._told}"
        self.history.tell(item_id, text)
        return item_id

    @property
    def awaits_text(self) -> bool:
        """Whether the listener said something whose text has not come."""
        return any(heard.is_over for heard in self._heard.values())

    def give_up_late(self, now: float) -> None:
        """Take back what was said so long ago that its text will not come."""
        for item_id in [i for i, heard in self._heard.items() if heard.is_over and now - heard.end_s > LATE_S]:
            self.hear_final(item_id, "")

    # The persona

    def speak_begin(self, item_id: str) -> None:
        """The persona begins an item."""
        self.history.begin(item_id, PersonaSide.PERSONA)

    def speak_sound(self, item_id: str, seconds: float, now: float) -> None:
        """Sound of an item was put."""
        spoken = self._spoken.setdefault(item_id, _Spoken(now))
        spoken.sound_s += seconds

    def speak_delta(self, item_id: str, text: str, now: float) -> None:
        """A piece of the persona's text."""
        spoken = self._spoken.setdefault(item_id, _Spoken(now))
        spoken.text = (spoken.text + text)[:LONGEST]
        self.history.say(item_id, PersonaSide.PERSONA, spoken.text)
        self._tell_spoken(item_id, spoken, spoken.text, is_final=False)

    def speak_text(self, item_id: str, text: str) -> None:
        """All of the persona's text."""
        if spoken := self._spoken.get(item_id):
            spoken.text = text[:LONGEST]
            self.history.say(item_id, PersonaSide.PERSONA, spoken.text)

    def speak_end(self, item_id: str) -> None:
        """Neither text nor sound of an item comes any more."""
        if spoken := self._spoken.get(item_id):
            spoken.is_over = True

    def settle(self, heard: Mapping[str, HeardItem]) -> None:
        """Make final what was heard to its end."""
        for item_id in [i for i, spoken in self._spoken.items() if spoken.is_over]:
            item = heard.get(item_id)
            if item is None or item.heard_s >= item.given_s - WHOLE_S:
                self._finish(item_id)
        while len(self._spoken) > MOST_OPEN:
            self._finish(next(iter(self._spoken)))

    def cut(self, heard: Mapping[str, HeardItem]) -> Iterator[tuple[str, float]]:
        """End all items that were not heard to their end; gives each with the seconds that were."""
        for item_id, spoken in list(self._spoken.items()):
            item = heard.get(item_id)
            heard_s = min(item.heard_s, spoken.sound_s) if item is not None else 0.0
            if spoken.is_over and heard_s >= spoken.sound_s - WHOLE_S:
                self._finish(item_id)
                continue
            del self._spoken[item_id]
            text = heard_part(spoken.text, heard_s / spoken.sound_s if spoken.sound_s else 0.0)
            self.history.say(item_id, PersonaSide.PERSONA, text)
            spoken.sound_s = heard_s
            self._tell_spoken(item_id, spoken, text, is_final=True, is_cut=True)
            yield item_id, heard_s

    def leave_connection(self) -> None:
        """The connection is over: take back what the listener was saying, and let the persona's words stand."""
        for item_id in list(self._heard):
            self.hear_final(item_id, "")
        for spoken in self._spoken.values():
            spoken.is_over = True

    def close(self, heard: Mapping[str, HeardItem]) -> None:
        """Make everything final."""
        self.leave_connection()
        for _ in self.cut(heard):
            pass

    def _finish(self, item_id: str) -> None:
        spoken = self._spoken.pop(item_id)
        self._tell_spoken(item_id, spoken, spoken.text, is_final=True)

    def _tell_spoken(self, item_id: str, spoken: _Spoken, text: str, is_final: bool, is_cut: bool = False) -> None:
        end_s = spoken.start_s + spoken.sound_s
        self._tell(
            PersonaUtterance(
                item_id, PersonaSide.PERSONA, text, is_final, spoken.start_s, end_s, self._model, is_cut=is_cut
            )
        )


def heard_part(text: str, share: float) -> str:
    """About what was heard of a text: whole words up to that share of its characters, and a sign that it goes on."""
    part = text[: int(len(text) * min(1.0, max(0.0, share)))]
    if len(part) < len(text) and not text[len(part)].isspace():
        part = part.rpartition(" ")[0]
    return f"{part.rstrip()}…" if part.strip() else ""
