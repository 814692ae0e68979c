"""A persona's voice on the real media process, heard by real clients."""

import os
import signal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.media.events import LegSpec, MediaLoad, VoiceSent
from core.media.opus import OpusDecoder
from core.model.audio import SPEECH_FORMAT, PcmChunk
from core.model.call import CallId, LegId, LegState, ParticipantId
from core.model.errors import LegNotFound, OfferRefused
from core.model.sample import Direction, RtpSample, Vantage
from core.settings import BridgeKind
from tests.media.rig import CALL, Client, Rig, assert_continuous, media_rig, write_tone
from tests.media.test_voice import likeness, noise, tone
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

PERSONA = LegId("persona")


async def open_voice(rig: Rig, leg_id: LegId = PERSONA, call_id: CallId = CALL) -> None:
    await rig.media.open_leg(LegSpec(leg_id, call_id, ParticipantId(leg_id), speech=False, is_voice=True))


async def until_sent(rig: Rig, seconds: float, leg_id: LegId = PERSONA) -> list[VoiceSent]:
    """Wait until so much of a voice's sound has gone out."""

    def sent() -> list[VoiceSent]:
        return [each for each in rig.of(VoiceSent) if each.leg_id == leg_id]

    await rig.until(lambda: sum(each.seconds for each in sent()) >= seconds - 1e-6, timeout_s=30.0)
    return sent()


def heard(client: Client, first: int) -> np.ndarray:
    decoder = OpusDecoder()
    return np.concatenate([decoder.decode(packet.payload) for packet in client.packets[first:]]).astype(float)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client's file that says nothing."""
    return write_tone(tmp_path_factory.mktemp("quiet") / "quiet.wav", 440, seconds=1.0, peak=0)


@pytest.mark.parametrize("bridge", list(BridgeKind))
async def test_what_a_persona_is_given_is_heard_by_everybody_who_hears_it(
    bridge: BridgeKind, tones: dict[int, Path], quiet: Path
) -> None:
    async with media_rig(bridge) as rig:
        customer = await rig.connect("customer", tones[1000])
        supervisor = await rig.connect("supervisor", quiet)
        await rig.route(customer=["persona"], supervisor=["persona", "customer"])
        await open_voice(rig)
        assert rig.states("persona") == [LegState.OPEN, LegState.CONNECTED]
        await rig.until_hears(customer)
        await rig.until_hears(supervisor, 1000)
        first = len(customer.packets)
        await rig.media.speak(PERSONA, "item", tone(60.0))
        await rig.until_hears(customer, 440)
        await rig.until_hears(supervisor, 440, 1000)
        await rig.media.set_muted(PERSONA, True)
        await rig.until_hears(customer)
        await rig.media.set_muted(PERSONA, False)
        await rig.until_hears(customer, 440)
        await rig.media.hush(PERSONA)
        sent = len(rig.of(VoiceSent))
        await rig.until_hears(customer)
        assert len(rig.of(VoiceSent)) == sent
        assert_continuous(customer.packets[first:])


@pytest.mark.parametrize("bridge", list(BridgeKind))
async def test_bursts_are_heard_whole_in_order_and_at_the_right_pace(bridge: BridgeKind, quiet: Path) -> None:
    pcm = noise(3.0)
    async with media_rig(bridge) as rig:
        customer = await rig.connect("customer", quiet)
        await rig.route(customer=["persona"])
        await open_voice(rig)
        await rig.listen(customer, 25)
        first = len(customer.packets)
        for number, begin in enumerate(range(0, len(pcm), 9_602)):
            await rig.media.speak(PERSONA, f"item-{number:02}", pcm[begin : begin + 9_602])
        sent = await until_sent(rig, 3.0)
        await rig.listen(customer, 40)
        alike, _ = likeness(heard(customer, first), pcm)
    # Where the machine stood still for long, a bridge may have left something out.
    assert alike > (0.9 if bridge is not BridgeKind.RELAY else 0.7)
    assert [each.item_id for each in sent] == sorted(each.item_id for each in sent)
    assert sum(each.seconds for each in sent) == pytest.approx(3.0)
    took_s = sent[-1].start_s + sent[-1].seconds - sent[0].start_s
    assert took_s == pytest.approx(3.0, abs=0.3)


async def test_what_was_sent_is_told_before_any_sound_that_could_hold_it(tones: dict[int, Path]) -> None:
    async with media_rig() as rig:
        await rig.connect("customer", tones[440], speech=True)
        await rig.route(customer=["persona"])
        await open_voice(rig)
        await rig.until(lambda: rig.of(PcmChunk))
        await rig.media.speak(PERSONA, "item", noise(3.0))
        await until_sent(rig, 3.0)
        begun = next(number for number, event in enumerate(rig.events) if isinstance(event, VoiceSent))
        heard_until_s, chunks = 0.0, 0
        for event in rig.events[begun:]:
            if isinstance(event, PcmChunk):
                heard_until_s = event.start_s + SPEECH_FORMAT.seconds(event.pcm)
                chunks += 1
            elif isinstance(event, VoiceSent):
                assert event.start_s >= heard_until_s
    assert chunks > 10


