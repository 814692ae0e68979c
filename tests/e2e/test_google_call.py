"""A call whose speech goes to Google: the whole product against a server that speaks its protocol."""

from collections.abc import Iterator

import pytest
from google.cloud.speech_v2.types import cloud_speech
from playwright.sync_api import expect

from core.settings import PROJECT_ROOT
from core.speech.fed_audio import is_loud
from core.speech.provider import FinalText, HeardWord, StreamResult
from tests.e2e.conftest import OpenPage
from tests.fakes.google_speech import UNAVAILABLE, Emit, FakeGoogle, serving
from tests.fakes.scripted_speech import RATE
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server, running_server

PAUSE_S = 0.5


class CountingEar:
    """Understands each stretch of sound as one numbered word."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._received = self._words = 0
        self._began: int | None = None
        self._ended = 0

    def push(self, pcm: bytes) -> None:
        """Take audio."""
        samples = len(pcm) // 2
        if is_loud(pcm):
            self._began = self._received if self._began is None else self._began
            self._ended = self._received + samples
            self._emit(StreamResult(interim=f"word {self._words + 1}", stable_chars=4))
        self._received += samples
        if self._began is not None and self._received - self._ended > PAUSE_S * RATE:
            self._say()

    async def finish(self) -> None:
        """Say the rest."""
        if self._began is not None:
            self._say()

    def _say(self) -> None:
        assert self._began is not None
        self._words += 1
        word = HeardWord(f"word{self._words}", self._began / RATE, self._ended / RATE, 0.9)
        self._began = None
        self._emit(StreamResult(finals=(FinalText(word.text, self._ended / RATE, (word,), 0.9),)))


def hear(_: cloud_speech.StreamingRecognitionConfig, emit: Emit) -> CountingEar:
    return CountingEar(emit)


@pytest.fixture(scope="module")
def google(network: tuple[str, str]) -> Iterator[FakeGoogle]:
    fake = FakeGoogle(hear)
    with serving([fake]):
        yield fake


@pytest.fixture(scope="module")
def server(google: FakeGoogle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {
        "EARSHOT_ENGINE": "google",
        "EARSHOT_GOOGLE_ENDPOINT": google.url,
        "EARSHOT_GOOGLE_PROJECT": "earshot-test",
    }
    folder = tmp_path_factory.mktemp("earshot")
    with running_server(PROJECT_ROOT / "app.py", folder, environment=environment, health="/api/health") as running:
        yield running


def test_a_call_is_written_down_by_google_and_its_failure_is_shown(
    server: Server, google: FakeGoogle, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    page.get_by_role("button", name="Start demo call").click()
    line = page.locator(".es-line", has_text="word1").first
    expect(line).to_be_visible(timeout=40_000)
    assert {config.config.model for _, config in google.configs} == {"chirp_2"}
    line.locator(".es-time").hover()
    expect(page.get_by_text("chirp_2").first).to_be_visible()
    google.refusal = UNAVAILABLE
    expect(page.locator(".es-troubles li[data-state=degraded]")).to_contain_text("degraded", timeout=20_000)
    screenshot(page, "google-degraded")
    google.refusal = None
    words = page.locator(".es-line", has_text="word")
    before = words.count()
    expect(words.nth(before)).to_be_visible(timeout=40_000)
