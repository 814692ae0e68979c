"""Each alert is raised by what it is about, not by one bad second, and cleared when that is over."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.call import LegId
from core.model.diagnosis import Cause
from core.model.leg_facts import BrowserFacts, IceFacts, LegFacts
from core.model.quality import Alert, AlertKind
from core.model.sample import Direction, PathState, Vantage
from core.quality.alert_log import ALERTS_KEPT
from core.quality.alerts import QualityWatch, judged, judged_call
from core.quality.synthetic import AGENT, CUSTOMER, Trouble, synthetic_call
from tests.fakes.report_call import reported_call
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


def test_loss_that_is_little_in_the_mean_but_goes_on_is_one_alert(watch: QualityWatch) -> None:
    for at_s in range(1, 61):
        watch.add(sample(at_s, **lossy(1.5 if at_s % 5 in (1, 2, 3) else 0.0)))
    (alert,) = alerts(watch, AlertKind.PACKET_LOSS)
    assert alert.is_open


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


# Both vantages


def test_the_same_trouble_seen_from_both_sides_is_two_alerts_that_name_who_measured(watch: QualityWatch) -> None:
    for at_s in range(1, 8):
        for vantage in Vantage:
            watch.add(sample(at_s, OUT, vantage=vantage, jitter_ms=60.0))
    assert {(alert.kind, alert.vantage) for alert in watch.quality.alerts} == {
        (AlertKind.HIGH_JITTER, Vantage.SERVER),
        (AlertKind.HIGH_JITTER, Vantage.BROWSER),
    }


def test_a_browsers_figures_that_come_a_minute_late_are_no_gap(watch: QualityWatch) -> None:
    watch.add(sample(1, OUT, vantage=Vantage.BROWSER))
    watch.tick(61.0)
    for at_s in range(2, 61):
        watch.add(sample(at_s, OUT, vantage=Vantage.BROWSER))
    assert watch.quality.alerts == ()
    watch.tick(130.0)
    assert open_kinds(watch) == {(AlertKind.STATS_GAP, OUT)}


def test_what_is_missing_from_a_browsers_figures_was_a_gap(watch: QualityWatch) -> None:
    watch.add(sample(1, OUT, vantage=Vantage.BROWSER))
    watch.add(sample(9, OUT, vantage=Vantage.BROWSER))
    (alert,) = watch.quality.alerts
    assert (alert.kind, alert.vantage, alert.cleared_at_s, alert.worst) == (
        AlertKind.STATS_GAP,
        Vantage.BROWSER,
        9,
        8.0,
    )


def test_late_figures_of_a_browser_judge_their_own_time_and_not_the_servers(watch: QualityWatch) -> None:
    for at_s in range(1, 31):
        watch.add(sample(at_s, OUT))
    for at_s in range(1, 31):
        watch.add(sample(at_s, OUT, vantage=Vantage.BROWSER, jitter_ms=60.0 if at_s <= 5 else 2.0))
    (alert,) = watch.quality.alerts
    assert (alert.vantage, alert.raised_at_s, alert.cleared_at_s) == (Vantage.BROWSER, 3, 10)


def test_a_round_trip_time_that_a_browser_states_twice_counts_once(watch: QualityWatch) -> None:
    for at_s in (1, 2):
        for direction in Direction:
            watch.add(sample(at_s, direction, vantage=Vantage.BROWSER, rtt_ms=500.0))
    assert alerts(watch, AlertKind.HIGH_RTT) == []
    watch.add(sample(3, IN, vantage=Vantage.BROWSER, rtt_ms=500.0))
    assert len(alerts(watch, AlertKind.HIGH_RTT)) == 1


# What is told of a leg beyond its figures


def test_regression_of_failure_9_a_leg_from_which_not_one_frame_came_is_told_five_seconds_after_connecting(
    watch: QualityWatch,
) -> None:
    """The first report's "Total frames: 0"."""
    for at_s in range(11, 15):
        watch.add(sample(at_s, IN, packets=0, octets=0))
    assert alerts(watch, AlertKind.NO_FRAMES) == []
    watch.add(sample(15, IN, packets=0, octets=0))
    (alert,) = alerts(watch, AlertKind.NO_FRAMES)
    assert (alert.raised_at_s, alert.direction, alert.worst) == (15, IN, 5.0)
    watch.add(sample(16, IN))
    assert (AlertKind.NO_FRAMES, IN) not in open_kinds(watch)


