"""`python -m bench.drift [--minutes 10] [--json]`: whether the delay at the listeners stays level in a long call.

In one run, in a network namespace of its own (root on Linux): two Chromium pages that hear each other through the
server, and two that are connected to each other without any server. Each second both ends' `getStats` (W3C
webrtc-stats, `RTCInboundRtpStreamStats`) say how long sound waited in the jitter buffer: the growth of
`jitterBufferDelay` over that of `jitterBufferEmittedCount`.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.outages import CONNECT_S, heard, join, new_call
from core.settings import PROJECT_ROOT, Settings
from tests.support.browser import LATEST_CONNECTION, launch_chromium, write_tone
from tests.support.namespace import own_namespace
from tests.support.streamlit_server import Server, running_server

WARM_UP_S = 20.0
"""Left out at the beginning: a jitter buffer first has to find its size."""
SLOPE_LIMIT_MS_PER_MIN = 1.0
MEAN_LIMIT_MS = 10.0
"""How far the mean may be from that of the pages that are connected directly."""
PAGE_SIZE = {"width": 400, "height": 740}

DIRECT = "window.direct"
"""The connection of a page without a server, as an expression of that page."""

OFFER = """
async (constraints) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: constraints });
  const direct = window.direct = new RTCPeerConnection();
  for (const track of stream.getTracks()) direct.addTrack(track, stream);
  direct.addEventListener("track", (event) => {
    window.sound = new Audio();
    window.sound.srcObject = event.streams[0];
    window.sound.play();
  });
  window.gathered = async () => {
    await direct.setLocalDescription();
    while (direct.iceGatheringState !== "complete") await new Promise((give) => setTimeout(give, 50));
    return direct.localDescription.toJSON();
  };
}
"""
SAMPLES = """
(connection) => {
  const rows = [];
  window.driftRows = rows;
  setInterval(async () => {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type !== "inbound-rtp" || entry.kind !== "audio") continue;
      rows.push([
        performance.now() / 1000, entry.jitterBufferDelay, entry.jitterBufferEmittedCount, entry.packetsReceived,
        entry.packetsLost, entry.concealedSamples, entry.totalSamplesReceived, entry.fecPacketsReceived ?? 0,
      ]);
    }
  }, 1000);
}
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """Running totals of one received stream, at one moment."""

    at_s: float
    delay_s: float
    """Of all samples that were played, added up."""
    played: int
    packets: int
    lost: int
    concealed: int
    samples: int
    corrected: int
    """Packets of in-band error correction that came (`fecPacketsReceived`)."""


@dataclass(frozen=True, slots=True)
class Level:
    """How level the delay at one listener was."""

    slope_ms_per_min: float
    mean_ms: float
    packets_per_s: float
    lost: int
    concealed_pct: float


def connect_directly(pages: Sequence[Page]) -> None:
    """Connect two pages to each other, with the microphone asked for what Earshot's pages ask for."""
    settings = Settings(_env_file=None)
    constraints = {
        "echoCancellation": settings.echo_cancellation,
        "noiseSuppression": settings.noise_suppression,
        "autoGainControl": settings.auto_gain_control,
        "channelCount": 1,
    }
    first, second = pages
    for page in pages:
        page.evaluate(OFFER, constraints)
    second.evaluate("(offer) => window.direct.setRemoteDescription(offer)", first.evaluate("window.gathered()"))
    first.evaluate("(answer) => window.direct.setRemoteDescription(answer)", second.evaluate("window.gathered()"))
    deadline = time.monotonic() + CONNECT_S
    while {page.evaluate("window.direct.connectionState") for page in pages} != {"connected"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"two pages are not connected to each other after {CONNECT_S:.0f} s")
        first.wait_for_timeout(100)


def begin_readings(page: Page, connection: str) -> None:
    """Have a page read once a second what its connection, given as an expression, receives."""
    page.evaluate(f"({SAMPLES})({connection})")


def readings(page: Page) -> list[Reading]:
    """What a page has read so far."""
    return [Reading(*row) for row in page.evaluate("window.driftRows")]


