"""Models and voices of the Realtime API, as far as a persona's file has to be judged by them.

Sources: OpenAI's list of deprecations, and the docstrings of `openai.types.realtime` in the official SDK.
"""

import re
from collections.abc import Mapping
from datetime import date

RETIREMENTS: Mapping[str, date] = {
    "gpt-realtime": date(2027, 1, 20),
    "gpt-realtime-2025-08-28": date(2027, 1, 20),
    "gpt-realtime-mini": date(2027, 1, 20),
    "gpt-realtime-mini-2025-10-06": date(2027, 1, 20),
    "gpt-realtime-mini-2025-12-15": date(2027, 1, 20),
    "gpt-audio-mini": date(2027, 1, 20),
    "gpt-audio-mini-2025-12-15": date(2027, 1, 20),
}
"""The day on which a model is shut down."""
VOICES = frozenset({"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"})
CUSTOM_VOICE = re.compile(r"voice_\w{1,80}")
"""Identifiers of voices that were made from somebody's own samples."""


def knows_voice(voice: str) -> bool:
    """Whether there can be such a voice."""
    return voice in VOICES or CUSTOM_VOICE.fullmatch(voice) is not None
