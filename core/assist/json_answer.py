"""A language model's whole answer, read at once: for what need not be shown while it arrives."""

import json
from typing import Any, Final

from core.model.errors import ModelAnswerInvalid
from core.model.message import Message

NO_OBJECT: Final = Message("it is no JSON object of the form that was asked for")
SAYS_NOTHING: Final = Message("it says nothing")


def json_object(answer: str) -> dict[str, Any]:
    """The object that an answer is. Raises ModelAnswerInvalid where it is none."""
    try:
        fields = json.loads(answer)
    except (ValueError, RecursionError):
        raise ModelAnswerInvalid(NO_OBJECT) from None
    if not isinstance(fields, dict):
        raise ModelAnswerInvalid(NO_OBJECT)
    return fields
