"""The retrieval contract: our client against our server and a strict one, and what our server refuses."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from core.api.application import create_api
from core.guidance.background import BackgroundRetriever
from core.guidance.handbook import Handbook
from core.guidance.knowledge_folder import KnowledgeFolder
from core.guidance.remote import RemoteRetriever
from core.guidance.retriever import Retriever
from core.model.access import Person, SignInMethod, UserRole
from core.model.clock import SystemClock
from core.model.errors import GuidanceKeyRefused, GuidanceRequestRefused, GuidanceServerFailed, GuidanceServerUnsuitable
from core.model.passage import GuidanceRequest
from core.settings import Settings
from tests.fakes.page_backend import PageBackend
from tests.fakes.retrieval_server import running_retrieval_server
from tests.guidance.writing import write
from tests.support.served import served

TOKEN = "a token between two servers"
CONTRACT = ("summary", "include_documents", "max_documents")


@dataclass
class Contract:
    """A server, and how to make our client for it."""

    address: str
    client: RemoteRetriever


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundRetriever]:
    folder = tmp_path_factory.mktemp("handbook")
    write(
        folder, "refund.md", "## 환불 절차\n사흘 안에 환불한다.\n\n## Refunds\nWithin three days you get your money.\n"
    )
    retriever = BackgroundRetriever(folder, SystemClock())
    yield retriever
    retriever.close()


Serve = Callable[..., str]


@pytest.fixture
def serve(handbook: BackgroundRetriever) -> Iterator[Serve]:
    """`serve(in_use=None, remote="", role=ADMIN)`: our API on a real port; its address of the contract."""
    with ExitStack() as opened:

        def start(in_use: Retriever | None = None, remote: str = "", role: UserRole = UserRole.ADMIN) -> str:
            backend = PageBackend(Settings(_env_file=None, guidance_token=SecretStr(TOKEN)))
            backend.sign_in.person = Person("user:kim", "Kim", role, SignInMethod.DEVELOPMENT)
            files = KnowledgeFolder(handbook.report().directory)
            backend.guidance = Handbook(handbook, files, in_use or handbook, remote)
            api = create_api(lambda: cast(Any, backend), cast(Any, None))
            return f"{opened.enter_context(served(api))}/rag/assist"

        yield start


def client(address: str, key: str = TOKEN) -> RemoteRetriever:
    return RemoteRetriever(address, key, 5.0, SystemClock())


@pytest.fixture(params=["ours", "a strict one"])
def server(request: pytest.FixtureRequest, serve: Serve) -> Iterator[str]:
    if request.param == "ours":
        yield serve()
        return
    with running_retrieval_server(key=TOKEN) as strict:
        yield strict.address


def test_failure_5_client_and_server_keep_to_one_contract(server: str) -> None:
    """The first report's client sent `query`, `context` and `conversation_history` and was refused with 422."""
    answer = client(server).assist(GuidanceRequest(summary="환불", max_documents=2))
    assert answer.guidance == "사흘 안에 환불한다."
    best = answer.documents[0]
    assert (best.title, best.snippet) == ("환불 절차", "사흘 안에 환불한다.")
    assert best.score > 0
    assert best.source.startswith("refund.md#")
    assert len(answer.documents) <= 2
    bare = client(server).assist(GuidanceRequest(summary="환불", include_documents=False))
    assert (bare.guidance, bare.documents) == (answer.guidance, ())


def post(address: str, body: Any, token: str = TOKEN) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.post(address, json=body, headers=headers, timeout=20)


def test_failure_5_a_wrong_request_is_refused_with_422_that_names_the_fields(server: str) -> None:
    former = {"query": "환불", "context": None, "conversation_history": []}
    answer = post(server, former)
    assert answer.status_code == 422
    assert all(name in answer.text for name in (*former, "summary"))


@pytest.mark.parametrize(
    "body",
    [
        {"summary": 3, "include_documents": True, "max_documents": 5},
        {"summary": "a", "include_documents": "yes", "max_documents": 5},
        {"summary": "a", "include_documents": True, "max_documents": "5"},
        {"summary": "a", "include_documents": True, "max_documents": 5, "more": 1},
        {"include_documents": True, "max_documents": 5},
        [],
        None,
    ],
)
def test_both_servers_refuse_the_same(server: str, body: Any) -> None:
    assert post(server, body).status_code == 422


@pytest.mark.parametrize("most", [0, 51, -1, 1.5])
def test_our_server_refuses_a_number_of_documents_out_of_range(serve: Serve, most: float) -> None:
    answer = post(serve(), {"summary": "환불", "max_documents": most})
    assert (answer.status_code, answer.json()["error"]) == (422, "RequestInvalid")
    assert "body.max_documents" in answer.json()["message"]


def test_what_is_refused_is_not_repeated(serve: Serve) -> None:
    assert "카드 번호" not in post(serve(), {"summary": ["카드 번호"], "max_documents": 5}).text


def test_our_server_fills_in_what_a_request_leaves_out(serve: Serve) -> None:
    assert len(post(serve(), {"summary": "환불 refund"}).json()["documents"]) == 2


def test_failure_5_our_own_422_reaches_the_reader_of_another_server(serve: Serve) -> None:
    """A client that asks for too much is told by its own handbook panel what the server said."""
    asked = client(serve())
    too_many = GuidanceRequest(summary="환불")
    object.__setattr__(too_many, "max_documents", 99)
    with pytest.raises(GuidanceRequestRefused, match=r"body\.max_documents \(less_than_equal\)"):
        asked.assist(too_many)


@pytest.mark.parametrize(("role", "status"), [(UserRole.AGENT, 200), (UserRole.ANALYST, 200), (UserRole.CUSTOMER, 403)])
def test_people_may_ask_whose_role_allows_it(serve: Serve, role: UserRole, status: int) -> None:
    assert post(serve(role=role), {"summary": "환불"}, token="").status_code == status


def test_a_server_needs_the_right_token(serve: Serve) -> None:
    address = serve()
    with pytest.raises(GuidanceKeyRefused):
        client(address, key="another token").assist(GuidanceRequest(summary="환불"))


def test_our_server_passes_questions_on_to_the_server_that_is_in_use(serve: Serve) -> None:
    with running_retrieval_server() as strict:
        remote = client(strict.address, key="")
        answer = post(serve(remote, strict.address), {"summary": "환불"})
        assert [document["source"] for document in answer.json()["documents"]] == ["refund.md#1", "refund.md#2"]


def test_two_servers_that_ask_each_other_end_at_once(serve: Serve) -> None:
    with running_retrieval_server() as strict:
        passing_on = serve(client(strict.address, key=""), strict.address)
        with pytest.raises(GuidanceServerFailed, match="508"):
            client(passing_on).assist(GuidanceRequest(summary="환불"))
        assert strict.asked == []


def test_a_handbook_without_entries_is_told(serve: Serve, tmp_path: Path) -> None:
    empty = BackgroundRetriever(tmp_path, SystemClock())
    try:
        answer = post(serve(empty), {"summary": "환불"})
        assert (answer.status_code, answer.json()["error"]) == (503, "KnowledgeMissing")
    finally:
        empty.close()


def test_another_address_of_ours_is_no_handbook(serve: Serve) -> None:
    with pytest.raises(GuidanceServerUnsuitable, match="404"):
        client(f"{serve()}/more").assist(GuidanceRequest(summary="환불"))
