"""Files that are opened for legs which are closed, or for which others are played, in the meantime."""

import asyncio
from pathlib import Path

import pytest

from core.media.bridge import Bridge
from core.media.events import LegSpec
from core.media.exchange import Exchange
from core.media.feed import DirectFeed
from core.media.forward import ForwardBridge
from core.media.guard import Tally
from core.media.sound_file import SoundFile
from core.model.call import LegId, ParticipantId
from tests.media.rig import CALL, write_tone


class SlowFiles:
    """Holds up whoever opens files until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opening = asyncio.Event()
        self.go_on = asyncio.Event()
        start = DirectFeed.start

        async def start_slowly(feed: DirectFeed) -> None:
            self.opening.set()
            await self.go_on.wait()
            await start(feed)

        monkeypatch.setattr(DirectFeed, "start", start_slowly)


def exchange_of(bridge: Bridge, *names: str) -> Exchange:
    """An exchange with these legs open."""
    exchange = Exchange(bridge, lambda _: None, Tally())
    for name in names:
        exchange.open(LegSpec(LegId(name), CALL, ParticipantId(name), speech=False))
    return exchange


def playing() -> list[str]:
    """Tasks of files that play."""
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "media-direct-feed"]


@pytest.fixture
def tone(tmp_path: Path) -> str:
    return str(write_tone(tmp_path / "tone.wav", 440, seconds=5))


async def test_a_leg_that_is_closed_while_its_file_is_opened_is_not_spoken_for(
    monkeypatch: pytest.MonkeyPatch, tone: str
) -> None:
    slow = SlowFiles(monkeypatch)
    bridge = ForwardBridge(Tally())
    exchange = exchange_of(bridge, "gone", "stays")
    feeding = asyncio.create_task(exchange.feed(CALL, {LegId("gone"): tone, LegId("stays"): tone}))
    await slow.opening.wait()
    await exchange.close_leg(LegId("gone"))
    slow.go_on.set()
    await feeding
    await asyncio.sleep(0.1)
    assert bridge._speaking == {LegId("stays")}
    await exchange.close_leg(LegId("stays"))
    assert (bridge.held, playing()) == (0, [])
    await exchange.close()


async def test_files_whose_legs_are_all_closed_while_they_are_opened_do_not_play(
    monkeypatch: pytest.MonkeyPatch, tone: str
) -> None:
    files: list[SoundFile] = []
    make = SoundFile.__init__

    def remember(file: SoundFile, *args: object, **named: object) -> None:
        files.append(file)
        make(file, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(SoundFile, "__init__", remember)
    slow = SlowFiles(monkeypatch)
    bridge = ForwardBridge(Tally())
    exchange = exchange_of(bridge, "gone")
    feeding = asyncio.create_task(exchange.feed(CALL, {LegId("gone"): tone}))
    await slow.opening.wait()
    await exchange.close_leg(LegId("gone"))
    slow.go_on.set()
    await feeding
    assert (bridge.held, playing()) == (0, [])
    assert not any(file._thread.is_alive() for file in files)
    await exchange.close()


async def test_a_file_that_is_replaced_while_it_is_opened_does_not_play(
    monkeypatch: pytest.MonkeyPatch, tone: str
) -> None:
    slow = SlowFiles(monkeypatch)
    exchange = exchange_of(ForwardBridge(Tally()), "leg")
    first, second = (asyncio.create_task(exchange.feed(CALL, {LegId("leg"): tone})) for _ in range(2))
    await slow.opening.wait()
    slow.go_on.set()
    await asyncio.gather(first, second)
    assert len(playing()) == 1
    await exchange.close()
    assert playing() == []
