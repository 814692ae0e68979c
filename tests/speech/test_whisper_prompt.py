"""Vocabulary hints as Whisper is told them, and that over noise they change nothing."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bench.accuracy import KOREAN_RECORDING, character_error_rate, joined, korean_text, recognise
from core.model.call import Language
from core.settings import Settings
from core.speech.decoder import Decoding, is_invented
from core.speech.engine import open_transcriber
from core.speech.hints import HintClass, HintPhrase, SpeechHints
from core.speech.hints_file import HintsFile
from core.speech.model_files import ensure_model
from core.speech.recording import RecordingClock
from core.speech.whisper import WhisperDecoder
from core.speech.whisper_prompt import (
    MOST_TOKENS,
    WhisperPrompts,
    estimated_tokens,
    is_doubtful,
    the_believed,
    whisper_prompt,
)
from tests.fakes.clock import ManualClock

PLANS = HintClass("plan", ("Nuvio Flex", "Kwikfibre Max", "Orbiq Unlimited", "Lumio Saver", "Hallam Direct"))
ENGLISH = SpeechHints((HintPhrase("${plan}"),), (PLANS,))
KOREAN = SpeechHints(
    (HintPhrase("다이렉트 오천"), HintPhrase("${plan} 요금제")),
    (HintClass("plan", ("프리미엄 플러스", "시니어 안심", "데이터 무제한")),),
)
BARE_LIST = whisper_prompt(KOREAN).text.removesuffix(".")
"""Without a full stop the model likes to go on with the list, which is the worst that hints can do."""
PROMPT = "시니어 안심 요금제, 데이터 무제한 요금제, 가족 결합 할인."


def decoding(text: str, log_probability: float = -0.2, no_speech: float = 0.01) -> Decoding:
    return Decoding(text, log_probability, no_speech)


class TestThePrompt:
    def test_it_lists_the_phrases_with_the_items_of_their_classes(self) -> None:
        hints = SpeechHints(
            (HintPhrase("Earshot"), HintPhrase("the ${p} plan", 3.0)), (HintClass("p", ("Flex", "Max")),)
        )
        prompt = whisper_prompt(hints)
        assert prompt.text == "Earshot, the Flex plan, the Max plan."
        assert (prompt.told, prompt.left_out) == (3, 0)

    def test_nothing_is_told_where_there_are_no_hints(self) -> None:
        assert whisper_prompt(SpeechHints()).text == ""

    def test_where_not_all_fit_the_highest_boosts_are_told_in_the_files_order(self) -> None:
        phrases = tuple(HintPhrase(f"{'문장' * 6} {number}", float(number % 7 + 1)) for number in range(60))
        prompt = whisper_prompt(SpeechHints(phrases))
        assert 0 < prompt.tokens <= MOST_TOKENS
        assert prompt.told + prompt.left_out == 60
        told = prompt.text.removesuffix(".").split(", ")
        assert told == [phrase.value for phrase in phrases if phrase.value in told]
        assert {phrase.boost for phrase in phrases if phrase.value in told} == {7.0}

    def test_it_is_made_again_only_when_the_hints_have_changed(self, tmp_path: Path) -> None:
        file = HintsFile(tmp_path / "hints.yaml", ManualClock())
        prompts = WhisperPrompts(file)
        assert prompts("ko") == ""
        file.save("phrases: [Flex]\nlanguages: {ko: {phrases: [안심]}}", "")
        assert (prompts("ko"), prompts("en")) == ("Flex, 안심.", "Flex.")
        assert prompts("ko") is prompts("ko")


class TestDoubt:
    @pytest.mark.parametrize(
        "text",
        ["시니어 안심 요금제, 데이터 무제한 요금제", "시니어 안심 요금", "요금제", "요금제, 데이터, 마늘"],
    )
    def test_what_mostly_repeats_the_prompt_is_doubted(self, text: str) -> None:
        assert is_doubtful(decoding(text), PROMPT, 3.0)

    def test_what_sounds_like_nothing_or_is_uncertain_is_doubted(self) -> None:
        said = "어제 신청한 것 때문에 전화드렸어요"
        assert is_doubtful(decoding(said, no_speech=0.5), PROMPT, 3.0)
        assert is_doubtful(decoding(said, log_probability=-1.1), PROMPT, 3.0)
        assert is_doubtful(decoding("각. " * 40), PROMPT, 30.0)

    def test_a_hinted_name_in_a_sentence_is_not_doubted(self) -> None:
        assert not is_doubtful(decoding("저 시니어 안심 요금제로 바꾸고 싶은데요"), PROMPT, 3.0)

    def test_what_nobody_could_say_in_the_time_is_doubted(self) -> None:
        text = "please subscribe to the channel and press the bell icon"
        assert is_doubtful(decoding(text), PROMPT, 1.5)
        assert not is_doubtful(decoding(text), PROMPT, 3.0)

    def test_only_clear_speech_without_the_prompt_ends_the_doubt(self) -> None:
        doubted = decoding("시니어 안심 요금제")
        for without, believed in (
            (decoding("시녀 안심 요금제"), doubted),
            (noise := decoding("고추장", log_probability=-1.4), noise),
            (hum := decoding("you", log_probability=-0.8, no_speech=0.9), hum),
        ):
            assert the_believed(doubted, without, 2.0) is believed

    def test_what_cannot_be_said_is_never_believed(self) -> None:
        heard = decoding("각 탭을")
        assert the_believed(decoding("각. " * 40), heard, 30.0) is heard
        assert the_believed(decoding("각 탭을 사용하는 방법을 배우려면 다음 단계에서"), heard, 0.5) is heard


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What `hinted` is told at present, whatever the language."""
    return {"prompt": ""}


