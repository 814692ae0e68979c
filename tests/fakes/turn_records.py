"""Turns of a call as the store gives them back, made up: with a language model, late, folded, and without news."""

from core.model.call import CallId, ParticipantId, Role
from core.model.insight import RequestTimes, TokenUsage
from core.model.turn_trace import FoundPassages, HeardAudio, ModelAnswer, Moment, Purpose, Step, TurnRecord
from core.model.utterance import Utterance

WORDS = (
    "안녕하세요, 상담원 김민지입니다. 무엇을 도와드릴까요?",
    "이번 달 요금이 너무 많이 나왔어요. 로밍을 쓴 적이 없는데 로밍 요금이 있네요.",
    "확인해 보겠습니다. 잠시만 기다려 주세요.",
    "네.",
    "지난주에 자동 로밍이 켜져 있었습니다. 이번 한 번은 감면해 드리겠습니다.",
)


def a_final(number: int, start_s: float, end_s: float, delay_s: float, text: str = "네.") -> Utterance:
    """A final utterance of alternating speakers; `delay_s` after its end its text was there."""
    is_agent = number % 2 == 0
    return Utterance(
        id=f"u{number}",
        participant_id=ParticipantId("p1" if is_agent else "p2"),
        speaker="김민지" if is_agent else "이서준",
        role=Role.AGENT if is_agent else Role.CUSTOMER,
        text=text,
        is_final=True,
        start_s=start_s,
        end_s=end_s,
        confidence=0.9,
        engine="google",
        model="chirp_2",
        recognised_s=end_s + delay_s,
        trace_id=f"5f0c2a091d3{number}",
        first_interim_s=start_s + 0.7,
    )


def an_answer(
    seen: str,
    turns: int,
    sent_s: float,
    took_s: float,
    *,
    is_news: bool = True,
    usage: TokenUsage | None = None,
    engine: str = "openai",
    model: str = "gpt-5-mini",
) -> ModelAnswer:
    """An answer whose first token took half of its time."""
    end_s = sent_s + took_s
    return ModelAnswer(
        purpose=Purpose.SUMMARY,
        engine=engine,
        model=model,
        at_s=end_s,
        seen_utterance=seen,
        turns=turns,
        is_news=is_news,
        times=RequestTimes(sent_s, sent_s, sent_s + took_s / 2, end_s, end_s + 0.4),
        usage=usage,
    )


def a_turn_record(call_id: CallId) -> TurnRecord:
    """Five turns: u1 is late for the model, u2 and u3 share a request and u2 is late, u4's answer brings no news."""
    said = (
        a_final(0, 0.4, 3.1, 0.62, WORDS[0]),
        a_final(1, 4.0, 9.2, 0.71, WORDS[1]),
        a_final(2, 10.1, 12.0, 0.55, WORDS[2]),
        a_final(3, 12.2, 12.6, 0.58, WORDS[3]),
        a_final(4, 16.0, 20.4, 0.64, WORDS[4]),
    )
    tokens = TokenUsage(1_240, 96, 1_024)
    answers = (
        an_answer("u0", 1, 3.73, 0.82, usage=tokens),
        an_answer("u1", 2, 9.93, 3.1, usage=tokens),
        an_answer("u3", 4, 13.2, 0.9, usage=tokens),
        an_answer("u4", 5, 21.06, 0.7, is_news=False, usage=tokens),
    )
    moments = [Moment(each.id, Step.KEPT, each.recognised_s + 0.006) for each in said]
    moments += [Moment(each.id, Step.TEXT_PAINTED, each.recognised_s + 0.16) for each in said]
    moments += [Moment(each.seen_utterance, Step.SUMMARY_PAINTED, each.at_s + 0.14) for each in answers[:3]]
    moments += [Moment(each.seen_utterance, Step.PASSAGES_PAINTED, each.at_s + 0.24) for each in answers[:3]]
    passages = tuple(FoundPassages(each.seen_utterance, each.at_s + 0.012) for each in answers[:3])
    heard = (
        HeardAudio(ParticipantId("p1"), "google", "chirp_2", 42.5),
        HeardAudio(ParticipantId("p2"), "google", "chirp_2", 41.0),
    )
    return TurnRecord(call_id, said, passages, tuple(moments), answers, heard)
