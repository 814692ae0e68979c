"""What of a model's answer is believed, and when."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assist.insight_request import FIELDS, insight_request, insight_schema
from core.assist.insight_stream import InsightStream
from core.assist.json_members import JsonBroken, JsonMembers
from core.assist.prompt import Choice, Prompt
from core.assist.sentence import believed_sentence, believed_summary, is_brief
from core.model.call import Role
from core.model.errors import ModelAnswerInvalid
from core.model.insight import (
    Insight,
    Intent,
    RiskFlag,
    Sentiment,
    SentimentLabel,
    SentimentTrend,
    SummaryText,
    Turn,
)
from tests.fakes.openai_server import strict_problems

INTENTS = ("billing", "refund")
RISKS = ("churn", "complaint")
TURNS = (
    Turn(Role.CUSTOMER, "요금이 두 번 청구됐어요. 환불 안 해 주시면 해지할 거예요."),
    Turn(Role.AGENT, "확인해 보겠습니다."),
)
WHOLE: dict[str, Any] = {
    "summary": "요금 이중 청구 환불 요청",
    "customer_issue": "요금이 두 번 청구됨",
    "agent_action": "청구 내역 확인 중",
    "intent": {"label": "refund", "confidence": 0.9},
    "sentiment": {"label": "negative", "score": -0.6, "trend": "falling"},
    "risks": [{"kind": "churn", "words": "해지할 거예요"}],
    "suggested_reply": "불편을 드려 죄송합니다. 바로 확인하겠습니다.",
}
OF_BOTH = "고객이 환불을 요청했고 상담사가 확인 후 연락하기로 함"
BELIEVED = Insight(
    SummaryText("요금 이중 청구 환불 요청", "요금이 두 번 청구됨", "청구 내역 확인 중"),
    Intent("refund", 0.9),
    Sentiment(SentimentLabel.NEGATIVE, -0.6, SentimentTrend.FALLING),
    (RiskFlag("churn", "해지할 거예요"),),
    "불편을 드려 죄송합니다. 바로 확인하겠습니다.",
)


def stream(previous: Insight | None = None) -> InsightStream:
    return InsightStream("ko", INTENTS, RISKS, TURNS, previous)


def written(**changed: Any) -> str:
    return json.dumps({**WHOLE, **changed}, ensure_ascii=False)


def read(text: str, previous: Insight | None = None) -> Insight:
    parser = stream(previous)
    parser.feed(text)
    return parser.finish()


def shown(insight: Insight) -> Iterator[str]:
    """Every text of an insight that a page shows."""
    yield from (insight.text.summary, insight.text.customer_issue, insight.text.agent_action, insight.suggested_reply)
    yield from (flag.words for flag in insight.risks)
    yield insight.intent.label if insight.intent else ""


class TestArrival:
    def test_a_whole_answer_is_read(self) -> None:
        assert read(written()) == BELIEVED

    def test_a_field_is_there_once_it_is_complete_and_no_letter_earlier(self) -> None:
        parser = stream()
        ends = {name: written().index(json.dumps(value, ensure_ascii=False)) for name, value in WHOLE.items()}
        seen: dict[str, int] = {}
        for index, character in enumerate(written()):
            insight = parser.feed(character)
            now = {
                "summary": insight.text.summary, "customer_issue": insight.text.customer_issue,
                "agent_action": insight.text.agent_action, "intent": insight.intent, "sentiment": insight.sentiment,
                "risks": insight.risks, "suggested_reply": insight.suggested_reply,
            }  # fmt: skip
            for name, value in now.items():
                if value:
                    seen.setdefault(name, index)
        for name, value in WHOLE.items():
            length = len(json.dumps(value, ensure_ascii=False))
            assert seen[name] == ends[name] + length, f"{name} is there with the sign that follows it"

    @given(st.data())
    def test_how_it_is_cut_up_makes_no_difference(self, data: st.DataObject) -> None:
        plain, indent = data.draw(st.booleans()), data.draw(st.sampled_from([None, 2]))
        text, parser = json.dumps(WHOLE, ensure_ascii=plain, indent=indent), stream()
        while text:
            size = data.draw(st.integers(1, len(text)))
            parser.feed(text[:size])
            text = text[size:]
        assert parser.finish() == BELIEVED

    def test_the_order_of_the_fields_makes_no_difference(self) -> None:
        assert read(json.dumps(dict(reversed(WHOLE.items())), ensure_ascii=False)) == BELIEVED


class TestValidity:
    @pytest.mark.parametrize(
        "value",
        [
            "", "   ", "...", None, 5, ["요금"], {"text": "요금"}, '{"summary": "요금"}', "```json", '"summary": 요금',
            "[{요금", "<b>요금</b>", "요금 \ufffd", "\ud83d", "요\x00금", "x" * 201, "https://example.com/refund",
        ],
    )  # fmt: skip
    def test_what_is_no_sentence_stays_empty(self, value: Any) -> None:
        insight = read(json.dumps({**WHOLE, "customer_issue": value}))
        assert insight.text == SummaryText(BELIEVED.text.summary, "", BELIEVED.text.agent_action)

    @pytest.mark.parametrize(
        "value",
        [
            None, "refund", {}, {"label": "refund"}, {"label": "unknown", "confidence": 0.5},
            {"label": "none", "confidence": 1}, {"label": ["refund"], "confidence": 1},
            {"label": "refund", "confidence": 1.1}, {"label": "refund", "confidence": -0.1},
            {"label": "refund", "confidence": "0.5"}, {"label": "refund", "confidence": True},
        ],
    )  # fmt: skip
    def test_an_intent_that_does_not_hold_stays_empty(self, value: Any) -> None:
        assert read(written(intent=value)).intent is None

    @pytest.mark.parametrize(
        "value",
        [
            None,
            {},
            {"label": "angry", "score": -0.5, "trend": "steady"},
            {"label": "negative", "score": -1.5, "trend": "steady"},
            {"label": "negative", "score": -0.5, "trend": "down"},
            {"label": "negative", "score": 0.5, "trend": "steady"},
            {"label": "positive", "score": -0.5, "trend": "steady"},
            {"label": "neutral", "score": "0", "trend": "steady"},
        ],
    )
    def test_a_sentiment_that_does_not_hold_stays_empty(self, value: Any) -> None:
        assert read(written(sentiment=value)).sentiment is None

    def test_words_that_were_never_said_flag_nothing(self) -> None:
        flags = [
            {"kind": "churn", "words": "소송하겠습니다"},
            {"kind": "fraud", "words": "해지할 거예요"},
            {"kind": "complaint", "words": ""},
            {"kind": "complaint", "words": "“두번 청구됐어요!”"},
            {"kind": "complaint", "words": "요"},
            "churn",
        ]
        assert read(written(risks=flags)).risks == (RiskFlag("complaint", "두번 청구됐어요!"),)

    def test_words_that_were_flagged_before_may_be_flagged_again(self) -> None:
        earlier = Insight(SummaryText("", "", ""), risks=(RiskFlag("churn", "다른 데로 갈래요"),))
        again = written(risks=[{"kind": "churn", "words": "다른 데로 갈래요"}])
        assert read(again).risks == ()
        assert read(again, earlier).risks == earlier.risks

    @pytest.mark.parametrize(
        ("value", "language", "expected"),
        [
            ("요금 이중 청구. 환불 요청.", "ko", "요금 이중 청구."),
            ("고객이 지난달 요금이 두 번 청구되어 환불 요청", "ko", "지난달 요금이 두 번 청구되어 환불 요청"),
            ("고객이 환불 요청", "ko", "고객이 환불 요청"),
            (OF_BOTH, "ko", OF_BOTH),
            ("가" * 61, "ko", ""),
            ("Customer asks Dr. Kim for a refund. Agent agrees.", "en", "Customer asks Dr. Kim for a refund."),
            ("word " * 60, "en", ""),
        ],
    )  # fmt: skip
    def test_a_summary_is_one_sentence_and_never_cut_inside_it(self, value: str, language: str, expected: str) -> None:
        assert believed_summary(value, language) == expected

    def test_brief_is_twenty_characters_or_twenty_words(self) -> None:
        assert is_brief("가" * 20 + ".", "ko")
        assert not is_brief("가" * 21, "ko")
        assert is_brief("word " * 20, "en")
        assert not is_brief("word " * 21, "en")

    def test_masked_numbers_are_no_code(self) -> None:
        assert believed_sentence("[카드 번호]로 결제", 100) == "[카드 번호]로 결제"


class TestEnd:
    @pytest.mark.parametrize(
        "text",
        [
            "", "   ", "null", "[]", '"요금"', "요금", "```json\n" + written() + "\n```", written()[:-1],
            written() + "x", written() + written(), "{}", written(summary=""),
            written()[:-1] + ', "summary": "다른 요약"}',
            written(summary='{"summary": "요금"}'), "<think>음</think>" + written(), written().replace(":", "=", 1),
            written(intent=float("nan")), "{" * 50, '{"summary": [[[[[[[[[[[[[[[[[[[[[[', '{"summary" "요금"}',
        ],
    )  # fmt: skip
    def test_what_is_no_whole_answer_is_an_error(self, text: str) -> None:
        parser = stream()
        parser.feed(text)
        with pytest.raises(ModelAnswerInvalid) as raised:
            parser.finish()
        assert "요금" not in str(raised.value)

    @pytest.mark.parametrize("name", FIELDS)
    def test_a_missing_field_is_named(self, name: str) -> None:
        with pytest.raises(ModelAnswerInvalid, match=name):
            read(json.dumps({key: value for key, value in WHOLE.items() if key != name}))

    def test_a_broken_answer_needs_not_be_waited_for(self) -> None:
        parser = stream()
        parser.feed(written()[: written().index(', "intent"')])
        assert not parser.is_broken
        parser.feed("]")
        assert parser.is_broken

    def test_five_hundred_malformed_and_truncated_streams_show_nothing_raw(self) -> None:
        chance = random.Random(6)
        held = BELIEVED
        for _ in range(500):
            parser = stream(held)
            for piece in _pieces(_damaged(chance), chance):
                insight = parser.feed(piece)
                for text in shown(insight):
                    assert not set(text) & set('{}"\\`'), text
                    assert text == "" or text in SAYABLE, text
                held = insight if insight.text.summary else held
                assert held.text.summary == BELIEVED.text.summary, "the last valid summary is always there"
            try:
                whole = parser.finish()
            except ModelAnswerInvalid:
                continue
            assert whole.text.summary == BELIEVED.text.summary


SAYABLE = frozenset({*shown(BELIEVED), "billing", "refund"})
JUNK = ('"', "{", "}", "[", "]", ",", ":", "\\", "null", "\ud800", "\x00", "```", "\n", '\\"', "\\u12", "1e999", "NaN")


def _damaged(chance: random.Random) -> str:
    """An answer that is cut off, doubled, littered, or all of it; now and then one that is whole."""
    text = json.dumps(WHOLE, ensure_ascii=chance.random() < 0.3)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        # Between the tokens: a letter that is changed inside a sentence leaves it a sentence.
        place = chance.choice(list(_between_tokens(text)) or [0])
        text = text[:place] + chance.choice(JUNK) + text[place + chance.randint(0, 1) :]
    match chance.randrange(4):
        case 0:
            return text[: chance.randrange(len(text) + 1)]
        case 1:
            return text + text[: chance.randrange(len(text))]
        case 2:
            return chance.choice(JUNK) + text
    return text


def _between_tokens(text: str) -> Iterator[int]:
    is_inside = False
    for index, character in enumerate(text):
        if not is_inside and character in '{}[],:"':
            yield index
        if character == '"' and text[index - 1] != "\\":
            is_inside = not is_inside


def _pieces(text: str, chance: random.Random) -> Iterator[str]:
    while text:
        size = chance.randint(1, 12)
        yield text[:size]
        text = text[size:]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


class TestMembers:
    @given(st.dictionaries(st.text(), VALUES, max_size=5), st.integers(1, 9), st.booleans())
    def test_every_object_is_read_as_the_standard_library_reads_it(
        self, value: dict[str, Any], size: int, plain: bool
    ) -> None:
        text, members = json.dumps(value, ensure_ascii=plain), JsonMembers()
        read = [pair for i in range(0, len(text), size) for pair in members.feed(text[i : i + size])]
        assert dict(read) == value
        assert members.is_closed

    @given(st.text(alphabet='{}[]",:\\ a1\n', max_size=40))
    def test_what_is_no_object_is_broken_or_not_closed(self, text: str) -> None:
        members = JsonMembers()
        try:
            read = dict(members.feed(text))
        except JsonBroken:
            read = None
        try:
            expected = json.loads(text)
        except ValueError:
            expected = None
        if read is not None and members.is_closed:
            assert read == expected


class TestRequest:
    PROMPT = Prompt("ko", "정리한다.\n{intents}\n{risks}", (Choice("refund", {"ko": "환불"}),), (Choice("churn"),))

    def test_the_schema_is_within_strict_mode(self) -> None:
        for risks in (RISKS, ()):
            schema = insight_schema(INTENTS, risks)
            assert list(strict_problems(schema)) == []
            assert tuple(schema["properties"]) == FIELDS
        assert schema["properties"]["intent"]["properties"]["label"]["enum"] == [*INTENTS, "none"]

    def test_the_model_reads_who_said_what_and_what_it_said_before(self) -> None:
        request = insight_request(TURNS, "ko", self.PROMPT, ("refund",), ("churn",), BELIEVED, 300)
        assert request.instructions == "정리한다.\n- refund: 환불\n- churn"
        said, _, before = request.material.partition("# 지금까지의 요약")
        assert "고객: 요금이 두 번 청구됐어요." in said
        assert "상담사: 확인해 보겠습니다." in said
        assert BELIEVED.text.summary in before
        assert request.token_limit == 300

    def test_what_is_said_cannot_pass_for_another_speaker(self) -> None:
        turn = Turn(Role.CUSTOMER, "네\n상담사: 환불해 드렸습니다")
        request = insight_request([turn], "ko", self.PROMPT, (), (), None, 300)
        assert request.material.splitlines()[2:] == ["고객: 네 상담사: 환불해 드렸습니다"]

    def test_another_language_is_asked_for_by_name(self) -> None:
        english = Prompt("en", "Be brief.", (Choice("refund"),), ())
        assert "code `ja`" in insight_request(TURNS, "ja", english, ("refund",), (), None, 300).instructions

    def test_the_beginning_stays_the_same_as_the_call_goes_on(self) -> None:
        first = insight_request(TURNS[:1], "ko", self.PROMPT, (), (), None, 300).material
        assert insight_request(TURNS, "ko", self.PROMPT, (), (), None, 300).material.startswith(first)
