"""Each alert is raised by what it is about, not by one bad second, and cleared when that is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.call import LegId
from core.model.quality import Alert, AlertKind
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.alert_log import ALERTS_KEPT
from core.quality.alerts import QualityWatch, judged
from tests.quality.stream import LEG, feed, sample

IN, OUT = Direction.INBOUND, Direction.OUTBOUND


@pytest.fixture
def watch() -> QualityWatch:
    return QualityWatch()


def alerts(watch: QualityWatch, kind: AlertKind) -> list[Alert]:
    return [alert for alert in watch.quality.alerts if alert.kind is kind]


def open_kinds(watch: QualityWatch) -> set[tuple[AlertKind, Direction | None]]:
    return {(alert.kind, alert.direction) for alert in watch.quality.alerts if alert.is_open}


LATCHED = [
    ("jitter_ms", AlertKind.HIGH_JITTER, IN, IN, 31.0, 30.0),
    ("jitter_ms", AlertKind.HIGH_JITTER, OUT, OUT, 31.0, 30.0),
    ("rtt_ms", AlertKind.HIGH_RTT, OUT, None, 401.0, 400.0),
    ("rtt_ms", AlertKind.LOW_MOS, OUT, OUT, 395.0, 20.0),
]
"""The figure, its alert, where it is measured, what the alert is about, beyond the limit, and not beyond it."""


@pytest.mark.parametrize(("field", "kind", "measured", "about", "bad", "good"), LATCHED)
class TestThreeOfFive:
    def test_three_bad_seconds_raise_it_with_their_figures(
        self, watch: QualityWatch, field: str, kind: AlertKind, measured: Direction, about: Direction | None,
        bad: float, good: float,
    ) -> None:  # fmt: skip
        feed(watch, field, [bad, good, bad, good], measured)
        assert alerts(watch, kind) == []
        feed(watch, field, [bad], measured, start_s=5.0)
        (alert,) = [each for each in alerts(watch, kind) if each.direction == about]
        assert (alert.leg_id, alert.raised_at_s, alert.is_open) == (LEG, 5.0, True)
        assert len(alert.evidence) == 5

    def test_two_bad_seconds_of_five_raise_nothing(
        self, watch: QualityWatch, field: str, kind: AlertKind, measured: Direction, about: Direction | None,
        bad: float, good: float,
    ) -> None:  # fmt: skip
        feed(watch, field, [bad, bad, good, good, good] * 10, measured)
        assert alerts(watch, kind) == []

    def test_it_goes_on_until_five_good_seconds(
        self, watch: QualityWatch, field: str, kind: AlertKind, measured: Direction, about: Direction | None,
        bad: float, good: float,
    ) -> None:  # fmt: skip
        at_s = feed(watch, field, [bad] * 3 + [good] * 4, measured)
        assert (kind, about) in open_kinds(watch)
        feed(watch, field, [good], measured, start_s=at_s)
        assert (kind, about) not in open_kinds(watch)
        (alert,) = [each for each in alerts(watch, kind) if each.direction == about]
        assert alert.cleared_at_s == at_s

    def test_missing_figures_neither_raise_nor_clear(
        self, watch: QualityWatch, field: str, kind: AlertKind, measured: Direction, about: Direction | None,
        bad: float, good: float,
    ) -> None:  # fmt: skip
        at_s = feed(watch, field, [bad, None, bad, None], measured)
        assert alerts(watch, kind) == []
        at_s = feed(watch, field, [bad, *[None] * 10], measured, start_s=at_s)
        assert (kind, about) in open_kinds(watch)


def lossy(percent: float) -> dict[str, object]:
    return {"packets": 1_000 - round(10 * percent), "lost": round(10 * percent)}


def test_a_burst_of_loss_raises_an_alert_by_its_mean(watch: QualityWatch) -> None:
    for at_s, percent in enumerate([0.0, 0.0, 12.0, 10.0, 0.0, 0.0, 0.0], start=1):
        watch.add(sample(at_s, **lossy(percent)))
    (alert,) = alerts(watch, AlertKind.PACKET_LOSS)
    assert alert.raised_at_s == 7.0
    assert alert.worst == pytest.approx(12.0)


def test_loss_is_over_when_its_mean_is(watch: QualityWatch) -> None:
    for at_s in range(1, 8):
        watch.add(sample(at_s, **lossy(4.0)))
    assert (AlertKind.PACKET_LOSS, IN) in open_kinds(watch)
    for at_s in range(8, 13):
        watch.add(sample(at_s, **lossy(0.0)))
    assert (AlertKind.PACKET_LOSS, IN) in open_kinds(watch), "two bad ones of seven are 1.1 % yet"
    watch.add(sample(13, **lossy(0.0)))
    assert (AlertKind.PACKET_LOSS, IN) not in open_kinds(watch)


def test_a_report_about_five_seconds_is_a_share_of_all_that_was_sent_in_them() -> None:
    assert sample(5, OUT, lost=5, expected=250).loss_pct == 2.0
    assert sample(5, OUT, lost=5, expected=0).loss_pct is None
    assert sample(5, OUT, lost=-3, expected=250).loss_pct == 0.0


@pytest.mark.parametrize("direction", Direction)
def test_no_media_is_raised_after_three_empty_seconds_and_cleared_by_one_packet(
    watch: QualityWatch, direction: Direction
) -> None:
    nothing: dict[str, object] = {"packets": 0, "octets": 0, "lost": None}
    for at_s in (1, 2):
        watch.add(sample(at_s, direction, **nothing))
    assert open_kinds(watch) == set()
    watch.add(sample(3, direction, **nothing))
    watch.add(sample(4, direction, **nothing))
    assert open_kinds(watch) == {(AlertKind.NO_MEDIA, direction)}
    watch.add(sample(5, direction, packets=1, octets=3))
    (alert,) = alerts(watch, AlertKind.NO_MEDIA)
    assert (alert.raised_at_s, alert.cleared_at_s, alert.worst) == (3.0, 5.0, 4.0)


def test_audio_in_one_direction_only_is_told_after_five_seconds(watch: QualityWatch) -> None:
    feed(watch, "octets", [4_000, 4_000], IN)
    feed(watch, "octets", [0] * 4, IN, start_s=3.0)
    assert alerts(watch, AlertKind.ONE_WAY_AUDIO) == []
    feed(watch, "octets", [0], IN, start_s=7.0)
    (alert,) = alerts(watch, AlertKind.ONE_WAY_AUDIO)
    assert alert.worst == 5.0
    feed(watch, "octets", [4_000], IN, start_s=8.0)
    assert open_kinds(watch) == set()


def test_a_leg_that_only_listens_misses_no_audio(watch: QualityWatch) -> None:
    for at_s in range(1, 20):
        watch.add(sample(at_s, OUT))
    assert watch.quality.alerts == ()


def test_samples_that_stay_away_are_noticed_and_their_return_too(watch: QualityWatch) -> None:
    watch.add(sample(1))
    watch.tick(6.0)
    assert watch.quality.alerts == ()
    watch.tick(6.1)
    assert open_kinds(watch) == {(AlertKind.STATS_GAP, IN)}
    watch.add(sample(20))
    (alert,) = watch.quality.alerts
    assert (alert.raised_at_s, alert.cleared_at_s, alert.worst) == (6.0, 20.0, 19.0)


def test_a_leg_that_ends_takes_its_alerts_and_scores_with_it(watch: QualityWatch) -> None:
    feed(watch, "jitter_ms", [50.0] * 6, IN)
    assert len(watch.quality.scores) == 2
    watch.end_leg(LEG)
    watch.end_leg(LEG)
    watch.tick(100.0)
    assert open_kinds(watch) == set()
    assert watch.quality.scores == ()
    assert [alert.cleared_at_s for alert in alerts(watch, AlertKind.HIGH_JITTER)] == [6.0]


def test_one_legs_trouble_is_not_anothers(watch: QualityWatch) -> None:
    other = LegId("l2")
    for at_s in range(1, 8):
        watch.add(sample(at_s, jitter_ms=60.0))
        watch.add(sample(at_s, leg_id=other))
    assert {alert.leg_id for alert in watch.quality.alerts} == {LEG}


def test_what_a_browser_measured_raises_nothing_here(watch: QualityWatch) -> None:
    for at_s in range(1, 8):
        measured = sample(at_s, jitter_ms=60.0)
        watch.add(RtpSample(LEG, IN, Vantage.BROWSER, measured.at_s, 1.0, 50, 4_000, jitter_ms=60.0))
    assert watch.quality.alerts == ()


def test_a_restless_call_does_not_fill_the_memory(watch: QualityWatch) -> None:
    at_s = 1.0
    for _ in range(ALERTS_KEPT + 50):
        at_s = feed(watch, "octets", [0, 0, 0, 4_000], IN, start_s=at_s)
    assert len(watch.quality.alerts) == ALERTS_KEPT
    assert watch.forgotten == 50


FIGURE = st.none() | st.floats(0, 2_000)
SECONDS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(Direction), FIGURE, FIGURE, st.integers(0, 60),
              st.none() | st.integers(-5, 60), st.floats(0.2, 9.0)),
    max_size=80,
)  # fmt: skip


@given(SECONDS)
def test_whatever_comes_the_alerts_of_an_ended_call_are_in_order_and_over(
    seconds: list[tuple[str, Direction, float | None, float | None, int, int | None, float]],
) -> None:
    at_s, samples = 0.0, []
    for leg, direction, jitter_ms, rtt_ms, packets, lost, step_s in seconds:
        at_s += step_s
        figures = {"jitter_ms": jitter_ms, "rtt_ms": rtt_ms, "packets": packets, "octets": packets * 80, "lost": lost}
        samples.append(sample(at_s, direction, LegId(leg), **figures))
    found = judged(samples).alerts
    for alert in found:
        assert alert.cleared_at_s is not None
        assert 0 <= alert.raised_at_s <= alert.cleared_at_s <= at_s
        assert alert.evidence
    by_key: dict[tuple[object, ...], float] = {}
    for alert in found:
        key = (alert.leg_id, alert.kind, alert.direction)
        assert alert.raised_at_s >= by_key.get(key, 0.0), "the former one was over before"
        by_key[key] = alert.cleared_at_s or 0.0
