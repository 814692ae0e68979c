"""The browser probe in a real call: both vantages and directions of every leg, on the call's clock."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterable
from itertools import pairwise
from statistics import median
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page

from bench.outages import RunningCall, join, new_call
from tests.e2e.conftest import OpenPage
from tests.support.browser import audio_stats, eventually, press_start
from tests.support.streamlit_server import Server

Rows = list[dict[str, Any]]

RATE_TOLERANCE = 2.0
"""Packets a second by which the medians of the two vantages may differ: their seconds do not begin together."""
JITTER_TOLERANCE_MS = 15.0
"""On a busy machine both vantages see jitter of some milliseconds, of different packets."""
CLOCK_TOLERANCE_S = 0.5
"""Requests take their time on a busy machine; half of the shortest one's is the error that the browser states."""


def exported(server: Server, call: RunningCall) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/api/calls/{call.id}/export?format=json", timeout=30) as answer:
        return dict(json.load(answer))


def end(server: Server, call: RunningCall, page: Page) -> dict[str, Any]:
    """End the call; everything that is kept of it."""
    with urllib.request.urlopen(f"{server.url}/api/session", timeout=10) as answer:
        token = json.load(answer)["xsrf_token"]
    headers = {"Content-Type": "application/json", "X-Earshot-Xsrf": token}
    urllib.request.urlopen(
        urllib.request.Request(f"{server.url}/api/calls/{call.id}/end", b"{}", headers), timeout=10
    ).close()
    eventually(page, lambda: exported(server, call)["call"]["state"] == "ended", "the end is kept", 30)
    page.wait_for_timeout(2_000)
    return exported(server, call)


def of(rows: Rows, leg_id: str, direction: str, vantage: str) -> Rows:
    wanted = (leg_id, direction, vantage)
    return [row for row in rows if (row["leg_id"], row["direction"], row["vantage"]) == wanted]


def figures(rows: Rows, name: str) -> list[float]:
    return [row[name] for row in rows if row[name] is not None]


def is_connected(page: Page) -> bool:
    stats = audio_stats(page)
    return bool(stats) and stats[-1]["state"] == "connected" and stats[-1]["received"] > 0


def press_start_until_connected(page: Page) -> None:
    press_start(page)
    eventually(page, lambda: is_connected(page), "the leg is connected", 40)


def restart_media(server: Server, pages: Iterable[Page]) -> None:
    """Every leg is lost, and comes back on a new one."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    (media,) = [p for p in children if "core.media" in p.cmdline() and "play" not in p.cmdline()]
    before = [(page, len(audio_stats(page))) for page in pages]
    os.kill(media.pid, signal.SIGKILL)
    for page, count in before:
        eventually(
            page,
            lambda page=page, count=count: len(audio_stats(page)) > count and is_connected(page),
            "the leg is connected anew",
            60,
        )


@pytest.fixture(scope="module")
def kept(server: Server, browser: Any) -> dict[str, Any]:
    """A call of an agent and a customer, with a reconnection of both and a reload of the customer's page."""
    call = new_call(server)
    context = browser.new_context(permissions=["microphone"])
    agent, customer = context.new_page(), context.new_page()
    agent.goto(f"{server.url}/live?call={call.id}")
    press_start_until_connected(agent)
    join(customer, call.link, "Chris")
    customer.wait_for_timeout(12_000)
    restart_media(server, (agent, customer))
    customer.wait_for_timeout(6_000)
    customer.reload()
    press_start_until_connected(customer)
    customer.wait_for_timeout(8_000)
    found = end(server, call, agent)
    context.close()
    return found


def test_every_leg_is_measured_from_both_ends_in_both_directions(kept: dict[str, Any]) -> None:
    assert len(kept["legs"]) == 5, "two of the agent's, three of the customer's"
    for leg_id in kept["legs"]:
        for direction in ("inbound", "outbound"):
            for vantage in ("server", "browser"):
                seconds = of(kept["samples"], leg_id, direction, vantage)
                assert len(seconds) >= 4, (leg_id, direction, vantage, len(seconds))


