"""What is in the server's events, as far as it is not told by their names. Pure."""

import base64
import binascii

from core.persona.connection import ServerEvent

QUIET = frozenset(
    """session.created session.updated conversation.created conversation.item.created conversation.item.added
    conversation.item.done conversation.item.truncated conversation.item.deleted conversation.item.retrieved
    input_audio_buffer.cleared input_audio_buffer.timeout_triggered response.output_item.done
    response.content_part.added response.content_part.done response.output_audio.done
    response.function_call_arguments.delta response.function_call_arguments.done""".split()
)
"""Events that are known and tell nothing that is not told otherwise."""


def sound_of(delta: ServerEvent) -> bytes:
    """The sound of an event, in `PERSONA_FORMAT`; empty where it is none."""
    try:
        pcm = base64.b64decode(delta.text("delta"), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return b"" if len(pcm) % 2 else pcm


def reset_s(limits: object) -> float:
    """In how many seconds the last of the provider's rate limits lets through everything again."""
    given = [each for each in limits if isinstance(each, dict)] if isinstance(limits, list) else []
    return max((ServerEvent("", each).number("reset_seconds") or 0.0 for each in given), default=0.0)
