"""A persona's sound on its way to the listener, with a bridge that does what the test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.calls.listener_path import UNMEASURED_RTT_S, UNMEASURED_S, ListenerPath
from core.calls.persona_playout import LEAD_S, MOST_S, PersonaPlayout
from core.media.events import LegSpec, VoiceSent
from core.model.call import CallId, LegId, ParticipantId
from core.model.persona import PERSONA_FORMAT
from core.model.sample import Direction, RtpSample, Vantage
from core.persona.microphone_gate import MicrophoneGate
from core.persona.playout_ledger import PathDelay
from tests.fakes.bridge import SilentBridge
from tests.fakes.clock import ManualClock

LEG = LegId("voice")
SPEC = LegSpec(LEG, CallId("c"), ParticipantId("p"), speech=False, is_voice=True)


def sound(seconds: float) -> bytes:
    return bytes(2 * round(seconds * PERSONA_FORMAT.sample_rate))


@dataclass
class Bench:
    playout: PersonaPlayout
    bridge: SilentBridge
    gate: MicrophoneGate
    clock: ManualClock

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    def given_s(self) -> float:
        return sum(PERSONA_FORMAT.seconds(pcm) for _, _, pcm in self.bridge.spoken)

    async def goes_out(self, item_id: str, seconds: float) -> None:
        """The media process sends, and tells so; the time passes."""
        self.playout.sent(VoiceSent(LEG, item_id, self.clock.monotonic(), seconds))
        self.clock.advance(seconds)
        await self.settle()


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    clock, bridge, gate = ManualClock(), SilentBridge(), MicrophoneGate(0.3)
    playout = PersonaPlayout(bridge, gate, clock, "playout")
    await bridge.open_leg(SPEC)
    playout.voice_is(LEG)
    try:
        yield Bench(playout, bridge, gate, clock)
    finally:
        await playout.close()


async def test_no_more_than_a_second_is_in_flight_and_the_rest_follows_as_it_goes_out() -> None:
    async with bench() as on:
        on.playout.put("a", sound(3.0))
        await on.settle()
        assert on.given_s() <= LEAD_S + 0.2
        await on.goes_out("a", 0.6)
        assert on.given_s() > 1.5
        assert {item for _, item, _ in on.bridge.spoken} == {"a"}


async def test_it_plays_until_the_last_frame_is_past_the_listeners_ear() -> None:
    async with bench() as on:
        on.playout.note_path(PathDelay(rtt_s=0.2, jitter_buffer_s=0.1))
        on.playout.put("a", sound(0.4))
        assert on.playout.is_playing
        await on.settle()
        assert on.playout.is_playing, "what is in flight will be heard"
        await on.goes_out("a", 0.4)
        assert on.playout.is_playing
        assert not on.gate.is_open_at(on.clock.monotonic())
        on.clock.advance(0.21)
        assert not on.playout.is_playing
        (item,) = on.playout.heard()
        assert (round(item.heard_s, 3), round(item.given_s, 3)) == (0.4, 0.4)


async def test_what_is_called_back_is_neither_playing_nor_heard_and_what_comes_after_it_is() -> None:
    async with bench() as on:
        on.playout.put("a", sound(2.0))
        await on.settle()
        await on.goes_out("a", 0.2)
        on.playout.clear()
        on.playout.put("b", sound(0.2))
        await on.settle()
        assert on.bridge.hushed == [LEG]
        assert on.bridge.spoken[-1][1] == "b"
        await on.goes_out("b", 0.2)
        on.clock.advance(1.0)
        heard = {item.item_id: round(item.heard_s, 3) for item in on.playout.heard()}
        assert heard == {"a": 0.2, "b": 0.2}
        assert not on.playout.is_playing


async def test_what_was_in_flight_when_the_media_process_died_is_not_heard_and_what_waited_goes_to_the_next_leg() -> (
    None
):
    async with bench() as on:
        on.playout.put("a", sound(1.6))
        await on.settle()
        given_s = on.given_s()
        await on.goes_out("a", 0.2)
        on.playout.voice_is_gone()
        on.bridge.spoken.clear()
        on.playout.voice_is(LegId("next"))
        await on.settle()
        assert {leg for leg, _, _ in on.bridge.spoken} == {LegId("next")}
        assert on.given_s() < 1.6 - given_s + 0.3
        (item,) = on.playout.heard()
        assert item.given_s < 1.6 - 0.2


async def test_a_request_that_fails_costs_its_sound_and_nothing_else() -> None:
    async with bench() as on:
        on.bridge.is_down = True
        on.playout.put("a", sound(0.2))
        await on.settle()
        assert not on.playout.is_playing
        on.bridge.is_down = False
        on.playout.put("b", sound(0.2))
        await on.settle()
        assert [item for _, item, _ in on.bridge.spoken] == ["b"]


async def test_the_line_is_bounded_and_what_finds_no_room_is_counted() -> None:
    async with bench() as on:
        on.playout.voice_is_gone()
        on.playout.put("a", sound(MOST_S - 1))
        on.playout.put("b", sound(5.0))
        assert on.playout.dropped_s == 5.0
        assert [item.item_id for item in on.playout.heard()] == ["a"]


def test_a_path_that_nobody_measured_closes_at_the_earliest_and_opens_at_the_latest() -> None:
    path = ListenerPath()
    assert (path.delay.ear_s, path.delay.latest_ear_s) == (0.0, UNMEASURED_RTT_S + UNMEASURED_S)
    path.measured(RtpSample(LEG, Direction.INBOUND, Vantage.BROWSER, 1.0, 1.0, 50, 4000, rtt_ms=120.0))
    assert (path.delay.ear_s, path.delay.latest_ear_s) == (0.06, 0.06 + UNMEASURED_S)
    second = RtpSample(LEG, Direction.OUTBOUND, Vantage.SERVER, 1.0, 1.0, 50, 4000, rtt_ms=80.0)
    path.measured(second)
    assert (path.delay.ear_s, path.delay.latest_ear_s) == (0.04, 0.04 + UNMEASURED_S)
    path.measured(RtpSample(LEG, Direction.OUTBOUND, Vantage.BROWSER, 1.0, 1.0, 50, 4000, jitter_buffer_ms=60.0))
    assert path.delay.ear_s == path.delay.latest_ear_s == 0.1


def test_the_end_of_a_greeting_does_not_come_back_over_a_path_whose_length_nobody_knows_yet() -> None:
    gate = MicrophoneGate(tail_s=0.3)
    gate.note_path(ListenerPath().delay)
    gate.note_sent(10.0, 1.0)
    rtt_s, jitter_buffer_s, frame_s = 0.3, 0.2, 0.02
    last_heard_s = 11.0 - frame_s + rtt_s / 2 + jitter_buffer_s
    arrives_s = last_heard_s + rtt_s / 2
    assert not gate.passes(gate.captured_s(arrives_s), frame_s)
    assert gate.is_open_at(11.0 + rtt_s + jitter_buffer_s + 0.3)


def test_the_gate_is_closed_for_as_long_as_the_sound_may_be_heard() -> None:
    gate = MicrophoneGate(tail_s=0.3)
    gate.note_path(PathDelay(unmeasured_s=0.2))
    gate.note_sent(10.0, 1.0)
    assert gate.passes(9.97, 0.02)
    assert not gate.passes(10.0, 0.02)
    assert not gate.passes(11.48, 0.02)
    assert gate.passes(11.51, 0.02)