def delays_ms(taken: Sequence[Reading]) -> list[tuple[float, float]]:
    """When, in minutes, and how long sound waited in each second, in ms, leaving out those in which nothing played."""
    return [
        (after.at_s / 60, 1000 * (after.delay_s - before.delay_s) / (after.played - before.played))
        for before, after in pairwise(taken)
        if after.played > before.played
    ]


def after_warm_up(taken: Sequence[Reading]) -> list[Reading]:
    """The readings that are judged."""
    return [each for each in taken if each.at_s >= taken[0].at_s + WARM_UP_S]


def concealed_pct(taken: Sequence[Reading]) -> float:
    """How much of what was played had to be made up."""
    return 100 * (taken[-1].concealed - taken[0].concealed) / (taken[-1].samples - taken[0].samples)


def level(taken: Sequence[Reading]) -> Level:
    """How level the delay was after the warm-up."""
    taken = after_warm_up(taken)
    minutes, delays = zip(*delays_ms(taken), strict=True)
    first, last = taken[0], taken[-1]
    return Level(
        slope_ms_per_min=round(statistics.linear_regression(minutes, delays).slope, 3),
        mean_ms=round(statistics.fmean(delays), 2),
        packets_per_s=round((last.packets - first.packets) / (last.at_s - first.at_s), 2),
        lost=last.lost - first.lost,
        concealed_pct=round(concealed_pct(taken), 3),
    )


def four_pages(server: Server, browser: Browser) -> dict[str, Page]:
    """Two pages in a call and two that are connected directly, all four reading, by name."""
    link = new_call(server).link
    pages = [browser.new_context(permissions=["microphone"], viewport=PAGE_SIZE).new_page() for _ in range(4)]  # type: ignore[arg-type]
    called, direct = pages[:2], pages[2:]
    for number, page in enumerate(called):
        join(page, link, f"Person {number}")
    for page in direct:
        # The same page with the same load, but nobody presses START.
        page.goto(link)
    connect_directly(direct)
    if heard(called, CONNECT_S) is None:
        raise TimeoutError(f"nothing was heard in the call after {CONNECT_S:.0f} s")
    for page in called:
        begin_readings(page, LATEST_CONNECTION)
    for page in direct:
        begin_readings(page, DIRECT)
    return dict(zip(("call_one", "call_other", "direct_one", "direct_other"), pages, strict=True))


def distance_ms(levels: Mapping[str, Level]) -> float:
    """How much longer sound waits at the listeners of the call than at those without a server, on average."""
    called, direct = (
        statistics.fmean(each.mean_ms for name, each in levels.items() if name.startswith(kind))
        for kind in ("call", "direct")
    )
    return called - direct


def measure(minutes: float) -> dict[str, Level]:
    """How level the delay is at each of the four pages."""
    with tempfile.TemporaryDirectory() as folder, own_namespace(), sync_playwright() as playwright:
        tone = write_tone(Path(folder) / "tone.wav")
        with (
            running_server(PROJECT_ROOT / "app.py", Path(folder) / "data", health="/api/health") as server,
            launch_chromium(playwright, microphone=tone) as browser,
        ):
            pages = four_pages(server, browser)
            pages["call_one"].wait_for_timeout(1000 * (60 * minutes + WARM_UP_S))
            return {name: level(readings(page)) for name, page in pages.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the call after the warm-up")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    levels = measure(options.minutes)
    if options.json:
        print(json.dumps({name: asdict(each) for name, each in levels.items()}))
        return 0
    for name, each in levels.items():
        print(name)
        for figure, value in asdict(each).items():
            print(f"  {figure:20} {value}")
    steepest = max(each.slope_ms_per_min for name, each in levels.items() if name.startswith("call"))
    print(f"slope {steepest:.2f} ms/min, limit {SLOPE_LIMIT_MS_PER_MIN}")
    print(f"mean {distance_ms(levels):+.1f} ms from that of the direct connection, limit {MEAN_LIMIT_MS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
