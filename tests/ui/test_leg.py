"""What the leg widget asks of the browser, and the words it shows."""

import re
from pathlib import Path

import pytest

from core.language.catalogue import translator
from core.settings import Settings
from core.ui import leg as leg_module
from core.ui.leg import MicrophoneConstraints
from core.ui.leg_words import leg_words
from core.ui.theme import ASSETS


def test_failure_3_robotic_voice_the_microphone_is_asked_for_without_noise_suppression() -> None:
    assert MicrophoneConstraints().as_track_constraints() == {
        "echoCancellation": True,
        "noiseSuppression": False,
        "autoGainControl": True,
        "sampleRate": 48_000,
        "channelCount": 1,
        "latency": 0.0,
    }
    assert MicrophoneConstraints.from_settings(Settings(_env_file=None)) == MicrophoneConstraints()


def test_the_owner_of_the_server_decides_what_is_asked_for(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, echo_cancellation=False, noise_suppression=True, auto_gain_control=False)
    asked = MicrophoneConstraints.from_settings(settings).as_track_constraints()
    assert (asked["echoCancellation"], asked["noiseSuppression"], asked["autoGainControl"]) == (False, True, False)


def flat(words: dict[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, word in words.items():
        found |= flat(word, f"{prefix}{name}.") if isinstance(word, dict) else {f"{prefix}{name}": str(word)}
    return found


@pytest.mark.parametrize("name", flat(leg_words(translator("en"))))
def test_every_word_of_the_panel_is_there_in_korean(name: str) -> None:
    english, korean = flat(leg_words(translator("en")))[name], flat(leg_words(translator("ko")))[name]
    assert re.search("[가-힣]", korean), f"no Korean for {english!r}"
    assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", korean)


def test_the_panel_has_a_word_for_every_phase_and_asks_for_no_word_that_is_missing() -> None:
    script = "".join(
        (ASSETS / name).read_text() for name in ("microphone_controls.js", "ice_trouble.js", "leg_panel.js")
    )
    words = leg_words(translator("en"))
    assert isinstance(words["phases"], dict)
    assert set(re.findall(r'(?:enter|giveUp)\("(\w+)"\)', script)) <= set(words["phases"])
    top = set(re.findall(r"\bwords\.(\w+)", script))
    assert top - {"phases", "problems", "constraints"} <= set(words)
    assert set(re.findall(r"words\.problems\.(\w+)", script)) <= set(flat(words["problems"]))  # type: ignore[arg-type]


def test_every_file_of_the_panel_is_there() -> None:
    assert all((ASSETS / name).is_file() for name in leg_module.SCRIPTS)
