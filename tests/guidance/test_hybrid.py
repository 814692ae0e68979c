"""Retrieval by words and by meaning, with an embeddings server that speaks the real protocol."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from fastapi.responses import Response
from hypothesis import given
from hypothesis import strategies as st

from core.guidance.background import VECTORS_PAUSE_S, BackgroundRetriever
from core.guidance.embedded import EmbeddedRetriever
from core.guidance.embeddings import EmbeddingServer
from core.guidance.entry_vectors import BATCH, EntryVectors
from core.guidance.fusion import K, reciprocal_rank_fusion
from core.guidance.hybrid import PAUSE_S, HybridRetriever
from core.model.clock import Clock, SystemClock
from core.model.errors import (
    GuidanceAnswerInvalid,
    GuidanceError,
    GuidanceKeyRefused,
    GuidanceRequestRefused,
    GuidanceServerFailed,
    GuidanceServerSilent,
)
from core.model.health import PartState
from core.model.passage import GuidanceRequest
from tests.fakes.clock import ManualClock
from tests.fakes.embeddings_server import EmbeddingsServer, running_embeddings_server
from tests.fakes.retrieval_server import dripping
from tests.guidance.writing import write

MEANINGS = {"Umtausch": "exchange", "exchange": "exchange", "Rückgabe": "return", "sent back": "return"}
"""A German caller: no word of the question is in the handbook, so that only its meaning finds the entry."""
HANDBOOK = "## An exchange\nWithin two weeks.\n\n## What is sent back\nBy courier.\n\n## Opening hours\nNine to six.\n"
QUESTION = "Umtausch bitte"
LIMIT_S = 15.0


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddingsServer]:
    with running_embeddings_server(MEANINGS, key="k") as server:
        yield server


@pytest.fixture
def server(running: EmbeddingsServer) -> EmbeddingsServer:
    running.status, running.key, running.dimensions = 200, "k", 32
    running.answer = None
    running.silence.set()
    running.asked.clear()
    return running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "handbook", "a.md", HANDBOOK)
    return tmp_path / "handbook"


OPENED: list[EmbeddingServer] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Each has a thread, which ends with its test."""
    yield
    while OPENED:
        OPENED.pop().close()


def embedder(server: EmbeddingsServer) -> EmbeddingServer:
    OPENED.append(EmbeddingServer(server.base, "a-model", "k"))
    return OPENED[-1]


def hybrid(server: EmbeddingsServer, folder: Path, clock: Clock | None = None) -> HybridRetriever:
    index, model = EmbeddedRetriever.load(folder), embedder(server)
    vectors = EntryVectors(model, folder.parent / "vectors").of(index.entries, lambda: False)
    assert vectors is not None
    return HybridRetriever(index, vectors, model, clock or SystemClock())


def titles(retriever: HybridRetriever | BackgroundRetriever, query: str, most: int = 5) -> list[str]:
    return [p.title for p in retriever.assist(GuidanceRequest(summary=query, max_documents=most)).documents]


def test_what_no_word_finds_is_found_by_its_meaning(server: EmbeddingsServer, folder: Path) -> None:
    assert EmbeddedRetriever.load(folder).assist(GuidanceRequest(summary=QUESTION)).documents == ()
    retriever = hybrid(server, folder)
    assert titles(retriever, QUESTION)[0] == "An exchange"
    assert titles(retriever, "Rückgabe")[0] == "What is sent back"
    assert retriever.health.state is PartState.UP
    assert "a-model" in retriever.health.in_english


def test_words_and_meaning_together_decide_the_order(server: EmbeddingsServer, folder: Path) -> None:
    retriever = hybrid(server, folder)
    answer = retriever.assist(GuidanceRequest(summary="opening hours", max_documents=2))
    assert answer.documents[0].title == "Opening hours"
    scores = [passage.score for passage in answer.documents]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert len(titles(retriever, QUESTION, most=1)) == 1


def test_an_empty_question_asks_no_model(server: EmbeddingsServer, folder: Path) -> None:
    retriever = hybrid(server, folder)
    asked = len(server.asked)
    assert titles(retriever, "  ") == []
    assert len(server.asked) == asked


def test_a_model_that_fails_leaves_the_words_and_is_shown(server: EmbeddingsServer, folder: Path) -> None:
    clock = ManualClock()
    retriever = hybrid(server, folder, clock)
    server.status = 500
    asked = len(server.asked)
    for _ in range(3):
        assert titles(retriever, "opening hours") == ["Opening hours"]
    assert len(server.asked) == asked + 1, "it was asked again while it failed"
    assert retriever.health.state is PartState.DEGRADED
    assert "HTTP status 500" in retriever.health.in_english
    assert "by their words alone" in retriever.health.in_english
    server.status = 200
    clock.advance(PAUSE_S)
    assert titles(retriever, QUESTION)[0] == "An exchange"
    assert retriever.health.state is PartState.UP


