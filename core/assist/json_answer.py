"""A language model's whole answer, read at once: for what need not be shown while it arrives."""

import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from core.assist.language_model import LanguageModel, ModelRequest
from core.model.errors import ModelAnswerInvalid
from core.model.insight import TokenUsage
from core.model.message import Message

NO_OBJECT: Final = Message("it is no JSON object of the form that was asked for")
SAYS_NOTHING: Final = Message("it says nothing")


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """What a model wrote, and what it was charged for."""

    text: str
    usage: TokenUsage | None
    """None where the server does not tell."""


def whole_answer(model: LanguageModel, request: ModelRequest) -> WholeAnswer:
    """Ask, and wait for the end of the answer. Blocking. Raises AssistError."""
    with closing(model.stream(request)) as stream:
        deltas = list(stream)
    usages = [delta.usage for delta in deltas if delta.usage is not None]
    return WholeAnswer("".join(delta.text for delta in deltas), usages[-1] if usages else None)


def json_object(answer: str) -> dict[str, Any]:
    """The object that an answer is. Raises ModelAnswerInvalid where it is none."""
    try:
        fields = json.loads(answer)
    except ValueError:
        raise ModelAnswerInvalid(NO_OBJECT) from None
    if not isinstance(fields, dict):
        raise ModelAnswerInvalid(NO_OBJECT)
    return fields
