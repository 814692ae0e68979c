"""A prompt that is tried on a call that is over: asked once, shown, and kept nowhere."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from core.assist.insight_request import insight_request
from core.assist.insight_stream import EMPTY, InsightStream
from core.assist.language_model import LanguageModel
from core.assist.prompt import Prompt
from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import AssistError
from core.model.insight import Insight, TokenUsage, Turn

MOST_CHARACTERS = 24_000
"""Of the conversation; a longer one is asked about by its end, as much as fits."""


@dataclass(frozen=True, slots=True)
class PromptTrial:
    """What came of it."""

    prompt: Prompt
    insight: Insight
    """Every field that is complete and valid, after a failure, too."""
    turns: int
    left_out: int
    """Turns of the beginning that were too much."""
    took_s: float
    first_token_s: float | None
    summary_s: float | None
    """Until the summary was complete and valid."""
    usage: TokenUsage | None
    """None where the server does not tell."""
    problem: AssistError | None
    engine: str
    model: str


def try_prompt(
    model: LanguageModel, prompt: Prompt, turns: Sequence[Turn], language: Language, token_limit: int, clock: Clock
) -> PromptTrial:
    """Ask a model with a prompt about a conversation of at least one turn. Blocking, as long as the model takes."""
    asked = _latest(turns)
    request = insight_request(asked, language, prompt, prompt.intent_labels, prompt.risk_kinds, None, token_limit)
    stream = InsightStream(language, prompt.intent_labels, prompt.risk_kinds, asked)
    began_s = clock.monotonic()
    first_token_s: float | None = None
    summary_s: float | None = None
    usage: TokenUsage | None = None
    insight, problem = EMPTY, None
    try:
        with closing(model.stream(request)) as answer:
            for delta in answer:
                insight, usage = stream.feed(delta.text), delta.usage or usage
                if delta.text and first_token_s is None:
                    first_token_s = clock.monotonic() - began_s
                if insight.text.summary and summary_s is None:
                    summary_s = clock.monotonic() - began_s
        insight = stream.finish()
    except AssistError as error:
        problem = error
    return PromptTrial(
        prompt=prompt,
        insight=insight,
        turns=len(asked),
        left_out=len(turns) - len(asked),
        took_s=clock.monotonic() - began_s,
        first_token_s=first_token_s,
        summary_s=summary_s,
        usage=usage,
        problem=problem,
        engine=model.engine,
        model=model.model,
    )


def _latest(turns: Sequence[Turn]) -> Sequence[Turn]:
    room = MOST_CHARACTERS
    for index in range(len(turns) - 1, -1, -1):
        room -= len(turns[index].text)
        if room < 0:
            return turns[index + 1 :]
    return turns