def test_a_model_that_is_silent_does_not_hold_guidance_up(
    server: EmbeddingsServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.guidance.hybrid.QUERY_TIMEOUT_S", 0.2)
    retriever = hybrid(server, folder)
    server.silence.clear()
    assert titles(retriever, "opening hours") == ["Opening hours"]
    assert isinstance(retriever.failure, GuidanceServerSilent)


def test_a_model_that_changes_under_its_name_is_noticed(server: EmbeddingsServer, folder: Path) -> None:
    retriever = hybrid(server, folder)
    server.dimensions = 16
    assert titles(retriever, "opening hours") == ["Opening hours"]
    assert isinstance(retriever.failure, GuidanceAnswerInvalid)


@pytest.mark.parametrize(
    ("prepare", "kind"),
    [
        (lambda server: setattr(server, "key", "another"), GuidanceKeyRefused),
        (lambda server: setattr(server, "status", 429), GuidanceServerFailed),
        (lambda server: setattr(server, "status", 400), GuidanceRequestRefused),
        (lambda server: setattr(server, "answer", lambda: dripping(20.0)), GuidanceServerSilent),
        (lambda server: say(server, b'{"data": []}'), GuidanceAnswerInvalid),
        (lambda server: say(server, b'{"data": [{"index": 0, "embedding": []}]}'), GuidanceAnswerInvalid),
        (lambda server: say(server, b'{"data": [{"index": 0, "embedding": ["x"]}]}'), GuidanceAnswerInvalid),
        (lambda server: say(server, b'{"data": [{"index": 0, "embedding": [NaN]}]}'), GuidanceAnswerInvalid),
        (lambda server: say(server, b'{"data": [{"index": [], "embedding": [1]}]}'), GuidanceAnswerInvalid),
        (lambda server: say(server, b'{"data": [{"index": 5, "embedding": [1]}]}'), GuidanceAnswerInvalid),
        (lambda server: say(server, b'{"data": [{"index": 0, "embedding": "AAAA"}]}'), GuidanceAnswerInvalid),
        (lambda server: say(server, b"[]"), GuidanceAnswerInvalid),
    ],
)
def test_each_failure_of_the_model_has_its_name(
    server: EmbeddingsServer, prepare: Callable[[EmbeddingsServer], None], kind: type[GuidanceError]
) -> None:
    prepare(server)
    with pytest.raises(kind):
        embedder(server).embed(["a text"], 0.5)


def say(server: EmbeddingsServer, content: bytes) -> None:
    server.answer = lambda: Response(content, media_type="application/json")


def test_vectors_have_the_length_one_in_the_order_of_the_texts(server: EmbeddingsServer) -> None:
    rows = embedder(server).embed(["Umtausch", "Rückgabe", "half \ud800"], 5.0)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    expected = np.array(server.vector("Umtausch"))
    assert np.allclose(rows[0], expected / np.linalg.norm(expected), atol=1e-5)


def many(folder: Path, count: int) -> EmbeddedRetriever:
    write(folder, "a.md", "\n".join(f"## Entry {n}\nText {n}.\n" for n in range(count)))
    return EmbeddedRetriever.load(folder)


def test_a_vector_is_asked_for_once_and_kept_on_the_disk(server: EmbeddingsServer, tmp_path: Path) -> None:
    entries = many(tmp_path / "handbook", BATCH + 3).entries
    first = EntryVectors(embedder(server), tmp_path / "v").of(entries, lambda: False)
    assert [len(texts) for texts in server.asked] == [BATCH, 3]
    server.asked.clear()
    again = EntryVectors(embedder(server), tmp_path / "v").of(entries[::-1], lambda: False)
    assert server.asked == []
    assert first is not None
    assert again is not None
    assert np.array_equal(first, again[::-1])


def test_only_what_was_changed_is_asked_for(server: EmbeddingsServer, tmp_path: Path) -> None:
    folder = tmp_path / "handbook"
    vectors = EntryVectors(embedder(server), tmp_path / "v")
    vectors.of(many(folder, 5).entries, lambda: False)
    server.asked.clear()
    write(folder, "a.md", (folder / "a.md").read_text().replace("Text 3", "Another text"))
    vectors.of(EmbeddedRetriever.load(folder).entries, lambda: False)
    assert [[text.splitlines()[-1] for text in texts] for texts in server.asked] == [["Another text."]]


def test_what_was_gained_before_a_failure_is_kept(server: EmbeddingsServer, tmp_path: Path) -> None:
    entries = many(tmp_path / "handbook", BATCH + 3).entries
    vectors = EntryVectors(embedder(server), tmp_path / "v")
    looks = iter([False, True])
    assert vectors.of(entries, lambda: next(looks)) is None
    server.asked.clear()
    assert EntryVectors(embedder(server), tmp_path / "v").of(entries, lambda: False) is not None
    assert [len(texts) for texts in server.asked] == [3]


@pytest.mark.parametrize("content", [b"", b"no such format", b"PK\x03\x04 cut off"])
def test_a_broken_file_of_vectors_is_made_anew(server: EmbeddingsServer, tmp_path: Path, content: bytes) -> None:
    entries = many(tmp_path / "handbook", 2).entries
    vectors = EntryVectors(embedder(server), tmp_path / "v")
    vectors.file.parent.mkdir()
    vectors.file.write_bytes(content)
    assert vectors.of(entries, lambda: False) is not None
    server.asked.clear()
    assert EntryVectors(embedder(server), tmp_path / "v").of(entries, lambda: False) is not None
    assert server.asked == []


def test_another_model_under_the_same_name_makes_all_vectors_anew(server: EmbeddingsServer, tmp_path: Path) -> None:
    EntryVectors(embedder(server), tmp_path / "v").of(many(tmp_path / "handbook", 3).entries, lambda: False)
    server.dimensions = 16
    rows = EntryVectors(embedder(server), tmp_path / "v").of(many(tmp_path / "handbook", 5).entries, lambda: False)
    assert rows is not None
    assert rows.shape == (5, 16)


Watch = Callable[..., BackgroundRetriever]


@pytest.fixture
def watch(server: EmbeddingsServer, folder: Path) -> Iterator[Watch]:
    opened: list[BackgroundRetriever] = []

    def start(clock: Clock | None = None) -> BackgroundRetriever:
        model = embedder(server)
        opened.append(BackgroundRetriever(folder, clock or SystemClock(), 0.02, model, folder.parent / "vectors"))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not seen():
        assert time.monotonic() < deadline, "it was never seen"
        time.sleep(0.01)


def test_words_find_passages_until_the_vectors_are_there(server: EmbeddingsServer, watch: Watch) -> None:
    server.silence.clear()
    retriever = watch()
    assert titles(retriever, "opening hours") == ["Opening hours"]
    assert retriever.health.state is PartState.DEGRADED
    assert "The embedding model is reading the handbook." in retriever.health.in_english
    server.silence.set()
    until(lambda: retriever.health.state is PartState.UP)
    assert titles(retriever, QUESTION)[0] == "An exchange"


def test_a_model_that_fails_at_first_is_asked_again(server: EmbeddingsServer, watch: Watch) -> None:
    clock = ManualClock()
    server.status = 500
    retriever = watch(clock)
    until(lambda: "HTTP status 500" in retriever.health.in_english)
    assert titles(retriever, "opening hours") == ["Opening hours"]
    server.status = 200
    clock.advance(VECTORS_PAUSE_S)
    until(lambda: retriever.health.state is PartState.UP)
    assert titles(retriever, QUESTION)[0] == "An exchange"


def test_a_changed_file_is_found_by_meaning_too(server: EmbeddingsServer, watch: Watch, folder: Path) -> None:
    retriever = watch()
    until(lambda: retriever.health.state is PartState.UP)
    write(folder, "b.md", "## Rückgabe\nHier steht es.\n")
    assert retriever.reload().entries == 4
    until(lambda: retriever.health.state is PartState.UP)
    assert set(titles(retriever, "Rückgabe", most=2)) == {"Rückgabe", "What is sent back"}


def test_fusion_gives_each_rank_its_share() -> None:
    """Cormack and others 2009: 1 / (60 + rank), summed; here over the greatest possible."""
    fused = reciprocal_rank_fusion([[7, 8], [8, 9]])
    assert [item for item, _score in fused] == [8, 7, 9]
    assert fused[0][1] == pytest.approx((1 / (K + 2) + 1 / (K + 1)) / (2 / (K + 1)))
    assert reciprocal_rank_fusion([[5], [5]]) == [(5, pytest.approx(1.0))]
    assert reciprocal_rank_fusion([[], []]) == []


@given(st.lists(st.lists(st.integers(0, 30), unique=True), min_size=1, max_size=4))
def test_fusion_keeps_everything_once_and_never_beats_the_first_of_all(rankings: Sequence[Sequence[int]]) -> None:
    fused = reciprocal_rank_fusion(rankings)
    assert sorted(item for item, _score in fused) == sorted({item for ranking in rankings for item in ranking})
    scores = [score for _item, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 + 1e-9 for score in scores)
