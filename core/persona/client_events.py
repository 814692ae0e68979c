"""The events that we send, in the protocol's general-availability form. Pure."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.model.persona import PERSONA_FORMAT, Persona, ToolCall, ToolDeclaration
from core.persona.connection import ClientEvent

PREFIX_MS, SILENCE_MS, THRESHOLD = 300, 500, 0.5
"""The server's own voice activity detection: what it takes from before a voice, and what silence ends a turn."""
_FORMAT: Mapping[str, Any] = {"type": "audio/pcm", "rate": PERSONA_FORMAT.sample_rate}


def session_update(persona: Persona, transcription_model: str, tools: Iterable[ToolDeclaration]) -> ClientEvent:
    """What the session is to be like."""
    return {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": persona.instructions,
            "audio": {
                "input": {
                    "format": _FORMAT,
                    "transcription": {"model": transcription_model, "language": persona.language},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": THRESHOLD,
                        "prefix_padding_ms": PREFIX_MS,
                        "silence_duration_ms": SILENCE_MS,
                        "create_response": True,
                        # Where the microphone is closed meanwhile, no noise may cut the persona off.
                        "interrupt_response": persona.barge_in,
                    },
                },
                "output": {
                    "format": _FORMAT,
                    "voice": {"id": persona.voice} if persona.voice.startswith("voice_") else persona.voice,
                },
            },
            "tools": [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters or {"type": "object", "properties": {}},
                }
                for tool in tools
            ],
            "tool_choice": "auto",
        },
    }


def audio_append(pcm: bytes) -> ClientEvent:
    """Sound in `PERSONA_FORMAT`."""
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode("ascii")}


def listener_item(item_id: str, text: str) -> ClientEvent:
    """What the listener wrote, or once said."""
    content = [{"type": "input_text", "text": text}]
    return _item({"id": item_id, "type": "message", "role": "user", "content": content})


def persona_item(item_id: str, text: str) -> ClientEvent:
    """What the persona once said."""
    content = [{"type": "output_text", "text": text}]
    return _item({"id": item_id, "type": "message", "role": "assistant", "content": content})


def call_item(call: ToolCall) -> ClientEvent:
    """A tool that the persona once called."""
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return _item({"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": arguments})


def output_item(call: ToolCall) -> ClientEvent:
    """What a tool answered."""
    return _item({"type": "function_call_output", "call_id": call.call_id, "output": call.output or ""})


def buffer_clear() -> ClientEvent:
    """Forget the sound that is no item yet."""
    return {"type": "input_audio_buffer.clear"}


def _item(item: Mapping[str, Any]) -> ClientEvent:
    return {"type": "conversation.item.create", "item": item}


def response_create(instructions: str = "") -> ClientEvent:
    """Ask for an answer; `instructions` stand in for the session's own for this one."""
    if not instructions:
        return {"type": "response.create"}
    return {"type": "response.create", "response": {"instructions": instructions}}


def say(words: str, persona: Persona) -> ClientEvent:
    """Ask for words as they are."""
    return response_create(
        f"{persona.instructions}\n\nSay exactly the following words now, in your voice, and nothing else:\n{words}"
    )


def response_cancel(response_id: str) -> ClientEvent:
    """Break an answer off."""
    return {"type": "response.cancel", "response_id": response_id}


def truncate(item_id: str, heard_s: float) -> ClientEvent:
    """Tell how much of an item was heard; rounded down, for the server refuses more than there was."""
    return {
        "type": "conversation.item.truncate",
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": max(0, int(heard_s * 1000)),
    }
