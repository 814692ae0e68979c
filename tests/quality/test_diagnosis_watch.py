"""A call that goes on is diagnosed every few seconds, and what was once true is not forgotten with its figures."""

import pytest

from core.model.diagnosis import Cause, Diagnosis
from core.model.sample import RtpSample, Vantage
from core.model.snapshot import Note
from core.quality.diagnosis import diagnose
from core.quality.diagnosis_watch import EVERY_S, WINDOW_S, DiagnosisWatch
from core.quality.synthetic import CUSTOMER, SyntheticCall, Trouble, synthetic_call


def run(
    watch: DiagnosisWatch, samples: list[RtpSample], from_s: int, until_s: int, notes: tuple[Note, ...] = ()
) -> list[tuple[int, tuple[Diagnosis, ...]]]:
    """Each second's picture."""
    pictures = []
    for second in range(from_s, until_s):
        for sample in samples:
            if second <= sample.at_s < second + 1:
                watch.add(sample)
        watch.tick(second + 1.0, {}, notes)
        pictures.append((second + 1, watch.diagnoses))
    return pictures


@pytest.fixture(scope="module")
def lossy() -> SyntheticCall:
    return synthetic_call(Trouble.LOSS, 2, length_s=600)


def test_a_cause_is_told_within_twenty_seconds_and_stays_when_it_is_over(lossy: SyntheticCall) -> None:
    watch = DiagnosisWatch()
    pictures = dict(run(watch, list(lossy.samples), 0, 600))
    begun_s, over_s = lossy.trouble_s
    assert pictures[int(begun_s)] == ()
    (early,) = pictures[int(begun_s) + 20]
    assert (early.cause, early.end_s) == (Cause.ACCESS_NETWORK, None)
    for second, picture in pictures.items():
        if second > begun_s + 20:
            assert [each.cause for each in picture] == [Cause.ACCESS_NETWORK], second
            assert picture[0].start_s == pytest.approx(begun_s, abs=10), second
    (late,) = pictures[600]
    assert late.end_s == pytest.approx(over_s, abs=10)


def test_at_its_end_a_call_reads_as_it_will_from_its_files(lossy: SyntheticCall) -> None:
    watch = DiagnosisWatch()
    run(watch, list(lossy.samples), 0, 600)
    watch.tick(600.0, {}, (), is_over=True)
    (kept,) = watch.diagnoses
    (found,) = diagnose(lossy.samples, {}, (), 600.0)
    assert (kept.cause, kept.leg_id) == (found.cause, found.leg_id)
    assert kept.start_s == pytest.approx(found.start_s, abs=4)
    assert kept.end_s == pytest.approx(found.end_s, abs=4)


def test_a_browsers_figures_that_come_late_take_back_what_was_thought_without_them() -> None:
    call = synthetic_call(Trouble.MUTED_MICROPHONE, 1, length_s=60)
    server = [s for s in call.samples if s.vantage is Vantage.SERVER]
    watch = DiagnosisWatch()
    pictures = run(watch, server, 0, 40)
    assert [each.cause for each in pictures[-1][1]] == [Cause.DEAD_MICROPHONE]
    for sample in call.samples:
        if sample.vantage is Vantage.BROWSER and sample.at_s < 40:
            watch.add(sample)
    watch.tick(40.0 + EVERY_S, {}, ())
    assert [(each.cause, each.leg_id) for each in watch.diagnoses] == [(Cause.MUTED_MICROPHONE, CUSTOMER)]


def test_what_is_noted_goes_on_until_its_note_has_an_end() -> None:
    watch = DiagnosisWatch()
    watch.tick(10.0, {}, (Note(4.0, "model_failing"),))
    assert [each.end_s for each in watch.diagnoses] == [None]
    for now_s in range(15, int(WINDOW_S) + 60, 5):
        watch.tick(float(now_s), {}, (Note(4.0, "model_failing", "", 12.0),))
    assert [(each.start_s, each.end_s) for each in watch.diagnoses] == [(4.0, 12.0)]


def test_between_two_looks_nothing_is_computed() -> None:
    watch = DiagnosisWatch()
    watch.tick(10.0, {}, ())
    watch.tick(10.0 + EVERY_S - 0.1, {}, (Note(4.0, "model_failing"),))
    assert watch.diagnoses == ()
    watch.tick(10.0 + EVERY_S, {}, (Note(4.0, "model_failing"),))
    assert len(watch.diagnoses) == 1
