"""The official SDK against a server that speaks the protocol, and fails in every way that has a name."""

import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.assist.insight_request import insight_request
from core.assist.language_model import ModelDelta, ModelRequest
from core.assist.openai_model import OpenAIModel, retry_after_s
from core.assist.prompt import Choice, Prompt
from core.model import errors
from core.model.call import Role
from core.model.errors import AssistError
from core.model.insight import TokenUsage, Turn
from core.settings import Settings
from tests.fakes.openai_server import (
    ANSWER,
    OpenAIServer,
    Script,
    declines,
    drops,
    fails,
    hangs_up,
    keeps_silent,
    says,
    sends,
    serving,
    trickles,
)
from tests.support.waiting import wait_for

SECRET_WORDS = "my card is in my grandmother's purse"
PROMPT = Prompt("en", "Be brief.\n{intents}", (Choice("refund"),), (Choice("churn"),))
WHOLE = json.dumps(ANSWER)


def a_request(token_limit: int = 500) -> ModelRequest:
    turns = (Turn(Role.CUSTOMER, SECRET_WORDS), Turn(Role.AGENT, "I see."))
    return insight_request(turns, "en", PROMPT, PROMPT.intent_labels, PROMPT.risk_kinds, None, token_limit)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving(OpenAIServer(parameters=frozenset({*OpenAIServer().parameters, "max_tokens"}))) as fake:
        yield fake


class Opened:
    """Opens models, and closes them at the end."""

    def __init__(self, server: OpenAIServer) -> None:
        self._server = server
        self._models: list[OpenAIModel] = []

    def __call__(self, **changed: Any) -> OpenAIModel:
        values = {"openai_base_url": self._server.base_url, "openai_model": "test-model", **changed}
        self._models.append(OpenAIModel(Settings(_env_file=None, **values)))
        return self._models[-1]

    def close(self) -> None:
        for model in self._models:
            model.close()


@pytest.fixture
def opened(server: OpenAIServer) -> Iterator[Opened]:
    models = Opened(server)
    yield models
    models.close()


def answer_of(model: OpenAIModel, **changed: Any) -> list[ModelDelta]:
    return list(model.stream(a_request(**changed)))


def failure_of(model: OpenAIModel) -> AssistError:
    with pytest.raises(AssistError) as raised:
        answer_of(model)
    return raised.value


