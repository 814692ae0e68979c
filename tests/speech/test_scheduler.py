"""Who is decoded next."""

import threading
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from core.model.errors import RecognitionFailed
from core.speech.decoder import Decoding
from core.speech.endpointing import SpeechStretch
from core.speech.load import WINDOW_S
from core.speech.scheduler import INTERIM_AGE_S, INTERIM_BUSY, DecodeJob, DecodeScheduler
from tests.fakes.clock import ManualClock
from tests.fakes.decoder import ScriptedDecoder, certain
from tests.support.waiting import wait_for

TIMEOUT_S = 5.0


class Pool:
    """A scheduler on a scripted decoder whose first job holds everything up until `run` is called."""

    def __init__(self, workers: int, decoder: ScriptedDecoder) -> None:
        self.decoder = decoder
        self.clock = ManualClock()
        self.scheduler = DecodeScheduler("test-decode", workers, self.clock)
        self.delivered: list[int] = []
        self.results: list[Decoding | None] = []
        self._changed = threading.Condition()

    def job(
        self, number: int, is_final: bool = True, owner: str = "", ago_s: float = 0.0, language: str = "en"
    ) -> DecodeJob:
        def deliver(decoding: Decoding | None) -> None:
            with self._changed:
                self.delivered.append(number)
                self.results.append(decoding)
                self._changed.notify_all()

        stretch = SpeechStretch(np.full(16, number, np.int16), 0.0, 1.0, 1.0)
        spoken_at_s = self.clock.monotonic() - ago_s
        return DecodeJob(owner or f"owner {number}", stretch, spoken_at_s, language, is_final, deliver)

    def wait_for(self, number: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.delivered) >= number, TIMEOUT_S)


@pytest.fixture
def pool(decoder: ScriptedDecoder) -> Iterator[Pool]:
    made = Pool(1, decoder)
    yield made
    decoder.release()
    made.scheduler.close(TIMEOUT_S)


def hold_up(pool: Pool, jobs: int = 1) -> None:
    pool.decoder.hold()
    pool.scheduler.start(pool.decoder)
    for number in range(jobs):
        pool.scheduler.submit(pool.job(1_000 + number))
    assert pool.decoder.wait_for_calls(jobs)


def test_finals_go_before_interims_and_oldest_first(pool: Pool) -> None:
    hold_up(pool)
    for number, is_final in ((1, False), (2, True), (3, False), (4, True), (5, True)):
        pool.scheduler.submit(pool.job(number, is_final))
    pool.decoder.release()
    assert pool.wait_for(6)
    assert pool.delivered == [1_000, 2, 4, 5, 1, 3]


def test_of_waiting_finals_the_one_whose_speech_ended_first_goes_first(pool: Pool) -> None:
    hold_up(pool)
    for number, ago_s in ((1, 0.2), (2, 0.9), (3, 0.5), (4, 0.9)):
        pool.scheduler.submit(pool.job(number, ago_s=ago_s))
    assert pool.scheduler.stats.waiting_finals == 4
    pool.decoder.release()
    assert pool.wait_for(5)
    assert pool.delivered == [1_000, 2, 4, 3, 1]


def test_finals_for_which_no_worker_is_free_are_decoded_two_at_a_time_with_their_like() -> None:
    pool = Pool(1, ScriptedDecoder(batches=True))
    hold_up(pool)
    for number, language in ((1, "en"), (2, "ko"), (3, "en"), (4, "en"), (5, "ko")):
        pool.scheduler.submit(pool.job(number, language=language))
    pool.scheduler.submit(pool.job(6, is_final=False))
    pool.decoder.release()
    assert pool.wait_for(7)
    assert pool.decoder.batches_taken == [[1, 3], [2, 5]]
    assert pool.delivered == [1_000, 1, 3, 2, 5, 4, 6]
    assert pool.scheduler.stats.waiting_finals == 0
    pool.scheduler.close(TIMEOUT_S)


def test_finals_that_other_workers_are_free_to_take_are_not_decoded_together() -> None:
    pool = Pool(2, ScriptedDecoder(batches=True))
    hold_up(pool)
    pool.scheduler.submit(pool.job(1))
    assert pool.decoder.wait_for_calls(2)
    pool.scheduler.submit(pool.job(2))
    pool.decoder.release()
    assert pool.wait_for(3)
    assert pool.decoder.batches_taken == []
    pool.scheduler.close(TIMEOUT_S)


