"""What a language model is asked when a call is over, and what to believe of its answer; and the draft without one."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.assist.insight_request import SPEAKERS, spoken_lines
from core.assist.json_answer import SAYS_NOTHING, json_object
from core.assist.language_model import ModelRequest
from core.assist.prompt import Prompt
from core.assist.sentence import believed_sentence
from core.model.call import Language
from core.model.errors import ModelAnswerInvalid
from core.model.insight import SentimentLabel, Turn
from core.model.wrap_up import Resolution, WrapUpText

TOKEN_LIMIT = 900
MOST_LINES = 12
"""Steps, and things to follow up, that are kept of an answer."""
LONGEST_LINE = 300
"""Characters of one field or step."""


def wrap_up_request(turns: Sequence[Turn], language: Language, prompt: Prompt) -> ModelRequest:
    """The question; an answer's `call_type` is one of the prompt's intents, in the call's language, or empty."""
    own = language if language in SPEAKERS else "en"
    return ModelRequest(
        instructions=prompt.wrap_up,
        material=spoken_lines(turns, own),
        schema_name="wrap_up",
        schema=_schema(prompt.call_types(language)),
        token_limit=TOKEN_LIMIT,
    )


def _schema(call_types: Sequence[str]) -> Mapping[str, Any]:
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    fields: dict[str, Any] = {
        "call_type": {"type": "string", "enum": [*call_types, ""]},
        "issue": text,
        "steps": texts,
        "resolution": {"type": "string", "enum": [each.value for each in Resolution]},
        "outcome": text,
        "sentiment": {"type": "string", "enum": [each.value for each in SentimentLabel]},
        "follow_ups": texts,
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def wrap_up_of(answer: str, call_types: Sequence[str]) -> WrapUpText:
    """What a model's whole answer says; a field that does not fit its description is left out.

    Raises:
        ModelAnswerInvalid: it is no JSON object, or says nothing of the call at all.
    """
    fields = json_object(answer)
    call_type, resolution, sentiment = (str(fields.get(name)) for name in ("call_type", "resolution", "sentiment"))
    said = WrapUpText(
        call_type=call_type if call_type in call_types else "",
        issue=_line(fields.get("issue")),
        steps=_lines(fields.get("steps")),
        resolution=Resolution(resolution) if resolution in set(Resolution) else Resolution.UNKNOWN,
        outcome=_line(fields.get("outcome")),
        sentiment=SentimentLabel(sentiment) if sentiment in set(SentimentLabel) else None,
        follow_ups=_lines(fields.get("follow_ups")),
    )
    if not (said.issue or said.steps or said.outcome):
        raise ModelAnswerInvalid(SAYS_NOTHING)
    return said


def _line(value: object) -> str:
    return believed_sentence(value, LONGEST_LINE)


def _lines(value: object) -> tuple[str, ...]:
    lines = [_line(each) for each in value] if isinstance(value, list) else []
    return tuple(dict.fromkeys(line for line in lines if line))[:MOST_LINES]
