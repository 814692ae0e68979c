"""What a language model is asked when a call is over, and what to believe of its answer; and the draft without one."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.assist.insight_request import SPEAKERS, spoken_lines
from core.assist.json_answer import SAYS_NOTHING, json_object
from core.assist.language_model import ModelRequest
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

_INSTRUCTIONS: Mapping[Language, str] = {
    "ko": """당신은 콜센터의 통화 후 처리 기록을 작성합니다. 아래 통화 내용에 실제로 나온 사실만 적으세요.
- call_type: 주어진 목록 가운데 가장 맞는 하나. 맞는 것이 없으면 빈 문자열.
- issue: 고객의 문의를 한 문장으로.
- steps: 상담사가 실제로 한 일을 시간 순서대로, 한 항목에 한 가지씩 짧게.
- resolution: 해결되었으면 resolved, 남은 조치가 있으면 follow_up, 해결되지 않았으면 unresolved, 알 수 없으면 unknown.
- outcome: 통화의 결과를 한 문장으로.
- sentiment: 통화가 끝날 무렵 고객의 감정.
- follow_ups: 통화 뒤에 남은 일과 맡은 사람. 없으면 빈 목록.
한국어로 쓰고, 들은 적 없는 내용은 만들어 내지 마세요.""",
    "en": """You write the after-call record of a service desk. State only facts that were said in the call below.
- call_type: the one label of the list that fits best; an empty string where none does.
- issue: what the customer called about, one sentence.
- steps: what the agent really did, in order, one short item each.
- resolution: resolved; follow_up where something is still to be done; unresolved; unknown where nothing tells.
- outcome: what came of the call, one sentence.
- sentiment: how the customer felt towards the end.
- follow_ups: what is still to be done after the call and by whom; an empty list where nothing is.
Write in the language of the call. Invent nothing.""",
}


def wrap_up_request(turns: Sequence[Turn], language: Language, call_types: Sequence[str]) -> ModelRequest:
    """The question; an answer's `call_type` is one of `call_types` or empty."""
    own = language if language in SPEAKERS else "en"
    return ModelRequest(
        instructions=_INSTRUCTIONS[own],
        material=spoken_lines(turns, own),
        schema_name="wrap_up",
        schema=_schema(call_types),
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