class TestAnswer:
    def test_it_arrives_piece_by_piece_with_its_tokens(self, opened: Opened) -> None:
        deltas = answer_of(opened())
        assert "".join(delta.text for delta in deltas) == WHOLE
        assert len(deltas) > 10
        assert [d.usage for d in deltas if d.usage] == [TokenUsage(812, 96, 640)]

    def test_the_question_is_one_strict_schema_with_a_limit(self, server: OpenAIServer, opened: Opened) -> None:
        answer_of(opened(), token_limit=321)
        (sent,) = server.requests
        assert sent["max_tokens"] == 321
        assert sent["reasoning_effort"] == "low"
        assert sent["stream_options"] == {"include_usage": True}
        assert sent["response_format"]["json_schema"]["strict"] is True
        assert [message["role"] for message in sent["messages"]] == ["system", "user"]
        assert next(iter(sent["response_format"]["json_schema"]["schema"]["properties"])) == "summary"

    def test_an_effort_that_is_off_is_not_sent(self, server: OpenAIServer, opened: Opened) -> None:
        answer_of(opened(openai_reasoning_effort="off"))
        assert "reasoning_effort" not in server.requests[0]

    @pytest.mark.parametrize("known", ["max_tokens", "max_completion_tokens"])
    def test_the_limit_is_named_as_the_server_knows_it(self, server: OpenAIServer, opened: Opened, known: str) -> None:
        server.parameters = frozenset((OpenAIServer().parameters - {"max_completion_tokens"}) | {known})
        model = opened()
        assert answer_of(model)
        asked = len(server.requests)
        assert answer_of(model)
        assert len(server.requests) == asked + 1, "it is not asked for anew each time"
        assert server.requests[-1][known] == 500

    def test_a_key_is_sent(self, server: OpenAIServer, opened: Opened) -> None:
        server.key = "sk-right"
        assert answer_of(opened(openai_api_key="sk-right"))

    def test_the_environment_of_the_sdk_does_not_count(
        self, server: OpenAIServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_ORG_ID", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert answer_of(opened())

    def test_an_answer_without_tokens_or_last_mark_is_whole_when_it_has_ended(
        self, server: OpenAIServer, opened: Opened
    ) -> None:
        server.script = says(WHOLE, usage=None, is_done=False)
        assert "".join(delta.text for delta in answer_of(opened())) == WHOLE

    def test_the_engine_is_named_for_what_it_is(self, opened: Opened) -> None:
        assert opened().engine == "openai-compatible"
        assert opened(openai_base_url="").engine == "openai"
        assert opened(openai_base_url="").server == "api.openai.com"


FAILURES: dict[str, tuple[Script, type[AssistError]]] = {
    "refusal": (declines(f"I cannot help with {SECRET_WORDS}"), errors.ModelDeclined),
    "length": (says(WHOLE[:80], finish_reason="length"), errors.ModelAnswerTooLong),
    "content_filter": (says(WHOLE[:80], finish_reason="content_filter"), errors.ModelAnswerFiltered),
    "request_filtered": (fails(400, "content_filter", SECRET_WORDS), errors.ModelAnswerFiltered),
    "events_no_json": (sends(f"data: {{{SECRET_WORDS}\n\n"), errors.ModelAnswerInvalid),
    "events_no_text": (sends(b"data: \xff\xfe\n\n"), errors.ModelAnswerInvalid),
    "events_of_something_else": (sends("data: 5\n\n"), errors.ModelAnswerInvalid),
    "events_of_a_list": (sends('data: [{"choices": 5}]\n\n'), errors.ModelAnswerInvalid),
    "choices_no_list": (sends('data: {"choices": "x"}\n\n', "data: [DONE]\n\n"), errors.ModelStreamDropped),
    "endless": (says("x" * 120_000, size=40_000), errors.ModelAnswerInvalid),
    "dropped": (drops(WHOLE[:80]), errors.ModelStreamDropped),
    "ended_early": (says(WHOLE[:80], finish_reason=None), errors.ModelStreamDropped),
    "empty": (sends(), errors.ModelStreamDropped),
    "hung_up": (hangs_up, errors.ModelStreamDropped),
    "401": (fails(401, "invalid_api_key"), errors.ModelKeyRefused),
    "403": (fails(403, None), errors.ModelKeyRefused),
    "404": (fails(404, "model_not_found"), errors.ModelUnknown),
    "400": (fails(400, "context_length_exceeded", SECRET_WORDS), errors.ModelRequestRefused),
    "422": (fails(422, None, SECRET_WORDS), errors.ModelRequestRefused),
    "301": (fails(301, location="http://127.0.0.1:1/"), errors.ModelRequestRefused),
    "429": (fails(429, "rate_limit_exceeded", retry_after="7"), errors.ModelRateLimited),
    "429_bare": (fails(429), errors.ModelRateLimited),
    "quota": (fails(429, "insufficient_quota", kind="insufficient_quota"), errors.ModelQuotaUsedUp),
    "500": (fails(500, None, SECRET_WORDS), errors.ModelServerFailed),
    "503": (fails(503, "overloaded"), errors.ModelServerFailed),
    "error_in_the_middle": (
        sends(f'data: {{"error": {{"message": "{SECRET_WORDS}", "code": "server_error"}}}}\n\n'),
        errors.ModelServerFailed,
    ),
    "limit_in_the_middle": (
        sends('data: {"error": {"message": "x", "code": "rate_limit_exceeded"}}\n\n'),
        errors.ModelRateLimited,
    ),
    "web_page": (sends("<html></html>", content_type="text/html; charset=utf-8"), errors.ModelServerForeign),
    "not_streamed": (sends("{}", content_type="application/json"), errors.ModelServerForeign),
}
LASTING = {
    errors.ModelDeclined, errors.ModelAnswerTooLong, errors.ModelAnswerFiltered, errors.ModelKeyRefused,
    errors.ModelUnknown, errors.ModelRequestRefused, errors.ModelQuotaUsedUp, errors.ModelServerForeign,
}  # fmt: skip


class TestFailure:
    @pytest.mark.parametrize(("script", "expected"), FAILURES.values(), ids=FAILURES)
    def test_each_has_its_name_and_tells_nothing_that_was_said(
        self,
        server: OpenAIServer,
        opened: Opened,
        caplog: pytest.LogCaptureFixture,
        script: Script,
        expected: type[AssistError],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        server.script = script
        failure = failure_of(opened())
        assert type(failure) is expected
        assert failure.retryable is (expected not in LASTING)
        for text in (str(failure), repr(failure), caplog.text):
            assert "grandmother" not in text
            assert "Customer was charged" not in text
        assert not [record for record in caplog.records if record.name.startswith(("openai", "httpx2", "httpcore2"))]
        assert len(server.requests) == 1, "when to ask again is not decided here"

    def test_a_total_time_holds_for_a_server_that_trickles(self, server: OpenAIServer, opened: Opened) -> None:
        model = opened(openai_timeout_s=1)
        for script in (trickles(), trickles(head=True)):
            server.script = script
            failure = failure_of(model)
            assert isinstance(failure, errors.ModelTimeout)
            assert failure.seconds == 1

    def test_silence_has_its_own_time(self, server: OpenAIServer, opened: Opened) -> None:
        server.script = keeps_silent
        failure = failure_of(opened(openai_silence_s=1))
        assert isinstance(failure, errors.ModelTimeout)
        assert failure.seconds == 1

    def test_nobody_listens(self, opened: Opened) -> None:
        with socket.socket() as unheard:
            unheard.bind(("127.0.0.1", 0))
            port = unheard.getsockname()[1]
            failure = failure_of(opened(openai_base_url=f"http://127.0.0.1:{port}/v1"))
        assert isinstance(failure, errors.ModelUnreachable)
        assert failure.reason == "ConnectError"

    def test_how_long_to_wait_is_kept(self, server: OpenAIServer, opened: Opened) -> None:
        server.script = fails(429, retry_after="7")
        failure = failure_of(opened())
        assert isinstance(failure, errors.ModelRateLimited)
        assert failure.wait_s == 7

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, 0.0),
            ({"retry-after": "2"}, 2.0),
            ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5),
            ({"retry-after": "soon"}, 0.0),
            ({"retry-after": "-4"}, 0.0),
            ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
            ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.0),
        ],
    )
    def test_how_long_to_wait_in_every_form(self, headers: dict[str, str], seconds: float) -> None:
        assert retry_after_s(headers) == seconds

    @pytest.mark.parametrize(
        ("words", "setting"),
        [
            ("Unrecognized request argument supplied: reasoning_effort", "EARSHOT_OPENAI_REASONING_EFFORT"),
            ("max_tokens is too large: 32000", "EARSHOT_OPENAI_TOKEN_LIMIT"),
            ("response_format of type json_schema is not supported with this model", "EARSHOT_OPENAI_MODEL"),
        ],
    )
    def test_a_refused_request_names_the_setting(
        self, server: OpenAIServer, opened: Opened, words: str, setting: str
    ) -> None:
        server.script = fails(400, None, words)
        failure = failure_of(opened())
        assert isinstance(failure, errors.ModelRequestRefused)
        assert failure.setting == setting

    def test_what_came_before_a_failure_has_come(self, server: OpenAIServer, opened: Opened) -> None:
        server.script = drops(WHOLE[:80])
        answer = opened().stream(a_request())
        assert next(answer).text == WHOLE[:80]
        with pytest.raises(errors.ModelStreamDropped):
            next(answer)
        assert list(answer) == [], "it is raised once"


