"""How soon a persona answers in a real browser: part of `python -m bench.persona`.

The whole server and a Chromium in a network namespace of their own (root on Linux): the page's microphone says a file,
its sound goes the way of every call to the media process, through gate and session to the scripted server, which thinks
for no time and answers at once; the answer goes out over the persona's playout and its voice leg. The moments are taken
in the browser, where the tracks of the microphone and of the answer are read; the answer's less what the jitter buffer
held it back on average, so that its arrival counts.

- `browser_first_response_ms`: from the end of speech to the answer's first frame. The half second of silence by which
  the server knows that a turn has ended is in it, and nothing of a model's thinking. Aim: 95% under 800 ms;
- `browser_ours_ms`: the same without that half second: all that is ours, both ways through the browser and two codecs
  included, up to 20 ms by which the server counts silence, and up to 20 ms until the playout's next frame, which are
  the same for all turns of a run: look at several. Aim: 95% under 60 ms;
- `browser_delta_ms`: of that, the way back: from the server sending the first sound;
- `browser_jitter_buffer_ms`: how long the browser then holds sound back, on average. It is no part of the others.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from core.media.packet import CLOCK_RATE
from core.settings import PROJECT_ROOT
from tests.support.browser import LATEST_CONNECTION, launch_chromium
from tests.support.sound_files import write_sound
from tests.support.streamlit_server import running_server

SPOKEN_S, PERIOD_S = 0.6, 2.407
"""No multiple of a frame, so that turns end at every phase of the frames of browser, server and playout."""
SILENCE_S = 0.5
"""After which the scripted server takes a turn to have ended."""
APART_S = 0.3
SLOW_MS = 120_000

PERSONA = """
name = "Bench"
language = "en"
instructions = "Be brief."
voice = "marin"
[opening_hours]
every_day = ["00:00-24:00"]
"""

READ = f"""
(kind) => {{
  const connection = {LATEST_CONNECTION};
  const ends = kind === "spoken" ? connection.getSenders() : connection.getReceivers();
  const track = ends.find((each) => each.track?.kind === "audio").track;
  const reader = new MediaStreamTrackProcessor({{ track }}).readable.getReader();
  const kept = (window[kind] = []);
  (async () => {{
    for (;;) {{
      const {{ value, done }} = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, {{ planeIndex: 0, format: "f32-planar" }});
      const read = performance.timeOrigin + performance.now();
      const isLoud = (each) => Math.abs(each) > 0.02;
      const at = (index) => (index * 1000) / value.sampleRate;
      const first = samples.findIndex(isLoud);
      const start = value.timestamp / 1000;
      const loud = first < 0 ? null : [start + at(first), start + at(samples.findLastIndex(isLoud))];
      kept.push([read, start + at(value.numberOfFrames), loud]);
      value.close();
    }}
  }})();
}}
"""
"""Keeps of each piece of the sound of a track when it was read and, on the track's own clock, its end and the first and
last loud sample in it, in milliseconds."""

JITTER_BUFFER = f"""
async () => {{
  for (const entry of (await ({LATEST_CONNECTION}).getStats()).values()) {{
    if (entry.type !== "inbound-rtp" || entry.kind !== "audio") continue;
    return [entry.jitterBufferDelay, entry.jitterBufferEmittedCount];
  }}
  return [0, 0];
}}
"""


Piece = tuple[float, float, tuple[float, float] | None]
"""As `READ` keeps it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Delays of the answers, in seconds."""

    first_response: list[float]
    ours: list[float]
    delta: list[float]
    jitter_buffer_s: float


def measure(turns: int, port: int, sent_s: list[float]) -> Answered:
    """Speak so many turns to the server at `port`, which notes when it answers (monotonic). In a namespace."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "personas").mkdir()
        (folder / "personas" / "bench.toml").write_text(PERSONA)
        environment = {
            "EARSHOT_REALTIME_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "EARSHOT_PERSONA_DIR": str(folder / "personas"),
        }
        with (
            sync_playwright() as playwright,
            running_server(
                PROJECT_ROOT / "app.py", folder / "data", environment=environment, health="/api/health"
            ) as server,
            launch_chromium(playwright, microphone=_speech(folder)) as browser,
        ):
            page = browser.new_context(permissions=["microphone"]).new_page()
            page.goto(f"{server.url}/persona")
            page.locator(".st-key-persona-bench").get_by_role("button", name="Talk").click(timeout=SLOW_MS)
            expect(page.locator(".pt-title")).to_have_text("Bench is listening", timeout=SLOW_MS)
            page.evaluate(READ, "spoken")
            page.evaluate(READ, "heard")
            page.wait_for_timeout(5_000)
            before = page.evaluate(JITTER_BUFFER)
            page.evaluate("() => { window.heard.length = 0; }")
            page.wait_for_timeout(turns * PERIOD_S * 1000)
            after = page.evaluate(JITTER_BUFFER)
            offset_s = _offset_s(page)
            heard, spoken = page.evaluate("[window.heard, window.spoken]")
    buffered_s = (after[0] - before[0]) / max(1, after[1] - before[1])
    wall_s = time.time() - time.monotonic()
    ends = [until_s + offset_s for _, until_s in _stretches(spoken)]
    begun = [since_s + offset_s - buffered_s for since_s, _ in _stretches(heard)]
    return _matched(ends, [each + wall_s for each in sent_s], begun, buffered_s)


def _speech(folder: Path) -> Path:
    at = np.arange(round(PERIOD_S * CLOCK_RATE)) / CLOCK_RATE
    voice = 9000 * np.sin(2 * np.pi * 300 * at) * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * at))
    return write_sound(folder / "turns.wav", np.where(at < SPOKEN_S, voice, 0))


def _offset_s(page: Page) -> float:
    """What is to be added to the page's clock, in seconds, to have this process's."""
    found: list[tuple[float, float]] = []
    for _ in range(20):
        before_s = time.time()
        page_s = page.evaluate("performance.timeOrigin + performance.now()") / 1000
        after_s = time.time()
        found.append((after_s - before_s, (before_s + after_s) / 2 - page_s))
    return min(found)[1]


def _stretches(pieces: list[Piece]) -> list[tuple[float, float]]:
    """From when to when each stretch of sound lasted, on the page's clock in seconds.

    What was read soonest tells where the track's own clock is: everything else was read later than it could be.
    """
    base_ms = min((read - end for read, end, _ in pieces), default=0.0)
    found: list[tuple[float, float]] = []
    for _, _, loud in pieces:
        if loud is None:
            continue
        since_s, until_s = ((each + base_ms) / 1000 for each in loud)
        if found and since_s - found[-1][1] <= APART_S:
            found[-1] = (found[-1][0], until_s)
        else:
            found.append((since_s, until_s))
    return found


def _matched(ends: list[float], sent: list[float], heard: list[float], buffered_s: float) -> Answered:
    first, delta = [], []
    for heard_s in heard:
        sent_s = max((each for each in sent if each <= heard_s), default=0.0)
        end_s = max((each for each in ends if each <= sent_s), default=0.0)
        if heard_s - end_s < PERIOD_S - SPOKEN_S:
            first.append(heard_s - end_s)
            delta.append(heard_s - sent_s)
    return Answered(first, [each - SILENCE_S for each in first], delta, buffered_s)
