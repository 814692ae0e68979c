"""What open pages cost: the media loop's lag and its send deviation with 0, 1 and 5 live pages open, and a page's share
of a core; with 5 pages also where the media process has no more priority than the others.

The whole server runs in a network namespace of its own with one demo call; the pages are real Chromium ones. On two
cores the browsers themselves are most of the load.
"""

import json
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

from core.settings import PROJECT_ROOT
from tests.support.browser import launch_chromium
from tests.support.namespace import own_namespace
from tests.support.streamlit_server import Server, running_server

SETTLE_S = 8.0


def _load(server: Server) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/api/load", timeout=10) as answer:
        return dict(json.load(answer))


def _renderers() -> list[psutil.Process]:
    family = psutil.Process().children(recursive=True)
    return [p for p in family if any("--type=renderer" in part for part in p.cmdline())]


def _watch(server: Server, seconds: float) -> tuple[dict[str, float], float]:
    """The loop's lag, and the CPU share of all page processes together, over so many seconds."""
    renderers = _renderers()
    before, started = sum(sum(p.cpu_times()[:2]) for p in renderers), time.monotonic()
    seen: list[dict[str, float]] = []
    while time.monotonic() - started < seconds:
        time.sleep(1.0)
        seen.append(_load(server))
    spent = sum(sum(p.cpu_times()[:2]) for p in renderers) - before
    lag = {key: statistics.median(each[key] for each in seen) for key in ("loop_lag_p50_ms", "loop_lag_p99_ms")}
    return lag, 100 * spent / (time.monotonic() - started)


def _send_deviation(server: Server, call_id: str) -> dict[str, float]:
    """How far packets left from their places, of each second's 99th percentiles of both legs."""
    url = f"{server.url}/api/calls/{call_id}/export?format=json"
    with urllib.request.urlopen(url, timeout=10) as answer:
        samples = json.load(answer)["samples"]
    seen = [each["send_deviation_p99_ms"] for each in samples if each["send_deviation_p99_ms"] is not None]
    return {
        "send_deviation_p99_ms_median": statistics.median(seen),
        "send_deviation_p99_ms_worst_twentieth": statistics.quantiles(seen, n=20)[-1],
    }


def _media_processes() -> list[psutil.Process]:
    family = psutil.Process().children(recursive=True)
    return [p for p in family if "core.media" in p.cmdline() and "--socket" in p.cmdline()]


def _open_pages(browser: Browser, url: str, count: int) -> None:
    for _ in range(count):
        browser.new_context(viewport={"width": 1440, "height": 900}).new_page().goto(url)


def measure(seconds: float) -> dict[str, float]:
    """Lag with 0, 1 and 5 pages, and one page's share of a core. Every stage lasts `seconds` after settling.

    The server averages its lag over a minute, so stages shorter than that carry some of the one before.
    """
    result: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, own_namespace(), sync_playwright() as playwright:
        for count, raised in ((0, True), (1, True), (5, True), (5, False)):
            name = f"{count}_pages" if raised else f"{count}_pages_priority_not_raised"
            with (
                running_server(PROJECT_ROOT / "app.py", Path(folder) / name, health="/api/health") as server,
                launch_chromium(playwright, microphone=None) as browser,
            ):
                starter = browser.new_page()
                starter.goto(server.url)
                starter.get_by_role("button", name="Start demo call").click()
                starter.wait_for_url("**/live?call=*")
                url = starter.url
                starter.close()
                if not raised:
                    for process in _media_processes():
                        process.nice(0)
                _open_pages(browser, url, count)
                time.sleep(SETTLE_S)
                lag, cpu_pct = _watch(server, seconds)
                lag |= _send_deviation(server, url.split("call=")[1])
                for key, value in lag.items():
                    result[f"{name}_{key}"] = round(value, 3)
                if count == 1:
                    result["page_cpu_pct_of_core"] = round(cpu_pct, 1)
    return result
