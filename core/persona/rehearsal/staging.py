"""Ears, voice and answers of a rehearsal, and how fast it is."""

from collections.abc import Callable
from dataclasses import dataclass

from core.model.errors import EarshotError
from core.persona.rehearsal.answers import Answers
from core.persona.rehearsal.hearing import Hearing
from core.persona.rehearsal.voice import Voice


@dataclass(frozen=True, slots=True)
class Staging:
    """What all connections of a rehearsal have in common."""

    hearing: Hearing
    voice: Voice
    answers: Answers
    language: str = "ko"
    """Where the client does not say which one is spoken."""
    pace: float = 1.0
    """Sound a second; 0 for all of it at once."""
    think_s: float = 0.3
    """Before an answer."""
    on_warning: Callable[[EarshotError], None] = lambda error: None
    """Takes what keeps it from hearing or speaking."""
