"""All guards together, as the settings put them together."""

from collections.abc import Callable

import pytest
from starlette.applications import Starlette

from core.api.guards.stack import guards
from core.model.errors import SettingInvalid
from core.settings import Environment, load_settings
from tests.api.guards.conftest import application, client, handshake
from tests.fakes.clock import ManualClock

Guarded = Callable[..., Starlette]


@pytest.fixture
def guarded() -> Guarded:
    """`guarded(trusted_hosts=...)`: the application behind all guards, with these settings."""
    return lambda **settings: application(*guards(load_settings().model_copy(update=settings), ManualClock()))


REFUSALS = [
    ({"headers": {"Host": "evil.example"}}, 400),
    ({"headers": {"Cookie": "x" * 20_000}}, 431),
    ({"params": {"x": "x" * 9000}}, 414),
    ({"content": b"x" * 65 * 1024}, 413),
    ({"headers": {"Origin": "https://evil.example"}}, 403),
]


@pytest.mark.parametrize(("request_", "status"), REFUSALS)
@pytest.mark.parametrize("path", ["/api/echo", "/page"])
async def test_every_refusal_is_a_sentence_with_the_security_headers(
    guarded: Guarded, path: str, request_: dict, status: int
) -> None:
    answer = await client(guarded()).post(path, **request_)
    assert answer.status_code == status
    assert "content-security-policy" in answer.headers
    if path.startswith("/api"):
        assert set(answer.json()) == {"error", "message"}
        assert answer.headers["cache-control"] == "no-store"
    else:
        assert answer.headers["content-type"].startswith("text/plain")


async def test_refused_requests_count_as_well(guarded: Guarded) -> None:
    asking = client(guarded(rate_limit="3/minute"))
    evil = {"Origin": "https://evil.example"}
    assert [(await asking.post("/api/echo", headers=evil)).status_code for _ in range(4)] == [403] * 3 + [429]


async def test_the_limits_are_the_settings_own(guarded: Guarded) -> None:
    app = guarded(rate_limit="2/minute", page_rate_limit="3/minute", request_limit_kb=1)
    assert [(await client(app).get("/api/calls")).status_code for _ in range(3)] == [200, 200, 429]
    assert [(await client(app).get("/")).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert (await client(app).post("/api/echo", content=b"x" * 1025)).status_code == 413


async def test_by_default_a_hundred_a_minute_pass(guarded: Guarded) -> None:
    asking = client(guarded())
    statuses = [(await asking.get("/api/calls/1")).status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]


async def test_in_development_a_machine_is_answered_under_its_own_address_and_in_production_not(
    guarded: Guarded,
) -> None:
    for env, status in ((Environment.DEVELOPMENT, 200), (Environment.PRODUCTION, 400)):
        assert (await client(guarded(env=env), base="http://10.99.0.1:8501").get("/")).status_code == status
    named = guarded(trusted_hosts=("calls.example.com",))
    assert (await client(named, base="http://10.99.0.1:8501").get("/")).status_code == 400
    assert (await client(named, base="http://calls.example.com").get("/")).status_code == 200


async def test_behind_a_proxy_the_public_address_is_its_own(guarded: Guarded) -> None:
    app = guarded(env=Environment.PRODUCTION, public_url="https://calls.example.com")
    own = {"Host": "calls.example.com", "Origin": "https://calls.example.com", "Sec-Fetch-Site": "same-origin"}
    answer = await client(app).post("/api/echo", headers=own | {"Cookie": "__Host-earshot_session=1"})
    assert answer.status_code == 200
    assert "strict-transport-security" in answer.headers
    assert (await handshake(app, own))[0]["type"] == "websocket.accept"
    assert (await handshake(app, own | {"Origin": "https://evil.example"}))[0]["status"] == 403


async def test_a_form_may_lead_to_the_sign_in_provider(guarded: Guarded) -> None:
    plain = (await client(guarded()).get("/")).headers["content-security-policy"]
    assert "form-action 'self';" in plain
    app = guarded(oidc_metadata_url="https://id.example.com/realms/a/.well-known/openid-configuration")
    policy = (await client(app).get("/")).headers["content-security-policy"]
    assert "form-action 'self' https://id.example.com;" in policy


async def test_a_partner_s_page_uses_the_api_with_its_token(guarded: Guarded) -> None:
    app = guarded(cors_origins=("https://*.example.org",))
    headers = {"Origin": "https://crm.example.org", "Authorization": "Bearer abc", "Sec-Fetch-Site": "cross-site"}
    answer = await client(app).post("/api/echo", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://crm.example.org")


async def test_answers_are_compressed(guarded: Guarded) -> None:
    answer = await client(guarded()).get("/api/calls", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()) == 200


@pytest.mark.parametrize("settings", [{"trusted_hosts": ("a b",)}, {"cors_origins": ("nothing",)}])
def test_a_setting_that_is_wrong_ends_the_start(settings: dict) -> None:
    with pytest.raises(SettingInvalid):
        guards(load_settings().model_copy(update=settings))
