import asyncio
import gzip
import threading
from pathlib import Path

import brotli
import pytest
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from core.api.guards import compression
from core.api.guards.compression import CompressedFiles, Compression, accepted_codings, is_text
from tests.api.guards.conftest import application, client

SCRIPT = "".join(f"function name{n}(argument) {{ return argument + {n}; }}\n" for n in range(4000))
PUBLIC = "public, immutable, max-age=60"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "a.js"
    file.write_text(SCRIPT)
    return file


def guarded(*routes: Route):
    # As inside Streamlit: a compression of its own behind ours.
    return application(
        Middleware(Compression, uncompressed=("/api/session",)), Middleware(GZipMiddleware), routes=routes
    )


def file_route(path: Path, caching: str | None = PUBLIC, media_type: str | None = None) -> Route:
    async def answer(_):
        headers = {"Cache-Control": caching} if caching else {}
        return FileResponse(path, headers=headers, media_type=media_type)

    return Route("/static/{name:path}", answer)


async def raw(app, path: str, **headers: str) -> tuple[Response, bytes]:
    """The answer as it came, before httpx takes its coding off."""
    async with client(app).stream("GET", path, headers={"Accept-Encoding": "gzip, br"} | headers) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("accepted", "coding", "decompress"), [("gzip, br", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)]
)
async def test_a_list_is_at_least_seventy_per_cent_smaller_and_compressed_once(
    accepted: str, coding: str, decompress
) -> None:
    answer, content = await raw(guarded(), "/api/calls", **{"Accept-Encoding": accepted})
    assert answer.headers["content-encoding"] == coding
    assert "accept-encoding" in answer.headers["vary"].lower()
    plain = decompress(content)
    assert plain.startswith(b'[{"id":"call-0"')
    assert len(content) < 0.3 * len(plain)


async def test_a_long_answer_without_a_length_is_compressed_as_it_goes() -> None:
    async def download(_):
        return StreamingResponse(
            (SCRIPT[at : at + 40_000] for at in range(0, len(SCRIPT), 40_000)), media_type="text/vtt"
        )

    for accepted, decompress in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        _, content = await raw(guarded(Route("/download", download)), "/download", **{"Accept-Encoding": accepted})
        assert decompress(content).decode() == SCRIPT
        assert len(content) < 0.3 * len(SCRIPT)


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, br", "br"), ("br", "br"), ("gzip", "gzip")])
async def test_a_public_file_is_compressed_as_the_browser_likes_it_best(script, accepted: str, coding: str) -> None:
    app = guarded(file_route(script))
    for _ in range(2):
        answer, content = await raw(app, "/static/a.js", **{"Accept-Encoding": accepted})
        assert answer.headers["content-encoding"] == coding
        assert int(answer.headers["content-length"]) == len(content) < 0.3 * len(SCRIPT)
        assert answer.headers["etag"].startswith('W/"')
        decompress = brotli.decompress if coding == "br" else gzip.decompress
        assert decompress(content).decode() == SCRIPT


async def test_a_public_file_is_compressed_once_and_away_from_the_loop(script, monkeypatch) -> None:
    calls: list[threading.Thread] = []
    real = compression.compress

    def counted(content: bytes, coding: str) -> bytes:
        calls.append(threading.current_thread())
        return real(content, coding)

    monkeypatch.setattr(compression, "compress", counted)
    app = guarded(file_route(script))
    answers = await asyncio.gather(*(raw(app, f"/static/{n}.js") for n in range(8)))
    assert len({content for _, content in answers}) == 1
    assert len(calls) == 1
    assert calls[0] is not threading.main_thread()
    script.write_text(SCRIPT + "changed();")
    _, content = await raw(app, "/static/a.js")
    assert brotli.decompress(content).endswith(b"changed();")


async def test_public_content_without_a_file_is_compressed_once_too(monkeypatch) -> None:
    calls: list[str] = []
    real = compression.compress
    monkeypatch.setattr(compression, "compress", lambda content, coding: calls.append(coding) or real(content, coding))

    async def component(_):
        return Response(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "public"})

    app = guarded(Route("/component/a.js", component))
    for _ in range(3):
        _, content = await raw(app, "/component/a.js")
        assert brotli.decompress(content).decode() == SCRIPT
    assert calls == ["br"]


