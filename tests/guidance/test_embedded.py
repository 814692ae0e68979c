import json
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.guidance import QUESTION_SETS, recall
from core.guidance.embedded import EmbeddedRetriever
from core.guidance.terms import Terms
from core.model.errors import GuidanceRequestInvalid
from core.model.passage import GuidanceRequest
from core.settings import PROJECT_ROOT
from tests.guidance.writing import titles, write


@pytest.mark.parametrize(
    "query",
    [
        "와이파이가 안 돼요",
        "와이 파이가 안 돼요",
        "와이화이가 안 돼요",
        "wifi가 안 돼요",
        "Wi-Fi 안됨",
        "무선이 안 돼요",
    ],
)
def test_loan_words_are_found_however_they_are_spelt(sample: EmbeddedRetriever, query: str) -> None:
    assert titles(sample, query)[0] == "와이파이 연결 문제"


@pytest.mark.parametrize("query", ["wi-fi does not work", "the wireless does not work", "WiFi isn't working"])
def test_english_spellings_are_one_word(sample: EmbeddedRetriever, query: str) -> None:
    assert titles(sample, query)[0] == "Wifi does not work"


@pytest.mark.parametrize("query", ["유심 바꿔 주세요", "USIM 교체", "심카드 재발급", "유심칩을 갈고 싶어요"])
def test_sim_cards_have_many_names(sample: EmbeddedRetriever, query: str) -> None:
    assert titles(sample, query)[0] == "유심 교체와 재발급"


@pytest.mark.parametrize(
    "query", ["요금제변경", "요금제 변경", "요금제를 변경하고 싶어요", "플랜 변경", "요금제변경요청드려요"]
)
def test_spacing_and_particles_make_no_difference(sample: EmbeddedRetriever, query: str) -> None:
    assert titles(sample, query)[0] == "요금제 변경"


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("에어컨 설치", "에어콘설치"),
        ("무통장 입금 기한", "무통장입금 언제까지"),
        ("자동차세 연납 할인", "자동차 세 연 납"),
        ("서비스 센터 예약", "써비스센타 예약"),
        ("어플리케이션 오류", "앱이 에러가 나요"),
        ("알고리즘 추천", "알고리듬이요"),
        ("주택담보대출", "주택 담보 대출 되나요"),
    ],
)
def test_misspelt_and_misheard_words_are_found_without_aliases(tmp_path: Path, title: str, query: str) -> None:
    others = [{"question": f"다른 주제 {n}", "answer": "관계없는 내용이다."} for n in range(3)]
    write(tmp_path, "a.json", json.dumps([*others, {"question": title, "answer": "절차를 안내한다."}]))
    assert titles(EmbeddedRetriever.load(tmp_path), query)[0] == title


@pytest.mark.parametrize("query", ["쿠폰", "이어폰", "담배 달라고 했어요", "전환이 급해요"])
def test_a_synonym_inside_of_another_word_is_not_meant(query: str) -> None:
    """`폰` is a phone, but not the end of `쿠폰`; `배 달` is no delivery."""
    found = Terms((("휴대폰", "폰"), ("배송", "배달"), ("환불", "환급"))).of(query)
    assert not [term for term in found if term.startswith("=")]


def test_hangul_in_parts_asks_the_same(sample: EmbeddedRetriever) -> None:
    query = "와이파이가 안 돼요"
    assert titles(sample, unicodedata.normalize("NFD", query)) == titles(sample, query)


