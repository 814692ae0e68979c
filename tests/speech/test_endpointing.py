"""Where utterances begin and end, on made-up probabilities of speech."""

import itertools
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.speech.endpointing import Endpointer, EndpointRules, SpeechStretch
from core.speech.framing import FRAME_S, FRAME_SAMPLES

RULES = EndpointRules(endpoint_s=0.5, pre_roll_s=0.32, post_roll_s=0.16, max_s=6.4)


def run(endpointer: Endpointer, probabilities: Iterable[float], first: int = 0) -> list[SpeechStretch]:
    """Push frames whose samples are their number, and end what is open at the end."""
    ended = []
    for number, probability in enumerate(probabilities, start=first):
        stretch = endpointer.push(np.full(FRAME_SAMPLES, number, np.int16), number * FRAME_S, probability)
        if stretch is not None:
            ended.append(stretch)
    return ended


def frames(stretch: SpeechStretch) -> list[int]:
    return [int(number) for number in stretch.samples[::FRAME_SAMPLES]]


def test_an_utterance_ends_after_the_silence_and_carries_its_rolls() -> None:
    endpointer = Endpointer(RULES)
    (stretch,) = run(endpointer, [0.0] * 30 + [0.9] * 20 + [0.0] * 16)
    assert stretch.start_s == pytest.approx(30 * FRAME_S)
    assert stretch.end_s == pytest.approx(50 * FRAME_S)
    assert stretch.speech_s == pytest.approx(20 * FRAME_S)
    assert frames(stretch) == list(range(20, 55))
    assert not endpointer.is_open


def test_a_pause_shorter_than_the_endpoint_does_not_end_it() -> None:
    (stretch,) = run(Endpointer(RULES), [0.9] * 10 + [0.1] * 15 + [0.9] * 10 + [0.0] * 16)
    assert stretch.end_s == pytest.approx(35 * FRAME_S)


@pytest.mark.parametrize("endpoint_s", [0.1, 0.3, 1.0])
def test_the_silence_that_ends_it_is_a_rule(endpoint_s: float) -> None:
    endpointer = Endpointer(EndpointRules(endpoint_s=endpoint_s))
    run(endpointer, [0.9] * 10)
    needed = next(n for n in range(1, 100) if run(endpointer, [0.0], first=9 + n))
    assert needed * FRAME_S == pytest.approx(endpoint_s, abs=FRAME_S)


def test_a_click_is_no_utterance() -> None:
    endpointer = Endpointer(RULES)
    assert run(endpointer, [0.0] * 5 + [0.9] * 2 + [0.0] * 30) == []
    assert not endpointer.is_open


def test_a_probability_between_the_thresholds_continues_speech_but_begins_none() -> None:
    assert run(Endpointer(RULES), [0.4] * 60) == []
    (stretch,) = run(Endpointer(RULES), [0.9] * 5 + [0.4] * 30 + [0.0] * 16)
    assert stretch.end_s == pytest.approx(35 * FRAME_S)


def test_a_monologue_is_cut_in_the_middle_of_a_long_breath_as_soon_as_that_is_drawn() -> None:
    endpointer = Endpointer(RULES)
    assert run(endpointer, [0.9] * 118) == []
    (first,) = run(endpointer, [0.3] * 7, first=118)
    assert frames(first)[-1] == 121
    assert first.end_s == pytest.approx(118 * FRAME_S)
    assert run(endpointer, [0.9] * 20, first=125) == []
    rest = endpointer.flush()
    assert rest is not None
    assert frames(rest)[0] == 122
    assert rest.start_s == pytest.approx(125 * FRAME_S)


@pytest.mark.parametrize(("spoken", "breath"), [(99, 9), (118, 7), (140, 4), (180, 3)])
def test_the_longer_a_monologue_lasts_the_shorter_a_breath_cuts_it(spoken: int, breath: int) -> None:
    endpointer = Endpointer(RULES)
    assert run(endpointer, [0.9] * spoken + [0.2] * (breath - 1)) == []
    (first,) = run(endpointer, [0.2], first=spoken + breath - 1)
    assert first.end_s == pytest.approx(spoken * FRAME_S)


def test_a_monologue_whose_breaths_were_all_short_is_cut_in_the_longest_of_its_second_half() -> None:
    probabilities = [0.9] * 250
    probabilities[60:75] = [0.2] * 15
    probabilities[105:109] = [0.2] * 4
    probabilities[112:117] = [0.3] * 5
    probabilities[180] = 0.01
    endpointer = Endpointer(RULES)
    (first,) = run(endpointer, probabilities)
    rest = endpointer.flush()
    assert frames(first)[-1] == 114
    assert first.end_s == pytest.approx(112 * FRAME_S)
    assert rest is not None
    assert frames(rest)[0] == 115
    assert rest.start_s == pytest.approx(117 * FRAME_S)


def test_a_monologue_without_a_breath_is_cut_at_its_quietest_place() -> None:
    probabilities = [0.9] * 250
    probabilities[170] = 0.2
    endpointer = Endpointer(RULES)
    (first,) = run(endpointer, probabilities)
    rest = endpointer.flush()
    assert frames(first)[-1] == 170
    assert rest is not None
    assert frames(rest)[0] == 171
    assert rest.start_s == pytest.approx(171 * FRAME_S)


def test_what_is_open_can_be_looked_at_without_ending_it() -> None:
    endpointer = Endpointer(RULES)
    run(endpointer, [0.9] * 20)
    current = endpointer.current()
    assert current is not None
    assert current.end_s == pytest.approx(20 * FRAME_S)
    assert endpointer.is_open


def test_after_a_gap_the_pre_roll_is_not_from_before_it() -> None:
    endpointer = Endpointer(RULES)
    run(endpointer, [0.0] * 20)
    endpointer.forget()
    (stretch,) = run(endpointer, [0.9] * 10 + [0.0] * 16, first=500)
    assert frames(stretch)[0] == 500


@given(st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.95]), max_size=600))
def test_utterances_never_overlap_in_speech_and_never_grow_too_long(probabilities: list[float]) -> None:
    endpointer = Endpointer(RULES)
    ended = run(endpointer, probabilities)
    if (last := endpointer.flush()) is not None:
        ended.append(last)
    for stretch in ended:
        assert stretch.duration_s <= RULES.max_s + FRAME_S
        assert stretch.end_s > stretch.start_s
        assert frames(stretch) == list(range(frames(stretch)[0], frames(stretch)[-1] + 1))
    for former, latter in itertools.pairwise(ended):
        assert latter.start_s >= former.end_s - 1e-9
