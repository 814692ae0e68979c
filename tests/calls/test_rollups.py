"""What calls are compared by: kept when a call ends, deleted with it, and made up after a crash."""

from pathlib import Path

import pytest

from core.calls.rollups import main, rolled_up, write_missing
from core.model.call import CallId, EndReason, Role
from core.model.sample import Direction, RtpSample, Vantage
from core.model.utterance import Recognition
from core.quality.rollup_files import RollupFiles
from core.quality.segments import read_samples, sample_files
from core.store.lock import DataFolderLock
from core.store.records import Store
from tests.calls.conftest import World
from tests.calls.test_retention import archive_of


def files_of(world: World) -> RollupFiles:
    return RollupFiles(world.samples_dir.parent / "rollups")


def kept(world: World) -> set[str]:
    return set(files_of(world).load().table["call_id"].to_pylist())


async def ended_call(world: World) -> CallId:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "Dana")
    (leg_id,) = session.record.snapshot().legs
    for _ in range(100):
        world.clock.advance(1.0)
        session.measured(
            RtpSample(
                leg_id, Direction.INBOUND, Vantage.SERVER, world.clock.monotonic(), 1.0, 50, 4_000,
                lost=0, jitter_ms=5.0,
            )
        )  # fmt: skip
    session.said(agent.id, Recognition(0, "Hello there", True, 10.0, 12.0))
    await session.end(EndReason.HUNG_UP)
    return session.call.id


async def test_a_call_that_ends_is_kept_with_its_figures_and_turns(world: World) -> None:
    call_id = await ended_call(world)
    await world.until(lambda: call_id in kept(world))
    (row,) = files_of(world).load().table.to_pylist()
    (leg,) = row["legs"]
    assert (leg["participant"], leg["role"]) == ("Dana", "agent")
    (stream,) = leg["streams"]
    assert (stream["seconds"], stream["jitter_ms"]["p95"]) == (100, 5.0)
    (turn,) = row["turns"]
    assert turn["speaker"] == "Dana"
    assert turn["final_s"] == pytest.approx(88.0)


async def test_the_samples_of_a_call_that_has_ended_are_in_one_file(world: World) -> None:
    call_id = await ended_call(world)
    await world.until(lambda: call_id in kept(world))
    assert len(sample_files(world.samples_dir, call_id)) == 1
    assert len(read_samples(world.samples_dir, call_id).samples) == 100


async def test_deleting_a_call_forgets_it(world: World) -> None:
    first, second = await ended_call(world), await ended_call(world)
    await world.until(lambda: kept(world) == {first, second})
    await archive_of(world).delete(first)
    await world.until(lambda: kept(world) == {second})
    assert rolled_up(world.store, world.samples_dir, first) is None


async def test_what_a_crash_kept_from_being_written_is_made_up_and_what_belongs_to_no_call_goes(world: World) -> None:
    lost, left = await ended_call(world), await ended_call(world)
    running = await world.call()
    await world.until(lambda: kept(world) == {lost, left})
    files_of(world).delete([lost])
    world.store.delete_call(left)
    world.rollups.repair()
    await world.until(lambda: kept(world) == {lost})
    assert running.call.id not in kept(world)


async def test_a_damaged_file_is_made_anew_at_the_next_start(world: World, caplog: pytest.LogCaptureFixture) -> None:
    call_id = await ended_call(world)
    await world.until(lambda: call_id in kept(world))
    (path,) = (world.samples_dir.parent / "rollups").glob("*.parquet")
    path.write_bytes(b"nothing")
    fresh = files_of(world)
    assert write_missing(world.store, world.samples_dir, fresh) == 1
    assert fresh.load().damaged == ()
    assert kept(world) == {call_id}
    assert str(path) in caplog.text


async def test_making_up_stops_when_the_server_does(world: World) -> None:
    call_id = await ended_call(world)
    await world.until(lambda: call_id in kept(world))
    fresh = files_of(world)
    fresh.clear()
    assert write_missing(world.store, world.samples_dir, fresh, lambda: True) == 0
    assert write_missing(world.store, world.samples_dir, fresh) == 1
    assert write_missing(world.store, world.samples_dir, fresh) == 0


async def test_a_call_without_samples_or_words_is_kept_too(world: World) -> None:
    session = await world.call()
    await session.end(EndReason.HUNG_UP)
    await world.until(lambda: kept(world) == {session.call.id})


async def test_a_folder_that_cannot_be_written_stops_no_call(world: World, caplog: pytest.LogCaptureFixture) -> None:
    (world.samples_dir.parent / "rollups").write_text("in the way")
    await ended_call(world)
    await world.until(lambda: "rollups" in caplog.text)


async def test_everything_is_made_anew_while_the_server_is_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call_id = await ended_call(world)
    await world.until(lambda: call_id in kept(world))
    folder = world.samples_dir.parent
    monkeypatch.setenv("EARSHOT_DATA_DIR", str(folder))
    monkeypatch.setenv("EARSHOT_DATABASE_URL", f"sqlite:///{folder / 'calls.db'}")
    with DataFolderLock(folder):
        assert main([]) == 1
        assert "in use" in capsys.readouterr().err
    before = files_of(world).load().table
    assert main([]) == 0
    assert capsys.readouterr().out == "1 calls were rolled up\n"
    assert files_of(world).load().table.equals(before)


def test_a_store_tells_which_calls_have_ended(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    assert store.ended_calls() == ()
    assert rolled_up(store, tmp_path, CallId("nobody")) is None
    store.close()
