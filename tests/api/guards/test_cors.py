import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.middleware import Middleware

from core.api.guards.cors import ApiCors, origin_pattern
from core.model.errors import SettingInvalid
from tests.api.guards.conftest import application, client

ORIGINS = ("https://*.example.com", "https://crm.example.org:8443", "http://localhost:3000")


def guarded(origins: tuple[str, ...] = ORIGINS):
    return application(Middleware(ApiCors, origins=origin_pattern(origins)))


@pytest.mark.parametrize(
    "origin",
    ["https://a.example.com", "https://a.b-c.example.com", "https://crm.example.org:8443", "http://localhost:3000"],
)
async def test_an_origin_that_is_named_may_read(origin: str) -> None:
    answer = await client(guarded()).get("/api/calls/1", headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers
    assert "origin" in answer.headers["vary"].lower()
    preflight = await client(guarded()).options(
        "/api/calls/1/end",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in preflight.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "https://evil-example.com",
        "https://evilexample.com",
        "https://x.example.com.evil.org",
        "https://x.example.com:8443",
        "http://x.example.com",
        "https://.example.com",
        "https://-.example.com",
        "https://a..example.com",
        "https://x.exampleXcom",
        "https://evil.org/x.example.com",
        "https://evil.org#.example.com",
        "https://evil.org?.example.com",
        "https://user@x.example.com",
        "https://x.example.com\n",
        "https://crm.example.org",
        "http://localhost:30001",
        "null",
        "",
    ],
)
async def test_another_origin_may_not(origin: str) -> None:
    assert not origin_pattern(ORIGINS).fullmatch(origin)
    if origin.isprintable():
        answer = await client(guarded()).get("/api/calls/1", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


async def test_the_pages_are_for_no_other_origin() -> None:
    answer = await client(guarded()).get("/", headers={"Origin": "https://a.example.com"})
    assert "access-control-allow-origin" not in answer.headers


async def test_by_default_no_other_origin_may() -> None:
    answer = await client(guarded(())).get("/api/calls/1", headers={"Origin": "https://a.example.com"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["example.com", "ftp://example.com", "https://", "https://*.", "https://*example.com", "https://a.*.com"]
)
def test_a_pattern_that_is_none_is_named(origin: str) -> None:
    with pytest.raises(SettingInvalid, match="EARSHOT_CORS_ORIGINS"):
        origin_pattern((origin,))


def test_a_long_origin_does_not_keep_the_server_busy() -> None:
    pattern = origin_pattern(("https://*.example.com", "https://*"))
    for origin in ("https://" + "a" * 12_000 + "!", "https://" + "a." * 6_000 + "!", "https://" + "a-" * 6_000 + "!"):
        assert not pattern.fullmatch(origin)


label = st.from_regex(re.compile(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", re.ASCII), fullmatch=True)


@given(st.lists(label, min_size=1, max_size=4), label)
def test_a_wildcard_is_one_label_or_more_below_the_name(labels: list[str], other: str) -> None:
    pattern = origin_pattern(("https://*.example.com",))
    below = ".".join(labels)
    assert pattern.fullmatch(f"https://{below}.example.com")
    assert not pattern.fullmatch(f"https://{below}-example.com")
    assert not pattern.fullmatch(f"https://{below}.example.com.{other}")
