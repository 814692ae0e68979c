"""The client of another server's handbook, against a server that is strict, and unwell in every way."""

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi.responses import JSONResponse, Response

from core.guidance.json_server import LONGEST_WORDS, refusal_words
from core.guidance.remote import PAUSE_S, RemoteRetriever
from core.language.catalogue import describe, translator
from core.model.clock import SystemClock
from core.model.errors import (
    GuidanceAnswerInvalid,
    GuidanceError,
    GuidanceKeyRefused,
    GuidanceRequestRefused,
    GuidanceServerFailed,
    GuidanceServerSilent,
    GuidanceServerUnreachable,
    GuidanceServerUnsuitable,
)
from core.model.health import PartState
from core.model.passage import GuidanceRequest, Passage
from tests.fakes.clock import ManualClock
from tests.fakes.retrieval_server import DOCUMENTS, RetrievalServer, dripping, redirecting, running_retrieval_server
from tests.support.streamlit_server import free_port

REQUEST = GuidanceRequest(summary="환불 문의")
Open = Callable[..., RemoteRetriever]


@pytest.fixture(scope="module")
def running() -> Iterator[RetrievalServer]:
    with running_retrieval_server() as server:
        yield server


@pytest.fixture
def server(running: RetrievalServer) -> RetrievalServer:
    running.answer, running.key = None, ""
    running.asked.clear()
    return running


@pytest.fixture
def connect() -> Iterator[Open]:
    with ExitStack() as opened:

        def start(url: str, key: str = "", timeout_s: float = 5.0, clock: ManualClock | None = None) -> RemoteRetriever:
            retriever = RemoteRetriever(url, key, timeout_s, clock or SystemClock())
            opened.callback(retriever.close)
            return retriever

        yield start


def test_passages_are_those_of_the_server(server: RetrievalServer, connect: Open) -> None:
    retriever = connect(server.address)
    answer = retriever.assist(REQUEST)
    assert answer.guidance == "사흘 안에 환불한다."
    assert answer.documents == tuple(Passage(**{**each, "score": float(each["score"])}) for each in DOCUMENTS)
    assert server.asked == [{"summary": "환불 문의", "include_documents": True, "max_documents": 5}]
    assert retriever.health.state is PartState.UP
    assert server.address in retriever.health.in_english


def test_guidance_alone_and_fewer_documents_are_given_as_asked(server: RetrievalServer, connect: Open) -> None:
    retriever = connect(server.address)
    server.answer = lambda: JSONResponse({"guidance": "g", "documents": DOCUMENTS})
    assert retriever.assist(GuidanceRequest("환불", include_documents=False)).documents == ()
    assert len(retriever.assist(GuidanceRequest("환불", max_documents=1)).documents) == 1


def test_the_key_is_sent_and_a_wrong_one_is_said(server: RetrievalServer, connect: Open) -> None:
    server.key = "right"
    assert connect(server.address, key="right").assist(REQUEST).documents
    with pytest.raises(GuidanceKeyRefused, match="Correct EARSHOT_GUIDANCE_KEY"):
        connect(server.address, key="wrong").assist(REQUEST)


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (lambda: Response(status_code=500), GuidanceServerFailed, "HTTP status 500"),
        (lambda: Response(status_code=503), GuidanceServerFailed, "HTTP status 503"),
        (lambda: Response(status_code=429), GuidanceServerFailed, "HTTP status 429"),
        (lambda: Response(status_code=403), GuidanceKeyRefused, "HTTP status 403"),
        (lambda: Response(status_code=404), GuidanceServerUnsuitable, "Correct EARSHOT_GUIDANCE_URL"),
        (lambda: Response(status_code=422), GuidanceServerUnsuitable, "HTTP status 422"),
        (redirecting, GuidanceServerUnsuitable, "HTTP status 307; redirections are not followed"),
        (lambda: Response(b"<html>", 200), GuidanceAnswerInvalid, "it is not JSON"),
        (lambda: Response(b'{"guidance": "cut o', 200), GuidanceAnswerInvalid, "it is not JSON"),
        (lambda: Response(b"[" * 100_000, 200), GuidanceAnswerInvalid, "it is not JSON"),
        (lambda: Response(b"x" * 1_000_001, 200), GuidanceAnswerInvalid, "it is longer than 1.0 MB"),
        (
            lambda: Response(b"not packed", 200, {"content-encoding": "gzip"}),
            GuidanceAnswerInvalid,
            "it is packed wrongly",
        ),
        (lambda: JSONResponse([]), GuidanceAnswerInvalid, "it is not an object"),
        (lambda: JSONResponse({"documents": []}), GuidanceAnswerInvalid, "guidance is missing"),
        (
            lambda: JSONResponse({"guidance": 3, "documents": []}),
            GuidanceAnswerInvalid,
            "guidance is of another kind than agreed",
        ),
        (lambda: JSONResponse({"guidance": ""}), GuidanceAnswerInvalid, "documents is missing"),
        (lambda: passages({}), GuidanceAnswerInvalid, "documents.0.score is missing"),
        (lambda: passages(7), GuidanceAnswerInvalid, "documents.0 is not an object"),
        (
            lambda: passages(DOCUMENTS[0] | {"score": "9"}),
            GuidanceAnswerInvalid,
            "documents.0.score is of another",
        ),
        (lambda: passages(DOCUMENTS[0] | {"score": True}), GuidanceAnswerInvalid, "documents.0.score is not a number"),
        (
            lambda: Response(b'{"guidance": "", "documents": [{"score": NaN}]}', 200),
            GuidanceAnswerInvalid,
            "documents.0.score is not a number",
        ),
        (lambda: passages(DOCUMENTS[0] | {"title": None}), GuidanceAnswerInvalid, "documents.0.title is of another"),
    ],
)
def test_each_failure_has_its_name(
    server: RetrievalServer,
    connect: Open,
    answer: Callable[[], Response],
    kind: type[GuidanceError],
    says: str,
) -> None:
    server.answer = answer
    retriever = connect(server.address)
    with pytest.raises(kind, match=says) as raised:
        retriever.assist(REQUEST)
    assert retriever.health.state is (PartState.DEGRADED if kind.retryable else PartState.DOWN)
    assert retriever.health.detail == (raised.value,)
    server.answer = None
    assert connect(server.address).assist(REQUEST).documents


