"""The rehearsal is as strict as the real server, and its faults are those that were asked for."""

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest

from core.model.errors import EngineUnavailable, PortTaken
from core.persona.rehearsal.answers import Asked, ScriptedAnswers
from core.persona.rehearsal.faults import Faults, read_faults
from core.persona.rehearsal.hearing import DictationHearing, ScriptedHearing, as_speech_sound
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.session import RehearsalSession
from core.persona.rehearsal.staging import Staging
from core.persona.rehearsal.voice import EspeakVoice, ToneVoice
from core.persona.rehearsal.voice_activity import Began, Ended, VoiceActivity
from tests.fakes.persona_stage import FixedVoice

STAGING = Staging(ScriptedHearing(["hello"]), FixedVoice(0.2), ScriptedAnswers(), "en", pace=0.0, think_s=0.0)


class Client:
    """A client without a network."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.received: list[dict[str, Any]] = []
        self.answered = asyncio.Event()
        self.session = RehearsalSession(1, STAGING, faults or Faults(), "m", self._take, self._close)

    async def _take(self, message: str) -> None:
        self.received.append(json.loads(message))
        if self.received[-1]["type"] == "response.done":
            self.answered.set()

    async def _close(self, code: int, reason: str) -> None:
        raise AssertionError(reason)

    async def send(self, kind: str, **members: Any) -> None:
        await self.session.take(json.dumps({"event_id": "e1", "type": kind, **members}))

    def refusals(self) -> list[tuple[str, str | None]]:
        return [(e["error"]["code"], e["error"]["param"]) for e in self.received if e["type"] == "error"]


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"voice": "marin"}, "missing_required_parameter", "session.type"),
        ({"type": "realtime", "voice": "marin"}, "unknown_parameter", "session.voice"),
        ({"type": "realtime", "input_audio_format": "pcm16"}, "unknown_parameter", "session.input_audio_format"),
        ({"type": "realtime", "audio": {"output": {"voice": "bob"}}}, "invalid_value", "session.audio.output.voice"),
        (
            {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
            "invalid_value",
            "session.audio.input.format",
        ),
        ({"type": "realtime", "audio": {"input": {"vad": True}}}, "unknown_parameter", "session.audio.input.vad"),
        ({"type": "realtime", "instructions": 3}, "invalid_type", "session.instructions"),
        ({"type": "realtime", "tools": [{"type": "function"}]}, "invalid_value", "session.tools[0]"),
    ],
)
async def test_a_configuration_that_the_real_server_refuses_is_refused(
    session: dict[str, Any], code: str, param: str
) -> None:
    client = Client()
    await client.send("session.update", session=session)
    assert client.refusals() == [(code, param)]


@pytest.mark.parametrize(
    ("kind", "members", "code"),
    [
        ("input_audio_buffer.append", {"audio": "%%%"}, "invalid_value"),
        ("input_audio_buffer.append", {"audio": base64.b64encode(b"abc").decode()}, "invalid_value"),
        ("response.cancel", {}, "response_cancel_not_active"),
        ("conversation.item.truncate", {"item_id": "no", "content_index": 0, "audio_end_ms": 1},
         "item_truncate_invalid_item_id"),
        ("conversation.item.create", {"item": {"type": "message", "role": "assistant",
                                               "content": [{"type": "input_text", "text": "x"}]}}, "invalid_value"),
        ("conversation.item.create", {"item": {"type": "function_call_output", "call_id": "no", "output": "x"}},
         "invalid_value"),
        ("output_audio_buffer.clear", {}, "invalid_value"),
    ],
)  # fmt: skip
async def test_an_event_that_the_real_server_refuses_is_refused(kind: str, members: dict[str, Any], code: str) -> None:
    client = Client()
    await client.send(kind, **members)
    assert [refused for refused, _ in client.refusals()] == [code]


async def test_more_than_there_is_cannot_be_truncated() -> None:
    client = Client()
    await client.send("response.create")
    async with asyncio.timeout(10):
        await client.answered.wait()
    item = next(event["item"]["id"] for event in client.received if event["type"] == "response.output_item.added")
    await client.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=201)
    assert client.refusals() == [("invalid_value", "audio_end_ms")]
    await client.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=150)
    assert client.received[-1]["type"] == "conversation.item.truncated"
    await client.session.stop()


async def test_only_one_answer_at_a_time() -> None:
    client = Client()
    await client.send("response.create")
    await client.send("response.create")
    assert client.refusals() == [("conversation_already_has_active_response", None)]
    await client.session.stop()


def test_speech_is_found_with_its_prefix_and_the_silence_after_it() -> None:
    activity = VoiceActivity(prefix_ms=300, silence_ms=500)
    loud = (6000 * np.sin(np.arange(24_000) / 10)).astype("<i2").tobytes()
    found = activity.push(bytes(48_000) + loud + bytes(48_000))
    began, ended = found
    assert isinstance(began, Began)
    assert isinstance(ended, Ended)
    assert began.audio_start_ms == 700
    assert ended.audio_end_ms == pytest.approx(2000, abs=20)
    assert len(ended.pcm) / 48_000 == pytest.approx(1.8, abs=0.05)
    assert activity.push(bytes(480_000)) == []


def test_faults_are_read_and_a_misspelt_one_is_named() -> None:
    faults = read_faults(["unknown", "2:deaf", "2:expiry=1.5", "3:refuse=quota", "rate-limited=2"])
    assert faults(1) == Faults(unknown=True, rate_limited=2)
    assert faults(2) == Faults(deaf=True, expiry=1.5)
    assert faults(3) == Faults(refuse="quota")
    for bad in ("deef", "expiry=soon", "x:deaf", "refuse=everything"):
        with pytest.raises(ValueError, match=bad):
            read_faults([bad])


@pytest.mark.parametrize(
    ("language", "words"), [("ko", "너무 외로워요"), ("en", "Thank you so much"), ("fr", "Bonjour")]
)
async def test_the_script_has_an_answer_for_everything(language: str, words: str) -> None:
    answers = ScriptedAnswers()
    for said in (words, "", words):
        assert (await answers.answer(Asked(language, "", said, False, ()))).text


async def test_two_servers_cannot_have_one_port() -> None:
    first, second = RehearsalServer(STAGING), RehearsalServer(STAGING)
    await first.start()
    with pytest.raises(PortTaken, match=str(first.port)):
        await second.start(port=first.port)
    await first.close()
    await first.close()


async def test_tones_take_as_long_as_the_words_would() -> None:
    voice = ToneVoice()
    assert len(await voice.say("괜찮주게", "ko")) < len(await voice.say("괜찮주게, 놀멍 쉬멍 같이 가 보게마씸.", "ko"))


@pytest.mark.skipif(not EspeakVoice.is_installed(), reason="espeak-ng is not installed")
@pytest.mark.parametrize(
    ("text", "language"), [("혼저옵서예. 괜찮주게.", "ko"), ("-v --stdout; $(id)", "en"), ("", "en")]
)
async def test_espeak_speaks_whatever_it_is_given(text: str, language: str) -> None:
    sound = await EspeakVoice().say(text, language)
    assert len(sound) % 2 == 0
    assert bool(text) == (len(sound) > 24_000)


async def test_an_ear_that_cannot_be_started_says_why() -> None:
    hearing = DictationHearing(("sh", "-c", """echo '{"error": "There is no model."}'"""))
    with pytest.raises(EngineUnavailable, match="There is no model"):
        await hearing.start()
    await hearing.close()


async def test_an_ear_that_dies_says_so() -> None:
    hearing = DictationHearing(("sh", "-c", """echo '{"ready": true}'; read line"""))
    await hearing.start()
    with pytest.raises(EngineUnavailable):
        await hearing.hear(bytes(960), "en")
    await hearing.close()
    await hearing.close()


async def test_what_an_ear_answers_too_late_is_taken_for_nothing_else() -> None:
    answering_late = """echo '{"ready": true}'; read line; sleep 0.5; echo '{"text": "too late"}'; read line"""
    hearing = DictationHearing(("sh", "-c", answering_late), hear_s=0.1)
    await hearing.start()
    with pytest.raises(EngineUnavailable, match="does not answer"):
        await hearing.hear(bytes(960), "en")
    await asyncio.sleep(0.6)
    with pytest.raises(EngineUnavailable):
        await hearing.hear(bytes(960), "en")


def test_sound_for_the_engine_is_two_thirds_as_long_in_samples() -> None:
    assert len(as_speech_sound(bytes(48_000))) == 32_000
    assert as_speech_sound(b"") == b""


@pytest.mark.model
@pytest.mark.skipif(not EspeakVoice.is_installed(), reason="espeak-ng is not installed")
async def test_the_real_engine_hears_through_its_process() -> None:
    hearing = DictationHearing()
    try:
        await hearing.start()
        sound = await EspeakVoice().say("Good morning. I would like a refund for the second bill.", "en")
        text = (await hearing.hear(sound, "en")).lower()
        assert "refund" in text
        assert await hearing.hear(bytes(48_000), "en") == ""
    finally:
        await hearing.close()
