"""Google Cloud Speech-to-Text by its real client library, against a server that speaks its protocol."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from google.auth.exceptions import MutualTLSChannelError, RefreshError
from google.cloud.speech_v2.types import cloud_speech
from grpc import aio

from core.model.call import Language
from core.model.clock import SystemClock
from core.model.errors import SettingInvalid
from core.model.health import PartState
from core.model.utterance import Recognition
from core.settings import Settings, SpeechEngine
from core.speech.engine import open_transcriber
from core.speech.google import GoogleSpeech
from core.speech.google_connection import GoogleSettings, KeepAlive
from core.speech.handover_rules import HandoverRules
from core.speech.hints import HintClass, HintPhrase, SpeechHints
from core.speech.provider import EndKind, StreamEnd, StreamListener
from core.speech.provider_transcriber import CHECK_AGAIN_S, ProviderTranscriber
from core.speech.recording import read_recording
from core.speech.transcriber import SpeechSession, Transcriber
from tests.fakes.google_speech import (
    BAD_HINTS,
    BAD_MODEL,
    FORBIDDEN,
    IDLE,
    INTERNAL,
    LIMIT,
    NOT_FOUND,
    QUOTA,
    UNAUTHENTICATED,
    UNAVAILABLE,
    EngineEar,
    FakeGoogle,
    Refusal,
    ScriptEar,
    phrases_of,
    serving,
)
from tests.fakes.scripted_speech import RATE, ScriptedRecogniser, SpokenWord, make_script, sound_of
from tests.fakes.tcp_path import TcpPath
from tests.support.waiting import wait_for

QUICK = HandoverRules(
    limit_s=5.0, seek_pause_s=2.0, margin_s=0.5, first_wait_s=0.1, quota_wait_s=0.2, refused_wait_s=0.5, stalled_s=2.0
)
ALERT = KeepAlive(time_s=1.0, timeout_s=1.0)
BLOCK_S = 0.02


@dataclass
class Speaker:
    """Somebody who says a script into a session at its pace, and what was recognised of it."""

    words: list[SpokenWord]
    seconds: float
    heard: list[Recognition] = field(default_factory=list)
    at: int = 0
    began_s: float = 0.0

    def speak(self, session: SpeechSession, until_s: float | None = None) -> None:
        """Feed the script in real time, from where it stopped."""
        sound = sound_of(self.words, self.seconds)
        self.began_s = self.began_s or time.monotonic()
        end = len(sound) if until_s is None else round(until_s * RATE)
        step = round(BLOCK_S * RATE)
        while self.at < end:
            block = sound[self.at : self.at + step]
            start_s = self.began_s + self.at / RATE
            time.sleep(max(0.0, start_s + len(block) / RATE - time.monotonic()))
            session.feed(block.tobytes(), start_s)
            self.at += len(block)

    @property
    def text(self) -> list[str]:
        """The final words so far."""
        return " ".join(each.text for each in self.heard if each.is_final).split()

    def assert_all_is_written_once(self) -> None:
        """Every word of the script, in order, at its time."""
        assert self.text == [word.text for word in self.words]
        truth = {word.text: word for word in self.words}
        for each in (word for recognition in self.heard for word in recognition.words):
            assert abs(each.end_s - self.began_s - truth[each.text].end_s) < 0.1


def speaker(seconds: float, seed: int = 1) -> Speaker:
    return Speaker(make_script(Random(seed), seconds), seconds)


def phrases(seconds: float) -> Speaker:
    """Two words, a pause, two words, a pause."""
    starts = [number + at for number in range(int(seconds)) for at in (0.0, 0.25) if number % 2 == 0]
    return Speaker([SpokenWord(f"w{n}", at + 0.1, at + 0.3) for n, at in enumerate(starts)], seconds)


def fake_for(speaker: Speaker, **limits: object) -> FakeGoogle:
    ears = Random(2)
    return FakeGoogle(
        lambda _, emit: ScriptEar(ScriptedRecogniser(speaker.words, Random(ears.random())), emit),
        **limits,  # type: ignore[arg-type]
    )


@contextmanager
def google(
    fake: FakeGoogle,
    rules: HandoverRules = QUICK,
    model: str = "chirp_2",
    hints: Callable[[Language], SpeechHints] = lambda language: SpeechHints(),
    path: TcpPath | None = None,
) -> Iterator[ProviderTranscriber]:
    """The engine, connected to the server; over a path that may die, where one is given."""
    with serving([fake]), path.open(fake.port) if path is not None else nullcontext():
        endpoint = path.url if path is not None else fake.url
        settings = GoogleSettings("earshot-test", "asia-southeast1", model, endpoint=endpoint, keep_alive=ALERT)
        transcriber = ProviderTranscriber(GoogleSpeech(settings, rules.limit_s, hints), rules, SystemClock(), Random(1))
        try:
            yield transcriber
        finally:
            transcriber.close()


def say(speaker: Speaker, transcriber: Transcriber, close_s: float = 20.0) -> bool:
    session = transcriber.open_session("test", "ko", speaker.heard.append)
    speaker.speak(session)
    return session.close(close_s)


def test_words_arrive_with_their_times_and_say_who_understood_them() -> None:
    ann = speaker(5.0)
    fake = fake_for(ann)
    with google(fake) as transcriber:
        assert say(ann, transcriber)
    ann.assert_all_is_written_once()
    finals = [each for each in ann.heard if each.is_final]
    assert {(each.engine, each.model) for each in finals} == {("google", "chirp_2")}
    assert finals[0].confidence == pytest.approx(0.9)
    assert finals[0].words[0].confidence == pytest.approx(0.9)
    interims = [each for each in ann.heard if not each.is_final]
    assert interims
    assert all(0 < each.stable_chars <= len(each.text) for each in interims)
    first = ann.words[0]
    assert abs(interims[0].start_s - ann.began_s - first.start_s) < 0.15, "an interim does not begin with its word"


def test_the_service_is_asked_for_what_the_product_needs() -> None:
    ann = speaker(2.5)
    fake = fake_for(ann)
    with google(fake) as transcriber:
        say(ann, transcriber)
    recognizer, config = fake.configs[0]
    assert recognizer == "projects/earshot-test/locations/asia-southeast1/recognizers/_"
    assert config.config.model == "chirp_2"
    assert list(config.config.language_codes) == ["ko-KR"]
    decoding = config.config.explicit_decoding_config
    assert decoding.encoding == cloud_speech.ExplicitDecodingConfig.AudioEncoding.LINEAR16
    assert (decoding.sample_rate_hertz, decoding.audio_channel_count) == (16_000, 1)
    features = config.config.features
    assert features.enable_automatic_punctuation
    assert features.enable_word_time_offsets
    assert features.enable_word_confidence
    assert config.streaming_features.interim_results
    assert config.streaming_features.enable_voice_activity_events


def test_a_model_without_times_of_words_is_not_asked_for_them_and_loses_no_word() -> None:
    ann = speaker(12.0, seed=5)
    fake = fake_for(ann)
    fake.make_ear = lambda _, emit: ScriptEar(ScriptedRecogniser(ann.words, Random(3), gives_words=False), emit)
    with google(fake, model="chirp_3") as transcriber:
        say(ann, transcriber)
    assert not fake.configs[0][1].config.features.enable_word_time_offsets
    assert ann.text == [word.text for word in ann.words]


def test_hints_go_along_as_inline_phrase_sets_and_classes() -> None:
    ann = phrases(2.0)
    fake = fake_for(ann)
    told = SpeechHints(
        phrases=(HintPhrase("${plan} plan", 12.0), HintPhrase("Earshot")), classes=(HintClass("plan", ("Flex", "Max")),)
    )
    with google(fake, hints=lambda language: told if language == "ko" else SpeechHints()) as transcriber:
        say(ann, transcriber)
    adaptation = fake.configs[0][1].config.adaptation
    (inline,) = [each.inline_phrase_set for each in adaptation.phrase_sets]
    assert [(each.value, each.boost) for each in inline.phrases] == [("${plan} plan", 12.0), ("Earshot", 0.0)]
    assert [(each.name, [item.value for item in each.items]) for each in adaptation.custom_classes] == [
        ("plan", ["Flex", "Max"])
    ]


def test_other_languages_pass_through() -> None:
    ann = speaker(1.5)
    fake = fake_for(ann)
    with google(fake) as transcriber:
        session = transcriber.open_session("test", "fr", ann.heard.append)
        ann.speak(session)
        session.close(5.0)
    assert list(fake.configs[0][1].config.language_codes) == ["fr"]


def test_streams_change_before_their_limit_and_nobody_notices(caplog: pytest.LogCaptureFixture) -> None:
    ann = phrases(16.0)
    fake = fake_for(ann, limit_s=5.0)
    states = []
    with google(fake) as transcriber:
        session = transcriber.open_session("test", "ko", ann.heard.append)
        for second in range(1, 17):
            ann.speak(session, float(second))
            states.append(transcriber.health.state)
        assert session.close(20.0)
    ann.assert_all_is_written_once()
    assert len(fake.configs) > 2
    assert LIMIT.words not in fake.statuses
    assert set(states) <= {PartState.UP, PartState.STARTING}
    assert not caplog.records


@pytest.mark.parametrize("end", [LIMIT, IDLE, UNAVAILABLE, INTERNAL, QUOTA], ids=lambda each: each.code.name)
def test_a_stream_that_ends_costs_no_word(end: Refusal) -> None:
    ann = phrases(8.0)
    fake = fake_for(ann, next_ends=[(1.3, end), (2.2, end)])
    with google(fake, HandoverRules(first_wait_s=0.2, quota_wait_s=0.5)) as transcriber:
        assert say(ann, transcriber)
    assert fake.statuses[:2] == [end.words, end.words]
    ann.assert_all_is_written_once()


@pytest.mark.parametrize(
    ("refusal", "state", "names"),
    [
        (UNAVAILABLE, PartState.DEGRADED, "UNAVAILABLE"),
        (QUOTA, PartState.DEGRADED, "quota"),
        (FORBIDDEN, PartState.DOWN, "GOOGLE_APPLICATION_CREDENTIALS"),
        (UNAUTHENTICATED, PartState.DOWN, "GOOGLE_APPLICATION_CREDENTIALS"),
        (NOT_FOUND, PartState.DOWN, "EARSHOT_GOOGLE_RECOGNIZER"),
        (BAD_MODEL, PartState.DOWN, "EARSHOT_GOOGLE_MODEL"),
    ],
    ids=lambda each: each.code.name if isinstance(each, Refusal) else "",
)
def test_a_failing_service_is_shown_and_what_was_said_meanwhile_is_written_later(
    refusal: Refusal, state: PartState, names: str
) -> None:
    ann = phrases(6.0)
    fake = fake_for(ann, refusal=refusal)
    with google(fake) as transcriber:
        session = transcriber.open_session("test", "ko", ann.heard.append)
        ann.speak(session, 2.0)
        assert wait_for(lambda: transcriber.health.state is state)
        assert names in transcriber.health.in_english
        fake.refusal = None
        ann.speak(session)
        assert session.close(20.0)
        assert transcriber.health.state is PartState.UP
    ann.assert_all_is_written_once()


def test_what_cannot_be_kept_is_marked_with_its_times() -> None:
    ann = Speaker([SpokenWord(f"w{n}", n + 0.2, n + 0.7) for n in range(8)], 8.0)
    fake = fake_for(ann, refusal=UNAVAILABLE)
    rules = HandoverRules(first_wait_s=0.1, longest_wait_s=0.3, kept_s=2.0)
    with google(fake, rules) as transcriber:
        session = transcriber.open_session("test", "ko", ann.heard.append)
        ann.speak(session, 5.0)
        fake.refusal = None
        ann.speak(session)
        assert not session.close(20.0), "a session that lost audio says that all was recognised"
        assert session.stats.dropped_s > 0.9
    gone = [each for each in ann.heard if each.is_given_up]
    assert len(gone) == 1
    assert gone[0].start_s - ann.began_s < 0.5
    assert 2.5 < gone[0].end_s - ann.began_s < 4.0
    assert ann.text == [w.text for w in ann.words if w.start_s > gone[0].end_s - ann.began_s - 0.3]


def test_a_service_that_takes_no_audio_is_left_for_another_stream() -> None:
    ann = phrases(16.0)
    fake = fake_for(ann, takes_nothing=True)
    with google(fake, HandoverRules(stalled_s=1.0, first_wait_s=0.1)) as transcriber:
        session = transcriber.open_session("test", "ko", ann.heard.append)
        ann.speak(session, 12.0)
        assert "CANCELLED" in fake.statuses
        fake.takes_nothing = False
        ann.speak(session, 16.0)
        assert session.close(20.0)
    said = [word.text for word in ann.words if word.end_s < 16.0]
    assert ann.text[: len(said)] == said


def test_a_connection_whose_path_is_dead_is_left_for_a_new_one() -> None:
    ann = phrases(10.0)
    fake = fake_for(ann)
    path = TcpPath()
    with google(fake, path=path) as transcriber:
        session = transcriber.open_session("test", "ko", ann.heard.append)
        ann.speak(session, 3.0)
        path.die()
        ann.speak(session)
        assert session.close(20.0), "every further stream was opened on the dead connection"
    ann.assert_all_is_written_once()
    assert path.opened == 2


def test_the_connection_to_google_itself_is_watched_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[tuple[str, dict[str, int]]] = []
    open_channel = aio.secure_channel

    def noted(target: str, *arguments: Any, **more: Any) -> aio.Channel:
        opened.append((target, dict(more["options"])))
        return open_channel(target, *arguments, **more)

    monkeypatch.setattr(aio, "secure_channel", noted)
    with_credentials(monkeypatch, tmp_path / "key.json").write_text(CREDENTIALS, encoding="utf-8")
    transcriber = at_google()
    try:
        assert wait_for(lambda: transcriber.health.state is PartState.UP)
    finally:
        transcriber.close()
    ((target, options),) = opened
    assert target == "asia-southeast1-speech.googleapis.com:443"
    assert options["grpc.keepalive_time_ms"] == 30_000
    assert options["grpc.keepalive_timeout_ms"] == 10_000
    assert options["grpc.max_receive_message_length"] == -1, "the client library's own options are gone"


def test_hints_that_google_refuses_cost_no_word_and_are_shown_until_they_change() -> None:
    ann, ben, eve = phrases(3.0), phrases(2.0), phrases(2.0)
    fake = fake_for(ann, unfit_phrase="unfit")
    in_use = SpeechHints(phrases=(HintPhrase("Earshot"), HintPhrase("unfit")))
    with google(fake, hints=lambda language: in_use) as transcriber:
        assert say(ann, transcriber)
        assert fake.statuses[0] == BAD_HINTS.words
        assert [phrases_of(config) for _, config in fake.configs] == [["Earshot", "unfit"], []]
        assert transcriber.health.state is PartState.DEGRADED
        assert "EARSHOT_SPEECH_HINTS" in transcriber.health.in_english
        assert say(ben, transcriber)
        assert not phrases_of(fake.configs[-1][1]), "refused hints are sent again"
        in_use = SpeechHints(phrases=(HintPhrase("Earshot"),))
        assert transcriber.health.state is PartState.UP
        assert say(eve, transcriber)
        assert phrases_of(fake.configs[-1][1]) == ["Earshot"]
        assert transcriber.health.state is PartState.UP
    for each in (ann, ben, eve):
        each.assert_all_is_written_once()


def test_hints_are_not_blamed_for_a_model_that_google_refuses() -> None:
    ann = phrases(4.0)
    fake = fake_for(ann, refusal=BAD_MODEL)
    with google(fake, hints=lambda language: SpeechHints(phrases=(HintPhrase("Earshot"),))) as transcriber:
        session = transcriber.open_session("test", "ko", ann.heard.append)
        ann.speak(session, 1.0)
        assert wait_for(lambda: transcriber.health.state is PartState.DOWN)
        states = set()
        while ann.at < len(sound_of(ann.words, ann.seconds)):
            ann.speak(session, ann.at / RATE + 0.05)
            states.add((transcriber.health.state, "EARSHOT_GOOGLE_MODEL" in transcriber.health.in_english))
        assert states == {(PartState.DOWN, True)}
        sent = [bool(phrases_of(config)) for _, config in fake.configs]
        assert sent[:4] == [True, False, True, False], "the suspicion was not taken back"
        session.close(0.5)


@pytest.mark.parametrize("fails", ["on_result", "on_room"])
def test_a_fault_of_our_own_ends_a_stream_audibly_and_quotes_nobody(
    fails: str, caplog: pytest.LogCaptureFixture
) -> None:
    ann = phrases(2.0)
    fake = fake_for(ann)
    ends: list[StreamEnd] = []

    said = "1234 5678"

    def fail(*_: object) -> None:
        raise KeyError(said)

    async def listen(provider: GoogleSpeech) -> None:
        does: dict[str, Callable[..., None]] = {"on_result": lambda result: None, "on_room": lambda: None}
        stream = provider.open_stream("ko", StreamListener(on_end=ends.append, **(does | {fails: fail})))
        for piece in np.array_split(sound_of(ann.words, ann.seconds), 20):
            stream.send(piece.tobytes())
        await asyncio.wait({stream.task}, timeout=5.0)
        assert await asyncio.to_thread(wait_for, lambda: fake.open_streams == 0), "the call lives on"
        await provider.close()

    with serving([fake]):
        asyncio.run(listen(GoogleSpeech(GoogleSettings("earshot-test", "eu", "chirp_2", endpoint=fake.url), 300.0)))
    assert [end.kind for end in ends] == [EndKind.TRANSIENT]
    assert "KeyError" in caplog.text
    assert said not in caplog.text


def test_closing_does_not_wait_longer_than_it_may() -> None:
    ann = speaker(3.0)
    fake = fake_for(ann, refusal=UNAVAILABLE)
    with google(fake) as transcriber:
        session = transcriber.open_session("test", "ko", ann.heard.append)
        ann.speak(session)
        began_s = time.monotonic()
        assert not session.close(0.5)
        assert time.monotonic() - began_s < 3.0
        count = len(ann.heard)
        fake.refusal = None
        assert not session.close(5.0)
        assert len(ann.heard) == count, "a closed session still delivers"
    assert [each.is_given_up for each in ann.heard] == [True]


def test_nothing_is_left_running_after_the_end() -> None:
    ann = speaker(3.0)
    fake = fake_for(ann)
    with google(fake) as transcriber:
        transcriber.open_session("test", "ko", ann.heard.append).feed(bytes(3200), time.monotonic())
        assert wait_for(lambda: fake.open_streams == 1)
        transcriber.close()
        assert wait_for(lambda: fake.open_streams == 0)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("speech-google")]


CREDENTIALS = json.dumps(
    {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "t", "quota_project_id": "p-1"}
)
"""Of a form that is taken without asking anybody."""


def with_credentials(monkeypatch: pytest.MonkeyPatch, path: Path) -> Path:
    """Have credentials looked for there, whether they are there or not."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return path


