"""What a leg answers, and what it refuses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from core.media.events import LegSpec
from core.media.leg import with_error_correction
from core.model.call import LegId, LegState, ParticipantId
from core.model.errors import LegNotFound, OfferRefused
from tests.media.rig import CALL, Rig, media_rig
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

LEG = LegId("leg")


@asynccontextmanager
async def peer() -> AsyncIterator[RTCPeerConnection]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        yield connection
    finally:
        await connection.close()


async def open_leg(rig: Rig, listen_only: bool = False) -> None:
    await rig.media.open_leg(LegSpec(LEG, CALL, ParticipantId("p"), speech=False, listen_only=listen_only))


async def offer_of(connection: RTCPeerConnection) -> str:
    await connection.setLocalDescription(await connection.createOffer())
    return str(connection.localDescription.sdp)


async def test_failure_11_a_second_offer_is_refused_and_the_first_connection_lives() -> None:
    async with media_rig() as rig, peer() as first, peer() as second:
        await open_leg(rig)
        first.addTrack(AudioStreamTrack())
        second.addTrack(AudioStreamTrack())
        answer = await rig.media.answer(LEG, await offer_of(first))
        await first.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        with pytest.raises(OfferRefused, match="only once"):
            await rig.media.answer(LEG, await offer_of(second))
        await rig.until(lambda: LegState.CONNECTED in rig.states(LEG))
        assert rig.states(LEG)[-1] is LegState.CONNECTED


async def test_the_answer_has_candidates_and_error_correction_and_opus_alone() -> None:
    async with media_rig() as rig, peer() as connection:
        await open_leg(rig)
        connection.addTrack(AudioStreamTrack())
        answer = await rig.media.answer(LEG, await offer_of(connection))
        assert "a=candidate:" in answer
        assert "a=end-of-candidates" in answer
        assert "useinbandfec=1" in answer
        assert answer.count("a=rtpmap:") == 1


@pytest.mark.parametrize("offered", ["recvonly", "sendrecv"])
async def test_a_listener_that_offers_video_first_is_answered_with_audio_alone(offered: str) -> None:
    async with media_rig() as rig, peer() as connection:
        await open_leg(rig, listen_only=True)
        connection.addTransceiver("video", direction=offered)
        connection.addTransceiver("audio", direction="recvonly")
        answer = await rig.media.answer(LEG, await offer_of(connection))
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        video, audio = connection.getTransceivers()
        assert (video.kind, video.currentDirection) == ("video", "inactive")
        assert (audio.kind, audio.currentDirection) == ("audio", "recvonly")
        packets = 0
        async with asyncio.timeout(10):
            while packets < 10:
                await audio.receiver.track.recv()
                packets += 1


async def test_an_offer_without_audio_is_refused() -> None:
    async with media_rig() as rig, peer() as connection:
        await open_leg(rig)
        connection.addTransceiver("video", direction="recvonly")
        with pytest.raises(OfferRefused, match="no audio line"):
            await rig.media.answer(LEG, await offer_of(connection))
        await rig.until(lambda: LegState.LOST in rig.states(LEG))


async def test_an_offer_without_opus_is_refused() -> None:
    async with media_rig() as rig, peer() as connection:
        await open_leg(rig)
        pcmu = [c for c in RTCRtpSender.getCapabilities("audio").codecs if c.mimeType == "audio/PCMU"]
        connection.addTransceiver("audio").setCodecPreferences(pcmu)
        with pytest.raises(OfferRefused, match="Opus"):
            await rig.media.answer(LEG, await offer_of(connection))


async def test_rubbish_is_refused() -> None:
    rubbish = ("", "안녕하세요", "v=0\r\nm=audio 9\r\n", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n")
    async with media_rig() as rig:
        for text in rubbish:
            leg_id = LegId(f"leg {len(text)}")
            await rig.media.open_leg(LegSpec(leg_id, CALL, ParticipantId("p"), speech=False))
            with pytest.raises(OfferRefused):
                await rig.media.answer(leg_id, text)


async def test_an_unknown_leg_is_not_found() -> None:
    async with media_rig() as rig:
        with pytest.raises(LegNotFound, match="leg"):
            await rig.media.answer(LEG, "v=0")


async def test_candidates_may_come_one_by_one_and_before_the_offer() -> None:
    async with media_rig() as rig, peer() as connection:
        await open_leg(rig)
        connection.addTrack(AudioStreamTrack())
        lines = (await offer_of(connection)).splitlines()
        candidates = [line.removeprefix("a=") for line in lines if line.startswith("a=candidate:")]
        bare = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
        await rig.media.add_candidate(LEG, candidates[0], "0", 0)
        answer = await rig.media.answer(LEG, "\r\n".join(bare) + "\r\n")
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        for candidate in candidates[1:]:
            await rig.media.add_candidate(LEG, candidate, "0", 0)
        await rig.media.add_candidate(LEG, "", "0", 0)
        await rig.until(lambda: LegState.CONNECTED in rig.states(LEG))


async def test_a_candidate_that_cannot_be_read_is_refused() -> None:
    async with media_rig() as rig, peer() as connection:
        await open_leg(rig)
        connection.addTrack(AudioStreamTrack())
        await rig.media.answer(LEG, await offer_of(connection))
        with pytest.raises(OfferRefused, match="candidate"):
            await rig.media.add_candidate(LEG, "candidate:nonsense", "0", 0)


def test_error_correction_is_asked_for_on_the_opus_line_only() -> None:
    answer = "a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
    assert with_error_correction(answer) == (
        "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\n"
    )
