"""What a language model is asked about a call, and the form in which it has to answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.assist.language_model import ModelRequest
from core.assist.prompt import NO_INTENT, Prompt
from core.model.call import Language, Role
from core.model.insight import Insight, SentimentLabel, SentimentTrend, Turn

SCHEMA_NAME = "call_insight"
FIELDS: Final = (
    "summary", "customer_issue", "agent_action", "intent", "sentiment", "risks", "suggested_reply",
)  # fmt: skip
"""In the order in which they are asked for and arrive: what is read first comes first."""
SPEAKERS: Final[Mapping[Language, Mapping[Role, str]]] = {
    "ko": {Role.CUSTOMER: "고객", Role.AGENT: "상담사", Role.SUPERVISOR: "관리자", Role.PERSONA: "AI 상담사"},
    "en": {Role.CUSTOMER: "Customer", Role.AGENT: "Agent", Role.SUPERVISOR: "Supervisor", Role.PERSONA: "AI agent"},
}
_CONVERSATION: Final = {"ko": "대화", "en": "Conversation"}
_PREVIOUS: Final = {"ko": "지금까지의 요약", "en": "The summary so far"}


def insight_request(
    turns: Sequence[Turn],
    language: Language,
    prompt: Prompt,
    intents: Sequence[str],
    risks: Sequence[str],
    previous: Insight | None,
    token_limit: int,
) -> ModelRequest:
    """Ask for everything about a call in one request. Any thread.

    The conversation comes first and the former summary last: from one request of a call to the next, the longest
    possible beginning stays the same, which servers charge less for and answer sooner.

    Args:
        turns: What was said, oldest first; older ones may have been condensed.
        language: The call's; the answer is to be in it, whatever the prompt's own language.
        prompt: For this language.
        intents: Labels that the model may choose from; `none` is added.
        risks: Kinds of risk that it may flag.
        previous: What it said last about this call.
        token_limit: Most tokens that the answer may have, reasoning included.
    """
    own = language if language in SPEAKERS else "en"
    instructions = prompt.filled(intents, risks)
    if language != prompt.language:
        instructions += f"\n\nWrite every sentence in the language with the code `{language}`."
    material = f"# {_CONVERSATION[own]}\n\n{spoken_lines(turns, own)}"
    if previous is not None and previous.text.summary:
        told = (previous.text.summary, previous.text.customer_issue, previous.text.agent_action)
        material += f"\n\n# {_PREVIOUS[own]}\n\n" + "\n".join(sentence for sentence in told if sentence)
    return ModelRequest(
        instructions=instructions,
        material=material,
        schema_name=SCHEMA_NAME,
        schema=insight_schema(intents, risks),
        token_limit=token_limit,
    )


def spoken_lines(turns: Sequence[Turn], language: Language) -> str:
    """A conversation, a line a turn; `language` is one of `SPEAKERS`. No text can look like another's line."""
    return "\n".join(f"{SPEAKERS[language][turn.role]}: {' '.join(turn.text.split())}" for turn in turns)


def insight_schema(intents: Sequence[str], risks: Sequence[str]) -> Mapping[str, Any]:
    """The answer's JSON schema, within OpenAI's strict mode: every member required, no others, no bounds.

    Bounds on numbers and lengths are left out, because not every server knows them; `InsightStream` holds them.
    """
    text = {"type": "string"}
    members: dict[str, Mapping[str, Any]] = {
        "summary": text,
        "customer_issue": text,
        "agent_action": text,
        "intent": _object(label=_one_of((*intents, NO_INTENT)), confidence={"type": "number"}),
        "sentiment": _object(label=_one_of(SentimentLabel), score={"type": "number"}, trend=_one_of(SentimentTrend)),
        # An empty list of choices is no valid schema; without kinds nothing can be flagged.
        "risks": {"type": "array", "items": _object(kind=_one_of(risks) if risks else text, words=text)},
        "suggested_reply": text,
    }
    return _object(**{name: members[name] for name in FIELDS})


def _object(**members: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def _one_of(labels: Sequence[str] | type[SentimentLabel] | type[SentimentTrend]) -> Mapping[str, Any]:
    return {"type": "string", "enum": [str(label) for label in labels]}