@pytest.mark.parametrize("error", [RecognitionFailed(engine="scripted", reason="test"), ZeroDivisionError()])
def test_of_a_failed_batch_each_is_decoded_by_itself_and_only_what_fails_then_is_lost(error: Exception) -> None:
    def say(loudness: int, is_final: bool) -> Decoding:
        if loudness == 2:
            raise error
        return certain(f"words {loudness}")

    pool = Pool(1, ScriptedDecoder(say, batches=True))
    hold_up(pool)
    for number in (1, 2, 3, 4):
        pool.scheduler.submit(pool.job(number))
    pool.decoder.release()
    assert pool.wait_for(5)
    assert pool.decoder.batches_taken == [[1, 2], [3, 4]]
    assert pool.delivered == [1_000, 1, 2, 3, 4]
    assert pool.results[1:] == [certain("words 1"), None, certain("words 3"), certain("words 4")]
    pool.scheduler.close(TIMEOUT_S)


def test_a_batch_that_fails_only_as_a_batch_loses_nothing() -> None:
    class NoBatches(ScriptedDecoder):
        def decode_batch(self, batch: Sequence[NDArray[np.int16]], language: str) -> list[Decoding]:
            raise RecognitionFailed(engine="scripted", reason="MemoryError")

    pool = Pool(1, NoBatches(batches=True))
    hold_up(pool)
    for number in (1, 2):
        pool.scheduler.submit(pool.job(number))
    pool.decoder.release()
    assert pool.wait_for(3)
    assert pool.results[1:] == [certain("loud 1"), certain("loud 2")]
    assert pool.scheduler.failure is None
    pool.scheduler.close(TIMEOUT_S)


def test_an_utterance_of_which_nobody_can_say_what_it_goes_with_is_decoded_alone() -> None:
    class NoKeys(ScriptedDecoder):
        def batch_key(self, seconds: float, language: str) -> Hashable:
            raise ZeroDivisionError

    pool = Pool(1, NoKeys())
    hold_up(pool)
    for number in (1, 2):
        pool.scheduler.submit(pool.job(number))
    pool.decoder.release()
    assert pool.wait_for(3)
    assert pool.delivered == [1_000, 1, 2]
    pool.scheduler.close(TIMEOUT_S)


def test_interims_are_skipped_and_counted_while_a_final_is_old(decoder: ScriptedDecoder) -> None:
    pool = Pool(2, decoder)
    hold_up(pool)
    pool.clock.advance(INTERIM_AGE_S + 0.1)
    assert pool.scheduler.stats.oldest_s == pytest.approx(INTERIM_AGE_S + 0.1)
    pool.scheduler.submit(pool.job(1, is_final=False))
    assert wait_for(lambda: pool.scheduler.stats.skipped_interims == 1)
    decoder.release()
    assert pool.wait_for(1)
    assert wait_for(lambda: pool.scheduler.stats.oldest_s == 0.0)
    pool.scheduler.submit(pool.job(2, is_final=False))
    assert pool.wait_for(2)
    assert pool.delivered == [1_000, 2]
    pool.scheduler.close(TIMEOUT_S)


def test_interims_are_skipped_while_finals_take_most_of_the_time() -> None:
    def take_long(loudness: int, is_final: bool) -> Decoding:
        pool.clock.advance(WINDOW_S * INTERIM_BUSY + 0.1 if is_final else 0.0)
        return certain("words")

    pool = Pool(1, ScriptedDecoder(take_long))
    pool.scheduler.start(pool.decoder)
    pool.scheduler.submit(pool.job(1))
    assert pool.wait_for(1)
    assert wait_for(lambda: pool.scheduler.stats.oldest_s == 0.0)
    pool.scheduler.submit(pool.job(2, is_final=False))
    assert wait_for(lambda: pool.scheduler.stats.skipped_interims == 1)
    pool.clock.advance(WINDOW_S)
    pool.scheduler.submit(pool.job(3, is_final=False))
    assert pool.wait_for(2)
    assert pool.delivered == [1, 3]
    pool.scheduler.close(TIMEOUT_S)


def test_an_interim_that_its_final_overtakes_is_counted_as_skipped(pool: Pool) -> None:
    hold_up(pool)
    for is_final in (False, False, True):
        pool.scheduler.submit(pool.job(1, is_final=is_final, owner="a"))
    assert pool.scheduler.stats.skipped_interims == 2


