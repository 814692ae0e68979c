import pytest
from starlette.middleware import Middleware

from core.api.guards.cors import origin_pattern
from core.api.guards.cross_site import SameOrigin, plain_origin
from tests.api.guards.conftest import application, client, handshake

SESSION = {"Cookie": "other=1; earshot_session=abc"}
SECURE_SESSION = {"Cookie": "__Host-earshot_session=abc"}
BEARER = {"Authorization": "Bearer abc"}
OWN = {"Origin": "http://localhost:8501"}
PUBLIC = {"Origin": "https://calls.example.com"}
EVIL = {"Origin": "https://evil.example"}
PARTNER = {"Origin": "https://crm.example.org"}
SAME, CROSS, SITE = ({"Sec-Fetch-Site": site} for site in ("same-origin", "cross-site", "same-site"))


@pytest.fixture
def app():
    return application(
        Middleware(
            SameOrigin,
            public_url="https://calls.example.com/",
            cors_origins=origin_pattern(("https://crm.example.org",)),
            session_cookies=("earshot_session", "__Host-earshot_session"),
        )
    )


@pytest.mark.parametrize(
    "headers",
    [
        SESSION | OWN,
        SESSION | OWN | SAME,
        SESSION | SAME,
        SECURE_SESSION | PUBLIC | SAME,
        OWN,
        {},
        BEARER,
        BEARER | PARTNER | CROSS,
        BEARER | {"Cookie": "other=1"},
        PARTNER | CROSS,
        BEARER | SESSION | OWN,
    ],
)
async def test_what_comes_from_a_page_of_ours_or_from_no_page_at_all_is_let_through(app, headers) -> None:
    assert (await client(app).post("/api/calls/1/end", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        EVIL,
        CROSS,
        SITE,
        EVIL | CROSS,
        OWN | CROSS,
        SESSION,
        SECURE_SESSION,
        SESSION | EVIL,
        SESSION | CROSS,
        SESSION | SITE | OWN,
        SESSION | PARTNER,
        SESSION | BEARER,
        SESSION | BEARER | EVIL,
        SESSION | {"Origin": "null"},
        {"Origin": "null"},
        {"Origin": ""},
        SESSION | {"Origin": "http://localhost:8502"},
        SESSION | {"Origin": "https://localhost:8501"},
        SESSION | {"Origin": "http://localhost:8501.evil.example"},
        SESSION | {"Origin": "http://localhost:8501@evil.example"},
        SESSION | {"Origin": "http://[::::]"},
        SESSION | {"Sec-Fetch-Site": "none"},
        SESSION | {"Referer": "http://localhost:8501/"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
async def test_what_another_site_made_a_browser_send_is_refused(app, method: str, headers) -> None:
    answer = await client(app).request(method, "/api/calls/1/end", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "RequestForged")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_what_only_reads_is_let_through(app, method: str) -> None:
    answer = await client(app).request(method, "/api/calls/1", headers=SESSION | EVIL | CROSS)
    assert answer.status_code != 403


async def test_a_second_origin_header_does_not_help(app) -> None:
    both = [("Origin", "http://localhost:8501"), ("Origin", "https://evil.example"), *SESSION.items()]
    assert (await client(app).post("/api/calls/1/end", headers=both)).status_code == 403


async def test_the_pages_own_uploads_are_guarded_too(app) -> None:
    assert (await client(app).post("/_stcore/upload_file/1/2", headers=EVIL)).status_code == 403
    assert (await client(app).post("/_stcore/upload_file/1/2", headers=OWN | SESSION)).status_code == 200


@pytest.mark.parametrize("headers", [{}, OWN, OWN | SAME | SESSION, PUBLIC | SESSION])
async def test_a_websocket_of_a_page_of_ours_is_opened(app, headers) -> None:
    heard = await handshake(app, {"host": "localhost:8501"} | headers)
    assert heard[0]["type"] == "websocket.accept"


@pytest.mark.parametrize(
    "headers", [EVIL, PARTNER, {"Origin": "http://localhost:3000"}, {"Origin": "null"}, OWN | SITE]
)
async def test_a_websocket_of_another_site_is_refused(app, headers) -> None:
    heard = await handshake(app, {"host": "localhost:8501"} | headers)
    assert (heard[0]["type"], heard[0]["status"]) == ("websocket.http.response.start", 403)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Calls.example.com:443/path", "https://calls.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("wss://a:8501", "https://a:8501"),
        ("http://a:443", "http://a:443"),
        ("null", ""),
        ("", ""),
        ("http://[::::]", ""),
    ],
)
def test_an_origin_is_written_in_one_way(url: str, origin: str) -> None:
    assert plain_origin(url) == origin