@pytest.fixture(scope="module")
def hinted(whisper_settings: Settings, told: dict[str, str]) -> WhisperDecoder:
    def prompt(language: Language) -> str:
        return told["prompt"]

    return WhisperDecoder(ensure_model(whisper_settings), workers=1, threads=1, beam=1, window_s=10.0, hints=prompt)


@pytest.fixture(scope="module")
def plain(whisper_settings: Settings) -> WhisperDecoder:
    return WhisperDecoder(ensure_model(whisper_settings), workers=1, threads=1, beam=1, window_s=10.0)


@pytest.fixture(autouse=True)
def tell_nothing(told: dict[str, str]) -> Iterator[None]:
    yield
    told["prompt"] = ""


def spoken(text: str) -> NDArray[np.int16]:
    """eSpeak NG's English voice."""
    sound = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", text], capture_output=True, check=True)
    resampler = av.AudioResampler("s16", "mono", 16_000)
    with av.open(io.BytesIO(sound.stdout)) as container:
        pieces = [
            piece.to_ndarray().ravel() for frame in container.decode(audio=0) for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces)


def noises() -> dict[str, NDArray[np.int16]]:
    random = np.random.default_rng(7)
    second = 16_000
    hum = 4_000 * np.sin(2 * np.pi * 100 * np.arange(4 * second) / second)
    cough = random.normal(0, 8_000, second) * np.exp(-np.arange(second) / 2_000)
    return {
        "silence": np.zeros(3 * second, np.int16),
        "hiss": random.normal(0, 600, 4 * second).astype(np.int16),
        "loud hiss": random.normal(0, 6_000, 4 * second).astype(np.int16),
        "hum": hum.astype(np.int16),
        "cough": np.clip(cough, -32_000, 32_000).astype(np.int16),
    }


@pytest.mark.model
class TestTheRealModel:
    @pytest.mark.parametrize("noise", noises())
    def test_over_noise_hints_change_nothing(
        self, hinted: WhisperDecoder, plain: WhisperDecoder, told: dict[str, str], noise: str
    ) -> None:
        audio = noises()[noise]
        for prompt in (whisper_prompt(KOREAN).text, whisper_prompt(ENGLISH).text, BARE_LIST):
            told["prompt"] = prompt
            with_hints, without = hinted.decode(audio, "ko", True), plain.decode(audio, "ko", True)
            assert with_hints == without
            assert is_invented(with_hints, speech_s=len(audio) / 16_000, audio_s=len(audio) / 16_000)

    @pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
    def test_a_hinted_name_is_recognised_that_is_otherwise_misheard(
        self, hinted: WhisperDecoder, plain: WhisperDecoder, told: dict[str, str]
    ) -> None:
        told["prompt"] = whisper_prompt(ENGLISH).text
        better = 0
        for name in PLANS.items:
            audio = spoken(f"I would like to change to the {name} plan please.")
            assert name.lower() not in plain.decode(audio, "en", True).text.lower()
            better += name.lower() in hinted.decode(audio, "en", True).text.lower()
        assert better >= 4

    @pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
    def test_what_has_nothing_to_do_with_the_hints_is_heard_as_before(
        self, hinted: WhisperDecoder, told: dict[str, str]
    ) -> None:
        told["prompt"] = whisper_prompt(ENGLISH).text
        heard = hinted.decode(spoken("My internet has been down since yesterday morning."), "en", True)
        assert heard.text.lower().rstrip(".") == "my internet has been down since yesterday morning"

    @pytest.mark.skipif(not KOREAN_RECORDING.exists(), reason=f"the Korean recording {KOREAN_RECORDING} is not here")
    def test_a_korean_speakers_own_words_are_understood_better_when_they_are_hinted(
        self, whisper_settings: Settings, tmp_path: Path
    ) -> None:
        """Through the file, the engine and a live session."""
        file = HintsFile(tmp_path / "hints.yaml", ManualClock())
        transcriber = open_transcriber(whisper_settings, RecordingClock(), interims=False, hints=file)
        try:
            before = joined(recognise(transcriber, KOREAN_RECORDING, "ko"))
            file.save("languages: {ko: {phrases: [사용자 지정 음성, 콜 센터, 소액결제 차단, 가족 결합 할인]}}", "")
            after = joined(recognise(transcriber, KOREAN_RECORDING, "ko"))
        finally:
            transcriber.close()
        assert "콜 센터" not in before
        assert "콜 센터" in after
        assert character_error_rate(korean_text(), after) < character_error_rate(korean_text(), before)

    @pytest.mark.parametrize(
        "text",
        [
            "시니어 안심 요금제, 데이터 무제한",
            "Orbiq Unlimited, Kwikfibre Max",
            "5GX 프라임 플러스 89,000",
            "갤럭시 Z 플립7",
            "넷플릭스 팩 스탠다드",
        ],
    )
    def test_the_estimate_of_tokens_is_not_too_low(self, whisper_settings: Settings, text: str) -> None:
        tokenizer = Tokenizer.from_file(str(ensure_model(whisper_settings) / "tokenizer.json"))
        assert len(tokenizer.encode(f" {text}", add_special_tokens=False).ids) <= estimated_tokens(text)