def test_a_browser_s_seconds_are_one_after_another_on_the_call_s_clock(kept: dict[str, Any]) -> None:
    for leg_id, facts in kept["leg_facts"].items():
        assert facts["opened_at_s"] <= facts["offered_at_s"] <= facts["connected_at_s"] <= facts["ended_at_s"]
        rows = of(kept["samples"], leg_id, "outbound", "browser")
        for before, after in pairwise(rows):
            # Nothing between them is left out, unless the page had no time for a second.
            assert after["at_s"] - after["period_s"] == pytest.approx(before["at_s"], abs=CLOCK_TOLERANCE_S)
        assert rows[0]["at_s"] - rows[0]["period_s"] >= facts["opened_at_s"] - CLOCK_TOLERANCE_S
        assert rows[-1]["at_s"] <= facts["ended_at_s"] + CLOCK_TOLERANCE_S
        # A voice that reaches the server leaves the browser in the same second.
        first = [
            next(row["at_s"] for row in of(kept["samples"], leg_id, "inbound", each) if row["packets"])
            for each in ("server", "browser")
        ]
        assert first[0] == pytest.approx(first[1], abs=1.5 + CLOCK_TOLERANCE_S)


def test_what_both_ends_measure_agrees(kept: dict[str, Any]) -> None:
    for leg_id in kept["legs"]:
        for direction in ("inbound", "outbound"):
            ends = [of(kept["samples"], leg_id, direction, vantage)[1:-1] for vantage in ("server", "browser")]
            rates = [median(row["packets"] / row["period_s"] for row in rows if row["packets"]) for rows in ends]
            bits = [median(row["octets"] / row["period_s"] for row in rows if row["packets"]) for rows in ends]
            print(leg_id, direction, "packets/s", rates, "octets/s", bits)
            assert rates[1] == pytest.approx(rates[0], abs=RATE_TOLERANCE)
            assert bits[1] == pytest.approx(bits[0], rel=0.1)
            for rows in ends:
                assert sum(figures(rows, "lost")) == 0
                assert all(value < JITTER_TOLERANCE_MS for value in figures(rows, "jitter_ms"))
        rtts = [figures(of(kept["samples"], leg_id, "outbound", each), "rtt_ms") for each in ("server", "browser")]
        assert rtts[1]
        assert all(median(each) < JITTER_TOLERANCE_MS for each in rtts if each)


def test_what_only_a_browser_knows_is_there(kept: dict[str, Any]) -> None:
    leg_id = next(iter(kept["legs"]))
    heard = of(kept["samples"], leg_id, "outbound", "browser")
    said = of(kept["samples"], leg_id, "inbound", "browser")
    for name in (
        "jitter_buffer_ms",
        "jitter_buffer_target_ms",
        "jitter_buffer_total_s",
        "concealed_pct",
        "stretched_pct",
    ):
        assert figures(heard, name), name
    assert 0 < median(figures(heard, "jitter_buffer_ms")) < 500
    assert max(figures(heard, "level_dbfs")) > -40
    assert max(figures(said, "level_dbfs")) > -40
    assert {row["is_muted"] for row in said} == {False}
    last = heard[-1]
    assert (last["path_state"], last["local_candidate"], last["path_transport"]) == ("connected", "host", "udp")
    assert last["remote_candidate"] in ("host", "prflx")
    assert last["path_id"]
    for leg in kept["leg_facts"].values():
        browser = leg["browser"]
        assert "Chrom" in browser["name"]
        assert browser["platform"] == "Linux"
        assert browser["is_secure"]
        assert browser["microphone"]["noise_suppression"] is False
        assert browser["microphone"]["sample_rate"] == 48_000
        assert (browser["ice"]["local"], browser["ice"]["remote"]) == (["host/udp"], ["host/udp"])
        assert 0 <= browser["clock_error_ms"] < 1_000 * CLOCK_TOLERANCE_S


def test_a_mute_is_told_and_a_listener_reports_what_it_hears_alone(server: Server, open_page: OpenPage) -> None:
    call = new_call(server)
    agent, listener = open_page(f"{server.url}/live?call={call.id}"), open_page("about:blank")
    press_start_until_connected(agent)
    agent.get_by_role("button", name="Mute", exact=True).click()
    listener.goto(call.link)
    agent.wait_for_timeout(5_000)
    kept = end(server, call, agent)
    (leg_id,) = kept["legs"]
    muted = [row["is_muted"] for row in of(kept["samples"], leg_id, "inbound", "browser")]
    assert muted[-1] is True
    assert of(kept["samples"], leg_id, "inbound", "browser")[-1]["level_dbfs"] == -127