class TestEnd:
    def test_closing_ends_the_request_at_the_server(self, server: OpenAIServer, opened: Opened) -> None:
        server.script = says(WHOLE * 300, size=3, pause_s=0.01)
        answer = opened().stream(a_request())
        next(answer)
        answer.close()
        answer.close()
        assert list(answer) == []
        assert server.gone.acquire(timeout=10)

    def test_closing_lets_go_who_waits_for_the_next_piece(self, server: OpenAIServer, opened: Opened) -> None:
        server.script = keeps_silent
        answer = opened().stream(a_request())
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(list, answer)
            answer.close()
            assert waiting.result(10) == []

    def test_closing_the_model_lets_everybody_go(self, server: OpenAIServer, opened: Opened) -> None:
        server.script = keeps_silent
        model = opened()
        answers = [model.stream(a_request()) for _ in range(3)]
        model.close()
        model.close()
        for answer in answers:
            with pytest.raises(errors.ModelUnreachable, match="closed"):
                next(answer)

    def test_a_model_that_is_closed_answers_nobody(self, opened: Opened) -> None:
        model = opened()
        model.close()
        assert isinstance(failure_of(model), errors.ModelUnreachable)

    def test_whoever_asks_while_the_model_closes_is_let_go(self, server: OpenAIServer, opened: Opened) -> None:
        server.script = keeps_silent
        model = opened()

        def ask_on() -> None:
            while True:
                answer_of(model)

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask_on) for _ in range(4)]
            assert wait_for(lambda: len(server.requests) == 4)
            model.close()
            assert all(isinstance(each.exception(10), errors.ModelUnreachable) for each in asking)

    def test_several_are_asked_at_once(self, server: OpenAIServer, opened: Opened) -> None:
        server.next_scripts = [keeps_silent]
        model = opened()
        held_up = model.stream(a_request())
        assert wait_for(lambda: len(server.requests) == 1)
        assert "".join(delta.text for delta in answer_of(model)) == WHOLE
        held_up.close()