def passages(*documents: object) -> Response:
    return JSONResponse({"guidance": "", "documents": list(documents)})


def test_a_server_that_is_not_there_is_unreachable(connect: Open) -> None:
    with pytest.raises(GuidanceServerUnreachable, match="Check that it runs, and EARSHOT_GUIDANCE_URL"):
        connect(f"http://127.0.0.1:{free_port()}/api/rag/assist").assist(REQUEST)


def test_a_key_that_cannot_be_sent_is_not_repeated(server: RetrievalServer, connect: Open) -> None:
    retriever = connect(server.address, key="topsecretkey\n")
    with pytest.raises(GuidanceServerUnreachable, match="cannot be reached: LocalProtocolError") as raised:
        retriever.assist(REQUEST)
    traced = "".join(traceback.format_exception(raised.value))
    assert "topsecret" not in f"{raised.value} {retriever.health.detail} {traced}"


def test_an_answer_that_never_ends_is_given_up(server: RetrievalServer, connect: Open) -> None:
    server.answer = lambda: dripping(20.0)
    with pytest.raises(GuidanceServerSilent, match=r"within 0\.2 seconds"):
        connect(server.address, timeout_s=0.2).assist(REQUEST)


def test_failure_5_a_422_is_shown_with_the_servers_own_words(server: RetrievalServer, connect: Open) -> None:
    """The first report's retrieval was refused for wrong field names, and nobody could see which."""
    said = {"detail": [{"type": "missing", "loc": ["body", "query"], "msg": "Field required", "input": "비밀"}]}
    server.answer = lambda: JSONResponse(said, 422)
    with pytest.raises(GuidanceRequestRefused) as raised:
        connect(server.address).assist(REQUEST)
    shown = describe(raised.value, translator("ko"))
    assert "body.query: Field required" in shown
    assert "summary, include_documents, max_documents" in shown
    assert "비밀" not in shown


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "no such thing."}, "no such thing"),
        ({"error": "RequestInvalid", "message": "body.summary\n (missing)"}, "body.summary (missing)"),
        ({"error": {"message": "model not found"}}, "model not found"),
        ({"detail": [{"msg": "bad"}, 3, {"loc": ["body", 0], "msg": "worse"}]}, "bad; body.0: worse"),
        ({"detail": "x" * 1000}, "x" * (LONGEST_WORDS - 1) + "…"),
        ([], ""),
        ({}, ""),
    ],
)
def test_a_servers_words_are_found_wherever_it_puts_them(body: object, words: str) -> None:
    assert refusal_words(json.dumps(body).encode()) == words


def test_after_a_failure_nobody_waits_for_a_while(server: RetrievalServer, connect: Open) -> None:
    clock = ManualClock()
    retriever = connect(server.address, clock=clock)
    server.answer = lambda: Response(status_code=500)
    for _ in range(3):
        with pytest.raises(GuidanceServerFailed):
            retriever.assist(REQUEST)
    assert len(server.asked) == 1
    server.answer = None
    clock.advance(PAUSE_S)
    assert retriever.assist(REQUEST).documents
    assert retriever.health.state is PartState.UP


def test_text_that_cannot_be_kept_is_made_harmless(server: RetrievalServer, connect: Open) -> None:
    broken = {"title": "a\ud800\0b", "snippet": "x" * 10_000, "score": 1, "source": "s"}
    server.answer = lambda: Response(json.dumps({"guidance": "", "documents": [broken]}), 200)
    (passage,) = connect(server.address).assist(GuidanceRequest(summary="\ud800 환불" * 9_000)).documents
    assert (passage.title, len(passage.snippet)) == ("a?b", 4_000)
    assert len(server.asked[0]["summary"]) == 8_000
