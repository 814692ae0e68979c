"""A real Chromium with a fake microphone, and what tests ask of a page with a leg."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, FrameLocator, Page, Playwright, expect

from core.media.sound_file import read_frames
from tests.support.sound_files import SAMPLE_RATE, write_sound
from tests.support.streamlit_server import ROOT

CHROMIUM = "/usr/bin/chromium"
SCREENSHOTS = ROOT / "screenshots"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
)
LEG_FRAME = 'iframe[title^="streamlit_webrtc"]'
"""Selects the frame that holds START and STOP."""

LATEST_CONNECTION = f"""
document.querySelector('{LEG_FRAME}').contentWindow[Symbol.for("earshot.connections")]?.latest
""".strip()
"""The frame's newest RTCPeerConnection, as an expression of the page."""

AUDIO_STATS = """
async () => {
  const key = Symbol.for("earshot.connections");
  const found = [];
  // A connection whose frame is being taken away never answers.
  const statsOf = (connection) =>
    Promise.race([connection.getStats(), new Promise((give) => setTimeout(give, 1000, new Map()))]);
  for (const frame of document.querySelectorAll('iframe[title^="streamlit_webrtc"]')) {
    for (const { connection } of frame.contentWindow?.[key]?.list ?? []) {
      const report = { state: connection.connectionState, received: 0, sent: 0, lost: 0 };
      report.at_s = performance.now() / 1000;
      for (const entry of (await statsOf(connection)).values()) {
        if (entry.kind !== "audio") continue;
        if (entry.type === "inbound-rtp") {
          report.at_s = (entry.timestamp - performance.timeOrigin) / 1000;
          report.received += entry.packetsReceived;
          report.lost += entry.packetsLost;
          report.energy = entry.totalAudioEnergy;
        }
        if (entry.type === "outbound-rtp") report.sent += entry.packetsSent;
      }
      found.push(report);
    }
  }
  return found;
}
"""


def browser_problem() -> str:
    """Why no browser test can run here; empty when they can."""
    return "" if shutil.which(CHROMIUM) else f"{CHROMIUM} is missing; install the package chromium"


def launch_chromium(
    playwright: Playwright, *, microphone: Path | None, allow_microphone: bool = True, more_flags: Sequence[str] = ()
) -> Browser:
    """Start Chromium; `microphone` is a WAV file that its fake microphone plays over and over (None: beeps)."""
    flags = [*FLAGS, *more_flags]
    if allow_microphone:
        flags.append("--use-fake-ui-for-media-stream")
    if microphone is not None:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    return playwright.chromium.launch(executable_path=CHROMIUM, args=flags, env={**os.environ, "LANG": "C.UTF-8"})


def write_tone(path: Path, *, seconds: float = 4.0, hertz: float = 300.0) -> Path:
    """A WAV file for a fake microphone: bursts of a tone, a second long with half a second between."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = np.sin(2 * np.pi * hertz * at) * (at % 1.5 < 1.0) * 12_000
    return write_sound(path, samples)


def as_wav(recording: Path, folder: Path, start_s: float) -> Path:
    """A demo voice as Chromium's fake microphone wants it, from `start_s` on."""
    sound = np.concatenate(list(read_frames(recording)))
    return write_sound(folder / f"{recording.stem}.wav", sound[int(start_s * SAMPLE_RATE) :])


def leg_frame(page: Page) -> FrameLocator:
    """The frame that holds START and STOP."""
    return page.frame_locator(LEG_FRAME).first


def press_start(page: Page, label: str = "START") -> None:
    """Press START as a person would."""
    leg_frame(page).get_by_role("button", name=label, exact=True).click()


def press_stop(page: Page, label: str = "STOP") -> None:
    """Press STOP as a person would."""
    leg_frame(page).get_by_role("button", name=label, exact=True).click()


def begin_call(page: Page) -> str:
    """Begin a call on the page with the list of calls; the link at which the customer joins it."""
    page.get_by_role("button", name="New call").click()
    page.wait_for_url("**/live?call=*")
    page.context.grant_permissions(["clipboard-read", "clipboard-write", "microphone"])
    page.get_by_role("button", name="Copy join link").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_attached()
    return str(page.evaluate("navigator.clipboard.readText()"))


def audio_stats(page: Page) -> list[dict[str, Any]]:
    """Each peer connection of the page, oldest first: its state and the audio packets it has received, sent, lost, and
    when they were counted, by the page's clock."""
    return list(page.evaluate(AUDIO_STATS))


def received_per_second(page: Page, seconds: float) -> float:
    """Audio packets that arrive in the page's latest connection, a second, over so many seconds."""
    return _rates(page, seconds)["received"]


def sent_per_second(page: Page, seconds: float) -> float:
    """Audio packets that leave by the page's latest connection, a second, over so many seconds."""
    return _rates(page, seconds)["sent"]


def _rates(page: Page, seconds: float) -> dict[str, float]:
    """By the browser's own clock: on a busy machine its answers are late."""
    before = audio_stats(page)[-1]
    page.wait_for_timeout(seconds * 1000)
    after = audio_stats(page)[-1]
    seconds = after["at_s"] - before["at_s"]
    rates = {name: float(after[name] - before[name]) / seconds for name in ("received", "sent")}
    print(f"{rates['received']:.1f} packets a second received, {rates['sent']:.1f} sent, over {seconds:.0f} s")
    return rates


def eventually(page: Page, condition: Callable[[], bool], what: str, limit_s: float = 30.0) -> None:
    """Wait until something is so; fails with `what` otherwise."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"after {limit_s:.0f} s still not so: {what}"
        page.wait_for_timeout(100)


def screenshot(page: Page, name: str) -> Path:
    """Keep a picture of the page in `screenshots/`, to be looked at by a person."""
    SCREENSHOTS.mkdir(exist_ok=True)
    target = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=target)
    return target
