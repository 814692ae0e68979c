"""Real browsers' offers: a caller that sends and hears, a listener without a microphone that offers video first."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from core.media.events import LegSpec
from core.model.audio import PcmChunk
from core.model.call import LegId, LegState, ParticipantId
from core.model.sample import Direction, RtpSample
from tests.media.rig import CALL, Rig, media_rig
from tests.support.browser import CHROMIUM, FLAGS, browser_problem
from tests.support.namespace import namespace_marks

pytestmark = [
    *namespace_marks(),
    pytest.mark.browser,
    pytest.mark.skipif(
        bool(browser_problem()) and os.environ.get("CI") != "true", reason=f"NOT TESTED: {browser_problem()}"
    ),
    pytest.mark.usefixtures("namespace"),
]

CALL_UP = """async ({name, listens}) => {
  const pc = window.pc = new RTCPeerConnection({iceServers: []});
  if (listens) {
    pc.addTransceiver('video', {direction: 'recvonly'});
    pc.addTransceiver('audio', {direction: 'recvonly'});
  } else {
    // A steady tone is noise to a browser.
    const audio = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
    const stream = await navigator.mediaDevices.getUserMedia({audio});
    pc.addTrack(stream.getAudioTracks()[0], stream);
  }
  pc.ontrack = ({track}) => {
    if (track.kind !== 'audio') return;
    const ear = window.ear = new Audio();
    ear.srcObject = new MediaStream([track]);
    ear.play();
  };
  pc.onicecandidate = ({candidate}) =>
    window.candidate(name, candidate ? candidate.toJSON() : {candidate: '', sdpMid: '0', sdpMLineIndex: 0});
  await pc.setLocalDescription();
  await pc.setRemoteDescription({type: 'answer', sdp: await window.answer(name, pc.localDescription.sdp)});
}"""

RECEIVED = """async () => {
  let seen = {packets: 0, energy: 0, at: 0};
  for (const s of (await window.pc.getStats()).values())
    if (s.type === 'inbound-rtp' && s.kind === 'audio')
      seen = {packets: s.packetsReceived, energy: s.totalAudioEnergy, at: s.timestamp / 1000, lost: s.packetsLost};
  return seen;
}"""

HEARD = f"""async () => {{
  for (;;) {{
    const seen = await ({RECEIVED})();
    if (seen.energy > 0.01) return seen;
    await new Promise((done) => setTimeout(done, 100));
  }}
}}"""

Figures = dict[str, float]


@asynccontextmanager
async def chromium_page(rig: Rig, microphone: Path) -> AsyncIterator[Page]:
    async def candidate(name: str, entry: dict[str, object]) -> None:
        index = entry["sdpMLineIndex"]
        assert isinstance(index, int)
        await rig.media.add_candidate(LegId(name), str(entry["candidate"]), str(entry["sdpMid"]), index)

    async def answer(name: str, offer: str) -> str:
        return await rig.media.answer(LegId(name), offer)

    async with async_playwright() as playwright:
        flags = [
            *FLAGS,
            "--autoplay-policy=no-user-gesture-required",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}",
        ]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            page = await browser.new_page()
            await page.route("**", lambda route: route.fulfill(body="<title>call</title>", content_type="text/html"))
            await page.expose_function("candidate", candidate)
            await page.expose_function("answer", answer)
            await page.goto("http://localhost/")
            yield page
        finally:
            await browser.close()


async def figures(page: Page) -> Figures:
    seen: Figures = await page.evaluate(RECEIVED)
    return seen


async def figures_of_a_voice(page: Page) -> Figures:
    """The first figures that show that something is heard."""
    async with asyncio.timeout(20):
        heard: Figures = await page.evaluate(HEARD)
    return heard


@pytest.mark.parametrize("listens", [False, True], ids=["caller", "listener"])
async def test_a_browser_hears_fifty_packets_a_second(listens: bool, tones: dict[int, Path]) -> None:
    async with media_rig() as rig, chromium_page(rig, tones[440]) as page:
        browser = LegId("browser")
        await rig.media.open_leg(LegSpec(browser, CALL, ParticipantId("b"), speech=not listens, listen_only=listens))
        bob = await rig.connect("bob", tones[1000])
        await rig.route(browser=["bob"], bob=["browser"])
        await page.evaluate(CALL_UP, {"name": browser, "listens": listens})
        await rig.until(lambda: LegState.CONNECTED in rig.states(browser))
        before = await figures_of_a_voice(page)
        await asyncio.sleep(3.0)
        after = await figures(page)
        rate = (after["packets"] - before["packets"]) / (after["at"] - before["at"])
        assert rate == pytest.approx(50, rel=0.2)
        assert after["lost"] == 0
        directions = {sample.direction for sample in rig.of(RtpSample) if sample.leg_id == browser}
        if listens:
            assert directions == {Direction.OUTBOUND}
        else:
            await rig.until_hears(bob, 440)
            assert [chunk for chunk in rig.of(PcmChunk) if chunk.leg_id == browser]
            assert directions == {Direction.OUTBOUND, Direction.INBOUND}
        await page.goto("http://localhost/elsewhere")
        await rig.until(lambda: LegState.LOST in rig.states(browser))