def test_a_word_of_several_groups_belongs_to_each(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## zorb\none\n\n## blick\ntwo\n\n## other\nthree\n")
    write(tmp_path, "synonyms.csv", "zorb,quux\nblick,quux\n")
    assert set(titles(EmbeddedRetriever.load(tmp_path), "quux")) == {"zorb", "blick"}


def test_a_query_finds_entries_of_its_own_language_first(sample: EmbeddedRetriever) -> None:
    assert titles(sample, "유심 USIM 교체")[0] == "유심 교체와 재발급"
    assert titles(sample, "replace my SIM card")[0] == "SIM replacement and eSIM"


@pytest.mark.parametrize("query", ["I want my money back", "refund please"])
def test_an_entry_that_is_only_in_the_other_language_is_found(tmp_path: Path, query: str) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 입금한다.\n\n## 로밍\n출국 전에 신청한다.\n")
    assert titles(EmbeddedRetriever.load(tmp_path), query) == ["환불 절차"]


@pytest.mark.parametrize(
    ("name", "first", "five"), [("development", 85, 95), ("held_out", 70, 90), ("other_trades", 70, 90)]
)
def test_callers_words_find_the_right_entry(name: str, first: float, five: float) -> None:
    """`python -m bench.guidance` prints the figures."""
    folder, questions = QUESTION_SETS[name]
    figures = recall(EmbeddedRetriever.load(folder), questions)
    assert figures["recall_at_1_pct"] >= first
    assert figures["recall_at_5_pct"] >= five


@pytest.mark.parametrize("name", ["development", "held_out"])
def test_the_questions_share_at_most_one_word_with_their_titles(name: str) -> None:
    terms = Terms()
    _folder, questions = QUESTION_SETS[name]
    for question in json.loads(questions.read_text(encoding="utf-8")):
        assert len(set(terms.of(question["query"])) & set(terms.of(question["title"]))) <= 1, question


def test_without_the_questions_about_spacing_the_other_trades_keep_the_targets(tmp_path: Path) -> None:
    """Nine of them repeat their title in another spelling or spacing, to see that it is found; they flatter."""
    terms = Terms()
    folder, path = QUESTION_SETS["other_trades"]
    questions = json.loads(path.read_text(encoding="utf-8"))
    strict = [q for q in questions if len(set(terms.of(q["query"])) & set(terms.of(q["title"]))) <= 1]
    assert len(questions) - len(strict) == 9
    write(tmp_path, "strict.json", json.dumps(strict))
    figures = recall(EmbeddedRetriever.load(folder), tmp_path / "strict.json")
    assert figures["recall_at_1_pct"] >= 65
    assert figures["recall_at_5_pct"] >= 90


def test_nothing_is_found_where_no_word_is_known(sample: EmbeddedRetriever) -> None:
    for query in ("", "   ", "네", "zzzz", "🙂", "\ud800"):
        answer = sample.assist(GuidanceRequest(summary=query))
        assert (answer.guidance, answer.documents) == ("", ())


def test_the_snippet_and_the_guidance_are_the_sentences_that_were_asked_for(tmp_path: Path) -> None:
    filler = "이 문장은 길이를 채우려고 넣었으므로 읽어 보아도 아무 내용이 없으며 보여서는 안 되는 글이다. "
    asked = "카드는 사흘 안에, 계좌는 이틀 안에 돌려받으며 그보다 늦어지면 담당자에게 꼭 알린다."
    write(tmp_path, "a.md", f"## 환불\n{filler * 6}{asked}\n")
    answer = EmbeddedRetriever.load(tmp_path).assist(GuidanceRequest(summary="카드는 언제 돌려받아요"))
    assert asked in answer.documents[0].snippet
    assert len(answer.documents[0].snippet) <= 240
    assert asked in answer.guidance
    assert len(answer.guidance) <= 160


def test_failure_5_the_contract_is_summary_include_documents_and_max_documents(sample: EmbeddedRetriever) -> None:
    """The first report's requests were refused with 422 because their fields had other names."""
    assert set(GuidanceRequest.__dataclass_fields__) == {"summary", "include_documents", "max_documents"}
    request = GuidanceRequest(summary="환불")
    assert (request.include_documents, request.max_documents) == (True, 5)
    bare = sample.assist(GuidanceRequest(summary="환불", include_documents=False))
    assert bare.guidance == sample.assist(request).guidance != ""
    assert bare.documents == ()


@pytest.mark.parametrize("most", [0, -1, 51])
def test_failure_5_a_wrong_number_of_documents_is_refused_by_its_field(most: int) -> None:
    with pytest.raises(GuidanceRequestInvalid, match=f"max_documents is {most}, not a number from 1 to 50"):
        GuidanceRequest(summary="환불", max_documents=most)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.integers(1, 50))
def test_any_query_gives_sorted_passages_within_the_number(sample: EmbeddedRetriever, query: str, most: int) -> None:
    documents = sample.assist(GuidanceRequest(summary=query, max_documents=most)).documents
    assert len(documents) <= most
    scores = [passage.score for passage in documents]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)
    assert all(0 < len(passage.snippet) <= 240 for passage in documents)


def test_several_threads_get_the_same_answers(sample: EmbeddedRetriever) -> None:
    queries = ["환불", "slow internet", "와이파이", "lost phone"] * 8
    alone = [sample.assist(GuidanceRequest(summary=query)) for query in queries]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda query: sample.assist(GuidanceRequest(summary=query)), queries)) == alone


def test_the_sample_handbook_is_whole() -> None:
    retriever = EmbeddedRetriever.load(PROJECT_ROOT / "knowledge")
    assert retriever.health.in_english == "64 entries of the handbook."