def test_silence_after_the_first_frame_is_another_alert(watch: QualityWatch) -> None:
    watch.add(sample(1, IN))
    for at_s in range(2, 20):
        watch.add(sample(at_s, IN, packets=0, octets=0))
    assert alerts(watch, AlertKind.NO_FRAMES) == []


def levels(watch: QualityWatch, figures: Iterable[float], start_s: float = 1.0, **more: object) -> float:
    for at_s, level in enumerate(figures, start=int(start_s)):
        watch.add(sample(at_s, IN, level_dbfs=level, **more))
        start_s = at_s + 1.0
    return start_s


def test_a_microphone_whose_level_stands_still_for_ten_seconds_is_dead_until_somebody_speaks(
    watch: QualityWatch,
) -> None:
    at_s = levels(watch, [-90.0] * 9)
    assert alerts(watch, AlertKind.DEAD_MICROPHONE) == []
    at_s = levels(watch, [-90.0, -90.0], at_s)
    assert open_kinds(watch) == {(AlertKind.DEAD_MICROPHONE, IN)}
    at_s = levels(watch, [-63.0, -58.0], at_s)
    assert open_kinds(watch) == {(AlertKind.DEAD_MICROPHONE, IN)}
    levels(watch, [-30.0], at_s)
    assert open_kinds(watch) == set()


def test_a_microphone_that_is_all_but_silent_for_thirty_seconds_is_dead(watch: QualityWatch) -> None:
    at_s = levels(watch, [-61.0, -64.0] * 14 + [-62.0])
    assert alerts(watch, AlertKind.DEAD_MICROPHONE) == []
    levels(watch, [-61.0], at_s)
    assert open_kinds(watch) == {(AlertKind.DEAD_MICROPHONE, IN)}


def test_silence_before_a_gap_and_after_it_is_not_silence_all_the_while(watch: QualityWatch) -> None:
    levels(watch, [-61.0, -64.0], 1.0)
    levels(watch, [-61.0, -64.0], 60.0)
    assert alerts(watch, AlertKind.DEAD_MICROPHONE) == []


def test_a_pause_between_words_is_no_dead_microphone(watch: QualityWatch) -> None:
    levels(watch, ([-61.0, -64.0] * 12 + [-25.0]) * 5)
    assert watch.quality.alerts == ()


def test_a_microphone_that_is_switched_off_is_no_dead_one(watch: QualityWatch) -> None:
    for at_s in range(1, 60):
        watch.add(sample(at_s, IN, vantage=Vantage.BROWSER, level_dbfs=-90.0, is_muted=True))
        watch.add(sample(at_s, IN, level_dbfs=-90.0))
    assert watch.quality.alerts == ()


def test_a_browser_that_tells_late_that_it_was_muted_takes_the_alert_back(watch: QualityWatch) -> None:
    levels(watch, [-90.0] * 15)
    assert open_kinds(watch) == {(AlertKind.DEAD_MICROPHONE, IN)}
    watch.add(sample(12, IN, vantage=Vantage.BROWSER, level_dbfs=-90.0, is_muted=True))
    assert open_kinds(watch) == set()


def heard(watch: QualityWatch, seconds: range, **figures: object) -> None:
    for at_s in seconds:
        watch.add(sample(at_s, OUT, vantage=Vantage.BROWSER, **figures))


def test_sound_that_is_made_up_for_fifteen_seconds_is_told(watch: QualityWatch) -> None:
    heard(watch, range(1, 15), concealed_pct=4.0)
    assert watch.quality.alerts == ()
    heard(watch, range(15, 16), concealed_pct=4.0)
    assert open_kinds(watch) == {(AlertKind.CONCEALMENT, OUT)}
    heard(watch, range(16, 26), concealed_pct=0.0)
    assert open_kinds(watch) == {(AlertKind.CONCEALMENT, OUT)}
    heard(watch, range(26, 30), concealed_pct=0.0)
    assert open_kinds(watch) == set()


def test_a_buffer_that_grows_for_two_minutes_is_told_until_it_stands_still(watch: QualityWatch) -> None:
    for at_s in range(1, 180):
        heard(watch, range(at_s, at_s + 1), jitter_buffer_ms=40 + at_s / 4)
        assert bool(watch.quality.alerts) == (at_s >= 120), at_s
    (alert,) = watch.quality.alerts
    assert alert.worst == pytest.approx(15.0)
    heard(watch, range(180, 320), jitter_buffer_ms=85.0)
    assert open_kinds(watch) == set()


