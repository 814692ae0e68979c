"""`python -m bench.probe [--rounds 6] [--seconds 10] [--json]`: what the browser probe costs a browser.

The real server and two connected Join pages in a real Chromium, in a network namespace of their own (root on Linux).
One page's probe is stopped and begun again, round by round; of each round are taken the time that the page's main
thread had tasks (CDP `Performance.getMetrics`) and the CPU time of all of Chromium's processes.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import psutil
from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.outages import heard, join, new_call
from core.settings import PROJECT_ROOT
from tests.support.browser import LATEST_CONNECTION, launch_chromium, write_tone
from tests.support.namespace import own_namespace
from tests.support.streamlit_server import running_server

SWITCH = f"""
(on) => {{
  const key = Symbol.for("earshot.probe");
  const connection = {LATEST_CONNECTION};
  const former = connection[key];
  former.stop();
  if (on) {{
    connection[key] = new former.constructor(former.record, connection);
    connection[key].number = former.number;
  }}
}}
"""
"""Stops the probe of the page's newest connection, or begins it again where it was."""


def _main_thread_s(cdp: CDPSession) -> float:
    found = {each["name"]: each["value"] for each in cdp.send("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


def _cpu_s(own: int) -> float:
    """CPU time so far of the Chromium processes below this one."""
    total = 0.0
    for process in psutil.Process(own).children(recursive=True):
        try:
            if process.name().startswith("chrom"):
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


def _round(page: Page, cdp: CDPSession, seconds: float, on: bool) -> tuple[float, float]:
    """Percent of one core: the main thread's tasks, and all of Chromium."""
    page.evaluate(SWITCH, on)
    page.wait_for_timeout(1_500)
    tasks_s, cpu_s = _main_thread_s(cdp), _cpu_s(psutil.Process().pid)
    page.wait_for_timeout(seconds * 1000)
    spent = _main_thread_s(cdp) - tasks_s, _cpu_s(psutil.Process().pid) - cpu_s
    return 100 * spent[0] / seconds, 100 * spent[1] / seconds


def measure(rounds: int, seconds: float) -> dict[str, float]:
    """Medians over the rounds, in percent of one core."""
    taken: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
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
            heard(pages, 20.0)
            cdp = pages[0].context.new_cdp_session(pages[0])
            cdp.send("Performance.enable")
            for number in range(2 * rounds):
                on = number % 2 == 0
                taken[on].append(_round(pages[0], cdp, seconds, on))
                print(f"probe {'on ' if on else 'off'}: {taken[on][-1]}", file=sys.stderr, flush=True)
    result: dict[str, float] = {"rounds": rounds, "seconds": seconds}
    for index, name in enumerate(("main_thread_pct", "chromium_pct")):
        with_it, without = (statistics.median(each[index] for each in taken[on]) for on in (True, False))
        result |= {f"{name}_with": round(with_it, 2), f"{name}_without": round(without, 2)}
        result[f"{name}_probe"] = round(with_it - without, 2)
    result["probe_share_of_chromium_pct"] = round(100 * result["chromium_pct_probe"] / result["chromium_pct_with"], 2)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.probe", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6, help="with the probe, and as many without")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a round")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    result = measure(options.rounds, options.seconds)
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:32} {value:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
