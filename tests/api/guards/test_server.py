"""The guards around the real server: Streamlit's own pages, files and websocket."""

import asyncio
import gzip
import http.client
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import brotli
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.streamlit_server import ROOT, Server, running_server

APP = ROOT / "tests" / "api" / "guards" / "apps" / "guard_server.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("guarded"), health="/api/health") as server:
        yield server


def open_socket(server: Server, origin: str, *, name: str = "127.0.0.1", headers: dict[str, str] | None = None):
    return connect(
        f"ws://{name}:{server.port}/_stcore/stream",
        host="127.0.0.1",
        additional_headers=headers,
        origin=origin,
        subprotocols=["streamlit"],
        proxy=None,
    )


def plain_text(server: Server, request: bytes) -> bytes:
    """What the server says to bytes that no HTTP client would send."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


async def test_a_page_s_websocket_is_opened_and_another_site_s_is_not(server: Server) -> None:
    async with open_socket(server, server.url) as opened:
        assert opened.subprotocol == "streamlit"
    for refused_one, status in (
        (open_socket(server, "https://evil.example"), 403),
        (open_socket(server, "http://localhost:3000"), 403),
        (open_socket(server, server.url, headers={"Sec-Fetch-Site": "cross-site"}), 403),
        (open_socket(server, f"http://evil.example:{server.port}", name="evil.example"), 400),
    ):
        with pytest.raises(InvalidStatus) as refused:
            await refused_one
        assert refused.value.response.status_code == status
        assert "Content-Security-Policy" in refused.value.response.headers


async def test_a_message_that_is_too_large_closes_the_websocket(server: Server) -> None:
    async with open_socket(server, server.url) as opened:
        await opened.send(b"\x00" * 65 * 1024)
        await asyncio.wait_for(opened.wait_closed(), 10)
        assert opened.close_code == 1009


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/live?call=none", 200),
        ("/live/", 301),
        ("/_stcore/health", 200),
        ("/_stcore/host-config", 200),
        ("/join/_stcore/health", 404),
        ("/component/none/index.html", 404),
        ("/media/none.png", 404),
        ("/..%2f..%2fetc/passwd", 400),
        ("/api/health", 200),
        ("/api/none", 404),
        ("/api/openapi.json", 200),
    ],
)
def test_everything_that_streamlit_and_the_api_answer_wears_the_headers(server: Server, path: str, status: int) -> None:
    answer = httpx.get(server.url + path, follow_redirects=False)
    assert answer.status_code == status
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "permissions-policy"):
        assert len(answer.headers.get_list(name)) == 1


def test_every_text_of_a_page_is_at_least_seventy_per_cent_smaller(server: Server) -> None:
    with httpx.Client(base_url=server.url, headers={"Accept-Encoding": "gzip, deflate, br"}) as browser:
        page = browser.get("/").text
        scripts = re.findall(r'(?:src|href)="\./(static/(?:js|css)/[^"]+)"', page)
        assert len(scripts) > 40
        smaller: list[tuple[int, int]] = []
        for path in ["", *scripts, "api/assets/plotly.min.js"]:
            with browser.stream("GET", f"/{path}") as answer:
                content = b"".join(answer.iter_raw())
                plain = brotli.decompress(content) if answer.headers.get("content-encoding") == "br" else content
            smaller.append((len(content), len(plain)))
    large = [pair for pair in smaller if pair[1] > 20_000]
    assert all(compressed < 0.45 * plain for compressed, plain in large), smaller
    assert sum(compressed for compressed, _ in smaller) < 0.3 * sum(plain for _, plain in smaller)
    assert smaller[-1][0] < 0.3 * smaller[-1][1]


def test_a_file_that_a_browser_has_is_not_sent_again(server: Server) -> None:
    first = httpx.get(server.url + "/", headers={"Accept-Encoding": "br"})
    again = httpx.get(server.url + "/", headers={"Accept-Encoding": "br", "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_browser_without_brotli_gets_gzip(server: Server) -> None:
    with httpx.stream("GET", f"{server.url}/api/assets/plotly.min.js", headers={"Accept-Encoding": "gzip"}) as answer:
        assert b"plotly.js" in gzip.decompress(b"".join(answer.iter_raw()))[:500]


def test_a_body_without_a_length_is_read_up_to_the_limit(server: Server) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 1024

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("POST", "/api/health", body=endless(), encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        # The server has answered and closed while the rest was still being sent.
        status = 413
    finally:
        connection.close()
    # This route reads no body, so it may also answer before it has come.
    assert status in (405, 413)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rSet-Cookie: b\r\n\r\n", b"400"),
        (b"POST /api/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /api/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"GET /?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"x" * 13_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"x" * 80_000 + b"\r\n\r\n", b"4"),
    ],
)
def test_malformed_requests_are_refused(server: Server, request_: bytes, status: bytes) -> None:
    assert plain_text(server, request_).split(b" ")[1].startswith(status)


def test_a_flood_is_refused_route_by_route(server: Server, tmp_path: Path) -> None:
    limits = {"EARSHOT_PAGE_RATE_LIMIT": "30/minute", "EARSHOT_RATE_LIMIT": "5/minute"}
    with (
        running_server(APP, tmp_path, environment=limits) as strict,
        httpx.Client(base_url=strict.url) as flood,
    ):
        pages = [flood.get("/_stcore/health") for _ in range(40)]
        assert pages[-1].status_code == 429
        assert 1 <= int(pages[-1].headers["retry-after"]) <= 60
        calls = [flood.get(f"/api/calls/call-{n}").status_code for n in range(7)]
        assert calls == [200] * 5 + [429] * 2
        assert flood.get("/api/openapi.json").status_code == 200


def test_no_secret_is_in_the_log_even_of_a_crash(server: Server) -> None:
    token = "eyJzZWNyZXQiOiJ0b2tlbiJ9.abc.def"
    headers = {"Cookie": f"earshot_session={token}", "Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{server.url}/api/crash?t={token}", headers=headers)
    assert (answer.status_code, token in answer.text) == (500, False)
    deadline = time.monotonic() + 10
    # It is logged once the answer has been sent.
    while "cannot open /join?from=the-test&t=[hidden]" not in server.log:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)
    assert token not in server.log
