"""The official SDK, our request and our parser against a real model on a real server of that protocol."""

from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress

import pytest

from core.assist.insight_request import insight_request
from core.assist.insight_stream import InsightStream
from core.assist.language_model import ModelRequest
from core.assist.openai_model import OpenAIModel
from core.assist.prompt import Choice, Prompt
from core.model.call import Language, Role
from core.model.errors import ModelAnswerInvalid, ModelAnswerTooLong
from core.model.insight import TokenUsage, Turn
from core.settings import Settings
from tests.support import gemma

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not gemma.is_installed(), reason="xllamacpp and the Gemma weights are not installed"),
]
TURNS = {
    "ko": (
        Turn(Role.CUSTOMER, "지난달 요금이 두 번 청구됐어요. 환불해 주세요."),
        Turn(Role.AGENT, "불편을 드려 죄송합니다. 청구 내역을 확인하겠습니다."),
    ),
    "en": (
        Turn(Role.CUSTOMER, "My bill was charged twice last month. I want a refund."),
        Turn(Role.AGENT, "I am sorry about that. Let me check the bill."),
    ),
}
PROMPTS = {
    language: Prompt(language, text, (Choice("refund"), Choice("other")), (Choice("churn"),))
    for language, text in {"ko": "대화를 아주 짧게 정리한다.", "en": "Sum the call up in very few words."}.items()
}
"""Short ones: on one core, each token of a prompt takes its time."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAIModel]:
    with gemma.serving(tmp_path_factory.mktemp("gemma") / "weights") as base_url:
        settings = Settings(
            _env_file=None, openai_base_url=base_url, openai_model="gemma-3-270m", openai_timeout_s=300,
            openai_silence_s=300,
        )  # fmt: skip
        with closing(OpenAIModel(settings)) as opened:
            yield opened


@pytest.mark.parametrize("language", PROMPTS)
def test_it_answers_in_pieces_within_the_schema_and_tells_its_tokens(model: OpenAIModel, language: Language) -> None:
    prompt, turns = PROMPTS[language], TURNS[language]
    stream = InsightStream(language, prompt.intent_labels, prompt.risk_kinds, turns)
    usage: list[TokenUsage] = []
    pieces = 0
    try:
        with closing(model.stream(asked(prompt, language, 300))) as answer:
            for delta in answer:
                pieces += bool(delta.text)
                stream.feed(delta.text)
                assert not stream.is_broken, "the server's grammar keeps to our schema"
                usage += [delta.usage] if delta.usage else []
    except ModelAnswerTooLong:
        # So small a model may go on and on inside a sentence.
        return
    assert pieces > 10
    assert usage
    assert usage[-1].output_tokens >= pieces / 2
    # All fields are there; that so small a model's summary is a sentence is not said.
    with suppress(ModelAnswerInvalid) if not stream.feed("").text.summary else nullcontext():
        stream.finish()


def test_a_limit_is_kept_and_named(model: OpenAIModel) -> None:
    with pytest.raises(ModelAnswerTooLong), closing(model.stream(asked(PROMPTS["en"], "en", 12))) as answer:
        list(answer)


def test_an_answer_that_is_given_up_leaves_the_server_free(model: OpenAIModel) -> None:
    with closing(model.stream(asked(PROMPTS["en"], "en", 2000))) as answer:
        next(answer)
    with closing(model.stream(asked(PROMPTS["en"], "en", 200))) as answer:
        assert next(answer).text


def asked(prompt: Prompt, language: Language, token_limit: int) -> ModelRequest:
    return insight_request(
        TURNS[language], language, prompt, prompt.intent_labels, prompt.risk_kinds, None, token_limit
    )
