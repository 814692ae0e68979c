import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.middleware import Middleware

from core.api.guards.hosts import TrustedHosts, checked_patterns, host_name, own_names
from core.model.errors import SettingInvalid
from tests.api.guards.conftest import application, client, handshake

PATTERNS = ("localhost", "127.0.0.1", "[::1]", "Earshot.Example.com", "*.calls.example.org")


def guarded(*patterns: str, answer_own_addresses: bool = False):
    checked = checked_patterns(patterns or PATTERNS)
    return application(Middleware(TrustedHosts, patterns=checked, answer_own_addresses=answer_own_addresses))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8501",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1:8501",
        "[::1]:8501",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "earshot.example.com",
        "a.calls.example.org",
        "a.b.calls.example.org:443",
    ],
)
async def test_its_own_names_are_answered(host: str) -> None:
    answer = await client(guarded()).get("/api/calls/1", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "calls.example.org",
        "evilcalls.example.org",
        "a.calls.example.org.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "2130706433",
        "user@localhost",
        "localhost:8501@evil.example",
        "localhost, evil.example",
        "localhost/evil",
        "localhost:port",
        "[::2]",
        "[localhost]",
        "[::1",
        "::1",
        "",
    ],
)
async def test_another_name_is_refused_with_a_sentence(host: str) -> None:
    answer = await client(guarded()).get("/api/calls/1", headers={"Host": host})
    assert (answer.status_code, answer.json()["error"]) == (400, "HostUnknown")
    page = await client(guarded()).get("/", headers={"Host": host})
    assert page.status_code == 400
    assert "EARSHOT_TRUSTED_HOSTS" in page.text


async def test_two_host_headers_are_refused() -> None:
    answer = await client(guarded()).get("/", headers=[("Host", "localhost"), ("Host", "evil.example")])
    assert answer.status_code == 400


async def test_a_forwarded_name_counts_for_nothing() -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "localhost", "Forwarded": "host=localhost"}
    assert (await client(guarded()).get("/", headers=headers)).status_code == 400


async def test_the_address_the_connection_came_in_on_is_answered_only_where_that_is_wanted() -> None:
    # httpx gives the URL's host as the server's address.
    for wanted, status in ((True, 200), (False, 400)):
        asked = client(guarded(answer_own_addresses=wanted), base="http://10.99.0.1:8501")
        assert (await asked.get("/")).status_code == status
    rebound = client(guarded(answer_own_addresses=True), base="http://10.99.0.1:8501")
    assert (await rebound.get("/", headers={"Host": "10.99.0.2:8501"})).status_code == 400
    named = client(guarded(answer_own_addresses=True), base="http://rebound.example:8501")
    assert (await named.get("/")).status_code == 400


async def test_a_websocket_for_another_name_is_refused() -> None:
    app = guarded()
    assert (await handshake(app, {"host": "localhost:8501"}))[0]["type"] == "websocket.accept"
    denied = await handshake(app, {"host": "evil.example"})
    assert (denied[0]["type"], denied[0]["status"]) == ("websocket.http.response.start", 400)
    closed = await handshake(app, {"host": "evil.example"}, can_deny=False)
    assert [m["type"] for m in closed] == ["websocket.close"]


@pytest.mark.parametrize("pattern", ["localhost:8501", "http://localhost", "a b", "*.", "*example.com", "a.*.b", ""])
def test_a_pattern_that_is_none_is_named(pattern: str) -> None:
    with pytest.raises(SettingInvalid, match="EARSHOT_TRUSTED_HOSTS"):
        checked_patterns((pattern,))


@pytest.mark.parametrize(
    ("bind", "public", "more"),
    [
        ("localhost", "", []),
        ("0.0.0.0", "", []),
        ("::", "calls.example.com", ["calls.example.com"]),
        ("192.0.2.7", "", ["192.0.2.7"]),
    ],
)
def test_by_default_it_has_loopback_s_names_and_those_that_were_set(bind: str, public: str, more: list[str]) -> None:
    assert list(own_names(bind, public, "")) == ["localhost", "127.0.0.1", "::1", *more]


@given(st.text(max_size=80))
def test_whatever_stands_in_the_header_is_read_without_an_error(header: str) -> None:
    assert set(host_name(header)) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_:")
