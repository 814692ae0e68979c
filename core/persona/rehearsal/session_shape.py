"""What a client may configure, as strict as the real server is about it: an unknown parameter is refused. Pure."""

from collections.abc import Mapping
from typing import Any

from core.persona.models import knows_voice

_AUDIO_FORMAT: Mapping[str, Any] = {"type": str, "rate": int}
_SHAPE: Mapping[str, Any] = {
    "type": str,
    "model": str,
    "output_modalities": list,
    "instructions": str,
    "audio": {
        "input": {
            "format": _AUDIO_FORMAT,
            "noise_reduction": {"type": str, "strength": float},
            "transcription": {"model": str, "language": str, "prompt": str, "keywords": list, "delay": str},
            "turn_detection": {
                "type": str,
                "threshold": float,
                "prefix_padding_ms": int,
                "silence_duration_ms": int,
                "create_response": bool,
                "interrupt_response": bool,
                "idle_timeout_ms": int,
                "eagerness": str,
            },
        },
        "output": {"format": _AUDIO_FORMAT, "voice": object, "speed": float},
    },
    "include": list,
    "max_output_tokens": object,
    "parallel_tool_calls": bool,
    "prompt": object,
    "reasoning": object,
    "tool_choice": object,
    "tools": list,
    "tracing": object,
    "truncation": object,
}


def session_problem(session: object) -> tuple[str, str] | None:
    """The code and the parameter of what is wrong with a session's configuration; None where nothing is."""
    if not isinstance(session, dict) or session.get("type") != "realtime":
        return "missing_required_parameter", "session.type"
    if problem := _shape_problem(session, _SHAPE, "session"):
        return problem
    output = session.get("audio", {}).get("output", {})
    voice = output.get("voice", "marin")
    name = voice.get("id", "") if isinstance(voice, dict) else voice
    if not isinstance(name, str) or not knows_voice(name):
        return "invalid_value", "session.audio.output.voice"
    for side in ("input", "output"):
        form = session.get("audio", {}).get(side, {}).get("format")
        if form is not None and (form.get("type"), form.get("rate")) != ("audio/pcm", 24_000):
            return "invalid_value", f"session.audio.{side}.format"
    for number, tool in enumerate(session.get("tools", [])):
        known = {"type", "name", "description", "parameters"}
        if not isinstance(tool, dict) or tool.get("type") != "function" or set(tool) - known or not tool.get("name"):
            return "invalid_value", f"session.tools[{number}]"
    return None


def _shape_problem(value: Mapping[str, Any], shape: Mapping[str, Any], path: str) -> tuple[str, str] | None:
    for key, each in value.items():
        wanted = shape.get(key)
        if wanted is None:
            return "unknown_parameter", f"{path}.{key}"
        if each is None:
            continue
        if isinstance(wanted, Mapping):
            if not isinstance(each, dict):
                return "invalid_type", f"{path}.{key}"
            if problem := _shape_problem(each, wanted, f"{path}.{key}"):
                return problem
        elif not isinstance(each, (int, float) if wanted is float else wanted):
            return "invalid_type", f"{path}.{key}"
    return None


def item_problem(item: object) -> tuple[str, str] | None:
    """The same of a conversation's item."""
    if not isinstance(item, dict):
        return "missing_required_parameter", "item"
    match item.get("type"):
        case "message":
            contents = {
                "user": {"input_text", "input_audio"},
                "assistant": {"output_text", "output_audio"},
                "system": {"input_text"},
            }.get(str(item.get("role")))
            if contents is None:
                return "invalid_value", "item.role"
            parts = item.get("content")
            for number, part in enumerate(parts if isinstance(parts, list) and parts else [None]):
                if not isinstance(part, dict) or part.get("type") not in contents:
                    return "invalid_value", f"item.content[{number}].type"
        case "function_call":
            if not item.get("call_id") or not item.get("name") or not isinstance(item.get("arguments"), str):
                return "missing_required_parameter", "item.arguments"
        case "function_call_output":
            if not item.get("call_id") or not isinstance(item.get("output"), str):
                return "missing_required_parameter", "item.output"
        case _:
            return "invalid_value", "item.type"
    if len(str(item.get("id", ""))) > 32:
        return "string_above_max_length", "item.id"
    return None
