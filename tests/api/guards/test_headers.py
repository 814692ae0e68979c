import base64
import hashlib
import re

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from core.api.guards.crash import CrashAnswer
from core.api.guards.headers import SecurityHeaders
from core.api.guards.hosts import TrustedHosts
from core.api.guards.policy import content_policy, inline_script_hashes, security_headers
from tests.api.guards.conftest import ADDRESS, application, client, handshake


def guarded(is_https: bool = False, **options):
    headers = security_headers(content_policy(("'sha256-x'",), is_https), is_https)
    return application(
        Middleware(SecurityHeaders, headers=headers),
        Middleware(CrashAnswer),
        Middleware(TrustedHosts, patterns=("localhost",)),
        **options,
    )


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", "localhost", 200),
        ("/api/calls", "localhost", 200),
        ("/api/none", "localhost", 404),
        ("/api/crash", "localhost", 500),
        ("/", "evil.example", 400),
    ],
)
async def test_every_answer_wears_the_headers(path: str, host: str, status: int) -> None:
    answer = await client(guarded()).get(path, headers={"Host": host})
    assert answer.status_code == status
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "microphone=(self)" in answer.headers["permissions-policy"]
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "strict-transport-security" not in answer.headers


async def test_a_refused_handshake_wears_them_too() -> None:
    denied = await handshake(guarded(), {"host": "evil.example"})
    assert b"content-security-policy" in dict(denied[0]["headers"])


async def test_over_https_browsers_are_told_to_stay_there() -> None:
    answer = await client(guarded(is_https=True)).get("/")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "upgrade-insecure-requests" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/crash", "/api/crash/here"])
async def test_a_crash_is_a_sentence_that_tells_nothing_of_itself(path: str) -> None:
    async def crash(_):
        raise RuntimeError("nobody foresaw this")

    answer = await client(guarded(routes=[Route(path, crash)])).get(path)
    assert answer.status_code == 500
    assert "The server failed to answer" in answer.text
    assert "nobody foresaw" not in answer.text
    # The error itself goes on to the server, which logs it.
    loud = httpx.AsyncClient(transport=httpx.ASGITransport(guarded(routes=[Route(path, crash)])), base_url=ADDRESS)
    with pytest.raises(RuntimeError, match="nobody foresaw"):
        await loud.get(path)


async def test_what_the_api_answers_is_kept_by_nobody_unless_it_says_so() -> None:
    async def asset(_):
        return PlainTextResponse("x", headers={"Cache-Control": "public, max-age=60"})

    app = guarded(routes=[Route("/api/asset", asset)])
    assert (await client(app).get("/api/calls")).headers["cache-control"] == "no-store"
    assert (await client(app).get("/api/asset")).headers["cache-control"] == "public, max-age=60"
    assert "cache-control" not in (await client(app).get("/")).headers


async def test_the_application_cannot_loosen_the_policy() -> None:
    async def loose(_):
        return PlainTextResponse("x", headers={"Content-Security-Policy": "default-src *", "X-Frame-Options": "ALLOW"})

    answer = await client(guarded(routes=[Route("/loose", loose)])).get("/loose")
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_the_policy_allows_no_inline_script_and_no_eval() -> None:
    policy = content_policy(("'sha256-x'",), False)
    (scripts,) = re.findall(r"script-src ([^;]*)", policy)
    assert scripts.split() == ["'self'", "blob:", "'wasm-unsafe-eval'", "'sha256-x'"]
    assert "*" not in policy
    assert "http:" not in policy


def test_only_the_scripts_that_stand_in_the_document_are_hashed() -> None:
    document = (
        "<!-- <script>comment()</script> --><script>\r\n one()\r\n</script><script src='a.js'></script>"
        "<p>text</p><script type='module'>two()</script>"
    )
    expected = [base64.b64encode(hashlib.sha256(s).digest()).decode() for s in (b"\n one()\n", b"two()")]
    assert inline_script_hashes(document) == tuple(f"'sha256-{each}'" for each in expected)
