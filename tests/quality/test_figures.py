"""What the charts show of samples agrees with what the scorer and the samples themselves say."""

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from core.model.call import CallId, LegId, ParticipantId, Role
from core.model.sample import Direction, RtpSample, Vantage
from core.model.utterance import Utterance
from core.quality.figures import with_scores
from core.quality.frames import sample_frame
from core.quality.moments import doubted_during_loss, metric_summaries, worst_moments
from core.quality.scores import Scorer
from core.quality.segments import SampleWriter
from core.quality.stored_frames import StoredFrame, of_legs, read_frame, with_latest
from tests.fakes.clock import ManualClock

CALL, LEG, SPEAKER = CallId("c1"), LegId("l1"), ParticipantId("p1")


def second(at_s: float, jitter_ms: float | None = 3.0, rtt_ms: float | None = 40.0, lost: int = 0) -> list[RtpSample]:
    """One second of one leg as the server measures it: the far end reports every fifth second."""
    is_report = at_s % 5 == 0
    came = RtpSample(LEG, Direction.INBOUND, Vantage.SERVER, at_s, 1.0, 50 - lost, 8_000, lost, jitter_ms)
    sent = RtpSample(
        LEG,
        Direction.OUTBOUND,
        Vantage.SERVER,
        at_s,
        1.0,
        50,
        8_000,
        lost if is_report else None,
        jitter_ms,
        rtt_ms,
        expected=250 if is_report else None,
    )
    return [came, sent]


def keep(directory: Path, samples: list[RtpSample]) -> None:
    writer = SampleWriter(directory, ManualClock())
    writer.append(CALL, samples)
    writer.close(CALL)


def test_a_frame_from_the_files_equals_the_frame_of_the_samples(tmp_path: Path) -> None:
    samples = [each for t in range(1, 150) for each in second(float(t), lost=t % 3)]
    samples.append(replace(samples[0], at_s=150.0, packets=0, lost=0, expected=None))
    keep(tmp_path, samples)
    read = read_frame(tmp_path, CALL).frame
    made = sample_frame(samples)
    assert list(read.columns) == list(made.columns)
    for name in ("leg_id", "direction", "vantage"):
        assert list(read[name]) == list(made[name])
    figures = [name for name in made.columns if made[name].dtype == "float64"]
    np.testing.assert_allclose(read[figures].astype("float64"), made[figures])


def test_a_window_reads_its_own_samples_alone(tmp_path: Path) -> None:
    keep(tmp_path, [each for t in range(1, 400) for each in second(float(t))])
    read = read_frame(tmp_path, CALL, (100.0, 130.0)).frame
    assert (read["at_s"].min(), read["at_s"].max(), len(read)) == (100.0, 130.0, 62)


def test_a_damaged_segment_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    keep(tmp_path, [each for t in range(1, 180) for each in second(float(t))])
    (tmp_path / CALL / "00001.parquet").write_bytes(b"PAR1 no more")
    read = read_frame(tmp_path, CALL)
    assert read.damaged == ("00001.parquet",)
    assert not read.frame["at_s"].between(60.0, 119.9).any()
    assert len(read.frame) == 2 * (59 + 60)


def test_what_is_in_memory_alone_is_added_once(tmp_path: Path) -> None:
    samples = [each for t in range(1, 100) for each in second(float(t))]
    keep(tmp_path, samples[:-20])
    both = with_latest(read_frame(tmp_path, CALL), samples[-60:])
    assert list(both.frame["at_s"]) == [each.at_s for each in samples]


def test_figures_of_a_leg_that_is_kept_from_the_reader_are_not_there() -> None:
    other = [replace(each, leg_id=LegId("l2")) for each in second(1.0)]
    frame = sample_frame([*second(1.0), *other])
    assert set(of_legs(StoredFrame(frame), {LEG}).frame["leg_id"]) == {LEG}


def as_the_browser(each: RtpSample) -> RtpSample:
    """The same figures, had the other end of the leg measured them."""
    away = Direction.INBOUND if each.direction is Direction.OUTBOUND else Direction.OUTBOUND
    return replace(each, direction=away, vantage=Vantage.BROWSER)