async def test_after_a_hush_nothing_more_goes_out_but_what_is_given_then(quiet: Path) -> None:
    async with media_rig() as rig:
        customer = await rig.connect("customer", quiet)
        await rig.route(customer=["persona"])
        await open_voice(rig)
        await rig.media.speak(PERSONA, "long", tone(60.0))
        await until_sent(rig, 0.5)
        await rig.media.hush(PERSONA)
        told = len(rig.of(VoiceSent))
        await rig.media.hush(PERSONA)
        await rig.media.speak(PERSONA, "next", noise(0.5))
        await rig.until(lambda: sum(each.seconds for each in rig.of(VoiceSent)[told:]) >= 0.5 - 1e-6)
        after = rig.of(VoiceSent)[told:]
        await rig.listen(customer, 25)
        alike, _ = likeness(heard(customer, 0), noise(0.5))
    assert {each.item_id for each in after} == {"next"}
    assert sum(each.seconds for each in after) == pytest.approx(0.5)
    assert alike > 0.9


async def test_a_voice_has_figures_but_no_network_and_no_browser(quiet: Path) -> None:
    async with media_rig() as rig:
        await rig.connect("customer", quiet)
        await rig.route(customer=["persona"])
        await open_voice(rig)
        with pytest.raises(OfferRefused, match="persona's voice"):
            await rig.media.answer(PERSONA, "v=0")
        with pytest.raises(OfferRefused, match="persona's voice"):
            await rig.media.add_candidate(PERSONA, "candidate:1 1 udp 1 192.0.2.1 1 typ host", "0", 0)

        def of_voice(is_loud: bool) -> list[RtpSample]:
            samples = [each for each in rig.of(RtpSample) if each.leg_id == PERSONA]
            return [each for each in samples if (each.level_dbfs is not None) is is_loud]

        await rig.until(lambda: of_voice(is_loud=False))
        await rig.media.speak(PERSONA, "item", tone(4.0))
        await rig.until(lambda: of_voice(is_loud=True))
        assert rig.states("persona") == [LegState.OPEN, LegState.CONNECTED]
        for sample in of_voice(is_loud=True) + of_voice(is_loud=False):
            assert (sample.direction, sample.vantage) == (Direction.INBOUND, Vantage.SERVER)
            assert (sample.lost, sample.jitter_ms, sample.rtt_ms, sample.timestamp_drift_ms_per_min) == (None,) * 4
            assert sample.packets > 0
            assert sample.octets > 0


async def test_only_a_voice_that_is_there_can_be_given_sound(quiet: Path) -> None:
    async with media_rig() as rig:
        await rig.connect("customer", quiet)
        for leg_id in (LegId("customer"), LegId("nobody")):
            with pytest.raises(LegNotFound):
                await rig.media.speak(leg_id, "item", noise(0.1))
            with pytest.raises(LegNotFound):
                await rig.media.hush(leg_id)
        await open_voice(rig)
        await rig.media.speak(PERSONA, "item", b"")
        await rig.media.close_leg(PERSONA)
        await rig.until(lambda: LegState.CLOSED in rig.states("persona"))
        with pytest.raises(LegNotFound):
            await rig.media.speak(PERSONA, "item", noise(0.1))


async def test_a_voice_dies_with_the_process_and_another_one_speaks_on(quiet: Path) -> None:
    async with media_rig() as rig:
        await open_voice(rig)
        await rig.media.speak(PERSONA, "item", tone(60.0))
        await until_sent(rig, 0.2)
        assert rig.media.pid is not None
        os.kill(rig.media.pid, signal.SIGKILL)
        await rig.until(lambda: rig.states("persona")[-1] is LegState.LOST)
        await rig.media.start()
        again = LegId("again")
        customer = await rig.connect("customer", quiet)
        await rig.route(customer=["again"])
        await open_voice(rig, again)
        await rig.media.speak(again, "item", tone(10.0))
        await rig.until_hears(customer, 440)


async def test_voices_that_come_and_go_leave_nothing_behind() -> None:
    async with media_rig() as rig:
        await rig.until(lambda: rig.of(MediaLoad))
        before = await rig.until_idle()
        for number in range(20):
            await open_voice(rig, LegId(f"{number}"), CallId(f"call-{number}"))
            await rig.media.speak(LegId(f"{number}"), "item", noise(0.5, seed=number))
        for number in range(20):
            sent = await until_sent(rig, 0.5, LegId(f"{number}"))
            assert all(b.start_s >= a.start_s for a, b in pairwise(sent))
            assert sum(each.seconds for each in sent) == pytest.approx(0.5)
        for number in range(20):
            await rig.media.close_leg(LegId(f"{number}"))
        assert set((await rig.until_idle(tasks=before.tasks)).dropped) <= {"pacer_slots"}
