"""The whole server as a program: what it answers over HTTP, how it starts wrong, how it stops."""

import json
import signal
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.access.tokens import Tokens
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId
from tests.support.streamlit_server import ROOT, Server, ServerFailed, running_server

APP = ROOT / "app.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("server"), health="/api/health") as server:
        yield server


DEVELOPER = Person("development", "Developer", UserRole.ADMIN, SignInMethod.DEVELOPMENT)


def tokens_of(server: Server) -> Tokens:
    """What the server itself signs and reads with."""
    key = (server.data_dir / "secret.key").read_text()
    return Tokens(key, join_seconds=60, session_seconds=60, wall=time.time)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_names_every_part_and_its_state(server: Server) -> None:
    status, body = get(f"{server.url}/api/health")
    report = json.loads(body)
    assert (status, report["ok"]) == (200, True)
    assert {part["name"] for part in report["parts"]} == {"media", "speech", "assist", "guidance", "alerts", "store"}


def test_the_api_documents_itself(server: Server) -> None:
    status, body = get(f"{server.url}/api/openapi.json")
    assert status == 200
    assert set(json.loads(body)["paths"]) == {
        "/audit",
        "/legs/leave",
        "/calls",
        "/calls/{call_id}",
        "/calls/{call_id}/end",
        "/calls/{call_id}/export",
        "/calls/{call_id}/links",
        "/calls/{call_id}/paints",
        "/calls/{call_id}/persona/events",
        "/calls/{call_id}/persona/interrupt",
        "/calls/{call_id}/persona/log",
        "/calls/{call_id}/persona/text",
        "/calls/{call_id}/quality",
        "/calls/{call_id}/questions",
        "/calls/{call_id}/stream",
        "/calls/{call_id}/utterances/{utterance_id}",
        "/doctor/checks",
        "/doctor/ice",
        "/doctor/pulse",
        "/doctor/runs",
        "/doctor/trial",
        "/doctor/trial/end",
        "/health",
        "/imports",
        "/load",
        "/metrics",
        "/rag/assist",
        "/rtc/samples",
        "/session",
        "/settings",
        "/supervision/stream",
        "/tokens",
    }


def test_the_metrics_are_what_prometheus_reads(server: Server) -> None:
    status, body = get(f"{server.url}/api/metrics")
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert {sample.labels["state"] for sample in families["earshot_calls"].samples} == {"waiting", "live"}
    assert {sample.labels["part"] for sample in families["earshot_part_up"].samples} >= {"media", "store"}
    assert families["earshot_end_of_speech_to_final_seconds"].type == "histogram"
    assert [sample.value for sample in families["earshot_speech_oldest_wait_seconds"].samples] == [0.0]


def test_the_charting_library_comes_from_this_server(server: Server) -> None:
    status, body = get(f"{server.url}/api/assets/plotly.min.js")
    assert (status, "plotly" in body[:300].lower()) == (200, True)


@pytest.mark.parametrize("token", ["", "nonsense", "another-call"])
def test_a_stream_needs_the_call_s_own_token(server: Server, token: str) -> None:
    if token == "another-call":
        token = tokens_of(server).view_token(CallId("c2"), DEVELOPER)
    status, body = get(f"{server.url}/api/calls/c1/stream?token={token}")
    assert status == 403
    assert json.loads(body)["message"].startswith("This link is not valid")


def test_the_stream_of_an_unknown_call_says_so(server: Server) -> None:
    token = tokens_of(server).view_token(CallId("c1"), DEVELOPER)
    status, body = get(f"{server.url}/api/calls/c1/stream?token={token}")
    assert status == 200
    assert "There is no call c1" in body


def test_a_server_with_an_open_stream_stops_in_time_and_leaves_no_call_open(tmp_path: Path) -> None:
    with running_server(APP, tmp_path, health="/api/health") as server:
        with sqlite3.connect(tmp_path / "earshot.db") as database:
            # A call of another server on the same records: its stream stays open, since nobody ends it.
            columns = "(id, language, state, origin, created_at)"
            database.execute(f"INSERT INTO calls {columns} VALUES ('c1', 'ko', 'live', 'browser', 1.0)")
        token = tokens_of(server).view_token(CallId("c1"), DEVELOPER)
        with urllib.request.urlopen(f"{server.url}/api/calls/c1/stream?token={token}", timeout=20) as stream:
            assert json.loads(stream.readline().removeprefix(b"data: "))["reset"] is True
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(timeout=15)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("EARSHOT_GRACE_S", "-1", "The setting EARSHOT_GRACE_S cannot be used"),
        ("EARSHOT_GRACE", "20", "there is no such setting"),
        ("EARSHOT_GOOGLE_ENDPOINT", "http://speech.example.com", "without TLS it may be on this machine only"),
        ("EARSHOT_DATABASE_URL", "nosuch://x", "The database nosuch://x cannot be used"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_a_sentence(tmp_path: Path, key: str, value: str, words: str) -> None:
    with pytest.raises(ServerFailed) as failed, running_server(APP, tmp_path, environment={key: value}):
        pass
    assert words in str(failed.value)
    assert "Traceback" not in str(failed.value)