@pytest.mark.parametrize("vantage", Vantage)
def test_the_scores_of_a_line_are_those_of_the_scorer(vantage: Vantage) -> None:
    chance = Random(7)
    samples = [
        each
        for t in range(1, 60)
        for each in second(
            float(t),
            jitter_ms=None if t in (20, 21) else chance.uniform(0, 60),
            rtt_ms=None if t in (30, 31) else chance.uniform(10, 1_200),
            lost=chance.choice((0, 0, 3, 45)),
        )
    ]
    # The scorer knows the round-trip time of a second only after the second's first sample.
    samples = [each for pair in zip(samples[1::2], samples[::2], strict=True) for each in pair]
    if vantage is Vantage.BROWSER:
        samples = [as_the_browser(each) for each in samples]
    scorer = Scorer()
    wanted = [score.mos if (score := scorer.score(each)) else np.nan for each in samples]
    np.testing.assert_allclose(with_scores(sample_frame(samples))["mos"].to_numpy(), wanted)


def test_a_loss_that_the_far_end_reports_holds_until_the_next_report() -> None:
    frame = with_scores(sample_frame([each for t in range(1, 12) for each in second(float(t), lost=5)]))
    reported = frame[frame["direction"] == "outbound"]["loss_pct"].to_list()
    assert np.isnan(reported[:4]).all()
    assert reported[4:] == [2.0] * 7
    seconds = [as_the_browser(each) for t in range(1, 12) for each in second(float(t), lost=5)]
    frame = with_scores(sample_frame(seconds))
    assert frame[frame["direction"] == "inbound"]["loss_pct"].to_list()[4:] == [2.0] * 7


def test_the_worst_moments_come_worst_first_and_apart() -> None:
    seconds = [second(float(t), jitter_ms=90.0 if 100 <= t < 104 else 45.0 if t == 300 else 3.0) for t in range(1, 400)]
    frame = with_scores(sample_frame([each for pair in seconds for each in pair]))
    moments = [each for each in worst_moments(frame, 10) if each.direction is Direction.INBOUND]
    assert [(each.at_s, each.metric.field, each.value) for each in moments] == [
        (100.0, "jitter_ms", 90.0),
        (300.0, "jitter_ms", 45.0),
    ]


def test_a_calm_call_has_no_worst_moment() -> None:
    frame = with_scores(sample_frame([each for t in range(1, 100) for each in second(float(t))]))
    assert worst_moments(frame, 10) == ()


def test_a_summary_says_in_how_many_seconds_a_figure_was_there() -> None:
    seconds = [second(float(t), rtt_ms=40.0 if t <= 25 else None) for t in range(1, 101)]
    frame = with_scores(sample_frame([each for pair in seconds for each in pair]))
    (rtt,) = [each for each in metric_summaries(frame) if each.metric.field == "rtt_ms"]
    assert (rtt.direction, rtt.mean, rtt.coverage) == (Direction.OUTBOUND, 40.0, pytest.approx(0.25))


def said(number: int, start_s: float, confidence: float | None) -> Utterance:
    return Utterance(
        f"u{number}", SPEAKER, "Dana", Role.AGENT, "hello", True, start_s, start_s + 3, confidence, "e", "m", start_s
    )


def test_an_utterance_is_doubted_where_its_confidence_fell_while_its_packets_were_lost() -> None:
    frame = with_scores(
        sample_frame([each for t in range(1, 60) for each in second(float(t), lost=10 if 20 <= t < 24 else 0)])
    )
    utterances = [said(1, 5.0, 0.95), said(2, 21.0, 0.6), said(3, 40.0, 0.6), said(4, 22.5, 0.93), said(5, 23.0, None)]
    assert doubted_during_loss(utterances, frame, {LEG: SPEAKER}) == {"u2": pytest.approx(20.0)}
    assert doubted_during_loss(utterances, frame, {}) == {}
