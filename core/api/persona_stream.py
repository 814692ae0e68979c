"""What the streams tell of a call's persona: what it is doing, which tools it called, and what has happened so far."""

from dataclasses import asdict
from typing import Any

from core.language.catalogue import Translate, describe
from core.model.persona import PersonaActivity, ToolCall
from core.model.snapshot import CallSnapshot

Json = dict[str, Any]


def persona_change(
    before: CallSnapshot | None, now: CallSnapshot, persona: PersonaActivity, translate: Translate
) -> Json:
    """What a page that drew `before` needs in order to show what the persona of `now` is doing.

    The state is told in full; tool calls and counts only where they have changed, so that a page puts one message over
    another. Errors are put into words by `translate`.
    """
    told = persona_state(persona, translate) | {
        "name": "" if now.call.persona is None else now.call.persona.name,
        "is_rehearsal": now.call.persona is not None and now.call.persona.is_rehearsal,
    }
    known = None if before is None else before.persona
    if known is None or known.tool_calls != persona.tool_calls:
        told["tool_calls"] = [_tool_call(call, translate) for call in persona.tool_calls]
    if known is None or known.counts != persona.counts:
        told["counts"] = asdict(persona.counts)
    return told


def persona_state(persona: PersonaActivity, translate: Translate) -> Json:
    """What the persona is doing, since when on the call's clock, and what is wrong with it in words."""
    status = persona.status
    return {
        "state": status.state,
        "since_s": round(status.since_s, 2),
        "attempt": status.attempt,
        "attempts": status.attempts,
        "problem": "" if status.problem is None else describe(status.problem, translate),
        "held_by": persona.held_by,
    }


def _tool_call(call: ToolCall, translate: Translate) -> Json:
    return {
        "call_id": call.call_id,
        "name": call.name,
        "arguments": dict(call.arguments),
        "called_s": round(call.called_s, 2),
        "output": call.output,
        "error": "" if call.error is None else describe(call.error, translate),
        "took_s": None if call.took_s is None else round(call.took_s, 3),
    }
