import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.guidance import recall
from core.guidance.embedded import EmbeddedRetriever
from core.model.passage import GuidanceRequest
from core.settings import PROJECT_ROOT

RETRIEVER = EmbeddedRetriever.load(PROJECT_ROOT / "knowledge")


def first(query: str) -> str:
    return RETRIEVER.assist(GuidanceRequest(summary=query)).documents[0].title


@pytest.mark.parametrize("query", ["와이파이가 안 돼요", "와이 파이가 안 돼요", "와이화이가 안 돼요", "wifi가 안 돼요"])
def test_loan_words_are_found_however_they_are_spelt(query: str) -> None:
    assert first(query) == "와이파이 연결 문제"


@pytest.mark.parametrize("query", ["요금제변경", "요금제 변경", "요금제를 변경하고 싶어요", "플랜 변경"])
def test_spacing_and_particles_make_no_difference(query: str) -> None:
    assert first(query) == "요금제 변경"


def test_a_query_finds_entries_of_its_own_language_first() -> None:
    assert first("유심 USIM 교체") == "유심 교체와 재발급"
    assert first("replace my SIM card") == "SIM replacement and eSIM"


def test_callers_words_find_the_right_entry() -> None:
    """The questions were written before the weights were chosen; `python -m bench.guidance` prints the figures."""
    figures = recall(RETRIEVER)
    assert figures["recall_at_5_pct"] >= 90
    assert figures["recall_at_1_pct"] >= 70


def test_nothing_is_found_where_no_word_is_known() -> None:
    for query in ("", "   ", "네", "zzzz", "🙂"):
        assert RETRIEVER.assist(GuidanceRequest(summary=query)).documents == ()


def test_failure_5_the_contract_is_summary_include_documents_and_max_documents() -> None:
    """The first report's requests were refused with 422 because their fields had other names."""
    assert set(GuidanceRequest.__dataclass_fields__) == {"summary", "include_documents", "max_documents"}
    bare = RETRIEVER.assist(GuidanceRequest(summary="환불", include_documents=False))
    assert bare.guidance
    assert bare.documents == ()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.integers(1, 50))
def test_any_query_gives_sorted_passages_within_the_number(query: str, most: int) -> None:
    documents = RETRIEVER.assist(GuidanceRequest(summary=query, max_documents=most)).documents
    assert len(documents) <= most
    scores = [passage.score for passage in documents]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < len(passage.snippet) <= 240 for passage in documents)


def test_several_threads_get_the_same_answers() -> None:
    queries = ["환불", "slow internet", "와이파이", "lost phone"] * 8
    alone = [RETRIEVER.assist(GuidanceRequest(summary=query)) for query in queries]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda query: RETRIEVER.assist(GuidanceRequest(summary=query)), queries)) == alone


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "core.guidance", *arguments], capture_output=True, text=True, cwd=PROJECT_ROOT
    )


def test_the_command_prints_one_object_a_query() -> None:
    ran = command("--json", "--max-documents", "2", "요금 두 번 청구됨", "lost my phone")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["query"] for line in lines] == ["요금 두 번 청구됨", "lost my phone"]
    assert all(len(line["documents"]) <= 2 for line in lines)
    assert set(lines[0]["documents"][0]) == {"title", "snippet", "score", "source"}


def test_the_command_refuses_in_words(tmp_path) -> None:
    ran = command("--knowledge", str(tmp_path), "환불")
    assert (ran.returncode, "holds no entries" in ran.stderr) == (2, True)
    ran = command("--max-documents", "0", "환불")
    assert (ran.returncode, "not a number from 1 to 50" in ran.stderr) == (2, True)
