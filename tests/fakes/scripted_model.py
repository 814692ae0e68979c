"""A language model that answers what the test says, in pieces, or fails as it says."""

from collections.abc import Iterator

from core.assist.language_model import ModelDelta, ModelRequest
from core.model.errors import AssistError
from core.model.insight import TokenUsage


class ScriptedModel:
    """Implements `core.assist.language_model.LanguageModel`. `answers` are given in turn, the last one for ever."""

    engine = "scripted"
    model = "test-1"

    def __init__(self, *answers: str | AssistError) -> None:
        self.answers = list(answers)
        self.requests: list[ModelRequest] = []

    def stream(self, request: ModelRequest) -> Iterator[ModelDelta]:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, AssistError):
            raise answer
        for at in range(0, len(answer), 7):
            yield ModelDelta(answer[at : at + 7])
        yield ModelDelta(usage=TokenUsage(100, 20))
