"""The events of a session in both directions, without sound and bounded, for whoever looks at it."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.model.clock import Clock
from core.model.persona import EventDirection, SessionEvent

KEPT = 2_000
LONGEST_TEXT = 4_000
DEEPEST = 8
MOST_MEMBERS = 200
_SOUND = {"input_audio_buffer.append": "audio", "response.output_audio.delta": "delta", "response.audio.delta": "delta"}


class EventLog:
    """The last events. One thread writes; any may read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: deque[SessionEvent] = deque(maxlen=KEPT)
        self._written = 0

    def note(self, direction: EventDirection, connection: int, event: Mapping[str, Any]) -> None:
        """Take an event. Sound after sound of the same kind is one entry."""
        kind = str(event.get("type", ""))[:100]
        last = self._events[-1] if self._events else None
        if (key := _SOUND.get(kind)) is not None:
            seconds = len(str(event.get(key, ""))) * 3 / 4 / 48_000
            if last is not None and (last.direction, last.connection, last.type) == (direction, connection, kind):
                total = float(str(last.body.get("seconds", 0.0))) + seconds
                body: Mapping[str, object] = {**last.body, "seconds": round(total, 3)}
                self._events[-1] = replace(last, body=body, times=last.times + 1)
                return
            event = {**event, key: "", "seconds": round(seconds, 3)}
        self._written += 1
        self._events.append(SessionEvent(self._written, connection, self._clock.wall(), direction, kind, _plain(event)))

    def events(self) -> tuple[SessionEvent, ...]:
        """Those that are kept, oldest first."""
        return tuple(self._events)


def as_json_lines(events: tuple[SessionEvent, ...]) -> str:
    """Events for a download, one JSON object a line."""
    lines = (
        {
            "number": each.number,
            "connection": each.connection,
            "at": round(each.at, 3),
            "direction": each.direction.value,
            "type": each.type,
            "times": each.times,
            "event": each.body,
        }
        for each in events
    )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _plain(event: Mapping[str, Any]) -> Mapping[str, object]:
    kept = _without_sound(event, DEEPEST)
    return kept if isinstance(kept, dict) else {}


def _without_sound(value: object, depth: int) -> object:
    if isinstance(value, Mapping):
        if depth == 0:
            return "…"
        return {
            str(key)[:100]: "" if key == "audio" and isinstance(each, str) else _without_sound(each, depth - 1)
            for key, each in list(value.items())[:MOST_MEMBERS]
        }
    if isinstance(value, list | tuple):
        return [_without_sound(each, depth - 1) for each in value[:MOST_MEMBERS]] if depth else "…"
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "…"
    return value if isinstance(value, int | float | bool) or value is None else str(value)
