import io
import logging
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from core.api.guards.redaction import HIDDEN, Redactor, redact_logs, secrets_of
from core.settings import load_settings

TOKEN = "eyJhbGciOi.abc-DEF_123"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of a logger of its own writes, as a library's would."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger("some.library")
    logger.addHandler(handler)
    logger.propagate = False
    undo = redact_logs(Redactor(["the-client-secret"]))
    yield written
    undo()
    logger.removeHandler(handler)
    logger.propagate = True


logger = logging.getLogger("some.library")


@pytest.mark.parametrize(
    "text",
    [
        f"GET /join?t={TOKEN} HTTP/1.1",
        f"GET /api/calls/1/stream?locale=ko&token={TOKEN}&x=1",
        f"Referer: http://localhost:8501/join?t={TOKEN}",
        f"redirect to /?next=%2Fjoin%3Ft%3D{TOKEN}",
        f"/api/session/callback?code={TOKEN}&state={TOKEN}",
        f"Authorization: Bearer {TOKEN}",
        f"authorization=Basic {TOKEN}",
        f"('authorization', 'Bearer {TOKEN}')",
        f"(b'cookie', b'earshot_session={TOKEN}; a=b')",
        f"{{'Cookie': 'a=b; earshot_session={TOKEN}'}}",
        f"Set-Cookie: earshot_session={TOKEN}; HttpOnly",
        f'{{"password": "{TOKEN}", "name": "kim"}}',
        f"{{'urls': 'turn:turn.example.com', 'username': '1800000000:browser', 'credential': '{TOKEN}'}}",
        f"x-xsrf-token: {TOKEN}",
        f"X-Earshot-Xsrf: {TOKEN}",
        f"postgresql://earshot:{TOKEN}@db/earshot",
        f"refused Bearer {TOKEN}",
    ],
)
def test_a_secret_is_not_in_the_log(log: io.StringIO, text: str) -> None:
    logger.warning("%s", text)
    logger.warning(text)
    logger.warning("asked: %(what)s", {"what": text})
    assert log.getvalue().count(HIDDEN) >= 3
    assert TOKEN not in log.getvalue()


def test_what_the_settings_keep_secret_is_not_in_the_log(log: io.StringIO) -> None:
    logger.error("the provider refused the-client-secret")
    assert log.getvalue() == f"the provider refused {HIDDEN}\n"


def test_a_traceback_holds_no_secret(log: io.StringIO) -> None:
    try:
        raise ValueError(f"cannot open /join?t={TOKEN}")
    except ValueError:
        logger.exception("it failed")
    assert "Traceback" in log.getvalue()
    assert f"ValueError: cannot open /join?t={HIDDEN}" in log.getvalue()


def test_arguments_keep_their_places_for_formatters_that_read_them(log: io.StringIO) -> None:
    record = logging.getLogRecordFactory()(
        "access", logging.INFO, "", 1, '%s "%s" %d', ("1.2.3.4", f"/join?t={TOKEN}", 200), None
    )
    assert record.args == ("1.2.3.4", f"/join?t={HIDDEN}", 200)


@pytest.mark.parametrize(
    "text",
    [
        "leg l1 of call c1 connected after 0.2 s",
        "GET /live?call=abc",
        "GET /api/calls?text=t&limit=20",
        "http://localhost:8501/live",
        "the token has expired",
        "what: a cookie jar",
    ],
)
def test_what_is_no_secret_is_left_alone(log: io.StringIO, text: str) -> None:
    logger.warning(text)
    assert log.getvalue() == f"{text}\n"


def test_a_message_whose_arguments_do_not_fit_is_still_redacted(log: io.StringIO) -> None:
    record = logging.getLogRecordFactory()(
        "some.library", logging.INFO, "", 1, f"%d at ?token={TOKEN}", (f"/join?t={TOKEN}",), None
    )
    assert (record.msg, record.args) == (f"%d at ?token={HIDDEN}", (f"/join?t={HIDDEN}",))


def test_every_secret_setting_is_known() -> None:
    settings = load_settings()
    secrets = ("oidc_client_secret", "turn_password", "turn_secret")
    given = settings.model_copy(update={name: SecretStr(f"the-{name}") for name in secrets})
    assert sorted(secrets_of(given)) == [f"the-{name}" for name in secrets]


def test_a_short_value_does_not_blank_out_words() -> None:
    assert Redactor(["a", ""]).redact("a call") == "a call"


@pytest.mark.parametrize("text", ["a." * 8000, "?t=" * 5000, "cookie: " * 2000, "a://b:" * 3000, "&token=x" * 2000])
def test_a_long_line_does_not_keep_the_server_busy(text: str) -> None:
    began = time.process_time()
    Redactor(["the-client-secret"]).redact(text)
    assert time.process_time() - began < 0.5
