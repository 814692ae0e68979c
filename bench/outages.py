"""`python -m bench.outages [--outages 100] [--json]`: how many outages of 1 to 10 s a call recovers from in time.

The real server and two real Chromium pages (Join pages, each other's customer) in a network namespace of their own
(root on Linux). iptables drops the media alone, or the media and the pages' own connections; the two are counted
apart. An outage is recovered from when both pages hear the other again, at most `LIMIT_S` after packets may flow.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from core.settings import PROJECT_ROOT
from tests.support.browser import audio_stats, launch_chromium, press_start, write_tone
from tests.support.namespace import own_namespace
from tests.support.outage import outage
from tests.support.streamlit_server import Server, running_server

LIMIT_S = 15.0
LOOK_S = 0.25
HEARD_PACKETS = 10
"""Packets within a look's time that tell that a voice flows."""
SETTLE_S = 3.0
CONNECT_S = 40.0
KINDS = ("media", "media_and_page")


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call that was begun by way of the API."""

    id: str
    link: str
    """Address at which one joins it."""

    def leg_states(self, server: Server) -> dict[str, str]:
        """The state of everybody's leg, by name."""
        with urllib.request.urlopen(f"{server.url}/api/calls/{self.id}", timeout=10) as answer:
            return {each["name"]: each["leg_state"] for each in json.load(answer)["call"]["participants"]}


def new_call(server: Server) -> RunningCall:
    """Begin a call between people."""
    with urllib.request.urlopen(f"{server.url}/api/session", timeout=10) as answer:
        token = json.load(answer)["xsrf_token"]

    def post(path: str, body: dict[str, str]) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "X-Earshot-Xsrf": token}
        request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    call_id = post("/api/calls", {"language": "en"})["id"]
    return RunningCall(call_id, server.url + post(f"/api/calls/{call_id}/links", {})["path"])


def join(page: Page, link: str, name: str) -> None:
    """Take part in a call, and wait until the connection stands."""
    page.goto(link)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your name").press("Enter")
    press_start(page)
    deadline = time.monotonic() + CONNECT_S
    while not any(each["state"] == "connected" for each in audio_stats(page)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} is not connected after {CONNECT_S:.0f} s")
        page.wait_for_timeout(100)


def heard(pages: Sequence[Page], limit_s: float) -> float | None:
    """How long it takes until every page hears the other; None where that is longer than `limit_s`."""
    began = time.monotonic()
    waiting = set(range(len(pages)))
    before: dict[int, tuple[int, int]] = {}
    while waiting:
        for number in sorted(waiting):
            stats = audio_stats(pages[number])
            now = (len(stats), stats[-1]["received"] if stats else 0)
            count, received = before.get(number, (0, 0))
            if count == now[0] and now[1] - received >= HEARD_PACKETS:
                waiting.discard(number)
            before[number] = now
        if time.monotonic() - began > limit_s:
            return None
        if waiting:
            pages[0].wait_for_timeout(LOOK_S * 1000)
    return time.monotonic() - began


def recovery_s(pages: Sequence[Page], server: Server, kind: str, seconds: float) -> float | None:
    """How long a call takes to be heard again after one outage of `seconds`; None where it is not within the limit."""
    with outage(page_port=server.port if kind == "media_and_page" else None):
        time.sleep(seconds)
    return heard(pages, LIMIT_S)


def measure(outages: int, seed: int) -> dict[str, float]:
    """So many outages of each kind."""
    lengths = random.Random(seed)
    took: dict[str, list[float | None]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder, own_namespace(), sync_playwright() as playwright:
        tone = write_tone(Path(folder) / "tone.wav")
        with (
            running_server(PROJECT_ROOT / "app.py", Path(folder) / "data", health="/api/health") as server,
            launch_chromium(playwright, microphone=tone) as browser,
        ):
            link = new_call(server).link
            pages = [browser.new_context(permissions=["microphone"]).new_page() for _ in range(2)]
            for number, page in enumerate(pages):
                join(page, link, f"Person {number}")
            for number in range(outages * len(KINDS)):
                kind = KINDS[number % len(KINDS)]
                seconds = lengths.uniform(1.0, 10.0)
                pages[0].wait_for_timeout(SETTLE_S * 1000)
                recovered = recovery_s(pages, server, kind, seconds)
                took[kind].append(recovered)
                told = "not in time" if recovered is None else f"after {recovered:.1f} s"
                print(f"{kind}, {seconds:.1f} s: heard again {told}", file=sys.stderr, flush=True)
                if recovered is None and heard(pages, CONNECT_S) is None:
                    for other, page in enumerate(pages):
                        join(page, link, f"Person {other}")
    result: dict[str, float] = {"seed": seed}
    for kind, times in took.items():
        known = [each for each in times if each is not None]
        result[f"{kind}_outages"] = len(times)
        result[f"{kind}_recovered_within_{LIMIT_S:.0f}_s"] = len(known)
        if known:
            result[f"{kind}_recovery_median_s"] = round(statistics.median(known), 2)
            result[f"{kind}_recovery_longest_s"] = round(max(known), 2)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.outages", description=__doc__.splitlines()[0])
    parser.add_argument("--outages", type=int, default=100, help="outages of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of their lengths")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    result = measure(options.outages, options.seed)
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:45} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
