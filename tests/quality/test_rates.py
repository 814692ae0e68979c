import math

from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.call import LegId
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.rates import FIGURES, SERIES, rates

KEYS = [(leg, direction, vantage) for leg in ("l1", "l2") for direction in Direction for vantage in Vantage]


def sample(at_s: float, leg: str = "l1", direction: Direction = Direction.INBOUND, **figures: object) -> RtpSample:
    values = {"period_s": 1.0, "packets": 50, "octets": 4_000, **figures}
    return RtpSample(LegId(leg), direction, Vantage.SERVER, at_s, **values)  # type: ignore[arg-type]


def test_rates_are_counts_over_the_period_that_was_really_measured() -> None:
    row = rates([sample(1.5, period_s=1.5, packets=75, octets=7_500, lost=25, jitter_ms=4.0)]).iloc[0]
    assert (row["packets_per_s"], row["kbps"], row["loss_pct"], row["jitter_ms"]) == (50.0, 40.0, 25.0, 4.0)


def test_what_was_not_measured_is_missing_and_not_zero() -> None:
    row = rates([sample(1.0)]).iloc[0]
    assert all(math.isnan(row[figure]) for figure in ("loss_pct", "jitter_ms", "rtt_ms", "send_deviation_p99_ms"))


def test_a_missed_sample_breaks_the_line_and_a_late_one_does_not() -> None:
    frame = rates([sample(1.0), sample(2.9), sample(3.9), sample(7.0)])
    assert frame["at_s"].tolist() == [1.0, 2.9, 3.9, 4.9, 7.0]
    assert frame.index[frame["packets_per_s"].isna()].tolist() == [3]


def test_a_gap_in_one_series_leaves_the_others_whole() -> None:
    steady = [sample(float(second), "l2") for second in range(6)]
    frame = rates([sample(0.0), sample(5.0), *steady])
    assert frame[frame["leg_id"] == "l2"]["packets_per_s"].tolist() == [50.0] * 6
    assert len(frame[frame["leg_id"] == "l1"]) == 3


def test_nothing_measured_is_an_empty_table_of_the_same_columns() -> None:
    empty = rates([])
    assert len(empty) == 0
    assert list(empty.columns) == [*SERIES, "at_s", *FIGURES] == list(rates([sample(0.0)]).columns)
    assert (empty.dtypes[FIGURES] == "float64").all()


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            lambda key, at_s, packets, lost: RtpSample(LegId(key[0]), key[1], key[2], at_s, 1.0, packets, 80, lost),
            st.sampled_from(KEYS),
            st.floats(0, 7_200, allow_nan=False),
            st.integers(0, 100),
            st.none() | st.integers(-5, 100),
        ),
        max_size=60,
    )
)
def test_every_sample_is_there_once_in_order_and_no_line_crosses_a_gap(samples: list[RtpSample]) -> None:
    frame = rates(reversed(samples))
    measured = frame[frame["packets_per_s"].notna()]
    assert sorted(measured["at_s"]) == sorted(s.at_s for s in samples)
    assert measured["loss_pct"].dropna().between(0, 100).all()
    for _, line in frame.groupby(SERIES):
        assert line["at_s"].is_monotonic_increasing
        joined = line["packets_per_s"].notna() & line["packets_per_s"].shift().notna()
        assert (line["at_s"].diff()[joined] <= 2.0).all()
