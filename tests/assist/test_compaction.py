from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assist.compaction import Compactor, tokens_of
from core.assist.english_dialect import EnglishDialect
from core.assist.korean_dialect import KoreanDialect
from core.model.call import Role
from core.model.insight import Turn

compactor = Compactor({"ko": KoreanDialect(), "en": EnglishDialect()})
C, A = Role.CUSTOMER, Role.AGENT

KO = [
    Turn(C, "인터넷이 자꾸 끊겨서 전화드렸어요."),
    Turn(A, "인터넷은 모뎀이 오래되어서 그래요. 내일 기사님 방문을 예약해 드릴게요."),
    Turn(C, "그리고 지난달 요금이 두 번 청구됐어요."),
    Turn(A, "네, 알겠습니다."),
    Turn(C, "주소는 서울시 마포구예요."),
    Turn(A, "감사합니다."),
    Turn(C, "해지하면 위약금이 얼마나 나오나요?"),
    Turn(A, "잠시만요."),
]
EN = [
    Turn(C, "My internet keeps dropping every evening."),
    Turn(A, "I'll send a technician for the internet tomorrow."),
    Turn(C, "I was also charged twice on my bill."),
    Turn(A, "Okay."),
    Turn(C, "My address is ten Main Street."),
    Turn(A, "Thank you."),
    Turn(C, "How much is the cancellation fee?"),
    Turn(A, "One moment please."),
]
FILLER = {
    "ko": Turn(C, "네 그렇군요 날씨가 참 좋네요 오늘은"),
    "en": Turn(C, "Right, the weather is lovely here today"),
}


def tokens(turns: Sequence[Turn]) -> int:
    return sum(map(tokens_of, turns))


def words(turns: Sequence[Turn]) -> str:
    return " ".join(turn.text for turn in turns)


@pytest.mark.parametrize(
    ("language", "conversation", "unresolved", "settled"),
    [
        ("ko", KO, ("두 번 청구됐어요", "위약금이 얼마나"), "마포구"),
        ("en", EN, ("charged twice on my bill", "How much is the cancellation fee"), "Main Street"),
    ],
)
def test_what_nobody_has_taken_up_stays_and_small_talk_goes(
    language: str, conversation: list[Turn], unresolved: tuple[str, ...], settled: str
) -> None:
    long = [*conversation, *[FILLER[language]] * 100]
    kept = compactor.compact(long, language, 200)
    assert tokens(kept) <= 200
    text = words(kept).casefold()
    for phrase in unresolved:
        assert phrase.casefold() in text
    assert settled not in words(kept)
    assert kept[-1] == long[-1]


def test_what_was_settled_goes_before_what_was_not_and_what_the_agent_did_stays_while_there_is_room() -> None:
    long = [*KO, *[FILLER["ko"]] * 100]
    tight, roomy = compactor.compact(long, "ko", 1), compactor.compact(long, "ko", 300)
    assert "끊겨서" not in words(tight)
    assert "방문을 예약해" in words(roomy)
    assert words(roomy).index("방문을 예약해") < words(roomy).index("두 번 청구")


def test_a_wish_that_is_said_again_is_kept_once_in_its_newest_place() -> None:
    wish = Turn(C, "환불해 주세요.")
    kept = compactor.compact([wish, *[FILLER["ko"]] * 30, wish, *[FILLER["ko"]] * 60], "ko", 150)
    assert words(kept).count("환불해 주세요") == 1


def test_a_conversation_that_fits_is_left_as_it_is() -> None:
    assert compactor.compact(KO, "ko", tokens(KO)) == tuple(KO)
    assert compactor.compact((), "ko", 10) == ()


def test_an_hour_in_either_language_keeps_within_the_budget() -> None:
    for language, conversation in (("ko", KO), ("en", EN)):
        hour = [turn for _ in range(90) for turn in conversation]
        kept = compactor.compact(hour, language, 3_000)
        assert tokens(hour) > 5_000
        assert tokens(kept) <= 3_000
        assert tokens(kept) > 2_000, "the room that there is is used"


def test_another_language_is_read_as_english_and_never_fails() -> None:
    turns = [Turn(C, "¿Por qué me cobraron dos veces?")] * 50
    assert compactor.compact(turns, "es", 60)[-1] == turns[-1]


said = st.sampled_from([*KO, *EN, FILLER["ko"], FILLER["en"], Turn(Role.PERSONA, "처리해 드렸습니다."), Turn(C, "")])


@settings(max_examples=150, deadline=None)
@given(
    turns=st.lists(said, min_size=1, max_size=60), budget=st.integers(1, 700), language=st.sampled_from(["ko", "en"])
)
def test_whatever_is_said(turns: list[Turn], budget: int, language: str) -> None:
    kept = compactor.compact(turns, language, budget)
    assert kept[-1] == turns[-1], "the latest turn is whole"
    least = compactor.compact(turns, language, 1)
    assert tokens(kept) <= max(budget, tokens(least)), "only what must stay may exceed the budget"
    assert [turn.role for turn in kept] == _subsequence([turn.role for turn in kept], [turn.role for turn in turns])
    everything = words(turns).casefold()
    for turn in kept:
        for word in turn.text.casefold().split():
            assert word in everything, "nothing is made up"
    for turn in least:
        assert all(word in words(kept).casefold() for word in turn.text.casefold().split()), "what must stay stays"


def _subsequence(wanted: list[Role], within: list[Role]) -> list[Role]:
    """`wanted`, as far as it can be found in this order."""
    rest = iter(within)
    return [role for role in wanted if role in rest]


@given(text=st.text(max_size=200))
def test_an_estimate_is_a_number_that_grows_with_the_text(text: str) -> None:
    assert 0 < tokens_of(Turn(C, text)) <= tokens_of(Turn(C, text + "가"))
