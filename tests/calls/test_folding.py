import logging
import threading

import pytest

from core.calls.folding import FoldingPool
from tests.fakes.clock import ManualClock


def held_worker() -> tuple[FoldingPool, threading.Event, ManualClock]:
    """A worker whose thread is inside a job until the event is set."""
    clock = ManualClock()
    worker, release, started = FoldingPool("test-worker", clock), threading.Event(), threading.Event()

    def hold() -> None:
        started.set()
        release.wait(10)

    worker.submit("held", hold)
    started.wait(10)
    return worker, release, clock


def test_waiting_jobs_of_one_key_are_folded_into_the_newest() -> None:
    worker, release, _ = held_worker()
    done: list[int] = []
    for number in range(5):
        worker.submit("call", lambda number=number: done.append(number))
    finished = threading.Event()
    worker.submit("last", finished.set)
    release.set()
    assert finished.wait(10)
    assert done == [4]
    assert worker.folded == 4
    assert worker.close(5)


def test_calls_take_turns_in_the_order_in_which_they_asked() -> None:
    worker, release, _ = held_worker()
    done: list[str] = []
    finished = threading.Event()
    for key in ("a", "b", "a", "c"):
        worker.submit(key, lambda key=key: done.append(key))
    worker.submit("z", finished.set)
    release.set()
    assert finished.wait(10)
    assert done == ["a", "b", "c"]
    assert worker.close(5)


def test_a_failing_job_is_counted_and_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    worker = FoldingPool("test-worker", ManualClock())
    finished = threading.Event()

    def fail() -> None:
        raise ValueError("my card number is 1234")

    with caplog.at_level(logging.DEBUG):
        worker.submit("call", fail)
        worker.submit("next", finished.set)
        assert finished.wait(10)
    assert worker.failed == 1
    assert "ValueError" in caplog.text
    assert "1234" not in caplog.text
    assert worker.close(5)


def test_how_long_a_job_has_been_running_is_told() -> None:
    worker, release, clock = held_worker()
    clock.advance(7)
    assert worker.busy_s == 7
    release.set()
    assert worker.close(5)
    assert worker.busy_s == 0


def test_closing_is_bounded_and_drops_what_waits() -> None:
    worker, release, _ = held_worker()
    worker.submit("call", lambda: pytest.fail("it was dropped"))
    assert not worker.close(0.01)
    release.set()
    assert worker.close(5)
    worker.submit("late", lambda: pytest.fail("nothing is taken after close"))
    assert worker.waiting == 0


def test_one_call_s_slow_job_holds_up_no_other_call_and_is_never_doubled() -> None:
    pool = FoldingPool("test-pool", ManualClock(), threads=3)
    release, started, other = threading.Event(), threading.Event(), threading.Event()
    at_once: list[int] = []
    running = 0

    def slow() -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        started.set()
        release.wait(10)
        running -= 1

    pool.submit("slow", slow)
    assert started.wait(10)
    last = threading.Event()
    pool.submit("slow", slow)

    def slow_and_last() -> None:
        slow()
        last.set()

    pool.submit("slow", slow_and_last)
    pool.submit("other", other.set)
    assert other.wait(10)
    assert pool.is_busy_with("slow")
    release.set()
    assert last.wait(10)
    assert at_once == [1, 1]
    assert pool.folded == 1
    assert pool.close(5)


def test_closing_waits_for_every_thread_no_longer_than_it_is_told() -> None:
    pool = FoldingPool("test-pool", ManualClock(), threads=2)
    release = threading.Event()
    both = threading.Barrier(3)

    def hold() -> None:
        both.wait(10)
        release.wait(10)

    for key in ("a", "b"):
        pool.submit(key, hold)
    both.wait(10)
    assert not pool.close(0.01)
    assert pool.is_closed
    release.set()
    assert pool.close(5)
    assert not [t for t in threading.enumerate() if t.name.startswith("test-pool-")]
