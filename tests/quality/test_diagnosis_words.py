"""Every diagnosis reads as a sentence with a cure and figures, in Korean and in English."""

import re
from itertools import product

import pytest

from core.language.catalogue import translator
from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.model.sample import Direction
from core.quality.diagnosis import diagnose
from core.quality.diagnosis_words import diagnosis_words
from core.quality.synthetic import Trouble, synthetic_call


def told(cause: Cause, *evidence: Evidence, direction: Direction | None = None, is_certain: bool = True) -> Diagnosis:
    return Diagnosis(cause, LegId("l1"), direction, 1.0, None, evidence, is_certain)


@pytest.mark.parametrize("locale", ["ko", "en"])
@pytest.mark.parametrize(("cause", "direction", "is_certain"), list(product(Cause, [None, *Direction], [True, False])))
def test_every_cause_has_a_title_a_meaning_and_a_cure(
    cause: Cause, direction: Direction | None, is_certain: bool, locale: str
) -> None:
    words = diagnosis_words(told(cause, direction=direction, is_certain=is_certain), "Dana", translator(locale))
    for text in (words.title, words.meaning, words.cure):
        assert text
        assert "{" not in text
        assert bool(re.search("[가-힣]", text)) == (locale == "ko")


@pytest.mark.parametrize("trouble", Trouble)
def test_every_figure_that_shows_a_cause_has_a_name_of_its_own(trouble: Trouble) -> None:
    call = synthetic_call(trouble, length_s=300)
    for diagnosis in diagnose(call.samples, call.leg_facts, call.notes, call.length_s):
        for evidence in diagnosis_words(diagnosis, "Dana", translator("ko")).evidence:
            assert re.search("[가-힣]", evidence.label), evidence
            assert evidence.value


def test_figures_have_their_units_and_limits() -> None:
    evidence = (
        Evidence("loss_up_pct", 2.04, 1.0),
        Evidence("drift_ms_per_min", 24.25, 10.0),
        Evidence("speech_behind_s", 12.0),
        Evidence("path_transport", "udp"),
        Evidence("noise_suppression", "on"),
    )
    words = diagnosis_words(told(Cause.ACCESS_NETWORK, *evidence), "Dana", translator("en"))
    values = [(each.value, each.limit) for each in words.evidence]
    assert values == [("2%", "1%"), ("24.2 ms/min", "10 ms/min"), ("12 s", ""), ("udp", ""), ("on", "")]


def test_the_title_names_whose_leg_it_is_or_whom_the_note_names() -> None:
    assert diagnosis_words(told(Cause.SLOW_PATH), "Dana", translator("en")).title.startswith("Dana: ")
    assert diagnosis_words(told(Cause.SLOW_PATH), "", translator("en")).title.startswith("This side: ")
    noted = Diagnosis(Cause.SPEECH_BEHIND, None, None, 1.0, None, (Evidence("subject", "Chris"),))
    words = diagnosis_words(noted, "", translator("en"))
    assert words.title.startswith("Chris: ")
    assert words.evidence == ()


def test_speech_to_text_that_gets_no_sound_is_not_called_slow() -> None:
    starved = Diagnosis(Cause.SPEECH_BEHIND, None, None, 1.0, 9.0, (Evidence("speech_starved_s", 8.0),))
    behind = Diagnosis(Cause.SPEECH_BEHIND, None, None, 1.0, 9.0, (Evidence("speech_behind_s", 8.0),))
    assert "no sound" in diagnosis_words(starved, "Dana", translator("en")).title
    assert "keep up" in diagnosis_words(behind, "Dana", translator("en")).title
