import logging
import threading

import pytest

from core.calls.folding import FoldingWorker
from tests.fakes.clock import ManualClock


def held_worker() -> tuple[FoldingWorker, threading.Event, ManualClock]:
    """A worker whose thread is inside a job until the event is set."""
    clock = ManualClock()
    worker, release, started = FoldingWorker("test-worker", clock), threading.Event(), threading.Event()

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
    worker = FoldingWorker("test-worker", ManualClock())
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
