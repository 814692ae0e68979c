import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.calls.sampling import WAITING_LIMIT, SampleKeeper
from core.model.call import CallId
from core.quality.segments import FLUSH_S, SampleWriter, read_samples
from tests.fakes.clock import ManualClock
from tests.quality.test_segments import sample

CALL = CallId("c1")


class SlowDisk(ManualClock):
    """A clock at which the writer waits, as it would for a disk."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()

    def monotonic(self) -> float:
        assert self.answers.wait(20)
        return super().monotonic()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keeper(tmp_path: Path, clock: ManualClock) -> Iterator[SampleKeeper]:
    kept = SampleKeeper(SampleWriter(tmp_path, clock))
    yield kept
    kept.close()


def test_samples_of_a_call_that_never_ended_are_written_when_the_server_stops(
    tmp_path: Path, keeper: SampleKeeper
) -> None:
    keeper.keep(CALL, (sample(0.0), sample(1.0)))
    keeper.close()
    keeper.close()
    assert len(read_samples(tmp_path, CALL).samples) == 2


def test_a_disk_that_fails_is_told_of_once_and_loses_nothing_while_memory_lasts(
    tmp_path: Path, keeper: SampleKeeper, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    obstacle = tmp_path / CALL
    obstacle.write_text("in the way")
    for second in range(5):
        keeper.keep(CALL, (sample(float(second)),))
        keeper.finish(CALL)
    wait_until_idle(keeper)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    obstacle.unlink()
    clock.advance(FLUSH_S)
    keeper.keep(CALL, (sample(5.0),))
    keeper.close()
    assert "samples are being written again" in caplog.text
    assert len(read_samples(tmp_path, CALL).samples) == 6
    assert keeper.dropped == 0


def test_while_the_disk_stands_still_the_line_is_bounded_and_nobody_waits(tmp_path: Path) -> None:
    clock = SlowDisk()
    keeper = SampleKeeper(SampleWriter(tmp_path, clock))
    for second in range(WAITING_LIMIT + 10):
        keeper.keep(CALL, (sample(float(second)), sample(float(second))))
    assert keeper.dropped == 20
    clock.answers.set()
    keeper.close()
    assert len(read_samples(tmp_path, CALL).samples) == 2 * WAITING_LIMIT


def wait_until_idle(keeper: SampleKeeper) -> None:
    """All that was given to the keeper's one thread is done when what is given to it now is."""
    keeper._executor.submit(int).result(20)