def at_google(sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> ProviderTranscriber:
    """The engine, with Google's own address."""
    settings = GoogleSettings("earshot-test", "asia-southeast1", "chirp_2")
    return ProviderTranscriber(GoogleSpeech(settings, 300.0), HandoverRules(), SystemClock(), Random(1), sleep)


def test_without_credentials_the_sentence_names_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_credentials(monkeypatch, tmp_path / "nothing.json")
    transcriber = open_transcriber(
        Settings(_env_file=None, data_dir=tmp_path, engine=SpeechEngine.GOOGLE), SystemClock()
    )
    try:
        assert wait_for(lambda: transcriber.health.state is PartState.DOWN)
        assert "GOOGLE_APPLICATION_CREDENTIALS" in transcriber.health.in_english
    finally:
        transcriber.close()


def test_credentials_that_come_after_the_start_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = with_credentials(monkeypatch, tmp_path / "late.json")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0.02)

    transcriber = at_google(sleep)
    try:
        assert wait_for(lambda: len(waits) > 2)
        assert transcriber.health.state is PartState.DOWN
        path.write_text(CREDENTIALS, encoding="utf-8")
        assert wait_for(lambda: transcriber.health.state is PartState.UP)
        count = len(waits)
    finally:
        transcriber.close()
    assert set(waits) == {CHECK_AGAIN_S}
    assert count == len(waits), "it is checked after it was found to be well"
    told = [each.message for each in caplog.records if each.name.startswith("core.")]
    assert len(told) == len(set(told)), "the log says the same at every check"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (MutualTLSChannelError("no certificate"), PartState.DOWN),
        (RefreshError("no answer", retryable=True), PartState.DEGRADED),
        (ValueError("no PEM file"), PartState.DOWN),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_whatever_is_wrong_with_credentials_is_shown(
    error: Exception, state: PartState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr("google.auth.default", fail)
    transcriber = at_google()
    try:
        assert wait_for(lambda: transcriber.health.state is state)
        assert type(error).__name__ in transcriber.health.in_english
    finally:
        transcriber.close()


def test_a_model_is_refused_in_a_region_where_it_is_not(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, engine=SpeechEngine.GOOGLE, google_region="us-east1")
    with pytest.raises(SettingInvalid, match=r"EARSHOT_GOOGLE_REGION.*chirp_2 is in asia-southeast1"):
        open_transcriber(settings, SystemClock())


def test_an_endpoint_without_tls_is_on_this_machine(tmp_path: Path) -> None:
    assert GoogleSettings("p", "eu", "chirp_3").address == "eu-speech.googleapis.com"
    assert GoogleSettings("p", "global", "long").address == "speech.googleapis.com"
    assert GoogleSettings("p", "eu", "chirp_3", endpoint="https://speech.example.com:444").address == (
        "speech.example.com:444"
    )


@pytest.mark.model
def test_a_real_engine_behind_the_protocol_is_understood(whisper: Transcriber, demo_dir: Path) -> None:
    fake = FakeGoogle(lambda config, emit: EngineEar(whisper, config.config.language_codes[0], emit))
    heard: list[Recognition] = []
    with google(fake, HandoverRules()) as transcriber:
        session = transcriber.open_session("test", "en", heard.append)
        began_s = time.monotonic()
        for number, block in enumerate(islice(read_recording(demo_dir / "agent.ogg"), 100)):
            start_s = began_s + number * 0.1
            time.sleep(max(0.0, start_s + 0.1 - time.monotonic()))
            session.feed(block, start_s)
        assert session.close(40.0)
    text = " ".join(each.text for each in heard if each.is_final)
    assert len(text.split()) > 8, text


@pytest.mark.soak
def test_twenty_minutes_over_a_faulty_server() -> None:
    ann = speaker(1200.0, seed=8)
    ends = [(Random(n).uniform(20.0, 200.0), (LIMIT, UNAVAILABLE, INTERNAL, QUOTA)[n % 4]) for n in range(40)]
    fake = fake_for(ann, next_ends=ends)
    with google(fake, HandoverRules()) as transcriber:
        assert say(ann, transcriber, 60.0)
    ann.assert_all_is_written_once()
    assert len(fake.statuses) > 8