def test_words_that_come_late_are_told_until_they_come_in_time(pool: Pool) -> None:
    hold_up(pool)
    assert pool.scheduler.stats.late_s is None
    pool.clock.advance(3.5)
    assert pool.scheduler.stats.late_s == pytest.approx(3.5)
    pool.decoder.release()
    assert pool.wait_for(1)
    assert wait_for(lambda: pool.scheduler.stats.oldest_s == 0.0)
    assert pool.scheduler.stats.late_s == pytest.approx(3.5)
    pool.clock.advance(WINDOW_S + 1.0)
    assert pool.scheduler.stats.late_s is None


def test_a_newer_interim_takes_the_place_of_the_same_owners_waiting_one(pool: Pool) -> None:
    hold_up(pool)
    for number, owner in ((1, "a"), (2, "b"), (3, "a")):
        pool.scheduler.submit(pool.job(number, is_final=False, owner=owner))
    pool.decoder.release()
    assert pool.wait_for(3)
    assert pool.delivered == [1_000, 3, 2]


def test_a_final_does_away_with_its_owners_waiting_interim(pool: Pool) -> None:
    hold_up(pool)
    pool.scheduler.submit(pool.job(1, is_final=False, owner="a"))
    pool.scheduler.submit(pool.job(2, is_final=True, owner="a"))
    pool.scheduler.submit(pool.job(3))
    pool.decoder.release()
    assert pool.wait_for(3)
    assert pool.delivered == [1_000, 2, 3]


def test_interims_leave_a_worker_free_for_finals(decoder: ScriptedDecoder) -> None:
    pool = Pool(2, decoder)
    decoder.hold()
    pool.scheduler.start(decoder)
    for number in (1, 2, 3):
        pool.scheduler.submit(pool.job(number, is_final=False))
    assert decoder.wait_for_calls(1)
    pool.scheduler.submit(pool.job(4))
    assert decoder.wait_for_calls(2)
    assert [is_final for _, is_final in decoder.calls] == [False, True]
    decoder.release()
    assert pool.wait_for(4)
    pool.scheduler.close(TIMEOUT_S)


def test_a_waiting_job_can_be_taken_back_a_running_one_cannot(pool: Pool) -> None:
    hold_up(pool, jobs=0)
    running, waiting = pool.job(1), pool.job(2)
    pool.scheduler.submit(running)
    assert pool.decoder.wait_for_calls(1)
    pool.scheduler.submit(waiting)
    assert not pool.scheduler.take_back(running)
    assert pool.scheduler.take_back(waiting)
    assert not pool.scheduler.take_back(waiting)
    pool.decoder.release()
    pool.scheduler.submit(pool.job(3))
    assert pool.wait_for(2)
    assert pool.delivered == [1, 3]


def test_a_failed_decoding_is_delivered_as_none_and_remembered_until_one_succeeds() -> None:
    def say(loudness: int, is_final: bool) -> Decoding:
        if loudness == 1:
            raise RecognitionFailed(engine="scripted", reason="test")
        return certain("words")

    pool = Pool(1, ScriptedDecoder(say))
    pool.scheduler.start(pool.decoder)
    pool.scheduler.submit(pool.job(1))
    assert pool.wait_for(1)
    assert pool.results == [None]
    assert pool.scheduler.failure is not None
    pool.scheduler.submit(pool.job(2))
    assert pool.wait_for(2)
    assert pool.scheduler.failure is None
    pool.scheduler.close(TIMEOUT_S)


def test_a_callers_fault_does_not_end_the_worker_and_its_message_is_not_logged(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    words = " ".join(["my", "card", "number"])

    def fail(decoding: Decoding | None) -> None:
        raise ValueError(words)

    job = pool.job(1)
    pool.scheduler.start(pool.decoder)
    pool.scheduler.submit(DecodeJob(job.owner, job.stretch, 0.0, "en", True, fail))
    pool.scheduler.submit(pool.job(2))
    assert pool.wait_for(1)
    assert pool.delivered == [2]
    assert "ValueError" in caplog.text
    assert words not in caplog.text


def test_close_is_idempotent_and_forgets_what_waits(pool: Pool) -> None:
    hold_up(pool)
    pool.scheduler.submit(pool.job(1))
    pool.scheduler.close(timeout_s=0.0)
    pool.decoder.release()
    pool.scheduler.close(TIMEOUT_S)
    assert pool.delivered == [1_000]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test-decode")]
