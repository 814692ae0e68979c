"""Items of the rehearsal's conversation, and answers that become items."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Item:
    """One item of the conversation."""

    body: dict[str, Any]
    sound_s: float = 0.0
    """How much sound of it was sent, or was heard after it was cut."""


@dataclass(slots=True)
class Response:
    """One answer that is under way."""

    id: str
    instructions: str
    task: asyncio.Task[None] | None = None
    output: list[dict[str, Any]] = field(default_factory=list)

    def body(self, status: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
        """As the protocol has it."""
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": self.output,
            "output_modalities": ["audio"],
            "usage": None if status == "in_progress" else {"total_tokens": 0, "input_tokens": 0, "output_tokens": 0},
        }


def turns_of(items: Iterable[Item]) -> tuple[tuple[str, str], ...]:
    """What was said in a conversation: `user` or `assistant`, and the words, in order."""
    turns = []
    for item in items:
        for part in item.body.get("content") or () if item.body["type"] == "message" else ():
            words = part.get("transcript") or part.get("text")
            if isinstance(words, str) and words and item.body.get("role") in ("user", "assistant"):
                turns.append((str(item.body["role"]), words))
    return tuple(turns)