@pytest.mark.parametrize("unclean", [{"jitter_ms": 22.0}, {"lost": 1}])
def test_a_buffer_that_grows_by_the_networks_fault_is_not_told(watch: QualityWatch, unclean: dict[str, object]) -> None:
    for at_s in range(1, 300):
        heard(watch, range(at_s, at_s + 1), jitter_buffer_ms=40 + at_s / 4, **unclean)
    assert alerts(watch, AlertKind.JITTER_BUFFER_GROWTH) == []


def test_a_path_that_is_broken_for_five_seconds_is_told_until_it_is_back(watch: QualityWatch) -> None:
    heard(watch, range(1, 5), path_state=PathState.CONNECTED)
    heard(watch, range(5, 9), path_state=PathState.DISCONNECTED)
    assert watch.quality.alerts == ()
    heard(watch, range(9, 12), path_state=PathState.FAILED)
    (alert,) = watch.quality.alerts
    assert (alert.kind, alert.raised_at_s, alert.worst) == (AlertKind.ICE_DISCONNECTED, 9, 7.0)
    heard(watch, range(12, 13), path_state=PathState.CONNECTED)
    assert open_kinds(watch) == set()


def test_three_other_paths_in_half_a_minute_are_told_until_a_minute_without(watch: QualityWatch) -> None:
    for number, at_s in enumerate((1, 10, 20)):
        heard(watch, range(at_s, at_s + 1), path_id=f"{number}")
    assert alerts(watch, AlertKind.PATH_FLAPPING) == []
    heard(watch, range(29, 88), path_id="3")
    assert (AlertKind.PATH_FLAPPING, None) in open_kinds(watch)
    heard(watch, range(88, 90), path_id="3")
    assert alerts(watch, AlertKind.PATH_FLAPPING)[0].cleared_at_s == 89


def test_three_other_paths_in_an_hour_are_nothing(watch: QualityWatch) -> None:
    for number in range(5):
        heard(watch, range(600 * number + 1, 600 * number + 2), path_id=f"{number}")
    assert alerts(watch, AlertKind.PATH_FLAPPING) == []


def test_a_set_up_that_takes_more_than_five_seconds_is_told_once(watch: QualityWatch) -> None:
    offered = LegFacts(LEG, 1.0, 2.0)
    watch.know([offered], 7.0)
    assert watch.quality.alerts == ()
    watch.know([offered], 7.5)
    assert open_kinds(watch) == {(AlertKind.SLOW_SET_UP, None)}
    connected = replace(offered, connected_at_s=9.0)
    for now_s in (9.5, 10.5, 60.0):
        watch.know([connected], now_s)
    (alert,) = watch.quality.alerts
    assert (alert.raised_at_s, alert.cleared_at_s, alert.worst) == (7.0, 9.0, 7.0)


def test_a_call_that_has_ended_is_judged_with_all_that_is_known_of_it() -> None:
    call = synthetic_call(Trouble.DRIFT, length_s=300)
    slow = replace(call.leg_facts[CUSTOMER], offered_at_s=1.0, connected_at_s=8.0)
    quality = judged(call.samples, {CUSTOMER: slow}, call.notes, call.length_s)
    assert {alert.kind for alert in quality.alerts} == {AlertKind.JITTER_BUFFER_GROWTH, AlertKind.SLOW_SET_UP}
    assert [each.cause for each in quality.diagnoses] == [Cause.TIMESTAMP_DRIFT]
    assert {drift.leg_id: drift.slope_ms_per_min > 10 for drift in quality.drifts} == {AGENT: False, CUSTOMER: True}
    assert {score.vantage for score in quality.scores} == set(Vantage)


def test_a_call_that_never_found_a_path_was_in_trouble_until_it_ended() -> None:
    ice = IceFacts(local=("host/udp",), remote=("host/udp",))
    leg = LegFacts(CUSTOMER, 2.0, offered_at_s=3.0, browser=BrowserFacts(name="Chrome 156", ice=ice))
    stored, _ = reported_call(Trouble.DRIFT)
    call = replace(stored.call, ended_at=stored.call.created_at + 60.0)
    quality = judged_call(replace(stored, call=call, notes=(), leg_facts={CUSTOMER: leg}), ())
    assert [(each.cause, each.start_s, each.end_s) for each in quality.diagnoses] == [(Cause.RELAY_NEEDED, 2.0, 60.0)]
    assert [(each.kind, each.cleared_at_s) for each in quality.alerts] == [(AlertKind.SLOW_SET_UP, 60.0)]


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
