"""What open pages cost: the media loop's lag with 0, 1 and 5 live pages open, and a page's share of a core.

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


def _open_pages(browser: Browser, url: str, count: int) -> None:
    for _ in range(count):
        browser.new_context(viewport={"width": 1440, "height": 900}).new_page().goto(url)


def measure(seconds: float) -> dict[str, float]:
    """Lag with 0, 1 and 5 pages, and one page's share of a core. Every stage lasts `seconds` after settling.

    The server averages its lag over a minute, so stages shorter than that carry some of the one before.
    """
    result: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, own_namespace(), sync_playwright() as playwright:
        for count in (0, 1, 5):
            with (
                running_server(PROJECT_ROOT / "app.py", Path(folder) / str(count), health="/api/health") as server,
                launch_chromium(playwright, microphone=None) as browser,
            ):
                starter = browser.new_page()
                starter.goto(server.url)
                starter.get_by_role("button", name="Start demo call").click()
                starter.wait_for_url("**/live?call=*")
                url = starter.url
                starter.close()
                _open_pages(browser, url, count)
                time.sleep(SETTLE_S)
                lag, cpu_pct = _watch(server, seconds)
                for key, value in lag.items():
                    result[f"{count}_pages_{key}"] = round(value, 3)
                if count == 1:
                    result["page_cpu_pct_of_core"] = round(cpu_pct, 1)
    return result
