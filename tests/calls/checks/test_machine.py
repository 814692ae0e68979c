"""The checks of the audio server's process, the disk, the database and the clock, each good and each at fault."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.calls.checks.machine import database, disk, media_process, steady_clock
from core.media.events import MediaLoad
from core.model.check import CheckState
from core.model.clock import SystemClock
from core.model.errors import DatabaseUnavailable
from core.model.health import PartHealth, PartState
from core.model.message import Message
from tests.fakes.clock import ManualClock
from tests.support.small_disk import requires_small_disk, run_on_small_disk

NOW = 1_790_000_000.0
WELL = PartHealth("store", PartState.UP, needed=True, detail=(Message("All is kept."),))

ON_A_SMALL_DISK = """
import sys
from pathlib import Path
from core.calls.checks.machine import disk
from core.model.check import CheckState
from core.model.clock import SystemClock
finding = disk(Path(sys.argv[1]), SystemClock())
assert finding.state is CheckState.FAILED, finding
assert %r in str(finding.found[0]), finding
assert "EARSHOT_RETENTION_DAYS" in str(finding.cure), finding
assert not list(Path(sys.argv[1]).iterdir())
"""


def load(lag_p99_ms: float) -> MediaLoad:
    return MediaLoad(1.0, 0.2, lag_p99_ms, 12.0, legs=2, held=2, tasks=5, dropped={})


@pytest.mark.parametrize(
    ("state", "loads", "shown"),
    [
        (PartState.UP, [load(3.0)] * 5, CheckState.GOOD),
        (PartState.UP, [load(3.0)] * 4 + [load(400.0)], CheckState.GOOD),
        (PartState.UP, [load(80.0)] * 5, CheckState.WARNING),
        (PartState.UP, [], CheckState.WARNING),
        (PartState.DEGRADED, [load(3.0)], CheckState.WARNING),
        (PartState.DOWN, [load(3.0)], CheckState.FAILED),
        (PartState.STARTING, [], CheckState.FAILED),
    ],
)
def test_the_audio_server_is_judged_by_its_state_and_its_last_minute(
    state: PartState, loads: list[MediaLoad], shown: CheckState
) -> None:
    finding = media_process(PartHealth("media", state, needed=True, detail=(Message("Bridge: forward."),)), loads)
    assert finding.state is shown
    assert str(finding.found[0]) == "Bridge: forward."


def test_a_disk_is_written_to_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    finding = disk(tmp_path, SystemClock())
    assert finding.state in (CheckState.GOOD, CheckState.WARNING)
    assert "GB free" in str(finding.found[0])
    assert not list(tmp_path.iterdir())


@requires_small_disk
def test_a_disk_that_is_nearly_or_quite_full_fails(tmp_path: Path) -> None:
    run_on_small_disk(ON_A_SMALL_DISK % "GB free", tmp_path, "20m")
    run_on_small_disk(ON_A_SMALL_DISK % "cannot be written to", tmp_path, "400k")


def test_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    assert disk(tmp_path / "none", SystemClock()).state is CheckState.FAILED


@pytest.mark.parametrize(("took_s", "state"), [(0.003, CheckState.GOOD), (2.0, CheckState.WARNING)])
async def test_a_database_is_judged_by_its_time(took_s: float, state: CheckState) -> None:
    clock = ManualClock()

    async def ask() -> None:
        clock.advance(took_s)

    finding = await database(ask, lambda: WELL, clock)
    assert finding.state is state
    assert [str(each) for each in finding.found] == ["All is kept.", f"It answered in {took_s * 1000:.0f} ms."]


async def test_a_database_that_fails_says_so_itself() -> None:
    async def ask() -> None:
        raise DatabaseUnavailable(url="sqlite:///x", reason="locked")

    with pytest.raises(DatabaseUnavailable):
        await database(ask, lambda: WELL, ManualClock())


class Stepping(ManualClock):
    """A clock whose time of day somebody sets."""

    def set_back(self, seconds: float) -> None:
        self._wall -= seconds


def steps(clock: Stepping, seconds: float) -> Callable[[float], object]:
    async def sleep(duration_s: float) -> None:
        clock.advance(duration_s)
        clock.set_back(seconds)

    return sleep


@pytest.mark.parametrize(
    ("wall", "step_s", "state"),
    [(NOW, 0.0, CheckState.GOOD), (NOW, 0.3, CheckState.WARNING), (86_400.0, 0.0, CheckState.FAILED)],
)
async def test_a_clock_that_jumps_or_is_wrong_is_told(wall: float, step_s: float, state: CheckState) -> None:
    clock = Stepping(wall=wall)
    finding = await steady_clock(clock, steps(clock, step_s))
    assert finding.state is state
    assert (finding.cure is None) == (state is CheckState.GOOD)
