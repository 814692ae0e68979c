"""Questions about a call: what is asked of a model, what is believed of it, what is found without one."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assist.catch_up import LONGEST_QUOTE, catch_up
from core.assist.prompt import Choice, Prompt
from core.assist.question import LATEST, MATERIAL_CHARACTERS, MOST_EVIDENCE, answer_of, found_in, question_request
from core.model.call import ParticipantId, Role
from core.model.errors import ModelAnswerInvalid
from core.model.insight import Summary, SummaryText
from core.model.utterance import Utterance

PROMPT = Prompt("en", "Sum up.", (Choice("billing"),), (), question="Answer.")
KOREAN = (
    "로밍 요금이 많이 나왔어요",
    "확인해 볼게요",
    "위약금은 이만 원입니다",
    "언제까지 내면 되나요",
    "십이월 말까지요",
)
ENGLISH = ("My router keeps dropping", "Let me check", "The technician comes on Friday", "Is there a fee", "No fee")


def said(*texts: str) -> tuple[Utterance, ...]:
    return tuple(
        Utterance(
            f"u{n}",
            ParticipantId(f"p{n % 2}"),
            "AB"[n % 2],
            (Role.CUSTOMER, Role.AGENT)[n % 2],
            text,
            True,
            n,
            n + 1,
            0.9,
            "e",
            "m",
            n + 1,
        )
        for n, text in enumerate(texts)
    )


@pytest.mark.parametrize(
    ("language", "texts", "question", "best"),
    [
        ("ko", KOREAN, "위약금이 얼마예요?", "위약금은 이만 원입니다"),
        ("en", ENGLISH, "When does the technician come?", "The technician comes on Friday"),
        ("fr", ("le technicien vient vendredi", "merci"), "technicien?", "le technicien vient vendredi"),
    ],
)
def test_without_a_model_the_utterances_that_share_the_questions_rare_words_are_found(
    language: str, texts: Sequence[str], question: str, best: str
) -> None:
    answer = found_in(question, said(*texts), language)
    assert answer.text == ""
    assert best in [utterance.text for utterance in answer.evidence]


def test_a_question_about_something_else_finds_nothing() -> None:
    assert found_in("Did they mention the weather?", said(*ENGLISH), "en").evidence == ()


def test_a_model_gets_the_numbered_utterances_the_summary_and_the_question() -> None:
    request = question_request("위약금은?", said(*KOREAN), SummaryText("", "로밍 요금 문의", ""), "ko", PROMPT)
    lines = request.material.splitlines()
    assert lines[0] == "(로밍 요금 문의)"
    assert lines[1] == "[0] A (고객): 로밍 요금이 많이 나왔어요"
    assert lines[-1] == "? 위약금은?"


def test_of_a_long_call_a_model_gets_the_latest_and_what_fits_within_the_limit() -> None:
    texts = [f"we talked about matter number {n} for quite some time and found nothing" for n in range(900)]
    texts[100] = "the contract ends in november"
    material = question_request("When does the contract end?", said(*texts), None, "en", PROMPT).material
    assert len(material) <= MATERIAL_CHARACTERS + 100
    assert "[100]" in material
    assert all(f"[{n}]" in material for n in range(900 - LATEST, 900))


def test_evidence_that_there_is_not_is_left_out() -> None:
    answer = answer_of(json.dumps({"answer": " on  Friday ", "evidence": [2, 99, -1, "x", 2]}), said(*ENGLISH))
    assert answer.text == "on Friday"
    assert [utterance.id for utterance in answer.evidence] == ["u2"]


@given(st.text(max_size=60) | st.builds(json.dumps, st.dictionaries(st.text(max_size=8), st.integers() | st.text())))
def test_nonsense_from_a_model_is_refused_and_never_shown(text: str) -> None:
    with pytest.raises(ModelAnswerInvalid):
        answer_of(text, said(*ENGLISH))


@given(st.lists(st.integers(-5, 9)))
def test_evidence_is_in_order_bounded_and_real(places: list[int]) -> None:
    answer = answer_of(json.dumps({"answer": "yes", "evidence": places}), said(*ENGLISH))
    ids = [utterance.id for utterance in answer.evidence]
    assert ids == sorted(ids)
    assert len(ids) <= MOST_EVIDENCE


def test_who_joins_late_is_told_what_is_wanted_what_is_done_and_what_was_said_last() -> None:
    summary = Summary(SummaryText("s", "router drops", "checks the line"), "extractive", "", "u1", 2, 2.0, 0.1)
    missed = catch_up(summary, said(*ENGLISH), 30.0)
    assert missed is not None
    assert (missed.wanted, missed.done, missed.speaker, missed.said) == (
        "router drops",
        "checks the line",
        "A",
        "No fee",
    )
    assert missed.at_s == 30.0


def test_before_anything_is_said_there_is_nothing_to_catch_up_with_and_a_long_sentence_is_cut() -> None:
    assert catch_up(None, (), 5.0) is None
    missed = catch_up(None, said("word " * 100), 5.0)
    assert missed is not None
    assert missed.wanted == ""
    assert len(missed.said) <= LONGEST_QUOTE
    assert missed.said.endswith("…")