@pytest.mark.parametrize("caching", [None, "private, max-age=60", "no-store"])
async def test_a_file_that_is_not_everybody_s_is_not_kept(script, caching: str | None, monkeypatch) -> None:
    async def never(*_):
        raise AssertionError("it was kept")

    monkeypatch.setattr(CompressedFiles, "get", never)
    answer, content = await raw(guarded(file_route(script, caching)), "/static/a.js")
    assert answer.headers["content-encoding"] == "br"
    assert brotli.decompress(content).decode() == SCRIPT


async def test_what_is_compressed_already_stays_as_it_is(tmp_path: Path) -> None:
    picture = tmp_path / "a.woff2"
    picture.write_bytes(b"\x00\x01" * 5000)
    answer, content = await raw(guarded(file_route(picture, media_type="font/woff2")), "/static/a.woff2")
    assert "content-encoding" not in answer.headers
    assert content == picture.read_bytes()

    async def coded(_):
        return Response(gzip.compress(SCRIPT.encode()), headers={"Content-Encoding": "gzip", "Cache-Control": PUBLIC})

    _, content = await raw(guarded(Route("/coded", coded)), "/coded")
    assert gzip.decompress(content).decode() == SCRIPT


async def test_a_part_of_a_file_stays_as_it_is(script) -> None:
    answer, content = await raw(guarded(file_route(script)), "/static/a.js", Range="bytes=10-19")
    assert (answer.status_code, content.decode()) == (206, SCRIPT[10:20])
    assert "content-encoding" not in answer.headers


async def test_events_are_never_compressed() -> None:
    answer, content = await raw(guarded(), "/api/stream")
    assert "content-encoding" not in answer.headers
    assert content.startswith(b"data: 0 word")


async def test_an_event_is_sent_when_it_happens_and_not_when_the_next_one_does() -> None:
    may_go_on = asyncio.Event()
    heard: list[dict] = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        assert heard, "the answer's beginning was held back"
        await may_go_on.wait()

    async def send(message):
        heard.append(message)
        may_go_on.set()

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"accept-encoding", b"gzip, br")]}
    await asyncio.wait_for(Compression(app)(scope, None, send), 5)


async def test_the_answer_with_the_xsrf_token_is_never_compressed() -> None:
    answer, content = await raw(guarded(), "/api/session")
    assert "content-encoding" not in answer.headers
    assert len(content) > 2000


@pytest.mark.parametrize("accepted", ["identity", "", "gzip;q=0, br;q=0.0", "deflate"])
async def test_a_browser_that_accepts_neither_gets_it_plain(script, accepted: str) -> None:
    answer, content = await raw(guarded(file_route(script)), "/static/a.js", **{"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert content.decode() == SCRIPT
    assert "accept-encoding" in answer.headers["vary"].lower()


async def test_the_least_recently_used_is_forgotten_beyond_the_bound() -> None:
    files = CompressedFiles(limit=3000)
    contents = [bytes(((n * 7919 + i * 104729) >> 3) % 251 for i in range(1200)) for n in range(10)]
    for number, content in enumerate(contents):
        await files.get((str(number),), "gzip", content)
        assert files.size <= 3000
    assert gzip.decompress(await files.get(("0",), "gzip", contents[0])) == contents[0]


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("gzip, deflate, br, zstd", {"gzip", "deflate", "br", "zstd"}),
        ("GZIP;q=0.5 , br; q=0", {"gzip;q=0.5".partition(";")[0]}),
        ("gzip;q=0.001", {"gzip"}),
        ("br;q=0.000", set()),
        ("", set()),
    ],
)
def test_a_coding_of_weight_zero_is_refused(header: str, codings: set[str]) -> None:
    assert accepted_codings(header) == codings


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("text/html; charset=utf-8", True),
        ("application/json", True),
        ("application/problem+json", True),
        ("image/svg+xml", True),
        ("text/event-stream", False),
        ("image/png", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_text_is_what_becomes_smaller(kind: str, expected: bool) -> None:
    assert is_text(kind) is expected
