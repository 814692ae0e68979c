"""What of a browser's reports is believed: the rules one by one, and that nothing gets round them."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.calls.browser_samples import (
    AHEAD_S,
    BEFORE_LEG_S,
    BURST,
    OLDEST_S,
    RATE_PER_S,
    BrowserSecond,
    LegAdmission,
    Refusal,
)
from core.model.sample import Direction, RtpSample, Vantage
from tests.quality.stream import LEG


def second(number: int, at_s: float) -> BrowserSecond:
    samples = tuple(RtpSample(LEG, each, Vantage.BROWSER, at_s, 1.0, 50, 4_000) for each in Direction)
    return BrowserSecond(number, at_s, samples)


def refusals(admission: LegAdmission, *seconds: BrowserSecond, now_s: float) -> dict[Refusal, int]:
    return dict(admission.admit(seconds, now_s)[1])


def test_a_second_is_taken_with_both_directions_once() -> None:
    admission = LegAdmission(10.0)
    taken, refused = admission.admit([second(0, 11.0), second(1, 12.0)], 12.1)
    assert [(sample.at_s, sample.direction) for sample in taken] == [
        (at_s, direction) for at_s in (11.0, 12.0) for direction in Direction
    ]
    assert not refused
    assert refusals(admission, second(0, 11.0), second(1, 12.0), now_s=12.2) == {Refusal.REPEATED: 2}


def test_a_later_number_with_an_earlier_time_is_a_repetition_too() -> None:
    admission = LegAdmission(0.0)
    assert refusals(admission, second(0, 11.0), second(1, 11.0), second(2, 10.5), now_s=12.0) == {Refusal.REPEATED: 2}


def test_times_must_lie_near_the_present_and_not_before_the_leg() -> None:
    assert refusals(LegAdmission(0.0), second(0, 10.0 + AHEAD_S + 0.1), now_s=10.0) == {Refusal.FUTURE: 1}
    assert refusals(LegAdmission(0.0), second(0, 10.0 + AHEAD_S - 0.1), now_s=10.0) == {}
    assert refusals(LegAdmission(0.0), second(0, 9.9), now_s=10.0 + OLDEST_S) == {Refusal.OLD: 1}
    assert refusals(LegAdmission(0.0), second(0, 10.1), now_s=10.0 + OLDEST_S) == {}
    assert refusals(LegAdmission(50.0), second(0, 49.9 - BEFORE_LEG_S), now_s=51.0) == {Refusal.BEFORE_LEG: 1}
    assert refusals(LegAdmission(50.0), second(0, 50.1 - BEFORE_LEG_S), now_s=51.0) == {}


def test_a_refused_second_stands_in_no_true_one_s_way() -> None:
    admission = LegAdmission(0.0)
    assert refusals(admission, second(2**31, 500.0), second(0, 1.0), now_s=1.0) == {Refusal.FUTURE: 1}
    assert refusals(admission, second(1, 2.0), now_s=2.0) == {}


def test_a_minute_that_waited_is_taken_at_once_and_a_flood_is_not() -> None:
    waited = [second(number, number + 1.0) for number in range(60)]
    assert refusals(LegAdmission(0.0), *waited, now_s=60.0) == {}
    flood = [second(number, number / 100) for number in range(1_000)]
    assert refusals(LegAdmission(0.0), *flood, now_s=10.0) == {Refusal.TOO_MANY: 1_000 - int(BURST)}


def test_a_leg_that_is_over_reports_no_more() -> None:
    taken, refused = LegAdmission(0.0).admit([second(0, 1.0)], 2.0, ended_at_s=1.5)
    assert (taken, refused) == ((), Counter({Refusal.LEG_OVER: 1}))


reports = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(-5, 300), st.floats(-200.0, 600.0)), max_size=80),
        st.floats(0.0, 3.0),
    ),
    max_size=40,
)


@given(reports=reports, opened_s=st.floats(0.0, 5.0))
def test_whatever_comes_what_is_taken_is_in_order_timely_bounded_and_all_else_is_counted(
    reports: list[tuple[list[tuple[int, float]], float]], opened_s: float
) -> None:
    admission, now_s, all_taken = LegAdmission(opened_s), opened_s, []
    for seconds, passed_s in reports:
        now_s += passed_s
        taken, refused = admission.admit([second(*each) for each in seconds], now_s)
        assert len(taken) // 2 + refused.total() == len(seconds)
        for sample in taken:
            assert max(opened_s - BEFORE_LEG_S, now_s - OLDEST_S) <= sample.at_s <= now_s + AHEAD_S
        all_taken += [sample.at_s for sample in taken[::2]]
    assert all(before < after for before, after in pairwise(all_taken))
    assert len(all_taken) <= BURST + RATE_PER_S * (now_s - opened_s) + 1e-6
