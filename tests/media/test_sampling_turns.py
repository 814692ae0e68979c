"""In which order the legs' figures are taken."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.media.exchange import SAMPLE_PERIOD_S, SAMPLE_TURNS, next_in_turn
from core.model.call import LegId

TURN_S = SAMPLE_PERIOD_S / SAMPLE_TURNS


@given(legs=st.integers(1, 200), opened=st.floats(0.0, 1e6))
def test_every_leg_has_its_figures_taken_once_a_second_and_never_many_at_once(legs: int, opened: float) -> None:
    sampled = {LegId(str(number)): opened for number in range(legs)}
    taken: Counter[LegId] = Counter()
    seconds = 10
    for turn in range(1, seconds * SAMPLE_TURNS + 1):
        now = opened + turn * TURN_S
        chosen = next_in_turn(sampled, now)
        assert len(chosen) <= -(-legs // SAMPLE_TURNS)
        for leg_id in chosen:
            assert now - sampled[leg_id] < 2.1 * SAMPLE_PERIOD_S
            sampled[leg_id] = now
        taken.update(chosen)
    assert set(taken) == set(sampled)
    assert all(count >= seconds - 2 for count in taken.values())


def test_those_that_have_waited_longest_come_first() -> None:
    sampled = {LegId("early"): 0.0, LegId("late"): 0.5}
    assert next_in_turn(sampled, 2.0) == [LegId("early")]
    assert next_in_turn(sampled, 0.9) == []
